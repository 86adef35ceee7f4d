"""Moments as the service writes them."""

from __future__ import annotations

import re
from datetime import datetime, timezone

_FRACTION = re.compile(r"\.(\d{1,6})\d*")


def moment(told: object) -> datetime | None:
    """Read a moment, or None if it is none; Azure gives seven digits, Python 3.10 takes six."""
    if not isinstance(told, str):
        return None
    six_digits = _FRACTION.sub(lambda found: f".{found[1]:0<6}", told.replace("Z", "+00:00"))
    try:
        read = datetime.fromisoformat(six_digits)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)
