"""Repairs the folder of a distribution process that was killed during a write.

It writes links and manifests in place (layers it moves into place), and takes any file that
exists for complete: a truncated one would never be written again.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MAX_MANIFEST_BYTES = 4 * 1024 * 1024


def repair(storage: Path) -> None:
    """Remove truncated files and uploads that cannot be resumed; rewrite truncated tags."""
    root = storage / "docker/registry/v2"
    for data in (root / "blobs/sha256").glob("*/*/data"):
        if _is_truncated(data):
            shutil.rmtree(data.parent)
    for link in _truncated_links(root / "repositories"):
        link.unlink()
    for current in (root / "repositories").rglob("_manifests/tags/*/current"):
        if not (current / "link").exists():
            _tag_anew(current)
    for uploads in (root / "repositories").rglob("_uploads"):
        shutil.rmtree(uploads)


def _is_truncated(data: Path) -> bool:
    if data.stat().st_size > _MAX_MANIFEST_BYTES:
        return False
    return hashlib.sha256(data.read_bytes()).hexdigest() != data.parent.name


def _truncated_links(repositories: Path) -> Iterator[Path]:
    for link in list(repositories.rglob("link")):
        if not _DIGEST.fullmatch(link.read_text()):
            yield link


def _tag_anew(current: Path) -> None:
    """A tag's history is written before the tag itself; its last entry is what was being tagged."""
    history = sorted(current.parent.glob("index/sha256/*/link"), key=_modified)
    if history:
        (current / "link").write_bytes(history[-1].read_bytes())
    else:
        shutil.rmtree(current.parent)


def _modified(file: Path) -> int:
    return file.stat().st_mtime_ns
