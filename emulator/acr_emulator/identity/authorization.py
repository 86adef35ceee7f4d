"""Built-in roles, and what the roles that are assigned to a principal allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId
from acr_emulator.state.store import Store

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_READ_BLOBS = frozenset({f"{_BLOBS}/read"})
_ALL_BLOBS = _READ_BLOBS | {
    f"{_BLOBS}/{verb}" for verb in ("write", "delete", "add/action", "move/action")
}
SECRETS = "Microsoft.KeyVault/vaults/secrets"
_READ_SECRETS = frozenset({f"{SECRETS}/getSecret/action", f"{SECRETS}/readMetadata/action"})
_ALL_SECRETS = _READ_SECRETS | {
    f"{SECRETS}/{verb}"
    for verb in (
        *("setSecret/action", "update/action", "delete", "recover/action", "purge/action"),
        *("backup/action", "restore/action"),
    )
}


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

    def permissions(self) -> dict[str, Any]:
        """What the role allows, as ARM shows it."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": sorted(self.data_actions),
            "notDataActions": [],
        }


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
    Role(
        "Key Vault Administrator",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        data_actions=_ALL_SECRETS,
    ),
    Role(
        "Key Vault Secrets Officer",
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        data_actions=_ALL_SECRETS,
    ),
    Role(
        "Key Vault Secrets User",
        "4633458b-17de-408a-b874-0445c86b69e6",
        data_actions=_READ_SECRETS,
    ),
)


def data_actions(store: Store, principal_id: str | None, scope: str) -> frozenset[str]:
    """What the principal may do with data at this scope; without a principal, nothing."""
    roles = roles_of(store, principal_id, scope)
    return frozenset[str]().union(*(role.data_actions for role in roles))


def roles_of(store: Store, principal_id: str | None, scope: str) -> Iterator[Role]:
    """The principal's roles at this scope: those given here or further up."""
    if not principal_id:
        return
    try:
        at = ResourceId.parse(scope)
    except InvalidIdError:
        return  # there is nothing of that id
    for assignment in store.list("", ASSIGNMENT):
        properties = assignment["properties"]
        is_its_own = properties["principalId"].lower() == principal_id.lower()
        if is_its_own and at.is_within(ResourceId.parse(properties["scope"])):
            yield role_of(properties["roleDefinitionId"])


def role_of(definition_id: str) -> Role:
    """The role with that id; ArmError if there is none."""
    wanted = definition_id.rpartition("/")[2].lower()
    role = next((role for role in ROLES if role.id == wanted), None)
    if role is None:
        raise bad_request(
            "RoleDefinitionDoesNotExist",
            f"The specified role definition '{wanted}' does not exist.",
        )
    return role
