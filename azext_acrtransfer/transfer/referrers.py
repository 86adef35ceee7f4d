"""Referrers of the artifacts of an export: taken along, or named because they stay behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from knack.log import get_logger

from azext_acrtransfer.registry.patterns import Reference
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.registry.referrers import Referrer, find_referrers
from azext_acrtransfer.service.concurrency import within
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.exclusion import references_excluding

logger = get_logger(__name__)
# Only a warning depends on it.
_LONGEST_SEARCH = 30


def with_referrers(
    artifacts: Sequence[Artifact],
    exclude: Iterable[Reference],
    arrived: Mapping[Artifact, str],
    context: TransferContext,
) -> list[list[Artifact]]:
    """Return each artifact with its referrers, for the same run.

    ``arrived`` are digests of artifacts that an earlier export has moved.
    """
    parents: dict[Artifact, Artifact] = {}

    def root_of(artifact: Artifact) -> Artifact:
        while artifact in parents:
            artifact = parents[artifact]
        return artifact

    for referrer in _to_take(find_referrers(artifacts, context.content), exclude, context):
        is_needed = referrer.is_chosen or arrived.get(referrer.artifact) != referrer.digest
        if is_needed and root_of(referrer.root) != referrer.artifact:
            parents.setdefault(referrer.artifact, referrer.root)
    groups = {artifact: [artifact] for artifact in artifacts if artifact not in parents}
    for artifact in parents:
        groups[root_of(artifact)].append(artifact)
    return list(groups.values())


def warn_of_referrers_left_behind(
    artifacts: Sequence[Artifact],
    exclude: Iterable[Reference],
    arrived: Mapping[Artifact, str],
    context: TransferContext,
) -> None:
    """Name how many referrers an export leaves behind, if the registry can be read in time."""

    def count() -> int:
        referrers = _to_take(find_referrers(artifacts, context.content), exclude, context)
        return sum(
            not (referrer.is_chosen or referrer.is_list)
            and arrived.get(referrer.artifact) != referrer.digest
            for referrer in referrers
        )

    if context.cli_ctx.only_show_errors:
        return
    try:
        left_behind = within(_LONGEST_SEARCH, count)
    # Whatever it is, the export doesn't depend on it.
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
        logger.info("Whether referrers stay behind is unknown: %s", error)
        return
    if left_behind:
        logger.warning(
            "Signatures, SBOMs or other referrers of these artifacts that aren't exported: %d. "
            "To export them, too, add --include-referrers.",
            left_behind,
        )


def _to_take(
    referrers: Sequence[Referrer], exclude: Iterable[Reference], context: TransferContext
) -> Iterator[Referrer]:
    """Return the referrers that aren't excluded, whether by a tag, their digest or their subject.

    A list of referrers isn't taken if it names one that isn't.
    """
    by_digest = [referrer.by_digest for referrer in referrers]
    excluding = references_excluding(dict.fromkeys(by_digest), exclude, context)
    dropped: set[Artifact] = set()
    for referrer in referrers:
        is_excluded = excluding[referrer.by_digest] or referrer.subject in dropped
        if is_excluded and not referrer.is_chosen:
            dropped.update(_manifests(referrer, context))
    for referrer in referrers:
        is_dropped = referrer.by_digest in dropped
        if not is_dropped and referrer.is_list:
            is_dropped = not dropped.isdisjoint(_manifests(referrer, context))
        if not is_dropped:
            yield referrer


def _manifests(referrer: Referrer, context: TransferContext) -> Iterator[Artifact]:
    """Return a referrer and its children by their digests."""
    content = context.content.describe(referrer.by_digest)
    digests = content.digests if content else [referrer.digest]
    return (Artifact(referrer.artifact.repository, digest) for digest in digests)
