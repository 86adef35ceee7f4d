"""The containers of a storage account, as its blob server has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerProperties, LinearRetry

from acr_emulator.storage.accounts import BlobStorage

_CONTENTS = ("container", "blob")

Result = TypeVar("Result")


@dataclass(frozen=True)
class StoredContainer:
    """A container and its properties."""

    name: str
    etag: str
    last_modified: datetime
    lease_state: str
    lease_status: str
    #: `container`, `blob` or "".
    public_access: str
    metadata: Mapping[str, str]


class Containers:
    """Reads and changes containers with the key of their account."""

    def __init__(self, storage: BlobStorage) -> None:
        self._storage = storage

    async def find(self, account: str, name: str) -> StoredContainer | None:
        """The container, or None."""
        properties = await self._run(account, lambda client: _properties_of(client, name))
        return None if properties is None else _stored(properties)

    async def all(self, account: str) -> list[StoredContainer]:
        """Every container, by name."""
        listed = await self._run(
            account, lambda client: list(client.list_containers(include_metadata=True))
        )
        return [_stored(properties) for properties in listed]

    async def put(
        self, account: str, name: str, *, metadata: Mapping[str, str] | None, public: str | None
    ) -> bool:
        """Create a container, or change what is given of one; whether it was created."""
        return await self._run(
            account, lambda client: _put(client, name, metadata=metadata, public=public)
        )

    async def delete(self, account: str, name: str) -> bool:
        """Delete a container; False if there was none. Raises HttpResponseError if refused."""
        return await self._run(account, lambda client: _deleted(client, name))

    async def _run(self, account: str, work: Callable[[BlobServiceClient], Result]) -> Result:
        endpoint = await self._storage.reach(account)

        def carry_out() -> Result:
            with BlobServiceClient(
                f"{endpoint.url}/{account}",
                AzureNamedKeyCredential(account, endpoint.key),
                connection_verify=str(self._storage.ca_file),
                use_env_settings=False,  # the way to a local service leads through no proxy
                retry_policy=LinearRetry(backoff=1, retry_total=2, random_jitter_range=0),
            ) as client:
                return work(client)

        return await asyncio.to_thread(carry_out)


def _properties_of(client: BlobServiceClient, name: str) -> ContainerProperties | None:
    try:
        return client.get_container_client(name).get_container_properties()
    except ResourceNotFoundError:
        return None


def _put(
    client: BlobServiceClient, name: str, *, metadata: Mapping[str, str] | None, public: str | None
) -> bool:
    container = client.get_container_client(name)
    access = public if public in _CONTENTS else None
    try:
        container.create_container(metadata=dict(metadata or {}), public_access=access)
    except ResourceExistsError:
        if metadata is not None:
            container.set_container_metadata(dict(metadata))
        if public is not None:
            kept = container.get_container_access_policy()["signed_identifiers"]
            container.set_container_access_policy(
                {item.id: item.access_policy for item in kept}, public_access=access
            )
        return False
    return True


def _deleted(client: BlobServiceClient, name: str) -> bool:
    try:
        client.delete_container(name)
    except ResourceNotFoundError:
        return False
    return True


def _stored(properties: ContainerProperties) -> StoredContainer:
    return StoredContainer(
        name=properties.name,
        etag=properties.etag,
        last_modified=properties.last_modified,
        lease_state=properties.lease.state or "available",
        lease_status=properties.lease.status or "unlocked",
        public_access=str(properties.public_access or ""),
        metadata=properties.metadata or {},
    )
