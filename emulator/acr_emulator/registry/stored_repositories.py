"""What a registry holds, read from the folder of the distribution process.

Distribution's API lists neither untagged manifests nor times, cannot remove a tag alone, and in 2.8
does not page; its folder contains and allows all of that.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class StoredTag:
    """A tag and the manifest that it names."""

    name: str
    digest: str
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class StoredManifest:
    """A manifest of a repository, tagged or not."""

    digest: str
    created: datetime
    text: bytes

    @cached_property
    def content(self) -> dict[str, Any]:
        """The parsed manifest."""
        content: dict[str, Any] = json.loads(self.text)
        return content

    @property
    def size(self) -> int:
        """Bytes of the manifest and of all that it names."""
        # Distribution takes null for any of them.
        content = self.content
        named = [content.get("config"), *(content.get("layers") or ())]
        named += content.get("manifests") or ()
        return len(self.text) + sum(int((part or {}).get("size") or 0) for part in named)


def _time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)


class StoredRepositories:
    """The repositories of one registry."""

    def __init__(self, storage: Path, registry: str) -> None:
        self._root = storage / "docker/registry/v2/repositories" / registry
        self._blobs = storage / "docker/registry/v2/blobs"

    def names(self) -> list[str]:
        """List every repository that holds a manifest, by name."""
        return sorted(filter(self.exists, self._folders()))

    def exists(self, repository: str) -> bool:
        """Tell whether a repository holds a manifest."""
        return next(self._revisions(repository), None) is not None

    def tags(self, repository: str) -> list[StoredTag]:
        """List the tags of a repository, by name."""
        folder = self._root / repository / "_manifests/tags"
        tags = (_stored_tag(link) for link in folder.glob("*/current/link"))
        return sorted(tags, key=lambda tag: tag.name)

    def manifests(self, repository: str) -> list[StoredManifest]:
        """List the manifests of a repository, by digest."""
        links = sorted(self._revisions(repository))
        return [
            StoredManifest(
                digest=f"{link.parent.parent.name}:{link.parent.name}",
                created=_time(link),
                text=self._blob(link.parent.parent.name, link.parent.name).read_bytes(),
            )
            for link in links
        ]

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag and keep its manifest."""
        shutil.rmtree(self._root / repository / "_manifests/tags" / tag)

    def delete(self, repository: str) -> None:
        """Remove a repository and keep those whose names continue its own."""
        for folder in ("_manifests", "_layers", "_uploads"):
            shutil.rmtree(self._root / repository / folder, ignore_errors=True)

    def delete_all(self) -> None:
        """Remove every repository of the registry."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _folders(self) -> Iterator[str]:
        for folder, children, _ in os.walk(self._root):
            if "_manifests" in children:
                yield Path(folder).relative_to(self._root).as_posix()
            children[:] = [child for child in children if not child.startswith("_")]

    def _revisions(self, repository: str) -> Iterator[Path]:
        # A deleted manifest leaves its folder behind, without the link.
        return (self._root / repository / "_manifests/revisions").glob("*/*/link")

    def _blob(self, algorithm: str, hexadecimal: str) -> Path:
        return self._blobs / algorithm / hexadecimal[:2] / hexadecimal / "data"


def _stored_tag(link: Path) -> StoredTag:
    folder = link.parent.parent
    return StoredTag(
        name=folder.name,
        digest=link.read_text(),
        created=min(_time(past) for past in folder.glob("index/*/*/link")),
        updated=_time(link),
    )
