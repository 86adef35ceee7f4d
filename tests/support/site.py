"""One side of a transfer, prepared by direct requests: registry, container, vault and secret."""

from __future__ import annotations

import shlex
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

import jwt
from acr_emulator.cloud.clouds import PUBLIC
from azure.storage.blob import ContainerClient, generate_container_sas

from tests.support.cloud import Cloud, Json, eventually
from tests.support.oci import RegistryClient

Kind = Literal["export", "import"]
Mode = Literal["SasToken", "ManagedIdentity"]

GROUP = "mygroup"
ACCOUNT = "mystorage"
#: The permissions that the prerequisites name for the SAS of each direction.
SAS_PERMISSIONS: dict[Kind, str] = {"export": "rwla", "import": "rld"}

_ROLES = f"/subscriptions/{PUBLIC.subscription_id}/providers/Microsoft.Authorization"
_CONTRIBUTOR = f"{_ROLES}/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe"


@dataclass(frozen=True)
class Site:
    """Names what a pipeline of this side needs, and changes it.

    Sites of a cloud share a storage account unless another is named: each is a server that takes
    seconds to start.
    """

    cloud: Cloud
    name: str
    secret: str = "acrsas"
    account: str = ACCOUNT
    group: str = GROUP
    #: The name of the container, if it isn't that of the site.
    other_container: str = ""

    @classmethod
    def prepare(cls, cloud: Cloud, name: str, kind: Kind = "export", **names: str) -> Site:
        """Have everything: an empty Premium registry, a container, a SAS for it in a vault."""
        site = cls(cloud, name, **names)
        cloud.arm("PUT", f"resourceGroups/{site.group}", {"location": "westus"})
        body = {"location": "westus", "sku": {"name": "Premium"}}
        site.arm("PUT", f"Microsoft.ContainerRegistry/registries/{site.registry}", body)
        site.container.create_container()
        site._create_vault()
        site.write_secret(site.sas(SAS_PERMISSIONS[kind]))
        return site

    @property
    def registry(self) -> str:
        """Name of the registry."""
        return f"{self.name}registry"

    @property
    def vault(self) -> str:
        """Name of the key vault."""
        return f"{self.name}vault"

    @property
    def login_server(self) -> str:
        """Host name of the registry."""
        return self.cloud.hosts.login_server(self.registry)

    @property
    def container_name(self) -> str:
        """Name of the container."""
        return self.other_container or self.name

    @property
    def container_uri(self) -> str:
        """As --storage-container-uri takes it."""
        return f"https://{self.account}.{self.cloud.hosts.blob_suffix}/{self.container_name}"

    @property
    def secret_uri(self) -> str:
        """As --secret-uri takes it."""
        return f"{self.cloud.hosts.vault_url(self.vault)}/secrets/{self.secret}"

    @property
    def args(self) -> str:
        """The options that name the registry, as in a command line."""
        return f"--resource-group {shlex.quote(self.group)} --registry {self.registry}"

    def arm(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask ARM about something in the resource group."""
        return self.cloud.arm(method, f"resourceGroups/{self.group}/providers/{path}", body)

    def resource(self, path: str, method: str = "GET", body: Json | None = None) -> Json:
        """Ask about something of the registry, such as `pipelineRuns/myrun01`."""
        registry = f"Microsoft.ContainerRegistry/registries/{self.registry}"
        return self.arm(method, f"{registry}/{path}", body)

    def id_of(self, path: str) -> str:
        """The ARM id of something of the registry."""
        return (
            f"/subscriptions/{PUBLIC.subscription_id}/resourceGroups/{self.group}/providers"
            f"/Microsoft.ContainerRegistry/registries/{self.registry}/{path}"
        )

    @property
    def container(self) -> ContainerClient:
        """The container, through storage's own client with the account's key."""
        return ContainerClient(
            f"https://{self.account}.{self.cloud.hosts.blob_suffix}",
            self.container_name,
            credential={"account_name": self.account, "account_key": self._account_key()},
            proxies={"https": self.cloud.environment["HTTPS_PROXY"]},
            connection_verify=self.cloud.environment["SSL_CERT_FILE"],
            use_env_settings=False,
        )

    @property
    def blobs(self) -> list[str]:
        """Names of the blobs in the container."""
        return list(self.container.list_blob_names())

    def _account_key(self) -> str:
        account = f"Microsoft.Storage/storageAccounts/{self.account}"
        self.arm("PUT", account, {"location": "westus", "sku": {"name": "Standard_LRS"}})
        return str(self.arm("POST", f"{account}/listKeys")["keys"][0]["value"])

    def sas(self, permissions: str, expiry: datetime | None = None) -> str:
        """A SAS of the container, with the leading `?` of the prerequisites."""
        return "?" + generate_container_sas(
            self.account,
            self.container_name,
            self._account_key(),
            permission=permissions,
            expiry=expiry or datetime.now(timezone.utc) + timedelta(days=30),
            protocol="https",
        )

    def _create_vault(self) -> None:
        token = self.cloud.token(self.cloud.hosts.arm_url)
        operator = jwt.decode(token, options={"verify_signature": False})["oid"]
        properties = {
            "tenantId": PUBLIC.tenant_id,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [_policy(operator, "get", "set", "list", "delete")],
            "enableRbacAuthorization": False,
        }
        body = {"location": "westus", "properties": properties}
        self.arm("PUT", f"Microsoft.KeyVault/vaults/{self.vault}", body)

    def write_secret(self, value: str) -> None:
        """Write the secret that the pipelines read."""
        token = self.cloud.token(self.cloud.hosts.vault_audience)
        answer = self.cloud.http.put(
            self.secret_uri,
            params={"api-version": "7.4"},
            headers={"Authorization": f"Bearer {token}"},
            json={"value": value},
        )
        assert answer.is_success, answer.text

    def grant_secret(self, pipeline: Json) -> None:
        """Let a pipeline's own identity read the vault's secrets."""
        self._change_policies("add", pipeline)

    def revoke_secret(self, pipeline: Json) -> None:
        """Take that back."""
        self._change_policies("remove", pipeline)

    def _change_policies(self, change: str, pipeline: Json) -> None:
        policies = [_policy(pipeline["identity"]["principalId"], "get")]
        path = f"Microsoft.KeyVault/vaults/{self.vault}/accessPolicies/{change}"
        self.arm("PUT", path, {"properties": {"accessPolicies": policies}})

    def grant_storage(self, pipeline: Json) -> None:
        """Make a pipeline's own identity a Storage Blob Data Contributor of the account."""
        principal = pipeline["identity"]["principalId"]
        body = {"properties": {"roleDefinitionId": _CONTRIBUTOR, "principalId": principal}}
        scope = f"Microsoft.Storage/storageAccounts/{self.account}"
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        self.arm("PUT", path, body)

    def pipeline(
        self,
        kind: Kind,
        name: str = "mypipeline",
        mode: Mode = "SasToken",
        options: tuple[str, ...] = (),
    ) -> Json:
        """Have a pipeline without a trigger whose identity may do its work."""
        storage = {"uri": self.container_uri, "storageAccessMode": mode}
        if mode == "SasToken":
            storage["keyVaultUri"] = self.secret_uri
        sides: dict[Kind, Json] = {
            "export": {"target": storage},
            "import": {"source": storage, "trigger": {"sourceTrigger": {"status": "Disabled"}}},
        }
        properties = sides[kind]
        if options:
            properties["options"] = list(options)
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        pipeline = self.resource(f"{kind}Pipelines/{name}", "PUT", body)
        (self.grant_secret if mode == "SasToken" else self.grant_storage)(pipeline)
        return pipeline

    def run(self, name: str, pipeline: Json, blob: str, *artifacts: str) -> Json:
        """Run a pipeline, an import one if no artifacts are given; returns its first answer."""
        request: Json = {"pipelineResourceId": pipeline["id"]}
        request |= {"artifacts": artifacts} if artifacts else {}
        side = "target" if artifacts else "source"
        request[side] = {"type": "AzureStorageBlob", "name": blob}
        return self.resource(f"pipelineRuns/{name}", "PUT", {"properties": {"request": request}})

    def finished(self, run: str) -> Json:
        """Wait until a run is over; its properties."""

        def look() -> Json | None:
            properties: Json = self.resource(f"pipelineRuns/{run}")["properties"]
            return properties if properties["response"]["status"] != "Running" else None

        return eventually(look)

    def until_runs_end(self) -> None:
        """Wait until no run of the registry is in progress."""
        for run in self.resource("pipelineRuns")["value"]:
            self.finished(run["name"])

    @property
    def registry_client(self) -> RegistryClient:
        """The registry, through an OCI client with a new token."""
        token = self.cloud.token(PUBLIC.registry_audience)
        return RegistryClient.log_in(
            self.cloud.http, self.login_server, tenant=PUBLIC.tenant_id, entra_token=token
        )


def _policy(object_id: str, *secrets: str) -> Json:
    permissions = {"secrets": list(secrets)}
    return {"tenantId": PUBLIC.tenant_id, "objectId": object_id, "permissions": permissions}
