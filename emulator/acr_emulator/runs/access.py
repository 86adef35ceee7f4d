"""How a pipeline reaches its storage container: with its own identity, and its rights only."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.engine import Container, Sas, TransferError
from acr_emulator.engine.container import ACTIONS
from acr_emulator.engine.transfer_errors import RefusedError, StorageError
from acr_emulator.identity.authorization import BLOBS, allows_data
from acr_emulator.keyvault.vaults import (
    GET,
    SecretDisabledError,
    SecretMissingError,
    SecretUri,
    has_right,
    secret_value,
    vault_named,
)
from acr_emulator.runs.pipelines import Pipeline
from acr_emulator.state.clock import Clock
from acr_emulator.state.store import Resource, Store
from acr_emulator.storage.accounts import (
    CONTAINER_NAME,
    BlobStorage,
    UnknownAccountError,
    blob_types,
)
from acr_emulator.storage.accounts import TYPE as ACCOUNT

#: What a role's data actions let the transfer engine do.
_ALLOWS = {
    f"{BLOBS}/read": frozenset({"read", "list"}),
    f"{BLOBS}/write": frozenset({"write"}),
    f"{BLOBS}/delete": frozenset({"delete"}),
}


class VaultError(RefusedError):
    """The key vault refuses; the frame is made after that of a StorageError."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__("Failed to access key vault", status, reason)


class PipelineAccess:
    """Opens containers on behalf of pipelines."""

    def __init__(self, cloud: Cloud, clock: Clock, store: Store, storage: BlobStorage) -> None:
        self._blob_suffix = cloud.blob_suffix
        self._clock = clock
        self._store = store
        self._storage = storage

    async def open(self, pipeline: Pipeline) -> Container:
        """Reach the pipeline's container; raises TransferError."""
        container = urlsplit(pipeline.container_uri).path.strip("/")
        sas = self._sas(pipeline) if pipeline.access_mode == "SasToken" else None
        account = self._account(pipeline.container_uri)
        if not CONTAINER_NAME.fullmatch(container):
            raise StorageError(400, "The specified resource name contains invalid characters.")
        name, ca_file = account["name"], str(self._storage.ca_file)
        try:
            endpoint = await self._storage.reach(name)
        except UnknownAccountError as error:  # it was deleted meanwhile
            raise TransferError(_no_such_host("storage", pipeline.container_uri)) from error
        url = endpoint.url
        with_key = partial(
            Container.with_identity, url, name, container, endpoint.key, ca_file=ca_file
        )
        if sas is not None:
            if account["properties"].get("allowSharedKeyAccess") is False and not sas.is_delegated:
                raise StorageError(
                    403, "Key based authentication is not permitted on this storage account."
                )
            sas.check(self._clock.now())
            if sas.policy:
                async with with_key(actions=ACTIONS) as owner:
                    sas.check_policy(await owner.policies())
            return Container.with_sas(url, name, container, sas, ca_file=ca_file)
        actions = self._actions(pipeline, account, container)
        return with_key(actions=actions)

    def _sas(self, pipeline: Pipeline) -> Sas:
        """Read the secret as the pipeline's identity."""
        store = self._store
        try:
            uri = SecretUri.parse(pipeline.secret_uri)
            if vault_named(store, uri.vault) is None:
                raise TransferError(_no_such_host("key vault", pipeline.secret_uri))
            if not has_right(store, uri.vault, self._principal(pipeline), GET, uri.name):
                raise VaultError(403, "Forbidden")
            return Sas.parse(secret_value(store, pipeline.secret_uri))
        except SecretMissingError as exc:
            raise VaultError(404, "Secret not found") from exc
        except SecretDisabledError as exc:
            raise VaultError(403, "Operation get is not allowed on a disabled secret") from exc

    def _actions(self, pipeline: Pipeline, account: Resource, container: str) -> frozenset[str]:
        """What the identity's roles let it do with blobs of the container."""
        scope = f"{account['id']}/blobServices/default/containers/{container}"
        principal = self._principal(pipeline)
        allowed = (
            operations
            for action, operations in _ALLOWS.items()
            if allows_data(self._store, principal, action, scope)
        )
        return frozenset[str]().union(*allowed)

    def _principal(self, pipeline: Pipeline) -> str | None:
        """The principal of its first identity that exists, the system's before others."""
        identity = pipeline.identity
        if "principalId" in identity:
            return str(identity["principalId"])
        for resource_id in identity.get("userAssignedIdentities", {}):
            if assigned := self._store.get(resource_id):
                return str(assigned["properties"]["principalId"])
        return None

    def _account(self, container_uri: str) -> Resource:
        """The storage account of a container, if its network is open."""
        name, _, suffix = (urlsplit(container_uri).hostname or "").partition(".")
        account = self._store.named(ACCOUNT, name)
        if account is None or suffix != self._blob_suffix or not blob_types(account):
            raise TransferError(_no_such_host("storage", container_uri))
        properties = account["properties"]
        if (
            properties["networkAcls"]["defaultAction"] == "Deny"
            or properties.get("publicNetworkAccess", "Enabled") != "Enabled"
        ):
            raise StorageError(403, "This request is not authorized to perform this operation")
        return account


def _no_such_host(service: str, uri: str) -> str:
    return f"Failed to access {service}.  No such host is known. ({urlsplit(uri).hostname}:443)"
