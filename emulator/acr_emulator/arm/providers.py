"""The list of ARM's resource providers. A new one gets a line here; the first match wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from acr_emulator.arm import (
    blob_containers,
    deployments,
    groups,
    identities,
    key_vaults,
    pipelines,
    registries,
    roles,
    runs,
    storage_accounts,
    subscriptions,
)
from acr_emulator.arm.request import Route

if TYPE_CHECKING:
    from acr_emulator.instance import Instance

PROVIDERS: tuple[Callable[[Instance], list[Route]], ...] = (
    subscriptions.routes,
    groups.routes,
    storage_accounts.routes,
    blob_containers.routes,
    key_vaults.routes,
    identities.routes,
    roles.routes,
    registries.routes,
    pipelines.routes,
    runs.routes,
    deployments.routes,
)
