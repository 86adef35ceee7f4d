"""Execution of runs from their creation to their end, with an outcome for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import HttpResponseError
from knack.log import get_logger

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.kinds import PipelineOption
from azext_acrtransfer.manifest.model import Result
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service import models, runs
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.polling import (
    Deadline,
    LastAnswer,
    NotRequestedError,
    Stop,
    Waiting,
    continues_after,
)
from azext_acrtransfer.service.registries import Registry
from azext_acrtransfer.service.resources import Answer, Resources
from azext_acrtransfer.service.states import RunState
from azext_acrtransfer.transfer.specs import RunSpec, Schedule

logger = get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: its last state, and the error that ended the waiting, if any."""

    spec: RunSpec
    run: Any = None
    error: Exception | KeyboardInterrupt | None = None
    correlation_id: str | None = None
    #: Whether the run existed before it was requested, so that this request started nothing.
    is_existing: bool = False

    @property
    def is_in_progress(self) -> bool:
        """Whether the service continues with the run after the waiting ended."""
        return bool(self.run and not RunState(self.run).is_over) and continues_after(self.error)

    @property
    def is_refused(self) -> bool:
        """Whether the run doesn't exist: the service refused it, or it wasn't requested.

        After any other error, such as an answer that a proxy emptied, the run might exist.
        """
        if self.run or not isinstance(self.error, HttpResponseError):
            return self.is_not_requested
        status = self.error.status_code or 0
        return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_not_requested(self) -> bool:
        """Whether the waiting was stopped before it was the turn of this run."""
        return isinstance(self.error, NotRequestedError)

    @property
    def stop(self) -> Stop | None:
        """What stopped the command before the run was known to have ended."""
        error = self.error.stop if isinstance(self.error, NotRequestedError) else self.error
        return error if isinstance(error, Stop) else None

    @property
    def has_failed(self) -> bool:
        """Whether the run has ended without transferring everything."""
        if self.run and RunState(self.run).is_over:
            return RunState(self.run).has_failed
        return bool(self.error) and not self.is_in_progress

    @property
    def message(self) -> str:
        """The service's error message."""
        response = self.run and self.run.response
        return str((response and response.pipeline_run_error_message) or "")

    def results(self, options: Sequence[str]) -> dict[Artifact, Result]:
        """Return the result of each artifact of an export by a pipeline with these options.

        If a run exports some artifacts and not others, only those that its error message names are
        known to have failed: the message isn't known to name all of them.
        """
        artifacts = self.spec.artifacts
        status = RunState(self.run).status if self.run else None
        continues_on_errors = PipelineOption.CONTINUE_ON_ERRORS.value in options
        if status is RunStatus.PARTLY_FAILED or (
            status is RunStatus.FAILED and continues_on_errors
        ):
            registry = Registry.of_resource(self.run.id).name
            failed = named(self.message, artifacts, registry)
            return {
                artifact: Result.FAILED if artifact in failed else Result.UNKNOWN
                for artifact in artifacts
            }
        by_request = Result.FAILED if self.is_refused else Result.UNKNOWN
        return dict.fromkeys(artifacts, _RESULTS.get(status, by_request))

    def left(self, options: Sequence[str]) -> tuple[Artifact, ...]:
        """Return the artifacts that aren't known to be exported."""
        results = self.results(options)
        return tuple(name for name, result in results.items() if result is not Result.EXPORTED)


def named(message: str, artifacts: Iterable[Artifact], registry_name: str) -> set[Artifact]:
    """Return the artifacts that a message names in full, with or without the registry."""
    registry = re.escape(registry_name)
    host = re.compile(rf"\A(https://)?{registry}(-\w+)?\.[\w.:-]+/", re.IGNORECASE)
    words = set()
    for word in _REFERENCE.findall(message):
        reference = host.sub("", word)
        words |= {reference, reference.rstrip(".:")}  # the punctuation of a sentence
    return {
        artifact
        for artifact in artifacts
        if str(artifact) in words or (":" in artifact.reference and artifact.reference in words)
    }


_RESULTS: Mapping[RunStatus | None, Result] = {
    RunStatus.SUCCEEDED: Result.EXPORTED,
    RunStatus.FAILED: Result.FAILED,
    RunStatus.CANCELED: Result.FAILED,
}
_REFERENCE = re.compile(r"[\w./:@-]+")


def run_all(
    waiting: Waiting,
    resources: Resources,
    specs: Sequence[RunSpec],
    pipeline_id: str,
    schedule: Schedule,
) -> list[Outcome]:
    """Create runs and wait until all are over; a failed one doesn't stop the others."""

    def put(spec: RunSpec) -> Answer:
        model = models.run(
            spec.kind,
            pipeline_id,
            blob=spec.blob,
            artifacts=[str(artifact) for artifact in spec.artifacts],
            force_update_tag=spec.force_update_tag,
        )
        return resources.put(spec.name, model)

    deadline = waiting.deadline(schedule.timeout)
    limit = len(specs) if schedule.submit_only else schedule.runs_at_a_time
    submission = _Submission(put, specs, limit, deadline)
    if not schedule.submit_only:
        latest = waiting.all_settled(
            resources, {}, RunState, submission=submission, deadline=deadline
        )
    else:
        try:
            with waiting.progress() as show:
                latest = submission.submit(0, show)
        except KeyboardInterrupt as error:
            latest = submission.stopped(error)
    return [_outcome(spec, submission.answers.get(spec.name), latest[spec.name]) for spec in specs]


class _Submission:
    """Requests runs, no more at a time than may be in progress."""

    def __init__(
        self,
        put: Callable[[RunSpec], Answer],
        specs: Sequence[RunSpec],
        limit: int,
        deadline: Deadline,
    ) -> None:
        self._put = put
        self._specs = specs
        self._limit = limit
        self._deadline = deadline
        self._left = list(specs)
        self._requested: set[str] = set()
        #: The first answer about each run.
        self.answers: dict[str, LastAnswer] = {}

    @property
    def left(self) -> int:
        """Number of runs whose turn hasn't come."""
        return len(self._left)

    def submit(self, in_progress: int, show: Callable[[str], None]) -> dict[str, LastAnswer]:
        """Create as many runs as may be added to those in progress; return their answers."""
        count = max(self._limit - in_progress, 0)
        batch, self._left = self._left[:count], self._left[count:]
        answers: dict[str, LastAnswer] = {}

        def put(spec: RunSpec) -> None:
            self._requested.add(spec.name)
            answers[spec.name] = LastAnswer(self._put(spec))

        def fail(spec: RunSpec, error: Exception) -> None:
            answers[spec.name] = LastAnswer(None, error)

        first, total = len(self.answers) + 1, len(self._specs)
        requests = run_concurrently(put, batch, on_error=fail, on_wait=self._deadline.on_wait)
        try:
            for number, _ in enumerate(requests, first):
                if total > 1:  # a single PUT has never been worth a line
                    show(f"{number} of {total} runs submitted")
        finally:
            # A thread that hangs changes only the dictionary of this call.
            new = answers.copy()
            self.answers |= new
        for spec in batch:
            _warn_of_old(spec, new[spec.name].answer)
        return new

    def stopped(self, stop: Stop) -> dict[str, LastAnswer]:
        """Return what is known of each run when the waiting is stopped."""
        return {spec.name: self._last(spec, stop) for spec in self._specs}

    def _last(self, spec: RunSpec, stop: Stop) -> LastAnswer:
        last = self.answers.get(spec.name)
        if not last:
            is_requested = spec.name in self._requested
            return LastAnswer(None, stop if is_requested else NotRequestedError(stop))
        is_over = last.error or RunState(last.resource).is_over
        return last if is_over else replace(last, error=stop)


def _warn_of_old(spec: RunSpec, answer: Answer | None) -> None:
    if answer and runs.is_old(answer, spec.force_update_tag):
        logger.warning(
            "Pipeline run '%s' with the same properties already exists. No new run was created. "
            "To run it again, add --force-redeploy.",
            spec.name,
        )


def _outcome(spec: RunSpec, submitted: LastAnswer | None, latest: LastAnswer) -> Outcome:
    answer = submitted.answer if submitted else None
    correlation_id = answer.correlation_id if answer else None
    is_existing = bool(answer and runs.is_existing(answer, spec.force_update_tag))
    return Outcome(spec, latest.resource, latest.error, correlation_id, is_existing)
