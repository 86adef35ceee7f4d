"""Microsoft.Authorization: role assignments, and the permissions of a caller."""

from dataclasses import dataclass

from starlette.responses import Response

from acr_emulator.arm.body_forms import ROLE_ASSIGNMENT
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.authorization import (
    ASSIGNMENT,
    Role,
    definition_id,
    role_of,
)
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.rights import Rights
from acr_emulator.identity.tokens import Principal
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.store import Resource, Store

_AUTHORIZATION = "{scope}/providers/Microsoft.Authorization"

_ASSIGNED = ("principalid", "assignedto()", "atscope()")


def _right(action: str) -> Right:
    return Right(f"Microsoft.Authorization/{action}", "{scope}")


@dataclass(frozen=True, kw_only=True)
class RoleAssignments:
    """Assignments, at any scope."""

    cloud: Cloud
    clock: Clock
    store: Store
    directory: Directory
    rights: Rights

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        assignments = f"{_AUTHORIZATION}/roleAssignments"
        assignment = f"{assignments}/{{name}}"
        read, write = _right("roleAssignments/read"), _right("roleAssignments/write")
        return [
            Route(
                "GET",
                f"{_AUTHORIZATION}/permissions",
                self.permissions,
                _right("permissions/read"),
            ),
            Route(
                "GET",
                f"{_AUTHORIZATION}/denyAssignments",
                self.denials,
                _right("denyAssignments/read"),
                (*_ASSIGNED, "denyassignmentname", "gdprexportprincipalid()"),
            ),
            Route("GET", assignments, self.assignments, read, _ASSIGNED),
            Route("GET", assignment, self.assignment, read),
            Route("PUT", assignment, self.assign, write, body=ROLE_ASSIGNMENT),
            Route("DELETE", assignment, self.withdraw, _right("roleAssignments/delete")),
        ]

    async def permissions(self, request: ArmRequest) -> Response:
        """What the caller may do at a scope."""
        roles = self.rights.roles(request.caller.principal.object_id, request["scope"])
        return JsonAnswer({"value": [role.permissions() for role in roles]})

    async def denials(self, _: ArmRequest) -> Response:
        """Nothing here makes any."""
        return JsonAnswer({"value": []})

    async def assignments(self, request: ArmRequest) -> Response:
        at_scope = "atscope()" in request.filter.names
        scope = ResourceId.parse(request["scope"])
        value = [
            existing
            for existing in self.store.list("", ASSIGNMENT)
            if request.filter.matches(_fields(existing))
            and _covers(existing["properties"]["scope"], scope, below=not at_scope)
        ]
        return JsonAnswer({"value": value})

    async def assignment(self, request: ArmRequest) -> Response:
        if assignment := self.store.get(str(request.id)):
            return JsonAnswer(assignment)
        raise ArmError(
            404,
            "RoleAssignmentNotFound",
            f"The role assignment '{request['name']}' is not found.",
        )

    async def assign(self, request: ArmRequest) -> Response:
        requested = request.body.get("properties") or {}
        role = role_of(self.store, requested.get("roleDefinitionId", ""))
        principal = self._principal(requested.get("principalId", ""))
        scope = ResourceId.parse(request["scope"])
        if not any(scope.is_within(assignable) for assignable in role.assignable_scopes):
            raise bad_request(
                "RoleDefinitionNotAssignableAtScope",
                f"The role '{role.name}' can't be assigned at the scope '{scope}'.",
            )
        previous = self.store.get(str(request.id))
        if previous and previous["properties"]["principalId"] != principal.object_id:
            raise bad_request(
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )
        for existing in self.store.list("", ASSIGNMENT):
            same = existing["properties"]
            if ResourceId.parse(existing["id"]) == request.id:
                continue  # the same assignment again, as a template that is deployed twice has it
            if (
                same["principalId"] == principal.object_id
                and role_of(self.store, same["roleDefinitionId"]) == role
                and ResourceId.parse(same["scope"]) == scope
            ):
                name = existing["name"].replace("-", "")
                raise ArmError(
                    409,
                    "RoleAssignmentExists",
                    "The role assignment already exists. The ID of the existing role assignment"
                    f" is {name}.",
                )
        assignment = self._new(request, role, principal)
        if previous:
            assignment |= {key: previous[key] for key in ("id", "name")}
        self.store.put(assignment["id"], assignment)
        return JsonAnswer(assignment, 201)

    def _principal(self, object_id: str) -> Principal:
        """The principal that a role is assigned to; the texts are from memory."""
        if not object_id:
            raise bad_request(
                "InvalidPrincipalId", "A valid principal ID must be provided for role assignment."
            )
        if principal := self.directory.with_object_id(object_id):
            return principal
        raise bad_request(
            "PrincipalNotFound",
            f"Principal {object_id.replace('-', '')} does not exist in the directory"
            f" {self.cloud.tenant_id}. Check that you have the correct principal ID.",
        )

    def _new(self, request: ArmRequest, role: Role, principal: Principal) -> Resource:
        requested = request.body["properties"]
        now = timestamp(self.clock.now(), zone="Z")
        caller = request.caller.principal.object_id
        return {
            "properties": {
                "roleDefinitionId": definition_id(self.cloud.subscription_id, role.id),
                "principalId": principal.object_id,
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
            "id": str(request.id),
            "type": ASSIGNMENT,
            "name": request["name"],
        }

    async def withdraw(self, request: ArmRequest) -> Response:
        assignment = self.store.get(str(request.id))
        if assignment is None:
            return empty(204)
        self.store.delete(str(request.id))
        return JsonAnswer(assignment)


def _fields(assignment: Resource) -> dict[str, str]:
    """What a filter compares; there are no groups that a principal could be assigned through."""
    principal = assignment["properties"]["principalId"]
    return {"principalid": principal, "assignedto()": principal, "atscope()": "true"}


def _covers(assigned: str, scope: ResourceId, *, below: bool) -> bool:
    """Whether an assignment is listed at a scope: given there or above, or below it too."""
    assigned_scope = ResourceId.parse(assigned)
    return scope.is_within(assigned_scope) or (below and assigned_scope.is_within(scope))
