"""Descriptors, and the manifests that hold them (OCI image specification, Docker schema 2)."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from acr_emulator.engine.transfer_errors import TransferError

INDEX_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
MANIFEST_TYPES = INDEX_TYPES | {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
}
# Layers that stay where their URLs point, by agreement with registries (Windows base images).
_FOREIGN = re.compile(r"application/vnd\.(docker\..*\.foreign\.|oci\..*\.nondistributable\.).*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Descriptor:
    """What is known of some content without reading it."""

    media_type: str
    digest: str
    size: int
    foreign: bool = False

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "Descriptor":
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return cls(media_type, digest, len(content))

    @classmethod
    def parse(cls, value: Any, origin: str) -> "Descriptor":
        """Read a descriptor's JSON; `origin` names the document that contains it, for the error."""
        match value:
            case {"mediaType": str(media_type), "digest": str(digest), "size": int(size)}:
                if _DIGEST.fullmatch(digest) and size >= 0 and not isinstance(size, bool):
                    foreign = bool(value.get("urls")) and bool(_FOREIGN.fullmatch(media_type))
                    return cls(media_type, digest, size, foreign)
        raise TransferError(f"A descriptor in {origin} is not valid.")


#: Whether a registry or an archive has some content.
Holds = Callable[[Descriptor], Awaitable[bool]]


@dataclass(frozen=True)
class Manifest:
    """A manifest or an index, byte for byte, and what it refers to."""

    descriptor: Descriptor
    content: bytes
    children: tuple[Descriptor, ...]
    """The manifests of an index."""
    config: tuple[Descriptor, ...]
    layers: tuple[Descriptor, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What has to be carried in addition to the manifest."""
        return self.config + self.layers

    async def as_held(self, holds: Holds) -> "Manifest":
        """The manifest without those foreign layers that its origin doesn't hold."""
        layers = [blob for blob in self.layers if not blob.foreign or await holds(blob)]
        return replace(self, layers=tuple(layers))


def load_json(content: bytes, origin: str) -> dict[str, Any]:
    """Parse a JSON object that comes from outside."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise TransferError(f"{origin[0].upper()}{origin[1:]} is not a JSON object.")
    return value


def parse_descriptors(document: dict[str, Any], key: str, origin: str) -> tuple[Descriptor, ...]:
    """Read the list of descriptors under `key`; an absent or null one is empty."""
    values = document.get(key) or []
    if not isinstance(values, list):
        raise TransferError(f"'{key}' in {origin} is not a list.")
    return tuple(Descriptor.parse(value, origin) for value in values)


def parse_manifest(descriptor: Descriptor, content: bytes) -> Manifest:
    """Check the content against its descriptor and read what it refers to."""
    origin = f"manifest {descriptor.digest}"
    if descriptor.media_type not in MANIFEST_TYPES:
        raise TransferError(
            f"The {origin} has media type '{descriptor.media_type}', which cannot be transferred."
        )
    if Descriptor.of(content, descriptor.media_type).digest != descriptor.digest:
        raise TransferError(f"The {origin} does not match its digest.")
    document = load_json(content, origin)
    if descriptor.media_type in INDEX_TYPES:
        children = parse_descriptors(document, "manifests", origin)
        return Manifest(descriptor, content, children, (), ())
    config = Descriptor.parse(document.get("config"), origin)
    layers = parse_descriptors(document, "layers", origin)
    return Manifest(descriptor, content, (), (config,), layers)
