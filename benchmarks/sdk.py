"""The SDK as it comes, as a client of a cloud."""

from __future__ import annotations

from typing import Any

from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import PipelineRun

from benchmarks.workspace import Environment
from tests.support.cloud import Cloud


def way_to(cloud: Cloud) -> dict[str, Any]:
    """What leads a client to the cloud."""
    return {
        "proxies": {"https": cloud.environment["HTTPS_PROXY"]},
        "connection_verify": cloud.environment["SSL_CERT_FILE"],
    }


def client(cloud: Cloud, **more: Any) -> ContainerRegistryManagementClient:
    """The management client, with its defaults for all else."""
    environment, way = cloud.environment, way_to(cloud)
    credential = ClientSecretCredential(
        environment["AZURE_TENANT_ID"],
        environment["AZURE_CLIENT_ID"],
        environment["AZURE_CLIENT_SECRET"],
        authority=environment["AZURE_AUTHORITY_HOST"],
        **way,
    )
    subscription = environment["AZURE_SUBSCRIPTION_ID"]
    return ContainerRegistryManagementClient(credential, subscription, **way, **more)


def export_run(environment: Environment, blob: str, artifact: str) -> PipelineRun:
    """A run of the environment's pipeline."""
    request = {
        "pipelineResourceId": environment.pipeline_id,
        "artifacts": [artifact],
        "target": {"type": "AzureStorageBlob", "name": blob},
    }
    return PipelineRun({"properties": {"request": request}})
