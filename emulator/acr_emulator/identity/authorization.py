"""Microsoft.Authorization: built-in role definitions, role assignments, and what they allow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import timestamp
from acr_emulator.state.store import Resource, Store

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_READ_BLOBS = frozenset({f"{_BLOBS}/read"})
_ALL_BLOBS = _READ_BLOBS | {
    f"{_BLOBS}/{verb}" for verb in ("write", "delete", "add/action", "move/action")
}
_SECRETS = frozenset({GET_SECRET, "Microsoft.KeyVault/vaults/secrets/readMetadata/action"})


@dataclass(frozen=True)
class Role:
    """A built-in role: which actions on resources it allows (`*` for any), and on data."""

    name: str
    id: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: frozenset[str] = frozenset()

    def allows(self, action: str) -> bool:
        """Whether the role's actions, but for the excepted ones, have this one among them."""
        return _among(action, self.actions) and not _among(action, self.not_actions)


def _among(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


_AUTHORIZATION = "Microsoft.Authorization/*"
_REGISTRIES = "Microsoft.ContainerRegistry/registries"
_PULL = f"{_REGISTRIES}/pull/read"
_TRANSFER = tuple(
    f"{_REGISTRIES}/{kind}/*" for kind in ("exportPipelines", "importPipelines", "pipelineRuns")
)

#: Names, ids and actions as in Azure's list of built-in roles (from memory, not recorded).
ROLES = (
    Role("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", ("*",)),
    Role(
        "Contributor",
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        ("*",),
        (f"{_AUTHORIZATION}/write", f"{_AUTHORIZATION}/delete"),
    ),
    Role("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", ("*/read",)),
    Role(
        "Container Registry Transfer Pipeline Contributor",
        "bf94e731-3a51-4a7c-8c54-a1ab9971dfc1",
        (f"{_REGISTRIES}/read", *_TRANSFER),
    ),
    Role("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d", (_PULL,)),
    Role("AcrPush", "8311e382-0749-4cb8-b61a-304f252e45ec", (_PULL, f"{_REGISTRIES}/push/write")),
    Role(
        "Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", data_actions=_ALL_BLOBS
    ),
    Role(
        "Storage Blob Data Contributor",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        data_actions=_ALL_BLOBS,
    ),
    Role(
        "Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", data_actions=_READ_BLOBS
    ),
    Role("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483", data_actions=_SECRETS),
    Role(
        "Key Vault Secrets Officer", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", data_actions=_SECRETS
    ),
    Role("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6", data_actions=_SECRETS),
)
_QUOTED = re.compile(r"(roleName|principalId|assignedTo)\s*(?:eq\s*|\()'([^']*)'", re.IGNORECASE)


def data_actions(store: Store, principal_id: str, scope: str) -> frozenset[str]:
    """What the principal may do with data at this scope."""
    roles = _roles_of(store, principal_id, scope)
    return frozenset[str]().union(*(role.data_actions for role in roles))


def allows(store: Store, principal_id: str, action: str, scope: str) -> bool:
    """Whether the principal may do this with the resource at this scope."""
    return any(role.allows(action) for role in _roles_of(store, principal_id, scope))


def _roles_of(store: Store, principal_id: str, scope: str) -> Iterator[Role]:
    """The principal's roles at this scope: those given here or further up."""
    for assignment in store.list("", ASSIGNMENT):
        properties = assignment["properties"]
        above = properties["scope"].lower().rstrip("/") + "/"
        if properties["principalId"] == principal_id and f"{scope.lower()}/".startswith(above):
            yield _role(properties["roleDefinitionId"])


def _role(definition_id: str) -> Role:
    wanted = definition_id.rpartition("/")[2].lower()
    role = next((role for role in ROLES if role.id == wanted), None)
    if role is None:
        raise bad_request(
            "RoleDefinitionDoesNotExist",
            f"The specified role definition '{wanted}' does not exist.",
        )
    return role


def routes(instance: Instance) -> list[Route]:
    """Definitions and assignments, at any scope."""
    roles = _Roles(instance)
    assignments = "{scope:path}/providers/Microsoft.Authorization/roleAssignments"
    definitions = "{scope:path}/providers/Microsoft.Authorization/roleDefinitions"
    authorization = "{scope:path}/providers/Microsoft.Authorization"
    return [
        Route("GET", f"{authorization}/permissions", roles.permissions),
        Route("GET", f"{authorization}/denyAssignments", roles.denials),
        Route("GET", definitions, roles.definitions),
        Route("GET", f"{definitions}/{{role}}", roles.definition),
        Route("GET", assignments, roles.assignments),
        Route("GET", f"{assignments}/{{name}}", roles.assignment),
        Route("PUT", f"{assignments}/{{name}}", roles.assign),
        Route("DELETE", f"{assignments}/{{name}}", roles.withdraw),
    ]


def _permissions_of(role: Role) -> dict[str, Any]:
    """What a role allows, as ARM shows it."""
    return {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": sorted(role.data_actions),
        "notDataActions": [],
    }


class _Roles:
    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._store = instance.store

    async def permissions(self, request: ArmRequest) -> Response:
        """What the caller may do at a scope: the ready service principal everything."""
        caller = request.caller.principal.object_id
        operator, _ = self._instance.directory.operator()
        roles = (
            [ROLES[0]]
            if caller == operator.object_id
            else list(_roles_of(self._store, caller, request["scope"]))
        )
        return JsonAnswer({"value": [_permissions_of(role) for role in roles]})

    async def denials(self, _: ArmRequest) -> Response:
        """Nothing here makes any."""
        return JsonAnswer({"value": []})

    async def definitions(self, request: ArmRequest) -> Response:
        name = _filtered(request).get("rolename")
        shown = [self._shown(role) for role in ROLES if name in (None, role.name.lower())]
        return JsonAnswer({"value": shown})

    async def definition(self, request: ArmRequest) -> Response:
        return JsonAnswer(self._shown(_role(request["role"])))

    def _shown(self, role: Role) -> dict[str, Any]:
        subscription = self._instance.cloud.subscription_id
        return {
            "properties": {
                "roleName": role.name,
                "type": "BuiltInRole",
                "description": "",
                "assignableScopes": ["/"],
                "permissions": [_permissions_of(role)],
            },
            "id": f"/subscriptions/{subscription}/providers/{DEFINITION}/{role.id}",
            "type": DEFINITION,
            "name": role.id,
        }

    async def assignments(self, request: ArmRequest) -> Response:
        wanted = _filtered(request)
        principal = wanted.get("principalid") or wanted.get("assignedto")
        at_scope = "atscope()" in request.query.get("$filter", "").lower()
        scope = request["scope"].lower()
        value = [
            each
            for each in self._store.list("", ASSIGNMENT)
            if principal in (None, each["properties"]["principalId"])
            and _covers(each["properties"]["scope"].lower(), scope, below=not at_scope)
        ]
        return JsonAnswer({"value": value})

    async def assignment(self, request: ArmRequest) -> Response:
        if found := self._store.get(request.path):
            return JsonAnswer(found)
        raise ArmError(
            404,
            "RoleAssignmentNotFound",
            f"The role assignment '{request['name']}' is not found.",
        )

    async def assign(self, request: ArmRequest) -> Response:
        asked = request.body.get("properties") or {}
        role = _role(asked.get("roleDefinitionId", ""))
        scope, principal_id = request["scope"], asked.get("principalId", "")
        for each in self._store.list(f"{scope}/providers/", ASSIGNMENT):
            same = each["properties"]
            if each["id"].lower() == request.path.lower():
                continue  # the same assignment again, as a template that is deployed twice has it
            if same["principalId"] == principal_id and _role(same["roleDefinitionId"]) == role:
                name = each["name"].replace("-", "")
                raise ArmError(
                    409,
                    "RoleAssignmentExists",
                    "The role assignment already exists. The ID of the existing role assignment"
                    f" is {name}.",
                )
        assignment = self._new(request, role, principal_id)
        self._store.put(assignment["id"], assignment)
        return JsonAnswer(assignment, 201)

    def _new(self, request: ArmRequest, role: Role, principal_id: str) -> Resource:
        asked = request.body["properties"]
        now = timestamp(self._instance.clock.now(), zone="Z")
        caller = request.caller.principal.object_id
        return {
            "properties": {
                "roleDefinitionId": self._shown(role)["id"],
                "principalId": principal_id,
                "principalType": asked.get("principalType") or "ServicePrincipal",
                "scope": request["scope"],
                "condition": asked.get("condition"),
                "conditionVersion": asked.get("conditionVersion"),
                "createdOn": now,
                "updatedOn": now,
                "createdBy": caller,
                "updatedBy": caller,
                "delegatedManagedIdentityResourceId": None,
                "description": asked.get("description"),
            },
            "id": request.path,
            "type": ASSIGNMENT,
            "name": request["name"],
        }

    async def withdraw(self, request: ArmRequest) -> Response:
        found = self._store.get(request.path)
        if found is None:
            return empty(204)
        self._store.delete(request.path)
        return JsonAnswer(found)


def _filtered(request: ArmRequest) -> dict[str, str]:
    """The quoted values of an OData filter, by lower-cased property, in lower case."""
    found = _QUOTED.findall(request.query.get("$filter", ""))
    return {name.lower(): value.lower() for name, value in found}


def _covers(assigned: str, scope: str, *, below: bool) -> bool:
    """Whether an assignment is listed at a scope: given there or above, or below it too."""
    return f"{scope}/".startswith(f"{assigned}/") or (
        below and f"{assigned}/".startswith(f"{scope}/")
    )
