"""What the flow needs in the cloud: created at its start, deleted at its end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
from azure.storage.blob import ContainerClient, generate_container_sas

from tests.live.account import Account, Json
from tests.live.session import Answer, Session
from tests.support.oci import RegistryClient

#: What is created, for the note before it is.
COSTS = (
    "a resource group",
    "two Premium container registries, which are billed by the day",
    "a storage account with three containers",
    "a key vault with two secrets",
    "two role assignments",
    "about 25 runs of at most a few megabytes",
)
_GROUPS, _REGISTRIES, _STORAGE = "2024-11-01", "2023-07-01", "2023-05-01"
_VAULTS, _ROLES, _SECRETS = "2023-07-01", "2022-04-01", "7.4"
_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
_DELETION_SECONDS = 1800
CONTAINERS = ("exports", "imports", "commands")


@dataclass
class Setting:
    """The resources of one flow, all in one resource group."""

    session: Session
    prefix: str
    location: str

    @property
    def account(self) -> Account:
        """Who is logged in, and where."""
        return self.session.account

    @property
    def group(self) -> str:
        """ID of the resource group."""
        return f"/subscriptions/{self.account.subscription}/resourceGroups/{self.prefix}-live"

    @property
    def group_name(self) -> str:
        """Name of the resource group."""
        return f"{self.prefix}-live"

    def registry(self, side: str, path: str = "") -> str:
        """ID of the registry of a side, source or target, or of something in it."""
        name = f"{self.prefix}{side}"
        return f"{self.group}/providers/Microsoft.ContainerRegistry/registries/{name}{path}"

    @property
    def storage(self) -> str:
        """ID of the storage account."""
        return f"{self.group}/providers/Microsoft.Storage/storageAccounts/{self.prefix}sa"

    @property
    def vault(self) -> str:
        """ID of the key vault."""
        return f"{self.group}/providers/Microsoft.KeyVault/vaults/{self.prefix}kv"

    def container_uri(self, name: str) -> str:
        """URI of a container."""
        return f"https://{self.account.blob_host(f'{self.prefix}sa')}/{name}"

    def secret_uri(self, name: str) -> str:
        """URI of a secret."""
        return f"https://{self.account.host('keyvaultDns', f'{self.prefix}kv')}/secrets/{name}"

    @property
    def is_unused(self) -> bool:
        """Whether the resource group doesn't exist: the end deletes whatever is in it."""
        return self.session.arm("GET", self.group, version=_GROUPS).status == httpx.codes.NOT_FOUND

    def prepare(self) -> None:
        """Create everything but pipelines."""
        create, located = self.session.ok, {"location": self.location}
        create("PUT", self.group, located, version=_GROUPS)
        for side in ("source", "target"):
            body = {**located, "sku": {"name": "Premium"}}
            create("PUT", self.registry(side), body, version=_REGISTRIES)
        body = {**located, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        create("PUT", self.storage, body, version=_STORAGE)
        policy = {
            "tenantId": self.account.tenant,
            "objectId": self.account.object_id,
            "permissions": {"secrets": ["get", "set"]},
        }
        properties = {
            "tenantId": self.account.tenant,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [policy],
            "enableRbacAuthorization": False,
        }
        create("PUT", self.vault, {**located, "properties": properties}, version=_VAULTS)
        for resource, version in (
            (self.registry("source"), _REGISTRIES),
            (self.registry("target"), _REGISTRIES),
            (self.storage, _STORAGE),
            (self.vault, _VAULTS),
        ):
            self._until_created(resource, version)
        keys = create("POST", f"{self.storage}/listKeys", version=_STORAGE).body["keys"]
        self.account_key = str(keys[0]["value"])
        for name in CONTAINERS:
            self.container(name).create_container()

    def _until_created(self, resource: str, version: str) -> None:
        def look() -> Answer | None:
            answer = self.session.arm("GET", resource, version=version)
            return answer if answer.properties.get("provisioningState") == "Succeeded" else None

        self.session.until(look, f"creation of {resource}")

    def container(self, name: str) -> ContainerClient:
        """A container, by the key of its account."""
        account = {"account_name": f"{self.prefix}sa", "account_key": self.account_key}
        return ContainerClient.from_container_url(self.container_uri(name), credential=account)

    def sas(self, container: str, permissions: str) -> str:
        """A SAS token of a container, for a day."""
        return generate_container_sas(
            f"{self.prefix}sa",
            container,
            self.account_key,
            permission=permissions,
            expiry=datetime.now(timezone.utc) + timedelta(days=1),
            protocol="https",
        )

    def write_secret(self, name: str, value: str) -> None:
        """Write a secret."""
        audience = f"https://{str(self.account.cloud['suffixes']['keyvaultDns']).lstrip('.')}"
        self.session.http.put(
            f"{self.secret_uri(name)}?api-version={_SECRETS}",
            headers={"Authorization": f"Bearer {self.account.token(audience)}"},
            json={"value": value},
        ).raise_for_status()

    def grant_storage(self, pipeline: Json) -> None:
        """Assign the identity of a pipeline the role for blobs."""
        roles = f"{self.storage}/providers/Microsoft.Authorization/roleAssignments"
        role = f"/subscriptions/{self.account.subscription}/providers/Microsoft.Authorization"
        properties = {
            "roleDefinitionId": f"{role}/roleDefinitions/{_CONTRIBUTOR}",
            "principalId": pipeline["identity"]["principalId"],
            "principalType": "ServicePrincipal",
        }

        def assign() -> Answer | None:
            path = f"{roles}/{uuid.uuid4()}"
            answer = self.session.arm("PUT", path, {"properties": properties}, version=_ROLES)
            # A new identity is known to Microsoft Entra ID after some seconds.
            return None if "PrincipalNotFound" in answer.error else answer

        assigned = self.session.until(assign, "role assignment", patience=300)
        if not assigned.is_success:
            raise RuntimeError(f"The role can't be assigned: {assigned.error}")

    def grant_secret(self, pipeline: Json) -> None:
        """Let the identity of a pipeline read the secrets of the vault."""
        policy = {
            "tenantId": self.account.tenant,
            "objectId": pipeline["identity"]["principalId"],
            "permissions": {"secrets": ["get"]},
        }
        body = {"properties": {"accessPolicies": [policy]}}
        self.session.ok("PUT", f"{self.vault}/accessPolicies/add", body, version=_VAULTS)

    def registry_client(self, side: str) -> RegistryClient:
        """The content of a registry."""
        return RegistryClient.log_in(
            self.session.http,
            self.account.host("acrLoginServerEndpoint", f"{self.prefix}{side}"),
            tenant=self.account.tenant,
            entra_token=self.account.token("https://containerregistry.azure.net"),
        )

    @property
    def secrets(self) -> Sequence[str]:
        """What must not be in any file."""
        return [getattr(self, "account_key", ""), *self.account.tokens]

    def delete(self) -> list[str]:
        """Delete everything; return what stays, as sentences."""
        left = []
        deleted = self.session.arm("DELETE", self.group, version=_GROUPS)
        if not (deleted.is_success or deleted.status == httpx.codes.NOT_FOUND):
            return [f"Resource group '{self.group_name}' stays: {deleted.error}"]

        def look() -> Answer | None:
            answer = self.session.arm("GET", self.group, version=_GROUPS)
            return answer if answer.status == httpx.codes.NOT_FOUND else None

        try:
            self.session.until(look, "deletion of the resource group", _DELETION_SECONDS)
        except TimeoutError as error:
            left.append(str(error))
        purge = (
            f"/subscriptions/{self.account.subscription}/providers/Microsoft.KeyVault/locations/"
            f"{self.location}/deletedVaults/{self.prefix}kv/purge"
        )
        purged = self.session.arm("POST", purge, version=_VAULTS)
        if not purged.is_success:
            left.append(
                f"The deleted key vault '{self.prefix}kv' could not be purged ({purged.status}). "
                "It goes away after its retention period, and costs nothing."
            )
        return left


def pushed(client: RegistryClient, repository: str, subject: str, artifact_type: str) -> str:
    """Push an artifact that refers to another one; its digest."""
    config = {"mediaType": artifact_type, **client.push_blob(repository, b"{}")}
    content = client.manifest(repository, subject)
    if content is None:
        raise RuntimeError(f"{repository}@{subject} doesn't exist.")
    media_type = str(json.loads(content)["mediaType"])
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": artifact_type,
        "config": config,
        "layers": [{"mediaType": artifact_type, **client.push_blob(repository, b"signature")}],
        "subject": {"mediaType": media_type, "digest": subject, "size": len(content)},
    }
    return client.push_manifest(repository, manifest)
