"""What the demo carries: a multi-architecture image, a large image, an artifact that is no image.

`python -m demo.payload` builds it into `.tools/payload`, an OCI image layout, unless it is there.
"""

from __future__ import annotations

import fcntl
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from demo.layout import EMPTY, INDEX, MANIFEST, Json, Layout, Tree
from demo.places import AZ, PAYLOAD, TOOLS

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
LARGE_AT_LEAST = 200_000_000
APPLETS = ("cat", "echo", "ls", "sh", "sha256sum", "uname", "wget")
NOTES = "application/vnd.acrtransfer.demo.notes.v1"


def build(folder: Path) -> None:
    """Build all three artifacts into a new layout."""
    layout = Layout(folder)
    layout.create()
    bases = _busybox_layers(layout)
    host = ARCHITECTURES[platform.machine()]
    named = {
        "samples/busybox:1.0": _multi_architecture(layout, bases),
        "samples/large:1.0": _large(layout, host, bases[host]),
    }
    named["samples/notes:1.0"] = _notes(layout, named)
    layout.finish(named)


def _busybox_layers(layout: Layout) -> dict[str, Json]:
    """One layer for each architecture whose busybox-static the machine's package sources have."""
    binaries = {folder.name: next(folder.glob("**/bin/busybox")) for folder in _busyboxes()}
    links = [(f"bin/{applet}", "busybox") for applet in APPLETS]
    return {
        architecture: layout.add_layer([Tree(binary, "bin/busybox")], links)
        for architecture, binary in binaries.items()
    }


def _busyboxes() -> list[Path]:
    return sorted((TOOLS / "debian" / "busybox").glob("*/"))


def _multi_architecture(layout: Layout, bases: dict[str, Json]) -> Json:
    manifests = [layout.add_image(name, [base], ["sh"]) for name, base in bases.items()]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    return layout.add_json(INDEX, index)


def _large(layout: Layout, architecture: str, base: Json) -> Json:
    """An image of what the demo itself runs on: real files, a layer for each of three trees."""
    packages = next(AZ.glob("lib/python3*/site-packages"))
    registry = TOOLS / "debian" / "root" / "usr" / "bin"
    layers = [
        base,
        layout.add_layer([Tree(registry, "usr/bin")]),
        layout.add_layer([Tree(packages / "azure" / "cli", "opt/az/azure/cli")]),
        layout.add_layer([Tree(packages / "azure" / "mgmt", "opt/az/azure/mgmt")]),
    ]
    total = sum(layer["size"] for layer in layers)
    if total < LARGE_AT_LEAST:
        sys.exit(f"error: samples/large is {total} bytes, less than {LARGE_AT_LEAST}")
    return layout.add_image(architecture, layers, ["docker-registry", "--version"])


def _notes(layout: Layout, described: dict[str, Json]) -> Json:
    """A text that names the other two, as an OCI artifact (image-spec v1.1, manifest.md)."""
    lines = [f"{name} {entry['digest']}" for name, entry in described.items()]
    text = "\n".join(["# What this transfer carries", *lines, ""])
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": NOTES,
        "config": layout.add_bytes(EMPTY, b"{}"),
        "layers": [layout.add_bytes("text/markdown", text.encode())],
    }
    return {**layout.add_json(MANIFEST, manifest), "artifactType": NOTES}


def main() -> None:
    """Build the payload once; it appears under its name only when it is whole."""
    if len(_busyboxes()) == 1:
        only = _busyboxes()[0].name
        print(f"# samples/busybox is for {only} only: no package of another architecture was had.")
    (TOOLS / "lock").mkdir(parents=True, exist_ok=True)
    with (TOOLS / "lock" / "payload").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if PAYLOAD.exists():
            return
        with tempfile.TemporaryDirectory(dir=TOOLS, prefix="payload-") as scratch:
            build(Path(scratch) / "layout")
            shutil.move(Path(scratch) / "layout", PAYLOAD)


if __name__ == "__main__":
    main()
