"""The report of a transfer: its result, its error, and the command to transfer the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from azure.cli.core.azclierror import AzCLIError, AzureResponseError
from azure.core.exceptions import AzureError
from knack.log import get_logger

from azext_acrtransfer.command_lines import Command, Value, az
from azext_acrtransfer.diagnostics import diagnosis
from azext_acrtransfer.diagnostics.exit_status import fail_after_output, reported_in_any_case
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.manifest.model import Result, TransferManifest
from azext_acrtransfer.manifest.recorder import Recorded
from azext_acrtransfer.redaction import LONGEST_LIST, enumerated, shortened
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service import runs
from azext_acrtransfer.service.polling import (
    raise_stopped,
    stop_error,
    stop_message,
    wait_command,
)
from azext_acrtransfer.transfer import splitting
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.execution import Outcome, named
from azext_acrtransfer.transfer.specs import TransferSpec

logger = get_logger(__name__)


def report(
    spec: TransferSpec,
    context: TransferContext,
    outcomes: Sequence[Outcome],
    *,
    recorded: Recorded | None,
    unwritten: AzCLIError | None,
) -> Any:
    """Return the run or the list of runs; a failure fails the command.

    ``unwritten`` is the error if a manifest couldn't be written.
    """
    reporter = Reporter(context, spec.name, spec.blobs[0], recorded, spec.max_blob_size)
    with reported_in_any_case(unwritten):
        if len(outcomes) == 1:
            result, failure = reporter.run_of(outcomes[0]), None
        else:
            result = [runs.without_secrets(outcome.run) for outcome in outcomes if outcome.run]
            failure = reporter.failure_of(outcomes)
    fail_after_output(context.cli_ctx, unwritten, failure)
    return result


@dataclass(frozen=True)
class Reporter:
    """Explains how the runs of a transfer ended, and how to continue it.

    ``name`` and ``blob`` are those that the runs' own ones come from.
    """

    context: TransferContext
    name: str
    blob: str
    recorded: Recorded | None
    max_blob_size: int | None = None

    def run_of(self, outcome: Outcome) -> Any:
        """Return the only run of a transfer; raise its failure."""
        if outcome.stop and not outcome.run:
            [reason] = _reasons([outcome])
            raise stop_error(outcome.stop, reason, self._check_creation([outcome]))
        if outcome.error and outcome.run:
            [command] = self._continuation([outcome])
            raise_stopped(self.context.runs, outcome.spec.name, outcome.error, command)
        if outcome.error:
            raise outcome.error
        if outcome.has_failed:
            self._raise_failed(outcome)
        return outcome.run

    def _raise_failed(self, outcome: Outcome) -> NoReturn:
        reason = diagnosis.report(outcome.run, outcome.correlation_id)
        parts = [f"The pipeline run '{outcome.spec.name}' failed: {reason}"]
        rest: list[str] = []
        if self.recorded or len(outcome.spec.artifacts) > 1 or _imported(outcome):
            parts += self._not_transferred([outcome])
            rest = self._rest([outcome])
        advice = diagnosis.advice(outcome.run, self.context.pipeline, with_rerun=not rest)
        raise AzureResponseError("\n".join(parts), recommendation=[*advice, *rest])

    def failure_of(self, outcomes: Sequence[Outcome]) -> AzCLIError | None:
        """Return the error for runs that failed or aren't waited for, if there are any."""
        left = [outcome for outcome in outcomes if outcome.has_failed]
        still_running = [
            outcome for outcome in outcomes if outcome.error and outcome.is_in_progress
        ]
        if not left and not still_running:
            return None
        stop = next((outcome.stop for outcome in outcomes if outcome.stop), None)
        failed = [outcome for outcome in left if not outcome.is_not_requested]
        parts, advice = [], []
        if failed:
            parts = [f"{len(failed)} of {len(outcomes)} runs failed:", *_reasons(failed)]
        if not_requested := [outcome.spec.name for outcome in left if outcome.is_not_requested]:
            names = enumerated(f"'{name}'" for name in not_requested)
            parts.append(f"{len(not_requested)} of {len(outcomes)} runs weren't created: {names}.")
        if left:
            parts += self._not_transferred(left)
            unanswered = [outcome for outcome in failed if outcome.stop]
            check = self._check_creation(unanswered) if unanswered else []
            advice = [*self._causes(failed), *check, *self._rest(left)]
        if still_running:
            names = enumerated(f"'{outcome.spec.name}'" for outcome in still_running)
            parts += [f"{stop_message(stop)} These pipeline runs are still in progress: {names}."]
            parts += dict.fromkeys(diagnosis.message_of(outcome.error) for outcome in still_running)
            advice += ["To resume waiting, run:", *self._continuation(still_running)]
        return stop_error(stop, "\n".join(filter(None, parts)), advice)

    def failure_of_manifest(
        self, manifest: TransferManifest, outcomes: Sequence[Outcome]
    ) -> AzureResponseError | None:
        """Return the error for failed runs, and for artifacts that the manifest has as left."""
        failed = [outcome for outcome in outcomes if outcome.has_failed]
        left = [entry for entry in manifest.entries if entry.is_left]
        if not failed and not left:
            return None
        parts = [f"{len(left)} of {len(manifest.entries)} artifacts aren't known to be exported."]
        if failed:
            parts = [f"{len(failed)} of {len(outcomes)} runs failed:", *_reasons(failed)]
        parts += _by_result((entry.artifact, entry.result) for entry in left)
        errors = {run.name: run.error for run in manifest.runs}
        missing = self._missing(
            (error, [entry.artifact for entry in left if entry.run == name])
            for name, error in errors.items()
        )
        try:
            advice = [*self._causes(failed), *self._export_again(manifest.left, missing)]
        except (AzCLIError, AzureError) as error:  # without the pipeline, the results still count
            advice = [
                "The manifest was completed. How to transfer the rest is unknown: "
                f"{diagnosis.message_of(error)}"
            ]
        return AzureResponseError("\n".join(parts), recommendation=advice)

    def _causes(self, failed: Iterable[Outcome]) -> list[str]:
        """Return the meaning of failures, each cause once, without the command to run again."""
        causes = dict.fromkeys(
            tuple(
                diagnosis.advice_on(outcome.error, with_rerun=False)
                if outcome.error
                else diagnosis.advice(outcome.run, self.context.pipeline, with_rerun=False)
            )
            for outcome in failed
        )
        return [line for cause in causes for line in cause]

    def _not_transferred(self, failed: Sequence[Outcome]) -> list[str]:
        """Return what failed runs transferred, and what they did not or might not have."""
        if self.context.kind is not EXPORT:
            imported = [name for outcome in failed for name in _imported(outcome)]
            blobs = [outcome.spec.blob for outcome in failed]
            return [
                *_listed("Imported:", imported),
                *_listed("Not imported completely:", blobs),
            ]
        results = {
            artifact: result
            for outcome in failed
            for artifact, result in outcome.results(self._options).items()
        }
        return _by_result(results.items())

    def _rest(self, failed: Sequence[Outcome]) -> list[str]:
        """Return how to run again what wasn't transferred, and still exists."""
        if self.context.kind is not EXPORT:
            return ["To transfer the rest, run:", *self._import_again(failed)]
        left = [artifact for outcome in failed for artifact in outcome.left(self._options)]
        missing = self._missing((outcome.message, outcome.spec.artifacts) for outcome in failed)
        return self._export_again(left, missing)

    def _missing(self, failures: Iterable[tuple[str | None, Sequence[Artifact]]]) -> list[Artifact]:
        """Return those of the artifacts of failed runs that their error says don't exist."""
        registry = self.context.runs.registry.name
        missing: list[Artifact] = []
        for error, artifacts in failures:
            lines = filter(diagnosis.is_about_missing_artifact, (error or "").splitlines())
            about_missing = named("\n".join(lines), artifacts, registry)
            missing += [artifact for artifact in artifacts if artifact in about_missing]
        return missing

    def _import_again(self, failed: Sequence[Outcome]) -> Iterator[str]:
        """Return how to import blobs again, by commands that aren't too long for a shell."""
        blobs = iter([outcome.spec.blob for outcome in failed])
        name = self.name
        while some := list(islice(blobs, LONGEST_LIST)):
            name = splitting.retry_name(name)
            yield str(self._again(name, some))

    def _export_again(self, left: Sequence[Artifact], missing: Sequence[Artifact]) -> list[str]:
        """Return how to export artifacts again, but for those that don't exist any more."""
        again = [str(artifact) for artifact in left if artifact not in missing]
        if not again:
            return []
        command = self._again(splitting.retry_name(self.name), splitting.retry_blob(self.blob))
        if self.recorded and set(self.recorded.manifest.left) == set(left):
            command = command.adding(only_failed=self.recorded.file)
            option, file, names = "exclude", "missing.txt", list(map(str, missing))
        else:
            option, file, names = "artifacts", "left.txt", again
        if self.max_blob_size:
            command = command.adding(max_blob_size=str(self.max_blob_size))
        # A long list goes into a file: cmd.exe takes 8,191 characters.
        is_long = len(names) > LONGEST_LIST
        if names:
            command = command.adding(**{option: f"@{file}" if is_long else names})
        if self.recorded:
            command = command.adding(manifest=self.recorded.file)
        if not is_long:
            return ["To transfer the rest, run:", str(command)]
        lines = [f"To transfer the rest, save these lines as {file}:", *names]
        return [*lines, "Then run:", str(command)]

    def _again(self, name: str, blobs: Value) -> Command:
        registry = self.context.runs.registry
        return az(
            "acr pipeline-run create",
            resource_group=registry.resource_group,
            registry=registry.name,
            name=name,
            pipeline=self.context.pipeline.name,
            pipeline_type=self.context.kind.name,
            storage_blob=blobs,
        )

    def _continuation(self, outcomes: Iterable[Outcome]) -> list[str]:
        """Return the commands that wait for runs again."""
        if self.recorded:
            return [self.recorded.wait_command]
        return [wait_command(self.context.runs, outcome.spec.name) for outcome in outcomes]

    def _check_creation(self, unanswered: Sequence[Outcome]) -> list[str]:
        """Return how to find out whether runs were created."""
        if self.recorded:
            return [
                "To check whether the run was created, and complete the manifest, run:",
                self.recorded.wait_command,
            ]
        registry = self.context.runs.registry
        options = {"resource_group": registry.resource_group, "registry": registry.name}
        return [
            "To check whether the run was created, run:",
            *(
                str(az("acr pipeline-run show", **options, name=outcome.spec.name))
                for outcome in unanswered
            ),
        ]

    @property
    def _options(self) -> Sequence[str]:
        return self.context.pipeline.options or ()


def _reasons(failed: Iterable[Outcome]) -> list[str]:
    """Return why runs failed: what several have in common once, and the IDs of each."""
    by_reason: dict[str, dict[str, str]] = defaultdict(dict)
    for outcome in failed:
        reason, ids = _reason_of(outcome)
        by_reason[reason][outcome.spec.name] = ids
    texts = (
        "\n".join([f"{enumerated(ids)}: {reason}", *shortened(filter(None, ids.values()))])
        for reason, ids in by_reason.items()
    )
    return [text.replace("\n", "\n  ") for text in texts]


def _reason_of(outcome: Outcome) -> tuple[str, str]:
    """Return why a run failed, and the IDs or the request that only this run has."""
    if outcome.run and not outcome.error:
        ids = diagnosis.ids(outcome.run, outcome.correlation_id)
        return diagnosis.error_message(outcome.run), ids
    if outcome.stop:
        return "Interrupted before the service answered. The run might have been created.", ""
    reason, label, request = diagnosis.message_of(outcome.error).partition("\nRequest:")
    return reason, f"{label}{request}".lstrip()


def _imported(outcome: Outcome) -> Sequence[str]:
    response = outcome.run and outcome.run.response
    return (response and response.imported_artifacts) or ()


def _by_result(results: Iterable[tuple[Artifact, Result]]) -> list[str]:
    """Return lines that name the artifacts that weren't exported, and those that might not be."""
    pairs = list(results)
    failed = [str(artifact) for artifact, result in pairs if result is Result.FAILED]
    unknown = [str(artifact) for artifact, result in pairs if result is Result.UNKNOWN]
    return [*_listed("Not exported:", failed), *_listed("Possibly not exported:", unknown)]


def _listed(title: str, names: Sequence[str]) -> list[str]:
    return [title, *(f"  {name}" for name in shortened(names))] if names else []
