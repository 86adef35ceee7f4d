"""Lookups with the caller's permissions: a result, a missing resource, or a refusal."""

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
    """The subject of a rule doesn't exist, or isn't to be checked."""


class UnreadableError(Exception):
    """It's unknown whether a resource exists; the text says why and names the permission."""


@dataclass(frozen=True)
class Lookup(Generic[T]):
    """A resource; None if it doesn't exist, or if ``why_not`` says why that is unknown."""

    result: T | None = None
    why_not: str = ""

    @property
    def value(self) -> T:
        """The resource; raises NotApplicableError or UnreadableError without one."""
        if self.is_missing or self.result is None:
            raise NotApplicableError
        return self.result

    @property
    def is_missing(self) -> bool:
        """Whether the resource doesn't exist; raises UnreadableError if that is unknown."""
        if self.why_not:
            raise UnreadableError(self.why_not)
        return self.result is None

    def then(self, ask: Callable[[T], Lookup[U]]) -> Lookup[U]:
        """Look up something that depends on this resource."""
        return Lookup(why_not=self.why_not) if self.result is None else ask(self.result)


def read(ask: Callable[[], T | None], right: str) -> Lookup[T]:
    """Look up a resource, for which the caller needs this permission."""
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
