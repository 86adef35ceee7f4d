"""SAS tokens and their fields; of the signature only that there is one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import parse_qsl

from azext_acrtransfer.service.json_values import parse_timestamp

_FIELDS = frozenset({"se", "si", "sig", "sip", "skoid", "sp", "spr", "sr", "srt", "ss", "st", "sv"})
#: What people store in place of a SAS token, or do to it: the first pattern that is found counts.
_FAULTS = tuple(
    (re.compile(pattern), fault)
    for pattern, fault in (
        (r"^$", "Empty."),
        (r"^[{[]", "JSON: store the SAS token alone, such as with --output tsv."),
        ("^[\"'`]|[\"'`]$", "In quotation marks: store the SAS token without them."),
        (r"^\??https?://", "A URL: store only the part after its question mark."),
        (
            r"(?i)\b(AccountKey|BlobEndpoint|DefaultEndpointsProtocol|SharedAccessSignature)=",
            "A connection string: store a SAS token.",
        ),
        (r"^[A-Za-z0-9+/]{86}==$", "An account key: store a SAS token."),
        (r"^(Bearer )?eyJ[\w-]+\.", "An access token of Microsoft Entra ID: store a SAS token."),
        (r"&amp;", "HTML-escaped: '&amp;' must be '&'."),
        (
            r"%25[0-9A-Fa-f]{2}|^\??[a-z]+%3[Dd]",
            "Percent-encoded twice: store the SAS token as it was generated.",
        ),
        (
            rf"^\??({'|'.join(_FIELDS)})=[^&]*$",
            "Truncated at its first '&': enclose the value in quotation marks when you store it.",
        ),
    )
)


def fault_of(value: str) -> str | None:
    """Return why the value of a secret isn't a SAS token, or None; it quotes none of the value."""
    text = value.strip()
    for pattern, fault in _FAULTS:
        if pattern.search(text):
            return fault
    fields = dict(parse_qsl(text.removeprefix("?")))
    if not _FIELDS & fields.keys():
        return "Not a SAS token: it has none of its fields."
    # A SAS token can leave its expiry to a stored access policy, which it names.
    required = (("sv",), ("se", "si"), ("sig",))
    if re.search(r"\s", text):
        return "It contains a space or a line break."
    missing = [names[0] for names in required if not fields.keys() & set(names)]
    return f"Incomplete: it lacks {', '.join(missing)}." if missing else None


@dataclass(frozen=True)
class Sas:
    """A SAS as stored in a secret, with or without its leading ``?``."""

    fields: dict[str, str]
    query: str = field(repr=False)

    @classmethod
    def parse(cls, secret: str) -> Sas | None:
        """Parse the value of a secret; None if it isn't a complete SAS."""
        if fault_of(secret):
            return None
        query = secret.strip().removeprefix("?")
        return cls({name: text for name, text in parse_qsl(query) if name != "sig"}, query)

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
