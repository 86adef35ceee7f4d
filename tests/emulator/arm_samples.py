"""What tests of ARM make: where, and from which bodies."""

import httpx
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.running import SUBSCRIPTION, Emulator, Json

GROUP = f"{SUBSCRIPTION}/resourceGroups/arm-group"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
VAULTS = f"{GROUP}/providers/Microsoft.KeyVault/vaults"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
ROLES = "providers/Microsoft.Authorization"
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
ACCOUNT: Json = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
VAULT: Json = {
    "location": "westus",
    "properties": {
        "tenantId": PUBLIC.tenant_id,
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
        "enableRbacAuthorization": False,
    },
}


def assign(
    emulator: Emulator, scope: str, principal: str, name: str = "assigned"
) -> httpx.Response:
    """Assign a role to the principal with that object id."""
    definition = f"{SUBSCRIPTION}/{ROLES}/roleDefinitions/{CONTRIBUTOR}"
    properties = {"roleDefinitionId": definition, "principalId": principal}
    return emulator.arm(
        "PUT", f"{scope}/{ROLES}/roleAssignments/{name}", {"properties": properties}
    )
