"""The templates of this repository, evaluated without any cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from acr_emulator.deployments.templates.deployment_context import DeploymentContext
from acr_emulator.deployments.templates.runtime_references import Fetch, NeededError
from acr_emulator.deployments.templates.template import Template

FOLDER = Path(__file__).resolve().parents[2] / "templates"
NAMES = (
    "ExportPipelines",
    "ImportPipelines",
    "PipelineRun/PipelineRun-Export",
    "PipelineRun/PipelineRun-Import",
)
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
#: What every resource is when it is requested.
ANSWER = {
    "identity": {"principalId": "principal-of-system"},
    "properties": {"principalId": "principal-of-user"},
}

Json = dict[str, Any]


def document(name: str) -> Json:
    """The template itself."""
    content: Json = json.loads((FOLDER / name / "azuredeploy.json").read_text())
    return content


def parameters_file(name: str) -> Json:
    """The parameters of the file next to the template."""
    content = json.loads((FOLDER / name / "azuredeploy.parameters.json").read_text())
    parameters: Json = content["parameters"]
    return parameters


def deployment_context(vault_suffix: str = ".vault.azure.net") -> DeploymentContext:
    """A deployment to some group of some cloud."""
    return DeploymentContext(
        subscription={"subscriptionId": SUBSCRIPTION, "tenantId": "tenant"},
        group={"id": GROUP, "name": "rg", "location": "westus"},
        tenant={"tenantId": "tenant"},
        environment={"suffixes": {"keyvaultDns": vault_suffix}},
        deployment={"name": "mydeployment"},
        now=datetime(2026, 11, 21, tzinfo=timezone.utc),
    )


def deployed(
    name: str, values: Mapping[str, Any], where: DeploymentContext | None = None
) -> list[tuple[str, str, Json]]:
    """Type, name and body of each resource, as the template lists them.

    What the parameters file gives counts unless `values` say otherwise; None leaves out.
    """
    given = parameters_file(name) | {key: {"value": value} for key, value in values.items()}
    given = {key: each for key, each in given.items() if each["value"] is not None}
    template = Template(document(name), given, where or deployment_context())
    return [
        (each.type, each.name, body(template, each))
        for each in template.declared
        if each.is_deployed
    ]


def body(template: Template, resource: Any) -> Json:
    """A resource's body, with every reference answered."""
    fetched: dict[Fetch, Any] = {}
    while True:
        try:
            return template.body(resource, fetched)
        except NeededError as needed:
            fetched[needed.fetch] = ANSWER
