"""An HTTP proxy that supports only CONNECT, and only to the hosts of its backend."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

_CHUNK = 256 * 1024
_HTTPS = 443

#: The loopback port that serves a host name, or None if nobody does.
Backend = Callable[[str], Awaitable[int | None]]


class RefusedError(Exception):
    """A tunnel that is not opened: the status and the reason to answer."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Proxy:
    """Tunnels bytes to a backend on loopback; never forwards anything to the network."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._server: asyncio.Server | None = None
        self._tunnels: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen on an ephemeral loopback port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every tunnel."""
        if self._server:
            self._server.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = asyncio.create_task(self._tunnel(reader, writer))
        self._tunnels.add(tunnel)
        tunnel.add_done_callback(self._tunnels.discard)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # a peer that goes away in the middle is its own affair
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        try:
            port = await self._target(head.split(b"\r\n", 1)[0].decode("latin-1"))
        except RefusedError as refusal:
            body = f"{refusal}\n".encode()
            writer.write(
                f"HTTP/1.1 {refusal.status}\r\nContent-Type: text/plain\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
            return
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, upstream_writer), _pump(upstream_reader, writer))
        finally:
            upstream_writer.close()

    async def _target(self, request_line: str) -> int:
        method, _, rest = request_line.partition(" ")
        host, _, port = rest.partition(" ")[0].rpartition(":")
        if method != "CONNECT":
            raise RefusedError("405 Method Not Allowed", "This proxy knows only CONNECT.")
        backend = await self._backend(host.lower()) if port == str(_HTTPS) else None
        if backend is None:
            raise RefusedError("403 Forbidden", f"{host}:{port} is not part of this emulator.")
        return backend


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then pass the end on."""
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
