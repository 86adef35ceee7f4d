"""Reading what Azure answers: values deep in a document, and moments as it writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

_FRACTION = re.compile(r"\.(\d{1,6})\d*")


def dig(document: Any, *path: str) -> Any:
    """A value deep in a document; None if it does not tell it."""
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def moment(text: object) -> datetime | None:
    """Read a moment, or None if it is none; Azure gives seven digits, Python 3.10 takes six."""
    if not isinstance(text, str):
        return None
    six_digits = _FRACTION.sub(lambda match: f".{match[1]:0<6}", text.replace("Z", "+00:00"))
    try:
        read = datetime.fromisoformat(six_digits)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)
