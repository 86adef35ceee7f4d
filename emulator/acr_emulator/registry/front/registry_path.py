"""Paths of a registry's API, read from the bytes that were sent."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from acr_emulator.registry.front.oci_errors import RegistryError

#: What names, tags, digests and ids of uploads are made of: nothing of it is ever encoded.
_SEGMENT = re.compile(r"(?!\.\.?$)[A-Za-z0-9._~:@+=-]+")


@dataclass(frozen=True)
class RegistryPath:
    """A path that was decoded once and that nobody can decode again, or follow to elsewhere."""

    text: str

    @classmethod
    def of(cls, raw: bytes) -> "RegistryPath":
        """Read a request's path; raises RegistryError."""
        text = unquote_to_bytes(raw).decode(errors="replace")
        root, *segments = text.split("/")
        *inner, last = segments or [""]
        if root or not all(map(_SEGMENT.fullmatch, [*inner, *([last] if last else [])])):
            raise RegistryError(400, "NAME_INVALID", f"invalid path {text!a}")
        return cls(text)

    def in_distribution(self, folder: str) -> str:
        """Where distribution has the same: in the registry's folder."""
        return self.text.replace("/v2/", f"/v2/{folder}/", 1)
