"""Microsoft.Authorization/roleDefinitions: the built-in roles, and custom ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.body_forms import ROLE_DEFINITION
from acr_emulator.arm.caller_rights import check_linked
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.authorization import (
    DEFINITION,
    ROLES,
    Role,
    assignments,
    custom_role,
    definition_id,
    role_of,
    roles,
)
from acr_emulator.identity.rights import Rights
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId
from acr_emulator.state.store import Resource, Store

_DEFINITIONS = f"{{scope}}/providers/{DEFINITION}"
_FILTERS = ("rolename", "type", "atscopeandbelow()")
#: An action, or a pattern of such.
_ACTION = re.compile(r"\*|[\w.*-]+(/[\w.*-]+)+")
_KINDS = ("actions", "notActions", "dataActions", "notDataActions")


@dataclass(frozen=True, kw_only=True)
class RoleDefinitions:
    """Reads all roles; creates, changes and deletes custom ones, which are the subscription's."""

    cloud: Cloud
    clock: Clock
    store: Store
    rights: Rights

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        definition = f"{_DEFINITIONS}/{{role}}"
        read, write, delete = (
            Right(f"{DEFINITION}/{verb}", "{scope}") for verb in ("read", "write", "delete")
        )
        return [
            Route("GET", _DEFINITIONS, self.list, read, _FILTERS),
            Route("GET", definition, self.show, read),
            Route("PUT", definition, self.put, write, body=ROLE_DEFINITION),
            Route("DELETE", definition, self.delete, delete),
        ]

    async def list(self, request: ArmRequest) -> Response:
        """The roles that can be assigned at, above or below a scope."""
        scope = ResourceId.parse(request["scope"])
        shown = [
            self._shown(role)
            for role in roles(self.store)
            if _concerns(role, scope)
            and request.filter.matches(
                {"type": role.kind, "atscopeandbelow()": "true", "rolename": role.name}
            )
        ]
        return JsonAnswer({"value": shown})

    async def show(self, request: ArmRequest) -> Response:
        return JsonAnswer(self._shown(role_of(self.store, request["role"])))

    async def put(self, request: ArmRequest) -> Response:
        if any(role.id == request["role"].lower() for role in ROLES):
            raise bad_request(
                "RoleDefinitionUpdateNotPermitted", "A built-in role can't be changed."
            )
        path = self._id(request)
        previous = self.store.get(path)
        properties = self._properties(request)
        role = custom_role({"name": request["role"], "properties": properties})
        self._check_scopes(request, role, previous)
        if any(
            other.name.lower() == role.name.lower() and other.id != role.id
            for other in roles(self.store)
        ):
            raise ArmError(
                409,
                "RoleDefinitionWithSameNameExists",
                f"A custom role with the same name already exists in this directory: {role.name}.",
            )
        now = timestamp(self.clock.now(), zone="Z")
        caller = request.caller.principal.object_id
        history = {"createdOn": now, "createdBy": caller}
        if previous:
            history = {key: previous["properties"][key] for key in history}
        properties |= history | {"updatedOn": now, "updatedBy": caller}
        definition = {
            "properties": properties,
            "id": previous["id"] if previous else path,
            "type": DEFINITION,
            "name": previous["name"] if previous else request["role"],
        }
        self.store.put(path, definition)
        return JsonAnswer(definition, 201)

    async def delete(self, request: ArmRequest) -> Response:
        definition = self.store.get(self._id(request))
        if definition is None:
            return empty(204)
        role = custom_role(definition)
        self._check_scopes(request, role, definition)
        if any(assignment.role == role for assignment in assignments(self.store)):
            raise bad_request(
                "RoleDefinitionHasAssignments",
                "There are existing role assignments referencing role (code:"
                " RoleDefinitionHasAssignments).",
            )
        self.store.delete(definition["id"])
        return JsonAnswer(definition)

    def _id(self, request: ArmRequest) -> str:
        return definition_id(self.cloud.subscription_id, request["role"])

    def _shown(self, role: Role) -> dict[str, Any]:
        path = definition_id(self.cloud.subscription_id, role.id)
        return self.store.get(path) or {
            "properties": {
                "roleName": role.name,
                "type": role.kind,
                "description": "",
                "assignableScopes": ["/"],
                "permissions": [role.permissions()],
            },
            "id": path,
            "type": DEFINITION,
            "name": role.id,
        }

    def _properties(self, request: ArmRequest) -> dict[str, Any]:
        """A complete definition of what was requested; the texts are our own."""
        requested = request.body.get("properties") or {}
        name, scopes = requested.get("roleName"), requested.get("assignableScopes")
        if not name or not scopes:
            raise _invalid("'roleName' and 'assignableScopes' are required")
        [permissions, *others] = requested.get("permissions") or [{}]
        if others:
            raise _invalid("it can have one set of permissions")
        allowed = {kind: permissions.get(kind) or [] for kind in _KINDS}
        for action in (action for actions in allowed.values() for action in actions):
            if not _ACTION.fullmatch(action):
                raise _invalid(f"'{action}' isn't an action")
        for scope in scopes:
            self._check_assignable(scope)
        return {
            "roleName": name,
            "type": "CustomRole",
            "description": requested.get("description") or "",
            "assignableScopes": scopes,
            "permissions": [allowed],
        }

    def _check_assignable(self, scope: str) -> None:
        try:
            subscription = ResourceId.parse(scope).subscription.lower()
        except InvalidIdError as error:
            raise _invalid(f"the scope '{scope}' isn't valid: {error}") from error
        if subscription != self.cloud.subscription_id:
            raise _invalid(f"the scope '{scope}' isn't in the subscription")

    def _check_scopes(self, request: ArmRequest, role: Role, previous: Resource | None) -> None:
        """Refuse a caller who has no right at a scope that the role has or had."""
        scopes = {*role.assignable_scopes}
        if previous:
            scopes |= {*custom_role(previous).assignable_scopes}
        verb = "delete" if request.method == "DELETE" else "write"
        for scope in sorted(map(str, scopes)):
            check_linked(self.rights, request, f"{DEFINITION}/{verb}", scope)


def _concerns(role: Role, scope: ResourceId) -> bool:
    return any(
        scope.is_within(assignable) or assignable.is_within(scope)
        for assignable in role.assignable_scopes
    )


def _invalid(reason: str) -> ArmError:
    return bad_request("InvalidRoleDefinition", f"The role definition isn't valid: {reason}.")
