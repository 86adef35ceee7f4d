"""Completion of a manifest: how the runs ended that no command waited for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from azure.cli.core.azclierror import AzCLIError, InvalidArgumentValueError
from azure.core.exceptions import AzureError
from azure.mgmt.core.tools import parse_resource_id

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.kinds import EXPORT, PipelineOption
from azext_acrtransfer.manifest.files import ManifestFile
from azext_acrtransfer.manifest.model import (
    WRITTEN,
    ManifestRun,
    Result,
    TransferManifest,
    rfc3339,
)
from azext_acrtransfer.manifest.recorder import complete, wait_command
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.resources import Answer, Service
from azext_acrtransfer.transfer.blob_contents import contents_of_blobs
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.moved_tags import moved_tags
from azext_acrtransfer.transfer.records import records_of
from azext_acrtransfer.transfer.report import Reporter
from azext_acrtransfer.transfer.specs import RunSpec


@dataclass(frozen=True)
class Completion:
    """The completion of a manifest, for ``wait``."""

    cmd: Any
    client: Service
    file: ManifestFile
    registry_name: str | None
    #: Keys of runs that had ended at an earlier look: their blobs aren't read again.
    _ended: set[tuple[str, str]] = field(default_factory=set)

    def look(self) -> Answer:
        """Return a resource that succeeds when all runs of the manifest have ended."""
        state = RunStatus.SUCCEEDED.value if self._complete() else "Running"
        return Answer({"properties": {"provisioningState": state}})

    def advice_on_timeout(self) -> list[str]:
        """Return what to do when the wait was too short."""
        return ["To resume waiting, run:", wait_command(self.file.path)]

    def _complete(self) -> bool:
        """Read the runs that aren't known to have ended, and add how they did to the manifest.

        Adds the sizes and MD5 hashes of blobs that it lacks, too. Returns whether all runs have
        ended, and raises the error for failed runs and for artifacts that aren't exported then.
        """
        manifest = self.file.require()
        context = _context_of(self.cmd, self.client, manifest, self.registry_name)
        outcomes = list(_read(context, _open_runs(manifest)))
        earlier = list(_read_again(context, _without_blob(manifest, self._ended)))
        known = [outcome for outcome in outcomes if outcome.run] + earlier
        blobs = contents_of_blobs(self.cmd.cli_ctx, known)
        records = records_of(known, _options(context, outcomes), blobs)
        self._ended.update(record.run.key for record in records if record.run.has_ended)
        contents = {
            entry.artifact: entry.descriptor for entry in manifest.entries if entry.descriptor
        }
        moved = moved_tags(context, contents, outcomes)
        recorded = complete(self.file, manifest, records, moved)
        if any(outcome.is_in_progress for outcome in outcomes):
            return False
        [*_, last] = manifest.runs or [ManifestRun("export", "export")]
        reporter = Reporter(context, last.name, last.blob, recorded)
        if failure := reporter.failure_of_manifest(recorded.manifest, outcomes):
            raise failure
        return True


def _context_of(
    cmd: Any, client: Service, manifest: TransferManifest, registry_name: str | None
) -> TransferContext:
    """Return the registry and the pipeline that a manifest names."""
    parts = {key: str(value) for key, value in parse_resource_id(manifest.pipeline or "").items()}
    if parts.get("child_type_1", "").lower() != EXPORT.resource_type.lower():
        raise InvalidArgumentValueError(
            "--manifest has a manifest that doesn't name its export pipeline.",
            recommendation="Use the file that the export wrote.",
        )
    subscription, registry = parts["subscription"], parts["name"]
    if subscription.lower() != client.subscription.lower():
        raise InvalidArgumentValueError(
            f"--manifest has a manifest of subscription '{subscription}', and the active one is "
            f"'{client.subscription}'.",
            recommendation=f"Add --subscription {subscription}.",
        )
    if registry_name and registry_name.lower() != registry.lower():
        raise InvalidArgumentValueError(
            f"--manifest has a manifest of registry '{registry}', and not of registry "
            f"'{registry_name}'.",
            recommendation="Omit --registry.",
        )
    return TransferContext(
        cmd,
        client,
        EXPORT,
        registry_name=registry,
        resource_group_name=parts["resource_group"],
        pipeline_name=parts["child_name_1"],
    )


def _open_runs(manifest: TransferManifest) -> list[RunSpec]:
    """Return the runs that aren't known to have ended, with their unknown artifacts."""
    unknown: dict[str | None, list[Artifact]] = defaultdict(list)
    for entry in manifest.entries:
        if entry.result is Result.UNKNOWN:
            unknown[entry.run].append(entry.artifact)
    open_runs = manifest.open_runs
    return [
        RunSpec(EXPORT, run.name, run.blob, tuple(unknown[run.name]))
        for run in _existing_runs(manifest)
        if run in open_runs
    ]


def _without_blob(
    manifest: TransferManifest, known: Container[tuple[str, str]]
) -> list[ManifestRun]:
    """Return the other runs that wrote a blob, but whose size and MD5 the manifest lacks."""
    return [
        run
        for run in _existing_runs(manifest)
        if run.status in WRITTEN and run.blob_size is None and run.key not in known
    ]


def _existing_runs(manifest: TransferManifest) -> Iterable[ManifestRun]:
    """Return the runs that the service can have: of several with a name, the last one."""
    return {run.name: run for run in manifest.runs}.values()


def _read(context: TransferContext, specs: Iterable[RunSpec]) -> Iterator[Outcome]:
    def read(spec: RunSpec) -> Outcome:
        answer = context.runs.get(spec.name)
        run = answer.resource
        requested = (run.request and run.request.artifacts) or ()
        # Another run can have taken the name since.
        artifacts = [name for name in spec.artifacts if str(name) in requested or not requested]
        return Outcome(
            replace(spec, artifacts=tuple(artifacts)),
            run,
            correlation_id=answer.correlation_id,
            is_existing=True,
        )

    return run_concurrently(read, specs, on_error=lambda spec, error: Outcome(spec, error=error))


def _read_again(context: TransferContext, runs: Sequence[ManifestRun]) -> Iterator[Outcome]:
    """Return the runs that the service still has, and that nobody started again since."""
    finished = {run.name: run.finished for run in runs}
    for outcome in _read(context, [RunSpec(EXPORT, run.name, run.blob) for run in runs]):
        time = outcome.run and outcome.run.response and outcome.run.response.finish_time
        if time and rfc3339(time) == finished[outcome.spec.name]:
            yield outcome


def _options(context: TransferContext, outcomes: Iterable[Outcome]) -> Sequence[str]:
    if not any(outcome.run and outcome.has_failed for outcome in outcomes):
        return ()
    try:
        return context.pipeline.options or ()
    except (AzureError, AzCLIError):  # without them, nothing is certain
        return (PipelineOption.CONTINUE_ON_ERRORS.value,)
