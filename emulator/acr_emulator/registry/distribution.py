"""CNCF distribution: one process that stores the repositories of every registry."""

import asyncio
import json
import secrets
import ssl
from collections.abc import Set
from functools import partial
from pathlib import Path

import httpx

from acr_emulator.bundled.child_process import Child, end_leftover, pid_file_of
from acr_emulator.bundled.tools import DISTRIBUTION, path_of
from acr_emulator.engine import Repositories
from acr_emulator.engine.repositories import Operation
from acr_emulator.registry.locks import READ, WRITE, Locks
from acr_emulator.registry.repair import repair
from acr_emulator.registry.stored_repositories import StoredRepositories, stored_folders
from acr_emulator.resource_locks import RepositoryLocks
from acr_emulator.state.whole_files import write_whole

#: It may hash a whole layer before it answers.
_TIMEOUT = httpx.Timeout(60, connect=10, read=600, pool=10)
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)
_DRAIN_SECONDS = 3


class Distribution:
    """The process; the repositories of a registry lie under the registry's folder in it."""

    def __init__(self, folder: Path, *, secret: str, locks: RepositoryLocks) -> None:
        self._folder = folder
        self.repository_locks = locks
        self._removed: Set[str] = set()
        #: It requires no login: whoever has to reach it knows where its paths begin.
        self._root = f"/{secret}" if secret else ""
        self._storage = folder / "storage"
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        # Three, each with its own connections: uploads that stall stop neither pulls nor runs.
        self.pulls, self.pushes, self.transfers = _client(), _client(), _client()

    @property
    def url(self) -> str:
        """Its base URL, which is secret: it needs no token."""
        return f"http://127.0.0.1:{self._child.port if self._child else 0}{self._root}"

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._child is not None and self._child.running

    def repositories(self, folder: str) -> StoredRepositories:
        """What one registry holds."""
        return StoredRepositories(self._storage, folder)

    def locks(self, folder: str) -> Locks:
        """Which parts can't be changed or read."""
        return Locks(self.repositories(folder))

    async def open(self, folder: str, name: str) -> Repositories:
        """A registry for the transfer engine, which keeps to locks. Raises StartError."""
        return Repositories(
            await self.ensure(),
            prefix=folder,
            name=name,
            http=self.transfers,
            locks=self.repository_locks,
            allowed=partial(_is_allowed, self.locks(folder)),
        )

    async def remove(self, folder: str) -> None:
        """Remove what a deleted registry holds, and what arrived in earlier ones since."""
        self._removed = {*self._removed, folder}
        async with self.repository_locks.removing(folder):
            await asyncio.to_thread(self._remove, self._removed)

    def is_removed(self, folder: str) -> bool:
        """Whether the registry of a folder was deleted."""
        return folder in self._removed

    def keep_only(self, folders: Set[str]) -> None:
        """Remove what registries hold that don't exist any more, before the process starts."""
        self._remove(stored_folders(self._storage) - folders)

    def _remove(self, folders: Set[str]) -> None:
        for folder in folders:
            self.repositories(folder).delete_all()

    async def ensure(self) -> str:
        """Have it running, also after it died; its base URL. Raises StartError."""
        async with self._starting:
            if not self.running:
                await self.start()
        return self.url

    async def start(self) -> None:
        """Run it; raises StartError."""
        self._storage.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "configuration.yml"
        write_whole(configuration, json.dumps(self._configuration()).encode())  # JSON is YAML
        argv = [path_of(DISTRIBUTION), "serve", str(configuration)]
        log = self._folder / "distribution.log"
        if await end_leftover(pid_file_of(log)):
            await asyncio.to_thread(repair, self._storage)
        self._child = await Child.start(argv, announces=r"listening on 127\.0\.0\.1:(\d+)", log=log)

    async def stop(self) -> None:
        """End it."""
        for http in (self.pulls, self.pushes, self.transfers):
            await http.aclose()
        if self._child:
            await self._child.stop()

    def _configuration(self) -> dict[str, object]:
        return {
            "version": "0.1",
            "log": {"level": "info", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self._storage)},
                "delete": {"enabled": True},
            },
            # Without it, it refuses foreign layers, which stay at their URLs (Windows images).
            "validation": {"manifests": {"urls": {"allow": [".*"]}}},
            "http": {
                "addr": "127.0.0.1:0",
                "prefix": f"{self._root}/",
                # It writes links and manifests in place: on SIGTERM it finishes them.
                "draintimeout": f"{_DRAIN_SECONDS}s",
                # The registry front alone knows the host name that clients use.
                "relativeurls": True,
                "secret": secrets.token_hex(32),
            },
        }


def _is_allowed(locks: Locks, operation: Operation, repository: str, reference: str) -> bool:
    attribute = READ if operation == "pull" else WRITE
    return locks.allow(attribute, repository, reference)


def _client() -> httpx.AsyncClient:
    """It speaks plain HTTP on loopback: to no proxy of our caller, and trusting no authority."""
    return httpx.AsyncClient(
        timeout=_TIMEOUT,
        limits=_LIMITS,
        trust_env=False,
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
