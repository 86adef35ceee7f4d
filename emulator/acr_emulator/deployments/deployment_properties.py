"""The first properties of a deployment, and the context of its template."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.cloud.metadata import environment
from acr_emulator.deployments.rollout import target
from acr_emulator.deployments.templates.deployment_context import DeploymentContext
from acr_emulator.deployments.templates.template import Template
from acr_emulator.state.clock import timestamp
from acr_emulator.state.store import Resource


def accepted(template: Template, correlation: str, state: str, now: datetime) -> dict[str, Any]:
    """The properties of a deployment before anything was deployed; key order from memory."""
    return {
        "templateHash": template.digest,
        "parameters": template.parameters.shown(),
        "mode": "Incremental",
        "provisioningState": state,
        "timestamp": timestamp(now, zone="Z"),
        "duration": "PT0S",
        "correlationId": correlation,
        "providers": _providers(template),
        "dependencies": _dependencies(template),
    }


def deployment_context(
    cloud: Cloud, now: datetime, group: Resource, deployment: dict[str, Any]
) -> DeploymentContext:
    """What functions such as `subscription()` return; no more than the emulator knows."""
    return DeploymentContext(
        subscription={
            "id": f"/subscriptions/{cloud.subscription_id}",
            "subscriptionId": cloud.subscription_id,
            "tenantId": cloud.tenant_id,
            "displayName": "Emulator",
        },
        group={key: group[key] for key in ("id", "name", "type", "location", "tags", "properties")},
        tenant={"tenantId": cloud.tenant_id, "displayName": "Emulator"},
        environment=environment(cloud),
        deployment=deployment,
        now=now,
    )


def _providers(template: Template) -> list[dict[str, Any]]:
    types: dict[str, list[str]] = {}
    for step in template.resources:
        namespace, _, name = step.resource.type.partition("/")
        known = types.setdefault(namespace, [])
        if name not in known:
            known.append(name)
    return [
        {
            "namespace": namespace,
            "resourceTypes": [{"resourceType": name, "locations": [None]} for name in names],
        }
        for namespace, names in types.items()
    ]


def _dependencies(template: Template) -> list[dict[str, Any]]:
    targets = {step.resource.id.lower(): target(step.resource) for step in template.resources}
    return [
        {
            "dependsOn": [
                targets[dependency] for dependency in sorted(step.after & targets.keys())
            ],
            **target(step.resource),
        }
        for step in template.resources
        if step.after & targets.keys()
    ]
