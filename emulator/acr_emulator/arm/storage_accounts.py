"""Microsoft.Storage/storageAccounts: accounts and their keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from acr_emulator.arm import body_forms
from acr_emulator.arm.assigned_identities import AssignedIdentities
from acr_emulator.arm.collection import Collection, name_check
from acr_emulator.arm.operation_polling import NAMED_OPERATION
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request, resource_not_found
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.operations import Operations
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store, Table
from acr_emulator.storage.accounts import KEY_NAMES, TYPE, BlobStorage

_SUBSCRIPTION = "/subscriptions/{subscription}"
_PROVIDER = f"{_SUBSCRIPTION}/providers/Microsoft.Storage"
_NAME = re.compile("[a-z0-9]{3,24}")
_SERVICES = ("dfs", "z22.web", "blob", "queue", "table", "file")
#: What kinds of accounts have less than all of them (docs).
_SERVICES_OF = {
    "FileStorage": ("file",),
    "BlobStorage": ("dfs", "blob"),
    "BlockBlobStorage": ("dfs", "z22.web", "blob"),
}
_NETWORK_ACLS: dict[str, Any] = {
    "ipv6Rules": [],
    "bypass": "AzureServices",
    "virtualNetworkRules": [],
    "ipRules": [],
    "defaultAction": "Allow",
}


@dataclass(frozen=True, kw_only=True)
class StorageAccounts:
    """Accounts, their keys, and the operation that a creation is followed by."""

    cloud: Cloud
    clock: Clock
    settings: Settings
    store: Store
    operations: Operations
    storage: BlobStorage
    identities: AssignedIdentities

    @property
    def _creations(self) -> Table:
        """Operation -> the account that it creates."""
        return self.store.table("storage-creation")

    @property
    def collection(self) -> Collection:
        return Collection(self.store, TYPE)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        collection = self.collection
        one, form = collection.one, body_forms.STORAGE_ACCOUNT
        write = collection.right("write")
        return [
            *collection.reading_routes(),
            name_check("Microsoft.Storage", self.check_name),
            Route(
                "GET",
                f"{_PROVIDER}/locations/{{location}}/asyncoperations/{{operation}}",
                self.created,
                NAMED_OPERATION,
            ),
            Route("PUT", one, self.put, write, body=form),
            Route("PATCH", one, self.patch, write, body=form),
            Route("DELETE", one, self.delete, collection.right("delete")),
            Route("POST", f"{one}/listKeys", self.list_keys, collection.right("listKeys/action")),
            Route(
                "POST",
                f"{one}/regenerateKey",
                self.regenerate_key,
                collection.right("regenerateKey/action"),
                body=body_forms.TEXTS,
            ),
        ]

    async def check_name(self, request: ArmRequest) -> Response:
        name = request.body.get("name", "")
        try:
            _check_name(name)
        except ArmError as error:
            invalid = {"nameAvailable": False, "reason": error.code, "message": error.message}
            return JsonAnswer(invalid)
        if self.collection.named(name):
            taken = {
                "nameAvailable": False,
                "reason": "AlreadyExists",
                "message": f"The storage account named {name} is already taken.",
            }
            return JsonAnswer(taken)
        return JsonAnswer({"nameAvailable": True})

    async def put(self, request: ArmRequest) -> Response:
        _check_name(request["name"])
        if previous := self.collection.find(request):
            return self._changed(previous, request)
        if self.collection.named(request["name"]):
            raise ArmError(
                409,
                "StorageAccountAlreadyTaken",
                f"The storage account named {request['name']} is already taken.",
            )
        seconds = self.settings.provisioning_seconds
        with self.store.transaction():
            self.storage.create(request["name"])
            account = self.identities.applied(request, self._new(request))
            self.store.put(account["id"], account)
            # From practice, not recorded: a creation is accepted and followed by its Location.
            operation = self.operations.begin("storage", seconds=seconds)
            self._creations.put(operation, account["id"])
        return self._accepted(request, account["location"], operation)

    def _accepted(self, request: ArmRequest, location: str, operation: str) -> Response:
        provider = ResourceId.parse(_PROVIDER.format(**request.params))
        path = provider / "locations" / location / "asyncoperations" / operation
        return empty(202, {"location": request.url(path, monitor="true")})

    async def created(self, request: ArmRequest) -> Response:
        operation = request["operation"]
        if self.operations.state(operation)["status"] != "Succeeded":
            return self._accepted(request, request["location"], operation)
        account_id = self._creations.get(operation) or ""
        if account := self.store.get(account_id):
            return JsonAnswer(account)
        path = ResourceId.parse(account_id)
        raise resource_not_found(TYPE, path.name, path.group)

    def _new(self, request: ArmRequest) -> Resource:
        name, body = request["name"], request.body
        if not body.get("location"):
            raise bad_request("LocationRequired", "The location property is required.")
        now = timestamp(self.clock.now(), zone="Z")
        sku = body.get("sku", {}).get("name", "Standard_RAGRS")
        kind = body.get("kind", "StorageV2")
        endpoints = {
            service.rpartition(".")[2]: f"https://{name}.{service}.{self.cloud.storage_suffix}/"
            for service in _SERVICES_OF.get(kind, _SERVICES)
        }
        service = {"keyType": "Account", "enabled": True, "lastEnabledTime": now}
        properties = {
            "allowCrossTenantDelegationSas": False,
            "keyCreationTime": {
                key["keyName"]: key["creationTime"] for key in self.storage.keys(name)
            },
            "allowCrossTenantReplication": False,
            "privateEndpointConnections": [],
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": False,
            "networkAcls": _NETWORK_ACLS,
            "supportsHttpsTrafficOnly": True,
            "encryption": {
                "services": {"file": service, "blob": service},
                "keySource": "Microsoft.Storage",
            },
            "accessTier": "Hot",
            "provisioningState": "Succeeded",
            "creationTime": now,
            "primaryEndpoints": endpoints,
            "primaryLocation": body["location"],
            "statusOfPrimary": "available",
        }
        return {
            "sku": _sku(sku),
            "kind": kind,
            "id": str(request.id),
            "name": name,
            "type": TYPE,
            "location": body["location"],
            "tags": body.get("tags") or {},
            "properties": properties | _settable(body),
        }

    async def patch(self, request: ArmRequest) -> Response:
        return self._changed(self.collection.existing(request), request)

    def _changed(self, account: Resource, request: ArmRequest) -> Response:
        account["properties"] |= _settable(request.body)
        if "tags" in request.body:
            account["tags"] = request.body["tags"] or {}
        if sku := (request.body.get("sku") or {}).get("name"):
            account["sku"] = _sku(sku)
        account = self.identities.applied(request, account)
        self.store.put(account["id"], account)
        return JsonAnswer(account)

    async def delete(self, request: ArmRequest) -> Response:
        account = self.collection.find(request)
        if account is None:
            return empty(204)
        async with self.storage.closing(account["name"]):
            return await self.collection.remove(request, self._forget)

    def _forget(self, account: Resource) -> None:
        self.identities.release(account)
        self.storage.forget(account["name"])

    async def list_keys(self, request: ArmRequest) -> Response:
        account = self.collection.existing(request)
        # Recorded: this one answer has no charset in its content type.
        return JSONResponse({"keys": self.storage.keys(account["name"])})

    async def regenerate_key(self, request: ArmRequest) -> Response:
        account = self.collection.existing(request)
        name = request.body.get("keyName")
        if name not in KEY_NAMES:
            raise bad_request("InvalidValuesForRequestParameters", f"There is no key '{name}'.")
        await self.storage.regenerate(account["name"], name)
        return await self.list_keys(request)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise bad_request(
            "AccountNameInvalid",
            f"{name} is not a valid storage account name. Storage account name must be between 3"
            " and 24 characters in length and use numbers and lower-case letters only.",
        )


def _sku(name: str) -> dict[str, str]:
    return {"name": name, "tier": name.partition("_")[0]}


def _settable(body: dict[str, Any]) -> dict[str, Any]:
    """What a request says of the properties; kept whole, also what has no effect here."""
    properties = dict(body.get("properties", {}))
    properties.pop("encryption", None)
    if "networkAcls" in properties:
        properties["networkAcls"] = _NETWORK_ACLS | properties["networkAcls"]
    return properties
