"""Pipeline runs: one execution of an export or import pipeline each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.body_forms import PIPELINE_RUN
from acr_emulator.arm.container_registries import REGISTRY
from acr_emulator.arm.list_pages import page
from acr_emulator.arm.operation_polling import OperationPolling
from acr_emulator.arm.request import ArmRequest, Right, Route
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
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId
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

    def _headers(self, request: ArmRequest) -> dict[str, str]:
        return headers(self.cloud, request.api_version)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        one = f"{_RUNS}/{{name}}"
        return [
            Route("PUT", one, self.put, Right(f"{TYPE}/write", one), body=PIPELINE_RUN),
            Route("GET", one, self.get, Right(f"{TYPE}/read", one)),
            Route("DELETE", one, self.delete, Right(f"{TYPE}/delete", one)),
            Route("GET", _RUNS, self.list, Right(f"{TYPE}/read", REGISTRY)),
            self.polling.status_route(one, Right(f"{TYPE}/operationStatuses/read", one)),
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
        previous = self.store.get(str(request.id))
        if previous and _is_repeated(properties, previous["properties"]):
            return self._answer(request, previous, 200)
        if self.runs.operation(str(request.id)):
            raise ArmError(409, "Conflict", f"The run '{request['name']}' is still under way.")
        run = {
            "type": TYPE,
            "id": previous["id"] if previous else str(request.id),
            "name": previous["name"] if previous else request["name"],
            "systemData": system_data(request, self.clock, previous),
            "properties": properties,
        }
        self.runs.begin(run, pipeline)
        if self.settings.run_answer == "sync":
            await self.runs.wait(str(request.id))
            return self._answer(request, self._find(request), 200)
        return self._answer(request, self._find(request), 201)

    async def get(self, request: ArmRequest) -> Response:
        parent(self.store, request, "pipelineRuns")
        return JsonAnswer(self._find(request), headers=self._headers(request))

    async def list(self, request: ArmRequest) -> Response:
        """The newest last, as the official client expects."""
        parent(self.store, request, "pipelineRuns")
        size = self.settings.page_size
        return page(self.store, request, TYPE, size=size, headers=self._headers(request))

    async def delete(self, request: ArmRequest) -> Response:
        """Delete the record, which undoes nothing."""
        parent(self.store, request, "pipelineRuns")
        existed = await self.runs.delete(str(request.id))
        return empty(200 if existed else 204, self._headers(request))

    def _find(self, request: ArmRequest) -> Resource:
        run = self.store.get(str(request.id))
        if run is None:
            names = f"{request['registry']}/{request['name']}"
            raise resource_not_found(TYPE, names, request["group"])
        return run

    def _pipeline(self, registry: Resource, requested: dict[str, Any]) -> Pipeline:
        pipeline_id = requested.get("pipelineResourceId", "")
        collections = [f"{registry['id']}/{kind.collection}" for kind in KINDS]
        try:
            path = ResourceId.parse(pipeline_id)
            is_pipeline = any(
                path.is_within(collection) and len(path.segments) == len(collection.segments) + 1
                for collection in map(ResourceId.parse, collections)
            )
        except InvalidIdError:
            is_pipeline = False
        if not is_pipeline:
            raise bad_request(
                "InvalidParameter",
                f"'{pipeline_id}' is no pipeline of the registry '{registry['name']}'.",
            )
        resource = self.store.get(str(path))
        if resource is None:
            raise ArmError(404, "PipelineNotFound", f"The pipeline '{pipeline_id}' does not exist.")
        return Pipeline.of(resource)

    def _answer(self, request: ArmRequest, run: Resource, status: int) -> Response:
        operation = self.runs.operation(run["id"])
        polled = self.polling.status_headers(request, operation) if operation else {}
        return JsonAnswer(run, status, {**self._headers(request), **polled})


def _is_repeated(properties: dict[str, Any], previous: dict[str, Any]) -> bool:
    """Nothing runs again without a new forceUpdateTag or another request (documented)."""
    tag = properties.get("forceUpdateTag")
    return properties["request"] == previous["request"] and tag in (
        None,
        previous.get("forceUpdateTag"),
    )
