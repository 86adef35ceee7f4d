"""Taking secrets out of text that comes from elsewhere, before it is shown."""

from __future__ import annotations

import re

# The signature is what makes a SAS a secret; its other fields say what it allows, which helps.
_SIGNATURE = re.compile(r"(?<=\bsig=)[^&\s'\"<>)]+", re.IGNORECASE)


def mask_sas(text: str) -> str:
    """The text with the signature of every SAS in it replaced."""
    return _SIGNATURE.sub("***", text)
