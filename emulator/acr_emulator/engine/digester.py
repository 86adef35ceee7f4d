"""Hashing outside of the event loop."""

import asyncio
import hashlib


class Digester:
    """A hash whose updates run in threads, in order, at most one behind its caller."""

    def __init__(self, algorithm: str) -> None:
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self._running: asyncio.Future[None] | None = None

    async def update(self, data: bytes) -> None:
        await self._settle()
        # hashlib gives up the interpreter lock while it works.
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(None, self._hash.update, data)

    async def digest(self) -> bytes:
        await self._settle()
        return self._hash.digest()

    async def _settle(self) -> None:
        if self._running is not None:
            await self._running
