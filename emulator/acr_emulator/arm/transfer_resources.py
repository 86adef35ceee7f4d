"""What pipelines and runs share as children of a registry in ARM."""

from __future__ import annotations

import re
from typing import Any

from acr_emulator.arm.request import ArmRequest
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.registry.resource_properties import check_transfers
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.store import Resource, Store

#: An answer names the versions of its group (recorded in September 2025, and in April 2026 but
#: for the last one).
_VERSIONS_WITH_SAS_TOKENS = (
    "2019-12-01-preview",
    "2020-11-01-preview",
    "2021-06-01-preview",
    "2021-08-01-preview",
    "2021-12-01-preview",
    "2022-02-01-preview",
    "2023-01-01-preview",
    "2023-06-01-preview",
    "2023-08-01-preview",
    "2023-11-01-preview",
    "2024-01-01-preview",
    "2024-11-01-preview",
    "2025-03-01-preview",
    "2025-05-01-preview",
    "2025-09-01-preview",
)
_VERSIONS_WITH_ACCESS_MODES = (
    "2025-06-01-preview",
    "2025-12-01-preview",
    "2026-01-01-preview",
    "2026-03-01-preview",
    "2026-09-01-preview",
)
_VERSIONS = _VERSIONS_WITH_SAS_TOKENS + _VERSIONS_WITH_ACCESS_MODES
_PREVIEW = "-preview"
_COLLECTIONS = ("exportPipelines", "importPipelines", "pipelineRuns")
#: Within Microsoft.ContainerRegistry.
TYPES = tuple(f"registries/{collection}" for collection in _COLLECTIONS)
_NAME = re.compile("[a-zA-Z0-9]{5,50}")
_ACTIONS = {"GET": "read", "DELETE": "delete"}


def headers(cloud: Cloud, api_version: str) -> dict[str, str]:
    """What every answer on pipelines and runs carries."""
    versions = cloud.transfer_api_versions
    if versions is None:
        is_older = api_version.lower() in _VERSIONS_WITH_SAS_TOKENS
        versions = _VERSIONS_WITH_SAS_TOKENS if is_older else _VERSIONS_WITH_ACCESS_MODES
    return {"api-supported-versions": ", ".join(versions)}


def check_version(cloud: Cloud, request: ArmRequest) -> None:
    """Refuse an API version that has no transfers: no preview, or not in the list of the cloud."""
    collection, offered = _collection(request.id), cloud.transfer_api_versions
    is_preview = request.api_version.lower().endswith(_PREVIEW)
    if not collection or (is_preview if offered is None else request.api_version in offered):
        return
    supported = ", ".join(offered or _VERSIONS)
    raise bad_request(
        "NoRegisteredProviderFound",
        f"No registered resource provider found for API version '{request.api_version}' for type"
        f" 'registries/{collection}'. The supported api-versions are '{supported}'.",
    )


def _collection(path: ResourceId) -> str:
    """The kind of transfer resource that a path is about, as typed, or ""."""
    words = [segment.lower() for segment in path.segments]
    is_of_registry = words[4:7] == ["providers", "microsoft.containerregistry", "registries"]
    if is_of_registry and words[8:9] and words[8] in map(str.lower, _COLLECTIONS):
        return path.segments[8]
    return ""


def parent(store: Store, request: ArmRequest, child: str) -> Resource:
    """The registry of a request on one of its children, or ARM's 404."""
    resource = store.get(str(request.parent))
    if resource is None:
        action = _ACTIONS.get(request.method, "write")
        raise ArmError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform '{action}' on resource(s) of type 'registries/{child}', because"
            f" the parent resource '{request.parent}' could not be found.",
        )
    return resource


def check_new(registry: Resource, name: str) -> None:
    """Refuse a bad name and a registry that cannot transfer; the texts are ours."""
    if not _NAME.fullmatch(name):
        raise bad_request(
            "InvalidResourceName",
            f"The name '{name}' is not valid: it has 5 to 50 letters and digits.",
        )
    check_transfers(registry)


def without_blanks(value: Any) -> Any:
    """A body without nulls and empty strings, and without objects that held nothing else.

    Templates send `""` for what they leave open (Azure/acr docs/image-transfer).
    """
    if isinstance(value, dict):
        kept = {key: without_blanks(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ("", None, {})}
    return value
