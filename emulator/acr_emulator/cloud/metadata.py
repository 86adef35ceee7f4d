"""What ARM tells anyone of its cloud; `az cloud register` asks it for what it was not told."""

from typing import Any

from acr_emulator.cloud.clouds import Cloud

PATH = "/metadata/endpoints"


def metadata(cloud: Cloud) -> dict[str, Any]:
    """Endpoints and suffixes of what there is here; keys as az reads them."""
    return {
        "name": cloud.name,
        "resourceManager": cloud.arm_url,
        "authentication": {
            "loginEndpoint": cloud.login_url,
            "audiences": [f"{audience}/" for audience in cloud.arm_audiences],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "microsoftGraphResourceId": f"{cloud.graph_url}/",
        "suffixes": {
            "acrLoginServer": cloud.registry_suffix,
            "keyVaultDns": cloud.vault_suffix,
            "storage": cloud.storage_suffix,
        },
    }


def environment(cloud: Cloud) -> dict[str, Any]:
    """The same as the function of a template tells it, with slashes and dots at the ends."""
    told = metadata(cloud)
    return {
        "name": told["name"],
        "graph": told["microsoftGraphResourceId"],
        "resourceManager": f"{told['resourceManager']}/",
        "authentication": {**told["authentication"], "loginEndpoint": f"{cloud.login_url}/"},
        "suffixes": {
            "acrLoginServer": f".{cloud.registry_suffix}",
            "keyvaultDns": f".{cloud.vault_suffix}",
            "storage": cloud.storage_suffix,
        },
    }
