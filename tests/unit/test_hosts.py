"""Hosts of Azure's services in each cloud that az knows."""

from __future__ import annotations

import pytest
from azure.cli.core.cloud import (
    AZURE_CHINA_CLOUD,
    AZURE_PUBLIC_CLOUD,
    AZURE_US_GOV_CLOUD,
    Cloud,
    CloudSuffixes,
)

from azext_acrtransfer.hosts import is_in, storage_domains, vault_domains

STACK = Cloud(
    "stack", suffixes=CloudSuffixes(storage_endpoint=".X.contoso.example", keyvault_dns="")
)
VAULTS = Cloud("vaults", suffixes=CloudSuffixes(keyvault_dns=".X.contoso.example"))


@pytest.mark.parametrize(
    ("cloud", "storage", "vaults"),
    [
        (AZURE_PUBLIC_CLOUD, ("core.windows.net", "storage.azure.net"), ("vault.azure.net",)),
        (
            AZURE_CHINA_CLOUD,
            ("core.chinacloudapi.cn", "storage.chinacloudapi.cn"),
            ("vault.azure.cn",),
        ),
        (
            AZURE_US_GOV_CLOUD,
            ("core.usgovcloudapi.net", "storage.usgovcloudapi.net"),
            ("vault.usgovcloudapi.net",),
        ),
        (STACK, ("x.contoso.example",), ()),
        (VAULTS, (), ("x.contoso.example",)),
        (Cloud("bare"), (), ()),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_accounts_can_have_a_dns_zone_in_each_cloud(
    cloud: Cloud, storage: tuple[str, ...], vaults: tuple[str, ...]
) -> None:
    assert (storage_domains(cloud), vault_domains(cloud)) == (storage, vaults)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("contoso.blob.core.windows.net", True),
        ("contoso.z12.blob.storage.azure.net", True),
        ("storage.azure.net", True),
        ("contoso.blob.core.windows.net.example", False),
        ("evilcore.windows.net", False),
        ("", False),
    ],
)
def test_a_host_is_in_a_domain_as_a_whole_label(host: str, expected: bool) -> None:
    assert is_in(storage_domains(AZURE_PUBLIC_CLOUD), host) is expected
