"""Tags that moved after their export was planned: they are read again after the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from knack.log import get_logger

from azext_acrtransfer.diagnostics.diagnosis import message_of
from azext_acrtransfer.redaction import enumerated
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.execution import Outcome

logger = get_logger(__name__)


def moved_tags(
    context: TransferContext, contents: Mapping[Artifact, Descriptor], outcomes: Iterable[Outcome]
) -> dict[Artifact, Descriptor]:
    """Return what the tags of runs that have ended name now, if that differs from ``contents``.

    Whatever prevents that must not hide how the runs ended, so it's a warning.
    """
    artifacts = [
        artifact
        for outcome in outcomes
        if outcome.run and not outcome.error and not outcome.is_in_progress
        for artifact in outcome.spec.artifacts
        if not artifact.is_digest
    ]
    if not artifacts:
        return {}
    try:
        now = context.read_content().describe_all(artifacts)
        moved = {tag: new for tag, new in now.items() if new and new.digest != contents[tag].digest}
    # pylint: disable-next=broad-exception-caught
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
        logger.warning(
            "Whether tags moved after the export was planned is unknown: %s", message_of(error)
        )
        return {}
    if moved:
        logger.warning(
            "These tags moved after the export was planned, so their blobs have the content from "
            "before or after. The manifest contains both digests: %s",
            enumerated(moved),
        )
    return moved
