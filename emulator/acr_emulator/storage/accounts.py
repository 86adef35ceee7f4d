"""Blob storage: the keys of every storage account, and a real blob server for each."""

import asyncio
import base64
import re
import secrets
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

from acr_emulator.identity.tokens import Tokens
from acr_emulator.network.certificates import Certificates
from acr_emulator.network.proxy import Proxy
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.store import Store
from acr_emulator.storage.azurite import Azurite

TYPE = "Microsoft.Storage/storageAccounts"
CONTAINER_NAME = re.compile(r"[a-z0-9](-?[a-z0-9]){2,62}|\$(web|root|logs)")
KEY_NAMES = ("key1", "key2")
_KEY_BYTES = 64


class UnknownAccountError(Exception):
    """There is no such storage account."""


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
    ) -> None:
        self._folder = folder
        self._keys = store.table("storage-keys")
        self._certificates = certificates
        self._tokens = tokens
        self._clock = clock
        #: How accounts reach each other; it starts before any account is served.
        self._proxy = proxy
        self._servers: dict[str, Azurite] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        #: What a client of `ensure`'s endpoint has to trust.
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
        keys = self.keys(account)
        self._keys.put(
            account,
            [_new_key(key_name, now) if key["keyName"] == key_name else key for key in keys],
        )
        await self._halt(account)

    async def remove(self, account: str) -> None:
        """Delete an account with all that is in it."""
        await self._halt(account)
        self._keys.delete(account)
        shutil.rmtree(self._folder / account, ignore_errors=True)

    async def ensure(self, account: str) -> str:
        """Have the account served; its base URL without the proxy, `https://127.0.0.1:1/acct`."""
        return f"https://127.0.0.1:{await self.port(account)}/{account}"

    async def port(self, account: str) -> int:
        """Have the account served; the TLS port of its server. Raises UnknownAccountError."""
        keys = [key["value"] for key in self.keys(account)]
        async with self._locks[account]:
            server = self._servers.get(account)
            if server is None or not server.running:
                folder = self._folder / account
                server = Azurite(account, folder, self._certificates, self._tokens)
                await server.start(keys, self._proxy.port)
                self._servers[account] = server
        return server.port

    def accounts(self) -> dict[str, bool]:
        """Whether the server of each account runs."""
        return {
            account: account in self._servers and self._servers[account].running
            for account, _ in self._keys.items()
        }

    async def _halt(self, account: str) -> None:
        async with self._locks[account]:
            if server := self._servers.pop(account, None):
                await server.stop()


def _new_key(name: str, now: str) -> dict[str, Any]:
    value = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return {"creationTime": now, "keyName": name, "value": value, "permissions": "FULL"}
