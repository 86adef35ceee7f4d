"""A SAS: the time frame that it tells of itself, and how storage refuses it outside of that."""

from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from urllib.parse import parse_qs

from acr_emulator.transfer.errors import StorageError


@dataclass(frozen=True)
class Sas:
    """A SAS as a secret holds it, with or without its leading `?`."""

    query: str = field(repr=False)

    @classmethod
    def parse(cls, secret: str) -> "Sas":
        """Take what a secret holds; whether it is a SAS at all is for storage to say."""
        return cls(secret.strip().lstrip("?"))

    def check_time(self, now: datetime) -> None:
        """Refuse it before its start and after its expiry.

        Azurite does it too, but by real time and without a reason. The text is Blob Storage's, from
        memory: the message of AuthenticationFailed, and the detail that it gives beside it.
        """
        start, expiry = self._moment("st"), self._moment("se")
        if (start is None or start <= now) and (expiry is None or now <= expiry):
            return
        frame = (
            f"Start [{_written(start)}] - Expiry [{_written(expiry)}] - Current [{_written(now)}]"
        )
        raise StorageError(
            403,
            "Server failed to authenticate the request. Make sure the value of Authorization header"
            " is formed correctly including the signature. Signature not valid in the specified"
            f" time frame: {frame}",
            "AuthenticationFailed",
        )

    def _moment(self, name: str) -> datetime | None:
        """A time of the SAS; None if it tells none, or none that can be read."""
        [text] = parse_qs(self.query).get(name, [""])[:1]
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _written(moment: datetime | None) -> str:
    return format_datetime(moment.astimezone(timezone.utc), usegmt=True) if moment else ""
