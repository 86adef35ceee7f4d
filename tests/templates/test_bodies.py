"""A template and the extension ask the service for the very same, given the same."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer.arguments import (
    SYSTEM_IDENTITY,
    ContainerUri,
    IdentityId,
    SecretUri,
    StorageAccessMode,
)
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind, PipelineOption
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service import models
from azext_acrtransfer.service.api_version import DEFAULT, ApiVersion
from azext_acrtransfer.service.pipelines import PipelineSpec, StorageAccess
from tests.templates.files import GROUP, Json, deployed

CONTAINER = "https://mystorage.blob.core.windows.net/transfer"
SECRET = "https://myvault.vault.azure.net/secrets/mysecret"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/myidentity"
NAMES = {"registryName": "myregistry", "keyVaultName": "myvault", "sasTokenSecretName": "mysecret"}


def pipeline(kind: PipelineKind, **values: Any) -> Json:
    """The pipeline that a template deploys."""
    names = {f"{kind.name}PipelineName": "mypipeline", f"{kind.side}Uri": CONTAINER}
    resources = deployed(f"{kind.name.title()}Pipelines", NAMES | names | values)
    resource_type, name, body = resources[-1]
    assert resource_type == f"Microsoft.ContainerRegistry/registries/{kind.resource_type}"
    assert name == "myregistry/mypipeline"
    return body


def sent(model: Any) -> Json:
    """What the extension puts into its request."""
    body: Json = model.as_dict(exclude_readonly=True)
    return body


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
@pytest.mark.parametrize("mode", list(StorageAccessMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("identity", [SYSTEM_IDENTITY, IdentityId.parse(IDENTITY)], ids=["-", "i"])
@pytest.mark.parametrize("every_option", [False, True], ids=["-", "options"])
def test_pipeline(
    kind: PipelineKind, mode: StorageAccessMode, identity: IdentityId, every_option: bool
) -> None:
    with_sas = mode is StorageAccessMode.SAS_TOKEN
    options: tuple[PipelineOption, ...] = kind.options if every_option else ()
    spec = PipelineSpec(
        kind=kind,
        container=ContainerUri.parse(CONTAINER),
        access=StorageAccess.of(mode, SecretUri.parse(SECRET) if with_sas else None),
        identity=identity,
        options=options,
    )
    body = pipeline(
        kind,
        storageAccessMode=mode.value,
        options=[option.value for option in options],
        userAssignedIdentity="" if identity == SYSTEM_IDENTITY else IDENTITY,
    )
    assert body == sent(models.pipeline(spec, ApiVersion(DEFAULT)))


@pytest.mark.parametrize(("status", "enabled"), [("Enabled", True), ("Disabled", False)])
def test_trigger(status: str, enabled: bool) -> None:
    access = StorageAccess.of(None, SecretUri.parse(SECRET))
    spec = PipelineSpec(IMPORT, ContainerUri.parse(CONTAINER), access, source_trigger=enabled)
    body = pipeline(IMPORT, sourceTriggerStatus=status, options=[])
    assert body == sent(models.pipeline(spec, ApiVersion(DEFAULT)))


def test_key_vault_parameters_may_be_left_out_with_a_managed_identity() -> None:
    values = {"storageAccessMode": "ManagedIdentity", "options": []}
    without = pipeline(EXPORT, **values, keyVaultName=None, sasTokenSecretName=None)
    assert without == pipeline(EXPORT, **values)


@pytest.mark.parametrize("tag", [None, "2026-11-21:07:08:09"])
@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
def test_run(kind: PipelineKind, tag: str | None) -> None:
    pipeline_id = (
        f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/myregistry"
        f"/{kind.resource_type}/mypipeline"
    )
    artifacts = ["samples/hello-world:v1", f"samples/nginx@sha256:{'0' * 64}"]
    values = {
        "registryName": "myregistry",
        "pipelineRunName": "myrun",
        "pipelineResourceId": pipeline_id,
        f"{kind.side}Name": "myblob",
        "forceUpdateTag": tag,
        **({"artifacts": artifacts} if kind is EXPORT else {}),
    }
    given = {key: value for key, value in values.items() if value is not None}
    [run] = deployed(f"PipelineRun/PipelineRun-{kind.name.title()}", given)
    parsed = tuple(map(Artifact.parse, artifacts)) if kind is EXPORT else ()
    texts = [str(artifact) for artifact in parsed]
    model = models.run(kind, pipeline_id, blob="myblob", artifacts=texts, force_update_tag=tag)
    resource_type = "Microsoft.ContainerRegistry/registries/pipelineRuns"
    assert run == (resource_type, "myregistry/myrun", sent(model))
