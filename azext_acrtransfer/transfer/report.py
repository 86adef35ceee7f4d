"""The report of a transfer: its result, its error, and the command to transfer the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from azure.cli.core.azclierror import AzureResponseError, FileOperationError, ManualInterrupt

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.diagnostics import diagnosis
from azext_acrtransfer.diagnostics.exit_status import fail_after_output, reported_in_any_case
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.service import runs
from azext_acrtransfer.service.polling import raise_stopped, wait_command
from azext_acrtransfer.transfer import splitting
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.specs import Manifests, TransferSpec


def report(
    spec: TransferSpec,
    context: TransferContext,
    outcomes: Sequence[Outcome],
    *,
    unwritten: FileOperationError | None,
) -> Any:
    """Return the run or the list of runs; a failure fails the command."""
    if unwritten:
        spec = replace(spec, manifests=Manifests())  # so that no advice names it
    with reported_in_any_case(unwritten):
        if len(outcomes) == 1:
            result, failure = _report_one(spec, context, outcomes[0]), None
        else:
            result = [runs.without_secrets(outcome.run) for outcome in outcomes if outcome.run]
            failure = _failure(spec, context, outcomes)
    fail_after_output(context.cli_ctx, unwritten, failure)
    return result


def _report_one(spec: TransferSpec, context: TransferContext, outcome: Outcome) -> Any:
    if outcome.error and outcome.run:
        raise_stopped(context.runs, outcome.spec.name, outcome.error)
    if outcome.error:
        raise outcome.error
    if outcome.has_failed:
        rest = _rest(spec, [outcome], context) if spec.manifests.written else []
        raise diagnosis.failed(outcome.run, context.pipeline, outcome.correlation_id, rest=rest)
    return outcome.run


def _failure(
    spec: TransferSpec, context: TransferContext, outcomes: Sequence[Outcome]
) -> AzureResponseError | ManualInterrupt | None:
    failed = [outcome for outcome in outcomes if outcome.has_failed]
    left_alone = [outcome for outcome in outcomes if outcome.error and outcome.is_in_progress]
    if not failed and not left_alone:
        return None
    parts, advice = [], []
    if failed:
        parts = [f"{len(failed)} of {len(outcomes)} runs failed:", *map(_reason_of, failed)]
        parts += ["This did not go:", *(f"  {left}" for left in _left(failed, context))]
        advice = [*_causes(failed, context), *_rest(spec, failed, context)]
    if left_alone:
        names = ", ".join(f"'{outcome.spec.name}'" for outcome in left_alone)
        parts += [f"Stopped waiting; the service goes on with the pipeline runs {names}."]
        parts += dict.fromkeys(diagnosis.message_of(outcome.error) for outcome in left_alone)
        advice += ["To wait for them again:"]
        advice += [wait_command(context.runs, outcome.spec.name) for outcome in left_alone]
    interrupted = any(isinstance(outcome.error, KeyboardInterrupt) for outcome in outcomes)
    error_type = ManualInterrupt if interrupted else AzureResponseError
    return error_type("\n".join(filter(None, parts)), recommendation=advice)


def _reason_of(outcome: Outcome) -> str:
    if outcome.run and not outcome.error:
        reason = diagnosis.report(outcome.run, outcome.correlation_id)
    elif isinstance(outcome.error, KeyboardInterrupt):
        reason = "Interrupted before the service answered; it may have begun."
    else:
        reason = diagnosis.message_of(outcome.error)
    return f"{outcome.spec.name}: {reason}".replace("\n", "\n  ")


def _causes(failed: Iterable[Outcome], context: TransferContext) -> list[str]:
    """Return the meaning of the failures, each cause once, without the command to run again."""
    causes = dict.fromkeys(
        tuple(
            diagnosis.advice_on(outcome.error, with_rerun=False)
            if outcome.error
            else diagnosis.advice(outcome.run, context.pipeline, with_rerun=False)
        )
        for outcome in failed
    )
    return [line for cause in causes for line in cause]


def _left(failed: Iterable[Outcome], context: TransferContext) -> list[str]:
    """Return artifacts of an export, or blobs of an import, that weren't transferred."""
    if context.kind is EXPORT:
        options = context.pipeline.options
        return [str(artifact) for outcome in failed for artifact in outcome.left(options)]
    return [outcome.spec.blob for outcome in failed]


def _rest(spec: TransferSpec, failed: Iterable[Outcome], context: TransferContext) -> list[str]:
    """Return how to run what wasn't transferred."""
    left, registry = _left(failed, context), context.runs.registry
    command = az(
        "acr pipeline-run create",
        resource_group=registry.resource_group,
        registry=registry.name,
        name=splitting.retry_name(spec.name),
        pipeline=context.pipeline.name,
        pipeline_type=spec.kind.name,
        storage_blob=splitting.retry_blob(spec.blobs[0]) if spec.kind is EXPORT else left,
    )
    if spec.kind is EXPORT:
        file = spec.manifests.written and str(spec.manifests.written.path)
        rest = {"only_failed": file, "manifest": file} if file else {"artifacts": left}
        command = command.adding(**rest)
    return ["To run again what did not go:", str(command)]
