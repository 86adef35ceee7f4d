"""Microsoft.Storage/storageAccounts/blobServices: the blob service, its containers, their holds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import HttpResponseError
from starlette.responses import Response

from acr_emulator.arm import body_forms
from acr_emulator.arm.bodies import Form
from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Handler, Right, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import timestamp
from acr_emulator.state.store import Resource, Store
from acr_emulator.storage.accounts import CONTAINER_NAME, BlobStorage, ContainerRules, blob_types
from acr_emulator.storage.accounts import TYPE as ACCOUNT
from acr_emulator.storage.containers import Containers, StoredContainer

SERVICE = f"{ACCOUNT}/blobServices"
TYPE = f"{SERVICE}/containers"
_POLICY = f"{TYPE}/immutabilityPolicies"
_LOCKED = "Locked"


@dataclass(frozen=True, kw_only=True)
class BlobContainers:
    """Containers as ARM sees them; their data are in blob storage itself."""

    store: Store
    storage: BlobStorage

    @property
    def accounts(self) -> Collection:
        return Collection(self.store, ACCOUNT)

    @property
    def containers(self) -> Containers:
        return Containers(self.storage)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        service = f"{self.accounts.one}/blobServices/default"
        every, one = f"{service}/containers", f"{service}/containers/{{container}}"
        policy = f"{one}/immutabilityPolicies/default"

        def route(
            method: str, path: str, handler: Handler, action: str, body: Form | None = None
        ) -> Route:
            scope = one if path.startswith(one) else self.accounts.one
            return Route(method, path, handler, Right(action, scope), body=body)

        def hold(action: str, handler: Handler) -> Route:
            path = f"{one}/{action}"
            return route("POST", path, handler, f"{TYPE}/{action}/action", body_forms.LEGAL_HOLD)

        container, immutability = body_forms.BLOB_CONTAINER, body_forms.IMMUTABILITY_POLICY

        return [
            route("GET", f"{self.accounts.one}/blobServices", self.services, f"{SERVICE}/read"),
            route("GET", service, self.service, f"{SERVICE}/read"),
            route("PUT", service, self.put_service, f"{SERVICE}/write", body_forms.BLOB_SERVICE),
            Route("GET", every, self.list, Right(f"{TYPE}/read", self.accounts.one), ("name",)),
            route("GET", one, self.get, f"{TYPE}/read"),
            route("PUT", one, self.put, f"{TYPE}/write", container),
            route("PATCH", one, self.patch, f"{TYPE}/write", container),
            route("DELETE", one, self.delete, f"{TYPE}/delete"),
            hold("setLegalHold", self.set_hold),
            hold("clearLegalHold", self.clear_hold),
            route("GET", policy, self.policy, f"{_POLICY}/read"),
            route("PUT", policy, self.put_policy, f"{_POLICY}/write", immutability),
            route("DELETE", policy, self.delete_policy, f"{_POLICY}/delete"),
            route("POST", f"{policy}/lock", self.lock, f"{_POLICY}/lock/action"),
            route(
                "POST", f"{policy}/extend", self.extend, f"{_POLICY}/extend/action", immutability
            ),
        ]

    async def services(self, request: ArmRequest) -> Response:
        return JsonAnswer({"value": [self._service(self._account(request))]})

    async def service(self, request: ArmRequest) -> Response:
        return JsonAnswer(self._service(self._account(request)))

    async def put_service(self, request: ArmRequest) -> Response:
        """Its properties are kept; deleted blobs aren't."""
        account = self._account(request)
        properties = request.body.get("properties") or {}
        name = account["name"]
        self.storage.set_service(name, self.storage.service(name) | properties)
        return JsonAnswer(self._service(account))

    def _service(self, account: Resource) -> Resource:
        defaults = {
            "cors": {"corsRules": []},
            "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": False},
        }
        return {
            "sku": account["sku"],
            "id": f"{account['id']}/blobServices/default",
            "name": "default",
            "type": SERVICE,
            "properties": defaults | self.storage.service(account["name"]),
        }

    async def list(self, request: ArmRequest) -> Response:
        account = self._account(request)
        containers = await self.containers.all(account["name"])
        shown = [
            self._shown(account, container)
            for container in containers
            if request.filter.matches({"name": container.name})
        ]
        return JsonAnswer({"value": shown})

    async def get(self, request: ArmRequest) -> Response:
        account, container = await self._existing(request)
        return JsonAnswer(self._shown(account, container))

    async def put(self, request: ArmRequest) -> Response:
        """Create a container; 200 and a change if it exists."""
        account, name = self._account(request), _name(request)
        created = await self._change(request, account, name)
        _, container = await self._existing(request)
        return JsonAnswer(self._shown(account, container), 201 if created else 200)

    async def patch(self, request: ArmRequest) -> Response:
        account, container = await self._existing(request)
        await self._change(request, account, container.name)
        return await self.get(request)

    async def _change(self, request: ArmRequest, account: Resource, name: str) -> bool:
        properties = request.body.get("properties") or {}
        access = properties.get("publicAccess")
        permitted = account["properties"].get("allowBlobPublicAccess")
        if access not in (None, "None") and not permitted:
            raise ArmError(
                409,
                "PublicAccessNotPermitted",
                "Public access is not permitted on this storage account.",
            )
        metadata = properties.get("metadata")
        try:
            return await self.containers.put(
                account["name"], name, metadata=metadata, public=access and access.lower()
            )
        except HttpResponseError as error:
            raise _refused(error) from error

    async def delete(self, request: ArmRequest) -> Response:
        account, name = self._account(request), _name(request)
        try:
            deleted = await self.containers.delete(account["name"], name)
        except HttpResponseError as error:
            raise _refused(error) from error
        self.storage.set_container_rules(account["name"], name, {})
        return empty(200 if deleted else 204)

    async def set_hold(self, request: ArmRequest) -> Response:
        return await self._hold(request, lambda kept, tags: [*kept, *tags])

    async def clear_hold(self, request: ArmRequest) -> Response:
        return await self._hold(
            request, lambda kept, tags: [tag for tag in kept if tag not in tags]
        )

    async def _hold(self, request: ArmRequest, changed: Any) -> Response:
        account, container = await self._existing(request)
        tags = request.body.get("tags")
        if not tags:
            raise bad_request("InvalidRequestPropertyValue", "The property 'tags' is required.")
        rules = self._rules(account, container)
        kept = list(dict.fromkeys(changed(rules.get("tags", []), [tag.lower() for tag in tags])))
        self.storage.set_container_rules(account["name"], container.name, rules | {"tags": kept})
        return JsonAnswer({"hasLegalHold": bool(kept), "tags": kept})

    async def policy(self, request: ArmRequest) -> Response:
        """A container without a policy has one of zero days."""
        account, container = await self._existing(request)
        policy = self._rules(account, container).get("policy") or _new_policy(0)
        return self._policy_answer(account, container, policy)

    async def put_policy(self, request: ArmRequest) -> Response:
        account, container = await self._existing(request)
        rules = self._rules(account, container)
        if (rules.get("policy") or {}).get("state") == _LOCKED:
            raise _locked()
        return self._keep(account, container, rules, _new_policy(_days(request)))

    async def delete_policy(self, request: ArmRequest) -> Response:
        account, container = await self._existing(request)
        policy = self._matching(request, account, container)
        if policy["state"] == _LOCKED:
            raise _locked()
        rules = self._rules(account, container)
        return self._keep(account, container, rules, None)

    async def lock(self, request: ArmRequest) -> Response:
        account, container = await self._existing(request)
        policy = self._matching(request, account, container) | {"state": _LOCKED}
        return self._keep(account, container, self._rules(account, container), policy)

    async def extend(self, request: ArmRequest) -> Response:
        """A locked policy can only get longer."""
        account, container = await self._existing(request)
        policy, days = self._matching(request, account, container), _days(request)
        if policy["state"] != _LOCKED or days < policy["immutabilityPeriodSinceCreationInDays"]:
            raise _locked()
        longer = _new_policy(days) | {"state": _LOCKED}
        return self._keep(account, container, self._rules(account, container), longer)

    def _keep(
        self,
        account: Resource,
        container: StoredContainer,
        rules: ContainerRules,
        policy: dict[str, Any] | None,
    ) -> Response:
        kept = policy and policy | {"etag": f'"{uuid.uuid4().hex[:16]}"'}
        self.storage.set_container_rules(account["name"], container.name, rules | {"policy": kept})
        return self._policy_answer(account, container, kept or _new_policy(0))

    def _policy_answer(
        self, account: Resource, container: StoredContainer, policy: dict[str, Any]
    ) -> Response:
        shown = {
            "id": f"{_id(account, container.name)}/immutabilityPolicies/default",
            "name": "default",
            "type": _POLICY,
            "etag": policy["etag"],
            "properties": {key: value for key, value in policy.items() if key != "etag"},
        }
        return JsonAnswer(shown, headers={"etag": policy["etag"]})

    def _matching(
        self, request: ArmRequest, account: Resource, container: StoredContainer
    ) -> dict[str, Any]:
        """The policy, which `If-Match` has to name."""
        policy: dict[str, Any] | None = self._rules(account, container).get("policy")
        if policy is None:
            raise ArmError(404, "ContainerImmutabilityPolicyNotFound", "There is no policy.")
        if request.headers.get("if-match", "").strip('"') != policy["etag"].strip('"'):
            raise ArmError(
                412,
                "ConditionNotMet",
                "The condition specified using HTTP conditional header(s) is not met.",
            )
        return policy

    def _account(self, request: ArmRequest) -> Resource:
        account = self.accounts.existing(request)
        if not blob_types(account):
            raise bad_request(
                "FeatureNotSupportedForAccount",
                f"Blob is not supported for the account '{account['name']}'.",
            )
        return account

    async def _existing(self, request: ArmRequest) -> tuple[Resource, StoredContainer]:
        account = self._account(request)
        container = await self.containers.find(account["name"], _name(request))
        if container is None:
            # Its text is from memory.
            message = "The specified container does not exist."
            raise ArmError(404, "ContainerNotFound", message)
        return account, container

    def _rules(self, account: Resource, container: StoredContainer) -> ContainerRules:
        return self.storage.container_rules(account["name"], container.name)

    def _shown(self, account: Resource, container: StoredContainer) -> Resource:
        rules = self._rules(account, container)
        tags, policy = rules.get("tags") or [], rules.get("policy")
        access = container.public_access.capitalize() or "None"
        properties: dict[str, Any] = {
            "deleted": False,
            "remainingRetentionDays": 0,
            "defaultEncryptionScope": "$account-encryption-key",
            "denyEncryptionScopeOverride": False,
            "publicAccess": access,
            "leaseStatus": container.lease_status.capitalize(),
            "leaseState": container.lease_state.capitalize(),
            "lastModifiedTime": timestamp(container.last_modified, zone="Z"),
            "legalHold": {"hasLegalHold": bool(tags), "tags": [{"tag": tag} for tag in tags]},
            "hasImmutabilityPolicy": policy is not None,
            "hasLegalHold": bool(tags),
        }
        if container.metadata:
            properties["metadata"] = dict(container.metadata)
        if policy:
            shown = {key: value for key, value in policy.items() if key != "etag"}
            properties["immutabilityPolicy"] = {"properties": shown, "etag": policy["etag"]}
        return {
            "id": _id(account, container.name),
            "name": container.name,
            "type": TYPE,
            "etag": container.etag,
            "properties": properties,
        }


def _id(account: Resource, container: str) -> str:
    return f"{account['id']}/blobServices/default/containers/{container}"


def _name(request: ArmRequest) -> str:
    name = request["container"]
    if not CONTAINER_NAME.fullmatch(name):
        raise bad_request("InvalidResourceName", f"The container name '{name}' is not valid.")
    return name


def _new_policy(days: int) -> dict[str, Any]:
    return {"immutabilityPeriodSinceCreationInDays": days, "state": "Unlocked", "etag": '""'}


def _days(request: ArmRequest) -> int:
    properties = request.body.get("properties") or {}
    days: int | None = properties.get("immutabilityPeriodSinceCreationInDays")
    if days is None:
        raise bad_request(
            "InvalidRequestPropertyValue",
            "The property 'properties.immutabilityPeriodSinceCreationInDays' is required.",
        )
    return days


def _locked() -> ArmError:
    """Its text is from memory."""
    return ArmError(
        409,
        "ContainerOperationFailure",
        "The operation is not allowed with the state of the immutability policy.",
    )


def _refused(error: HttpResponseError) -> ArmError:
    """What the blob server refuses."""
    reason = (error.message or "").partition("\n")[0].strip()  # what follows are ids
    return ArmError(error.status_code or 500, str(getattr(error, "error_code", "")), reason)
