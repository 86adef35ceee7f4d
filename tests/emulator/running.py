"""A running emulator and the clients that tests use it with."""

import asyncio
import hashlib
import ssl
import threading
from collections.abc import Coroutine
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import httpx
from acr_emulator.cloud.clouds import PUBLIC, Cloud
from acr_emulator.emulator import Instance
from acr_emulator.identity.tokens import Principal
from azure.storage.blob import ContainerClient, generate_account_sas, generate_container_sas

from tests.support.cloud import eventually
from tests.support.oci import RegistryClient

Json = dict[str, Any]
T = TypeVar("T")

SUBSCRIPTION = f"/subscriptions/{PUBLIC.subscription_id}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/group"
REGISTRIES = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries"
VERSION = "2025-06-01-preview"


class Emulator:
    """An instance in a separate thread; every client talks to it over its sockets."""

    def __init__(self, state: Path, cloud: Cloud = PUBLIC) -> None:
        self.cloud = cloud
        self.instance = Instance(state, cloud)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.run(self.instance.start())
        environment = self.instance.environment()
        self.ca_file = environment["SSL_CERT_FILE"]
        self.http = httpx.Client(
            proxy=environment["HTTPS_PROXY"],
            verify=ssl.create_default_context(cafile=self.ca_file),
            timeout=60,
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the instance's event loop do something."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def stop(self) -> None:
        self.http.close()
        self.run(self.instance.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def entra_token(self, audience: str, principal: Principal | None = None) -> str:
        """A token of a principal, the operator if none is given."""
        principal = principal or self.instance.directory.operator()[0]
        return self.instance.tokens.issue(audience, principal)

    def arm(
        self, method: str, path: str, body: Json | None = None, version: str = VERSION
    ) -> httpx.Response:
        """Call ARM: a path below the group's registries, or one from the root."""
        path = path if path.startswith("/") else f"{REGISTRIES}/{path}"
        return self.http.request(
            method,
            f"{self.cloud.arm_url}{path}",
            params={"api-version": version},
            headers={"Authorization": f"Bearer {self.entra_token(self.cloud.arm_audience)}"},
            json=body,
        )

    def ok(self, method: str, path: str, body: Json | None = None) -> Json:
        """Call ARM, which must not refuse."""
        answer = self.arm(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    def delete_group(self, group: str) -> None:
        """Delete a group for good: vaults that were deleted keep their names otherwise."""
        self.ok("DELETE", group)
        deleted = self.ok("GET", f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults")
        for vault in deleted["value"]:
            if vault["properties"]["vaultId"].lower().startswith(f"{group.lower()}/"):
                self.ok("POST", f"{vault['id']}/purge")

    def registry(self, name: str, **more: Any) -> None:
        """Have a registry."""
        self.ok("PUT", GROUP, {"location": "westus"})
        properties = {"sku": {"name": "Premium"}, "location": "westus"}
        self.ok("PUT", name, {**properties, **more})

    def client(self, registry: str, principal: Principal | None = None) -> RegistryClient:
        """A registry, to which a principal logged in."""
        token = self.entra_token(PUBLIC.registry_audience, principal)
        host = PUBLIC.login_server(registry)
        return RegistryClient.log_in(self.http, host, tenant=PUBLIC.tenant_id, entra_token=token)

    def storage_account(self, name: str) -> None:
        """Have a storage account."""
        self.ok("PUT", GROUP, {"location": "westus"})
        path = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}"
        answer = self.arm("PUT", path, {"location": "westus", "sku": {"name": "Standard_LRS"}})
        assert answer.status_code in (200, 202), answer.text

    def container(self, account: str, name: str) -> ContainerClient:
        """Have a storage account and a container in it; storage's own client, with its key."""
        self.storage_account(account)
        port = self.run(self.instance.storage.port(account))
        container = ContainerClient(
            f"https://127.0.0.1:{port}/{account}",
            name,
            credential={"account_name": account, "account_key": self.account_key(account)},
            connection_verify=self.ca_file,
            use_env_settings=False,
        )
        if not container.exists():
            container.create_container()
        return container

    def account_key(self, account: str) -> str:
        return str(self.instance.storage.keys(account)[0]["value"])

    def sas(self, account: str, container: str, rights: str, *, hours: int = 1, **more: Any) -> str:
        return generate_container_sas(
            account,
            container,
            account_key=more.pop("account_key", self.account_key(account)),
            permission=rights,
            expiry=datetime.now(timezone.utc) + timedelta(hours=hours),
            **more,
        )

    def account_sas(self, account: str, resource_types: str, **more: Any) -> str:
        return generate_account_sas(
            account,
            self.account_key(account),
            resource_types,
            "rwdlac",
            datetime.now(timezone.utc) + timedelta(hours=1),
            **more,
        )

    def vault(self, name: str, *readers: str) -> None:
        """Have a vault whose secrets these principals, and the operator, may use."""
        operator, _ = self.instance.directory.operator()
        policies = [
            {
                "tenantId": PUBLIC.tenant_id,
                "objectId": reader,
                "permissions": {"secrets": ["get", "set", "list", "delete"]},
            }
            for reader in (operator.object_id, *readers)
        ]
        properties = {
            "tenantId": PUBLIC.tenant_id,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": policies,
            "enableRbacAuthorization": False,
        }
        self.ok("PUT", GROUP, {"location": "westus"})
        self.ok(
            "PUT",
            f"{GROUP}/providers/Microsoft.KeyVault/vaults/{name}",
            {"location": "westus", "properties": properties},
        )

    def secret(self, vault: str, name: str, value: str, **attributes: Any) -> str:
        """Write a secret; its URI without a version."""
        uri = f"{PUBLIC.vault_url(vault)}/secrets/{name}"
        answer = self.http.put(
            uri,
            params={"api-version": "7.4"},
            headers={"Authorization": f"Bearer {self.entra_token(PUBLIC.vault_audience)}"},
            json={"value": value, "attributes": attributes},
        )
        assert answer.status_code == 200, answer.text
        return uri

    def principal(self, name: str) -> str:
        """Have a principal of that name in the directory; its object id."""
        directory = self.instance.directory
        known = (principal for principal in directory if principal.name == name)
        return (next(known, None) or directory.add(name)).object_id

    def grant(self, principal: str, role: str, scope: str) -> None:
        """Assign a built-in role by its id, if it is not assigned already."""
        name = hashlib.md5(f"{principal}{role}{scope}".encode()).hexdigest()
        definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        answer = self.arm(
            "PUT",
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
            {"properties": {"roleDefinitionId": definition, "principalId": principal}},
        )
        assert answer.status_code in (201, 409), answer.text

    def finished(self, run: str) -> Json:
        """Wait until a run is over; its properties."""

        def look() -> Json | None:
            properties: Json = self.ok("GET", run)["properties"]
            over = properties["provisioningState"] in ("Succeeded", "Failed")
            return properties if over else None

        return eventually(look)
