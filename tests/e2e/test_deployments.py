"""`az deployment group` and `az resource` on what templates deploy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.guides.arm_setting import template_files
from tests.support.cloud import Json
from tests.support.site import GROUP, Site
from tests.support.terminal import Terminal

#: As people keep them: with remarks, and an expression over two lines.
COMMENTED = """\
// A registry needs no template, but it may have one.
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "name": { "type": "string" },
    "level": { "type": "int", "defaultValue": 1, "maxValue": 5 }, /* of no use */
    "key": { "type": "securestring" }
  },
  "resources": [],
  "outputs": {
    "greeting": {
      "type": "string",
      "value": "[concat('hello ',
                        parameters('name'))]" // the end
    }
  }
}
"""


@pytest.fixture
def commented(tmp_path: Path) -> str:
    file = tmp_path / "commented.json"
    file.write_text(COMMENTED)
    return str(file)


def test_a_deployment_can_be_validated_shown_listed_and_deleted(
    az: Terminal, site: Site, commented: str
) -> None:
    deployment = f"--resource-group {GROUP} --name {site.name}"
    given = f"--template-file {commented} --parameters name=you level=3 key=sesame"
    checked = az.ok(f"deployment group validate {deployment} {given}").json
    assert checked["properties"]["provisioningState"] == "Succeeded"
    missing = az(f"deployment group show {deployment}")
    assert missing.exit_code == 3
    assert "(DeploymentNotFound)" in missing.stderr

    created = az.ok(f"deployment group create {deployment} {given}").json
    assert created["resourceGroup"] == GROUP
    assert created["properties"]["outputs"]["greeting"]["value"] == "hello you"
    assert created["properties"]["parameters"]["level"] == {"type": "Int", "value": 3}
    assert "sesame" not in json.dumps(created)

    shown = az.ok(f"deployment group show {deployment}").json
    assert shown == created
    listed = az.ok(f"deployment group list --resource-group {GROUP}").json
    assert shown in listed
    exported = az.ok(f"deployment group export {deployment}").json
    assert exported["parameters"]["level"]["defaultValue"] == 1

    az.ok(f"deployment group delete {deployment}")
    assert az(f"deployment group show {deployment}").exit_code == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("name=you", "key"),  # az itself misses it
        ("name=you key=k other=x", "other"),
        ("name=you key=k level=9", "level"),
    ],
)
def test_wrong_parameters_are_named(
    az: Terminal, site: Site, commented: str, parameters: str, message: str
) -> None:
    deployment = f"--resource-group {GROUP} --name {site.name}"
    result = az(
        f"deployment group create {deployment} --template-file {commented} "
        f"--parameters {parameters}"
    )
    assert result.exit_code != 0
    assert message in result.stderr
    assert az(f"deployment group show {deployment}").exit_code == 3


def test_an_unknown_function_is_named(az: Terminal, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(COMMENTED.replace("concat(", "conkat("))
    result = az(
        f"deployment group create --resource-group {GROUP} --name {site.name} "
        f"--template-file {file} --parameters name=you key=k"
    )
    assert result.exit_code == 1
    assert "InvalidTemplate" in result.stderr
    assert "The template function 'conkat' is not valid" in result.stderr


def deploy_run(site: Site, folder: Path, pipeline: Json, artifact: str) -> str:
    """The command line that deploys a run."""
    local = template_files(
        "PipelineRun/PipelineRun-Export",
        folder,
        registryName=site.registry,
        pipelineRunName="myrun01",
        pipelineResourceId=pipeline["id"],
        targetName="myblob",
        artifacts=[artifact],
    )
    return (
        f"deployment group create --resource-group {GROUP} --name {site.name}run "
        f"--template-file {local}/azuredeploy.json "
        f"--parameters @{local}/azuredeploy.parameters.json"
    )


def test_a_failed_run_is_a_failed_deployment_that_says_why(
    az: Terminal, site: Site, tmp_path: Path
) -> None:
    pipeline = site.pipeline("export")
    failed = az(deploy_run(site, tmp_path, pipeline, "samples/none:v1"))
    assert failed.exit_code == 1
    assert "DeploymentFailed" in failed.stderr
    assert "Artifact 'samples/none:v1' was not found" in failed.stderr

    deployment = f"--resource-group {GROUP} --name {site.name}run"
    [operation] = az.ok(f"deployment operation group list {deployment}").json
    assert operation["properties"]["provisioningState"] == "Failed"
    run_id = operation["properties"]["targetResource"]["id"]
    assert run_id == site.id_of("pipelineRuns/myrun01")
    run = az.ok(f"resource show --ids {run_id}").json
    message = run["properties"]["response"]["pipelineRunErrorMessage"]
    assert message.startswith("Artifact 'samples/none:v1' was not found")


@pytest.mark.parametrize("version", ["", "--api-version 2019-12-01-preview"])
def test_pipelines_can_be_shown_and_deleted_as_resources(
    az: Terminal, site: Site, version: str
) -> None:
    pipeline = site.pipeline("export")
    shown = az.ok(f"resource show --ids {pipeline['id']} {version}").json
    assert shown["id"] == pipeline["id"]
    assert ("storageAccessMode" in shown["properties"]["target"]) == (version == "")
    az.ok(f"resource delete --ids {pipeline['id']} {version}")
    assert site.resource("exportPipelines")["value"] == []
