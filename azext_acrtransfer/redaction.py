"""What is done to text from the service or the user before it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LONGEST_LIST = 20

# The signature is what makes a SAS a secret; its other fields say what it allows, which helps.
_SECRET = re.compile(
    r"(?P<before>(?<![a-z])(?:sig|accountkey)(?:=|%3D))[^&;\s'\"<>)]+"
    r"|(?<=//)(?:[^\s@/:]*:[^\s@]+|[^\s@/]+)(?=@)",  # who logs in, in a URI
    re.IGNORECASE,
)


def mask_sas(text: str) -> str:
    """Replace the signatures of SAS tokens, account keys and passwords in URIs."""
    return _SECRET.sub(r"\g<before>***", text)


def shown(text: str) -> str:
    """Return a text of any lines as it can be shown: without secrets and control characters."""
    return "\n".join(map(escape, mask_sas(text).splitlines()))


def escape(text: str) -> str:
    """Replace control characters, and others that nobody sees, by their escapes, such as \\r."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def shortened(lines: Iterable[object]) -> list[str]:
    """Return at most 20 lines of a list for a message, and a line that counts the others."""
    texts = list(map(str, lines))
    more = len(texts) - LONGEST_LIST
    return [*texts[:LONGEST_LIST], *([f"and {more} more"] if more > 0 else [])]


def headed(heading: str, lines: Sequence[object]) -> list[str]:
    """Return a heading and as many lines of such a list, or nothing if it has no lines."""
    return [heading, *shortened(lines)] if lines else []


def enumerated(names: Iterable[object]) -> str:
    """Return names for a sentence, as few as the lines of such a list."""
    return ", ".join(shortened(names))
