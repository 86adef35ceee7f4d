"""Values in JSON documents of Azure, and timestamps of its services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

_FRACTION = re.compile(r"\.(\d{1,6})\d*")


def get_path(document: Any, *path: str) -> Any:
    """Return the value at a path in a document, or None."""
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def parse_timestamp(text: object) -> datetime | None:
    """Parse a timestamp, or return None; Azure writes seven digits, Python 3.10 accepts six."""
    if not isinstance(text, str):
        return None
    six_digits = _FRACTION.sub(lambda match: f".{match[1]:0<6}", text.replace("Z", "+00:00"))
    try:
        read = datetime.fromisoformat(six_digits)
    except ValueError:
        return None
    return _aware(read)


def parse_http_date(text: str | None) -> datetime | None:
    """Parse the Date of a response, or return None."""
    try:
        return _aware(parsedate_to_datetime(text or ""))
    except (TypeError, ValueError):  # Python 3.10 raises a TypeError
        return None


def _aware(timestamp: datetime) -> datetime:
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=timezone.utc)
