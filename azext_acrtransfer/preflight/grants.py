"""Roles of a principal, and whether they allow what it is to do with data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
#: What lets a managed identity do what a permission of a SAS allows.
_ACTIONS = {"r": "read", "l": "read", "w": "write", "a": "write", "d": "delete"}
RUN_PIPELINES = "Microsoft.ContainerRegistry/registries/pipelineRuns/write"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"


def blob_actions(sas_permissions: str) -> frozenset[str]:
    """The data actions for what a SAS of these permissions is good for."""
    return frozenset(f"{_BLOBS}/{_ACTIONS[letter]}" for letter in sas_permissions)


@dataclass(frozen=True)
class Grant:
    """A role that was given to a principal, at this scope or further up."""

    permissions: tuple[Mapping[str, Any], ...]
    role: str = ""
    scope: str = ""
    has_condition: bool = False

    def allows(self, action: str) -> bool:
        """Whether its actions, or those on data, have this one and do not except it."""
        return any(
            _among(action, permission.get(word))
            and not _among(action, permission.get(f"not{word[0].upper()}{word[1:]}"))
            for permission in self.permissions
            for word in ("actions", "dataActions")
        )


def _among(action: str, patterns: Iterable[str] | None) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())


def suffice(grants: Iterable[Grant], actions: Collection[str]) -> bool:
    """Whether these roles together allow all of it."""
    roles = list(grants)
    return all(any(grant.allows(action) for grant in roles) for action in actions)
