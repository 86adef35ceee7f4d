"""A transfer in which every check passes, for tests to break one thing of."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import Any

from azure.mgmt.containerregistry import models

from azext_acrtransfer.diagnostics.facts import Facts, facts_of_pipeline
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
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


def sas(**fields: str) -> str:
    """A container SAS for everything, or as changed; a field that is blank is left out."""
    default = {"sv": "2026-02-06", "se": "2026-05-01T00:00:00Z", "sr": "c", "sp": "racwdl"}
    default |= {"spr": "https", "sig": "c2VjcmV0"} | fields
    return "?" + "&".join(f"{name}={text}" for name, text in default.items() if text)


def secret(value: str = sas(), **attributes: Any) -> Lookup[Any]:
    """A secret in a vault."""
    return Found({"value": value, "attributes": {"enabled": True} | attributes})


def grant(*actions: str, role: str = "My role", condition: bool = False, **more: Any) -> Grant:
    """A role that allows these data actions."""
    return Grant(({"dataActions": actions} | more,), role, ACCOUNT, condition)


def registry(**properties: Any) -> Lookup[Any]:
    """The registry, or as changed."""
    sku = {"name": properties.pop("sku", "Premium")}
    default = {"loginServer": "myregistry.azurecr.io", "publicNetworkAccess": "Enabled"}
    return Found({"sku": sku, "properties": default | properties})


def account(**properties: Any) -> Lookup[Any]:
    """The storage account, or as changed."""
    default: Json = {"primaryEndpoints": {"blob": "https://mystorage.blob.core.windows.net/"}}
    default |= {"provisioningState": "Succeeded", "statusOfPrimary": "available"}
    return Found({"id": ACCOUNT, "properties": default | properties})


def container(**properties: Any) -> Lookup[Any]:
    """The container, or as changed."""
    default: Json = {"deleted": False, "hasLegalHold": False, "hasImmutabilityPolicy": False}
    default |= {"immutableStorageWithVersioning": {"enabled": False}}
    return Found({"properties": default | properties})


def vault(**properties: Any) -> Lookup[Any]:
    """The vault, or as changed."""
    policy = {"objectId": PRINCIPAL.upper(), "permissions": {"secrets": ["Get"]}}
    default = {"vaultUri": "https://myvault.vault.azure.net/", "accessPolicies": [policy]}
    return Found({"id": "/subscriptions/s/vaults/myvault", "properties": default | properties})


def blob(**headers: str | None) -> Lookup[Any]:
    """A blob as an export leaves it, or as changed."""
    default = {"last-modified": "Tue, 03 Mar 2026 12:00:00 GMT", "content-md5": "bWQ1"}
    changed = default | {"x-ms-meta-category": "acr-transfer-blob"} | headers
    return Found({name: text for name, text in changed.items() if text})


def snapshot(
    kind: PipelineKind = EXPORT,
    *,
    mode: str = "SasToken",
    state: str = "Succeeded",
    options: tuple[str, ...] = (),
    trigger: str = "Enabled",
    identity: Json | None = None,
    subject: Json | None = None,
    **changes: Any,
) -> Snapshot:
    """What a check reads if all is in order, or as changed: by the names of lookups."""
    body = pipeline(kind, options=list(options), provisioningState=state)
    body["properties"][kind.side]["storageAccessMode"] = mode
    body["properties"]["trigger"] = {"sourceTrigger": {"status": trigger}}
    if identity is not None:
        body["identity"] = identity
    model = _MODELS[kind.name](body)
    content = Content("sha256:0a", (Layer("sha256:0b", 10),))
    parts: Json = {
        "facts": Facts({"expiry": "2026-04-03"} | facts_of_pipeline(model, kind)),
        "registry": registry(),
        "caller": Found((Grant(({"actions": ["*"], "notActions": []},)),)),
        "pipeline": Found(model),
        "account": account(),
        "container": container(),
        "contents": {ARTIFACT: Found(content) if kind is EXPORT else ABSENT},
        "referrers": Found(()) if kind is EXPORT else ABSENT,
        "blobs": {"myblob": ABSENT if kind is EXPORT else blob()},
    }
    if mode == "SasToken":
        parts |= {"vault": vault(), "secret": secret(), "sas_answer": Found("")}
    else:
        role = grant(f"{BLOBS}/*", role="Owner of blobs")
        parts |= {"storage_roles": Found((role,)), "denials": Found(())}
    parts |= changes
    groups = {
        group: lookups(**{field: parts.pop(name) for field, name in names.items() if name in parts})
        for group, (lookups, names) in _GROUPS.items()
    }
    about: Json = {"artifacts": (ARTIFACT,), "blobs": ("myblob",)} | (subject or {})
    return Snapshot(NOW, Subject(kind, **about), **groups, **parts)


#: The groups of a snapshot, with the names of their lookups here.
_GROUPS: dict[str, tuple[Any, dict[str, str]]] = {
    "registry": (RegistryLookups, {"resource": "registry", "caller": "caller"}),
    "pipeline": (PipelineLookups, {"resource": "pipeline", "identities": "identities"}),
    "storage": (
        StorageLookups,
        {"account": "account", "container": "container"}
        | {"roles": "storage_roles", "denials": "denials"},
    ),
    "vault": (VaultLookups, {"resource": "vault", "roles": "vault_roles", "groups": "groups"}),
    "secret": (SecretLookups, {"resource": "secret", "deleted": "deleted_secret"}),
}
exports = partial(snapshot, EXPORT)
imports = partial(snapshot, IMPORT)
