"""States of pipelines and runs: the one definition of how a run ended, or that it hasn't.

A resource is the service's JSON here, or the SDK's model of it, which is a mapping of the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.service.json_values import get_path

_RUN_ENDS = {
    "succeeded": RunStatus.SUCCEEDED,
    "failed": RunStatus.FAILED,
    "canceled": RunStatus.CANCELED,
}
_BEING_CREATED = frozenset({"creating", "updating", "deleting"})
_RUNNING = _BEING_CREATED | {"running"}


class State(Protocol):
    """The state of a resource; its text is for a progress line."""

    @property
    def is_over(self) -> bool:
        """Whether the resource stays in this state."""

    @property
    def has_failed(self) -> bool:
        """Whether it ended in a failure."""


class PipelineState:
    """The state of a pipeline; one without a state has nothing to wait for."""

    def __init__(self, pipeline: Mapping[str, Any]) -> None:
        self._text = str(get_path(pipeline, "properties", "provisioningState") or "Succeeded")

    def __str__(self) -> str:
        return self._text

    @property
    def has_succeeded(self) -> bool:
        """Whether the pipeline can be run."""
        return self._text == "Succeeded"

    @property
    def is_over(self) -> bool:
        """Whether the service has finished what it was requested to do."""
        return self.has_succeeded or self._text in ("Failed", "Canceled")

    @property
    def has_failed(self) -> bool:
        """Whether the service could not create or update the pipeline."""
        return self.is_over and not self.has_succeeded


class RunState:
    """The state of a run, from its provisioningState and its response."""

    def __init__(self, run: Mapping[str, Any]) -> None:
        self._provisioning = str(get_path(run, "properties", "provisioningState") or "")
        self._response = get_path(run, "properties", "response")
        self._progress = str(get_path(self._response, "status") or "")

    def __str__(self) -> str:
        percentage = get_path(self._response, "progress", "percentage")
        text = self._progress or self._provisioning
        return f"{text}, {percentage} %" if percentage else text or "Waiting"

    @property
    def status(self) -> RunStatus:
        """Whether the run is in progress, or how it ended.

        A run that is created again can still carry its previous response, so such a
        provisioningState takes precedence. The service's own examples also show a run that is
        Succeeded while its response is still Running: the response is nearer to the work. A failure
        counts in either, and so does an error message after the end.
        """
        provisioning, progress = self._provisioning.lower(), self._progress.lower()
        if provisioning in _BEING_CREATED:
            return RunStatus.IN_PROGRESS
        end = _RUN_ENDS.get(provisioning)
        if progress and end in (None, RunStatus.SUCCEEDED):
            end = _RUN_ENDS.get(progress)
        if end is None:
            has_ended = progress not in _RUNNING and get_path(self._response, "finishTime")
            return RunStatus.UNKNOWN if has_ended else RunStatus.IN_PROGRESS
        return RunStatus.PARTLY_FAILED if self._is_partial(end) else end

    def _is_partial(self, end: RunStatus) -> bool:
        if end is RunStatus.SUCCEEDED:
            return bool(get_path(self._response, "pipelineRunErrorMessage"))
        imported = get_path(self._response, "importedArtifacts")
        return end is RunStatus.FAILED and bool(imported)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.status is not RunStatus.IN_PROGRESS

    @property
    def has_failed(self) -> bool:
        """Whether the run has ended, and isn't known to have transferred everything."""
        return self.status not in (RunStatus.IN_PROGRESS, RunStatus.SUCCEEDED)
