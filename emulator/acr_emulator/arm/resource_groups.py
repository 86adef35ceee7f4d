"""Resource groups, and the generic list of resources in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.responses import Response

from acr_emulator.arm import body_forms
from acr_emulator.arm.request import ArmRequest, Readable, Right, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import bad_request, group_not_found
from acr_emulator.state.deletions import Deletions
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.store import Resource, Store

TYPE = "Microsoft.Resources/resourceGroups"
_ACTIONS = "Microsoft.Resources/subscriptions/resourceGroups"
#: Letters and digits of every script.
_NAME = re.compile(r"[\w().-]{0,89}[\w()-]")
_GROUPS = "/subscriptions/{subscription}/resourceGroups"
_TAGS = ("tagname", "tagvalue")
_FIELDS = ("name", "resourcetype", "resourcegroup", "location", *_TAGS)


@dataclass(frozen=True, kw_only=True)
class ResourceGroups:
    """Groups and the generic resource list."""

    store: Store
    deletions: Deletions

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        one = f"{_GROUPS}/{{name}}"
        read = Right(f"{_ACTIONS}/read", one)
        write = Right(f"{_ACTIONS}/write", one)
        any_type = Readable("{type}/read")
        return [
            Route("GET", _GROUPS, self.list, Readable(f"{_ACTIONS}/read"), _TAGS),
            Route("PUT", one, self.put, write, body=body_forms.GROUP),
            Route("PATCH", one, self.put, write, body=body_forms.GROUP),
            Route("GET", one, self.get, read),
            Route("HEAD", one, self.head, read),
            Route("DELETE", one, self.delete, Right(f"{_ACTIONS}/delete", one)),
            Route(
                "GET", "/subscriptions/{subscription}/resources", self.resources, any_type, _FIELDS
            ),
            Route("GET", f"{_GROUPS}/{{group}}/resources", self.resources, any_type, _FIELDS),
        ]

    async def list(self, request: ArmRequest) -> Response:
        groups = self.store.list(resource_type=TYPE)
        return JsonAnswer({"value": [group for group in groups if _is_wanted(request, group)]})

    async def put(self, request: ArmRequest) -> Response:
        group_id = f"{_GROUPS.format(**request.params)}/{request['name']}"
        previous = self.store.get(group_id)
        if previous is None and request.method == "PATCH":
            raise group_not_found(request["name"])
        tags = previous["tags"] if previous and request.method == "PATCH" else {}
        if previous is None and not _NAME.fullmatch(request["name"]):
            # From memory.
            raise bad_request(
                "InvalidResourceGroup",
                f"The resource group name '{request['name']}' is not valid. The name has at most 90"
                " characters, each of them a letter, digit, '-', '.', '(', ')' or '_', and doesn't"
                " end with a period.",
            )
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
        group = self._existing(request)
        if self.deletions.around(request.id):
            group["properties"]["provisioningState"] = "Deleting"
        return JsonAnswer(group)

    async def head(self, request: ArmRequest) -> Response:
        return empty(204 if self.store.get(str(request.id)) else 404)

    async def delete(self, request: ArmRequest) -> Response:
        group = self._existing(request)
        await request.delete_below(group["id"], self.store)
        self.store.delete(group["id"])
        return empty()

    async def resources(self, request: ArmRequest) -> Response:
        scope = request.id.first(len(request.id.segments) - 1)
        shown = [
            resource
            for resource in self.store.list(f"{scope}/")
            if _is_tracked(resource) and _is_wanted(request, resource)
        ]
        return JsonAnswer({"value": [_summary(resource) for resource in shown]})


def _is_wanted(request: ArmRequest, resource: Resource) -> bool:
    """Whether the request's filter lets it through; a tag's name and value are those of one tag."""
    fields = {
        "name": resource["name"],
        "resourcetype": resource["type"],
        "resourcegroup": ResourceId.parse(resource["id"]).group,
        "location": resource["location"],
    }
    tags = resource.get("tags") or {"": ""}
    return any(
        request.filter.matches({**fields, "tagname": name, "tagvalue": value})
        for name, value in tags.items()
    )


def _is_tracked(resource: Resource) -> bool:
    """Whether the generic list has it: neither groups nor children, nor role assignments."""
    return "location" in resource and resource["type"] != TYPE and resource["type"].count("/") == 1


def _summary(resource: Resource) -> Resource:
    """The generic list contains only what all resources have."""
    keys = ("id", "name", "type", "sku", "kind", "location", "tags", "identity")
    return {key: resource[key] for key in keys if key in resource}
