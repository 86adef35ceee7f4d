"""Roles of a principal, and whether they allow an action."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from azext_acrtransfer.service.json_values import get_path

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
#: What lets a managed identity do what a permission of a SAS allows.
_ACTIONS = {"r": "read", "l": "read", "w": "write", "a": "write", "d": "delete"}
RUN_PIPELINES = "Microsoft.ContainerRegistry/registries/pipelineRuns/write"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"


def blob_actions(sas_permissions: str) -> frozenset[str]:
    """Return the data actions that correspond to the permissions of a SAS."""
    return frozenset(f"{_BLOBS}/{_ACTIONS[letter]}" for letter in sas_permissions)


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
