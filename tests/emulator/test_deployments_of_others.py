"""Templates for these resource types in the styles that other people write them in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.running import GROUP, SUBSCRIPTION, Emulator, Json
from tests.support.cloud import eventually

DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
#: `old_style`: ids put together manually, the identity as JSON in a string, the grant nested in the
#: outer scope. `both_sides`: empty strings for what is not meant. `compiled`: as a compiler of
#: modules writes it. `children`: a group from nothing, with resources within their parents.
#: `symbolic`: as a newer compiler writes prerequisites, with loops and symbolic names.
TEMPLATES = Path(__file__).with_name("templates_of_others")
REGISTRY, VAULT, ACCOUNT = "theirregistry", "theirvault", "theirstorage"
URI = f"https://{ACCOUNT}.blob.core.windows.net/transfer"

Deploy = Callable[..., Json]


@pytest.fixture
def deploy(emulator: Emulator) -> Deploy:
    """Deploy into a group that has everything, until it has succeeded."""
    emulator.registry(REGISTRY)
    emulator.vault(VAULT)
    emulator.container(ACCOUNT, "transfer")
    emulator.secret(VAULT, "sas", "?" + emulator.sas(ACCOUNT, "transfer", "rwdla"))
    emulator.client(REGISTRY).push("samples/hello", "v1", layer=b"hello")

    def deployed(name: str, template: str, **given: Any) -> Json:
        document = json.loads((TEMPLATES / f"{template}.json").read_text())
        values = {key: {"value": value} for key, value in given.items()}
        requested = {"properties": {"template": document, "parameters": values}}
        emulator.ok("PUT", f"{DEPLOYMENTS}/{name}", requested)
        properties = eventually(lambda: over(emulator, name))
        assert properties["provisioningState"] == "Succeeded", properties["error"]
        return properties

    return deployed


def over(emulator: Emulator, name: str) -> Json | None:
    """The properties of a deployment, if it is over."""
    properties: Json = emulator.ok("GET", f"{DEPLOYMENTS}/{name}")["properties"]
    return properties if properties["provisioningState"] in ("Succeeded", "Failed") else None


def test_the_pipeline_of_a_template_with_a_nested_grant_works(
    emulator: Emulator, deploy: Deploy
) -> None:
    given = {"registry": REGISTRY, "pipeline": "oldpipeline", "uri": URI, "vault": VAULT}
    properties = deploy("old", "old_style", **given, secret="sas")
    pipeline_id, policy_id = (item["id"] for item in properties["outputResources"])
    pipeline = emulator.ok("GET", pipeline_id)
    assert pipeline["location"] == "WESTUS"
    assert pipeline["properties"]["target"] == {
        "type": "AzureStorageBlobContainer",
        "uri": URI,
        "keyVaultUri": f"{PUBLIC.vault_url(VAULT)}/secrets/sas",
        "storageAccessMode": "SasToken",
    }
    assert policy_id == f"{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}/accessPolicies/add"

    run = {"pipelineResourceId": pipeline_id, "targetName": "oldblob"}
    deploy("oldrun", "both_sides", **run, run="oldrun", artifacts=["samples/hello:v1"])
    done = emulator.ok("GET", f"{REGISTRY}/pipelineRuns/oldrun")["properties"]
    assert done["response"]["status"] == "Succeeded"
    assert done["request"]["target"] == {"type": "AzureStorageBlob", "name": "oldblob"}
    assert "source" not in done["request"]
    assert "forceUpdateTag" not in done


def test_a_compiled_template_with_modules_and_a_role_deploys_twice(
    emulator: Emulator, deploy: Deploy
) -> None:
    for _ in range(2):
        properties = deploy("compiled", "compiled", prefix="bic")
    pipeline_id = properties["outputs"]["pipelineId"]["value"]
    pipeline = emulator.ok("GET", pipeline_id)
    [identity] = pipeline["identity"]["userAssignedIdentities"].values()
    scope = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
    assigned = emulator.ok("GET", f"{scope}/providers/Microsoft.Authorization/roleAssignments")
    principals = [item["properties"]["principalId"] for item in assigned["value"]]
    assert principals.count(identity["principalId"]) == 1
    # Recorded: sorted by id, those of modules among them.
    ids = [item["id"] for item in properties["outputResources"]]
    assert ids == sorted(ids, key=str.lower)
    assert ids[0] == pipeline_id


def test_a_template_with_nested_children_fills_an_empty_group(
    emulator: Emulator, deploy: Deploy
) -> None:
    emulator.ok("PUT", f"{SUBSCRIPTION}/resourceGroups/empty", {"location": "eastus"})
    deploy("whole", "children")
    group = f"{SUBSCRIPTION}/resourceGroups/empty/providers"
    pipeline = emulator.ok(
        "GET",
        f"{group}/Microsoft.ContainerRegistry/registries/emptyregistry/exportPipelines/childpipeline",
    )
    uri = "https://emptystorage.blob.core.windows.net/transfer"
    assert pipeline["properties"]["target"]["uri"] == uri
    deployment = emulator.ok("GET", f"{group}/Microsoft.Resources/deployments/empty")
    assert deployment["properties"]["outputs"] == {"keys": {"type": "Int", "value": 2}}


def test_a_template_with_symbolic_names_makes_the_prerequisites(
    emulator: Emulator, deploy: Deploy
) -> None:
    deploy("symbolic", "symbolic", prefix="sym")
    properties = deploy("symbolic", "symbolic", prefix="sym")
    outputs = {name: output["value"] for name, output in properties["outputs"].items()}
    registry = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/{REGISTRY}"
    assert outputs == {
        "pipelineIds": [f"{registry}/exportPipelines/sympipeline{index}" for index in range(2)],
        "uris": ["https://symstorage.blob.core.windows.net/transfer1"],
        "secret": f"{PUBLIC.vault_url(VAULT)}/secrets/container-sas",
    }
    containers = (
        "providers/Microsoft.Storage/storageAccounts/symstorage/blobServices/default/containers"
    )
    listed = emulator.ok("GET", f"{GROUP}/{containers}")["value"]
    assert [item["properties"]["metadata"] for item in listed] == [
        {"side": "source"},
        {"side": "target"},
    ]
    for number, pipeline_id in enumerate(outputs["pipelineIds"]):
        run = {
            "request": {
                "pipelineResourceId": pipeline_id,
                "artifacts": ["samples/hello:v1"],
                "target": {"type": "AzureStorageBlob", "name": f"blob{number}"},
            }
        }
        emulator.ok("PUT", f"{REGISTRY}/pipelineRuns/symrun{number}", {"properties": run})
        done = emulator.finished(f"{REGISTRY}/pipelineRuns/symrun{number}")
        assert done["response"]["status"] == "Succeeded", done["response"]
