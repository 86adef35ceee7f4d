"""The list of ARM's resource providers. A new one gets a line here; the first match wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from acr_emulator.arm import (
    blob_containers,
    container_registries,
    key_vaults,
    managed_identities,
    pipeline_runs,
    resource_groups,
    storage_accounts,
    subscriptions,
    template_deployments,
    transfer_pipelines,
)
from acr_emulator.arm.request import Route
from acr_emulator.identity import authorization

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance

PROVIDERS: tuple[Callable[[Instance], list[Route]], ...] = (
    subscriptions.routes,
    resource_groups.routes,
    storage_accounts.routes,
    blob_containers.routes,
    key_vaults.routes,
    managed_identities.routes,
    authorization.routes,
    container_registries.routes,
    transfer_pipelines.routes,
    pipeline_runs.routes,
    template_deployments.routes,
)
