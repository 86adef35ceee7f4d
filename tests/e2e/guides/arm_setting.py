"""What the ARM guides presuppose: two registries, containers, vaults; and the template files."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
from acr_emulator.cloud.clouds import PUBLIC
from azure.storage.blob import ContainerClient, generate_container_sas

from tests.support.cloud import Cloud, Json
from tests.support.oci import RegistryClient
from tests.support.terminal import ROOT

if TYPE_CHECKING:
    from typing_extensions import Self

CONTAINER = "transfer"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/myUserAssignedIdentity"


@dataclass(frozen=True)
class Setting:
    """One side of the guides: `source` or `target`, in a separate resource group."""

    cloud: Cloud
    side: str

    @classmethod
    def prepare(cls, cloud: Cloud, side: str) -> Self:
        """Have everything but SAS tokens."""
        setting = cls(cloud, side)
        located = {"location": "westus"}
        cloud.arm("PUT", f"resourceGroups/{setting.group}", located)
        setting.arm("PUT", setting.registry_path, {**located, "sku": {"name": "Premium"}})
        setting.arm("PUT", setting.account_path, {**located, "sku": {"name": "Standard_LRS"}})
        setting.container.create_container()
        setting.arm("PUT", f"Microsoft.KeyVault/vaults/{setting.vault}", setting._vault())
        setting.arm("PUT", _IDENTITY, located)
        return setting

    @property
    def group(self) -> str:
        """Name of the resource group."""
        return f"{self.side}-rg"

    @property
    def registry(self) -> str:
        """Name of the registry."""
        return f"contoso{self.side}registry"

    @property
    def vault(self) -> str:
        """Name of the key vault."""
        return f"contoso{self.side}vault"

    @property
    def account(self) -> str:
        """Name of the storage account."""
        return f"contoso{self.side}"

    @property
    def identity_id(self) -> str:
        """The id of a user-assigned identity."""
        return (
            f"/subscriptions/{PUBLIC.subscription_id}/resourceGroups/{self.group}"
            f"/providers/{_IDENTITY}"
        )

    @property
    def registry_path(self) -> str:
        """The registry, below the group's providers."""
        return f"Microsoft.ContainerRegistry/registries/{self.registry}"

    @property
    def account_path(self) -> str:
        """The storage account, below the group's providers."""
        return f"Microsoft.Storage/storageAccounts/{self.account}"

    @property
    def container_uri(self) -> str:
        """The container, as the templates take it."""
        return f"https://{self.account}.{PUBLIC.blob_suffix}/{CONTAINER}"

    def arm(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask ARM about something below the group's providers."""
        return self.cloud.arm(method, f"resourceGroups/{self.group}/providers/{path}", body)

    def resource(self, path: str) -> Json:
        """A pipeline or a run of the registry."""
        return self.arm("GET", f"{self.registry_path}/{path}")

    def _vault(self) -> Json:
        operator = jwt.decode(
            self.cloud.token(PUBLIC.arm_url), options={"verify_signature": False}
        )["oid"]
        policy = {
            "tenantId": PUBLIC.tenant_id,
            "objectId": operator,
            "permissions": {"secrets": ["get", "set"]},
        }
        properties = {
            "tenantId": PUBLIC.tenant_id,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [policy],
            "enableRbacAuthorization": False,
        }
        return {"location": "westus", "properties": properties}

    @property
    def _account_key(self) -> str:
        return str(self.arm("POST", f"{self.account_path}/listKeys")["keys"][0]["value"])

    @property
    def container(self) -> ContainerClient:
        """The container, through storage's own client."""
        return ContainerClient(
            f"https://{self.account}.{PUBLIC.blob_suffix}",
            CONTAINER,
            credential={"account_name": self.account, "account_key": self._account_key},
            proxies={"https": self.cloud.environment["HTTPS_PROXY"]},
            connection_verify=self.cloud.environment["SSL_CERT_FILE"],
            use_env_settings=False,
        )

    def sas(self, permissions: str) -> str:
        """A SAS of the container, as one hands it to a tool that copies blobs."""
        expiry = datetime.now(timezone.utc) + timedelta(days=1)
        return "?" + generate_container_sas(
            self.account, CONTAINER, self._account_key, permission=permissions, expiry=expiry
        )

    @property
    def registry_client(self) -> RegistryClient:
        """The registry, through an OCI client."""
        host = PUBLIC.login_server(self.registry)
        token = self.cloud.token(PUBLIC.registry_audience)
        return RegistryClient.log_in(
            self.cloud.http, host, tenant=PUBLIC.tenant_id, entra_token=token
        )


def template_files(template: str, folder: Path, **values: Any) -> Path:
    """Copy a template's two files to a local folder, and enter parameter values."""
    local = folder / Path(template).name
    shutil.copytree(ROOT / "templates" / template, local)
    file = local / "azuredeploy.parameters.json"
    content = json.loads(file.read_text())
    content["parameters"] |= {name: {"value": value} for name, value in values.items()}
    file.write_text(json.dumps(content))
    return local
