"""Export and import pipelines: answered at once, as recorded of Azure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from acr_emulator.arm.assigned_identities import AssignedIdentities
from acr_emulator.arm.body_forms import PIPELINE
from acr_emulator.arm.container_registries import REGISTRY
from acr_emulator.arm.list_pages import page
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.arm.system_data import system_data
from acr_emulator.arm.transfer_resources import check_new, headers, parent, without_blanks
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.registry.resource_properties import exports_disabled
from acr_emulator.runs.pipeline_properties import read, shown
from acr_emulator.runs.pipelines import EXPORT, PipelineKind
from acr_emulator.runs.trigger import forget_blobs
from acr_emulator.state.arm_errors import bad_request, resource_not_found
from acr_emulator.state.clock import Clock
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store


@dataclass(frozen=True, kw_only=True)
class TransferPipelines:
    """Pipelines of one kind."""

    kind: PipelineKind
    cloud: Cloud
    clock: Clock
    settings: Settings
    store: Store
    identities: AssignedIdentities

    def _headers(self, request: ArmRequest) -> dict[str, str]:
        return headers(self.cloud, request.api_version)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        pipelines = f"{REGISTRY}/{self.kind.collection}"
        one = f"{pipelines}/{{name}}"
        return [
            Route("PUT", one, self.put, Right(f"{self.kind.type}/write", one), body=PIPELINE),
            Route("GET", one, self.get, Right(f"{self.kind.type}/read", one)),
            Route("DELETE", one, self.delete, Right(f"{self.kind.type}/delete", one)),
            Route("GET", pipelines, self.list, Right(f"{self.kind.type}/read", REGISTRY)),
        ]

    async def put(self, request: ArmRequest) -> Response:
        """Create or replace; Azure does not look whether the identity has any right (REC-A)."""
        registry = parent(self.store, request, self.kind.collection)
        check_new(registry, request["name"])
        if self.kind is EXPORT and exports_disabled(registry):
            raise bad_request(
                "ExportsDisabled",
                f"The registry '{registry['name']}' has exports disabled: it can have no export"
                " pipeline.",
            )
        requested = without_blanks(request.body.get("properties"))
        properties = read(self.kind, requested or {}, request.api_version)
        previous = self.store.get(str(request.id))
        location = request.body.get("location", "").upper().replace(" ", "")
        with self.store.transaction():
            identity = self.identities.assign(
                request, request["name"], (previous or {}).get("identity", {})
            )
            resource = {
                "type": self.kind.type,
                **({"location": location} if location else {}),
                **({"identity": identity} if identity else {}),
                "id": previous["id"] if previous else str(request.id),
                "name": previous["name"] if previous else request["name"],
                "systemData": system_data(request, self.clock, previous),
                "properties": properties,
            }
            self.store.put(resource["id"], resource)
        return self._answer(request, resource)

    async def get(self, request: ArmRequest) -> Response:
        parent(self.store, request, self.kind.collection)
        resource = self.store.get(str(request.id))
        if resource is None:
            names = f"{request['registry']}/{request['name']}"
            raise resource_not_found(self.kind.type, names, request["group"])
        return self._answer(request, resource)

    async def list(self, request: ArmRequest) -> Response:
        parent(self.store, request, self.kind.collection)
        show = partial(shown, self.kind, api_version=request.api_version)
        return page(
            self.store,
            request,
            self.kind.type,
            size=self.settings.page_size,
            headers=self._headers(request),
            show=show,
        )

    async def delete(self, request: ArmRequest) -> Response:
        parent(self.store, request, self.kind.collection)
        resource = self.store.get(str(request.id))
        if resource is None:
            return empty(204, self._headers(request))
        with self.store.transaction():
            self.identities.release(resource)
            forget_blobs(self.store, resource["id"])
            self.store.delete(resource["id"])
        return empty(200, self._headers(request))

    def _answer(self, request: ArmRequest, resource: Resource) -> Response:
        return JsonAnswer(
            shown(self.kind, resource, request.api_version), headers=self._headers(request)
        )
