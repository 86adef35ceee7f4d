"""Templates of a made-up resource type, and what they come to without a cloud."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from acr_emulator.deployments.templates.deployment_context import DeploymentContext
from acr_emulator.deployments.templates.template import Template

GROUP = "/subscriptions/sub/resourceGroups/rg"
CONTEXT = DeploymentContext(
    subscription={"id": "/subscriptions/sub", "subscriptionId": "sub", "tenantId": "tenant"},
    group={"id": GROUP, "name": "rg", "location": "westus", "tags": {}},
    tenant={"tenantId": "tenant"},
    environment={"name": "AzureCloud", "suffixes": {"keyvaultDns": ".vault.azure.net"}},
    deployment={"name": "deployed"},
    now=datetime(2026, 11, 21, 7, 8, 9, tzinfo=timezone.utc),
)


def template(given: dict[str, Any] | None = None, **sections: Any) -> Template:
    """A template with these sections, given these values."""
    values = {name: {"value": value} for name, value in (given or {}).items()}
    return Template({"resources": [], **sections}, values, CONTEXT)


def thing(name: str, **more: Any) -> dict[str, Any]:
    """A resource."""
    return {"type": "My.Own/things", "apiVersion": "2020-01-01", "name": name, **more}


def order(*resources: dict[str, Any]) -> list[str]:
    """Names in the order in which they are deployed."""
    return [step.resource.name for step in template(resources=list(resources)).resources]


def output(value: str, **sections: Any) -> Any:
    """What an expression is worth in a template."""
    made = template(outputs={"it": {"type": "string", "value": value}}, **sections)
    return made.outputs({})["it"]["value"]
