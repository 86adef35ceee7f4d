"""A transfer in which every check passes, for tests to break one thing of."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from azure.mgmt.containerregistry import models

from azext_acrtransfer.diagnostics.facts import Facts, facts_of_pipeline
from azext_acrtransfer.kinds import EXPORT, PipelineKind
from azext_acrtransfer.preflight.grants import Grant
from azext_acrtransfer.preflight.lookups import ABSENT, Found, Lookup
from azext_acrtransfer.preflight.snapshot import (
    Content,
    Layer,
    PipelineLookups,
    RegistryLookups,
    SecretLookups,
    Snapshot,
    StorageLookups,
    Subject,
    VaultLookups,
)
from azext_acrtransfer.registry.references import Artifact
from tests.unit.conftest import pipeline

NOW = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
PRINCIPAL = "22222222-2222-2222-2222-222222222222"
ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/mystorage"
ARTIFACT = Artifact("samples/hello", "1.0")
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_MODELS = {"export": models.ExportPipeline, "import": models.ImportPipeline}

Json = dict[str, Any]


def there(value: Any) -> Lookup[Any]:
    """A reading of something."""
    return Found(value)


def sas(**fields: str) -> str:
    """A container SAS for everything, or as changed; a field that is blank is left out."""
    told = {"sv": "2026-02-06", "se": "2026-05-01T00:00:00Z", "sr": "c", "sp": "racwdl"}
    told |= {"spr": "https", "sig": "c2VjcmV0"} | fields
    return "?" + "&".join(f"{name}={text}" for name, text in told.items() if text)


def secret(value: str = sas(), **attributes: Any) -> Lookup[Any]:
    """A secret in a vault."""
    return there({"value": value, "attributes": {"enabled": True} | attributes})


def grant(*actions: str, role: str = "My role", condition: bool = False, **more: Any) -> Grant:
    """A role that allows these data actions."""
    return Grant(({"dataActions": actions} | more,), role, ACCOUNT, condition)


def registry(**properties: Any) -> Lookup[Any]:
    """The registry, or as changed."""
    sku = {"name": properties.pop("sku", "Premium")}
    told = {"loginServer": "myregistry.azurecr.io", "publicNetworkAccess": "Enabled"}
    return there({"sku": sku, "properties": told | properties})


def account(**properties: Any) -> Lookup[Any]:
    """The storage account, or as changed."""
    told = {"primaryEndpoints": {"blob": "https://mystorage.blob.core.windows.net/"}}
    return there({"id": ACCOUNT, "properties": told | properties})


def vault(**properties: Any) -> Lookup[Any]:
    """The vault, or as changed."""
    policy = {"objectId": PRINCIPAL.upper(), "permissions": {"secrets": ["Get"]}}
    told = {"vaultUri": "https://myvault.vault.azure.net/", "accessPolicies": [policy]}
    return there({"id": "/subscriptions/s/vaults/myvault", "properties": told | properties})


def blob(**headers: str | None) -> Lookup[Any]:
    """A blob as an export leaves it, or as changed."""
    told = {"last-modified": "Tue, 03 Mar 2026 12:00:00 GMT", "content-md5": "bWQ1"}
    changed = told | {"x-ms-meta-category": "acr-transfer-blob"} | headers
    return there({name: text for name, text in changed.items() if text})


def seen(
    kind: PipelineKind = EXPORT,
    mode: str = "SasToken",
    *,
    asked: Json | None = None,
    options: tuple[str, ...] = (),
    trigger: str = "Enabled",
    identity: Json | None = None,
    **changes: Any,
) -> Snapshot:
    """What a check reads if all is in order, or as changed."""
    body = pipeline(
        kind, options=list(options), provisioningState=changes.pop("state", "Succeeded")
    )
    body["properties"][kind.side]["storageAccessMode"] = mode
    body["properties"]["trigger"] = {"sourceTrigger": {"status": trigger}}
    if identity is not None:
        body["identity"] = identity
    model = _MODELS[kind.name](body)
    facts = Facts({"expiry": "2026-04-03"} | facts_of_pipeline(model, kind))
    about: Json = {"artifacts": (ARTIFACT,), "blobs": ("myblob",)} | (asked or {})
    content = Content("sha256:0a", (Layer("sha256:0b", 10),))
    whole: Json = {
        "registry": registry(),
        "caller": there((Grant(({"actions": ["*"], "notActions": []},)),)),
        "pipeline": there(model),
        "account": account(),
        "container": there({}),
        "contents": {ARTIFACT: there(content) if kind is EXPORT else ABSENT},
        "blobs": {"myblob": ABSENT if kind is EXPORT else blob()},
    }
    if mode == "SasToken":
        whole |= {"vault": vault(), "secret": secret(), "sas_answer": there("")}
    else:
        role = grant(f"{BLOBS}/*", role="Owner of blobs")
        whole |= {"storage_roles": there((role,)), "denials": there(())}
    changes = {"facts": facts} | whole | changes
    for group, kind_of_group, parts in _GROUPS:
        lookups = {field: changes.pop(part) for part, field in parts.items() if part in changes}
        changes[group] = kind_of_group(**lookups)
    return Snapshot(NOW, Subject(kind, **about), **changes)


_GROUPS: Any = (
    ("registry", RegistryLookups, {"registry": "resource", "caller": "caller"}),
    ("pipeline", PipelineLookups, {"pipeline": "resource", "identities": "identities"}),
    (
        "storage",
        StorageLookups,
        {"account": "account", "container": "container"}
        | {"storage_roles": "roles", "denials": "denials"},
    ),
    ("vault", VaultLookups, {"vault": "resource", "vault_roles": "roles"}),
    ("secret", SecretLookups, {"secret": "resource", "deleted_secret": "deleted"}),
)
