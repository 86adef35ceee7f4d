"""Exclusion of artifacts: what is excluded must exist, or a misspelt name would exclude nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.log import get_logger

from azext_acrtransfer.registry.patterns import ArtifactGlob, Reference
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.transfer.listing import Listing, repositories_of, tagged
from azext_acrtransfer.transfer.unmatched import Unmatched, nearest, refuse, unmatched_glob

logger = get_logger(__name__)
OPTION = "--exclude"


def leave_out(
    artifacts: Sequence[Artifact], exclude: Iterable[Reference], listing: Listing
) -> tuple[Artifact, ...]:
    """Return the artifacts that nothing excludes; a digest excludes the tags that name it, too.

    Raises InvalidArgumentValueError if a reference or pattern matches neither these artifacts nor
    others of the registry, or if nothing is left.
    """
    references = dict.fromkeys(exclude)
    exact = {reference for reference in references if isinstance(reference, Artifact)}
    globs = [reference for reference in references if isinstance(reference, ArtifactGlob)]
    digests = _digests(artifacts, exact, listing)
    effective: set[Reference] = set()
    left = []
    for artifact in artifacts:
        excluding: set[Reference] = {glob for glob in globs if glob.takes(artifact)}
        excluding |= exact & {artifact, digests.get(artifact, artifact)}
        effective |= excluding
        if not excluding:
            left.append(artifact)
    without_effect = [reference for reference in references if reference not in effective]
    unmatched = list(_unmatched(without_effect, listing))
    refuse(OPTION, unmatched, lambda reference: _explained(reference, artifacts, listing))
    if artifacts and not left:
        raise InvalidArgumentValueError(
            f"--exclude leaves out all that --artifacts takes: {len(artifacts)} artifacts.",
            recommendation="Exclude less; a glob without a tag excludes whole repositories.",
        )
    for glob in globs:
        _warn_of_deeper(glob, left)
    return tuple(left)


def _digests(
    artifacts: Iterable[Artifact], exact: Iterable[Artifact], listing: Listing
) -> Mapping[Artifact, Artifact]:
    """Return by digest the artifacts of repositories that have an excluded digest."""
    excluded = {reference.repository for reference in exact if reference.is_digest}
    selected = dict.fromkeys(artifact.repository for artifact in artifacts)
    return dict(tagged((name for name in selected if name in excluded), listing))


def _unmatched(references: Sequence[Reference], listing: Listing) -> Iterator[Reference]:
    """Return those that match nothing in the registry."""
    exact = [reference for reference in references if isinstance(reference, Artifact)]
    repositories = dict.fromkeys(reference.repository for reference in exact)
    existing = set(chain.from_iterable(tagged(repositories, listing)))
    untagged = [name for name in exact if name.is_digest and name not in existing]
    contained = zip(untagged, run_concurrently(listing.contains, untagged), strict=True)
    existing.update(artifact for artifact, exists in contained if exists)
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
