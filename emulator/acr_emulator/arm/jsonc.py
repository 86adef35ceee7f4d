"""JSON as ARM reads it.

az sends a template file as it is, comments and all, under a name without quotes (read in its
code): `{"properties": {"parameters": {...}, template: ...}}`.
"""

import json
import re
from typing import Any

_PARTS = re.compile(
    r'(?P<string>"(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|(?P<name>[A-Za-z_$][\w$]*)(?=\s*:)',
    re.DOTALL,
)


def loads(text: bytes) -> Any:
    """Parse JSON with comments, with names without quotes, and with strings over several lines."""
    return json.loads(_PARTS.sub(_plain, text.decode("utf-8-sig")), strict=False)


def _plain(part: re.Match[str]) -> str:
    """Strings stay, names get their quotes, comments go."""
    if name := part["name"]:
        return f'"{name}"'
    return part["string"] or " "
