"""JSON types of a body's properties, by their names, which mean the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from acr_emulator.state.arm_errors import ArmError, bad_request

#: The template language looks at what is in them itself.
_CLOSED = ("parameters", "template")
_OBJECTS = (
    *("identity", "networkAcls", "networkRuleSet", "permissions", "policies", "properties"),
    *("encryption", "exportPolicy", "request", "sku", "source", "sourceTrigger", "tags", "target"),
    *("trigger", "userAssignedIdentities", *_CLOSED),
)
_TEXTS = (
    *("defaultAction", "family", "forceUpdateTag", "keyVaultUri", "kind", "location", "mode"),
    *("name", "objectId", "pipelineResourceId", "principalId", "principalType"),
    *("publicNetworkAccess", "roleDefinitionId", "status", "storageAccessMode", "tenantId"),
    *("type", "uri"),
)
_LISTS_OF_TEXTS = ("artifacts", "certificates", "keys", "options", "secrets", "storage")
_LISTS_OF_OBJECTS = ("accessPolicies",)
#: A word, or its display name such as `West US`; URLs of operations contain it.
_LOCATION = re.compile("[A-Za-z0-9][A-Za-z0-9 ()-]*")
_NAMES: dict[type, str] = {dict: "an object", str: "a string", list: "an array"}


def checked(body: dict[str, Any]) -> dict[str, Any]:
    """A body without nulls, or the 400 for a property of another type."""
    for path, reason in _wrong(body, ""):
        raise unreadable(f"{path.lstrip('.')} is to be {reason}")
    location = body.get("location")
    if location and not _LOCATION.fullmatch(location):
        raise bad_request(
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resources.",
        )
    kept: dict[str, Any] = _without_nulls(body)
    return kept


def unreadable(reason: str) -> ArmError:
    """The 400 for a body that cannot be read; what Azure gives as a reason is not known."""
    return bad_request(
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{reason}'.",
    )


def _wrong(body: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in body.items():
        here, wanted = f"{path}.{key}", _type(key)
        if value is not None and wanted and not isinstance(value, wanted):
            yield here, _NAMES[wanted]
        elif isinstance(value, list):
            yield from _wrong_entries(key, value, here)
        elif isinstance(value, dict) and key not in _CLOSED:
            yield from _wrong(value, here)


def _wrong_entries(key: str, value: list[Any], path: str) -> Iterator[tuple[str, str]]:
    wanted = {**dict.fromkeys(_LISTS_OF_TEXTS, str), **dict.fromkeys(_LISTS_OF_OBJECTS, dict)}
    for number, entry in enumerate(value):
        here = f"{path}[{number}]"
        if key in wanted and not isinstance(entry, wanted[key]):
            yield here, _NAMES[wanted[key]]
        elif isinstance(entry, dict):
            yield from _wrong(entry, here)


def _type(key: str) -> type | None:
    if key in _OBJECTS:
        return dict
    if key in _TEXTS:
        return str
    return list if key in (*_LISTS_OF_TEXTS, *_LISTS_OF_OBJECTS) else None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: item if key in _CLOSED else _without_nulls(item)
        for key, item in value.items()
        if item is not None
    }
