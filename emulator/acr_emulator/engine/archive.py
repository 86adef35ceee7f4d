"""The transfer blob's layout: a tar that holds an OCI image layout (image-layout.md)."""

import json
import tarfile
from collections.abc import Iterable

from acr_emulator.engine.artifacts import Artifact

LAYOUT_NAME = "oci-layout"
INDEX_NAME = "index.json"
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"
TRAILER = bytes(2 * tarfile.BLOCKSIZE)


def blob_name(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def header(name: str, size: int) -> bytes:
    """A tar header that depends on nothing but name and size: equal artifacts, equal archive."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def entry_size(size: int) -> int:
    """What content of this size takes in the tar."""
    return tarfile.BLOCKSIZE + size + len(padding(size))


def index(artifacts: Iterable[Artifact]) -> bytes:
    """index.json: a descriptor for each artifact, by the name that skopeo requests."""
    manifests = [
        {
            "mediaType": artifact.root.media_type,
            "digest": artifact.root.digest,
            "size": artifact.root.size,
            "annotations": {REF_NAME: str(artifact.reference)},
        }
        for artifact in artifacts
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    }
    return json.dumps(document, separators=(",", ":")).encode()
