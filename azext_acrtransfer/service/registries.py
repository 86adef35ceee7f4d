"""Registries: their resource groups, looked up where only a name is given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.rest import HttpRequest, HttpResponse

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.service.api_version import DEFAULT
from azext_acrtransfer.service.http import list_arm
from azext_acrtransfer.service.json_values import get_path


@dataclass(frozen=True)
class Registry:
    """A registry of the active subscription."""

    resource_group: str
    name: str

    @classmethod
    def of_resource(cls, resource_id: str) -> Registry:
        """The registry of a resource under it."""
        # Deferred: help and completion don't need azure.mgmt.core.
        from azure.mgmt.core.tools import parse_resource_id

        parts = parse_resource_id(resource_id)
        return cls(str(parts["resource_group"]), str(parts["name"]))

    @property
    def advice(self) -> str:
        """What to do if it doesn't exist."""
        if getattr(self.resource_group, "is_default", False):
            unset = az("config unset", "defaults.group")
            return (
                f"'{self.resource_group}' is your default resource group. If the registry is in "
                f"another one, specify that group with --resource-group, or run '{unset}'."
            )
        return "Check --registry, --resource-group and the active subscription."


def missing(
    registry: Registry, client: Any, subscription: str, error: HttpResponseError
) -> ResourceNotFoundError:
    """Return the error for a registry that doesn't exist where it's looked up.

    It recommends the resource group in which the subscription has a registry of that name, if any.
    """
    message, advice = error.message, [registry.advice]
    if error.error and error.error.code == "ParentResourceNotFound":  # of any resource
        group = registry.resource_group
        message = f"The registry '{registry.name}' doesn't exist in resource group '{group}'."
    with suppress(AzureError, ResourceNotFoundError):
        # It only adds to an error, so it's requested once.
        send = partial(client.send_request, retry_total=0)
        group = locate(send, subscription, registry.name).resource_group
        advice.insert(0, f"A registry of that name is in resource group '{group}'.")
    return ResourceNotFoundError(message, recommendation=advice)


def locate(send: Callable[[HttpRequest], HttpResponse], subscription: str, name: str) -> Registry:
    """Look up the resource group of a registry."""
    # Deferred: help and completion don't need azure.mgmt.core.
    from azure.mgmt.core.tools import parse_resource_id

    path = f"/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/registries"
    for registry in list_arm(send, path, DEFAULT):
        parts = parse_resource_id(get_path(registry, "id"))
        if str(parts.get("name")).lower() == name.lower():
            return Registry(str(parts["resource_group"]), name)
    raise ResourceNotFoundError(
        f"The registry '{name}' wasn't found among the registries that you have permission to "
        "read in the active subscription.",
        recommendation=f"Check --registry and '{az('account show')}', or specify its "
        "--resource-group.",
    )
