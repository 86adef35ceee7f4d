"""JSON as ARM reads it: az sends template files as they are, with comments and line breaks."""

import json
import re
from typing import Any

_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def loads(text: bytes) -> Any:
    """Parse JSON with comments and with strings over several lines."""
    without = _STRING_OR_COMMENT.sub(lambda found: found[1] or " ", text.decode("utf-8-sig"))
    return json.loads(without, strict=False)
