"""A good body for each type of resource, to be changed by tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.authorization import BLOBS
from acr_emulator.identity.tokens import Principal

from tests.emulator.arm_samples import ACCOUNT, CONTRIBUTOR, VAULT
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Json

SOMEBODY = Principal("3d1e6f4a-7a52-4a0e-9c42-9a3f6a8b1c01", name="somebody@example.com")
PIPELINE = f"{REGISTRIES}/bodies/exportPipelines/pipeline"
PLACE = {"type": "AzureStorageBlobContainer", "uri": "https://a.blob.core.windows.net/c"}
SECRET = {"keyVaultUri": "https://v.vault.azure.net/secrets/s", "storageAccessMode": "SasToken"}
POLICY = {"tenantId": PUBLIC.tenant_id, "objectId": "o", "permissions": {"secrets": ["get"]}}
TEMPLATE = {"contentVersion": "1.0.0.0", "resources": [], "parameters": {}}
#: A good body for each path; what is under another comes after it.
BODIES: dict[str, Json] = {
    GROUP: {"location": "westus", "tags": {"a": "b"}},
    f"{REGISTRIES}/bodies": {
        "location": "westus",
        "tags": {"a": "b"},
        "sku": {"name": "Premium"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "adminUserEnabled": True,
            "publicNetworkAccess": "Enabled",
            "networkRuleSet": {"defaultAction": "Allow", "ipRules": []},
            "policies": {"exportPolicy": {"status": "enabled"}},
        },
    },
    PIPELINE: {
        "location": "westus",
        "identity": {"type": "SystemAssigned", "userAssignedIdentities": {}},
        "properties": {"target": {**PLACE, **SECRET}, "options": ["OverwriteBlobs"]},
    },
    f"{REGISTRIES}/bodies/importPipelines/pipeline": {
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "source": {**PLACE, **SECRET},
            "options": ["OverwriteTags"],
            "trigger": {"sourceTrigger": {"status": "Disabled"}},
        },
    },
    f"{REGISTRIES}/bodies/pipelineRuns/run01": {
        "properties": {
            "request": {
                "pipelineResourceId": PIPELINE,
                "artifacts": ["hello:latest"],
                "target": {"type": "AzureStorageBlob", "name": "blob"},
            },
            "forceUpdateTag": "again",
        }
    },
    f"{GROUP}/providers/Microsoft.Storage/storageAccounts/bodiesaccount": {
        **ACCOUNT,
        "tags": {"a": "b"},
        "properties": {"networkAcls": {"defaultAction": "Allow"}, "publicNetworkAccess": "Enabled"},
    },
    f"{GROUP}/providers/Microsoft.KeyVault/vaults/bodiesvault": {
        **VAULT,
        "tags": {"a": "b"},
        "properties": {**VAULT["properties"], "accessPolicies": [POLICY]},
    },
    f"{GROUP}/providers/Microsoft.KeyVault/vaults/bodiesvault/accessPolicies/add": {
        "properties": {"accessPolicies": [POLICY]}
    },
    f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bodies": {
        "location": "westus",
        "tags": {"a": "b"},
    },
    f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/bodies": {
        "properties": {
            "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization"
            f"/roleDefinitions/{CONTRIBUTOR}",
            "principalId": SOMEBODY.object_id,
            "principalType": "ServicePrincipal",
        }
    },
    f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/bodies": {
        "properties": {
            "roleName": "Bodies",
            "description": "Reads.",
            "assignableScopes": [GROUP],
            "permissions": [{"actions": ["*/read"], "dataActions": [f"{BLOBS}/read"]}],
        }
    },
    f"{GROUP}/providers/Microsoft.Resources/deployments/bodies": {
        "properties": {"mode": "Incremental", "template": TEMPLATE, "parameters": {}}
    },
}


def parts(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body there is something to be changed."""
    for key, value in body.items() if isinstance(body, dict) else enumerate(body):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from parts(value, (*path, key))
