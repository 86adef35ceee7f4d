"""Deletion of failed runs, with an outcome for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import TypedDict

from azure.cli.core.azclierror import AzureResponseError, ManualInterrupt, ResourceNotFoundError

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.redaction import mask_sas, shortened
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.interrupts import sigterm_interrupts
from azext_acrtransfer.service.polling import Waiting
from azext_acrtransfer.service.resources import Resources
from azext_acrtransfer.service.runs import Run, ended
from azext_acrtransfer.service.states import RunState

# A deletion is two requests and all waiting.
_MAX_WORKERS = 64
DELETED, KEPT, RESTARTED = "Deleted", "Failed", "Restarted"


class CleanOutcome(TypedDict):
    """What became of a run: one item of the JSON of ``clean``."""

    name: str
    outcome: str
    error: str | None


@sigterm_interrupts()
def delete_all(waiting: Waiting, resources: Resources, failed: Iterable[Run]) -> list[CleanOutcome]:
    """Delete failed runs, several at a time, and wait for each; one doesn't stop the others.

    Each is read again first: a run that was started meanwhile is kept.
    """
    ends = {run["name"]: ended(run) for run in failed}

    def delete(name: str) -> CleanOutcome:
        run = resources.get(name).resource
        if not RunStatus.FAILED.includes(RunState(run).status) or ended(run) != ends[name]:
            return _outcome(name, RESTARTED)
        resources.delete(name).result()
        return _outcome(name, DELETED)

    def fail(name: str, error: Exception) -> CleanOutcome:
        if isinstance(error, ResourceNotFoundError):
            return _outcome(name, DELETED)  # somebody else was quicker
        return _outcome(name, KEPT, mask_sas(str(error)))

    outcomes = []
    try:
        with waiting.progress() as show:
            for outcome in run_concurrently(delete, ends, max_workers=_MAX_WORKERS, on_error=fail):
                outcomes.append(outcome)
                show(_line(outcomes, len(ends)))
    except KeyboardInterrupt as error:
        stopped = f"Stopped: {_line(outcomes, len(ends))}; others might be, too."
        raise ManualInterrupt(
            "\n".join([stopped, *_reasons(outcomes)]),
            recommendation="Run the same command again for the remaining runs.",
        ) from error
    return outcomes


def failure(outcomes: Collection[CleanOutcome]) -> AzureResponseError | None:
    """Return the error for runs that couldn't be deleted, if there are any."""
    kept = _kept(outcomes)
    if not kept:
        return None
    summary = f"{len(kept)} of {len(outcomes)} runs couldn't be deleted:"
    return AzureResponseError(
        "\n".join([summary, *_reasons(outcomes)]),
        recommendation="Fix the cause, then run the same command again for the remaining runs.",
    )


def _kept(outcomes: Iterable[CleanOutcome]) -> list[CleanOutcome]:
    return [outcome for outcome in outcomes if outcome["outcome"] == KEPT]


def _reasons(outcomes: Iterable[CleanOutcome]) -> list[str]:
    return shortened(f"{outcome['name']}: {outcome['error']}" for outcome in _kept(outcomes))


def _line(outcomes: Collection[CleanOutcome], count: int) -> str:
    numbers = Counter(outcome["outcome"] for outcome in outcomes)
    line = f"{numbers[DELETED]} of {count} runs deleted"
    others = (f"{numbers[word]} {word.lower()}" for word in (KEPT, RESTARTED) if numbers[word])
    return ", ".join([line, *others])


def _outcome(name: str, outcome: str, error: str | None = None) -> CleanOutcome:
    return {"name": name, "outcome": outcome, "error": error}
