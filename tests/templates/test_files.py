"""The template files: what they take, whom they grant access, and that they fit in any cloud."""

from __future__ import annotations

import re
from typing import Any

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.templates.files import (
    FOLDER,
    GROUP,
    NAMES,
    deployed,
    deployment_context,
    document,
    parameters_file,
)

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
ROLES = {
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
}
#: As the guides name them.
PARAMETERS = {
    "ExportPipelines": "registryName exportPipelineName targetUri keyVaultName sasTokenSecretName"
    " storageAccessMode userAssignedIdentity options",
    "ImportPipelines": "registryName importPipelineName sourceUri keyVaultName sasTokenSecretName"
    " storageAccessMode userAssignedIdentity options sourceTriggerStatus",
    "PipelineRun/PipelineRun-Export": "registryName pipelineRunName pipelineResourceId targetName"
    " artifacts forceUpdateTag",
    "PipelineRun/PipelineRun-Import": "registryName pipelineRunName pipelineResourceId sourceName"
    " forceUpdateTag",
}
_GRANTING = {"grantAccess", "keyVaultPermissionModel"}


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_guides(name: str) -> None:
    declared = document(name)["parameters"]
    assert declared.keys() - _GRANTING == set(PARAMETERS[name].split())
    assert all(each["metadata"]["description"] for each in declared.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_parameters_file_has_all_that_must_be_given_and_deploys(name: str) -> None:
    declared = document(name)["parameters"]
    required = {key for key, each in declared.items() if "defaultValue" not in each}
    assert required <= parameters_file(name).keys() <= declared.keys()
    [*_, (resource_type, _, body)] = deployed(name, {})
    assert resource_type.startswith("Microsoft.ContainerRegistry/registries/")
    assert body["properties"]


def test_every_template_is_one_of_these() -> None:
    folders = {str(file.parent.relative_to(FOLDER)) for file in FOLDER.rglob("azuredeploy.json")}
    assert folders == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_cloud_is_spelled_out(name: str) -> None:
    content = document(name)
    del content["$schema"]
    for each in content["parameters"].values():
        del each["metadata"]
    text = re.sub(r'"\$schema": *"[^"]*"', "", str(content).replace("'", '"'))
    assert not re.search(r"core\.windows|vault\.azure|azurecr|management\.azure", text)


def test_the_secret_is_in_the_vault_of_the_cloud() -> None:
    [*_, (_, _, body)] = deployed("ExportPipelines", {}, deployment_context(".vault.azure.cn"))
    assert body["properties"]["target"]["keyVaultUri"] == (
        "https://sourcevault.vault.azure.cn/secrets/acrexportsas"
    )


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("identity", "principal"), [("", "principal-of-system"), ("/an/identity", "principal-of-user")]
)
def test_with_a_sas_the_identity_may_read_secrets(
    kind: PipelineKind, identity: str, principal: str
) -> None:
    grant, _ = deployed(f"{kind.name.title()}Pipelines", {"userAssignedIdentity": identity})
    vault = "sourcevault" if kind is EXPORT else "targetvault"
    policy = {
        "tenantId": "tenant",
        "objectId": principal,
        "permissions": {"secrets": ["get"]},
    }
    assert grant == (
        "Microsoft.KeyVault/vaults/accessPolicies",
        f"{vault}/add",
        {"properties": {"accessPolicies": [policy]}},
    )


def granted(kind: PipelineKind, **values: Any) -> Any:
    """The parameters of the nested deployment that assigns a role."""
    grant, _ = deployed(f"{kind.name.title()}Pipelines", values)
    resource_type, name, body = grant
    assert (resource_type, name) == ("Microsoft.Resources/deployments", "mydeployment-grant")
    given = body["properties"]["parameters"]
    return {key: each["value"] for key, each in given.items()}


def test_with_a_sas_in_a_vault_of_roles_the_identity_gets_one_there() -> None:
    assert granted(EXPORT, keyVaultPermissionModel="RBAC") == {
        "scope": f"{GROUP}/providers/Microsoft.KeyVault/vaults/sourcevault",
        "role": SECRETS_USER,
        "principalId": "principal-of-system",
    }


@pytest.mark.parametrize("with_options", [False, True])
@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
def test_without_a_sas_the_identity_gets_the_recommended_role(
    kind: PipelineKind, with_options: bool
) -> None:
    options = kind.options if with_options else ()
    account = "sourcestorage" if kind is EXPORT else "targetstorage"
    assert granted(
        kind, storageAccessMode="ManagedIdentity", options=[each.value for each in options]
    ) == {
        "scope": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{account}",
        "role": ROLES[kind.storage_role_for(options).name],
        "principalId": "principal-of-system",
    }


@pytest.mark.parametrize("name", ["ExportPipelines", "ImportPipelines"])
def test_who_grants_access_otherwise_can_say_so(name: str) -> None:
    [(resource_type, _, _)] = deployed(name, {"grantAccess": False})
    assert resource_type.startswith("Microsoft.ContainerRegistry/registries/")
