"""The managed identities of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.store import Resource, Store

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"

_SYSTEM, _USER = "systemAssigned", "userAssigned"
_TYPES = {"systemassigned": _SYSTEM, "userassigned": _USER}


class PipelineIdentities:
    """Assigns and releases the identities of pipelines."""

    def __init__(self, cloud: Cloud, store: Store, directory: Directory) -> None:
        self._tenant_id = cloud.tenant_id
        self._store = store
        self._directory = directory

    def assign(
        self, name: str, requested: Mapping[str, Any], previous: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What a PUT makes of the identity; {} for none. A system identity outlives updates."""
        types = _types(str(requested.get("type", "None")))
        identity: dict[str, Any] = {}
        if _SYSTEM in types:
            principal_id = previous.get("principalId") or self._directory.add(name).object_id
            identity = {"principalId": principal_id, "tenantId": self._tenant_id}
        if types:
            identity["type"] = ", ".join(types)
        if _USER in types:
            ids = requested.get("userAssignedIdentities") or {}
            if not ids:
                raise bad_request("InvalidParameter", "The user-assigned identity is not named.")
            identity["userAssignedIdentities"] = {
                resource_id: self._user_assigned(resource_id) for resource_id in ids
            }
        if _SYSTEM not in types:
            self.release(previous)
        return identity

    def release(self, identity: Mapping[str, Any]) -> None:
        """Remove the system identity of a pipeline that has it no more."""
        if "principalId" in identity:
            self._directory.remove(identity["principalId"])

    def _user_assigned(self, resource_id: str) -> Resource:
        identity = self._store.get(resource_id)
        if identity is None or identity["type"] != IDENTITY:
            raise bad_request(
                "FailedIdentityOperation", f"The identity '{resource_id}' does not exist."
            )
        properties = identity["properties"]
        return {key: properties[key] for key in ("principalId", "clientId")}


def _types(text: str) -> list[str]:
    """The types in the answer's spelling: lower camel, system first (recorded)."""
    words = {word.strip().lower() for word in text.split(",")} - {"none", ""}
    if unknown := words - set(_TYPES):
        raise bad_request("InvalidParameter", f"The identity type '{unknown.pop()}' is unknown.")
    return [_TYPES[word] for word in _TYPES if word in words]
