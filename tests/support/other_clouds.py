"""How az is set to clouds other than the public one; the emulator's README says the same."""

from __future__ import annotations

from typing import Any

CHINA, PRIVATE = "AzureChinaCloud", "Contoso"
#: The private cloud, as `az cloud register --cloud-config` and the emulator take it.
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
#: What to type before `az login`.
SETTINGS = {
    CHINA: "az cloud set --name AzureChinaCloud",
    PRIVATE: r"""
az cloud register --name Contoso \
  --endpoint-resource-manager https://management.contoso.example \
  --endpoint-active-directory https://login.contoso.example \
  --endpoint-active-directory-resource-id https://management.core.contoso.example/ \
  --endpoint-microsoft-graph-resource-id https://graph.contoso.example/ \
  --suffix-storage-endpoint core.contoso.example \
  --suffix-keyvault-dns .vault.contoso.example \
  --suffix-acr-login-server-endpoint .cr.contoso.example \
  --skip-endpoint-discovery
az cloud set --name Contoso
az config set core.instance_discovery=false
""",
}
#: The same registration in fewer words.
SHORT_REGISTRATIONS = (
    "az cloud register --name Contoso --cloud-config @contoso.json",
    "az cloud register --name Contoso"
    " --endpoint-resource-manager https://management.contoso.example",
)
