"""SAS tokens and their fields; of the signature only that there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import parse_qsl

from azext_acrtransfer.service.json_values import parse_timestamp


@dataclass(frozen=True)
class Sas:
    """A SAS as stored in a secret, with or without its leading ``?``."""

    fields: dict[str, str]
    query: str = field(repr=False)

    @classmethod
    def parse(cls, secret: str) -> Sas | None:
        """Parse the value of a secret; None if it isn't a complete SAS."""
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
        """The type of its resource: account, container, blob or directory."""
        names = {"c": "container", "b": "blob", "d": "directory"}
        return "account" if "ss" in self.fields else names.get(self["sr"], "unknown")

    @property
    def is_delegated(self) -> bool:
        """Whether a user signed it, instead of a key of the account."""
        return "skoid" in self.fields

    @property
    def is_for_anybody(self) -> bool:
        """Whether storage's response to the caller applies to the service, too."""
        return not self["sip"] and self["spr"] != "http"

    def timestamp(self, name: str) -> datetime | None:
        """Return a timestamp of the SAS, in UTC; None if it's missing or invalid."""
        timestamp = parse_timestamp(self[name])
        return timestamp and timestamp.astimezone(timezone.utc)

    def lacks(self, field_name: str, needed: str) -> str:
        """Return the required letters that are missing in one of its fields."""
        return "".join(letter for letter in needed if letter not in self[field_name])
