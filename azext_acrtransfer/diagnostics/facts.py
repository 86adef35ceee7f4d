"""Commands that are printed, and the facts that are filled into them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.kinds import PipelineKind, PipelineOption

GRANT_SECRET = (
    "az keyvault set-policy --name {vault} --secret-permissions get --object-id {principal-id}"
)
GRANT_SECRET_BY_ROLE = (
    'az role assignment create --role "Key Vault Secrets User" --assignee-object-id {principal-id} '
    "--assignee-principal-type ServicePrincipal "
    "--scope $(az keyvault show --name {vault} --query id --output tsv)"
)
GRANT_STORAGE = (
    'az role assignment create --role "{storage-role}" --assignee-object-id {principal-id} '
    "--assignee-principal-type ServicePrincipal "
    "--scope $(az storage account show --name {account} --query id --output tsv)"
)


class Facts(dict[str, str]):
    """Facts to fill into commands; an unknown one stays a ``<placeholder>``."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"

    def fill(self, template: str) -> str:
        """Return the template with every known fact filled in."""
        return template.format_map(self)


def expiry_of_new_sas() -> str:
    """Return the date a month from now."""
    return f"{datetime.now(timezone.utc) + timedelta(days=30):%Y-%m-%d}"


def facts_of_pipeline(pipeline: Any, kind: PipelineKind) -> Facts:
    """Return the facts in a pipeline that commands need."""
    container = getattr(pipeline, kind.side)
    options = known_options(pipeline)
    return Facts(
        facts_of_storage(container)
        | facts_of_id(pipeline.id)
        | _principal(pipeline.identity)
        | {
            "pipeline": pipeline.name,
            "pipeline-group": kind.group,
            "storage-role": kind.storage_role_for(options),
            "sas-permissions": kind.sas_permissions_for(options),
        }
    )


def known_options(pipeline: Any) -> tuple[PipelineOption, ...]:
    """Return the options of a pipeline, without those unknown to this version."""
    known = {option.value: option for option in PipelineOption}
    return tuple(known[word] for word in pipeline.options or () if word in known)


def facts_of_storage(storage: Any) -> dict[str, str]:
    """Return the account, container and vault in the storage properties of a pipeline or a run."""
    facts = {}
    if storage and storage.uri:
        uri = urlsplit(storage.uri)
        facts["account"] = (uri.hostname or "").partition(".")[0]
        facts["container"] = uri.path.lstrip("/").partition("/")[0]
    if storage and storage.key_vault_uri:
        secret = urlsplit(storage.key_vault_uri)
        facts["vault"] = (secret.hostname or "").partition(".")[0]
        facts["secret"], _, version = secret.path.removeprefix("/secrets/").partition("/")
        if version:
            newest = secret._replace(path=secret.path.removesuffix(f"/{version}"))
            facts["newest-secret-uri"] = newest.geturl()
    return facts


def facts_of_id(resource_id: str | None) -> dict[str, str]:
    """Return the subscription, resource group and registry in the ID of a resource."""
    from azure.mgmt.core.tools import parse_resource_id

    parts: Mapping[str, str | int] = parse_resource_id(resource_id) if resource_id else {}
    words = {"subscription": "subscription", "group": "resource_group", "registry": "name"}
    return {fact: str(parts[word]) for fact, word in words.items() if word in parts}


def _principal(identity: Any) -> dict[str, str]:
    users = (identity and identity.user_assigned_identities) or {}
    ids = [identity.principal_id] if identity and identity.principal_id else []
    ids += [user.principal_id for user in users.values() if user.principal_id]
    return {"principal-id": ids[0]} if ids else {}


_CHECK = (
    "Then see whether anything is missing:\n  az acr {pipeline-group} check --resource-group "
    "{group} --registry {registry} --name {pipeline}"
)


def after_create(pipeline: Any, kind: PipelineKind) -> str:
    """Return how to grant access to the pipeline's identity before its first run."""
    facts = facts_of_pipeline(pipeline, kind)
    storage = getattr(pipeline, kind.side)
    if storage and storage.storage_access_mode == StorageAccessMode.MANAGED_IDENTITY.value:
        return facts.fill(
            "Before the first run, let the pipeline's identity ({principal-id}) into the storage "
            f"account, unless it has been:\n  {GRANT_STORAGE}\n{_CHECK}"
        )
    return facts.fill(
        "Before the first run, let the pipeline's identity ({principal-id}) read the secret, "
        f"unless it may already:\n  {GRANT_SECRET}\nor, for a vault that uses roles:\n"
        f"  {GRANT_SECRET_BY_ROLE}\n"
        "The secret is to hold a SAS of the container with the permissions '{sas-permissions}'.\n"
        f"{_CHECK}"
    )
