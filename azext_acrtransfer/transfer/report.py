"""Where a transfer takes place, what is told of its end, and how to move the rest."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzureResponseError, FileOperationError, ManualInterrupt

from azext_acrtransfer.diagnostics import diagnosis
from azext_acrtransfer.diagnostics.command_lines import facts_of_id
from azext_acrtransfer.diagnostics.exit_status import fail_after_output, told_in_any_case
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.service import runs
from azext_acrtransfer.service.polling import raise_stopped, wait_command
from azext_acrtransfer.service.resources import Resources, Service
from azext_acrtransfer.transfer import splitting
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.specs import Manifests, TransferSpec

if TYPE_CHECKING:
    from azext_acrtransfer.registry.client import RegistryContent


class Place:
    """A registry and its pipeline, and what they hold; each is asked for when it is needed."""

    def __init__(
        self,
        cmd: Any,
        client: Service,
        spec: TransferSpec,
        *,
        registry_name: str,
        resource_group_name: str | None,
        pipeline_name: str,
    ) -> None:
        self._cmd = cmd
        self._client = client
        self._at = (registry_name, resource_group_name)
        self._pipeline_name = pipeline_name
        self.kind = spec.kind

    @cached_property
    def runs(self) -> Resources:
        """The runs of the registry."""
        return self._client.of(*self._at)

    @cached_property
    def pipeline(self) -> Any:
        """The pipeline, read so that a misspelt one is named; its id has the service's spelling."""
        return self.runs.beside(self.kind).get(self._pipeline_name).resource

    @cached_property
    def content(self) -> RegistryContent:
        """The content of the registry."""
        # Late: only a glob or a manifest needs it, and it loads azure-cli's own module.
        from azext_acrtransfer.registry.client import RegistryContent

        place = facts_of_id(self.pipeline.id)
        return RegistryContent(self._cmd, place["registry"], place["group"])

    def repositories(self) -> Sequence[str]:
        """Repositories of the registry."""
        return self.content.repositories()

    def tags(self, repository: str) -> Sequence[str]:
        """Tags of a repository."""
        return self.content.tags(repository)

    def blobs(self) -> Iterable[str]:
        """Blobs in the container of an import pipeline."""
        # Late: only a glob needs it, and it loads the storage client.
        from azext_acrtransfer.storage import client

        return client.blobs(self._cmd.cli_ctx, self.pipeline.source.uri)


def report(
    cmd: Any,
    spec: TransferSpec,
    place: Place,
    outcomes: Sequence[Outcome],
    *,
    unwritten: FileOperationError | None,
) -> Any:
    """The run that was made, or a list of several; what went wrong fails the command."""
    if unwritten:
        spec = replace(spec, manifests=Manifests())  # so that no advice names it
    with told_in_any_case(unwritten):
        if len(outcomes) == 1:
            result, failure = _report_one(spec, place, outcomes[0]), None
        else:
            result = [runs.without_secrets(outcome.run) for outcome in outcomes if outcome.run]
            failure = _failure(spec, place, outcomes)
    fail_after_output(cmd.cli_ctx, unwritten, failure)
    return result


def _report_one(spec: TransferSpec, place: Place, outcome: Outcome) -> Any:
    if outcome.error and outcome.run:
        raise_stopped(place.runs, outcome.spec.name, outcome.error)
    if outcome.error:
        raise outcome.error
    if outcome.has_failed:
        error = diagnosis.failed(outcome.run, place.pipeline, outcome.correlation_id)
        if spec.manifests.written:
            error.recommendations = [
                *diagnosis.without_rerun(error.recommendations),
                "To run again what did not go:",
                _again(spec, [outcome], place),
            ]
        raise error
    return outcome.run


def _failure(
    spec: TransferSpec, place: Place, outcomes: Sequence[Outcome]
) -> AzureResponseError | ManualInterrupt | None:
    failed = [outcome for outcome in outcomes if outcome.has_failed]
    left_alone = [outcome for outcome in outcomes if outcome.error and outcome.is_under_way]
    if not failed and not left_alone:
        return None
    parts, advice = [], []
    if failed:
        parts = [f"{len(failed)} of {len(outcomes)} runs failed:", *map(_told, failed)]
        parts += ["This did not go:", *(f"  {left}" for left in _left(failed, place))]
        advice = _causes(failed, place)
        advice += ["To run again what did not go:", _again(spec, failed, place)]
    if left_alone:
        names = ", ".join(f"'{outcome.spec.name}'" for outcome in left_alone)
        parts += [f"Stopped waiting; the service goes on with the pipeline runs {names}."]
        parts += dict.fromkeys(diagnosis.message_of(each.error) for each in left_alone)
        advice += ["To wait for them again:"]
        advice += [wait_command(place.runs, outcome.spec.name) for outcome in left_alone]
    interrupted = any(isinstance(each.error, KeyboardInterrupt) for each in outcomes)
    error_type = ManualInterrupt if interrupted else AzureResponseError
    return error_type("\n".join(filter(None, parts)), recommendation=advice)


def _told(outcome: Outcome) -> str:
    if outcome.run and not outcome.error:
        reason = diagnosis.report(outcome.run, outcome.correlation_id)
    elif isinstance(outcome.error, KeyboardInterrupt):
        reason = "Interrupted before the service answered; it may have begun."
    else:
        reason = diagnosis.message_of(outcome.error)
    return f"{outcome.spec.name}: {reason}".replace("\n", "\n  ")


def _causes(failed: Iterable[Outcome], place: Place) -> list[str]:
    """What the failures mean, each cause once; the command that runs again is told apart."""
    causes = dict.fromkeys(
        tuple(
            diagnosis.advice_on(outcome.error)
            if outcome.error
            else diagnosis.advice(outcome.run, place.pipeline)
        )
        for outcome in failed
    )
    return [line for cause in causes for line in diagnosis.without_rerun(cause)]


def _left(failed: Iterable[Outcome], place: Place) -> list[str]:
    """Artifacts that an export, or blobs that an import did not move."""
    if place.kind is EXPORT:
        options = place.pipeline.options
        return [str(artifact) for outcome in failed for artifact in outcome.left(options)]
    return [outcome.spec.blob for outcome in failed]


def _again(spec: TransferSpec, failed: Iterable[Outcome], place: Place) -> str:
    left, at = _left(failed, place), place.runs.registry
    words = ["--resource-group", at.resource_group, "--registry", at.name]
    words += ["--name", splitting.retry_name(spec.name)]
    words += ["--pipeline", place.pipeline.name, "--pipeline-type", spec.kind.name]
    if spec.kind is EXPORT:
        words += ["--storage-blob", splitting.retry_blob(spec.blobs[0])]
        file = spec.manifests.written and str(spec.manifests.written.path)
        words += ["--only-failed", file, "--manifest", file] if file else ["--artifacts", *left]
    else:
        words += ["--storage-blob", *left]
    return shlex.join(["az", "acr", "pipeline-run", "create", *words])
