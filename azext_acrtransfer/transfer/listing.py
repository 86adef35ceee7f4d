"""What a selection reads: the lists of a registry and of a container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from azext_acrtransfer.registry.patterns import ArtifactGlob, is_glob, matches
from azext_acrtransfer.registry.references import Artifact


class Listing(Protocol):
    """The content of a registry, which several threads read."""

    def repositories(self) -> Sequence[str]:
        """Names of all repositories."""

    def tags_of(self, repositories: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Repositories with the digests of their tags by their names; none if it doesn't exist."""

    def contains(self, artifact: Artifact) -> bool:
        """Whether an artifact exists."""


class BlobListing(Protocol):  # pylint: disable=too-few-public-methods  # nothing else is needed
    """The list of a container."""

    def blobs(self) -> Iterable[str]:
        """Names of all blobs."""


def repositories_of(glob: ArtifactGlob, listing: Listing) -> Sequence[str]:
    """Return the repositories that a pattern matches; one without a wildcard needs no list."""
    if not is_glob(glob.repository):
        return [glob.repository]
    return [name for name in listing.repositories() if matches(glob.repository, name)]


def tagged(repositories: Iterable[str], listing: Listing) -> Iterator[tuple[Artifact, Artifact]]:
    """Return all artifacts with a tag in repositories, by tag and by digest, as lists arrive."""
    names = list(repositories)
    if not names:
        return  # without a login
    for repository, tags in listing.tags_of(names):
        for tag, digest in tags.items():
            yield Artifact(repository, tag), Artifact(repository, digest)
