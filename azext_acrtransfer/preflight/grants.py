"""Roles of a principal, and whether they allow an action."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from azext_acrtransfer.kinds import SECRETS_USER, BuiltInRole, PipelineKind, PipelineOption
from azext_acrtransfer.service.json_values import get_path

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
#: What lets a managed identity do what a permission of a SAS allows.
_ACTIONS = {"r": "read", "l": "read", "w": "write", "a": "write", "d": "delete"}
RUN_PIPELINES = "Microsoft.ContainerRegistry/registries/pipelineRuns/write"


@dataclass(frozen=True)
class Right:
    """Data actions that an identity needs, and the built-in role with the fewest that has them."""

    actions: frozenset[str]
    role: BuiltInRole


READ_SECRETS = Right(
    frozenset({"Microsoft.KeyVault/vaults/secrets/getSecret/action"}), SECRETS_USER
)


def right_to_blobs(kind: PipelineKind, options: tuple[PipelineOption, ...]) -> Right:
    """Return what a pipeline needs that uses its identity: what a SAS would have to allow."""
    letters = kind.sas_permissions_for(options)
    actions = frozenset(f"{_BLOBS}/{_ACTIONS[letter]}" for letter in letters)
    return Right(actions, kind.storage_role_for(options))


def container_scope(account_id: str, container: str) -> str:
    """Return the ID of a container, where the roles of the account and above apply, too."""
    return f"{account_id}/blobServices/default/containers/{container}"


def secret_scope(vault_id: str, secret: str) -> str:
    """Return the ID of a secret, where the roles of the vault and above apply, too."""
    return f"{vault_id}/secrets/{secret}"


@dataclass(frozen=True)
class Grant:
    """A role that is assigned to a principal, at this scope or above."""

    permissions: tuple[Mapping[str, Any], ...]
    role: str = ""
    scope: str = ""
    has_condition: bool = False

    def allows(self, action: str) -> bool:
        """Whether its actions or data actions include this one."""
        return any(
            _among(action, permission.get(word))
            and not _among(action, permission.get(f"not{word[0].upper()}{word[1:]}"))
            for permission in self.permissions
            for word in ("actions", "dataActions")
        )


def _among(action: str, patterns: Iterable[str] | None) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())


def principals_that_read_secrets(vault: Mapping[str, Any]) -> set[str]:
    """Return the object IDs of the access policies of a vault that allow to read secrets."""
    return {
        str(policy["objectId"]).lower()
        for policy in get_path(vault, "properties", "accessPolicies") or ()
        for permission in get_path(policy, "permissions", "secrets") or ()
        if permission.lower() in ("all", "get")
    }


def suffice(grants: Iterable[Grant], actions: Collection[str]) -> bool:
    """Whether these roles together allow all the actions."""
    roles = list(grants)
    return all(any(grant.allows(action) for grant in roles) for action in actions)
