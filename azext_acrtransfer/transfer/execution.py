"""Execution of runs from their creation to their end, with an outcome for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from knack.log import get_logger

from azext_acrtransfer.kinds import PipelineOption
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service import models, runs
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.polling import LastAnswer, Waiting, continues_after
from azext_acrtransfer.service.resources import Answer, Resources
from azext_acrtransfer.service.states import RunState
from azext_acrtransfer.transfer.specs import RunSpec

logger = get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: its last state, and the error that ended the waiting, if any."""

    spec: RunSpec
    run: Any = None
    error: Exception | KeyboardInterrupt | None = None
    correlation_id: str | None = None
    #: Whether the run ended before it was requested, so that nothing was run.
    is_old: bool = False

    @property
    def is_in_progress(self) -> bool:
        """Whether the service continues with the run after the waiting ended."""
        return bool(self.run and not RunState(self.run).is_over) and continues_after(self.error)

    @property
    def has_failed(self) -> bool:
        """Whether the run has ended without transferring everything."""
        if self.run and RunState(self.run).is_over:
            return RunState(self.run).has_failed
        return bool(self.error) and not self.is_in_progress

    def left(self, options: Sequence[str] | None = None) -> tuple[Artifact, ...]:
        """Return artifacts that weren't transferred, for a pipeline with these options.

        A run with ContinueOnErrors names the failed artifacts; if it names none of the requested
        ones, all count as left: transferring one twice does no harm.
        """
        if not self.has_failed:
            return ()
        if self.run and PipelineOption.CONTINUE_ON_ERRORS.value in (options or ()):
            message = str(self.run.response and self.run.response.pipeline_run_error_message)
            named = (artifact for artifact in self.spec.artifacts if _names(message, artifact))
            return tuple(named) or self.spec.artifacts
        return self.spec.artifacts


def _names(message: str, artifact: Artifact) -> bool:
    words = str(artifact) if ":" not in artifact.reference else artifact.reference
    # A registry may stand before it, and a full stop or a colon after it.
    return bool(re.search(rf"(?<![\w.@:-]){re.escape(words)}(?![\w-]|[./:@]\w)", message))


def run_all(
    waiting: Waiting,
    resources: Resources,
    specs: Sequence[RunSpec],
    pipeline_id: str,
    *,
    wait: bool,
) -> list[Outcome]:
    """Create runs and wait until all are over; a failed one doesn't stop the others."""
    submitted = _submit(waiting, resources, specs, pipeline_id)
    for spec in specs:
        _warn_of_old(spec, submitted[spec.name].answer)
    latest = waiting.all_settled(resources, submitted, RunState) if wait else submitted
    return [_outcome(spec, submitted[spec.name], latest[spec.name]) for spec in specs]


def _submit(
    waiting: Waiting, resources: Resources, specs: Sequence[RunSpec], pipeline_id: str
) -> dict[str, LastAnswer]:
    latest = {spec.name: LastAnswer(None) for spec in specs}

    def put(spec: RunSpec) -> None:
        model = models.run(
            spec.kind,
            pipeline_id,
            blob=spec.blob,
            artifacts=[str(artifact) for artifact in spec.artifacts],
            force_update_tag=spec.force_update_tag,
        )
        latest[spec.name] = LastAnswer(resources.put(spec.name, model))

    def fail(spec: RunSpec, error: Exception) -> None:
        latest[spec.name] = LastAnswer(None, error)

    try:
        # A single PUT has never been worth a line of progress.
        with waiting.progress() if len(specs) > 1 else nullcontext(lambda _: None) as show:
            for number, _ in enumerate(run_concurrently(put, specs, on_error=fail), 1):
                show(f"{number} of {len(specs)} runs submitted")
    except KeyboardInterrupt as error:
        return {name: replace(last, error=last.error or error) for name, last in latest.items()}
    return latest


def _is_old(spec: RunSpec, answer: Answer | None) -> bool:
    return bool(answer and runs.is_old(answer, spec.force_update_tag))


def _warn_of_old(spec: RunSpec, answer: Answer | None) -> None:
    if _is_old(spec, answer):
        logger.warning(
            "Nothing was run: a run '%s' with the same properties is there already, and this is "
            "it. Add --force-redeploy to run it again.",
            spec.name,
        )


def _outcome(spec: RunSpec, submitted: LastAnswer, latest: LastAnswer) -> Outcome:
    answer = submitted.answer
    correlation_id = answer.correlation_id if answer else None
    return Outcome(spec, latest.resource, latest.error, correlation_id, _is_old(spec, answer))
