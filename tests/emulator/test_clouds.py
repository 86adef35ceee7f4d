"""Emulating another cloud: its description, its hosts, and the API versions that it offers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import CHINA, PUBLIC, Cloud
from acr_emulator.cloud.description import CloudError, cloud_of
from acr_emulator.emulator import Instance, OtherCloudError

from tests.emulator.running import SUBSCRIPTION, Emulator
from tests.support.emulator_wording import NO_PROVIDER
from tests.support.other_clouds import DESCRIPTION

PRIVATE = Cloud(
    name="Contoso",
    arm="management.contoso.example",
    arm_audience="https://management.core.contoso.example",
    login="login.contoso.example",
    graph="graph.contoso.example",
    storage_suffix="core.contoso.example",
    vault_suffix="vault.contoso.example",
    registry_suffix="cr.contoso.example",
    transfer_api_versions=("2019-12-01-preview",),
)


def described(folder: Path, *path: str, value: Any) -> str:
    """The file of a private cloud, with another value in one place."""
    description = json.loads(json.dumps(DESCRIPTION))
    *outer, last = path
    location = description
    for key in outer:
        location = location[key]
    location[last] = value
    file = folder / "cloud.json"
    file.write_text(json.dumps(description))
    return str(file)


@pytest.mark.parametrize("name", ["AzureChinaCloud", "azurechinacloud"])
def test_a_known_cloud_goes_by_its_name(name: str) -> None:
    assert cloud_of(name) is CHINA


def test_a_private_cloud_is_what_its_file_says(tmp_path: Path) -> None:
    assert cloud_of(described(tmp_path, "name", value="Contoso")) == PRIVATE


def test_a_private_cloud_offers_any_version_unless_it_has_a_list(tmp_path: Path) -> None:
    description = {key: DESCRIPTION[key] for key in ("name", "endpoints", "suffixes")}
    file = tmp_path / "cloud.json"
    file.write_text(json.dumps(description))
    assert cloud_of(str(file)).transfer_api_versions is None


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("name",), "", "name is missing, or no text."),
        (("endpoints",), ["x"], "endpoints is to be a JSON object."),
        (
            ("endpoints", "activeDirectory"),
            None,
            "endpoints.activeDirectory is missing, or no text.",
        ),
        (
            ("endpoints", "resourceManager"),
            "http://arm.example.org",
            'endpoints.resourceManager is "http://arm.example.org", expected https://HOST.',
        ),
        (
            ("endpoints", "activeDirectory"),
            "https://login.example.org/adfs",
            'endpoints.activeDirectory is "https://login.example.org/adfs", expected https://HOST.',
        ),
        (
            ("suffixes", "keyvaultDns"),
            "https://vault.example.org",
            'suffixes.keyvaultDns is "https://vault.example.org", expected a domain name.',
        ),
        (
            ("suffixes", "keyvaultDns"),
            ".cr.contoso.example",
            "'cr.contoso.example' would lead to two services.",
        ),
        (
            ("suffixes", "acrLoginServerEndpoint"),
            "contoso.example",
            "'management.contoso.example' would lead to two services.",
        ),
        (
            ("transferApiVersions",),
            ["latest"],
            'transferApiVersions is ["latest"], expected a list of API versions such as'
            " 2019-12-01-preview.",
        ),
        (
            ("transferApiVersions",),
            [],
            "transferApiVersions is [], expected a list of API versions.",
        ),
    ],
)
def test_a_flawed_description_is_refused_with_what_is_wrong(
    path: tuple[str, ...], value: Any, complaint: str, tmp_path: Path
) -> None:
    file = described(tmp_path, *path, value=value)
    with pytest.raises(CloudError) as refused:
        cloud_of(file)
    assert str(refused.value) == f"{file}: {complaint}"


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    file.write_text("name: Contoso")
    with pytest.raises(CloudError, match=r"cloud\.json is no JSON: Expecting value"):
        cloud_of(str(file))


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(CloudError) as refused:
        cloud_of("AzureMoonCloud")
    assert str(refused.value) == (
        "'AzureMoonCloud' is no known cloud (AzureCloud, AzureChinaCloud, AzureUSGovernment) and no"
        " file to read: No such file or directory."
    )


def test_a_state_directory_keeps_to_its_cloud(tmp_path: Path) -> None:
    Instance(tmp_path, CHINA).close()
    with pytest.raises(OtherCloudError) as refused:
        Instance(tmp_path, PUBLIC)
    assert str(refused.value) == (
        f"{tmp_path} holds the cloud AzureChinaCloud, not AzureCloud: give that one as --cloud,"
        " or another --state."
    )
    Instance(tmp_path, CHINA).close()


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("private") / "state", PRIVATE)
    yield emulator
    emulator.stop()


def test_the_hosts_of_other_clouds_do_not_exist(private: Emulator) -> None:
    with pytest.raises(httpx.ProxyError, match="^403 Host .* is unknown to Contoso$"):
        private.http.get(f"{PUBLIC.arm_url}/subscriptions")


def test_anyone_gets_the_endpoints(private: Emulator) -> None:
    answer = private.http.get(f"{PRIVATE.arm_url}/metadata/endpoints?api-version=2022-09-01")
    assert answer.json() == {
        "name": "Contoso",
        "resourceManager": "https://management.contoso.example",
        "authentication": {
            "loginEndpoint": "https://login.contoso.example",
            "audiences": [
                "https://management.core.contoso.example/",
                "https://management.contoso.example/",
            ],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "microsoftGraphResourceId": "https://graph.contoso.example/",
        "suffixes": {
            "acrLoginServer": "cr.contoso.example",
            "keyVaultDns": "vault.contoso.example",
            "storage": "core.contoso.example",
        },
    }


@pytest.mark.parametrize("collection", ["exportPipelines", "importPipelines", "pipelineRuns"])
def test_pipelines_and_runs_are_to_be_had_in_the_offered_versions_only(
    private: Emulator, collection: str
) -> None:
    private.registry("myregistry")
    refused = private.arm("GET", f"myregistry/{collection}")
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        {
            "code": "NoRegisteredProviderFound",
            "message": f"{NO_PROVIDER} '2025-06-01-preview' for type 'registries/{collection}'. "
            "The supported api-versions are '2019-12-01-preview'.",
        },
    )
    offered = private.arm("GET", f"myregistry/{collection}", version="2019-12-01-preview")
    assert offered.json() == {"value": []}
    assert offered.headers["api-supported-versions"] == "2019-12-01-preview"


def test_other_types_come_in_any_version(private: Emulator) -> None:
    private.registry("myregistry")
    shown = private.arm("GET", "myregistry", version="2026-09-01-preview").json()
    assert shown["properties"]["loginServer"] == "myregistry.cr.contoso.example"


def test_the_provider_lists_the_versions_of_each_type(private: Emulator) -> None:
    provider = private.ok("GET", f"{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry")
    versions = {item["resourceType"]: item["apiVersions"] for item in provider["resourceTypes"]}
    assert versions["registries/pipelineRuns"] == ["2019-12-01-preview"]
    assert "2019-12-01-preview" not in versions["registries"]
