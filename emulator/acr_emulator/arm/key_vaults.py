"""Microsoft.KeyVault/vaults: vaults and their access policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.arm.system_data import system_data
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.keyvault.vaults import TYPE, Secrets
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import Clock
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store, Table

#: From this version on, a vault uses role assignments by default (az's help).
_ROLES_BY_DEFAULT = "2026-02-01"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_PROVIDER = f"{_SUBSCRIPTION}/providers/Microsoft.KeyVault"
_OPTIONAL = ("enablePurgeProtection", "networkAcls")


@dataclass(frozen=True, kw_only=True)
class KeyVaults:
    """Vaults and their access policies."""

    cloud: Cloud
    clock: Clock
    settings: Settings
    store: Store

    @property
    def _registrations(self) -> Table:
        """Vault id -> when its name is registered."""
        return self.store.table("vault-registration")

    @property
    def collection(self) -> Collection:
        return Collection(self.store, TYPE)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        collection = self.collection
        one = collection.one
        name_check = Right("Microsoft.KeyVault/checkNameAvailability/read", _SUBSCRIPTION)
        return [
            *collection.reading_routes(self.get),
            Route("POST", f"{_PROVIDER}/checkNameAvailability", self.check_name, name_check),
            Route("PUT", one, self.put, collection.right("write")),
            Route("PATCH", one, self.patch, collection.right("write")),
            Route("DELETE", one, self.delete, collection.right("delete")),
            Route(
                "PUT",
                f"{one}/accessPolicies/{{operation}}",
                self.access_policies,
                collection.right("accessPolicies/write"),
            ),
        ]

    async def check_name(self, request: ArmRequest) -> Response:
        name = request.body.get("name", "")
        if not self.collection.named(name):
            return JsonAnswer({"nameAvailable": True})
        taken = {
            "nameAvailable": False,
            "reason": "AlreadyExists",
            "message": f"The vault name '{name}' is already in use.",
        }
        return JsonAnswer(taken)

    async def put(self, request: ArmRequest) -> Response:
        previous = self.collection.find(request)
        if previous is None and self.collection.named(request["name"]):
            raise ArmError(
                409,
                "VaultAlreadyExists",
                f"The vault name '{request['name']}' is already in use. Vault names are globally"
                " unique so it is possible that the name is already taken.",
            )
        vault = self._made(request, previous)
        self.store.put(vault["id"], vault)
        if previous:
            return JsonAnswer(vault)
        wait = timedelta(seconds=self.settings.provisioning_seconds)
        self._registrations.put(vault["id"].lower(), (self.clock.now() + wait).isoformat())
        # Recorded: the first answer has the vault's URI without its slash.
        return JsonAnswer(_registering(vault, self.cloud.vault_url(vault["name"])))

    def _made(self, request: ArmRequest, previous: Resource | None) -> Resource:
        requested = request.body.get("properties") or {}
        sku = requested.get("sku") or {}
        if not request.body.get("location") or not {"family", "name"} <= sku.keys():
            raise bad_request("BadRequest", "The parameters location and sku are required.")
        created = system_data(request, self.clock, previous, zone="Z")
        roles = requested.get("enableRbacAuthorization")
        properties = {
            "sku": {"family": sku["family"], "name": sku["name"]},
            "tenantId": requested.get("tenantId") or self.cloud.tenant_id,
            "accessPolicies": _policies(requested),
            "enabledForDeployment": bool(requested.get("enabledForDeployment")),
            "enabledForDiskEncryption": bool(requested.get("enabledForDiskEncryption")),
            "enabledForTemplateDeployment": bool(requested.get("enabledForTemplateDeployment")),
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": requested.get("softDeleteRetentionInDays") or 90,
            "enableRbacAuthorization": (
                request.api_version >= _ROLES_BY_DEFAULT if roles is None else roles
            ),
            "vaultUri": f"{self.cloud.vault_url(request['name'])}/",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": requested.get("publicNetworkAccess") or "Enabled",
        }
        return {
            "id": previous["id"] if previous else str(request.id),
            "name": previous["name"] if previous else request["name"],
            "type": TYPE,
            "location": request.body["location"],
            "tags": request.body.get("tags") or {},
            "systemData": created,
            "properties": properties | _shown_if_special(requested),
        }

    async def get(self, request: ArmRequest) -> Response:
        vault = self.collection.existing(request)
        due = self._registrations.get(vault["id"].lower())
        if due and self.clock.now() < datetime.fromisoformat(due):
            vault = _registering(vault, vault["properties"]["vaultUri"])
        return JsonAnswer(vault)

    async def patch(self, request: ArmRequest) -> Response:
        vault = self.collection.existing(request)
        requested = request.body.get("properties") or {}
        _policies(requested)
        vault["properties"] |= requested
        vault["tags"] = request.body.get("tags") or vault["tags"]
        vault["systemData"] = system_data(request, self.clock, vault, zone="Z")
        self.store.put(vault["id"], vault)
        return JsonAnswer(vault)

    async def access_policies(self, request: ArmRequest) -> Response:
        vault = self.collection.existing(request)
        operation = request["operation"].lower()
        requested = _policies(request.body.get("properties") or {})
        theirs = {policy["objectId"] for policy in requested}
        policies = vault["properties"]["accessPolicies"]
        others = [policy for policy in policies if policy["objectId"] not in theirs]
        mine = [policy for policy in policies if policy["objectId"] in theirs]
        if operation == "add":
            changed = others + [_united(policy, mine) for policy in requested]
        elif operation == "replace":
            changed = requested
        elif operation == "remove":
            changed = others
        else:
            raise bad_request("BadRequest", "The operation is one of add, replace and remove.")
        vault["properties"]["accessPolicies"] = changed
        self.store.put(vault["id"], vault)
        shown = {
            "id": f"{vault['id']}/accessPolicies/",
            "type": f"{TYPE}/accessPolicies",
            "properties": {"accessPolicies": changed},
        }
        return JsonAnswer(shown)

    async def delete(self, request: ArmRequest) -> Response:
        if vault := self.collection.find(request):
            Secrets(self.store, vault["name"]).clear()
            self._registrations.delete(vault["id"].lower())
        return await self.collection.remove(request)


def _policies(requested: Resource) -> list[Resource]:
    policies: list[Resource] = requested.get("accessPolicies") or []
    if any(not {"objectId", "permissions"} <= policy.keys() for policy in policies):
        raise bad_request("BadRequest", "An access policy needs objectId and permissions.")
    for policy in policies:
        for kind, granted in policy["permissions"].items():
            words = granted if isinstance(granted, list) else [None]
            if not all(isinstance(word, str) for word in words):
                raise bad_request("BadRequest", f"The permissions of {kind} are to be strings.")
    return policies


def _registering(vault: Resource, uri: str) -> Resource:
    state = {"vaultUri": uri, "provisioningState": "RegisteringDns"}
    return vault | {"properties": vault["properties"] | state}


def _shown_if_special(requested: dict[str, Any]) -> dict[str, Any]:
    """Properties that are shown only when they say something (recorded: open network rules)."""
    special = {key: requested[key] for key in _OPTIONAL if requested.get(key)}
    if (special.get("networkAcls") or {}).get("defaultAction") == "Allow":
        del special["networkAcls"]
    return special


def _united(policy: dict[str, Any], previous: list[dict[str, Any]]) -> dict[str, Any]:
    """A policy with what its principal had already."""
    permissions = dict(policy.get("permissions") or {})
    for other in previous:
        for kind, granted in (other.get("permissions") or {}).items():
            permissions[kind] = list(dict.fromkeys([*granted, *(permissions.get(kind) or [])]))
    return policy | {"permissions": permissions}
