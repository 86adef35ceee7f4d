"""What ARM publishes of its cloud; `az cloud register` reads what its options do not specify."""

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
    """The same as `environment()` of a template returns it, with slashes and dots at the ends."""
    endpoints = metadata(cloud)
    return {
        "name": endpoints["name"],
        "graph": endpoints["microsoftGraphResourceId"],
        "resourceManager": f"{endpoints['resourceManager']}/",
        "authentication": {**endpoints["authentication"], "loginEndpoint": f"{cloud.login_url}/"},
        "suffixes": {
            "acrLoginServer": f".{cloud.registry_suffix}",
            "keyvaultDns": f".{cloud.vault_suffix}",
            "storage": cloud.storage_suffix,
        },
    }
