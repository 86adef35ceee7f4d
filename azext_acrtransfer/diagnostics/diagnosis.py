"""Explanations of failed runs and refused requests, from the catalog of known failures."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from azure.cli.core.azclierror import AzCLIError, AzureConnectionError
from azure.cli.core.util import get_error_type_by_status_code
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from requests.exceptions import SSLError

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.command_lines import az
from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES, KnownFailure
from azext_acrtransfer.diagnostics.facts import (
    Facts,
    expiry_of_new_sas,
    facts_of_id,
    facts_of_pipeline,
    facts_of_storage,
    known_options,
    needs_of,
)
from azext_acrtransfer.kinds import EXPORT, PipelineOption, kind_of_pipeline
from azext_acrtransfer.redaction import shown
from azext_acrtransfer.service.json_values import get_path, parse_http_date, parse_timestamp
from azext_acrtransfer.service.resources import Resources

_UNKNOWN = (
    "This failure isn't a known one. If the message doesn't help, send the IDs of the run to Azure "
    "support."
)
#: The one fact that only a pipeline tells.
_OF_PIPELINE = "principal-id"


def find(
    message: str,
    mode: StorageAccessMode | None = None,
    options: tuple[PipelineOption, ...] = (),
) -> KnownFailure | None:
    """Return the first known failure that a message matches."""
    for failure in KNOWN_FAILURES:
        match = failure.says and failure.says.search(message)
        if (
            match
            and failure.holds(match)
            and failure.mode in (None, mode)
            and (failure.option is None or failure.option in options)
        ):
            return failure
    return None


def explain(
    run: Any, pipeline: Any = None, now: datetime | None = None
) -> tuple[KnownFailure, Facts] | None:
    """Return the known failure that a failed run matches, and the facts to fill in.

    ``now`` is the time by the service's clock, if it's known.
    """
    pipeline_id = run.request and run.request.pipeline_resource_id
    kind = kind_of_pipeline(pipeline_id) or EXPORT
    storage = (run.response and getattr(run.response, kind.side)) or (
        pipeline and getattr(pipeline, kind.side)
    )
    options = known_options(pipeline) if pipeline else ()
    message = error_message(run)
    failure = find(message, access_mode(storage), options)
    if not failure:
        return None
    facts = Facts(failure.facts_in(message) | facts_of_id(run.id) | facts_of_storage(storage))
    facts["expiry"] = expiry_of_new_sas(now or _latest_time(run, failure))
    if pipeline:
        facts.update(facts_of_pipeline(pipeline, kind))
    else:  # with rights for whatever options it has
        facts |= needs_of(kind, kind.options)
        facts |= {"pipeline": pipeline_id.rpartition("/")[2]} if pipeline_id else {}
    return failure, facts


def _latest_time(run: Any, failure: KnownFailure) -> datetime:
    """Return the latest known time: the clock here can be behind those of Azure."""
    times = (
        parse_http_date(failure.facts_in(error_message(run)).get("current")),
        parse_timestamp(get_path(run, "properties", "response", "finishTime")),
    )
    return max(filter(None, (*times, datetime.now(timezone.utc))))


def error_message(run: Any) -> str:
    """Return the service's error message, without secrets."""
    message = run.response and run.response.pipeline_run_error_message
    return shown(message or "The service returned no reason.")


def advice(run: Any, pipeline: Any = None, *, with_rerun: bool = True) -> list[str]:
    """Return the probable meaning of a failure and the commands to run next, line by line."""
    known = explain(run, pipeline)
    return _lines(*known, with_rerun=with_rerun) if known else [_UNKNOWN]


def advice_on_read(all_runs: Resources, run: Any, now: datetime | None = None) -> list[str]:
    """Return the advice on a failed run that was read; reads its pipeline if a command needs it."""
    explained = partial(explain, run, now=now)
    known = explained()
    if known and _OF_PIPELINE in known[0].remedy.facts:
        known = explained(_pipeline_of(all_runs, run))
    return _lines(*known) if known else [_UNKNOWN]


def _pipeline_of(all_runs: Resources, run: Any) -> Any:
    """Return the pipeline of a run, or None if it can't be read, or not any more."""
    pipeline_id = str(run.request.pipeline_resource_id)
    kind = kind_of_pipeline(pipeline_id) or EXPORT
    try:
        return all_runs.of_kind(kind).look(pipeline_id.rpartition("/")[2]).resource
    except (AzureError, AzCLIError):
        return None


def _lines(failure: KnownFailure, facts: Facts, *, with_rerun: bool = True) -> list[str]:
    return [facts.fill(failure.means), *failure.remedy.lines(facts, with_rerun=with_rerun)]


def is_about_missing_artifact(message: str) -> bool:
    """Whether a message says that the registry has no such artifact."""
    failure = find(message)
    return bool(failure and failure.code == "artifact-missing")


def report(run: Any, correlation_id: str | None) -> str:
    """Return the message for a failed run, with the IDs that Azure support needs."""
    return f"{error_message(run)}\n{ids(run, correlation_id)}"


def ids(run: Any, correlation_id: str | None) -> str:
    """Return the IDs of a run that Azure support needs, line by line."""
    return f"Run: {run.id}" + (f"\nCorrelation ID: {correlation_id}" if correlation_id else "")


def message_of(error: BaseException | None) -> str:
    """Return the message of an error, without secrets."""
    return shown(str(getattr(error, "message", error)))


def advice_on(error: BaseException, *, with_rerun: bool = True) -> list[str]:
    """Return the meaning of a refused request and the commands to run next, if known."""
    if not isinstance(error, HttpResponseError):
        return []
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        return [
            "Your login isn't valid, or has expired. To log in again, run:",
            str(az("login")),
        ]
    failure = find(message_of(error))
    if not failure:
        return []
    return _lines(failure, _facts_of_refusal(failure, error), with_rerun=with_rerun)


def raise_explained(error: Exception) -> NoReturn:
    """Raise the error that stopped a command, explained if known, without secrets."""
    if isinstance(error, AzCLIError):
        error.error_msg = shown(str(error.error_msg))
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        if isinstance(error.inner_exception, SSLError):
            raise error  # core knows what to do
        raise AzureConnectionError(
            error.message,
            recommendation="Check the network, and the proxy that HTTPS_PROXY and NO_PROXY name.",
        ) from error
    if not isinstance(error, HttpResponseError):
        raise error
    known = advice_on(error)
    if not known and message_of(error) == error.message:
        raise error
    error_type = get_error_type_by_status_code(str(error.status_code))
    raise error_type(message_of(error), recommendation=known) from error


def _facts_of_refusal(failure: KnownFailure, error: HttpResponseError) -> Facts:
    request: Any = error.response and error.response.request
    path = unquote(urlsplit(request.url).path) if request else None
    return Facts(facts_of_id(path) | failure.facts_in(str(error.message)))


def access_mode(storage: Any) -> StorageAccessMode:
    """Return how a pipeline authenticates to its container; old API versions have one mode."""
    mode = storage and storage.storage_access_mode
    if mode == StorageAccessMode.MANAGED_IDENTITY.value:
        return StorageAccessMode.MANAGED_IDENTITY
    return StorageAccessMode.SAS_TOKEN
