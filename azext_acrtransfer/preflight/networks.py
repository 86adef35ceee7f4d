"""The endpoint and the network access of a registry, a storage account or a key vault."""

from __future__ import annotations

from urllib.parse import urlsplit

from azext_acrtransfer.preflight.snapshot import Resource
from azext_acrtransfer.service.json_values import get_path

OPEN = "Open to all networks."
BLOB_ENDPOINT = ("properties", "primaryEndpoints", "blob")
VAULT_ENDPOINT = ("properties", "vaultUri")


def other_endpoint(resource: Resource, path: tuple[str, ...], uri: str) -> str:
    """Return that a URI of a pipeline isn't of a resource, or "".

    ``path`` leads to the resource's endpoint. A custom domain can begin with the name of another
    resource.
    """
    endpoint, host = get_path(resource, *path), urlsplit(uri).hostname
    if not endpoint or urlsplit(endpoint).hostname == host:
        return ""
    return f"Its endpoint is {endpoint}, the pipeline's is {host}."


def why_closed(resource: Resource, rules: str) -> str:
    """Return how a resource restricts network access, or ""; ``rules`` names its firewall."""
    access = get_path(resource, "properties", "publicNetworkAccess")
    if access and str(access).lower() != "enabled":  # Disabled or SecuredByPerimeter
        return f"Public network access: {access}."
    if str(get_path(resource, "properties", rules, "defaultAction")).lower() == "deny":
        return "The firewall admits selected networks only."
    return ""
