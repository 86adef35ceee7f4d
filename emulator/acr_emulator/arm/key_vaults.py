"""Microsoft.KeyVault/vaults: vaults and their access policies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from acr_emulator.arm import body_forms
from acr_emulator.arm.collection import Collection, name_check
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.arm.system_data import system_data
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.keyvault.vaults import TYPE, DeletedVault, DeletedVaults
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store, Table

#: From this version on, a vault uses role assignments by default (az's help).
_ROLES_BY_DEFAULT = "2026-02-01"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_PROVIDER = f"{_SUBSCRIPTION}/providers/Microsoft.KeyVault"
_OPTIONAL = ("enablePurgeProtection", "networkAcls")
_NAME = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]")
_DELETED = "Microsoft.KeyVault/deletedVaults"
_DELETED_HERE = f"{_PROVIDER}/locations/{{location}}/deletedVaults/{{name}}"


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
        one, form = collection.one, body_forms.VAULT
        write = collection.right("write")
        names = name_check("Microsoft.KeyVault", self.check_name)
        return [
            *collection.reading_routes(self.get),
            names,
            # az requests both kinds; there is no managed HSM here.
            Route("POST", f"{_PROVIDER}/checkMhsmNameAvailability", self.check_hsm, names.needs),
            Route("PUT", one, self.put, write, body=form),
            Route("PATCH", one, self.patch, write, body=form),
            Route("DELETE", one, self.delete, collection.right("delete")),
            *self._deleted_routes(),
            Route(
                "PUT",
                f"{one}/accessPolicies/{{operation}}",
                self.access_policies,
                collection.right("accessPolicies/write"),
                body=body_forms.ACCESS_POLICIES,
            ),
        ]

    def _deleted_routes(self) -> list[Route]:
        read = Right(f"{_DELETED}/read", _SUBSCRIPTION)
        purge = Right("Microsoft.KeyVault/locations/deletedVaults/purge/action", _SUBSCRIPTION)
        return [
            Route("GET", f"{_PROVIDER}/deletedVaults", self.list_deleted, read),
            Route("GET", _DELETED_HERE, self.get_deleted, read),
            Route("POST", f"{_DELETED_HERE}/purge", self.purge, purge),
            # az lists both kinds at once; there is no managed HSM here.
            Route(
                "GET",
                f"{_PROVIDER}/deletedManagedHSMs",
                self.no_hsm,
                Right("Microsoft.KeyVault/deletedManagedHSMs/read", _SUBSCRIPTION),
            ),
        ]

    @property
    def _deleted(self) -> DeletedVaults:
        return DeletedVaults(self.store, self.clock)

    async def no_hsm(self, _: ArmRequest) -> Response:
        return JsonAnswer({"value": []})

    async def list_deleted(self, _: ArmRequest) -> Response:
        return JsonAnswer({"value": [self._shown_deleted(vault) for vault in self._deleted.all()]})

    async def get_deleted(self, request: ArmRequest) -> Response:
        return JsonAnswer(self._shown_deleted(self._existing_deleted(request)))

    async def purge(self, request: ArmRequest) -> Response:
        """Remove a deleted vault for good, at once (Azure takes a while)."""
        vault = self._existing_deleted(request)
        if vault.vault["properties"].get("enablePurgeProtection"):
            message = 'Operation "DeletedVaultPurge" is not allowed.'
            raise ArmError(405, "MethodNotAllowed", message)
        self._deleted.purge(vault.name)
        return empty()

    def _existing_deleted(self, request: ArmRequest) -> DeletedVault:
        vault = self._deleted.find(request["name"])
        if vault is None or vault.vault["location"].lower() != request["location"].lower():
            raise ArmError(
                404,
                "DeletedVaultNotFound",
                f"The specified deleted vault '{request['name']}' does not exist.",
            )
        return vault

    def _shown_deleted(self, deleted: DeletedVault) -> Resource:
        vault = deleted.vault
        provider = _PROVIDER.format(subscription=self.cloud.subscription_id)
        properties = {
            "vaultId": vault["id"],
            "location": vault["location"],
            "tags": vault["tags"],
            "deletionDate": timestamp(deleted.deleted, zone="Z"),
            "scheduledPurgeDate": timestamp(deleted.purge_date, zone="Z"),
        }
        if vault["properties"].get("enablePurgeProtection"):
            properties["purgeProtectionEnabled"] = True
        return {
            "id": f"{provider}/locations/{vault['location']}/deletedVaults/{vault['name']}",
            "name": vault["name"],
            "type": _DELETED,
            "properties": properties,
        }

    async def check_hsm(self, _: ArmRequest) -> Response:
        return JsonAnswer({"nameAvailable": True})

    async def check_name(self, request: ArmRequest) -> Response:
        name = request.body.get("name", "")
        if not _NAME.fullmatch(name):
            message = _invalid_name(name)
            answer = {"nameAvailable": False, "reason": "AccountNameInvalid", "message": message}
            return JsonAnswer(answer)
        if not self.collection.named(name) and not self._deleted.find(name):
            return JsonAnswer({"nameAvailable": True})
        taken = {
            "nameAvailable": False,
            "reason": "AlreadyExists",
            "message": f"The vault name '{name}' is already in use.",
        }
        return JsonAnswer(taken)

    async def put(self, request: ArmRequest) -> Response:
        previous = self.collection.find(request)
        if previous is None and not _NAME.fullmatch(request["name"]):
            raise bad_request("VaultNameNotValid", _invalid_name(request["name"]))
        if previous is None and self.collection.named(request["name"]):
            raise ArmError(
                409,
                "VaultAlreadyExists",
                f"The vault name '{request['name']}' is already in use. Vault names are globally"
                " unique so it is possible that the name is already taken.",
            )
        recovers = (request.body.get("properties") or {}).get("createMode") == "recover"
        if previous is None and recovers:
            return self._recovered(request)
        if previous is None and self._deleted.find(request["name"]):
            raise ArmError(
                409,
                "ConflictError",
                "A vault with the same name already exists in deleted state. You need to either"
                " recover or purge existing key vault. Follow this link"
                " https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft"
                " delete.",
            )
        vault = self._made(request, previous)
        if previous:
            self.store.put(vault["id"], vault)
            return JsonAnswer(vault)
        registered = self.clock.now() + timedelta(seconds=self.settings.provisioning_seconds)
        with self.store.transaction():
            self.store.put(vault["id"], vault)
            self._registrations.put(vault["id"].lower(), registered.isoformat())
        # Recorded: the first answer has the vault's URI without its slash.
        return JsonAnswer(_registering(vault, self.cloud.vault_url(vault["name"])))

    def _recovered(self, request: ArmRequest) -> Response:
        """A deleted vault with everything that it had, in the group that it was in."""
        deleted = self._deleted.find(request["name"])
        if deleted is None or ResourceId.parse(deleted.vault["id"]) != request.id:
            raise ArmError(
                404,
                "VaultNotFound",
                f"No deleted vault '{request['name']}' of this resource group was found.",
            )
        with self.store.transaction():
            vault = self._deleted.recover(deleted.name)
            assert vault is not None
            self.store.put(vault["id"], vault)
        return JsonAnswer(vault)

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
            "publicNetworkAccess": requested.get("publicNetworkAccess", "Enabled"),
        }
        return {
            "id": previous["id"] if previous else str(request.id),
            "name": previous["name"] if previous else request["name"],
            "type": TYPE,
            "location": request.body["location"],
            "tags": request.body.get("tags") or {},
            "systemData": created,
            "properties": properties | _special(requested),
        }

    async def get(self, request: ArmRequest) -> Response:
        vault = self.collection.existing(request)
        due = self._registrations.get(vault["id"].lower())
        if due and self.clock.now() < datetime.fromisoformat(due):
            vault = _registering(vault, vault["properties"]["vaultUri"])
        return JsonAnswer(vault)

    async def patch(self, request: ArmRequest) -> Response:
        vault = self.collection.existing(request)
        requested = request.body.get("properties", {})
        _policies(requested)
        sku = vault["properties"]["sku"] | requested.get("sku", {})
        kept = {key: value for key, value in requested.items() if key != "createMode"}
        vault["properties"] |= kept | {"sku": sku}
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
        """It can be recovered for as long as its retention says, with its secrets."""
        return await self.collection.remove(request, self._move)

    def _move(self, vault: Resource) -> None:
        self._deleted.add(vault)
        self._registrations.delete(vault["id"].lower())


def _policies(requested: Resource) -> list[Resource]:
    policies: list[Resource] = requested.get("accessPolicies") or []
    if any(not {"objectId", "permissions"} <= policy.keys() for policy in policies):
        raise bad_request("BadRequest", "An access policy needs objectId and permissions.")
    return policies


def _registering(vault: Resource, uri: str) -> Resource:
    state = {"vaultUri": uri, "provisioningState": "RegisteringDns"}
    return vault | {"properties": vault["properties"] | state}


def _special(requested: dict[str, Any]) -> dict[str, Any]:
    """Properties that are shown only when they say something (recorded: open network rules)."""
    special = {key: requested[key] for key in _OPTIONAL if requested.get(key)}
    rules = special.pop("networkAcls", {})
    lists = {
        key: [item | _address(item) for item in rules.get(key, ())]
        for key in ("ipRules", "virtualNetworkRules")
    }
    if any(lists.values()) or rules.get("defaultAction", "Allow") != "Allow":
        special["networkAcls"] = rules | lists
    return special


def _address(rule: Resource) -> dict[str, str]:
    """An address as a range, as vaults show it."""
    value = rule.get("value", "/")
    return {} if "/" in value else {"value": f"{value}/32"}


def _united(policy: dict[str, Any], previous: list[dict[str, Any]]) -> dict[str, Any]:
    """A policy with what its principal had already."""
    permissions = dict(policy.get("permissions") or {})
    for other in previous:
        for kind, granted in (other.get("permissions") or {}).items():
            permissions[kind] = list(dict.fromkeys([*granted, *(permissions.get(kind) or [])]))
    return policy | {"permissions": permissions}


def _invalid_name(name: str) -> str:
    """Azure's text for a bad name, from memory."""
    return (
        f"The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric"
        " characters. The name must begin with a letter, end with a letter or digit, and not"
        " contain consecutive hyphens. Follow this link for more information:"
        " https://go.microsoft.com/fwlink/?linkid=2147742"
    )
