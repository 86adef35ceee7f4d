"""Lookups with the caller's permissions: found, absent or unreadable."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

from azure.cli.core import azclierror
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from knack.util import CLIError

from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.http import MALFORMED

K = TypeVar("K")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_ACTION = re.compile(r"perform action '(?P<action>[^']+)'")


@dataclass(frozen=True)
class Found(Generic[T_co]):
    """A resource that was read."""

    value: T_co


@dataclass(frozen=True)
class Absent:
    """The resource doesn't exist, or there was no reason to read it."""


@dataclass(frozen=True)
class Unreadable:
    """It's unknown whether the resource exists; the reason names the missing permission."""

    reason: str


Lookup = Found[T] | Absent | Unreadable
ABSENT = Absent()


def and_then(lookup: Lookup[T], dependent: Callable[[T], Lookup[U]]) -> Lookup[U]:
    """Look up something that depends on a resource; without that, its state is the result."""
    return dependent(lookup.value) if isinstance(lookup, Found) else lookup


def or_none(lookup: Lookup[T]) -> Lookup[T | None]:
    """Return a lookup that is also found, as None, where it's known that nothing exists."""
    return Found(None) if isinstance(lookup, Absent) else lookup


def all_or_none(lookups: Mapping[K, Lookup[T]]) -> Lookup[dict[K, T | None]]:
    """Join lookups into one, which is unreadable if one of them is."""
    values: dict[K, T | None] = {}
    for key, lookup in lookups.items():
        if isinstance(lookup, Unreadable):
            return lookup
        values[key] = lookup.value if isinstance(lookup, Found) else None
    return Found(values)


def read(request: Callable[[], T | None], permission: str = "") -> Lookup[T]:
    """Look up a resource, for which the caller needs this permission, if the error names none."""
    try:
        value = request()
    except (ResourceNotFoundError, azclierror.ResourceNotFoundError):
        return ABSENT
    except MALFORMED as error:
        return malformed(error)
    except HttpResponseError as error:
        return _refused(error, permission)
    except azclierror.AuthenticationError:
        raise  # then nothing can be read: `az login` is what helps
    except CLIError as error:
        return Unreadable(mask_sas(str(error)))
    except AzureError as error:
        return Unreadable(mask_sas(str(error.message)))
    return ABSENT if value is None else Found(value)


def malformed(error: Exception) -> Unreadable:
    """Return that an answer of a service isn't as its specification says."""
    if isinstance(error, LookupError):
        return Unreadable(f"The answer lacks {error}.")
    return Unreadable(f"The answer can't be used: {mask_sas(str(error))}")


def _refused(error: HttpResponseError, permission: str) -> Unreadable:
    if required := missing_permission(error, permission):
        return Unreadable(f"You don't have permission to read it. Required: {required}.")
    return Unreadable(f"Couldn't read it: {mask_sas(str(error.message))}")


def missing_permission(error: HttpResponseError, permission: str) -> str:
    """Return the permission that a refusal names, or else this one; "" if it's another error."""
    if error.status_code not in _REFUSED:
        return ""
    action = _ACTION.search(str(error.message))
    return action["action"] if action else permission
