"""Rules about the registry, the pipeline, and its access to the container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.diagnostics.catalog import UPDATE_PIPELINE
from azext_acrtransfer.diagnostics.facts import Facts
from azext_acrtransfer.kinds import PipelineOption
from azext_acrtransfer.preflight import needs
from azext_acrtransfer.preflight.grants import RUN_PIPELINES, right_to_blobs, suffice
from azext_acrtransfer.preflight.lookups import Lookup
from azext_acrtransfer.preflight.networks import (
    BLOB_ENDPOINT,
    OPEN,
    other_endpoint,
    why_closed,
)
from azext_acrtransfer.preflight.rule import Finding, Rule, evaluate_lookup, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Grants, Resource, Subject
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.states import PipelineState

_IN_REGISTRY = ("-g", "{group}", "-r", "{registry}")


def _registry_exists(registry: Resource | None) -> Finding:
    if registry is None:
        return fails("The resource group doesn't contain the registry.")
    return passes(f"{get_path(registry, 'properties', 'loginServer')}")


def _registry_premium(registry: Resource) -> Finding:
    sku = get_path(registry, "sku", "name")
    evaluate = passes if str(sku).lower() == "premium" else fails
    return evaluate(f"SKU: {sku}.")


def _registry_exports(registry: Resource) -> Finding:
    status = get_path(registry, "properties", "policies", "exportPolicy", "status")
    evaluate = fails if str(status).lower() == "disabled" else passes
    return evaluate(f"Export policy: {status or 'not set'}.")


def _registry_network(registry: Resource) -> Finding:
    closed = why_closed(registry, "networkRuleSet")
    return warns(f"{closed} You may be unable to check its artifacts.") if closed else passes(OPEN)


def _caller_allowed(permissions: Grants) -> Finding:
    if suffice(permissions, (RUN_PIPELINES,)):
        return passes("You have permission to run pipelines.")
    return fails(f"You don't have permission to run pipelines. Your roles lack {RUN_PIPELINES}.")


def _pipeline_exists(pipeline: Any, subject: Subject) -> Finding:
    if pipeline is None:
        return fails(f"The registry has no {subject.kind.noun} of that name.")
    return passes(str(pipeline.id))


def _pipeline_provisioned(pipeline: Any) -> Finding:
    state = PipelineState(pipeline)
    if state.has_succeeded:
        return passes(f"State: {state}.")
    if state.is_over:
        return fails(f"State: {state}. An update without changes tries again.")
    wait = az("acr {pipeline-group} wait", "--created", *_IN_REGISTRY, "-n", "{pipeline}")
    return warns(f"State: {state}.", (wait,))


def _pipeline_identity(
    pipeline: Any, identities: Mapping[str, Resource | None], facts: Facts
) -> Finding:
    gone = [name for name, identity in identities.items() if identity is None]
    if gone and len(gone) == len(identities):
        return fails(f"The user-assigned identity doesn't exist: {', '.join(gone)}.")
    if "principal-id" not in facts:
        return fails("The pipeline has no identity.")
    message = f"{pipeline.identity.type}, principal ID {facts['principal-id']}."
    return (
        warns(f"{message} Another one doesn't exist: {', '.join(gone)}.")
        if gone
        else passes(message)
    )


def _account_exists(access: Any, account: Resource | None, facts: Facts) -> Finding:
    if account is None:
        return fails(f"The storage account '{facts['account']}' doesn't exist.")
    other = other_endpoint(account, BLOB_ENDPOINT, access.uri)
    return fails(other) if other else passes(str(account["id"]))


def _account_has_blobs(account: Resource) -> Finding:
    kind, tier = get_path(account, "kind"), get_path(account, "sku", "tier")
    if kind == "FileStorage" or (tier == "Premium" and kind in ("Storage", "StorageV2")):
        return fails(f"An account of kind {kind} and tier {tier} stores no block blobs.")
    properties = account["properties"]
    state = properties.get("provisioningState") or "Succeeded"
    if state != "Succeeded":
        return warns(f"State: {state}.", ())
    if properties.get("failoverInProgress") or properties.get("statusOfPrimary") == "unavailable":
        return warns("Its primary location isn't available.", ())
    return passes(f"Kind: {kind or 'not set'}.")


def _container_exists(container: Resource | None, facts: Facts) -> Finding:
    if container is None:
        return fails(f"The container '{facts['container']}' doesn't exist.")
    if get_path(container, "properties", "deleted"):
        return fails(f"The container '{facts['container']}' is deleted.")
    return passes(f"{facts['container']}")


def _storage_network(account: Resource) -> Finding:
    closed = why_closed(account, "networkAcls")
    return warns(f"{closed} Storage doesn't trust ACR Transfer.") if closed else passes(OPEN)


def _storage_role(
    subject: Subject,
    options: tuple[PipelineOption, ...],
    roles: Grants,
    denials: Lookup[tuple[str, ...]],
) -> Finding | None:
    actions = right_to_blobs(subject.kind, options).actions
    names = ", ".join(f"{grant.role} at {grant.scope}" for grant in roles) or "none"
    if not suffice(roles, actions):
        verbs = " and ".join(sorted(action.rpartition("/")[2] for action in actions))
        return fails(
            f"The identity needs a role that allows it to {verbs} blobs. Assigned roles: {names}."
        )
    if not suffice((grant for grant in roles if not grant.has_condition), actions):
        return warns(f"A role has a condition, which isn't evaluated: {names}.", ())

    def undenied(denied_by: tuple[str, ...]) -> Finding:
        if denied_by:
            return warns(f"{names}. Denied by: {', '.join(denied_by)}.", ())
        return passes(names)

    return evaluate_lookup(denials, undenied)


RULES = (
    Rule(
        "RegistryFound",
        "The registry exists.",
        (needs.REGISTRY.if_any,),
        _registry_exists,
        recommendation=(az("acr list", query="[].name", output="tsv"),),
    ),
    Rule(
        "RegistryPremium",
        "Its SKU is Premium.",
        (needs.REGISTRY,),
        _registry_premium,
        ("registry-not-premium",),
    ),
    Rule(
        "ExportsAllowed",
        "Its policy allows exports.",
        (needs.REGISTRY,),
        _registry_exports,
        ("exports-disabled",),
        when=(needs.EXPORTING,),
    ),
    Rule(
        "RegistryNetwork",
        "Its public network access isn't restricted.",
        (needs.REGISTRY,),
        _registry_network,
        recommendation=(az("acr update", name="{registry}", public_network_enabled="true"),),
    ),
    Rule(
        "CallerAuthorized",
        "You have permission to run pipelines.",
        (needs.CALLER,),
        _caller_allowed,
        ("caller-not-allowed",),
    ),
    Rule(
        "PipelineFound",
        "The pipeline exists.",
        (needs.PIPELINE.if_any, needs.SUBJECT),
        _pipeline_exists,
        recommendation=(az("acr {pipeline-group} list", *_IN_REGISTRY, output="table"),),
        when=(needs.POSSIBLE_REGISTRY,),
    ),
    Rule(
        "PipelineProvisioned",
        "Its provisioning state is Succeeded.",
        (needs.PIPELINE,),
        _pipeline_provisioned,
        recommendation=(UPDATE_PIPELINE,),
    ),
    Rule(
        "PipelineIdentity",
        "It has an identity, and one that is assigned still exists.",
        (needs.PIPELINE, needs.IDENTITIES, needs.FACTS),
        _pipeline_identity,
        recommendation=(UPDATE_PIPELINE.adding(assign_identity="[system]"),),
    ),
    Rule(
        "StorageAccountFound",
        "The storage account of its container URI exists.",
        (needs.CONTAINER_ACCESS, needs.ACCOUNT.if_any, needs.FACTS),
        _account_exists,
        ("storage-unknown",),
    ),
    Rule(
        "StorageAccountKind",
        "The storage account stores block blobs, and is available.",
        (needs.ACCOUNT,),
        _account_has_blobs,
        recommendation=(UPDATE_PIPELINE.adding(storage_container_uri="{container-uri}"),),
    ),
    Rule(
        "ContainerFound",
        "The container exists.",
        (needs.CONTAINER.if_any, needs.FACTS),
        _container_exists,
        ("container-missing",),
        when=(needs.ACCOUNT,),
    ),
    Rule(
        "StorageNetwork",
        "The storage account is open to all networks.",
        (needs.ACCOUNT,),
        _storage_network,
        ("storage-firewall",),
    ),
    Rule(
        "StorageRole",
        "With a managed identity: its roles on the container, the account or above allow what this "
        "direction and these options need.",
        (needs.SUBJECT, needs.OPTIONS, needs.STORAGE_ROLES, needs.DENIALS.deferred),
        _storage_role,
        ("role-missing", "role-cannot-delete"),
        when=(needs.ACCESS_BY_IDENTITY,),
    ),
)
