"""The official SDK with azure-identity, as a second client of the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.identity import ClientSecretCredential, EnvironmentCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import ExportPipeline, PipelineRun

from tests.support.cloud import Cloud, Json
from tests.support.site import GROUP, Site


@pytest.fixture
def client(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContainerRegistryManagementClient]:
    """The SDK's client in the cloud's environment."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    with ContainerRegistryManagementClient(
        EnvironmentCredential(),
        cloud.environment["AZURE_SUBSCRIPTION_ID"],
        polling_interval=1,
    ) as client:
        yield client


def test_pipelines_are_created_listed_and_deleted(
    client: ContainerRegistryManagementClient, site: Site
) -> None:
    storage: Json = {"uri": site.container_uri, "storageAccessMode": "ManagedIdentity"}
    body = ExportPipeline(
        {"identity": {"type": "SystemAssigned"}, "properties": {"target": storage}}
    )
    pipelines = client.export_pipelines
    created = pipelines.begin_create(GROUP, site.registry, "mypipeline", body).result()
    assert (created.name, created.target.uri) == ("mypipeline", site.container_uri)
    assert created.identity
    assert created.identity.principal_id
    assert [each.id for each in pipelines.list(GROUP, site.registry)] == [created.id]
    pipelines.begin_delete(GROUP, site.registry, "mypipeline").result()
    assert list(pipelines.list(GROUP, site.registry)) == []
    with pytest.raises(ResourceNotFoundError):
        pipelines.get(GROUP, site.registry, "mypipeline")


def test_a_transfer(
    client: ContainerRegistryManagementClient, site: Site, importing_site: Site
) -> None:
    digest = site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    blob = {"type": "AzureStorageBlob", "name": "myblob"}
    request: Json = {
        "pipelineResourceId": site.pipeline("export")["id"],
        "artifacts": ["samples/hello:1.0"],
        "target": blob,
    }
    body = PipelineRun({"properties": {"request": request}})
    run = client.pipeline_runs.begin_create(GROUP, site.registry, "myrun01", body).result()
    assert (run.provisioning_state, run.response.status) == ("Succeeded", "Succeeded")

    carried = site.container.download_blob("myblob").readall()
    importing_site.container.upload_blob("myblob", carried)
    request = {"pipelineResourceId": importing_site.pipeline("import")["id"], "source": blob}
    body = PipelineRun({"properties": {"request": request}})
    run = client.pipeline_runs.begin_create(
        GROUP, importing_site.registry, "myrun01", body
    ).result()
    assert run.response.imported_artifacts == ["samples/hello:1.0"]
    assert importing_site.registry_client.digest("samples/hello", "1.0") == digest


def test_a_failed_run_raises_with_the_services_message(
    client: ContainerRegistryManagementClient, site: Site
) -> None:
    request: Json = {
        "pipelineResourceId": site.pipeline("export")["id"],
        "artifacts": ["samples/nothing:1.0"],
        "target": {"type": "AzureStorageBlob", "name": "myblob"},
    }
    body = PipelineRun({"properties": {"request": request}})
    poller = client.pipeline_runs.begin_create(GROUP, site.registry, "myrun01", body)
    with pytest.raises(HttpResponseError, match="'samples/nothing:1.0' was not found"):
        poller.result()


@pytest.mark.usefixtures("client")
def test_a_wrong_secret_is_refused(cloud: Cloud) -> None:
    credential = ClientSecretCredential(
        cloud.environment["AZURE_TENANT_ID"], cloud.environment["AZURE_CLIENT_ID"], "not-the-secret"
    )
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token("https://management.azure.com/.default")
