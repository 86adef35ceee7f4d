"""Microsoft.ContainerRegistry/registries: the registry itself and its admin user."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.responses import Response

from acr_emulator.arm import body_forms
from acr_emulator.arm.assigned_identities import AssignedIdentities
from acr_emulator.arm.collection import name_check
from acr_emulator.arm.operation_polling import OperationPolling
from acr_emulator.arm.request import ArmRequest, Readable, Right, Route
from acr_emulator.arm.system_data import system_data
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.image_imports import ImageImports
from acr_emulator.registry.registries import TYPE, Registries
from acr_emulator.registry.resource_properties import check, created, merged, shown, tier
from acr_emulator.state.arm_errors import ArmError, bad_request, resource_not_found
from acr_emulator.state.clock import Clock
from acr_emulator.state.deletions import Deletions
from acr_emulator.state.operations import Operations
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store

REGISTRY = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.ContainerRegistry/registries/{registry}"
)
NAMESPACE = "Microsoft.ContainerRegistry"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_PROVIDER = f"{_SUBSCRIPTION}/providers/{NAMESPACE}"
_NAME = re.compile("[a-zA-Z0-9]{5,50}")
_PASSWORDS = ("password", "password2")
#: Bytes included in each tier (public price page).
_INCLUDED = {"Basic": 10 * 2**30, "Standard": 100 * 2**30, "Premium": 500 * 2**30}


def right(action: str) -> Right:
    """The right for an action on a registry or its children, such as `pipelineRuns/read`."""
    return Right(f"{TYPE}/{action}", REGISTRY)


@dataclass(frozen=True, kw_only=True)
class ContainerRegistries:
    """Registries and what can be done with them."""

    cloud: Cloud
    clock: Clock
    settings: Settings
    store: Store
    operations: Operations
    polling: OperationPolling
    registries: Registries
    distribution: Distribution
    image_imports: ImageImports
    deletions: Deletions
    identities: AssignedIdentities

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        readable, write = Readable(f"{TYPE}/read"), right("write")
        return [
            Route("PUT", REGISTRY, self.put, write, body=body_forms.REGISTRY),
            Route("PATCH", REGISTRY, self.patch, write, body=body_forms.REGISTRY),
            Route("GET", REGISTRY, self.get, right("read")),
            Route("DELETE", REGISTRY, self.delete, right("delete")),
            Route("GET", REGISTRY.removesuffix("/{registry}"), self.list, readable),
            Route("GET", f"{_PROVIDER}/registries", self.list, readable),
            name_check(NAMESPACE, self.check_name),
            Route(
                "POST",
                f"{REGISTRY}/listCredentials",
                self.list_credentials,
                right("listCredentials/action"),
            ),
            Route(
                "POST",
                f"{REGISTRY}/regenerateCredential",
                self.regenerate_credential,
                right("regenerateCredential/action"),
                body=body_forms.TEXTS,
            ),
            Route("GET", f"{REGISTRY}/listUsages", self.list_usages, right("listUsages/read")),
            self.polling.status_route(REGISTRY, right("operationStatuses/read")),
        ]

    async def put(self, request: ArmRequest) -> Response:
        if self.store.get(str(request.id)):
            return await self.patch(request)
        name = request["registry"]
        if not _NAME.fullmatch(name):
            raise bad_request(
                "InvalidResourceName",
                f"The registry name '{name}' is not valid: it has 5 to 50 letters and digits.",
            )
        login_server = self.cloud.login_server(name)
        if self.registries.get(name):
            raise ArmError(
                409,
                "AlreadyInUse",
                f"The registry DNS name {login_server} is already in use. You can check if the name"
                " is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/"
                "containerregistry/registries/checknameavailability",
                members={"status": "Failed"},
            )
        if not request.body.get("location"):
            raise bad_request(
                "LocationRequired", "The location property is required for this definition."
            )
        resource = {
            "sku": tier(request.body),
            "type": TYPE,
            "id": str(request.id),
            "name": name,
            "location": request.body["location"],
            "tags": request.body.get("tags") or {},
            "systemData": system_data(request, self.clock),
            "properties": created(request.body, login_server, self.clock.now()),
        }
        check(resource)
        seconds = self.settings.provisioning_seconds
        with self.store.transaction():
            resource = self.identities.applied(request, resource)
            self.registries.create(resource)
            operation = self.operations.begin("registries", seconds=seconds)
        headers = self.polling.status_headers(request, operation)
        return self._answer(request, resource, "Creating", status=201, headers=headers)

    async def patch(self, request: ArmRequest) -> Response:
        """Change what the body names; whether Azure answers 200 or 201 is not recorded."""
        previous = self._existing(request)
        resource = {
            **previous,
            "sku": tier(request.body) if request.body.get("sku") else previous["sku"],
            "tags": previous["tags"] if request.body.get("tags") is None else request.body["tags"],
            "systemData": system_data(request, self.clock, previous),
            "properties": merged(previous["properties"], request.body),
        }
        exporting = self.store.list(f"{previous['id']}/", f"{TYPE}/exportPipelines")
        check(resource, previous, exporting=bool(exporting))
        with self.store.transaction():
            resource = self.identities.applied(request, resource)
            self.store.put(resource["id"], resource)
        return self._answer(request, resource)

    async def get(self, request: ArmRequest) -> Response:
        resource = self._existing(request)
        is_deleting = self.deletions.around(request.id)
        return self._answer(request, resource, "Deleting" if is_deleting else "Succeeded")

    async def list(self, request: ArmRequest) -> Response:
        resources = self.store.list(f"{request.id.scope}/", TYPE)
        return JsonAnswer(
            {"value": [shown(resource, request.api_version) for resource in resources]}
        )

    async def delete(self, request: ArmRequest) -> Response:
        resource = self.store.get(str(request.id))
        if resource is None:
            return empty(204)
        await self.image_imports.end_all(resource["id"])
        await request.delete_below(resource["id"], self.store)
        folder = self.registries.folder(resource["name"])
        with self.store.transaction():
            self.identities.release(resource)
            self.registries.delete(resource)
            operation = self.operations.begin(
                "registries", status="Deleting", seconds=self.settings.provisioning_seconds
            )
        await self.distribution.remove(folder)
        headers = self.polling.location_headers(request, NAMESPACE, resource["location"], operation)
        return self._answer(request, resource, "Deleting", status=202, headers=headers)

    async def check_name(self, request: ArmRequest) -> Response:
        name = request.body.get("name", "")
        if not _NAME.fullmatch(name):
            reason, message = "Invalid", "The name has 5 to 50 letters and digits."
        elif self.registries.get(name):
            reason, message = "AlreadyExists", f"The registry {name} is already in use."
        else:
            return JsonAnswer({"nameAvailable": True})
        return JsonAnswer({"nameAvailable": False, "reason": reason, "message": message})

    async def list_credentials(self, request: ArmRequest) -> Response:
        resource = self._existing(request)
        if not resource["properties"]["adminUserEnabled"]:
            raise bad_request(
                "UnAuthorizedForCredentialOperations",
                f"Cannot perform credential operations for {resource['id']} as admin user is"
                " disabled.",
            )
        values = self.registries.passwords(resource["name"])
        passwords = [
            {"name": name, "value": value} for name, value in zip(_PASSWORDS, values, strict=True)
        ]
        return JsonAnswer({"username": resource["name"].lower(), "passwords": passwords})

    async def regenerate_credential(self, request: ArmRequest) -> Response:
        which = request.body.get("name")
        if which not in _PASSWORDS:
            raise bad_request(
                "InvalidParameters", f"'{which}' is no password: {', '.join(_PASSWORDS)} are."
            )
        self.registries.regenerate(self._existing(request)["name"], _PASSWORDS.index(which))
        return await self.list_credentials(request)

    async def list_usages(self, request: ArmRequest) -> Response:
        resource = self._existing(request)
        folder = self.registries.folder(resource["name"])
        stored, size = self.distribution.repositories(folder), 0
        for name in stored.names():
            async with self.distribution.repository_locks.shared(f"{folder}/{name}"):
                size += sum(manifest.size for manifest in stored.manifests(name))
        limit = _INCLUDED[resource["sku"]["tier"]]
        usage = {"name": "Size", "limit": limit, "currentValue": size, "unit": "Bytes"}
        return JsonAnswer({"value": [usage]})

    def _existing(self, request: ArmRequest) -> Resource:
        """The registry of a request's path, or ARM's 404."""
        resource = self.registries.get(request["registry"])
        if resource is None or ResourceId.parse(resource["id"]) != request.parent:
            raise resource_not_found(TYPE, request["registry"], request["group"])
        return resource

    def _answer(
        self,
        request: ArmRequest,
        resource: Resource,
        state: str = "Succeeded",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        supported = {"api-supported-versions": request.api_version}
        body = shown(resource, request.api_version, state)
        return JsonAnswer(body, status, {**supported, **(headers or {})})
