"""What a pipeline run says of itself: where it stands, when it started, why it failed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

from azext_acrtransfer.masking import mask_sas
from azext_acrtransfer.resources import Answer

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


class RunStatus(Enum):
    """Where a run stands."""

    UNDER_WAY = "under way"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_ENDS = {
    "succeeded": RunStatus.SUCCEEDED,
    "failed": RunStatus.FAILED,
    "canceled": RunStatus.FAILED,
}
_BEING_MADE = frozenset({"creating", "updating", "deleting"})


def status(run: Any) -> RunStatus:
    """Where a run stands; a word that is not known means that it is still under way.

    A run that is being made again may still carry the response of its last time, so such a
    provisioningState goes first. The service's own examples also show one that is Succeeded while
    its response still reads Running: the response is nearer to the work. A failure counts wherever
    it is told.
    """
    told = (run.provisioning_state or "").lower()
    if told in _BEING_MADE:
        return RunStatus.UNDER_WAY
    provisioning = _ENDS.get(told, RunStatus.UNDER_WAY)
    response = run.response
    if provisioning is RunStatus.FAILED or not (response and response.status):
        return provisioning
    return _ENDS.get(response.status.lower(), RunStatus.UNDER_WAY)


def is_over(run: Any) -> bool:
    """Whether nothing more will happen in a run."""
    return status(run) is not RunStatus.UNDER_WAY


def has_failed(run: Any) -> bool:
    """Whether a run is over and did not do all: one that tells an error did not, come what may."""
    told = run.response and run.response.pipeline_run_error_message
    return status(run) is RunStatus.FAILED or bool(is_over(run) and told)


def describe(run: Any) -> str:
    """State of a run for a progress line; a percentage only if the service gives one."""
    response = run.response
    state = (response and response.status) or (run.properties or {}).get("provisioningState")
    percentage = response and response.progress and response.progress.percentage
    return f"{state}, {percentage} %" if percentage else str(state or "Waiting")


def without_secrets(run: Any) -> Any:
    """The run with the signature of every SAS in its error message replaced."""
    if run.response and run.response.pipeline_run_error_message:
        masked = mask_sas(run.response.pipeline_run_error_message)
        run.response.pipeline_run_error_message = masked
    return run


def started(run: Any) -> datetime:
    """When a run started; one that tells no time counts as older than all others."""
    told = (run.response and run.response.start_time) or (
        run.system_data and run.system_data.created_at
    )
    return told or _NEVER


def newest_first(runs: Iterable[Any]) -> list[Any]:
    """Runs by the time they started."""
    return sorted(runs, key=started, reverse=True)


def is_old(answer: Answer, tag: str | None) -> bool:
    """Whether the answer to a PUT with this forceUpdateTag is a run that had ended before it.

    The service answers a PUT that changes nothing with the run as it is, and runs nothing.
    """
    run = answer.resource
    if run.force_update_tag and not tag:
        return True
    finished = run.response and run.response.finish_time
    if not (finished and answer.sent_at):
        return False
    # Its Date has whole seconds, rounded down: what ended within the PUT did not end before this.
    return bool(finished < answer.sent_at - timedelta(seconds=answer.took))
