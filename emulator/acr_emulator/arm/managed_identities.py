"""Microsoft.ManagedIdentity/userAssignedIdentities."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.responses import Response

from acr_emulator.arm.body_forms import MANAGED_IDENTITY
from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.runs.pipeline_identity import IDENTITY as TYPE
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.store import Resource, Store


@dataclass(frozen=True, kw_only=True)
class ManagedIdentities:
    """Identities; each has a principal in the directory."""

    cloud: Cloud
    store: Store
    directory: Directory

    @property
    def collection(self) -> Collection:
        return Collection(self.store, TYPE)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        collection, form = self.collection, MANAGED_IDENTITY
        write = collection.right("write")
        return [
            *collection.reading_routes(),
            Route("PUT", collection.one, self.put, write, body=form),
            Route("PATCH", collection.one, self.patch, write, body=form),
            Route("DELETE", collection.one, self.delete, collection.right("delete")),
        ]

    async def put(self, request: ArmRequest) -> Response:
        previous = self.collection.find(request)
        with self.store.transaction():
            identity = previous or self._new(request)
            identity["tags"] = request.body.get("tags") or {}
            self.store.put(identity["id"], identity)
        if previous:
            return JsonAnswer(identity)
        location = ResourceId.parse(identity["id"]).url_path
        return JsonAnswer(identity, 201, {"location": location})

    async def patch(self, request: ArmRequest) -> Response:
        identity = self.collection.existing(request)
        identity["tags"] = request.body.get("tags", identity["tags"])
        self.store.put(identity["id"], identity)
        return JsonAnswer(identity)

    def _new(self, request: ArmRequest) -> Resource:
        principal = self.directory.add(request["name"])
        # Recorded: this provider alone writes `resourcegroups` in lower case.
        identity_id = re.sub("/resourcegroups/", "/resourcegroups/", str(request.id), flags=re.I)
        return {
            "location": request.body.get("location", ""),
            "tags": {},
            "id": identity_id,
            "name": request["name"],
            "type": TYPE,
            "properties": {
                "isolationScope": "None",
                "tenantId": self.cloud.tenant_id,
                "principalId": principal.object_id,
                "clientId": principal.application_id,
            },
        }

    async def delete(self, request: ArmRequest) -> Response:
        return await self.collection.remove(
            request, lambda identity: self.directory.remove(identity["properties"]["principalId"])
        )
