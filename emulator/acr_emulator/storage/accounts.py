"""Blob storage: the keys of every storage account, and a real blob server for each."""

import asyncio
import base64
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acr_emulator.identity.authorization import AUTHORIZATION
from acr_emulator.identity.rights import Rights
from acr_emulator.identity.tokens import Tokens
from acr_emulator.network.certificates import Certificates
from acr_emulator.network.proxy import Proxy
from acr_emulator.resource_locks import ResourceLocks
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.store import Resource, Store
from acr_emulator.storage.azurite import BLOB_TYPES, Azurite, ContainerRule, Rules
from acr_emulator.storage.blob_operations import NEEDS, grants

TYPE = "Microsoft.Storage/storageAccounts"
CONTAINER_NAME = re.compile(r"[a-z0-9](-?[a-z0-9]){2,62}|\$(web|root|logs)")
KEY_NAMES = ("key1", "key2")
_KEY_BYTES = 64


#: Types of blobs that an account can hold, by the kind of the account (docs).
_BLOB_TYPES: Mapping[str, Sequence[str]] = {
    "BlobStorage": ("BlockBlob", "AppendBlob"),
    "BlockBlobStorage": ("BlockBlob", "AppendBlob"),
    "FileStorage": (),
}
#: Premium performance of a general-purpose account is for page blobs (docs).
_PREMIUM = "premium"

ContainerRules = dict[str, Any]


class UnknownAccountError(Exception):
    """There is no such storage account."""


class NoBlobServiceError(Exception):
    """The kind of the account has no blobs."""


def blob_types(account: Resource) -> Sequence[str]:
    """The types of blobs that an account can hold; none if it has no blob service."""
    kind = account["kind"]
    if kind not in _BLOB_TYPES and account["sku"]["name"].lower().startswith(_PREMIUM):
        return ("PageBlob",)
    return _BLOB_TYPES.get(kind, BLOB_TYPES)


@dataclass(frozen=True)
class Endpoint:
    """Where an account is served, without the proxy, and its first key."""

    port: int
    key: str

    @property
    def url(self) -> str:
        """The base URL; the account's name follows."""
        return f"https://127.0.0.1:{self.port}"


class BlobStorage:
    """Starts a blob server when its account is first reached, and stops them all at the end."""

    def __init__(
        self,
        folder: Path,
        *,
        store: Store,
        certificates: Certificates,
        tokens: Tokens,
        clock: Clock,
        proxy: Proxy,
        locks: ResourceLocks,
        rights: Rights,
    ) -> None:
        self._folder = folder
        self._store = store
        self._keys = store.table("storage-keys")
        #: `account/container` -> its legal hold and its immutability policy.
        self._container_rules = store.table("container-rules")
        #: Account -> the properties of its blob service that ARM set.
        self._services = store.table("blob-service")
        self._certificates = certificates
        self._tokens = tokens
        self._clock = clock
        #: How accounts reach each other; it starts before any account is served.
        self._proxy = proxy
        self._servers: dict[str, Azurite] = {}
        self._locks = locks
        self._rights = rights
        store.watch(AUTHORIZATION, self._enforce_all)
        #: What a client of an endpoint has to trust.
        self.ca_file = certificates.ca_file

    async def start(self) -> None:
        """Nothing runs before it is needed."""

    async def stop(self) -> None:
        """Stop every blob server."""
        await asyncio.gather(*(server.stop() for server in self._servers.values()))

    def create(self, account: str) -> None:
        """Give a new account its keys."""
        now = timestamp(self._clock.now(), zone="Z")
        self._keys.put(account, [_new_key(name, now) for name in KEY_NAMES])

    def keys(self, account: str) -> list[dict[str, Any]]:
        """The keys as listKeys shows them; raises UnknownAccountError."""
        keys: list[dict[str, Any]] | None = self._keys.get(account)
        if keys is None:
            raise UnknownAccountError(account)
        return keys

    async def regenerate(self, account: str, key_name: str) -> None:
        """Replace one key: what was signed with the old one stops to work."""
        now = timestamp(self._clock.now(), zone="Z")
        async with self._locks.exclusive(_lock_of(account)):
            keys = [
                _new_key(key_name, now) if key["keyName"] == key_name else key
                for key in self.keys(account)
            ]
            self._keys.put(account, keys)
            if server := self._servers.pop(account, None):
                await server.stop()

    @asynccontextmanager
    async def closing(self, account: str) -> AsyncIterator[None]:
        """Remove all that is in an account; nobody reaches it before the end of the block."""
        async with self._locks.exclusive(_lock_of(account)):
            if server := self._servers.pop(account, None):
                await server.discard()
            folder = self._folder / account
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            folder.with_suffix(".log").unlink(missing_ok=True)
            yield

    def forget(self, account: str) -> None:
        """Remove an account's keys and settings."""
        self._keys.delete(account)
        self._services.delete(account)
        self._container_rules.delete_all(f"{account}/")

    def service(self, account: str) -> dict[str, Any]:
        """The properties of the account's blob service that were set."""
        return dict(self._services.get(account) or {})

    def set_service(self, account: str, properties: Mapping[str, Any]) -> None:
        """Keep properties of the account's blob service."""
        self._services.put(account, dict(properties))

    def container_rules(self, account: str, container: str) -> ContainerRules:
        """The `tags` of its legal hold and its immutability `policy`, if it has them."""
        return dict(self._container_rules.get(f"{account}/{container}") or {})

    def set_container_rules(self, account: str, container: str, rules: ContainerRules) -> None:
        """Have the account's server refuse what the rules forbid, at once."""
        self._container_rules.put(f"{account}/{container}", rules)
        self._enforce(account)

    def _enforce(self, account: str) -> None:
        if server := self._servers.get(account):
            server.enforce(self._rules(account))

    def _enforce_all(self) -> None:
        for account in self._servers:
            self._enforce(account)

    def _rules(self, account: str) -> Rules:
        resource = self._store.named(TYPE, account)
        containers = {
            key.partition("/")[2]: ContainerRule(
                legal_hold=bool(kept.get("tags")),
                days=(kept.get("policy") or {}).get("immutabilityPeriodSinceCreationInDays", 0),
            )
            for key, kept in self._container_rules.items(f"{account}/")
        }
        if resource is None:
            return Rules(containers=containers)
        allowed = grants(resource, self._rights.assignments())
        return Rules(blob_types(resource), containers, NEEDS, allowed)

    async def reach(self, account: str) -> Endpoint:
        """Have the account served; raises UnknownAccountError or NoBlobServiceError."""
        async with self._locks.exclusive(_lock_of(account)):
            # Inside: an account that is deleted, or has another key, is never served with this one.
            keys = [key["value"] for key in self.keys(account)]
            rules = self._rules(account)
            if not rules.blob_types:
                raise NoBlobServiceError(account)
            server = self._servers.get(account)
            if server is None or not server.running:
                folder = self._folder / account
                server = Azurite(account, folder, self._certificates, self._tokens)
                await server.start(keys, self._proxy.port, rules)
                self._servers[account] = server
        return Endpoint(server.port, keys[0])

    async def port(self, account: str) -> int:
        """Have the account served; the TLS port of its server. Raises as `reach`."""
        return (await self.reach(account)).port

    def accounts(self) -> dict[str, bool]:
        """Whether the server of each account runs."""
        return {
            account: account in self._servers and self._servers[account].running
            for account, _ in self._keys.items()
        }


def _lock_of(account: str) -> str:
    return f"storage account {account}"


def _new_key(name: str, now: str) -> dict[str, Any]:
    value = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return {"creationTime": now, "keyName": name, "value": value, "permissions": "FULL"}
