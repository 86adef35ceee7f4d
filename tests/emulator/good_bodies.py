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
SIDE = {"type": "AzureStorageBlobContainer", "uri": "https://a.blob.core.windows.net/c"}
SECRET = {"keyVaultUri": "https://v.vault.azure.net/secrets/s", "storageAccessMode": "SasToken"}
POLICY = {"tenantId": PUBLIC.tenant_id, "objectId": "o", "permissions": {"secrets": ["get"]}}
STORAGE_ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/bodiesaccount"
CONTAINER = f"{STORAGE_ACCOUNT}/blobServices/default/containers/bodies"
KEY_VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/bodiesvault"
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
            "networkRuleSet": {
                "defaultAction": "Allow",
                "ipRules": [{"action": "Allow", "value": "203.0.113.0/24"}],
            },
            "policies": {
                "exportPolicy": {"status": "enabled"},
                "retentionPolicy": {"days": 30, "status": "enabled"},
            },
        },
    },
    PIPELINE: {
        "location": "westus",
        "identity": {"type": "SystemAssigned", "userAssignedIdentities": {}},
        "properties": {"target": {**SIDE, **SECRET}, "options": ["OverwriteBlobs"]},
    },
    f"{REGISTRIES}/bodies/importPipelines/pipeline": {
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "source": {**SIDE, **SECRET},
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
    STORAGE_ACCOUNT: {
        **ACCOUNT,
        "tags": {"a": "b"},
        "properties": {
            "allowSharedKeyAccess": True,
            "networkAcls": {
                "defaultAction": "Allow",
                "ipRules": [{"action": "Allow", "value": "203.0.113.7"}],
            },
            "publicNetworkAccess": "Enabled",
        },
    },
    KEY_VAULT: {
        **VAULT,
        "tags": {"a": "b"},
        "properties": {
            **VAULT["properties"],
            "accessPolicies": [POLICY],
            "softDeleteRetentionInDays": 90,
        },
    },
    f"{KEY_VAULT}/accessPolicies/add": {"properties": {"accessPolicies": [POLICY]}},
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
#: The same for what is in blob storage or in a vault, and not in Resource Manager's own state.
BODIES_OF_CONTENT: dict[str, Json] = {
    f"{STORAGE_ACCOUNT}/blobServices/default": {
        "properties": {
            "deleteRetentionPolicy": {"enabled": True, "days": 7},
            "isVersioningEnabled": False,
        }
    },
    CONTAINER: {"properties": {"metadata": {"a": "b"}, "publicAccess": "None"}},
    f"{CONTAINER}/immutabilityPolicies/default": {
        "properties": {"immutabilityPeriodSinceCreationInDays": 1}
    },
    f"{KEY_VAULT}/secrets/bodies": {
        "properties": {"value": "x", "attributes": {"enabled": True, "exp": 4_000_000_000}},
        "tags": {"a": "b"},
    },
}


def parts(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body there is something to be changed."""
    for key, value in body.items() if isinstance(body, dict) else enumerate(body):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from parts(value, (*path, key))
