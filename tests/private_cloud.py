"""A cloud that is nowhere, as `az cloud register --cloud-config` and the emulator take it."""

from __future__ import annotations

from typing import Any

DESCRIPTION: dict[str, Any] = {
    "name": "Contoso",
    "endpoints": {
        "resourceManager": "https://management.contoso.example",
        "activeDirectory": "https://login.contoso.example",
        "activeDirectoryResourceId": "https://management.core.contoso.example/",
        "microsoftGraphResourceId": "https://graph.contoso.example/",
    },
    "suffixes": {
        "storageEndpoint": "core.contoso.example",
        "keyvaultDns": ".vault.contoso.example",
        "acrLoginServerEndpoint": ".cr.contoso.example",
    },
    "transferApiVersions": ["2019-12-01-preview"],
}
