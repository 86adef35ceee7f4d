"""What a reference names, as OCI describes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)


@dataclass(frozen=True)
class Descriptor:
    """A manifest by its content: ``size`` is in bytes, ``children`` are those of an index."""

    digest: str
    media_type: str
    size: int
    children: tuple[Descriptor, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it may have children."""
        return self.media_type in _INDEXES

    @classmethod
    def of(cls, document: bytes, media_type: str) -> Descriptor:
        """Describe a manifest as it was received; raises ValueError if it is an index and broken.

        The children are as the index names them, without children of their own.
        """
        found = cls(f"sha256:{sha256(document).hexdigest()}", media_type, len(document))
        if not found.is_index:
            return found
        try:
            children = tuple(
                cls(child["digest"], child["mediaType"], child["size"])
                for child in json.loads(document)["manifests"]
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"an index without {error}") from error
        return cls(found.digest, found.media_type, found.size, children)
