"""The managed identities of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.store import Resource

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance

_SYSTEM, _USER = "systemAssigned", "userAssigned"
_TYPES = {"systemassigned": _SYSTEM, "userassigned": _USER}


def assign(
    instance: Instance, name: str, asked: Mapping[str, Any], previous: Mapping[str, Any]
) -> dict[str, Any]:
    """What a PUT makes of the identity; {} for none. A system identity outlives updates."""
    types = _types(str(asked.get("type", "None")))
    identity: dict[str, Any] = {}
    if _SYSTEM in types:
        principal_id = previous.get("principalId") or instance.directory.add(name).object_id
        identity = {"principalId": principal_id, "tenantId": instance.cloud.tenant_id}
    if types:
        identity["type"] = ", ".join(types)
    if _USER in types:
        ids = asked.get("userAssignedIdentities") or {}
        if not ids:
            raise bad_request("InvalidParameter", "The user-assigned identity is not named.")
        identity["userAssignedIdentities"] = {each: _user_assigned(instance, each) for each in ids}
    if _SYSTEM not in types:
        release(instance, previous)
    return identity


def release(instance: Instance, identity: Mapping[str, Any]) -> None:
    """Remove the system identity of a pipeline that has it no more."""
    if "principalId" in identity:
        instance.directory.remove(identity["principalId"])


def _types(text: str) -> list[str]:
    """The types in the answer's spelling: lower camel, system first (recorded)."""
    words = {word.strip().lower() for word in text.split(",")} - {"none", ""}
    if unknown := words - set(_TYPES):
        raise bad_request("InvalidParameter", f"The identity type '{unknown.pop()}' is unknown.")
    return [_TYPES[word] for word in _TYPES if word in words]


def _user_assigned(instance: Instance, resource_id: str) -> Resource:
    identity = instance.store.get(resource_id)
    if identity is None:
        raise bad_request(
            "FailedIdentityOperation", f"The identity '{resource_id}' does not exist."
        )
    properties = identity["properties"]
    return {key: properties[key] for key in ("principalId", "clientId")}
