"""Outcomes of runs as records for a transfer manifest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from azure.core.exceptions import HttpResponseError

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.diagnostics import diagnosis
from azext_acrtransfer.manifest.model import ManifestRun, Result, rfc3339
from azext_acrtransfer.manifest.recorder import RunRecord
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.states import RunState
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.specs import RunSpec


def planned_records(specs: Iterable[RunSpec]) -> list[RunRecord]:
    """Return records of runs that aren't created yet."""
    return records_of((Outcome(spec) for spec in specs), None)


def records_of(outcomes: Iterable[Outcome], options: Sequence[str] | None) -> list[RunRecord]:
    """Return records of runs that ended, for a pipeline with these options."""
    return [_record(outcome, outcome.left(options)) for outcome in outcomes]


def _record(outcome: Outcome, left: Collection[Artifact]) -> RunRecord:
    error = _error(outcome)
    results = {}
    for artifact in outcome.spec.artifacts:
        result = _result(outcome, is_left=artifact in left)
        results[artifact] = (result, error if result is Result.FAILED else None)
    return RunRecord(_run(outcome, error), results)


def _result(outcome: Outcome, *, is_left: bool) -> Result:
    refused = isinstance(outcome.error, HttpResponseError)
    if outcome.is_old or outcome.is_in_progress or not (outcome.run or refused):
        return Result.UNKNOWN
    if outcome.run and RunState(outcome.run).status is RunStatus.UNKNOWN:
        return Result.UNKNOWN
    return Result.FAILED if is_left else Result.EXPORTED


def _run(outcome: Outcome, error: str | None) -> ManifestRun:
    run, spec = outcome.run, outcome.spec
    response = run and run.response
    return ManifestRun(
        spec.name,
        spec.blob,
        RunState(run).status.value if run else None,
        _time(response and response.start_time),
        _time(response and response.finish_time),
        error,
    )


def _time(time: datetime | None) -> str | None:
    return rfc3339(time) if time else None


def _error(outcome: Outcome) -> str | None:
    if outcome.error:
        return diagnosis.message_of(outcome.error) or None
    return diagnosis.error_message(outcome.run) if outcome.has_failed else None
