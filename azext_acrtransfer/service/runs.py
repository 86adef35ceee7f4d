"""Lists of pipeline runs: filtered, limited to the newest, and without secrets.

A run is the service's JSON here, or the SDK's model of it, which is a mapping of the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from azure.cli.core import azclierror
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.command_lines import az
from azext_acrtransfer.kinds import KINDS
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.json_values import get_path, parse_timestamp
from azext_acrtransfer.service.resources import Answer, Resources
from azext_acrtransfer.service.states import RunState

Run = Mapping[str, Any]

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def _response(run: Run, *path: str) -> Any:
    return get_path(run, "properties", "response", *path)


def without_secrets(run: Any) -> Any:
    """Return the run without secrets in its error message."""
    if message := _response(run, "pipelineRunErrorMessage"):
        _response(run)["pipelineRunErrorMessage"] = mask_sas(str(message))
    return run


def started(run: Run) -> datetime:
    """Return when a run started; one without a time counts as the oldest."""
    timestamp = _response(run, "startTime") or get_path(run, "systemData", "createdAt")
    return parse_timestamp(timestamp) or _NEVER


def ended(run: Run) -> datetime:
    """Return when a run ended, or started if that is unknown."""
    return parse_timestamp(_response(run, "finishTime")) or started(run)


def is_triggered(run: Run) -> bool:
    """Whether a source trigger started a run: only such a run has an underscore in its name."""
    return bool(_response(run, "trigger")) or "_" in str(get_path(run, "name"))


def of_pipeline(resources: Resources, name: str | None) -> Iterator[Run]:
    """Return the runs of a pipeline, which can be deleted by now, or all runs without a name.

    It's an error if neither a run nor a pipeline has the name.
    """
    missing = name
    for run in resources.list():
        pipeline_id = str(get_path(run, "properties", "request", "pipelineResourceId"))
        if name is None or pipeline_id.rpartition("/")[2].lower() == name.lower():
            missing = None
            yield run
    if missing is not None:
        _look_for_pipeline(resources, missing)


def _look_for_pipeline(resources: Resources, name: str) -> None:
    for kind in KINDS.values():
        try:
            resources.of_kind(kind).look(name)
        except ResourceNotFoundError:
            continue
        except HttpResponseError:  # without the permission it's unknown
            return
        return
    registry = resources.registry.name
    listings = " or ".join(
        f"'{az(f'acr {kind.group} list', '-r', registry, '-o', 'table')}'"
        for kind in KINDS.values()
    )
    raise azclierror.ResourceNotFoundError(
        f"Registry '{registry}' has neither a pipeline '{name}' nor a run of one.",
        recommendation=f"Run {listings} to see those that exist.",
    )


def chosen(
    runs: Iterable[Run],
    *,
    status: RunStatus | None = None,
    ended_before: datetime | None = None,
) -> Iterator[Run]:
    """Return the runs that match every filter that is specified."""
    for run in runs:
        if status and not status.includes(RunState(run).status):
            continue
        # A run without a time isn't known to be old.
        if ended_before and not _NEVER < ended(run) < ended_before:
            continue
        yield run


def newest(runs: Iterable[Run], count: int) -> list[Run]:
    """Return the runs that started last, in the order of the list; no others stay in memory.

    Of runs that started at once, those at its end are newer: the service lists the oldest first.
    """
    numbered = heapq.nlargest(count, enumerate(runs), key=lambda pair: (started(pair[1]), pair[0]))
    by_number = dict(numbered)
    return [by_number[number] for number in sorted(by_number)]


def is_old(answer: Answer, tag: str | None) -> bool:
    """Whether the answer to a PUT with this forceUpdateTag is a run that ended before it.

    The service answers a PUT that changes nothing with the run as it is, and runs nothing.
    """
    run = answer.resource
    if get_path(run, "properties", "forceUpdateTag") and not tag:
        return True
    finished = parse_timestamp(_response(run, "finishTime"))
    # A run that is started again can still carry the end of its predecessor.
    if not (RunState(run).is_over and finished and answer.sent_at):
        return False
    # Its Date has whole seconds, rounded down: what ended within the PUT did not end before this.
    return finished < answer.sent_at - timedelta(seconds=answer.took)


def is_existing(answer: Answer, tag: str | None) -> bool:
    """Whether the answer to such a PUT is a run that ended or was in progress before it."""
    if is_old(answer, tag):
        return True
    run = answer.resource
    begun = parse_timestamp(_response(run, "startTime"))
    # With a finishTime, it's the response of the run's predecessor.
    if tag or RunState(run).is_over or _response(run, "finishTime") or not answer.sent_at:
        return False
    return bool(begun and begun < answer.sent_at - timedelta(seconds=answer.took))
