"""The record of a run: what it says of itself from its start to its end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from acr_emulator.registry.registries import TYPE as REGISTRY_TYPE
from acr_emulator.runs.executor import Outcome
from acr_emulator.runs.pipelines import IMPORT, Pipeline
from acr_emulator.state.clock import timestamp
from acr_emulator.state.store import Resource

TYPE = f"{REGISTRY_TYPE}/pipelineRuns"

_SERVICE = "Microsoft.ContainerRegistry"


def by_service(
    pipeline: Pipeline, name: str, time: datetime, *, blob: str, **request: Any
) -> Resource:
    """A run that nobody put, for `begun`."""
    author = {"By": _SERVICE, "ByType": "Application", "At": timestamp(time)}
    return {
        "type": TYPE,
        "id": f"{pipeline.registry_id}/pipelineRuns/{name}",
        "name": name,
        "systemData": {
            f"{event}{key}": value
            for event in ("created", "lastModified")
            for key, value in author.items()
        },
        "properties": {
            "request": {
                "pipelineResourceId": pipeline.id,
                **request,
                pipeline.kind.side: {"type": "AzureStorageBlob", "name": blob},
            }
        },
    }


def begun(
    run: Resource, pipeline: Pipeline, time: datetime, *, triggered: datetime | None = None
) -> Resource:
    """A run with its `request`, while it is in progress."""
    properties = run["properties"]
    response: dict[str, Any] = {
        "status": "Running",
        "startTime": timestamp(time),
        "progress": {"percentage": "0"},
        pipeline.kind.side: _blob_location(pipeline, properties["request"]),
    }
    if triggered:
        response["trigger"] = {"sourceTrigger": {"timestamp": timestamp(triggered)}}
    return {
        **run,
        "properties": {"provisioningState": "Creating", **properties, "response": response},
    }


def end(run: Resource, outcome: Outcome, time: datetime) -> None:
    """Write the end of a run into it."""
    state = "Failed" if outcome.error else "Succeeded"
    response = run["properties"]["response"]
    response["status"] = state
    response["progress"] = {"percentage": "100"}
    response["finishTime"] = timestamp(time)
    if outcome.catalog_digest:
        response["catalogDigest"] = outcome.catalog_digest
    if IMPORT.side in run["properties"]["request"]:
        response["importedArtifacts"] = list(outcome.transferred)
    if outcome.error:
        response["pipelineRunErrorMessage"] = outcome.error
    run["properties"]["provisioningState"] = state


def _blob_location(pipeline: Pipeline, request: Mapping[str, Any]) -> dict[str, str]:
    """The blob that a run reads or writes, as its `response` contains it."""
    location = {
        "type": "AzureStorageBlob",
        "uri": f"{pipeline.container_uri.rstrip('/')}/{request[pipeline.kind.side]['name']}",
    }
    if pipeline.secret_uri:
        location["keyVaultUri"] = pipeline.secret_uri
    return {**location, "storageAccessMode": pipeline.access_mode}
