"""Lists in messages: the first items, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 20


def shortened(lines: Sequence[str]) -> list[str]:
    """Return at most 20 lines of a list, and a line that counts the others."""
    more = len(lines) - _LONGEST
    return [*lines[:_LONGEST], *([f"and {more} more"] if more > 0 else [])]
