"""The network access of a registry, a storage account or a key vault."""

from __future__ import annotations

from azext_acrtransfer.preflight.snapshot import Resource
from azext_acrtransfer.service.json_values import get_path

OPEN = "Open to all networks."


def why_closed(resource: Resource, rules: str) -> str:
    """Return how a resource restricts network access, or ""; ``rules`` names its firewall."""
    access = get_path(resource, "properties", "publicNetworkAccess") or "Enabled"
    if str(access).lower() != "enabled":  # Disabled or SecuredByPerimeter
        return f"Public network access: {access}."
    if str(get_path(resource, "properties", rules, "defaultAction")).lower() == "deny":
        return "The firewall admits selected networks only."
    return ""
