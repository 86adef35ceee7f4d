"""Reading a blob anywhere: ranges ahead for streams, and a file for `tarfile`."""

import asyncio
import io
from collections import deque
from collections.abc import AsyncGenerator

from acr_emulator.engine.container import Container, Snapshot

_RANGE_BYTES = 8 * 1024 * 1024
_AHEAD = 4
_WINDOW_BYTES = 256 * 1024


class BlobReader:
    """Ranged reads of one blob; they fail if it is replaced meanwhile."""

    def __init__(self, container: Container, snapshot: Snapshot) -> None:
        self._container = container
        self.snapshot = snapshot

    async def stream(self, offset: int, size: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from offset, with the next ranges already on their way."""
        end = offset + size
        ahead: deque[asyncio.Task[bytes]] = deque()
        try:
            while offset < end or ahead:
                while offset < end and len(ahead) < _AHEAD:
                    length = min(_RANGE_BYTES, end - offset)
                    read = self._container.read(self.snapshot, offset, length)
                    ahead.append(asyncio.create_task(read))
                    offset += length
                yield await ahead.popleft()
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    def file(self) -> "HeaderFile":
        return HeaderFile(self._container, self.snapshot)


class HeaderFile(io.RawIOBase):
    """A blob as a seekable file, for a thread that looks at tar headers only."""

    def __init__(self, container: Container, snapshot: Snapshot) -> None:
        self._container = container
        self._snapshot = snapshot
        self._position = 0
        self._window = b""
        self._window_start = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._snapshot.size}
        self._position = max(0, start[whence] + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read up to size bytes, which are no more than a window."""
        size = min(size, max(0, self._snapshot.size - self._position))
        start = self._position - self._window_start
        if not 0 <= start <= len(self._window) - size:
            length = min(_WINDOW_BYTES, self._snapshot.size - self._position)
            self._window = self._container.read_now(self._snapshot, self._position, length)
            self._window_start, start = self._position, 0
        self._position += size
        return self._window[start : start + size]
