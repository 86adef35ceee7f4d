"""What a registry has besides transfers: nothing that one can make here, so lists to read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.container_registries import REGISTRY
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.arm.transfer_resources import parent
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.registry.registries import TYPE
from acr_emulator.state.arm_errors import resource_not_found
from acr_emulator.state.store import Resource, Store

_REPLICATIONS, _SCOPE_MAPS = "replications", "scopeMaps"
_COLLECTIONS = (
    *("agentPools", "cacheRules", "connectedRegistries", "credentialSets"),
    *("privateEndpointConnections", _REPLICATIONS, "runs", _SCOPE_MAPS, "taskRuns", "tasks"),
    *("tokens", "webhooks"),
)
#: The scope maps of every registry: name, description, actions on `repositories/*` (from memory).
_SYSTEM_SCOPE_MAPS = (
    (
        "_repositories_admin",
        "Can perform all read, write and delete operations on the registry",
        ("content/delete", "content/read", "content/write", "metadata/read", "metadata/write"),
    ),
    ("_repositories_pull", "Can pull any repository of the registry", ("content/read",)),
    (
        "_repositories_pull_metadata_read",
        "Can perform all read operations on the registry",
        ("content/read", "metadata/read"),
    ),
    (
        "_repositories_push",
        "Can push to any repository of the registry",
        ("content/read", "content/write"),
    ),
    (
        "_repositories_push_metadata_write",
        "Can perform all read and write operations on the registry",
        ("content/read", "content/write", "metadata/read", "metadata/write"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class RegistryChildren:
    """Lists of children, and each of them by name."""

    store: Store

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        routes = []
        for collection in _COLLECTIONS:
            path = f"{REGISTRY}/{collection}"
            read = Right(f"{TYPE}/{collection}/read", REGISTRY)
            routes.append(Route("GET", path, partial(self.show_all, collection), read))
            routes.append(Route("GET", f"{path}/{{name}}", partial(self.show, collection), read))
        return routes

    async def show_all(self, collection: str, request: ArmRequest) -> Response:
        return JsonAnswer({"value": self._children(collection, request)})

    async def show(self, collection: str, request: ArmRequest) -> Response:
        name = request["name"]
        for child in self._children(collection, request):
            if child["name"].lower() == name.lower():
                return JsonAnswer(child)
        path = f"{request['registry']}/{name}"
        raise resource_not_found(f"{TYPE}/{collection}", path, request["group"])

    def _children(self, collection: str, request: ArmRequest) -> list[Resource]:
        registry = parent(self.store, request, collection)
        if collection == _REPLICATIONS:
            return _replications(registry)
        return _scope_maps(registry) if collection == _SCOPE_MAPS else []


def _replications(registry: Resource) -> list[Resource]:
    """That of the home region, which a registry with geo-replication has."""
    if registry["sku"]["name"] != "Premium":
        return []
    properties = {
        "provisioningState": "Succeeded",
        "status": {
            "displayStatus": "Ready",
            "timestamp": registry["properties"]["creationDate"],
        },
        "regionEndpointEnabled": True,
        "zoneRedundancy": registry["properties"]["zoneRedundancy"],
    }
    location = registry["location"].replace(" ", "").lower()
    home = _child(registry, _REPLICATIONS, location, properties)
    return [{**home, "location": location, "tags": {}}]


def _scope_maps(registry: Resource) -> list[Resource]:
    return [
        _child(
            registry,
            _SCOPE_MAPS,
            name,
            {
                "description": description,
                "type": "SystemDefined",
                "creationDate": registry["properties"]["creationDate"],
                "provisioningState": "Succeeded",
                "actions": [f"repositories/*/{action}" for action in actions],
            },
        )
        for name, description, actions in _SYSTEM_SCOPE_MAPS
    ]


def _child(registry: Resource, collection: str, name: str, properties: dict[str, Any]) -> Resource:
    return {
        "type": f"{TYPE}/{collection}",
        "id": f"{registry['id']}/{collection}/{name}",
        "name": name,
        "properties": properties,
    }
