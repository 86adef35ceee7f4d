"""The SDK's models of pipelines and runs, made from specs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError
from azure.mgmt.containerregistry.models import ExportPipeline, ImportPipeline, PipelineRun

from azext_acrtransfer.arguments import SYSTEM_IDENTITY, IdentityId, StorageAccessMode
from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN, PipelineKind, ResourceKind
from azext_acrtransfer.service.api_version import DEFAULT, SETTING, ApiVersion, setting
from azext_acrtransfer.service.pipelines import PipelineChange, PipelineSpec, StorageAccess

_MODELS = {EXPORT: ExportPipeline, IMPORT: ImportPipeline, RUN: PipelineRun}


def pipeline(spec: PipelineSpec, version: ApiVersion) -> Any:
    """Return the complete body of a PUT that creates a pipeline."""
    # The type is optional in the API and absent from the SDK's defaults; Azure's templates send it.
    container = {"type": "AzureStorageBlobContainer", "uri": spec.container.text}
    properties: dict[str, Any] = {
        spec.kind.side: container | _access(spec.access, version),
    }
    if spec.options:
        properties["options"] = [option.value for option in spec.options]
    if spec.kind is IMPORT:
        properties["trigger"] = _trigger(enabled=spec.source_trigger)
    body = {"identity": _identity(spec.identity), "properties": properties}
    return _MODELS[spec.kind](body)


def read(kind: ResourceKind, document: dict[str, Any]) -> Any:
    """Return the model of a pipeline or a run in the service's JSON."""
    return _MODELS[kind](document)


def change_pipeline(model: Any, change: PipelineChange, version: ApiVersion) -> Any:
    """Change a pipeline as the service returned it; properties unknown to the SDK stay in it."""
    properties = model["properties"]
    container = properties[change.kind.side]
    if change.container:
        container["uri"] = change.container.text
    if change.access:
        container.pop("keyVaultUri", None)
        container.update(_access(change.access, version))
    if change.options is not None:
        properties["options"] = [option.value for option in change.options]
    if change.source_trigger is not None:
        properties["trigger"] = _trigger(enabled=change.source_trigger)
    if change.identity:
        model["identity"] = _identity(change.identity)
    return model


def run(
    kind: PipelineKind,
    pipeline_id: str,
    *,
    blob: str,
    artifacts: Sequence[str] = (),
    force_update_tag: str | None = None,
) -> Any:
    """Return the complete body of a PUT that creates a run."""
    request: dict[str, Any] = {
        "pipelineResourceId": pipeline_id,
        kind.side: {"type": "AzureStorageBlob", "name": blob},
    }
    if artifacts:
        request["artifacts"] = list(artifacts)
    properties: dict[str, Any] = {"request": request}
    if force_update_tag:
        properties["forceUpdateTag"] = force_update_tag
    return PipelineRun({"properties": properties})


def _access(access: StorageAccess, version: ApiVersion) -> dict[str, str]:
    if access.mode is StorageAccessMode.MANAGED_IDENTITY and not version.has_storage_access_mode:
        raise InvalidArgumentValueError(
            "--storage-access-mode ManagedIdentity (the default without --secret-uri) requires API "
            f"version {DEFAULT} or later; the setting {SETTING} is {version.text}.",
            recommendation=f"Specify --secret-uri to use a SAS token, or run '{setting(DEFAULT)}' "
            "where the cloud offers it.",
        )
    words = {}
    if access.secret:
        words["keyVaultUri"] = access.secret.text
    if version.has_storage_access_mode:
        words["storageAccessMode"] = access.mode.value
    return words


def _identity(identity: IdentityId) -> dict[str, Any]:
    if identity == SYSTEM_IDENTITY:
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "userAssignedIdentities": {identity.text: {}}}


def _trigger(*, enabled: bool) -> dict[str, Any]:
    return {"sourceTrigger": {"status": "Enabled" if enabled else "Disabled"}}
