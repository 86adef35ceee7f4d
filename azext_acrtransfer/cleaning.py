"""Deleting many runs at once, with an outcome for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from azure.cli.core.azclierror import AzureResponseError, ResourceNotFoundError
from azure.core.exceptions import AzureError

from azext_acrtransfer.concurrency import each
from azext_acrtransfer.masking import mask_sas
from azext_acrtransfer.resources import Resources

_AT_ONCE = 16
DELETED, KEPT, WOULD_DELETE = "Deleted", "Failed", "WouldDelete"


def failed_runs(runs: Iterable[Any]) -> list[Any]:
    """The runs that ended in a failure."""
    return [run for run in runs if (run.provisioning_state or "").lower() == "failed"]


def preview(runs: Iterable[Any]) -> list[dict[str, Any]]:
    """What would be deleted."""
    return [_outcome(run.name, WOULD_DELETE) for run in runs]


def delete_all(resources: Resources, runs: Iterable[Any]) -> list[dict[str, Any]]:
    """Delete runs, several at a time, and wait for each; one failure does not stop the others."""

    def delete(run: Any) -> dict[str, Any]:
        try:
            resources.delete(run.name).result()
        except ResourceNotFoundError:
            return _outcome(run.name, DELETED)  # somebody else was quicker
        except AzureError as error:
            return _outcome(run.name, KEPT, mask_sas(str(error.message)))
        return _outcome(run.name, DELETED)

    return list(each(delete, runs, at_once=_AT_ONCE))


def failure(outcomes: Collection[dict[str, Any]]) -> AzureResponseError | None:
    """The error that outcomes amount to, naming every run that could not be deleted."""
    kept = [outcome for outcome in outcomes if outcome["outcome"] == KEPT]
    if not kept:
        return None
    lines = "\n".join(f"{outcome['name']}: {outcome['error']}" for outcome in kept)
    return AzureResponseError(
        f"{len(kept)} of {len(outcomes)} runs could not be deleted:\n{lines}",
        recommendation="Mend the cause, then run the same command again for those that are left.",
    )


def _outcome(name: str, outcome: str, error: str | None = None) -> dict[str, Any]:
    return {"name": name, "outcome": outcome, "error": error}
