"""What a SAS tells of itself; of its signature only that it has one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Sas:
    """A SAS as a secret holds it, with or without its leading ``?``."""

    fields: dict[str, str]
    query: str = field(repr=False)

    @classmethod
    def parse(cls, secret: str) -> Sas | None:
        """Read the value of a secret; None if it is no SAS."""
        query = secret.strip().removeprefix("?")
        fields = dict(parse_qsl(query))
        # A SAS that leaves its expiry to a policy that is stored at the container names that.
        ends = "se" in fields or "si" in fields
        whole = fields.pop("sig", None) and "sv" in fields and ends
        return cls(fields, query) if whole else None

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def kind(self) -> str:
        """What it is for: an account, a container, ..."""
        names = {"c": "container", "b": "blob", "d": "directory"}
        return "account" if "ss" in self.fields else names.get(self["sr"], "unknown")

    @property
    def is_delegated(self) -> bool:
        """Whether a user signed it, not a key of the account."""
        return "skoid" in self.fields

    @property
    def is_for_anybody(self) -> bool:
        """Whether what storage says to the caller about it holds for the service, too."""
        return not self["sip"] and self["spr"] != "http"

    def moment(self, name: str) -> datetime | None:
        """A time of the SAS, in UTC; None if it tells none, or one that cannot be read."""
        try:
            moment = datetime.fromisoformat(self[name].replace("Z", "+00:00"))
        except ValueError:
            return None
        utc = timezone.utc
        return moment.astimezone(utc) if moment.tzinfo else moment.replace(tzinfo=utc)

    def lacks(self, field_name: str, needed: str) -> str:
        """The letters of one of its fields that it should have and has not."""
        return "".join(letter for letter in needed if letter not in self[field_name])
