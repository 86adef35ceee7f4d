"""What is judged of the registry, the pipeline, and its way to the container."""

from __future__ import annotations

from urllib.parse import urlsplit

from azext_acrtransfer.diagnostics.catalog import UPDATE_PIPELINE
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.preflight.grants import RUN_PIPELINES, blob_actions, suffice
from azext_acrtransfer.preflight.rule import Finding, Rule, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Resource, Seen
from azext_acrtransfer.service.json_values import dig
from azext_acrtransfer.service.states import PipelineState


def _registry_found(seen: Seen) -> Finding:
    if seen.registry.is_missing:
        return fails("There is no such registry in the resource group.")
    return passes(f"{dig(seen.registry.value, 'properties', 'loginServer')}")


def _registry_premium(seen: Seen) -> Finding:
    sku = dig(seen.registry.value, "sku", "name")
    judge = passes if str(sku).lower() == "premium" else fails
    return judge(f"The SKU is {sku}.")


def _registry_exports(seen: Seen) -> Finding | None:
    status = dig(seen.registry.value, "properties", "policies", "exportPolicy", "status")
    if seen.kind is not EXPORT:
        return None
    judge = fails if str(status).lower() == "disabled" else passes
    return judge(f"The export policy is {status or 'not set'}.")


def _registry_network(seen: Seen) -> Finding:
    closed = _closed(seen.registry.value, "networkRuleSet")
    return warns(f"{closed} You may be unable to check its artifacts.") if closed else _open()


def _open() -> Finding:
    return passes("It is open to all networks.")


def _closed(resource: Resource, rules: str) -> str:
    if str(dig(resource, "properties", "publicNetworkAccess")).lower() == "disabled":
        return "Public network access is disabled."
    if str(dig(resource, "properties", rules, "defaultAction")).lower() == "deny":
        return "The firewall lets only some networks in."
    return ""


def _caller_allowed(seen: Seen) -> Finding:
    if suffice(seen.caller.value, (RUN_PIPELINES,)):
        return passes("You may run pipelines here.")
    return fails(f"You may not: your roles lack {RUN_PIPELINES}.")


def _pipeline_found(seen: Seen) -> Finding:
    if seen.registry.value and seen.pipeline.is_missing:
        return fails(f"The registry has no {seen.kind.noun} of that name.")
    return passes(str(seen.pipeline.value.id))


def _pipeline_provisioned(seen: Seen) -> Finding:
    state = PipelineState(seen.pipeline.value)
    if state.has_succeeded:
        return passes(f"It is {state}.")
    if state.is_over:
        return fails(f"It is {state}; an update that changes nothing tries again.")
    wait = "az acr {pipeline-group} wait --created -g {group} -r {registry} -n {pipeline}"
    return warns(f"It is still {state}.", wait)


def _pipeline_identity(seen: Seen) -> Finding:
    identity = seen.pipeline.value.identity
    gone = [name for name, reading in seen.identities.items() if reading.is_missing]
    if gone and len(gone) == len(seen.identities):
        return fails(f"The user-assigned identity does not exist any more: {', '.join(gone)}.")
    if "principal-id" not in seen.facts:
        return fails("The pipeline has no identity.")
    found = f"{identity.type}, with the principal {seen.facts['principal-id']}."
    return warns(f"{found} Another is gone: {', '.join(gone)}.") if gone else passes(found)


def _account_found(seen: Seen) -> Finding:
    host = urlsplit(seen.place.uri).hostname
    if seen.account.is_missing:
        return fails(f"There is no storage account '{seen.facts['account']}'.")
    endpoint = dig(seen.account.value, "properties", "primaryEndpoints", "blob")
    if endpoint and urlsplit(endpoint).hostname != host:
        return fails(f"Its blobs are at {endpoint}, not at the pipeline's {host}.")
    return passes(str(seen.account.value["id"]))


def _container_found(seen: Seen) -> Finding:
    if seen.account.value and seen.container.is_missing:
        return fails(f"The account has no container '{seen.facts['container']}'.")
    return passes(f"{seen.facts['container']}")


def _storage_network(seen: Seen) -> Finding:
    closed = _closed(seen.account.value, "networkAcls")
    return warns(f"{closed} Storage does not trust the service.") if closed else _open()


def _storage_role(seen: Seen) -> Finding | None:
    if seen.uses_sas:
        return None
    actions = blob_actions(seen.sas_permissions)
    grants = seen.storage_roles.value
    names = ", ".join(f"{grant.role} at {grant.scope}" for grant in grants) or "none"
    if not suffice(grants, actions):
        verbs = ", ".join(sorted(action.rpartition("/")[2] for action in actions))
        return fails(f"The identity needs a role that allows to {verbs} blobs. It has: {names}.")
    if not suffice((grant for grant in grants if not grant.has_condition), actions):
        return warns(f"A role has a condition, which is not judged here: {names}.", "")
    if denials := seen.denials.value:
        return warns(f"{names}, but also denied by: {', '.join(denials)}.", "")
    return passes(names)


RULES = (
    Rule(
        "RegistryFound",
        "The registry exists.",
        _registry_found,
        mend=("az acr list --query [].name --output tsv",),
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
        mend=("az acr update --name {registry} --public-network-enabled true",),
    ),
    Rule("CallerAllowed", "You may run pipelines.", _caller_allowed, ("caller-not-allowed",)),
    Rule(
        "PipelineFound",
        "The pipeline exists.",
        _pipeline_found,
        mend=("az acr {pipeline-group} list -g {group} -r {registry} --output table",),
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
        mend=(f"{UPDATE_PIPELINE} --assign-identity '[system]'",),
    ),
    Rule(
        "AccountFound",
        "The storage account of its container URI exists.",
        _account_found,
        ("storage-unknown",),
    ),
    Rule("ContainerFound", "The container exists.", _container_found, ("container-missing",)),
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
