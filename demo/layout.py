"""OCI image layouts: a folder of content-addressed blobs, deterministic tar layers among them."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Tree:
    """Files that a layer holds: a path on disk, and the path that it gets in the image."""

    source: Path
    target: str


class Layout:
    """An OCI image layout (image-spec v1.1, image-layout.md) in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "blobs" / "sha256"

    def create(self) -> None:
        """Start an empty layout."""
        self._blobs.mkdir(parents=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def path(self, digest: str) -> Path:
        """Where the blob of that digest lies."""
        return self._blobs / digest.removeprefix("sha256:")

    def read(self, digest: str) -> Json:
        """A JSON blob."""
        content: Json = json.loads(self.path(digest).read_bytes())
        return content

    def references(self) -> dict[str, Json]:
        """The descriptor of each named artifact."""
        index = json.loads((self.folder / "index.json").read_bytes())
        return {entry["annotations"][REF_NAME]: entry for entry in index["manifests"]}

    def add_bytes(self, media_type: str, content: bytes) -> Json:
        """Store a blob; its descriptor."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.path(digest).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def add_json(self, media_type: str, content: Json) -> Json:
        """Store a JSON document; its descriptor."""
        return self.add_bytes(media_type, json.dumps(content, separators=(",", ":")).encode())

    def add_layer(self, trees: Iterable[Tree], links: Iterable[tuple[str, str]] = ()) -> Json:
        """Store a tar layer; the same files give the same bytes on any machine, at any time."""
        partial = self._blobs / "partial"
        with partial.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            for tree in trees:
                _pack(tar, tree)
            for name, destination in links:
                tar.addfile(_entry(name, tarfile.SYMTYPE, destination))
        digest = f"sha256:{_sha256(partial)}"
        size = partial.stat().st_size
        partial.rename(self.path(digest))
        return {"mediaType": LAYER, "digest": digest, "size": size}

    def add_image(self, architecture: str, layers: list[Json], command: list[str]) -> Json:
        """Store a runnable image of these uncompressed layers; the descriptor of its manifest."""
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": command},
            # A layer's diff id is the digest of its plain tar, which is how these are stored.
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.add_json(CONFIG, config),
            "layers": layers,
        }
        platform = {"architecture": architecture, "os": "linux"}
        return {**self.add_json(MANIFEST, manifest), "platform": platform}

    def finish(self, named: dict[str, Json]) -> None:
        """Write the index that names the artifacts."""
        entries = [{**entry, "annotations": {REF_NAME: name}} for name, entry in named.items()]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        (self.folder / "index.json").write_text(json.dumps(index, indent=1))


def _pack(tar: tarfile.TarFile, tree: Tree) -> None:
    if tree.source.is_file():
        _add_file(tar, tree.source, tree.target)
        return
    for path in sorted(tree.source.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            _add_file(tar, path, f"{tree.target}/{path.relative_to(tree.source).as_posix()}")


def _add_file(tar: tarfile.TarFile, path: Path, target: str) -> None:
    entry = _entry(target, tarfile.REGTYPE)
    stat = path.stat()
    entry.size = stat.st_size
    entry.mode = 0o755 if stat.st_mode & 0o100 else 0o644
    with path.open("rb") as file:
        tar.addfile(entry, file)


def _entry(name: str, kind: bytes, destination: str = "") -> tarfile.TarInfo:
    """A tar entry without owner and time, which TarInfo leaves at zero."""
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.linkname = destination
    return entry


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
