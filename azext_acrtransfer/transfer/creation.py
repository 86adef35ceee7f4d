"""The public module of ``transfer``: plan the runs that a transfer takes, and create them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azure.cli.core.azclierror import AzCLIError
from knack.log import get_logger

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.diagnostics.diagnosis import access_mode
from azext_acrtransfer.manifest.recorder import Recorded, Recording
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.interrupts import sigterm_interrupts, uninterrupted
from azext_acrtransfer.service.polling import Waiting
from azext_acrtransfer.transfer import execution, planning, report
from azext_acrtransfer.transfer.blob_contents import contents_of_blobs
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.moved_tags import moved_tags
from azext_acrtransfer.transfer.preview import PlannedRun, preview
from azext_acrtransfer.transfer.records import planned_records, records_of
from azext_acrtransfer.transfer.referrers import LeftBehind
from azext_acrtransfer.transfer.specs import Schedule, TransferSpec

logger = get_logger(__name__)
# In seconds: only a warning depends on it, and few counts take longer than runs.
_LONGEST_COUNT_AFTER_RUNS = 5
#: The lines that Microsoft's guide quotes.
_AUTHENTICATION = {
    StorageAccessMode.MANAGED_IDENTITY: (
        "Authenticating to Storage Account using Entra Managed Identity."
    ),
    StorageAccessMode.SAS_TOKEN: "Authenticating to Storage Account using Storage SAS Token.",
}


class Transfer:
    """A transfer whose runs are planned, and not yet created."""

    def __init__(self, spec: TransferSpec, context: TransferContext) -> None:
        self._spec = spec
        self._context = context
        self._plan = planning.choose(spec, context)

    @property
    def artifacts(self) -> Sequence[Artifact]:
        """Artifacts to export."""
        return [artifact for run in self._plan.runs for artifact in run.artifacts]

    @property
    def blobs(self) -> Sequence[str]:
        """Blobs to write or to import."""
        return [run.blob for run in self._plan.runs]

    def preview(self) -> list[PlannedRun]:
        """The runs that would be created."""
        self._left_behind.warn()
        plan, context = self._plan, self._context
        return preview(plan.runs, context.pipeline.name, plan.selected, context)

    @property
    def _left_behind(self) -> LeftBehind:
        spec = self._spec
        artifacts = () if spec.include_referrers else self.artifacts
        return LeftBehind(artifacts, spec.exclude, self._plan.arrived, self._context)

    @sigterm_interrupts()
    def create_runs(self, waiting: Waiting, schedule: Schedule) -> Any:
        """Create the runs, wait for their end, and report them."""
        context, recorder, planned = self._context, self._plan.recorder, self._plan.runs
        if planned:
            container = getattr(context.pipeline, context.kind.side)
            logger.warning(_AUTHENTICATION[access_mode(container)])
        recording = recorder.begin(planned_records(planned)) if recorder else None
        recorded, unwritten = None, None
        with self._left_behind.counted_in_background() as warn_of_referrers:
            outcomes = execution.run_all(
                waiting, context.runs, planned, context.pipeline.id, schedule
            )
            if recording:
                try:
                    recorded = self._record(recording, outcomes, schedule)
                except AzCLIError as error:  # it must not hide how the runs ended
                    unwritten = error
            is_stopped = any(outcome.stop for outcome in outcomes)
            warn_of_referrers(0 if is_stopped else _LONGEST_COUNT_AFTER_RUNS)
        if recorded and schedule.submit_only:
            logger.warning(
                "To complete the manifest when the runs have ended: %s", recorded.wait_command
            )
        return report.report(self._spec, context, outcomes, recorded=recorded, unwritten=unwritten)

    def _record(
        self, recording: Recording, outcomes: Sequence[Outcome], schedule: Schedule
    ) -> Recorded:
        """Add the results of the runs to the manifest."""
        context, contents = self._context, recording.recorder.contents
        new = [outcome for outcome in outcomes if not outcome.is_existing]
        moved = {} if schedule.submit_only else moved_tags(context, contents, new)
        blobs = contents_of_blobs(context.cli_ctx, outcomes)
        with uninterrupted():
            return recording.end(records_of(outcomes, context.pipeline.options, blobs), moved)
