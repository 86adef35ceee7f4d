"""Pipeline runs: carried out in the background, their states kept on disk.

What Azure answers while a run is in progress was never recorded. The states here follow the
examples of its specification and what its clients read; the setting `run_answer` chooses between
the specification's asynchronous answer and the one synchronous answer that was reported.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from acr_emulator.runs import record
from acr_emulator.runs.executor import Outcome, Transfers
from acr_emulator.runs.pipelines import Pipeline
from acr_emulator.state.arm_errors import ArmError, failure
from acr_emulator.state.background import Background, until_written
from acr_emulator.state.clock import Clock
from acr_emulator.state.operations import Operations
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store

INTERRUPTED = "The run was interrupted by a restart of the service."

_AT_ONCE = 8
#: Progress is written when it has grown by that much: each write goes to the disk.
_PROGRESS_STEP = 10


class Runs:
    """Every run of the instance."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        operations: Operations,
        transfers: Transfers,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._operations = operations
        self._transfers = transfers
        #: Run id -> operation of a run in progress: one that exists at the start was interrupted.
        self._in_progress = store.table("run-operation")
        self._background = Background("Run")
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def start(self) -> None:
        """Fail the runs that were in progress when the emulator ended."""
        for run_id, _ in list(self._in_progress.items()):
            self._finish(run_id, Outcome(error=INTERRUPTED))

    async def stop(self) -> None:
        """Cancel the runs in progress; the next start fails them."""
        await self._background.stop()

    def begin(self, run: Resource, pipeline: Pipeline) -> None:
        """Store a run with its `request`, and start it."""
        self.launch(self.save(run, pipeline), pipeline)

    def save(
        self, run: Resource, pipeline: Pipeline, *, triggered: datetime | None = None
    ) -> Resource:
        """Store a run with its `request`, for `launch`."""
        run = record.begun(run, pipeline, self._clock.now(), triggered=triggered)
        with self._store.transaction():
            operation = self._operations.begin("pipelineruns", status="Running")
            self._in_progress.put(run["id"].lower(), operation)
            self._store.put(run["id"], run)
        return run

    def launch(self, run: Resource, pipeline: Pipeline) -> None:
        """Start a run that `save` returned."""
        run_id = run["id"].lower()
        request = run["properties"]["request"]
        self._background.begin(
            run_id,
            lambda: self._carry_out(run_id, pipeline, request),
            lambda defect: self._end(run_id, Outcome(error=failure(defect))),
        )

    def operation(self, run_id: str) -> str | None:
        """The operation of a run in progress."""
        name: str | None = self._in_progress.get(run_id.lower())
        return name

    async def wait(self, run_id: str) -> None:
        """Return when the run is over."""
        await self._background.wait(run_id.lower())

    async def delete(self, run_id: str) -> bool:
        """Cancel a run if it is in progress, and delete it; False if it did not exist."""
        await self._background.end(run_id.lower())
        with self._store.transaction():
            if operation := self.operation(run_id):
                self._operations.cancel(operation)
            self._in_progress.delete(run_id.lower())
            return self._store.delete(run_id)

    async def _carry_out(self, run_id: str, pipeline: Pipeline, request: dict[str, Any]) -> None:
        started = self._clock.steady()
        async with self._slots:
            outcome = await self._transfers.carry_out(pipeline, request, self._progress(run_id))
        taken = (self._clock.steady() - started).total_seconds()
        await self._clock.sleep(self._settings.run_seconds - taken)
        await self._end(run_id, outcome)

    async def _end(self, run_id: str, outcome: Outcome) -> None:
        await until_written(f"run {run_id}", lambda: self._finish(run_id, outcome))

    def _progress(self, run_id: str) -> Callable[[int], None]:
        written = 0

        def write(percentage: int) -> None:
            nonlocal written
            if percentage < written + _PROGRESS_STEP:
                return
            written = percentage
            run = self._store.get(run_id)
            if run:
                run["properties"]["response"]["progress"]["percentage"] = str(percentage)
                with suppress(sqlite3.OperationalError):  # no reason to fail a transfer
                    self._store.put(run_id, run)

        return write

    def _finish(self, run_id: str, outcome: Outcome) -> None:
        """Write how a run ended, and end its operation."""
        run, operation = self._store.get(run_id), self.operation(run_id)
        if outcome.details and self._settings.run_messages == "long":
            outcome = replace(outcome, error=outcome.details)
        error = ArmError(400, "PipelineRunFailed", outcome.error) if outcome.error else None
        with self._store.transaction():
            if run and operation:
                record.end(run, outcome, self._clock.now())
                self._store.put(run["id"], run)
                self._operations.finish(operation, error=error)
            self._in_progress.delete(run_id)
