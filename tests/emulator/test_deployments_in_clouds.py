"""The repository's templates in clouds that are not the public one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acr_emulator.cloud.clouds import CHINA, US_GOVERNMENT, Cloud

from tests.emulator.running import GROUP, Emulator, Json
from tests.support.cloud import eventually

TEMPLATE = Path(__file__).parents[2] / "templates/ExportPipelines/azuredeploy.json"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/pipeline"


@pytest.fixture
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    cloud: Cloud = request.param
    emulator = Emulator(tmp_path, cloud)
    emulator.registry("sourceregistry")
    emulator.vault("sourcevault")
    yield emulator
    emulator.stop()


def deployed(emulator: Emulator, document: Json) -> Json:
    """The properties of a deployment of an export pipeline."""
    values: dict[str, Any] = {
        "registryName": "sourceregistry",
        "exportPipelineName": "mypipeline",
        "targetUri": f"https://sourcestorage.{emulator.cloud.blob_suffix}/transfer",
        "keyVaultName": "sourcevault",
        "sasTokenSecretName": "sas",
    }
    parameters = {name: {"value": value} for name, value in values.items()}
    emulator.ok("PUT", DEPLOYMENT, {"properties": {"template": document, "parameters": parameters}})

    def look() -> Json | None:
        properties: Json = emulator.ok("GET", DEPLOYMENT)["properties"]
        return properties if properties["provisioningState"] in ("Succeeded", "Failed") else None

    return eventually(look)


@pytest.mark.parametrize("elsewhere", [US_GOVERNMENT], indirect=True, ids=["us"])
def test_the_secret_is_where_the_cloud_has_its_vaults(elsewhere: Emulator) -> None:
    properties = deployed(elsewhere, json.loads(TEMPLATE.read_text()))
    assert properties["provisioningState"] == "Succeeded", properties["error"]
    [made] = [item for item in properties["outputResources"] if "/exportPipelines/" in item["id"]]
    pipeline = elsewhere.ok("GET", made["id"])
    uri = "https://sourcevault.vault.usgovcloudapi.net/secrets/sas"
    assert pipeline["properties"]["target"]["keyVaultUri"] == uri


@pytest.mark.parametrize("elsewhere", [CHINA], indirect=True, ids=["china"])
def test_an_unsupported_api_version_is_named_and_an_older_one_works(
    elsewhere: Emulator,
) -> None:
    text = TEMPLATE.read_text()
    properties = deployed(elsewhere, json.loads(text))
    [detail] = properties["error"]["details"]
    assert detail["code"] == "NoRegisteredProviderFound"
    assert "2025-06-01-preview" in detail["message"]
    assert "2019-12-01-preview" in detail["message"]

    older = json.loads(text.replace("2025-06-01-preview", "2019-12-01-preview"))
    del older["variables"]["container"]["storageAccessMode"]
    assert deployed(elsewhere, older)["provisioningState"] == "Succeeded"
