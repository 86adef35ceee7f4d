"""Runs that were over long ago, written down without running anything."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from acr_emulator.runs import record
from acr_emulator.runs.executor import Outcome
from acr_emulator.runs.pipelines import EXPORT, Pipeline
from acr_emulator.state.store import Resource


def past_runs(
    pipeline: Pipeline, prefix: str, count: int, *, until: datetime, apart: timedelta, error: str
) -> Iterator[Resource]:
    """Runs at even distances, oldest first; each lasted half a distance, and failed if `error`."""
    artifacts = ["samples/hello:latest"]
    request = {"artifacts": artifacts} if pipeline.kind is EXPORT else {}
    outcome = Outcome(tuple(artifacts), error=error)
    for number in range(1, count + 1):
        name, started = f"{prefix}{number:06}", until - (count + 1 - number) * apart
        new = record.by_service(pipeline, name, started, blob=f"{name}.tar", **request)
        run = record.begun(new, pipeline, started)
        record.end(run, outcome, started + apart / 2)
        yield run
