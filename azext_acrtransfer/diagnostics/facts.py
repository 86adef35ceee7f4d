"""Facts about a pipeline, its storage and its vault, and the commands that grant access to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.command_lines import Command, Output, Word, az
from azext_acrtransfer.hosts import KEY_VAULTS, STORAGE_ACCOUNTS, Hosts
from azext_acrtransfer.kinds import SECRETS_USER, PipelineKind, PipelineOption


def assign_role(role: str, scope: Word) -> Command:
    """Return the command that assigns a role to the identity of a pipeline."""
    return az(
        "role assignment create",
        role=role,
        assignee_object_id="{principal-id}",
        assignee_principal_type="ServicePrincipal",
        scope=scope,
    )


GRANT_SECRET = az(
    "keyvault set-policy", name="{vault}", secret_permissions="get", object_id="{principal-id}"
)
GRANT_SECRET_BY_ROLE = assign_role(
    SECRETS_USER.name,
    Output(az("keyvault show", name="{vault}", query="id", output="tsv"), "scope"),
)
GRANT_STORAGE = assign_role(
    "{storage-role}",
    Output(az("storage account show", name="{account}", query="id", output="tsv"), "scope"),
)
OF_PIPELINE = {"resource_group": "{group}", "registry": "{registry}", "name": "{pipeline}"}


class Facts(dict[str, str]):
    """Facts to fill in; an unknown one is a word in capitals, which the user has to replace."""

    def __missing__(self, key: str) -> str:
        return key.replace("-", "_").upper()

    def fill(self, template: Command | str) -> str:
        """Return a text or a command with every fact filled in, a command's values quoted."""
        if isinstance(template, Command):
            return str(template.filled(self))
        return template.format_map(self)


def expiry_of_new_sas(now: datetime) -> str:
    """Return the date a month after a time."""
    return f"{now + timedelta(days=30):%Y-%m-%d}"


def facts_of_pipeline(pipeline: Any, kind: PipelineKind) -> Facts:
    """Return the facts in a pipeline that commands need."""
    container = getattr(pipeline, kind.side)
    options = known_options(pipeline)
    return Facts(
        facts_of_storage(container)
        | facts_of_id(pipeline.id)
        | _principal(pipeline.identity)
        | needs_of(kind, options)
        | {"pipeline": pipeline.name}
    )


def needs_of(kind: PipelineKind, options: tuple[PipelineOption, ...]) -> dict[str, str]:
    """Return what pipelines of a kind need, with these options."""
    return {
        "pipeline-group": kind.group,
        "storage-role": kind.storage_role_for(options).name,
        "sas-permissions": kind.sas_permissions_for(options),
    }


def known_options(pipeline: Any) -> tuple[PipelineOption, ...]:
    """Return the options of a pipeline, without those unknown to this version."""
    known = {option.value: option for option in PipelineOption}
    return tuple(known[word] for word in pipeline.options or () if word in known)


def facts_of_storage(storage: Any) -> dict[str, str]:
    """Return the account, container, blob and vault in the storage of a pipeline or a run."""
    facts: dict[str, str] = {}
    if storage and storage.uri:
        facts = _named("account", STORAGE_ACCOUNTS, storage.uri)
        facts["container"], _, blob = _split(storage.uri).path.removeprefix("/").partition("/")
        facts |= {"blob": unquote(blob)} if blob else {}
    if storage and storage.key_vault_uri:
        secret = _split(storage.key_vault_uri)
        facts |= _named("vault", KEY_VAULTS, storage.key_vault_uri)
        facts["secret"], _, version = secret.path.removeprefix("/secrets/").partition("/")
        if version:
            newest = secret._replace(path=secret.path.removesuffix(f"/{version}"))
            facts["newest-secret-uri"] = newest.geturl()
    return facts


def _named(fact: str, hosts: Hosts, uri: str) -> dict[str, str]:
    """Return the name of an account or a vault, which a custom domain doesn't contain."""
    name = hosts.resource_of(host_of(uri))
    return {fact: name} if name else {}


def host_of(uri: str | None) -> str:
    """Return the host of a URI, or "" if it has none."""
    return _split(uri or "").hostname or ""


def _split(uri: str) -> SplitResult:
    """Return the parts of a URI, which are empty if it isn't one."""
    try:
        return urlsplit(uri)
    except ValueError:  # a bracket that isn't closed
        return urlsplit("")


def facts_of_id(resource_id: str | None) -> dict[str, str]:
    """Return the subscription, resource group and registry in the ID of a resource."""
    from azure.mgmt.core.tools import parse_resource_id

    parts: Mapping[str, str | int] = parse_resource_id(resource_id or "")
    words = {"subscription": "subscription", "group": "resource_group", "registry": "name"}
    return {fact: str(parts[word]) for fact, word in words.items() if word in parts}


def _principal(identity: Any) -> dict[str, str]:
    users = (identity and identity.user_assigned_identities) or {}
    ids = [identity.principal_id] if identity and identity.principal_id else []
    ids += [user.principal_id for user in users.values() if user.principal_id]
    return {"principal-id": ids[0]} if ids else {}


def required_access(pipeline: Any, kind: PipelineKind) -> str:
    """Return how to grant access to the pipeline's identity before its next run."""
    facts = facts_of_pipeline(pipeline, kind)
    storage = getattr(pipeline, kind.side)
    by_sas = uses_sas(storage)
    then = what_is_left(facts, by_sas=by_sas)
    if not by_sas:
        first = facts.fill(
            "The pipeline's identity ({principal-id}) needs the role '{storage-role}' on the "
            "storage account. To assign it, run:"
        )
        return f"{first}\n  {facts.fill(GRANT_STORAGE)}\n{_to_replace(storage)}{then}"
    first = facts.fill(
        "The pipeline's identity ({principal-id}) needs permission to read the secret. To grant "
        "it, run:"
    )
    return (
        f"{first}\n  {facts.fill(GRANT_SECRET)}\n"
        f"Or, if the key vault uses role assignments, run:\n  {facts.fill(GRANT_SECRET_BY_ROLE)}\n"
        f"{_to_replace(storage)}{then}"
    )


def custom_domain(storage: Any) -> str:
    """Return that the resource which an identity needs access to has a custom domain, or ""."""
    if not storage:
        return ""
    uri, hosts = (
        (storage.key_vault_uri, KEY_VAULTS)
        if uses_sas(storage)
        else (storage.uri, STORAGE_ACCOUNTS)
    )
    return hosts.unknown_resource(host_of(uri))


def _to_replace(storage: Any) -> str:
    """Return the line about a name in capitals, if a custom domain doesn't contain the name."""
    reason = custom_domain(storage)
    word = "VAULT" if uses_sas(storage) else "ACCOUNT"
    return f"{reason} Replace {word} with its name.\n" if reason else ""


def what_is_left(facts: Facts, *, by_sas: bool) -> str:
    """Return what a pipeline needs in addition to the access of its identity, and the check."""
    sas = (
        "The secret must contain a SAS token of the container with the permissions "
        "'{sas-permissions}'.\n"
    )
    check = facts.fill(az("acr {pipeline-group} check", **OF_PIPELINE))
    return f"{facts.fill(sas) if by_sas else ''}To check the prerequisites, run:\n  {check}"


def uses_sas(storage: Any) -> bool:
    """Whether a pipeline reads a SAS from a vault, as one without an access mode does."""
    mode: str | None = storage and storage.storage_access_mode
    return mode != StorageAccessMode.MANAGED_IDENTITY.value
