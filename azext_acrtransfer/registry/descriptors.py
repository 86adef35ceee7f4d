"""Manifests of artifacts, and their descriptors as OCI defines them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from azext_acrtransfer.registry.references import is_digest
from azext_acrtransfer.service.json_values import get_path

_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)


@dataclass(frozen=True)
class Descriptor:
    """A descriptor of a manifest: ``size`` is in bytes, ``children`` are those of an index.

    ``subject`` is the digest that the manifest refers to, as a signature refers to an image. Of
    children, it isn't known.
    """

    digest: str
    media_type: str
    size: int
    children: tuple[Descriptor, ...] = ()
    subject: str | None = None

    @property
    def is_index(self) -> bool:
        """Whether it can have children."""
        return self.media_type in _INDEXES

    @property
    def digests(self) -> Iterator[str]:
        """Its digest, then those of its children, of their children, and so on."""
        yield self.digest
        for child in self.children:
            yield from child.digests


def is_foreign(layer: Any) -> bool:
    """Whether a layer is downloaded from its URLs, and not stored in registries."""
    words = ("foreign", "nondistributable")
    return bool(layer.get("urls")) or any(word in str(layer["mediaType"]) for word in words)


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
        subject = get_path(self.document, "subject", "digest")
        descriptor = Descriptor(
            self.digest,
            self.media_type,
            self.size,
            subject=subject if is_digest(subject) else None,
        )
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

    @property
    def blobs(self) -> dict[str, int]:
        """Sizes by digest of its configuration and layers that are stored in the registry.

        Raises ValueError if one lacks its digest, media type or size.
        """
        config, layers = self.document.get("config"), self.document.get("layers") or ()
        try:
            return {
                blob["digest"]: int(blob["size"])
                for blob in (*([config] if config else ()), *layers)
                if not is_foreign(blob)
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"one of its blobs lacks {error}") from error
