"""Selection of artifacts and blobs: patterns are resolved by listing a registry or container."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from typing import Protocol

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_acrtransfer.arguments import invalid
from azext_acrtransfer.registry.patterns import ArtifactGlob, Reference, is_glob, matches
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import run_concurrently


class Listing(Protocol):
    """The lists of a registry, which several threads read."""

    def repositories(self) -> Sequence[str]:
        """Names of all repositories."""

    def tags(self, repository: str) -> Sequence[str]:
        """Tags of a repository; none if it doesn't exist."""


class BlobListing(Protocol):  # pylint: disable=too-few-public-methods  # there is no more to ask
    """The list of a container."""

    def blobs(self) -> Iterable[str]:
        """Names of all blobs."""


@dataclass(frozen=True)
class Selection:
    """References and patterns to include and to exclude."""

    include: tuple[Reference, ...]
    exclude: tuple[Reference, ...] = ()

    def resolve(self, listing: Listing) -> tuple[Artifact, ...]:
        """Return the artifacts, each once, in order; only patterns need the lists."""
        matching = chain.from_iterable(_resolve(reference, listing) for reference in self.include)
        artifacts = tuple(dict.fromkeys(matching))
        left = tuple(artifact for artifact in artifacts if not self._leaves_out(artifact))
        if artifacts and not left:
            raise InvalidArgumentValueError(
                f"--exclude leaves out all that --artifacts takes: {len(artifacts)} artifacts.",
                recommendation="Exclude less; a glob without a tag excludes whole repositories.",
            )
        return left

    def _leaves_out(self, artifact: Artifact) -> bool:
        return any(
            reference.takes(artifact)
            if isinstance(reference, ArtifactGlob)
            else reference == artifact
            for reference in self.exclude
        )


def _resolve(reference: Reference, listing: Listing) -> Iterable[Artifact]:
    if isinstance(reference, Artifact):
        return [reference]
    repositories: Sequence[str] = [reference.repository]
    if is_glob(reference.repository):
        listed = listing.repositories()
        repositories = [name for name in listed if matches(reference.repository, name)]
        if not repositories:
            raise _no_match(reference.text, Artifact.OPTION, "repository", listed)
    there = [
        Artifact(repository, tag)
        for repository, tags in zip(
            repositories, run_concurrently(listing.tags, repositories), strict=True
        )
        for tag in tags
    ]
    matching = [artifact for artifact in there if reference.takes(artifact)]
    if not matching:
        listed = [str(artifact) for artifact in there]
        raise _no_match(reference.text, Artifact.OPTION, "tag", listed)
    return matching


def resolve_blobs(names: Iterable[str], listing: BlobListing) -> tuple[str, ...]:
    """Return the blobs to import, each once, in order; only patterns need the list."""
    listed: list[str] = []
    blobs: list[str] = []
    for name in names:
        if not is_glob(name):
            blobs.append(name)
            continue
        listed = listed or list(listing.blobs())
        matching = [blob for blob in listed if matches(name, blob)]
        if not matching:
            raise _no_match(name, "--storage-blob", "blob", listed)
        blobs += matching
    return tuple(dict.fromkeys(blobs))


def _no_match(
    glob: str, option: str, noun: str, listed: Sequence[str]
) -> InvalidArgumentValueError:
    nearest = get_close_matches(glob, listed, cutoff=0.3) or listed[:3]
    names = ", ".join(f"'{name}'" for name in nearest)
    advice = f"The nearest of {len(listed)} listed: {names}."
    return invalid(glob, option, f"no {noun} matches", advice if listed else "None is listed.")
