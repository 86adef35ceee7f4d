"""The scope of a deployment, as the functions of its template return it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acr_emulator.deployments.templates.dates import formatted
from acr_emulator.deployments.templates.identifiers import identifiers


@dataclass(frozen=True)
class DeploymentContext:
    """What `subscription()`, `resourceGroup()` and their like return."""

    subscription: dict[str, Any]
    group: dict[str, Any]
    tenant: dict[str, Any]
    environment: dict[str, Any]
    deployment: dict[str, Any]
    now: datetime

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Those that may stand anywhere in a template."""
        return {
            "subscription": lambda: self.subscription,
            "resourceGroup": lambda: self.group,
            "tenant": lambda: self.tenant,
            "environment": lambda: self.environment,
            "deployment": lambda: self.deployment,
            **identifiers(self.subscription["subscriptionId"], self.group["name"]),
        }

    def functions_of_defaults(self) -> Mapping[str, Callable[..., Any]]:
        """Those that may stand in the default value of a parameter."""

        def utc_now(format: str = "yyyyMMddTHHmmssZ") -> str:
            return formatted(self.now, format)

        return self.functions() | {"utcNow": utc_now, "newGuid": lambda: str(uuid.uuid4())}
