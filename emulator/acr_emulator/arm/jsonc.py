"""JSON as ARM reads it.

az sends a template file as it is, comments and all, under a name without quotes (read in its
code): `{"properties": {"parameters": {...}, template: ...}}`.
"""

import json
import re
from typing import Any

#: Each part is taken whole, also where its end is missing: so each character is read once.
_PARTS = re.compile(
    r'(?P<string>"(?:\\.|[^"\\])*(?:"|\Z))|//[^\n]*|/\*.*?(?:\*/|\Z)'
    r"|(?P<word>[\w$]+)(?P<colon>\s*:)?",
    re.DOTALL,
)


def loads(text: bytes) -> Any:
    """Parse JSON with comments, with names without quotes, and with strings over several lines."""
    return json.loads(_PARTS.sub(_plain, text.decode("utf-8-sig")), strict=False)


def _plain(part: re.Match[str]) -> str:
    """Strings and values stay, names get their quotes, comments go."""
    if (word := part["word"]) is None:
        return part["string"] or " "
    return f'"{word}"{part["colon"]}' if part["colon"] and not word[0].isdigit() else part[0]
