"""Applications of the tenant, and the passwords that they and service principals log in with."""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from acr_emulator.state.store import Store

#: How long a password is valid if a request doesn't say (docs).
_LIFETIME = timedelta(days=2 * 365)
_HINT = 3


class InvalidPasswordError(ValueError):
    """A request for a password has a date that isn't one."""


@dataclass(frozen=True)
class Password:
    """A password as it is shown, and for a new one the secret itself."""

    shown: Mapping[str, Any]
    secret: str


class Passwords:
    """The passwords of one tenant. They expire in real time, as tokens do."""

    def __init__(self, store: Store) -> None:
        #: `application id/object id of the application or principal` -> its passwords.
        self._table = store.table("password")

    def add(self, application_id: str, holder: str, requested: Mapping[str, Any]) -> Password:
        """Make a password; raises InvalidPasswordError."""
        now = datetime.now(timezone.utc)
        start = _time(requested.get("startDateTime")) or now
        end = _time(requested.get("endDateTime")) or start + _LIFETIME
        # Its first letters are such that no command line takes it for an option.
        secret = f"{secrets.token_hex(2)}8Q~{secrets.token_urlsafe(24)}"
        shown = {
            "customKeyIdentifier": None,
            "displayName": requested.get("displayName"),
            "endDateTime": _written(end),
            "hint": secret[:_HINT],
            "keyId": str(uuid.uuid4()),
            "startDateTime": _written(start),
        }
        kept = self._kept(application_id, holder)
        self._put(application_id, holder, [*kept, {"shown": shown, "secret": secret}])
        return Password(shown, secret)

    def remove(self, application_id: str, holder: str, key_id: str) -> bool:
        """Remove a password; False if there is none of that id."""
        kept = self._kept(application_id, holder)
        left = [item for item in kept if item["shown"]["keyId"].lower() != key_id.lower()]
        self._put(application_id, holder, left)
        return len(left) < len(kept)

    def of(self, application_id: str, holder: str) -> list[Mapping[str, Any]]:
        """The passwords of an application or of a principal, without their secrets."""
        return [item["shown"] for item in self._kept(application_id, holder)]

    def forget(self, application_id: str, holder: str = "") -> None:
        """Remove all of an application, or all that one holder has."""
        for key, _ in list(self._table.items(f"{application_id}/{holder}")):
            self._table.delete(key)

    def are_right(self, application_id: str, secret: str) -> bool:
        """Whether one of the application's or its principal's passwords is this, and is valid."""
        now = datetime.now(timezone.utc)
        return any(
            hmac.compare_digest(item["secret"].encode(), secret.encode())
            and datetime.fromisoformat(item["shown"]["startDateTime"][:-1] + "+00:00") <= now
            and now < datetime.fromisoformat(item["shown"]["endDateTime"][:-1] + "+00:00")
            for _, items in self._table.items(f"{application_id}/")
            for item in items
        )

    def _kept(self, application_id: str, holder: str) -> list[dict[str, Any]]:
        return list(self._table.get(f"{application_id}/{holder}") or [])

    def _put(self, application_id: str, holder: str, items: list[dict[str, Any]]) -> None:
        self._table.put(f"{application_id}/{holder}", items)


class Applications:
    """Applications by their object ids. Each may have a service principal, which can log in."""

    def __init__(self, store: Store) -> None:
        self._table = store.table("application")

    def create(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """A new application with these properties."""
        application = {
            "id": str(uuid.uuid4()),
            "appId": str(uuid.uuid4()),
            "createdDateTime": _written(datetime.now(timezone.utc)),
            "identifierUris": [],
            "keyCredentials": [],
            "requiredResourceAccess": [],
            "signInAudience": "AzureADMyOrg",
            **properties,
        }
        self._table.put(application["id"], application)
        return application

    def update(self, application: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
        """Change properties of an application."""
        self._table.put(application["id"], {**application, **properties})

    def delete(self, application: Mapping[str, Any]) -> None:
        """Delete an application."""
        self._table.delete(application["id"])

    def find(self, object_id: str) -> dict[str, Any] | None:
        """The application with that object id."""
        application: dict[str, Any] | None = self._table.get(object_id.lower())
        return application

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (application for _, application in self._table.items())


def _time(text: Any) -> datetime | None:
    """A time of a request, in UTC."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
        return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise InvalidPasswordError(str(text)) from error


def _written(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
