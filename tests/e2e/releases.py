"""Releases of the extension and of others of its name, and extension indexes on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.terminal import ROOT

#: A file that only wheels of another release have.
MARK = "azext_acrtransfer/of_another_release"


def build_release(folder: Path, url: str = "") -> list[Path]:
    """Run what `make release` runs; the wheel, its checksum and the index."""
    options = ["--folder", str(folder), *(["--url", url] if url else [])]
    built = subprocess.run(
        [sys.executable, ROOT / "scripts/release", *options],
        check=True,
        capture_output=True,
        text=True,
    )
    return [Path(line) for line in built.stdout.splitlines()]


def release_as(version: str, wheel: Path, folder: Path) -> Path:
    """Make a wheel of another release: the same code with another version, and a mark."""
    own = wheel.name.split("-")[1]
    other = folder / wheel.name.replace(own, version)
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(other, "w") as target:
        target.writestr(MARK, "")
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("/METADATA"):
                content = content.replace(
                    f"\nVersion: {own}\n".encode(), f"\nVersion: {version}\n".encode()
                )
            if not name.endswith("/RECORD"):
                target.writestr(name.replace(own, version), content)
        record = "".join(f"{name},,\n" for name in target.namelist())
        target.writestr(f"acrtransfer-{version}.dist-info/RECORD", record)
    return other


def write_index(folder: Path, *wheels: Path) -> None:
    """Write an index that lists wheels by path, with no more than az requires."""
    items: list[dict[str, Any]] = [
        {
            "filename": wheel.name,
            "downloadUrl": str(wheel),
            "metadata": {"version": wheel.name.split("-")[1]},
        }
        for wheel in wheels
    ]
    index = {"formatVersion": "1", "extensions": {"acrtransfer": items}}
    (folder / "index.json").write_text(json.dumps(index))


class _SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Print no line for each request."""


@contextmanager
def serve_index(folder: Path) -> Iterator[str]:
    """Serve a folder's files on loopback; the URL of its index."""
    handler = partial(_SilentHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.json"
        server.shutdown()
