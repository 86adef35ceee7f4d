"""A SAS token: the fields that Azurite does not evaluate, or gives no reason for."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from ipaddress import IPv4Address
from urllib.parse import parse_qs

from acr_emulator.engine.transfer_errors import StorageError

_NOT_AUTHENTICATED = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is "
    "formed correctly including the signature."
)
#: Where the service calls storage from.
_SERVICE = IPv4Address("127.0.0.1")


@dataclass(frozen=True)
class Sas:
    """A SAS as a secret holds it, with or without its leading `?`."""

    query: str = field(repr=False)

    @classmethod
    def parse(cls, secret: str) -> "Sas":
        """Take what a secret holds; whether it is a SAS at all is for storage to say."""
        return cls(secret.strip().lstrip("?"))

    @property
    def is_delegated(self) -> bool:
        """Whether a user signed it, not a key of the account."""
        return bool(self._field("skoid"))

    @property
    def policy(self) -> str:
        """The identifier of a stored access policy; empty if it refers to none."""
        return self._field("si")

    def check(self, now: datetime) -> None:
        """Refuse it outside of its time, and away from its addresses; texts are from memory."""
        self._check_time(now)
        self._check_address()

    def check_policy(self, policies: Collection[str]) -> None:
        """Refuse it if its policy isn't one of the container's; the text is from memory."""
        if self.policy and self.policy not in policies:
            raise StorageError(
                403,
                f"{_NOT_AUTHENTICATED} SAS identifier cannot be found for specified signed "
                "identifier",
                "AuthenticationFailed",
            )

    def _check_time(self, now: datetime) -> None:
        """As Azurite does by real time, but with the detail that Blob Storage gives."""
        start, expiry = self._time("st"), self._time("se")
        if (start is None or start <= now) and (expiry is None or now <= expiry):
            return
        frame = (
            f"Start [{_written(start)}] - Expiry [{_written(expiry)}] - Current [{_written(now)}]"
        )
        raise StorageError(
            403,
            f"{_NOT_AUTHENTICATED} Signature not valid in the specified time frame: {frame}",
            "AuthenticationFailed",
        )

    def _check_address(self) -> None:
        first, _, last = self._field("sip").partition("-")
        try:
            start, end = IPv4Address(first), IPv4Address(last or first)
        except ValueError:  # it has none
            return
        if not start <= _SERVICE <= end:
            raise StorageError(
                403,
                "This request is not authorized to perform this operation using this source IP"
                f" {_SERVICE}.",
                "AuthorizationSourceIPMismatch",
            )

    def _field(self, name: str) -> str:
        return parse_qs(self.query).get(name, [""])[0]

    def _time(self, name: str) -> datetime | None:
        """A time of the SAS token; None if it is missing or cannot be read."""
        try:
            time = datetime.fromisoformat(self._field(name).replace("Z", "+00:00"))
        except ValueError:
            return None
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _written(time: datetime | None) -> str:
    return format_datetime(time.astimezone(timezone.utc), usegmt=True) if time else ""
