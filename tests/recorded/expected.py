"""What everything is called in the cassettes, and how az shows it."""

from __future__ import annotations

from typing import Any

from azext_acrtransfer.kinds import IMPORT, PipelineKind
from tests.support.az import SUBSCRIPTION, TENANT

#: What every cassette calls the site that its test has for itself while it is recorded.
SITE = "contoso"
#: Who runs the commands while they are recorded, as an application.
OPERATOR = "22222222-2222-2222-2222-222222222222"

WHERE = f"-g mygroup -r {SITE}registry"
CONTAINER = f"https://mystorage.blob.core.windows.net/{SITE}"
SECRET = f"https://{SITE}vault.vault.azure.net/secrets/acrsas"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/mygroup"
REGISTRY_TYPE = "Microsoft.ContainerRegistry/registries"
REGISTRY = f"{GROUP}/providers/{REGISTRY_TYPE}/{SITE}registry"
#: The first id that a cassette has is that of its first pipeline's identity.
PRINCIPAL = "00000000-0000-0000-0000-000000000001"

#: What logging in to the registry takes.
LOGIN = [f"GET {REGISTRY}", "POST /oauth2/exchange"]
TOKEN = "POST /oauth2/token"


def referrer_lists(**digests: str) -> list[str]:
    """The requests for the referrers of manifests in repositories, with __ for each slash."""
    names = {name.replace("__", "/"): digest for name, digest in digests.items()}
    return [f"GET /v2/{name}/referrers/{digest}" for name, digest in names.items()]


def minute(number: int) -> str:
    """The n-th time in a cassette."""
    return f"2026-01-20T12:{number:02}:00.123456+00:00"


def system_data(created: int, modified: int | None = None) -> dict[str, str]:
    """The systemData of a resource, by the minutes of its making and of its last change."""
    return {
        "createdAt": minute(created),
        "createdBy": OPERATOR,
        "createdByType": "Application",
        "lastModifiedAt": minute(modified or created),
        "lastModifiedBy": OPERATOR,
        "lastModifiedByType": "Application",
    }


def pipeline(
    kind: PipelineKind,
    *,
    storage: dict[str, str] | None = None,
    trigger: str = "Enabled",
    **more: Any,
) -> dict[str, Any]:
    """A pipeline with a SAS and a system-assigned identity, or as changed."""
    shown: dict[str, Any] = {
        "id": f"{REGISTRY}/{kind.resource_type}/mypipeline",
        "identity": {"principalId": PRINCIPAL, "tenantId": TENANT, "type": "systemAssigned"},
        "name": "mypipeline",
        "provisioningState": "Succeeded",
        "resourceGroup": "mygroup",
        "systemData": system_data(1),
        "type": f"{REGISTRY_TYPE}/{kind.resource_type}",
        kind.side: {
            "type": "AzureStorageBlobContainer",
            "uri": CONTAINER,
            **(storage or {"keyVaultUri": SECRET, "storageAccessMode": "SasToken"}),
        },
    }
    if kind is IMPORT:
        shown["trigger"] = {"sourceTrigger": {"status": trigger}}
    return shown | more


def run(
    kind: PipelineKind, *, artifacts: list[str] | None = None, name: str = "myrun01", **more: Any
) -> dict[str, Any]:
    """A run that went well, or as changed; ``artifacts`` are those of an export's request."""
    request: dict[str, Any] = {
        "pipelineResourceId": f"{REGISTRY}/{kind.resource_type}/mypipeline",
        kind.side: {"type": "AzureStorageBlob", "name": "myblob"},
    }
    if artifacts:
        request["artifacts"] = artifacts
    return {
        "id": f"{REGISTRY}/pipelineRuns/{name}",
        "name": name,
        "provisioningState": "Succeeded",
        "request": request,
        "resourceGroup": "mygroup",
        "systemData": system_data(2),
        "type": f"{REGISTRY_TYPE}/pipelineRuns",
    } | more


def response(kind: PipelineKind, started: int, finished: int, **more: Any) -> dict[str, Any]:
    """What a run answers that went well between two minutes, or as changed."""
    return {
        "finishTime": minute(finished),
        "progress": {"percentage": "100"},
        "startTime": minute(started),
        "status": "Succeeded",
        kind.side: {
            "keyVaultUri": SECRET,
            "storageAccessMode": "SasToken",
            "type": "AzureStorageBlob",
            "uri": f"{CONTAINER}/myblob",
        },
    } | more
