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
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from acr_emulator.registry.referrers import Referrer, is_digest, referrer

_REPOSITORIES = "docker/registry/v2/repositories"
#: What names the manifest of a tag, in the folder of the tag.
_CURRENT = "current/link"


@dataclass(frozen=True)
class StoredTag:
    """A tag and the manifest that it names, read when it's needed: a page shows few of all."""

    #: The folder of all tags of its repository.
    tags: Path
    name: str

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return (self._folder / _CURRENT).read_text()

    @property
    def created(self) -> datetime:
        """When it was pushed first."""
        return min(_time(past) for past in self._folder.glob("index/*/*/link"))

    @property
    def updated(self) -> datetime:
        """When it was pushed last."""
        return _time(self._folder / _CURRENT)

    @property
    def _folder(self) -> Path:
        return self.tags / self.name


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


def stored_folders(storage: Path) -> set[str]:
    """The folders of all registries that anything was pushed to."""
    return {folder.name for folder in (storage / _REPOSITORIES).glob("*")}


def _time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)


class StoredRepositories:
    """The repositories of one registry."""

    def __init__(self, storage: Path, folder: str) -> None:
        self._root = storage / _REPOSITORIES / folder
        self._blobs = storage / "docker/registry/v2/blobs"

    def names(self) -> list[str]:
        """List every repository that holds a manifest, by name."""
        return sorted(filter(self.exists, self._folders()))

    def exists(self, repository: str) -> bool:
        """Tell whether a repository holds a manifest."""
        return next(self._digests(repository), None) is not None

    def tags(self, repository: str) -> list[StoredTag]:
        """List the tags of a repository, by name."""
        folder = self.folder(repository) / "tags"
        return [
            StoredTag(folder, name)
            for name in _names(folder)
            if os.path.exists(f"{folder}/{name}/{_CURRENT}")
        ]

    def digest(self, repository: str, tag: str) -> str:
        """The digest that a tag names; "" if it doesn't exist."""
        try:
            return (self.folder(repository, tag) / _CURRENT).read_text()
        except FileNotFoundError:
            return ""

    def manifests(self, repository: str) -> list[StoredManifest]:
        """List the manifests of a repository, by digest."""
        return [
            StoredManifest(
                digest=digest,
                created=_time(self._link(repository, digest)),
                text=Path(self._blob(digest)).read_bytes(),
            )
            for digest in self._digests(repository)
        ]

    def referrers(self, repository: str, subject: str) -> list[Referrer]:
        """List the manifests whose subject has that digest, by digest."""
        known = map(self._referrer, self._revisions(repository))
        return [
            manifest
            for manifest in known
            if manifest is not None
            and manifest.subject == subject
            and self._link(repository, manifest.digest).exists()
        ]

    def subject(self, repository: str, digest: str) -> str:
        """The digest of a manifest's subject; "" without one, and of a manifest that is missing."""
        is_stored = self._link(repository, digest).exists()
        known = self._referrer(digest) if is_stored else None
        return known.subject if known else ""

    def folder(self, repository: str, reference: str = "") -> Path:
        """Where distribution keeps a repository, or a tag or manifest in it."""
        manifests = self._root / repository / "_manifests"
        if not reference:
            return manifests
        if not is_digest(reference):
            return manifests / "tags" / reference
        algorithm, _, hexadecimal = reference.partition(":")
        return manifests / "revisions" / algorithm / hexadecimal

    def delete_manifest(self, repository: str, digest: str) -> None:
        """Remove a manifest with its tags, and all that refers to it."""
        for tag in self.tags(repository):
            if tag.digest == digest:
                self.untag(repository, tag.name)
        shutil.rmtree(self.folder(repository, digest), ignore_errors=True)
        for manifest in self.referrers(repository, digest):
            self.delete_manifest(repository, manifest.digest)

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag and keep its manifest."""
        shutil.rmtree(self.folder(repository, tag))

    def delete(self, repository: str) -> None:
        """Remove a repository and keep those whose names continue its own.

        Uploads that have begun continue, as if they had begun later.
        """
        for folder in ("_manifests", "_layers"):
            shutil.rmtree(self._root / repository / folder, ignore_errors=True)

    def delete_all(self) -> None:
        """Remove every repository of the registry."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _folders(self) -> Iterator[str]:
        for folder, children, _ in os.walk(self._root):
            if "_manifests" in children:
                yield Path(folder).relative_to(self._root).as_posix()
            children[:] = [child for child in children if not child.startswith("_")]

    def _digests(self, repository: str) -> Iterator[str]:
        """The digests of the manifests of a repository, in order."""
        for digest in self._revisions(repository):
            if self._link(repository, digest).exists():
                yield digest

    def _revisions(self, repository: str) -> Iterator[str]:
        """The same, and those of deleted manifests, whose folders are left without the link.

        A request can need all of them, for which pathlib would take ten times as long.
        """
        revisions = f"{self.folder(repository)}/revisions"
        for algorithm in _names(revisions):
            for hexadecimal in _names(f"{revisions}/{algorithm}"):
                yield f"{algorithm}:{hexadecimal}"

    def _referrer(self, digest: str) -> Referrer | None:
        try:
            return _parsed(self._blob(digest))
        except FileNotFoundError:
            return None

    def _link(self, repository: str, digest: str) -> Path:
        return self.folder(repository, digest) / "link"

    def _blob(self, digest: str) -> str:
        algorithm, _, hexadecimal = digest.partition(":")
        return f"{self._blobs}/{algorithm}/{hexadecimal[:2]}/{hexadecimal}/data"


def _names(folder: str | Path) -> list[str]:
    """The names in a folder, in order; none if it doesn't exist."""
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


@lru_cache(maxsize=20_000)
def _parsed(blob: str) -> Referrer | None:
    """Parse a manifest once: what a digest names never changes."""
    path = Path(blob)
    return referrer(f"{path.parts[-4]}:{path.parts[-2]}", path.read_bytes())
