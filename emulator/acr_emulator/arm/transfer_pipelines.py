"""Export and import pipelines: answered at once, as recorded of Azure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response

from acr_emulator.arm.container_registries import REGISTRY
from acr_emulator.arm.list_pages import page
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.arm.system_data import system_data
from acr_emulator.arm.transfer_resources import check_new, headers, parent, without_blanks
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.registry.resource_properties import exports_disabled
from acr_emulator.runs import pipeline_identity
from acr_emulator.runs.pipeline_properties import read, shown
from acr_emulator.runs.pipelines import EXPORT, KINDS, PipelineKind
from acr_emulator.state.arm_errors import bad_request, resource_not_found
from acr_emulator.state.store import Resource

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance


def routes(instance: Instance) -> list[Route]:
    """The same routes for both kinds."""
    return [route for kind in KINDS for route in _Pipelines(instance, kind).routes()]


class _Pipelines:
    def __init__(self, instance: Instance, kind: PipelineKind) -> None:
        self._instance = instance
        self._headers = headers(instance)
        self._kind = kind

    def routes(self) -> list[Route]:
        pipelines = f"{REGISTRY}/{self._kind.collection}"
        return [
            Route("PUT", f"{pipelines}/{{name}}", self.put),
            Route("GET", f"{pipelines}/{{name}}", self.get),
            Route("DELETE", f"{pipelines}/{{name}}", self.delete),
            Route("GET", pipelines, self.list),
        ]

    async def put(self, request: ArmRequest) -> Response:
        """Create or replace; Azure does not look whether the identity has any right (REC-A)."""
        registry = parent(self._instance, request, self._kind.collection)
        check_new(registry, request["name"])
        if self._kind is EXPORT and exports_disabled(registry):
            raise bad_request(
                "ExportsDisabled",
                f"The registry '{registry['name']}' has exports disabled: it can have no export"
                " pipeline.",
            )
        asked = without_blanks(request.body.get("properties"))
        properties = read(self._kind, asked or {}, request.api_version)
        previous = self._instance.store.get(request.path)
        identity = pipeline_identity.assign(
            self._instance,
            request["name"],
            request.body.get("identity") or {},
            (previous or {}).get("identity", {}),
        )
        location = request.body.get("location")
        resource = {
            "type": self._kind.type,
            **({"identity": identity} if identity else {}),
            "id": request.path,
            "name": request["name"],
            **({"location": location} if location else {}),
            "systemData": system_data(request, self._instance.clock, previous),
            "properties": properties,
        }
        self._instance.store.put(request.path, resource)
        return self._answer(request, resource)

    async def get(self, request: ArmRequest) -> Response:
        parent(self._instance, request, self._kind.collection)
        resource = self._instance.store.get(request.path)
        if resource is None:
            names = f"{request['registry']}/{request['name']}"
            raise resource_not_found(self._kind.type, names, request["group"])
        return self._answer(request, resource)

    async def list(self, request: ArmRequest) -> Response:
        parent(self._instance, request, self._kind.collection)
        show = partial(shown, self._kind, api_version=request.api_version)
        return page(self._instance, request, self._kind.type, show)

    async def delete(self, request: ArmRequest) -> Response:
        parent(self._instance, request, self._kind.collection)
        resource = self._instance.store.get(request.path)
        if resource is None:
            return empty(204, self._headers)
        pipeline_identity.release(self._instance, resource.get("identity", {}))
        self._instance.store.delete(request.path)
        return empty(200, self._headers)

    def _answer(self, request: ArmRequest, resource: Resource) -> Response:
        return JsonAnswer(shown(self._kind, resource, request.api_version), headers=self._headers)
