"""Rules about the registry, the pipeline, and its access to the container."""

from __future__ import annotations

from urllib.parse import urlsplit

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.diagnostics.catalog import UPDATE_PIPELINE
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.preflight.grants import RUN_PIPELINES, blob_actions, suffice
from azext_acrtransfer.preflight.rule import Finding, Rule, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Resource, Snapshot
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.states import PipelineState

_IN_REGISTRY = ("-g", "{group}", "-r", "{registry}")


def _registry_exists(snapshot: Snapshot) -> Finding:
    if snapshot.registry.is_missing:
        return fails("There is no such registry in the resource group.")
    return passes(f"{get_path(snapshot.registry.value, 'properties', 'loginServer')}")


def _registry_premium(snapshot: Snapshot) -> Finding:
    sku = get_path(snapshot.registry.value, "sku", "name")
    judge = passes if str(sku).lower() == "premium" else fails
    return judge(f"The SKU is {sku}.")


def _registry_exports(snapshot: Snapshot) -> Finding | None:
    status = get_path(snapshot.registry.value, "properties", "policies", "exportPolicy", "status")
    if snapshot.kind is not EXPORT:
        return None
    judge = fails if str(status).lower() == "disabled" else passes
    return judge(f"The export policy is {status or 'not set'}.")


def _registry_network(snapshot: Snapshot) -> Finding:
    closed = _closed(snapshot.registry.value, "networkRuleSet")
    return warns(f"{closed} You may be unable to check its artifacts.") if closed else _open()


def _open() -> Finding:
    return passes("It is open to all networks.")


def _closed(resource: Resource, rules: str) -> str:
    if str(get_path(resource, "properties", "publicNetworkAccess")).lower() == "disabled":
        return "Public network access is disabled."
    if str(get_path(resource, "properties", rules, "defaultAction")).lower() == "deny":
        return "The firewall lets only some networks in."
    return ""


def _caller_allowed(snapshot: Snapshot) -> Finding:
    if suffice(snapshot.caller.value, (RUN_PIPELINES,)):
        return passes("You may run pipelines here.")
    return fails(f"You may not: your roles lack {RUN_PIPELINES}.")


def _pipeline_exists(snapshot: Snapshot) -> Finding:
    if snapshot.registry.value and snapshot.pipeline.is_missing:
        return fails(f"The registry has no {snapshot.kind.noun} of that name.")
    return passes(str(snapshot.pipeline.value.id))


def _pipeline_provisioned(snapshot: Snapshot) -> Finding:
    state = PipelineState(snapshot.pipeline.value)
    if state.has_succeeded:
        return passes(f"It is {state}.")
    if state.is_over:
        return fails(f"It is {state}; an update that changes nothing tries again.")
    wait = az("acr {pipeline-group} wait", "--created", *_IN_REGISTRY, "-n", "{pipeline}")
    return warns(f"It is still {state}.", wait)


def _pipeline_identity(snapshot: Snapshot) -> Finding:
    identity = snapshot.pipeline.value.identity
    gone = [name for name, lookup in snapshot.identities.items() if lookup.is_missing]
    if gone and len(gone) == len(snapshot.identities):
        return fails(f"The user-assigned identity does not exist any more: {', '.join(gone)}.")
    if "principal-id" not in snapshot.facts:
        return fails("The pipeline has no identity.")
    message = f"{identity.type}, with the principal {snapshot.facts['principal-id']}."
    return warns(f"{message} Another is gone: {', '.join(gone)}.") if gone else passes(message)


def _account_exists(snapshot: Snapshot) -> Finding:
    host = urlsplit(snapshot.storage.uri).hostname
    if snapshot.account.is_missing:
        return fails(f"There is no storage account '{snapshot.facts['account']}'.")
    endpoint = get_path(snapshot.account.value, "properties", "primaryEndpoints", "blob")
    if endpoint and urlsplit(endpoint).hostname != host:
        return fails(f"Its blobs are at {endpoint}, not at the pipeline's {host}.")
    return passes(str(snapshot.account.value["id"]))


def _container_exists(snapshot: Snapshot) -> Finding:
    if snapshot.account.value and snapshot.container.is_missing:
        return fails(f"The account has no container '{snapshot.facts['container']}'.")
    return passes(f"{snapshot.facts['container']}")


def _storage_network(snapshot: Snapshot) -> Finding:
    closed = _closed(snapshot.account.value, "networkAcls")
    return warns(f"{closed} Storage does not trust the service.") if closed else _open()


def _storage_role(snapshot: Snapshot) -> Finding | None:
    if snapshot.uses_sas:
        return None
    actions = blob_actions(snapshot.sas_permissions)
    grants = snapshot.storage_roles.value
    names = ", ".join(f"{grant.role} at {grant.scope}" for grant in grants) or "none"
    if not suffice(grants, actions):
        verbs = ", ".join(sorted(action.rpartition("/")[2] for action in actions))
        return fails(f"The identity needs a role that allows to {verbs} blobs. It has: {names}.")
    if not suffice((grant for grant in grants if not grant.has_condition), actions):
        return warns(f"A role has a condition, which is not judged here: {names}.", "")
    if denials := snapshot.denials.value:
        return warns(f"{names}, but also denied by: {', '.join(denials)}.", "")
    return passes(names)


RULES = (
    Rule(
        "RegistryFound",
        "The registry exists.",
        _registry_exists,
        mend=(az("acr list", query="[].name", output="tsv"),),
    ),
    Rule(
        "RegistryPremium",
        "It is of the Premium tier.",
        _registry_premium,
        ("registry-not-premium",),
    ),
    Rule("RegistryExports", "Its policy allows exports.", _registry_exports, ("exports-disabled",)),
    Rule(
        "RegistryNetwork",
        "It is open to all networks.",
        _registry_network,
        mend=(az("acr update", name="{registry}", public_network_enabled="true"),),
    ),
    Rule("CallerAllowed", "You may run pipelines.", _caller_allowed, ("caller-not-allowed",)),
    Rule(
        "PipelineFound",
        "The pipeline exists.",
        _pipeline_exists,
        mend=(az("acr {pipeline-group} list", *_IN_REGISTRY, output="table"),),
    ),
    Rule(
        "PipelineProvisioned",
        "The service has set it up.",
        _pipeline_provisioned,
        mend=(UPDATE_PIPELINE,),
    ),
    Rule(
        "PipelineIdentity",
        "It has an identity, and one that is assigned still exists.",
        _pipeline_identity,
        mend=(UPDATE_PIPELINE.adding(assign_identity="[system]"),),
    ),
    Rule(
        "AccountFound",
        "The storage account of its container URI exists.",
        _account_exists,
        ("storage-unknown",),
    ),
    Rule("ContainerFound", "The container exists.", _container_exists, ("container-missing",)),
    Rule(
        "StorageNetwork",
        "The storage account is open to all networks.",
        _storage_network,
        ("storage-firewall",),
    ),
    Rule(
        "StorageRole",
        "With a managed identity: its roles on the container, the account or above allow what this "
        "direction and these options need.",
        _storage_role,
        ("role-missing", "role-cannot-delete"),
    ),
)
