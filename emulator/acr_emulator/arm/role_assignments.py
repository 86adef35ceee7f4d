"""Microsoft.Authorization: role definitions, role assignments, and the permissions of a caller."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.authorization import (
    ASSIGNMENT,
    DEFINITION,
    ROLES,
    Role,
    role_of,
    roles_of,
)
from acr_emulator.identity.directory import Directory
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.store import Resource, Store

_QUOTED = re.compile(r"(roleName|principalId|assignedTo)\s*(?:eq\s*|\()'([^']*)'", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class RoleAssignments:
    """Definitions and assignments, at any scope."""

    cloud: Cloud
    clock: Clock
    store: Store
    directory: Directory

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        assignments = "{scope:path}/providers/Microsoft.Authorization/roleAssignments"
        definitions = "{scope:path}/providers/Microsoft.Authorization/roleDefinitions"
        authorization = "{scope:path}/providers/Microsoft.Authorization"
        return [
            Route("GET", f"{authorization}/permissions", self.permissions),
            Route("GET", f"{authorization}/denyAssignments", self.denials),
            Route("GET", definitions, self.definitions),
            Route("GET", f"{definitions}/{{role}}", self.definition),
            Route("GET", assignments, self.assignments),
            Route("GET", f"{assignments}/{{name}}", self.assignment),
            Route("PUT", f"{assignments}/{{name}}", self.assign),
            Route("DELETE", f"{assignments}/{{name}}", self.withdraw),
        ]

    async def permissions(self, request: ArmRequest) -> Response:
        """What the caller may do at a scope: the built-in administrator everything."""
        caller = request.caller.principal.object_id
        roles = (
            [ROLES[0]]
            if self.directory.is_operator(caller)
            else list(roles_of(self.store, caller, request["scope"]))
        )
        return JsonAnswer({"value": [role.permissions() for role in roles]})

    async def denials(self, _: ArmRequest) -> Response:
        """Nothing here makes any."""
        return JsonAnswer({"value": []})

    async def definitions(self, request: ArmRequest) -> Response:
        name = _filtered(request).get("rolename")
        shown = [self._shown(role) for role in ROLES if name in (None, role.name.lower())]
        return JsonAnswer({"value": shown})

    async def definition(self, request: ArmRequest) -> Response:
        return JsonAnswer(self._shown(role_of(request["role"])))

    def _shown(self, role: Role) -> dict[str, Any]:
        return {
            "properties": {
                "roleName": role.name,
                "type": "BuiltInRole",
                "description": "",
                "assignableScopes": ["/"],
                "permissions": [role.permissions()],
            },
            "id": f"/subscriptions/{self.cloud.subscription_id}/providers/{DEFINITION}/{role.id}",
            "type": DEFINITION,
            "name": role.id,
        }

    async def assignments(self, request: ArmRequest) -> Response:
        wanted = _filtered(request)
        principal = wanted.get("principalid") or wanted.get("assignedto")
        at_scope = "atscope()" in request.query.get("$filter", "").lower()
        scope = request["scope"].lower()
        value = [
            existing
            for existing in self.store.list("", ASSIGNMENT)
            if principal in (None, existing["properties"]["principalId"])
            and _covers(existing["properties"]["scope"].lower(), scope, below=not at_scope)
        ]
        return JsonAnswer({"value": value})

    async def assignment(self, request: ArmRequest) -> Response:
        if assignment := self.store.get(request.path):
            return JsonAnswer(assignment)
        raise ArmError(
            404,
            "RoleAssignmentNotFound",
            f"The role assignment '{request['name']}' is not found.",
        )

    async def assign(self, request: ArmRequest) -> Response:
        requested = request.body.get("properties") or {}
        role = role_of(requested.get("roleDefinitionId", ""))
        scope, principal_id = request["scope"], requested.get("principalId", "")
        for existing in self.store.list(f"{scope}/providers/", ASSIGNMENT):
            same = existing["properties"]
            if existing["id"].lower() == request.path.lower():
                continue  # the same assignment again, as a template that is deployed twice has it
            if same["principalId"] == principal_id and role_of(same["roleDefinitionId"]) == role:
                name = existing["name"].replace("-", "")
                raise ArmError(
                    409,
                    "RoleAssignmentExists",
                    "The role assignment already exists. The ID of the existing role assignment"
                    f" is {name}.",
                )
        assignment = self._new(request, role, principal_id)
        self.store.put(assignment["id"], assignment)
        return JsonAnswer(assignment, 201)

    def _new(self, request: ArmRequest, role: Role, principal_id: str) -> Resource:
        requested = request.body["properties"]
        now = timestamp(self.clock.now(), zone="Z")
        caller = request.caller.principal.object_id
        return {
            "properties": {
                "roleDefinitionId": self._shown(role)["id"],
                "principalId": principal_id,
                "principalType": requested.get("principalType") or "ServicePrincipal",
                "scope": request["scope"],
                "condition": requested.get("condition"),
                "conditionVersion": requested.get("conditionVersion"),
                "createdOn": now,
                "updatedOn": now,
                "createdBy": caller,
                "updatedBy": caller,
                "delegatedManagedIdentityResourceId": None,
                "description": requested.get("description"),
            },
            "id": request.path,
            "type": ASSIGNMENT,
            "name": request["name"],
        }

    async def withdraw(self, request: ArmRequest) -> Response:
        assignment = self.store.get(request.path)
        if assignment is None:
            return empty(204)
        self.store.delete(request.path)
        return JsonAnswer(assignment)


def _filtered(request: ArmRequest) -> dict[str, str]:
    """The quoted values of an OData filter, by lower-cased property, in lower case."""
    pairs = _QUOTED.findall(request.query.get("$filter", ""))
    return {name.lower(): value.lower() for name, value in pairs}


def _covers(assigned: str, scope: str, *, below: bool) -> bool:
    """Whether an assignment is listed at a scope: given there or above, or below it too."""
    return f"{scope}/".startswith(f"{assigned}/") or (
        below and f"{assigned}/".startswith(f"{scope}/")
    )
