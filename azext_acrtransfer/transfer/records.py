"""Outcomes of runs as records for a transfer manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from azext_acrtransfer.diagnostics import diagnosis
from azext_acrtransfer.manifest.merging import Origin, RunRecord
from azext_acrtransfer.manifest.model import ManifestRun, Result, rfc3339
from azext_acrtransfer.service.states import RunState
from azext_acrtransfer.storage.contents import BlobContent
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.specs import RunSpec


def planned_records(specs: Iterable[RunSpec]) -> list[RunRecord]:
    """Return records of runs that aren't requested yet."""
    return [
        RunRecord(
            ManifestRun(spec.name, spec.blob, estimated_size=spec.size),
            dict.fromkeys(spec.artifacts, (Result.UNKNOWN, None)),
            Origin.NEW if spec.force_update_tag else Origin.PLANNED,
        )
        for spec in specs
    ]


def records_of(
    outcomes: Iterable[Outcome],
    options: Sequence[str] | None,
    contents: Mapping[str, BlobContent],
) -> list[RunRecord]:
    """Return records of runs that were requested, for a pipeline with these options.

    ``contents`` are those of the blobs that they wrote, by name.
    """
    return [
        _record(outcome, options or (), contents.get(outcome.spec.blob)) for outcome in outcomes
    ]


def _record(outcome: Outcome, options: Sequence[str], content: BlobContent | None) -> RunRecord:
    error = _error(outcome)
    results = {
        artifact: (result, error if result is Result.FAILED else None)
        for artifact, result in outcome.results(options).items()
    }
    origin = Origin.EXISTING if outcome.is_existing else Origin.NEW
    return RunRecord(
        _run(outcome, error, content), results, Origin.REFUSED if outcome.is_refused else origin
    )


def _run(outcome: Outcome, error: str | None, content: BlobContent | None) -> ManifestRun:
    run, spec = outcome.run, outcome.spec
    response = run and run.response
    return ManifestRun(
        spec.name,
        spec.blob,
        RunState(run).status.value if run else None,
        _time(response and response.start_time),
        _time(response and response.finish_time),
        error,
        spec.size,
        content.size if content else None,
        content.md5 if content else None,
        (response and response.catalog_digest) or None,
    )


def _time(time: datetime | None) -> str | None:
    return rfc3339(time) if time else None


def _error(outcome: Outcome) -> str | None:
    if outcome.error:
        return diagnosis.message_of(outcome.error) or None
    return diagnosis.error_message(outcome.run) if outcome.has_failed else None
