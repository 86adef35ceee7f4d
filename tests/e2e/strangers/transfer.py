"""Pipelines and runs with one version of azure-mgmt-containerregistry: see test_python_sdks.py."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import sys
from typing import Any

from azure.identity import EnvironmentCredential

VALUES: dict[str, Any] = json.loads(sys.argv[1])
SOURCE, TARGET = ((VALUES["group"], VALUES[registry]) for registry in ("source", "target"))
_PACKAGE = "azure.mgmt.containerregistry"


def main() -> None:
    """Export and import once for each API version; print what came of it."""
    answers = [transfer(*client_for(version)) for version in VALUES["apiVersions"]]
    sys.stdout.write(json.dumps(answers))


def client_for(api_version: str) -> tuple[Any, Any]:
    """A client and its models; packages of one API version have no module for each."""
    try:
        folder = f"{_PACKAGE}.v{api_version.replace('-', '_')}"
        models = importlib.import_module(f"{folder}.models")
    except ModuleNotFoundError:
        models = importlib.import_module(f"{_PACKAGE}.models")
    client_class = importlib.import_module(_PACKAGE).ContainerRegistryManagementClient
    credential = EnvironmentCredential()
    subscription = os.environ["AZURE_SUBSCRIPTION_ID"]
    if importlib.util.find_spec("msrestazure"):  # the generation before azure-core
        authentication = importlib.import_module("msrest.authentication")
        token = credential.get_token("https://management.azure.com/.default").token
        basic = authentication.BasicTokenAuthentication({"access_token": token})
        client = client_class(basic, subscription, api_version=api_version)
        client.config.long_running_operation_timeout = 1
        return client, models
    client = client_class(credential, subscription, api_version=api_version, polling_interval=1)
    return client, models


def done(operations: Any, verb: str, *arguments: Any) -> Any:
    """The result of a long-running operation, whose method has a prefix in newer generations."""
    method = getattr(operations, f"begin_{verb}", None) or getattr(operations, verb)
    return method(*arguments).result()


def run(client: Any, models: Any, registry: Any, name: str, **request: Any) -> Any:
    """Start a pipeline run and wait for it; the oldest method takes the request by itself."""
    body = models.PipelineRunRequest(**request)
    if "request" not in inspect.signature(getattr(client.pipeline_runs, "create", len)).parameters:
        body = models.PipelineRun(request=body)
    return done(client.pipeline_runs, "create", *registry, name, body)


def transfer(client: Any, models: Any) -> dict[str, Any]:
    """Make one pipeline of each kind, run it, and delete everything again."""
    identity = models.IdentityProperties(
        type="UserAssigned",
        user_assigned_identities={VALUES["identity"]: models.UserIdentityProperties()},
    )
    container = {
        "type": "AzureStorageBlobContainer",
        "uri": VALUES["containerUri"],
        "key_vault_uri": VALUES["secretUri"],
    }
    if hasattr(models, "StorageAccessMode"):
        container["storage_access_mode"] = "SasToken"
    blob = {"type": "AzureStorageBlob", "name": "pyblob"}
    off = models.PipelineSourceTriggerProperties(status="Disabled")

    exporter = done(
        client.export_pipelines,
        "create",
        *SOURCE,
        "pyexport",
        models.ExportPipeline(
            identity=identity,
            target=models.ExportPipelineTargetProperties(**container),
            options=["OverwriteBlobs"],
        ),
    )
    exported = run(
        client,
        models,
        SOURCE,
        "pyexportrun",
        pipeline_resource_id=exporter.id,
        artifacts=VALUES["artifacts"],
        target=models.PipelineRunTargetProperties(**blob),
    )
    importer = done(
        client.import_pipelines,
        "create",
        *TARGET,
        "pyimport",
        models.ImportPipeline(
            identity=identity,
            source=models.ImportPipelineSourceProperties(**container),
            trigger=models.PipelineTriggerProperties(source_trigger=off),
            options=["OverwriteTags"],
        ),
    )
    imported = run(
        client,
        models,
        TARGET,
        "pyimportrun",
        pipeline_resource_id=importer.id,
        source=models.PipelineRunSourceProperties(**blob),
    )
    before = names(client)
    done(client.pipeline_runs, "delete", *SOURCE, "pyexportrun")
    done(client.pipeline_runs, "delete", *TARGET, "pyimportrun")
    done(client.export_pipelines, "delete", *SOURCE, "pyexport")
    done(client.import_pipelines, "delete", *TARGET, "pyimport")
    return {
        "ids": [exporter.id, importer.id],
        "uris": [exporter.target.uri, importer.source.uri],
        "states": [each.provisioning_state for each in (exporter, exported, importer, imported)],
        "responses": [each.response.status for each in (exported, imported)],
        "imported": imported.response.imported_artifacts,
        "before": before,
        "after": names(client),
    }


def names(client: Any) -> list[list[str]]:
    """The names of all pipelines and runs in both registries."""
    lists = (
        client.export_pipelines.list(*SOURCE),
        client.import_pipelines.list(*TARGET),
        client.pipeline_runs.list(*SOURCE),
        client.pipeline_runs.list(*TARGET),
    )
    return [[item.name for item in items] for items in lists]


if __name__ == "__main__":
    main()
