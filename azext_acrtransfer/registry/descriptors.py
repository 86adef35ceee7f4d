"""Manifests of artifacts, and their descriptors as OCI defines them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)


@dataclass(frozen=True)
class Descriptor:
    """A descriptor of a manifest: ``size`` is in bytes, ``children`` are those of an index."""

    digest: str
    media_type: str
    size: int
    children: tuple[Descriptor, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it can have children."""
        return self.media_type in _INDEXES


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was received."""

    digest: str
    media_type: str
    size: int
    document: dict[str, Any]

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Manifest:
        """Parse its bytes; raises ValueError if they aren't JSON."""
        digest = f"sha256:{sha256(content).hexdigest()}"
        return cls(digest, media_type, len(content), json.loads(content))

    @property
    def descriptor(self) -> Descriptor:
        """Its descriptor; children are as listed in an index, without their own children.

        Raises ValueError if it's an index that doesn't list them.
        """
        descriptor = Descriptor(self.digest, self.media_type, self.size)
        if not descriptor.is_index:
            return descriptor
        try:
            children = tuple(
                Descriptor(child["digest"], child["mediaType"], child["size"])
                for child in self.document["manifests"]
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"it is an index that lacks {error}") from error
        return replace(descriptor, children=children)
