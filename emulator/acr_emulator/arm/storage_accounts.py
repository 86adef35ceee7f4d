"""Microsoft.Storage/storageAccounts: accounts and their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import timestamp
from acr_emulator.state.store import Resource
from acr_emulator.storage.accounts import KEY_NAMES

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance

TYPE = "Microsoft.Storage/storageAccounts"
_PROVIDER = "/subscriptions/{subscription}/providers/Microsoft.Storage"
_NAME = re.compile("[a-z0-9]{3,24}")
_SERVICES = ("dfs", "z22.web", "blob", "queue", "table", "file")
_NETWORK_ACLS: dict[str, Any] = {
    "ipv6Rules": [],
    "bypass": "AzureServices",
    "virtualNetworkRules": [],
    "ipRules": [],
    "defaultAction": "Allow",
}


def routes(instance: Instance) -> list[Route]:
    """Accounts, their keys, and the operation that a creation is followed by."""
    accounts = _StorageAccounts(instance)
    one = accounts.collection.one
    return [
        *accounts.collection.reading_routes(),
        Route("POST", f"{_PROVIDER}/checkNameAvailability", accounts.check_name),
        Route(
            "GET",
            f"{_PROVIDER}/locations/{{location}}/asyncoperations/{{operation}}",
            accounts.created,
        ),
        Route("PUT", one, accounts.put),
        Route("PATCH", one, accounts.patch),
        Route("DELETE", one, accounts.delete),
        Route("POST", f"{one}/listKeys", accounts.list_keys),
        Route("POST", f"{one}/regenerateKey", accounts.regenerate_key),
    ]


class _StorageAccounts:
    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._store = instance.store
        self._storage = instance.storage
        self._creations = instance.store.table("storage-creation")
        self.collection = Collection(instance.store, TYPE)

    async def check_name(self, request: ArmRequest) -> Response:
        name = request.body.get("name", "")
        _check_name(name)
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
        self._storage.create(request["name"])
        account = self._new(request)
        self._store.put(account["id"], account)
        # From practice, not recorded: a creation is accepted and followed by its Location.
        operation = self._instance.operations.begin(
            "storage", seconds=self._instance.behaviour.provisioning_seconds
        )
        self._creations.put(operation, account["id"])
        return self._accepted(request, account["location"], operation)

    def _accepted(self, request: ArmRequest, location: str, operation: str) -> Response:
        url = (
            f"{request.base_url}/subscriptions/{request['subscription']}/providers"
            f"/Microsoft.Storage/locations/{location}/asyncoperations/{operation}"
            f"?monitor=true&api-version={request.api_version}"
        )
        return empty(202, {"location": url})

    async def created(self, request: ArmRequest) -> Response:
        operation = request["operation"]
        if self._instance.operations.state(operation)["status"] != "Succeeded":
            return self._accepted(request, request["location"], operation)
        return JsonAnswer(self._store.get(self._creations.get(operation) or ""))

    def _new(self, request: ArmRequest) -> Resource:
        name, body = request["name"], request.body
        if not body.get("location"):
            raise bad_request("LocationRequired", "The location property is required.")
        now = timestamp(self._instance.clock.now(), zone="Z")
        sku = (body.get("sku") or {}).get("name") or "Standard_RAGRS"
        suffix = self._instance.cloud.storage_suffix
        endpoints = {
            service.rpartition(".")[2]: f"https://{name}.{service}.{suffix}/"
            for service in _SERVICES
        }
        service = {"keyType": "Account", "enabled": True, "lastEnabledTime": now}
        properties = {
            "allowCrossTenantDelegationSas": False,
            "keyCreationTime": {
                key["keyName"]: key["creationTime"] for key in self._storage.keys(name)
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
            "sku": {"name": sku, "tier": sku.partition("_")[0]},
            "kind": body.get("kind") or "StorageV2",
            "id": self.collection.id(request),
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
        self._store.put(account["id"], account)
        return JsonAnswer(account)

    async def delete(self, request: ArmRequest) -> Response:
        if account := self.collection.find(request):
            await self._storage.remove(account["name"])
        return self.collection.remove(request)

    async def list_keys(self, request: ArmRequest) -> Response:
        account = self.collection.existing(request)
        # Recorded: this one answer has no charset in its content type.
        return JSONResponse({"keys": self._storage.keys(account["name"])})

    async def regenerate_key(self, request: ArmRequest) -> Response:
        account = self.collection.existing(request)
        name = request.body.get("keyName")
        if name not in KEY_NAMES:
            raise bad_request("InvalidValuesForRequestParameters", f"There is no key '{name}'.")
        await self._storage.regenerate(account["name"], name)
        return await self.list_keys(request)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise bad_request(
            "AccountNameInvalid",
            f"{name} is not a valid storage account name. Storage account name must be between 3"
            " and 24 characters in length and use numbers and lower-case letters only.",
        )


def _settable(body: dict[str, Any]) -> dict[str, Any]:
    """What a request says of the properties; kept whole, also what has no effect here."""
    properties = {
        key: value
        for key, value in (body.get("properties") or {}).items()
        if key != "encryption" and value is not None
    }
    if "networkAcls" in properties:
        properties["networkAcls"] = _NETWORK_ACLS | properties["networkAcls"]
    return properties
