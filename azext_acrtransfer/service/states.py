"""States of pipelines and runs: the one definition of in progress, succeeded and failed.

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
    "canceled": RunStatus.FAILED,
}
_BEING_CREATED = frozenset({"creating", "updating", "deleting"})


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
    """The state of a run, from its provisioningState and the status in its response."""

    def __init__(self, run: Mapping[str, Any]) -> None:
        self._provisioning = get_path(run, "properties", "provisioningState") or ""
        self._response = get_path(run, "properties", "response")

    @property
    def text(self) -> str:
        """The service's word for the state; empty if it has none."""
        return str(get_path(self._response, "status") or self._provisioning)

    def __str__(self) -> str:
        percentage = get_path(self._response, "progress", "percentage")
        return f"{self.text}, {percentage} %" if percentage else self.text or "Waiting"

    @property
    def status(self) -> RunStatus:
        """Whether the run is in progress, which an unknown word means too, succeeded or failed.

        A run that is created again can still carry its previous response, so such a
        provisioningState takes precedence. The service's own examples also show a run that is
        Succeeded while its response is still Running: the response is nearer to the work. A failure
        counts in either.
        """
        provisioning = str(self._provisioning).lower()
        if provisioning in _BEING_CREATED:
            return RunStatus.IN_PROGRESS
        status = _RUN_ENDS.get(provisioning, RunStatus.IN_PROGRESS)
        response = str(get_path(self._response, "status") or "").lower()
        if status is RunStatus.FAILED or not response:
            return status
        return _RUN_ENDS.get(response, RunStatus.IN_PROGRESS)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.status is not RunStatus.IN_PROGRESS

    @property
    def has_failed(self) -> bool:
        """Whether the run has ended and left something out: any error message means that."""
        error = get_path(self._response, "pipelineRunErrorMessage")
        return self.status is RunStatus.FAILED or bool(self.is_over and error)

    @property
    def is_provisioning_failed(self) -> bool:
        """Whether the service keeps the run as a failed resource, which can be deleted."""
        return str(self._provisioning).lower() == "failed"
