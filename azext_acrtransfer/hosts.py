"""Hosts of Azure's services: how their names are formed, and the domains of a cloud."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from azure.cli.core.cloud import CloudSuffixNotSetException

_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
#: What can stand in a host between the name of a resource and the label of its service.
_BETWEEN = re.compile(r"privatelink|z[0-9]{1,2}")
_ENDPOINTS = ("blob", "dfs", "file", "queue", "table", "web", "vault", "vaultcore", "managedhsm")


@dataclass(frozen=True)
class Hosts:
    """How Azure forms the hosts of a service: a resource's name, then a label of the service.

    A host without such a label is a custom domain. Source: Azure's rules for resource names and
    its lists of endpoints.
    """

    noun: str
    labels: tuple[str, ...]
    name: str
    rule: str

    def resource_of(self, host: str) -> str | None:
        """Return the name of the resource that a host belongs to; None for a custom domain."""
        name, *rest = host.split(".")
        return name if any(label in self.labels for label in rest) else None

    def is_custom_domain(self, host: str) -> bool:
        """Whether a host can be one of the service, but doesn't contain the resource's name."""
        return self.resource_of(host) is None and not self.fault_of(host)

    def unknown_resource(self, host: str) -> str:
        """Return that a custom domain's resource isn't known, or "" for another host."""
        if not self.is_custom_domain(host):
            return ""
        return f"'{host}' is a custom domain. Its {self.noun} isn't known."

    def fault_of(self, host: str) -> str | None:
        """Return why a host isn't one of the service, or None if it can be one."""
        name, *rest = labels = host.split(".")
        if not all(labels):
            return f"a part of its host '{host}' is empty (is a variable unset?)"
        service = next((label for label in rest if not _BETWEEN.fullmatch(label)), None)
        if service in self.labels:
            if name.endswith("-secondary"):
                return f"'{name}' is the secondary endpoint, which is read-only"
            if not re.fullmatch(self.name, name):
                return f"'{name}' isn't a valid name of a {self.noun}: {self.rule}"
        elif service in _ENDPOINTS:
            return f"'{host}' isn't a {self.labels[0]} endpoint but one for '{service}'"
        wrong = next((label for label in labels if not _HOST_LABEL.fullmatch(label)), None)
        return f"'{wrong}' isn't a valid part of a host name" if wrong else None


STORAGE_ACCOUNTS = Hosts(
    "storage account",
    ("blob",),
    r"[a-z0-9]{3,24}",
    "expected 3 to 24 lowercase letters and digits",
)
KEY_VAULTS = Hosts(
    "key vault",
    ("vault", "vaultcore"),
    r"(?=.{3,24}$)[a-z](?:-?[a-z0-9])+",
    "expected 3 to 24 letters, digits and single hyphens, first a letter, last no hyphen",
)


def host_suffix(cloud: Any, name: str) -> str | None:
    """Return the suffix of a cloud's host names, or None if the cloud doesn't define it."""
    try:
        return str(getattr(cloud.suffixes, name))
    except CloudSuffixNotSetException:
        return None


def storage_domains(cloud: Any) -> tuple[str, ...]:
    """Return the domains of a cloud's storage accounts: without and with an Azure DNS zone."""
    suffix = (host_suffix(cloud, "storage_endpoint") or "").lstrip(".").lower()
    public = {"core.windows.net": "storage.azure.net"}
    zones = public.get(suffix, re.sub(r"^core\.", "storage.", suffix))
    return tuple(dict.fromkeys((suffix, zones))) if suffix else ()


def vault_domains(cloud: Any) -> tuple[str, ...]:
    """Return the domains of a cloud's key vaults, if it defines one."""
    suffix = (host_suffix(cloud, "keyvault_dns") or "").lstrip(".").lower()
    return (suffix,) if suffix else ()


def is_in(domains: Iterable[str | None], host: str) -> bool:
    """Whether a host is in one of some domains; one that a cloud doesn't define has no hosts."""
    return f".{host}".endswith(tuple(f".{domain.lower()}" for domain in domains if domain))
