"""Locks by key, shared or exclusive, for what several requests and transfers work on at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from weakref import WeakValueDictionary


class _Lock:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.sharers = 0
        self.unshared = asyncio.Event()
        self.unshared.set()


class ResourceLocks:
    """Every lock of one emulator; whoever comes first gets a lock first."""

    def __init__(self) -> None:
        #: A lock exists for as long as it is held or waited for.
        self._locks = WeakValueDictionary[Hashable, _Lock]()

    @asynccontextmanager
    async def shared(self, key: Hashable) -> AsyncIterator[None]:
        """Hold a lock together with others that share it."""
        lock = self._locks.setdefault(key, _Lock())
        async with lock.turn:
            lock.sharers += 1
            lock.unshared.clear()
        try:
            yield
        finally:
            lock.sharers -= 1
            if not lock.sharers:
                lock.unshared.set()

    @asynccontextmanager
    async def exclusive(self, key: Hashable) -> AsyncIterator[None]:
        """Hold a lock alone."""
        lock = self._locks.setdefault(key, _Lock())
        async with lock.turn:
            await lock.unshared.wait()
            yield

    def is_exclusive(self, key: Hashable) -> bool:
        """Whether a lock is held alone, or is about to be."""
        lock = self._locks.get(key)
        return lock is not None and lock.turn.locked()


class RepositoryLocks:
    """The locks of repositories in distribution, by their paths there.

    Distribution writes its files in place: whoever has it write to a repository holds its lock
    alone, and whoever has it read shares that lock.
    """

    def __init__(self, locks: ResourceLocks) -> None:
        self._locks = locks

    @asynccontextmanager
    async def shared(self, path: str) -> AsyncIterator[None]:
        """Hold while a repository is read."""
        async with self._locks.shared(_folder(path)), self._locks.shared(path):
            yield

    @asynccontextmanager
    async def exclusive(self, path: str) -> AsyncIterator[None]:
        """Hold while a repository is changed."""
        async with self._locks.shared(_folder(path)), self._locks.exclusive(path):
            yield

    @asynccontextmanager
    async def writing(self, digest: str, path: str) -> AsyncIterator[None]:
        """Hold while a manifest is put into a repository.

        All repositories share the file of a manifest, and take one that exists for complete.
        """
        async with self._locks.exclusive(digest), self.exclusive(path):
            yield

    def removing(self, folder: str) -> AbstractAsyncContextManager[None]:
        """Hold while a registry's folder is removed with all repositories in it."""
        return self._locks.exclusive(_folder(folder))


def _folder(path: str) -> str:
    return f"{path.partition('/')[0]}/"


async def holding_its_end(
    content: AsyncIterable[bytes], hold: Callable[[], Awaitable[object]]
) -> AsyncIterator[bytes]:
    """Yield a body, and await `hold` before its last piece: no server acts without that one.

    So a client that sends slowly holds no lock while it does.
    """
    last = b""
    async for piece in content:
        if last and piece:
            yield last
        last = piece or last
    await hold()
    if last:
        yield last
