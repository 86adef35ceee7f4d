"""Exclusion of artifacts: what is excluded must exist, or a misspelt name would exclude nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.log import get_logger

from azext_acrtransfer.registry.patterns import ArtifactGlob, Reference, matches
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.transfer.listing import Listing, repositories_of, tagged
from azext_acrtransfer.transfer.unmatched import Unmatched, nearest, refuse, unmatched_glob

logger = get_logger(__name__)
OPTION = "--exclude"


def leave_out(
    artifacts: Sequence[Artifact],
    exclude: Iterable[Reference],
    listing: Listing,
    *,
    source: str,
) -> tuple[Artifact, ...]:
    """Return the artifacts that nothing excludes, whether by their tag or by their digest.

    ``source`` is the option that selects them.

    Raises InvalidArgumentValueError if a reference or pattern matches neither these artifacts nor
    others of the registry, or if nothing is left.
    """
    references = dict.fromkeys(exclude)
    excluding = references_excluding(artifacts, references, listing)
    effective = set(chain.from_iterable(excluding.values()))
    left = [artifact for artifact in artifacts if not excluding[artifact]]
    without_effect = [reference for reference in references if reference not in effective]
    unmatched = list(_unmatched(without_effect, listing))
    refuse(OPTION, unmatched, lambda reference: _explained(reference, artifacts, listing))
    if artifacts and not left:
        raise InvalidArgumentValueError(
            f"{OPTION} leaves out {len(artifacts)} of {len(artifacts)} artifacts that {source} "
            "selects.",
            recommendation="Exclude fewer artifacts. A pattern without a tag excludes whole "
            "repositories.",
        )
    for reference in references:
        if isinstance(reference, ArtifactGlob):
            _warn_of_deeper(reference, left)
    return tuple(left)


def references_excluding(
    artifacts: Iterable[Artifact], exclude: Iterable[Reference], listing: Listing
) -> dict[Artifact, set[Reference]]:
    """Return what excludes each artifact, whether by its tag or by its digest."""
    chosen = list(artifacts)
    references = list(exclude)
    exact = {reference for reference in references if isinstance(reference, Artifact)}
    globs = [reference for reference in references if isinstance(reference, ArtifactGlob)]
    names = _names(chosen, exact, globs, listing)
    excluding: dict[Artifact, set[Reference]] = {}
    for artifact in chosen:
        same = {artifact, *names.get(artifact, ())}
        excluding[artifact] = {glob for glob in globs if any(map(glob.takes, same))}
        excluding[artifact] |= exact & same
    return excluding


def _names(
    artifacts: Iterable[Artifact],
    exact: Iterable[Artifact],
    globs: Sequence[ArtifactGlob],
    listing: Listing,
) -> Mapping[Artifact, set[Artifact]]:
    """Return the digest of a tag, and the tags of a digest, where something excludes the other."""
    excluded = {reference.repository for reference in exact}
    digests = {reference.repository for reference in exact if reference.is_digest}

    def is_read(artifact: Artifact) -> bool:
        name = artifact.repository
        if not artifact.is_digest:
            return name in digests
        return name in excluded or any(matches(glob.repository, name) for glob in globs)

    repositories = dict.fromkeys(artifact.repository for artifact in artifacts if is_read(artifact))
    names: dict[Artifact, set[Artifact]] = defaultdict(set)
    for tag, digest in tagged(repositories, listing):
        names[tag].add(digest)
        names[digest].add(tag)
    return names


def _unmatched(references: Sequence[Reference], listing: Listing) -> Iterator[Reference]:
    """Return those that match nothing in the registry."""

    def if_contained(artifact: Artifact) -> list[Artifact]:
        return [artifact] if listing.contains(artifact) else []

    exact = [reference for reference in references if isinstance(reference, Artifact)]
    repositories = dict.fromkeys(reference.repository for reference in exact)
    existing = set(chain.from_iterable(tagged(repositories, listing)))
    untagged = [name for name in exact if name.is_digest and name not in existing]
    existing.update(chain.from_iterable(run_concurrently(if_contained, untagged)))
    for reference in references:
        if isinstance(reference, Artifact):
            is_unmatched = reference not in existing
        else:
            others = tagged(repositories_of(reference, listing), listing)
            is_unmatched = not any(reference.takes(artifact) for artifact, _ in others)
        if is_unmatched:
            yield reference


def _explained(reference: Reference, selected: Iterable[Artifact], listing: Listing) -> Unmatched:
    if isinstance(reference, ArtifactGlob):
        return unmatched_glob(reference, listing)
    repository = reference.repository
    tags = [str(artifact) for artifact, _ in tagged([repository], listing)]
    if not tags:
        advice = nearest(repository, dict.fromkeys(artifact.repository for artifact in selected))
    elif reference.is_digest:
        advice = f"Check the digest. For all tags: '{repository}:*'."
    elif reference.reference == "latest":
        advice = (
            f"Without a tag, '{repository}' means '{reference}'. For all tags: '{repository}:*'."
        )
    else:
        advice = nearest(str(reference), tags)
    return Unmatched(str(reference), "it doesn't exist in the registry", advice)


def _warn_of_deeper(glob: ArtifactGlob, left: Sequence[Artifact]) -> None:
    deeper = [artifact for artifact in left if glob.deep.takes(artifact)]
    if deeper:
        logger.warning(
            "%s '%s' doesn't match %d of the artifacts, such as '%s', because '*' doesn't match a "
            "slash. To exclude them, too: '%s'.",
            OPTION,
            glob.text,
            len(deeper),
            deeper[0],
            glob.deep.text,
        )
