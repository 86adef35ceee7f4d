"""What a pipeline's `properties` may be, and how they are answered."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from acr_emulator.runs.pipelines import PipelineKind
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.enumerations import one_of
from acr_emulator.state.store import Resource

#: The first API version with storageAccessMode.
_ACCESS_MODE_SINCE = "2025-06-01"
_CONTAINER_TYPE = "AzureStorageBlobContainer"
_MODES = ("SasToken", "ManagedIdentity")
_TRIGGER_STATES = ("Enabled", "Disabled")


def read(kind: PipelineKind, properties: Mapping[str, Any], api_version: str) -> dict[str, Any]:
    """Check a request's properties and complete them; key order as recorded."""
    if kind.side not in properties:
        raise _missing(kind.side)
    container = _container(kind.side, properties[kind.side], api_version)
    read_properties: dict[str, Any] = {kind.side: container}
    if kind.triggered:
        requested = properties.get("trigger", {}).get("sourceTrigger", {}).get("status", "Enabled")
        status = one_of("properties.trigger.sourceTrigger.status", requested, _TRIGGER_STATES)
        read_properties["trigger"] = {"sourceTrigger": {"status": status}}
    if "options" in properties:
        options = [
            one_of("properties.options", option, kind.options) for option in properties["options"]
        ]
        read_properties["options"] = options
    return {**read_properties, "provisioningState": "Succeeded"}


def shown(kind: PipelineKind, resource: Resource, api_version: str) -> Resource:
    """The resource as an API version shows it."""
    if api_version >= _ACCESS_MODE_SINCE:
        return resource
    container = dict(resource["properties"][kind.side])
    del container["storageAccessMode"]
    return {**resource, "properties": {**resource["properties"], kind.side: container}}


def _container(side: str, requested: Mapping[str, Any], api_version: str) -> dict[str, str]:
    if "uri" not in requested:
        raise _missing(f"{side}.uri")
    one_of(f"properties.{side}.type", requested.get("type", _CONTAINER_TYPE), (_CONTAINER_TYPE,))
    mode = one_of(
        f"properties.{side}.storageAccessMode",
        requested.get("storageAccessMode", _MODES[0]),
        _MODES,
    )
    container = {"type": _CONTAINER_TYPE, "uri": _uri(f"{side}.uri", requested["uri"])}
    if mode == "SasToken":
        if "keyVaultUri" not in requested:
            raise _missing(f"{side}.keyVaultUri")
        container["keyVaultUri"] = _uri(f"{side}.keyVaultUri", requested["keyVaultUri"])
    elif api_version < _ACCESS_MODE_SINCE:
        raise bad_request(
            "InvalidParameter",
            f"The storage access mode ManagedIdentity needs an api-version of"
            f" {_ACCESS_MODE_SINCE}-preview or later.",
        )
    return {**container, "storageAccessMode": mode}


def _uri(name: str, value: str) -> str:
    try:
        urlsplit(value)
    except ValueError as error:
        raise bad_request(
            "InvalidParameter", f"The value '{value}' of 'properties.{name}' is no URI."
        ) from error
    return value


def _missing(name: str) -> ArmError:
    return bad_request("InvalidParameter", f"The property 'properties.{name}' is required.")
