"""Pipeline runs: one execution of an export or import pipeline each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.container_registries import REGISTRY
from acr_emulator.arm.list_pages import page
from acr_emulator.arm.operation_polling import OperationPolling
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.arm.system_data import system_data
from acr_emulator.arm.transfer_resources import check_new, headers, parent, without_blanks
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.runs.pipelines import KINDS, Pipeline
from acr_emulator.runs.record import TYPE
from acr_emulator.runs.run_request import read
from acr_emulator.runs.run_service import Runs
from acr_emulator.state.arm_errors import ArmError, bad_request, resource_not_found
from acr_emulator.state.clock import Clock
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store

_RUNS = f"{REGISTRY}/pipelineRuns"


@dataclass(frozen=True, kw_only=True)
class PipelineRuns:
    """Runs; their operations are polled where all operations are."""

    cloud: Cloud
    clock: Clock
    settings: Settings
    store: Store
    polling: OperationPolling
    runs: Runs

    @property
    def _headers(self) -> dict[str, str]:
        return headers(self.cloud)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        return [
            Route("PUT", f"{_RUNS}/{{name}}", self.put),
            Route("GET", f"{_RUNS}/{{name}}", self.get),
            Route("DELETE", f"{_RUNS}/{{name}}", self.delete),
            Route("GET", _RUNS, self.list),
        ]

    async def put(self, request: ArmRequest) -> Response:
        """Run, unless this very run already exists."""
        registry = parent(self.store, request, "pipelineRuns")
        check_new(registry, request["name"])
        requested = without_blanks(request.body.get("properties")) or {}
        pipeline = self._pipeline(registry, requested.get("request", {}))
        properties = {"request": read(pipeline.kind, requested["request"])}
        if "forceUpdateTag" in requested:
            properties["forceUpdateTag"] = requested["forceUpdateTag"]
        previous = self.store.get(request.path)
        if previous and _is_repeated(properties, previous["properties"]):
            return self._answer(request, previous, 200)
        if self.runs.operation(request.path):
            raise ArmError(409, "Conflict", f"The run '{request['name']}' is still under way.")
        run = {
            "type": TYPE,
            "id": request.path,
            "name": request["name"],
            "systemData": system_data(request, self.clock, previous),
            "properties": properties,
        }
        self.runs.begin(run, pipeline)
        if self.settings.run_answer == "sync":
            await self.runs.wait(request.path)
            return self._answer(request, self._find(request), 200)
        return self._answer(request, self._find(request), 201)

    async def get(self, request: ArmRequest) -> Response:
        parent(self.store, request, "pipelineRuns")
        return JsonAnswer(self._find(request), headers=self._headers)

    async def list(self, request: ArmRequest) -> Response:
        """The newest last, as the official client expects."""
        parent(self.store, request, "pipelineRuns")
        size = self.settings.page_size
        return page(self.store, request, TYPE, size=size, headers=self._headers)

    async def delete(self, request: ArmRequest) -> Response:
        """Delete the record, which undoes nothing."""
        parent(self.store, request, "pipelineRuns")
        existed = await self.runs.delete(request.path)
        return empty(200 if existed else 204, self._headers)

    def _find(self, request: ArmRequest) -> Resource:
        run = self.store.get(request.path)
        if run is None:
            names = f"{request['registry']}/{request['name']}"
            raise resource_not_found(TYPE, names, request["group"])
        return run

    def _pipeline(self, registry: Resource, requested: dict[str, Any]) -> Pipeline:
        pipeline_id = str(requested.get("pipelineResourceId", ""))
        collections = [f"{registry['id']}/{kind.collection}/".lower() for kind in KINDS]
        if not any(pipeline_id.lower().startswith(prefix) for prefix in collections):
            raise bad_request(
                "InvalidParameter",
                f"'{pipeline_id}' is no pipeline of the registry '{registry['name']}'.",
            )
        resource = self.store.get(pipeline_id)
        if resource is None:
            raise ArmError(404, "PipelineNotFound", f"The pipeline '{pipeline_id}' does not exist.")
        return Pipeline.of(resource)

    def _answer(self, request: ArmRequest, run: Resource, status: int) -> Response:
        operation = self.runs.operation(run["id"])
        polled = self.polling.status_headers(request, operation) if operation else {}
        return JsonAnswer(run, status, {**self._headers, **polled})


def _is_repeated(properties: dict[str, Any], previous: dict[str, Any]) -> bool:
    """Nothing runs again without a new forceUpdateTag or another request (documented)."""
    tag = properties.get("forceUpdateTag")
    return properties["request"] == previous["request"] and tag in (
        None,
        previous.get("forceUpdateTag"),
    )
