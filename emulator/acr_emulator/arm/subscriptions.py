"""The one tenant, its one subscription, and that every resource provider is registered."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from acr_emulator.arm.request import Anyone, ArmRequest, Right, Route
from acr_emulator.arm.transfer_resources import TYPES as TRANSFER_TYPES
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.store import Resource

_LOCATIONS = {"westus": "West US", "eastus": "East US", "westeurope": "West Europe"}
#: What az needs to know to show or delete a resource by its id alone.
_TYPES = {
    "Microsoft.ContainerRegistry": ("registries", *TRANSFER_TYPES),
    "Microsoft.KeyVault": ("vaults", "vaults/secrets"),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.Resources": ("deployments", "resourceGroups"),
    "Microsoft.Storage": (
        "storageAccounts",
        "storageAccounts/blobServices",
        "storageAccounts/blobServices/containers",
    ),
}
_VERSIONS = {
    "Microsoft.ContainerRegistry": ("2026-09-01-preview", "2025-06-01-preview"),
    "Microsoft.KeyVault": ("2025-05-01",),
    "Microsoft.ManagedIdentity": ("2024-11-30",),
    "Microsoft.Resources": ("2024-11-01",),
    "Microsoft.Storage": ("2025-06-01",),
}
#: Azure wants a role somewhere in it.
_OWN = Anyone("the tenant has one subscription, and az looks at it when it logs in")


@dataclass(frozen=True, kw_only=True)
class Subscriptions:
    """What az requests at login, and before it uses a provider."""

    cloud: Cloud

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        one = "/subscriptions/{subscription}"
        provider = f"{one}/providers/{{namespace}}"
        return [
            Route("GET", "/tenants", self.tenants, _OWN),
            Route("GET", "/subscriptions", self.list, _OWN),
            Route("GET", one, self.get, _OWN),
            Route("GET", f"{one}/locations", self.locations, _OWN),
            Route("GET", f"{one}/providers", self.providers, _OWN),
            Route("GET", provider, self.provider, _OWN),
            Route(
                "POST",
                f"{provider}/register",
                self.provider,
                Right("{namespace}/register/action", one),
            ),
        ]

    async def tenants(self, _: ArmRequest) -> Response:
        tenant = self.cloud.tenant_id
        shown = {
            "id": f"/tenants/{tenant}",
            "tenantId": tenant,
            "displayName": "Emulator",
            "defaultDomain": "emulator.onmicrosoft.com",
            "tenantType": "AAD",
        }
        return JsonAnswer({"value": [shown]})

    def _subscription(self) -> Resource:
        return {
            "id": f"/subscriptions/{self.cloud.subscription_id}",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": self.cloud.subscription_id,
            "tenantId": self.cloud.tenant_id,
            "displayName": "Emulator",
            "state": "Enabled",
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "EnterpriseAgreement_2014-09-01",
                "spendingLimit": "Off",
            },
        }

    async def list(self, _: ArmRequest) -> Response:
        value = [self._subscription()]
        return JsonAnswer({"value": value, "count": {"type": "Total", "value": len(value)}})

    async def get(self, _: ArmRequest) -> Response:
        return JsonAnswer(self._subscription())

    async def locations(self, request: ArmRequest) -> Response:
        value = [
            {
                "id": f"/subscriptions/{request['subscription']}/locations/{name}",
                "name": name,
                "type": "Region",
                "displayName": shown,
                "regionalDisplayName": shown,
                "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
            }
            for name, shown in _LOCATIONS.items()
        ]
        return JsonAnswer({"value": value})

    async def providers(self, request: ArmRequest) -> Response:
        value = [self._provider(request["subscription"], namespace) for namespace in _TYPES]
        return JsonAnswer({"value": value})

    async def provider(self, request: ArmRequest) -> Response:
        typed = request["namespace"]
        namespace = next((known for known in _TYPES if known.lower() == typed.lower()), typed)
        return JsonAnswer(self._provider(request["subscription"], namespace))

    def _provider(self, subscription: str, namespace: str) -> Resource:
        types = [
            {
                "resourceType": name,
                "locations": list(_LOCATIONS.values()),
                "apiVersions": _versions(self.cloud, namespace, name),
                "capabilities": "None",
            }
            for name in _TYPES.get(namespace, ())
        ]
        return {
            "id": f"/subscriptions/{subscription}/providers/{namespace}",
            "namespace": namespace,
            "registrationState": "Registered",
            "registrationPolicy": "RegistrationRequired",
            "resourceTypes": types,
        }


def _versions(cloud: Cloud, namespace: str, name: str) -> tuple[str, ...]:
    """What API versions a resource type has here, newest first."""
    if name in TRANSFER_TYPES and cloud.transfer_api_versions:
        return cloud.transfer_api_versions[::-1]
    return _VERSIONS[namespace]
