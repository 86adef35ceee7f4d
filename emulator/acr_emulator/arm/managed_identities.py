"""Microsoft.ManagedIdentity/userAssignedIdentities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.store import Resource

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance

TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"


def routes(instance: Instance) -> list[Route]:
    """Identities; each has a principal in the directory."""
    identities = _Identities(instance)
    return [
        *identities.collection.reading_routes(),
        Route("PUT", identities.collection.one, identities.put),
        Route("PATCH", identities.collection.one, identities.put),
        Route("DELETE", identities.collection.one, identities.delete),
    ]


class _Identities:
    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.collection = Collection(instance.store, TYPE)

    async def put(self, request: ArmRequest) -> Response:
        previous = self.collection.find(request)
        identity = previous or self._new(request)
        identity["tags"] = request.body.get("tags") or {}
        self._instance.store.put(identity["id"], identity)
        if previous:
            return JsonAnswer(identity)
        return JsonAnswer(identity, 201, {"location": identity["id"]})

    def _new(self, request: ArmRequest) -> Resource:
        principal = self._instance.directory.add(request["name"])
        # Recorded: this provider alone writes `resourcegroups` in lower case.
        identity_id = re.sub("/resourcegroups/", "/resourcegroups/", request.path, flags=re.I)
        return {
            "location": request.body.get("location", ""),
            "tags": {},
            "id": identity_id,
            "name": request["name"],
            "type": TYPE,
            "properties": {
                "isolationScope": "None",
                "tenantId": self._instance.cloud.tenant_id,
                "principalId": principal.object_id,
                "clientId": principal.application_id,
            },
        }

    async def delete(self, request: ArmRequest) -> Response:
        if identity := self.collection.find(request):
            self._instance.directory.remove(identity["properties"]["principalId"])
        return self.collection.remove(request)
