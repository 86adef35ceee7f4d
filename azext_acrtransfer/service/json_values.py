"""Values in JSON documents of Azure, and its timestamps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
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
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)
