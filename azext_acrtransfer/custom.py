"""The commands: each makes a spec and a model, calls the service, and returns its answer.

``client`` is the service as the command group sees it, so that one function serves import and
export pipelines, and where the task is the same also runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azure.cli.core.azclierror import AzureResponseError
from knack.log import get_logger

from azext_acrtransfer.arguments import (
    SYSTEM_IDENTITY,
    ContainerUri,
    IdentityId,
    RunStatus,
    SecretUri,
    StorageAccessMode,
)
from azext_acrtransfer.command_lines import az
from azext_acrtransfer.diagnostics.exit_status import (
    COULD_NOT_LOOK,
    after_output,
    fail_after_output,
)
from azext_acrtransfer.kinds import KINDS, PipelineKind, PipelineOption
from azext_acrtransfer.manifest.files import ManifestFile
from azext_acrtransfer.manifest.model import Result, TransferManifest
from azext_acrtransfer.registry.patterns import Reference
from azext_acrtransfer.service import models, runs
from azext_acrtransfer.service.api_version import ApiVersion
from azext_acrtransfer.service.pipelines import PipelineChange, PipelineSpec, StorageAccess
from azext_acrtransfer.service.polling import Condition, Waiting
from azext_acrtransfer.service.registries import Registry
from azext_acrtransfer.service.resources import Answer, Resources, Service
from azext_acrtransfer.service.shapes import shapes
from azext_acrtransfer.service.states import PipelineState, RunState

if TYPE_CHECKING:
    from azext_acrtransfer.manifest.carried_files import CarriedFiles

logger = get_logger(__name__)


def show_resource(
    client: Service, registry_name: str, resource_name: str, resource_group_name: str | None = None
) -> Any:
    """Show one resource."""
    return client.of(registry_name, resource_group_name).get(resource_name).resource


def wait_for_pipeline(
    cmd: Any,
    client: Service,
    registry_name: str,
    resource_name: str,
    *,
    resource_group_name: str | None = None,
    timeout: int = 3600,
    interval: int = 30,
    created: bool = False,
    updated: bool = False,
    deleted: bool = False,
    exists: bool = False,
    custom: str | None = None,
) -> None:
    """Wait until a pipeline meets a condition; fail if it has failed instead."""
    pipelines = client.of(registry_name, resource_group_name)
    failed = Waiting(cmd.cli_ctx).until(
        Condition(created, updated, deleted, exists, custom),
        lambda: pipelines.look(resource_name),
        PipelineState,
        interval=interval,
        timeout=timeout,
    )
    if failed:
        raise _failed_pipeline(failed, client.kind)


def list_pipelines(
    client: Service, registry_name: str, resource_group_name: str | None = None
) -> Any:
    """List the pipelines of a registry."""
    pipelines = client.of(registry_name, resource_group_name).list()
    return [models.read(client.kind, pipeline) for pipeline in pipelines]


def delete_resource(
    client: Service,
    registry_name: str,
    resource_name: str,
    *,
    resource_group_name: str | None = None,
    no_wait: bool = False,
) -> Any:
    """Delete one resource; core waits for the poller that is returned."""
    return client.of(registry_name, resource_group_name).delete(resource_name, no_wait=no_wait)


def create_pipeline(
    cmd: Any,
    client: Service,
    *,
    registry_name: str,
    resource_name: str,
    container: ContainerUri,
    resource_group_name: str | None = None,
    access_mode: StorageAccessMode | None = None,
    secret: SecretUri | None = None,
    identity: IdentityId | None = None,
    options: tuple[PipelineOption, ...] = (),
    source_trigger: bool = True,
    grant_access: bool = False,
    no_wait: bool = False,
) -> Any:
    """Create a pipeline, and grant access to its identity or print how to do that."""
    access = StorageAccess.of(access_mode, secret)
    spec = PipelineSpec(
        client.kind, container, access, identity or SYSTEM_IDENTITY, options, source_trigger
    )
    model = models.pipeline(spec, ApiVersion.configured(cmd.cli_ctx))
    all_pipelines = client.of(registry_name, resource_group_name)
    pipeline = _put_pipeline(cmd, all_pipelines, resource_name, model, no_wait=no_wait)
    _grant_or_print(cmd, pipeline, client.kind, grant_access=grant_access)
    return pipeline


def check_pipeline(
    cmd: Any,
    client: Service,
    *,
    registry_name: str,
    resource_name: str,
    artifacts: tuple[Reference, ...] = (),
    storage_blob: tuple[str, ...] = (),
    manifest: TransferManifest | None = None,
    strict: bool = False,
    resource_group_name: str | None = None,
) -> Any:
    """Check the prerequisites of a pipeline; fail if a check fails or couldn't be made."""
    # Deferred: most commands don't need it.
    from azext_acrtransfer.preflight import rules
    from azext_acrtransfer.preflight.checker import Preflight
    from azext_acrtransfer.transfer.selection import Selection

    all_pipelines = client.of(registry_name, resource_group_name)
    preflight = Preflight(cmd, all_pipelines, client.kind)
    chosen = Selection(artifacts).resolve(preflight.registry) if artifacts else ()
    checks = preflight.check(resource_name, preflight.subject(chosen, storage_blob, manifest))
    if failure := rules.failure(checks, strict=strict):
        fail_after_output(cmd.cli_ctx, failure)
    else:
        fail_after_output(
            cmd.cli_ctx, rules.unknown_prerequisites(checks), exit_code=COULD_NOT_LOOK
        )
    return checks


def change_pipeline(
    cmd: Any,
    client: Service,
    instance: Any,
    *,
    container: ContainerUri | None = None,
    access_mode: StorageAccessMode | None = None,
    secret: SecretUri | None = None,
    identity: IdentityId | None = None,
    options: tuple[PipelineOption, ...] | None = None,
    source_trigger: bool | None = None,
) -> Any:
    """Change a pipeline that was read; core then applies --set, --add and --remove."""
    access = StorageAccess.of(access_mode, secret) if access_mode or secret else None
    change = PipelineChange(client.kind, container, access, identity, options, source_trigger)
    return models.change_pipeline(instance, change, ApiVersion.configured(cmd.cli_ctx))


def put_pipeline(
    cmd: Any,
    client: Service,
    pipeline: Any,
    *,
    container: ContainerUri | None = None,
    access_mode: StorageAccessMode | None = None,
    secret: SecretUri | None = None,
    identity: IdentityId | None = None,
    options: tuple[PipelineOption, ...] | None = None,
    grant_access: bool = False,
    no_wait: bool = False,
) -> Any:
    """Write a changed pipeline back; print which access it needs now, if that can have changed."""
    registry = Registry.of_resource(pipeline.id)
    all_pipelines = Resources(client, registry)
    changed = _put_pipeline(cmd, all_pipelines, pipeline.name, pipeline, no_wait=no_wait)
    deletes_blobs = PipelineOption.DELETE_SOURCE_BLOB in (options or ())
    if grant_access or deletes_blobs or any((container, access_mode, secret, identity)):
        _grant_or_print(cmd, changed, client.kind, grant_access=grant_access)
    return changed


def _grant_or_print(cmd: Any, pipeline: Any, kind: PipelineKind, *, grant_access: bool) -> None:
    """Grant access to the identity of a pipeline, or print how to do that."""
    if grant_access:
        # Deferred: most commands don't need it.
        from azext_acrtransfer.preflight import granting

        waiting = Waiting(cmd.cli_ctx)
        fail_after_output(cmd.cli_ctx, granting.grant_access(cmd.cli_ctx, pipeline, kind, waiting))
        return
    # Deferred: most commands don't need it.
    from azext_acrtransfer.diagnostics.facts import required_access

    logger.warning(required_access(pipeline, kind))


def _put_pipeline(
    cmd: Any, all_pipelines: Resources, name: str, model: Any, *, no_wait: bool
) -> Any:
    answer = all_pipelines.put(name, model)
    if no_wait:
        return answer.resource
    pipeline = Waiting(cmd.cli_ctx).settled(all_pipelines, name, answer, PipelineState)
    if not PipelineState(pipeline).has_succeeded:
        raise _failed_pipeline(pipeline, all_pipelines.kind)
    return pipeline


def _failed_pipeline(pipeline: Any, kind: PipelineKind) -> AzureResponseError:
    return AzureResponseError(
        f"The {kind.noun} '{pipeline.name}' is {PipelineState(pipeline)}, not Succeeded.",
        recommendation=f"Run '{az(f'acr {kind.group} show')}' to look at it, and create it again.",
    )


def create_run(  # pylint: disable=too-many-locals  # az passes every option as an argument
    cmd: Any,
    client: Service,
    *,
    registry_name: str,
    resource_name: str,
    pipeline_name: str,
    pipeline_type: str,
    storage_blob: tuple[str, ...],
    artifacts: tuple[Reference, ...] = (),
    exclude: tuple[Reference, ...] = (),
    manifest: ManifestFile | None = None,
    skip: TransferManifest | None = None,
    only_failed: TransferManifest | None = None,
    include_referrers: bool = False,
    max_blob_size: int | None = None,
    force_redeploy: bool = False,
    check: bool = False,
    dry_run: bool = False,
    resource_group_name: str | None = None,
    submit_only: bool = False,
    timeout: int | None = None,
    max_concurrent_runs: int | None = None,
) -> Any:
    """Run a pipeline in as many runs as the transfer needs, and wait for their end."""
    # Deferred: most commands don't need it.
    from azext_acrtransfer.transfer.context import TransferContext
    from azext_acrtransfer.transfer.creation import Transfer
    from azext_acrtransfer.transfer.specs import Manifests, Schedule, TransferSpec

    kind, schedule = KINDS[pipeline_type], Schedule(submit_only, timeout, max_concurrent_runs)
    context = TransferContext(
        cmd,
        client,
        kind,
        registry_name=registry_name,
        resource_group_name=resource_group_name,
        pipeline_name=pipeline_name,
    )
    transfer = Transfer(
        TransferSpec(
            kind,
            resource_name,
            storage_blob,
            artifacts,
            exclude,
            force_update_tag=str(uuid4()) if force_redeploy else None,
            manifests=Manifests(manifest, skip, only_failed),
            include_referrers=include_referrers,
            max_blob_size=max_blob_size,
        ),
        context,
    )
    if check:
        # Deferred: most commands don't need it.
        from azext_acrtransfer.preflight.checker import Preflight

        Preflight(cmd, context.pipelines, kind, lambda: context.content).require(
            pipeline_name, transfer.artifacts, transfer.blobs
        )
    if dry_run:
        return transfer.preview()
    return transfer.create_runs(Waiting(cmd.cli_ctx), schedule)


def show_run(
    client: Service, registry_name: str, resource_name: str, resource_group_name: str | None = None
) -> Any:
    """Show a run; explain a failed one."""
    all_runs = client.of(registry_name, resource_group_name)
    return _explained(all_runs, all_runs.get(resource_name))


def wait_for_run(
    cmd: Any,
    client: Service,
    registry_name: str | None = None,
    resource_name: str | None = None,
    *,
    manifest: ManifestFile | None = None,
    storage_blob: str | None = None,
    pipeline_name: str | None = None,
    resource_group_name: str | None = None,
    timeout: int = 3600,
    interval: int = 30,
    created: bool = False,
    updated: bool = False,
    deleted: bool = False,
    exists: bool = False,
    custom: str | None = None,
) -> None:
    """Wait until a run meets a condition, or has ended that a manifest or a blob specifies."""
    waiting: dict[str, Any] = {"interval": interval, "timeout": timeout}
    if manifest:
        # Deferred: most commands don't need it.
        from azext_acrtransfer.transfer.completion import Completion

        completion = Completion(cmd, client, manifest, registry_name)
        look = completion.look
        waiting["advice_on_timeout"] = completion.advice_on_timeout
    elif storage_blob:
        # Deferred: most commands don't need it.
        from azext_acrtransfer.transfer.triggered_run import TriggeredRun

        all_runs = client.of(str(registry_name), resource_group_name)
        triggered = TriggeredRun(cmd.cli_ctx, all_runs, pipeline_name, storage_blob)
        look = triggered.look
        waiting["advice_on_timeout"] = triggered.advice_on_timeout
    else:

        def look() -> Answer:
            return client.of(str(registry_name), resource_group_name).look(str(resource_name))

    condition = Condition(created, updated, deleted, exists, custom)
    failed = Waiting(cmd.cli_ctx).until(condition, look, RunState, **waiting)
    if failed:
        # Deferred: only a failed run needs it.
        from azext_acrtransfer.diagnostics import diagnosis

        all_runs = Resources(client, Registry.of_resource(failed.id))
        raise AzureResponseError(
            f"The pipeline run '{failed.name}' failed: {diagnosis.report(failed, None)}",
            recommendation=diagnosis.advice_on_read(all_runs, failed),
        )


def verify_manifest(
    cmd: Any,
    *,
    manifest: TransferManifest,
    registry_name: str | None = None,
    blobs: CarriedFiles | None = None,
    write: ManifestFile | None = None,
    only_differences: bool = False,
    resource_group_name: str | None = None,
) -> Any:
    """Compare a registry or carried files with a manifest; fail if something is different."""
    if blobs:
        rows: list[Any] = _verify_files(cmd, blobs)
    else:
        rows = _verify_registry(cmd, manifest, str(registry_name), write, resource_group_name)
    return [row for row in rows if not only_differences or row["status"] != Result.PRESENT.value]


def _verify_registry(
    cmd: Any,
    manifest: TransferManifest,
    registry_name: str,
    write: ManifestFile | None,
    resource_group_name: str | None,
) -> list[Any]:
    # Deferred: most commands don't need it.
    from azext_acrtransfer.manifest import verification
    from azext_acrtransfer.registry.client import RegistryClient

    registry = RegistryClient(cmd, registry_name, resource_group_name)
    findings = verification.compare(manifest, registry)
    now = datetime.now(timezone.utc)
    unwritten = write and write.try_to_write(
        verification.to_manifest(findings, registry.login_server, now)
    )
    written = write.path if write and not unwritten else None
    failure = verification.failure(findings, registry_name, written)
    if not failure:
        after_output(cmd.cli_ctx, lambda: logger.warning(verification.summary(findings)))
    is_known = unwritten or verification.has_differences(findings)
    exit_code = 1 if is_known else COULD_NOT_LOOK
    fail_after_output(cmd.cli_ctx, unwritten, failure, exit_code=exit_code)
    return [row for finding in findings for row in finding.rows]


def _verify_files(cmd: Any, files: CarriedFiles) -> list[Any]:
    # Deferred: most commands don't need it.
    from azext_acrtransfer.manifest import carried_files
    from azext_acrtransfer.service.progress import byte_progress

    with byte_progress(cmd.cli_ctx, "Verifying", files.size) as advance:
        blobs = list(files.compare(advance))
    failure = carried_files.failure(blobs, files.folder)
    if not failure:
        after_output(cmd.cli_ctx, lambda: logger.warning(carried_files.summary(blobs)))
    exit_code = 1 if carried_files.has_differences(blobs) else COULD_NOT_LOOK
    fail_after_output(cmd.cli_ctx, failure, exit_code=exit_code)
    return [blob.row for blob in blobs]


def _explained(all_runs: Resources, answer: Answer) -> Any:
    run = answer.resource
    if RunState(run).has_failed:
        # Deferred: only a failed run needs it.
        from azext_acrtransfer.diagnostics import diagnosis

        logger.warning("\n".join(diagnosis.advice_on_read(all_runs, run, answer.sent_at)))
    return runs.without_secrets(run)


def list_runs(
    client: Service,
    registry_name: str,
    resource_group_name: str | None = None,
    *,
    pipeline_name: str | None = None,
    status: RunStatus | None = None,
    top: int | None = None,
) -> Any:
    """List runs in the service's order, which is oldest first."""
    all_runs = client.of(registry_name, resource_group_name)
    chosen = runs.chosen(runs.of_pipeline(all_runs, pipeline_name), status=status)
    return _shown(runs.newest(chosen, top) if top else chosen)


def _shown(some_runs: Iterable[runs.Run]) -> list[dict[str, Any]]:
    return shapes(map(runs.without_secrets, some_runs))


def clean_runs(
    cmd: Any,
    client: Service,
    registry_name: str,
    resource_group_name: str | None = None,
    *,
    pipeline_name: str | None = None,
    older_than: timedelta | None = None,
    dry_run: bool = False,
) -> Any:
    """Delete the failed runs, or list them; fail if one could not be deleted."""
    # Deferred: most commands don't need it.
    from azext_acrtransfer.transfer import cleaning

    all_runs = client.of(registry_name, resource_group_name)
    before = datetime.now(timezone.utc) - older_than if older_than else None
    failed = runs.chosen(
        runs.of_pipeline(all_runs, pipeline_name), status=RunStatus.FAILED, ended_before=before
    )
    if dry_run:
        return _shown(failed)
    outcomes = cleaning.delete_all(Waiting(cmd.cli_ctx), all_runs, failed)
    fail_after_output(cmd.cli_ctx, cleaning.failure(outcomes))
    return outcomes
