"""Writing one block blob from a stream."""

import asyncio
import uuid

from acr_emulator.engine.container import Container
from acr_emulator.engine.digester import Digester

_BLOCK_BYTES = 8 * 1024 * 1024
_MAX_BLOCKS = 50_000  # of one blob (Azure Storage)
_IN_FLIGHT = 4


class BlockUpload:
    """A blob on its way up; `async with` waits for what is in flight, also after a failure.

    Uncommitted blocks are invisible and cannot be deleted; storage drops them by itself.
    """

    def __init__(self, container: Container, blob: str, size: int) -> None:
        self._container = container
        self._blob = blob
        self._block_bytes = max(_BLOCK_BYTES, size // (_MAX_BLOCKS // 2))
        # Runs that write one name at the same time must not commit each other's blocks.
        self._run = uuid.uuid4().hex
        self._block_ids: list[str] = []
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._in_flight: set[asyncio.Task[None]] = set()
        self._sha256 = Digester("sha256")
        self._md5 = Digester("md5")

    async def __aenter__(self) -> "BlockUpload":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    async def write(self, data: bytes) -> None:
        """Take the next bytes; returns when few enough blocks are in flight."""
        if len(data) >= self._block_bytes // 2:
            await self._flush()  # a large piece becomes a separate block: no copy
        self._buffer.append(data)
        self._buffered += len(data)
        if self._buffered >= self._block_bytes:
            await self._flush()

    async def commit(self, *, overwrite: bool) -> str:
        """Make the blob appear and return its digest."""
        await self._flush()
        await self._wait_below(1)
        digest = f"sha256:{(await self._sha256.digest()).hex()}"
        await self._container.commit(
            self._blob,
            self._block_ids,
            md5=await self._md5.digest(),
            metadata={"category": "acr-transfer-blob", "catalogdigest": digest},
            overwrite=overwrite,
        )
        return digest

    async def _flush(self) -> None:
        if not self._buffered:
            return
        block = b"".join(self._buffer)
        self._buffer.clear()
        self._buffered = 0
        await self._sha256.update(block)
        await self._md5.update(block)
        await self._wait_below(_IN_FLIGHT)
        block_id = f"{self._run}{len(self._block_ids):06}"
        self._block_ids.append(block_id)
        stage = self._container.stage(self._blob, block_id, block)
        self._in_flight.add(asyncio.create_task(stage))

    async def _wait_below(self, limit: int) -> None:
        while len(self._in_flight) >= limit:
            done, self._in_flight = await asyncio.wait(
                self._in_flight, return_when=asyncio.FIRST_COMPLETED
            )
            await asyncio.gather(*done)  # several can have failed; the first is reported
