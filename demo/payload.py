"""The artifacts that the demo transfers, as an OCI image layout (image-spec v1.1)."""

from __future__ import annotations

import hashlib
import json
import platform
import tarfile
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Json = dict[str, Any]

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"
NOTES = "application/vnd.acrtransfer.demo.notes.v1"
#: Artifact types of a signature by notation (in a JSON Web Signature) and of an SBOM.
SIGNATURE = "application/vnd.cncf.notary.signature"
SBOM = "application/spdx+json"
#: The version of busybox that has a signature and an SBOM.
SIGNED = "1.1"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def build_payload(folder: Path, tools: Path, az: Path) -> None:
    """Build the artifacts in a new folder, from files that are installed.

    Args:
        folder: The image layout.
        tools: The folder that `scripts/setup` installs programs into.
        az: A virtual environment with azure-cli.
    """
    layout = Layout(folder)
    busybox = tools / "debian" / "busybox"
    shells = {
        path.relative_to(busybox).parts[0]: layout.add_layer({"bin/sh": path})
        for path in sorted(busybox.glob("*/**/bin/busybox"))
    }
    for version in ("1.0", "1.1", "1.1-debug"):
        images = [layout.add_image(name, version, shell) for name, shell in shells.items()]
        index = layout.add_manifest(INDEX, manifests=images)
        layout.name(f"busybox:{version}", index)
        if version == SIGNED:
            layout.sign(index)
            layout.describe(index, shells)

    programs = tools / "debian" / "root" / "usr" / "bin"
    [modules] = az.glob("lib/python3*/site-packages/azure/mgmt")
    files = layout.add_layer({"usr/bin": programs, "opt/azure/mgmt": modules})
    host = _ARCHITECTURES[platform.machine()]
    layout.name("large:1.0", layout.add_image(host, "1.0", shells[host], files))

    notes = layout.add("text/markdown", b"This artifact isn't an image.\n")
    layout.name(
        "notes:1.0",
        layout.add_manifest(
            MANIFEST, artifactType=NOTES, config=layout.add(EMPTY, b"{}"), layers=[notes]
        ),
    )


class Layout:
    """An OCI image layout in a new folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs = folder / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self._named: list[Json] = []

    def add(self, media_type: str, content: bytes) -> Json:
        """Add a blob; returns its descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        (self._blobs / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def add_layer(self, files: dict[str, Path]) -> Json:
        """Add files and folders, under their paths in the image; equal files give equal digests."""
        partial = self._folder / "layer"
        with tarfile.open(partial, "w") as tar:
            for target, source in files.items():
                tar.add(source, target, filter=_without_origin)
        digest = hashlib.sha256()
        with partial.open("rb") as content:
            while chunk := content.read(1 << 20):
                digest.update(chunk)
        layer = partial.rename(self._blobs / digest.hexdigest())
        return {
            "mediaType": LAYER,
            "digest": f"sha256:{layer.name}",
            "size": layer.stat().st_size,
        }

    def add_manifest(self, media_type: str, **content: Any) -> Json:
        """Add a manifest or an index; returns its descriptor."""
        document = {"schemaVersion": 2, "mediaType": media_type, **content}
        return self.add(media_type, json.dumps(document).encode())

    def add_image(self, architecture: str, version: str, *layers: Json) -> Json:
        """Add an image; returns the descriptor of its manifest, as an index lists it."""
        target = {"architecture": architecture, "os": "linux"}
        config = {
            **target,
            "config": {"Cmd": ["sh"], "Labels": {"org.opencontainers.image.version": version}},
            # A diff ID is the digest of an uncompressed layer, as these are.
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        }
        added = self.add(CONFIG, json.dumps(config).encode())
        return {**self.add_manifest(MANIFEST, config=added, layers=layers), "platform": target}

    def sign(self, image: Json) -> None:
        """Add a signature that refers to an image, named `signature`; the key isn't a secret."""
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        envelope = jwt.encode({"targetArtifact": image}, key, "EdDSA").encode()
        self._refer("signature", image, SIGNATURE, self.add("application/jose", envelope))

    def describe(self, image: Json, layers: dict[str, Json]) -> None:
        """Add an SBOM that refers to an image, named `sbom`."""
        packages = [
            {
                "SPDXID": f"SPDXRef-busybox-{architecture}",
                "name": "busybox",
                "downloadLocation": "NOASSERTION",
                "checksums": [{"algorithm": "SHA256", "checksumValue": layer["digest"][7:]}],
            }
            for architecture, layer in layers.items()
        ]
        document = {
            "spdxVersion": "SPDX-2.3",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"busybox:{SIGNED}",
            "dataLicense": "CC0-1.0",
            "documentNamespace": f"https://spdx.example/{image['digest']}",
            "packages": packages,
        }
        self._refer("sbom", image, SBOM, self.add(SBOM, json.dumps(document).encode()))

    def _refer(self, name: str, subject: Json, artifact_type: str, layer: Json) -> None:
        """Add a named artifact that refers to a manifest, and write its digest to a file."""
        empty = self.add(EMPTY, b"{}")
        referrer = self.add_manifest(
            MANIFEST, artifactType=artifact_type, config=empty, layers=[layer], subject=subject
        )
        self.name(name, referrer)
        (self._folder / f"{name}.digest").write_text(referrer["digest"])

    def name(self, name: str, descriptor: Json) -> None:
        """Give a manifest or an index a reference name."""
        annotations = {"org.opencontainers.image.ref.name": name}
        self._named.append({**descriptor, "annotations": annotations})
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": self._named}
        (self._folder / "index.json").write_text(json.dumps(index))


def _without_origin(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what differs between two installations: owners, times, compiled modules."""
    if entry.name.endswith("__pycache__"):
        return None
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry
