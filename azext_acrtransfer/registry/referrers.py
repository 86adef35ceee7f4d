"""Referrers: what refers to artifacts, such as signatures, attestations and SBOMs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.registry.referrer_tags import is_list_tag, referrer_tags


class Listing(Protocol):
    """The content of a registry."""

    def describe_all(self, artifacts: Sequence[Artifact]) -> Mapping[Artifact, Descriptor | None]:
        """Return the descriptor of each artifact, None for a missing one."""

    def referrers_of(
        self, subjects: Sequence[Artifact]
    ) -> Mapping[Artifact, tuple[Descriptor, ...]]:
        """Return what is listed as referrers of each digest."""

    def tags_of(self, repositories: Iterable[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Return repositories with the digests of their tags by their names."""


@dataclass(frozen=True)
class Referrer:
    """An artifact that refers to another one, by its tag if it has one.

    ``root`` is the chosen artifact that it belongs to: its subject, the index that contains its
    subject, or the root of a referrer that is its subject.
    """

    artifact: Artifact
    digest: str
    subject: Artifact
    root: Artifact
    #: Whether it's one of the chosen artifacts itself.
    is_chosen: bool

    @property
    def by_digest(self) -> Artifact:
        """The same by its digest."""
        return Artifact(self.artifact.repository, self.digest)

    @property
    def is_list(self) -> bool:
        """Whether it's a list of referrers, which registries without the API have."""
        return is_list_tag(self.artifact.reference)


def find_referrers(artifacts: Sequence[Artifact], listing: Listing) -> list[Referrer]:
    """Return what refers to artifacts, to children of indexes, and to other referrers.

    That takes a request for each manifest, one for each artifact, and the tags of their
    repositories. Each referrer is returned once, after its subject.
    """
    search = _Search(artifacts, listing)
    while search.subjects:
        search.visit()
    return list(search.referrers.values())


class _Search:  # pylint: disable=too-few-public-methods  # there is one way to go
    """Visits manifests level by level; one that was visited isn't visited again, even in cycles."""

    def __init__(self, artifacts: Sequence[Artifact], listing: Listing) -> None:
        self.referrers: dict[Artifact, Referrer] = {}
        #: Manifests to visit next, by digest.
        self.subjects: list[Artifact] = []
        self._listing = listing
        self._roots: dict[Artifact, Artifact] = {}
        self._chosen = {artifact: artifact for artifact in artifacts}
        repositories = dict.fromkeys(artifact.repository for artifact in artifacts)
        self._tags = dict(listing.tags_of(repositories))
        self._tagged = {
            Artifact(repository, digest): Artifact(repository, tag)
            for repository, tags in self._tags.items()
            for tag, digest in sorted(tags.items(), reverse=True)
        }
        for artifact, content in listing.describe_all(artifacts).items():
            if content:
                self._chosen.setdefault(Artifact(artifact.repository, content.digest), artifact)
                self._add(artifact.repository, content, artifact)

    def _add(self, repository: str, content: Descriptor, root: Artifact) -> None:
        """Have a manifest and its children visited next."""
        for digest in content.digests:
            subject = Artifact(repository, digest)
            if subject not in self._roots:
                self._roots[subject] = root
                self.subjects.append(subject)

    def visit(self) -> None:
        """Find the referrers of the manifests to visit, which are visited next."""
        new: list[tuple[Referrer, Descriptor | None]] = []
        for subject, descriptors in self._listing.referrers_of(self.subjects).items():
            for artifact, digest, content in self._referrers(subject, descriptors):
                if artifact not in self.referrers:
                    self.referrers[artifact] = referrer = Referrer(
                        artifact, digest, subject, self._roots[subject], artifact in self._chosen
                    )
                    new.append((referrer, content))
        self.subjects = []
        unknown = [referrer.by_digest for referrer, content in new if content is None]
        contents = self._listing.describe_all(unknown)
        for referrer, content in new:
            if actual := content or contents[referrer.by_digest]:
                self._add(referrer.artifact.repository, actual, referrer.root)

    def _referrers(
        self, subject: Artifact, descriptors: Iterable[Descriptor]
    ) -> Iterator[tuple[Artifact, str, Descriptor | None]]:
        """Return the name and digest of each referrer, and its content if it's known."""
        repository = subject.repository
        tags = self._tags[repository]
        tagged = {tag: tags[tag] for tag in referrer_tags(subject.reference) if tag in tags}
        for tag, digest in tagged.items():
            yield Artifact(repository, tag), digest, None
        for descriptor in descriptors:
            if descriptor.digest not in tagged.values():
                by_digest = Artifact(repository, descriptor.digest)
                artifact = self._chosen.get(by_digest) or self._tagged.get(by_digest, by_digest)
                yield artifact, descriptor.digest, None if descriptor.is_index else descriptor
