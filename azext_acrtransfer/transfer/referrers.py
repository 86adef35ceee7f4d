"""Referrers of the artifacts of an export: taken along, or named because they stay behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from knack.log import get_logger

from azext_acrtransfer.diagnostics.diagnosis import message_of
from azext_acrtransfer.registry.patterns import Reference
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.registry.referrers import Listing, Referrer, find_referrers
from azext_acrtransfer.service.concurrency import Background
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.exclusion import references_excluding

logger = get_logger(__name__)
_UNKNOWN = "Whether signatures, SBOMs or other referrers of these artifacts stay behind is unknown"
_ADVICE = "To count them, run the command again with --dry-run."


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


@dataclass(frozen=True)
class LeftBehind:
    """Referrers of the artifacts of an export that aren't exported.

    ``arrived`` are digests of artifacts that an earlier export has moved.
    """

    artifacts: Sequence[Artifact]
    exclude: Iterable[Reference]
    arrived: Mapping[Artifact, str]
    context: TransferContext

    def warn(self) -> None:
        """Count them, and name their number."""
        if self._is_shown:
            _warn(lambda: self._count(self.context.content))

    @contextmanager
    def counted_in_background(self) -> Iterator[Callable[[float], None]]:
        """Count them, until the context ends; return a function that names their number.

        It waits for the number as many seconds as its argument says, or until Ctrl-C.
        """
        if not self._is_shown:
            yield lambda _: None
            return
        is_over = False

        def check() -> None:
            if is_over:
                raise _NotNeededError

        content = self.context.content.in_background(check)
        count = Background(lambda: self._count(content))

        def warn(timeout: float) -> None:
            try:
                _warn(lambda: count.result(timeout), _ADVICE)
            except KeyboardInterrupt:
                _warn(lambda: count.result(0), _ADVICE)

        try:
            yield warn
        finally:
            is_over = True

    @property
    def _is_shown(self) -> bool:
        return bool(self.artifacts) and not self.context.cli_ctx.only_show_errors

    def _count(self, content: Listing) -> int:
        referrers = find_referrers(self.artifacts, content)
        return sum(
            not (referrer.is_chosen or referrer.is_list)
            and self.arrived.get(referrer.artifact) != referrer.digest
            for referrer in _to_take(referrers, self.exclude, self.context)
        )


class _NotNeededError(Exception):
    """The count was made for a command that has ended."""


def _warn(count: Callable[[], int], *advice: str) -> None:
    try:
        left_behind = count()
    # Whatever it is, the export doesn't depend on it.
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
        text = f"{_UNKNOWN}: {message_of(error)}"
        logger.warning("\n".join([text, *advice]))
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
