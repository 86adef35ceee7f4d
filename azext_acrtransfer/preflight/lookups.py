"""What came of reading something with the caller's rights: it, nothing there, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from azure.cli.core import azclierror
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from knack.util import CLIError

from azext_acrtransfer.redaction import mask_sas

T = TypeVar("T")
U = TypeVar("U")

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_ACTION = re.compile(r"perform action '(?P<action>[^']+)'")


class NotApplicableError(Exception):
    """What was to be judged does not exist, or was not asked about."""


class UnreadableError(Exception):
    """It is not known whether it exists; the text says why, and names a right that is missing."""


@dataclass(frozen=True)
class Lookup(Generic[T]):
    """What was read; nothing if it is not there, or if ``why_not`` says why that is not known."""

    result: T | None = None
    why_not: str = ""

    @property
    def value(self) -> T:
        """What was read; NothingThereError or UnreadableError if it was not."""
        if self.is_missing or self.result is None:
            raise NotApplicableError
        return self.result

    @property
    def is_missing(self) -> bool:
        """Whether it is not there; UnreadableError if that is not known."""
        if self.why_not:
            raise UnreadableError(self.why_not)
        return self.result is None

    def then(self, ask: Callable[[T], Lookup[U]]) -> Lookup[U]:
        """What can be read only if this could."""
        return Lookup(why_not=self.why_not) if self.result is None else ask(self.result)


def read(ask: Callable[[], T | None], right: str) -> Lookup[T]:
    """Try to read something, for which the caller needs this right."""
    try:
        return Lookup(ask())
    except (ResourceNotFoundError, azclierror.ResourceNotFoundError):
        return Lookup()
    except LookupError as error:
        return Lookup(why_not=f"The answer lacks {error}.")
    except HttpResponseError as error:
        return _refused(error, right)
    except azclierror.AuthenticationError:
        raise  # then nothing can be read: `az login` is what helps
    except CLIError as error:
        return Lookup(why_not=mask_sas(str(error)))
    except AzureError as error:
        return Lookup(why_not=f"It could not be asked: {mask_sas(str(error.message))}")


def _refused(error: HttpResponseError, right: str) -> Lookup[T]:
    message = mask_sas(str(error.message))
    if error.status_code not in _REFUSED:
        return Lookup(why_not=f"It could not be read: {message}")
    action = _ACTION.search(message)
    return Lookup(why_not=f"You lack the right to read it: {action['action'] if action else right}")
