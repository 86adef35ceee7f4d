"""Built-in and custom roles, and what those that are assigned to a principal allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId
from acr_emulator.state.store import Resource, Store

AUTHORIZATION = "Microsoft.Authorization"
ASSIGNMENT = f"{AUTHORIZATION}/roleAssignments"
DEFINITION = f"{AUTHORIZATION}/roleDefinitions"

BLOB_SERVICE = "Microsoft.Storage/storageAccounts/blobServices"
CONTAINERS = f"{BLOB_SERVICE}/containers"
BLOBS = f"{CONTAINERS}/blobs"
_DELEGATE = f"{BLOB_SERVICE}/generateUserDelegationKey/action"
SECRETS = "Microsoft.KeyVault/vaults/secrets"
_READ_SECRETS = (f"{SECRETS}/getSecret/action", f"{SECRETS}/readMetadata/action")


@dataclass(frozen=True)
class Role:
    """Which actions on resources and on data a role allows; `*` stands for any characters."""

    name: str
    id: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    #: Where it can be assigned, and below.
    assignable_scopes: tuple[ResourceId, ...] = (ResourceId(()),)
    kind: Literal["BuiltInRole", "CustomRole"] = "BuiltInRole"

    def allows(self, action: str) -> bool:
        """Whether the role's actions, but for the excepted ones, have this one among them."""
        return _among(action, self.actions) and not _among(action, self.not_actions)

    def allows_data(self, action: str) -> bool:
        """The same of its data actions."""
        return _among(action, self.data_actions) and not _among(action, self.not_data_actions)

    def permissions(self) -> dict[str, Any]:
        """What the role allows, as ARM shows it."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": list(self.not_data_actions),
        }


def _among(action: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


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
        (f"{AUTHORIZATION}/*/write", f"{AUTHORIZATION}/*/delete"),
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
        "Storage Blob Data Owner",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        (f"{CONTAINERS}/*", _DELEGATE),
        data_actions=(f"{BLOBS}/*",),
    ),
    Role(
        "Storage Blob Data Contributor",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        (f"{CONTAINERS}/delete", f"{CONTAINERS}/read", f"{CONTAINERS}/write", _DELEGATE),
        data_actions=tuple(
            f"{BLOBS}/{verb}" for verb in ("delete", "read", "write", "move/action", "add/action")
        ),
    ),
    Role(
        "Storage Blob Data Reader",
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        (f"{CONTAINERS}/read", _DELEGATE),
        data_actions=(f"{BLOBS}/read",),
    ),
    Role("Storage Blob Delegator", "db58b8e5-c6ad-4a2a-8342-4190687cbf4a", (_DELEGATE,)),
    Role(
        "Key Vault Administrator",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        data_actions=("Microsoft.KeyVault/vaults/*",),
    ),
    Role(
        "Key Vault Secrets Officer",
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        data_actions=(f"{SECRETS}/*",),
    ),
    Role(
        "Key Vault Secrets User",
        "4633458b-17de-408a-b874-0445c86b69e6",
        data_actions=_READ_SECRETS,
    ),
)


def allows_data(store: Store, principal_id: str | None, action: str, scope: str) -> bool:
    """Whether the principal's roles allow this with data at this scope."""
    return any(role.allows_data(action) for role in roles_of(store, principal_id, scope))


@dataclass(frozen=True)
class Assignment:
    """A role that is assigned to a principal, by its object id in lower case, at a scope."""

    principal_id: str
    scope: ResourceId
    role: Role


def assignments(store: Store) -> Iterator[Assignment]:
    """Every role assignment."""
    for assignment in store.list("", ASSIGNMENT):
        properties = assignment["properties"]
        yield Assignment(
            properties["principalId"].lower(),
            ResourceId.parse(properties["scope"]),
            role_of(store, properties["roleDefinitionId"]),
        )


def roles_of(store: Store, principal_id: str | None, scope: str) -> Iterator[Role]:
    """The principal's roles at this scope: those given here or further up."""
    if not principal_id:
        return
    try:
        resource_id = ResourceId.parse(scope)
    except InvalidIdError:
        return  # there is nothing of that id
    for assignment in assignments(store):
        if assignment.principal_id == principal_id.lower() and resource_id.is_within(
            assignment.scope
        ):
            yield assignment.role


def role_of(store: Store, definition: str) -> Role:
    """The role with that id; ArmError if there is none."""
    wanted = definition.rpartition("/")[2].lower()
    role = next((role for role in roles(store) if role.id == wanted), None)
    if role is None:
        raise bad_request(
            "RoleDefinitionDoesNotExist",
            f"The specified role definition '{wanted}' does not exist.",
        )
    return role


def roles(store: Store) -> Iterator[Role]:
    """The built-in roles, then the custom ones."""
    yield from ROLES
    for definition in store.list("", DEFINITION):
        yield custom_role(definition)


def custom_role(definition: Resource) -> Role:
    """The role of a stored definition."""
    properties = definition["properties"]
    [permissions] = properties["permissions"]
    return Role(
        properties["roleName"],
        definition["name"].lower(),
        tuple(permissions["actions"]),
        tuple(permissions["notActions"]),
        tuple(permissions["dataActions"]),
        tuple(permissions["notDataActions"]),
        tuple(ResourceId.parse(scope) for scope in properties["assignableScopes"]),
        "CustomRole",
    )


def definition_id(subscription_id: str, role_id: str) -> str:
    """The id of a role's definition: all of a subscription are right below it."""
    return f"/subscriptions/{subscription_id}/providers/{DEFINITION}/{role_id}"
