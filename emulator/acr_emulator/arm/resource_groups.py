"""Resource groups, and the generic list of resources in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest, Readable, Right, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import bad_request, group_not_found
from acr_emulator.state.store import Resource, Store

TYPE = "Microsoft.Resources/resourceGroups"
_ACTIONS = "Microsoft.Resources/subscriptions/resourceGroups"
_GROUPS = "/subscriptions/{subscription}/resourceGroups"
_FILTER = re.compile(r"\b(resourceType|name) eq '([^']+)'", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ResourceGroups:
    """Groups and the generic resource list."""

    store: Store

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        one = f"{_GROUPS}/{{name}}"
        read = Right(f"{_ACTIONS}/read", one)
        write = Right(f"{_ACTIONS}/write", one)
        any_type = Readable("{type}/read")
        return [
            Route("GET", _GROUPS, self.list, Readable(f"{_ACTIONS}/read")),
            Route("PUT", one, self.put, write),
            Route("PATCH", one, self.put, write),
            Route("GET", one, self.get, read),
            Route("HEAD", one, self.head, read),
            Route("DELETE", one, self.delete, Right(f"{_ACTIONS}/delete", one)),
            Route("GET", "/subscriptions/{subscription}/resources", self.resources, any_type),
            Route("GET", f"{_GROUPS}/{{group}}/resources", self.resources, any_type),
        ]

    async def list(self, _: ArmRequest) -> Response:
        return JsonAnswer({"value": self.store.list(resource_type=TYPE)})

    async def put(self, request: ArmRequest) -> Response:
        group_id = f"{_GROUPS.format(**request.params)}/{request['name']}"
        previous = self.store.get(group_id)
        if previous is None and request.method == "PATCH":
            raise group_not_found(request["name"])
        tags = previous["tags"] if previous and request.method == "PATCH" else {}
        location = request.body.get("location") or (previous or {}).get("location")
        if not location:
            raise bad_request(
                "LocationRequired", "The location property is required for this definition."
            )
        group = {
            "id": previous["id"] if previous else group_id,
            "name": previous["name"] if previous else request["name"],
            "type": TYPE,
            "location": location,
            "tags": request.body.get("tags", tags),
            "properties": {"provisioningState": "Succeeded"},
        }
        self.store.put(group_id, group)
        return JsonAnswer(group, 200 if previous else 201)

    def _existing(self, request: ArmRequest) -> Resource:
        group = self.store.get(str(request.id))
        if group is None:
            raise group_not_found(request["name"])
        return group

    async def get(self, request: ArmRequest) -> Response:
        return JsonAnswer(self._existing(request))

    async def head(self, request: ArmRequest) -> Response:
        return empty(204 if self.store.get(str(request.id)) else 404)

    async def delete(self, request: ArmRequest) -> Response:
        group = self._existing(request)
        await request.delete_below(group["id"], self.store)
        self.store.delete(group["id"])
        return empty()

    async def resources(self, request: ArmRequest) -> Response:
        scope = request.id.first(len(request.id.segments) - 1)
        filters = _FILTER.findall(request.query.get("$filter", ""))
        wanted = {word.lower(): value for word, value in filters}
        name = wanted.get("name", "").lower()
        resources = self.store.list(f"{scope}/", wanted.get("resourcetype", ""))
        shown = [
            resource
            for resource in resources
            if _is_tracked(resource) and name in ("", resource["name"].lower())
        ]
        return JsonAnswer({"value": [_summary(resource) for resource in shown]})


def _is_tracked(resource: Resource) -> bool:
    """Whether the generic list has it: neither groups nor children, nor role assignments."""
    return "location" in resource and resource["type"] != TYPE and resource["type"].count("/") == 1


def _summary(resource: Resource) -> Resource:
    """The generic list contains only what all resources have."""
    keys = ("id", "name", "type", "sku", "kind", "location", "tags", "identity")
    return {key: resource[key] for key in keys if key in resource}
