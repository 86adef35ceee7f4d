"""What JSON values the state can hold and answers can show again."""

import math
from typing import Any

#: Far above everything that a client of Azure nests.
_DEPTH = 100


def is_storable(value: Any, depth: int = _DEPTH) -> bool:
    """Whether a value is text and numbers that UTF-8 and JSON have, and not nested too deep."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return depth > 0 and all(is_storable(item, depth - 1) for item in value)
    return True
