"""What never enters a cassette: headers but a few, and every word that only one recording has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from tests.support.az import TOKEN

Interaction = dict[str, Any]

#: The headers of an answer that the extension, or the SDK below it, reads. Of requests, none.
_KEPT_HEADERS = (
    "Content-Type",
    "Date",
    "Azure-AsyncOperation",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "Link",
    "Last-Modified",
    "Content-MD5",
    "x-ms-meta-category",
    "x-ms-blob-type",
    "x-ms-error-code",
)
_CORRELATION = "x-ms-correlation-request-id"
CORRELATION_ID = "44444444-4444-4444-4444-444444444444"

_GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_TIMESTAMP = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?=Z|\+00:00)")
#: Of a registry's content: two of them can be the same one, as it is with the times of two files.
_CONTENT_TIME = re.compile(r"(\"(?:createdTime|lastUpdateTime)\":\s*\")[^\"]+")
#: What a source trigger calls its runs: the pipeline's name, and what is of one recording.
_TRIGGERED = re.compile(r"\b([A-Za-z0-9]+_)[0-9a-f]{8}\b")
#: Where a page of a list begins, in words of the service's own.
_SKIP_TOKEN = re.compile(r"(?<=skipToken=)[^&\"\s]+")
_SIGNATURE = re.compile(r"(?<=[?&]sig=)[^&\"\s]+")
#: The version of a secret, and when it was made.
_SECRET_VERSION = re.compile(r"(?<=/)[0-9a-f]{32}\b")
#: Of a run in progress.
_PERCENTAGE = re.compile(r"(\"percentage\":\s*\")\d{1,2}(?=\")")
#: Of a container in Resource Manager.
_ENTITY_TAG = re.compile(r"(\"etag\":\s*\"\\\"0x)[0-9A-F]+")
_EPOCH = re.compile(r"(\"(?:created|updated)\":\s*)\d+")
#: In an answer, and in the form that requests the next one.
_TOKEN = re.compile(r"((?:access|refresh)_token(?:=|\"\s*:\s*\"))[^&\"]+")
#: Of a blob that is listed: its times, its tag, and more that nobody reads.
_PROPERTIES = re.compile(r"<Properties>.*?</Properties>", re.DOTALL)

_FORMAT = "%Y-%m-%dT%H:%M:%S.%f"
_FIRST_TIMESTAMP = datetime(2026, 1, 20, 12, 0, 0, 123456, tzinfo=timezone.utc)


class Scrubber:
    """The stand-ins of one recording; what they stand for keeps its one stand-in throughout.

    Stand-ins are given in order of appearance, so that another recording of the same exchanges
    gives the same cassette.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = dict(known)
        self._guids: dict[str, str] = {}
        self._skip_tokens: dict[str, str] = {}
        self._timestamps: dict[str, datetime] = {}
        self._now = _FIRST_TIMESTAMP

    def original(self, text: str) -> str:
        """A text of stand-ins as it is to be said to the service of this recording."""
        for original, stand_in in self._known.items():
            text = text.replace(stand_in, original)
        return text

    def interaction(self, recorded: Interaction) -> Interaction:
        """A request and its answer, as vcrpy writes them, without what is of one recording."""
        request, response = recorded["request"], recorded["response"]
        self._take_timestamps(_CONTENT_TIME.sub("", response["body"]["string"]))
        for match in _TRIGGERED.finditer(response["body"]["string"]):
            self._known.setdefault(match[0], f"{match[1]}triggered")
        return {
            "request": {
                "method": request["method"],
                "uri": self._text(request["uri"]),
                "body": self._text(request["body"]) if request["body"] else None,
                "headers": {},
            },
            "response": {
                "status": response["status"],
                "headers": self._headers(response["headers"]),
                "body": {"string": self._text(response["body"]["string"])},
            },
        }

    def _headers(self, recorded: Mapping[str, list[str]]) -> dict[str, list[str]]:
        headers = {name.lower(): values for name, values in recorded.items()}
        kept = {
            name: [self._text(value) for value in headers[name.lower()]]
            for name in _KEPT_HEADERS
            if name.lower() in headers
        }
        # Runs that a blob started are later than the blob.
        for name, before in (("Date", timedelta()), ("Last-Modified", timedelta(days=1))):
            if name in kept:
                date = self._now.replace(microsecond=0) - before
                kept[name] = [format_datetime(date, usegmt=True)]
        if "x-ms-blob-type" in headers and "content-length" in headers:
            kept["Content-Length"] = headers["content-length"]
        if _CORRELATION in headers:
            kept[_CORRELATION] = [CORRELATION_ID]
        return kept

    def _take_timestamps(self, body: str) -> None:
        """Let a minute pass, and one more for each time that is new.

        So times keep their order, also to the Date of the answers around them.
        """
        new = {text for text in _TIMESTAMP.findall(body) if text not in self._timestamps}
        for text in sorted(new, key=_parsed):
            self._now += timedelta(minutes=1)
            self._timestamps[text] = self._now
        if not new:
            self._now += timedelta(minutes=1)

    def _text(self, text: str) -> str:
        for original, stand_in in self._known.items():
            text = text.replace(original, stand_in)
        replacements: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
            (_GUID, lambda match: self._guid(match[0])),
            (_CONTENT_TIME, lambda match: f"{match[1]}{_FIRST_TIMESTAMP:{_FORMAT}}Z"),
            (
                _TIMESTAMP,
                lambda match: f"{self._timestamps.get(match[0], _FIRST_TIMESTAMP):{_FORMAT}}",
            ),
            (_SKIP_TOKEN, lambda match: self._skip_token(match[0])),
            (_SIGNATURE, lambda _: "***"),
            (_SECRET_VERSION, lambda _: "0" * 32),
            (_PERCENTAGE, lambda match: f"{match[1]}0"),
            (_ENTITY_TAG, lambda match: f"{match[1]}8DE0"),
            (_EPOCH, lambda match: f"{match[1]}1768910400"),
            (_TOKEN, lambda match: match[1] + TOKEN),
            (_PROPERTIES, lambda _: "<Properties />"),
        ]
        for pattern, replacement in replacements:
            text = pattern.sub(replacement, text)
        return text

    def _skip_token(self, original: str) -> str:
        return self._skip_tokens.setdefault(original, f"place{len(self._skip_tokens) + 1}")

    def _guid(self, original: str) -> str:
        if original in self._known.values():
            return original
        number = len(self._guids) + 1
        return self._guids.setdefault(original.lower(), f"00000000-0000-0000-0000-{number:012}")


def _parsed(timestamp: str) -> datetime:
    whole, _, fraction = timestamp.partition(".")
    return datetime.strptime(f"{whole}.{fraction[:6] or 0}+0000", f"{_FORMAT}%z")
