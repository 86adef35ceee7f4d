"""Artifacts with the Python package oras; see test_oras.py."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

VALUES: dict[str, Any] = json.loads(sys.argv[1])


def main() -> None:
    """Push files, read what was pushed, pull them into another folder; print the outcome."""
    client = client_with("basic")
    target = f"{VALUES['server']}/samples/notes:1.0"
    pushed = client.push(
        target=target,
        files=["notes.txt:text/plain", "table.csv:text/csv"],
        manifest_annotations={"org.example.stage": "test"},
    )
    manifest = client.get_manifest(target)
    # This backend keeps the token of its first request, which allows no push.
    pulled = client_with("token").pull(target=target, outdir="pulled")
    answer = {
        "status": pushed.status_code,
        "digest": pushed.headers["Docker-Content-Digest"],
        "tags": client.get_tags(f"{VALUES['server']}/samples/notes"),
        "titles": {
            layer["annotations"]["org.opencontainers.image.title"]: layer["mediaType"]
            for layer in manifest["layers"]
        },
        "annotations": manifest["annotations"],
        "pulled": {Path(file).name: Path(file).read_text() for file in pulled},
    }
    sys.stdout.write(json.dumps(answer))


def client_with(backend: str) -> Any:
    """A client that sends its login with each request (basic), or for a token once (token)."""
    client = importlib.import_module("oras.client").OrasClient(
        hostname=VALUES["server"], auth_backend=backend
    )
    client.auth.set_basic_auth(VALUES["username"], VALUES["password"])
    return client


if __name__ == "__main__":
    main()
