"""An HTTP proxy that knows only CONNECT, and only the hosts of one cloud."""

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from acr_emulator.network.ports import listen

_CHUNK = 256 * 1024
_HTTPS = 443
_LONGEST_REASON = 200
_logger = logging.getLogger(__name__)

#: The loopback port that serves a host name. Raises RefusedError.
Backend = Callable[[str], Awaitable[int]]


class RefusedError(Exception):
    """A tunnel that isn't opened: the status, the reason phrase, and the details of the answer."""

    def __init__(self, status: HTTPStatus, reason: str, details: str = "") -> None:
        # What a client sent is part of the reason, and clients print it.
        reason = re.sub(r"[^ -~]", "?", reason)[:_LONGEST_REASON]
        super().__init__(f"{status.value} {reason}")
        self.details = details or reason


class Proxy:
    """Tunnels bytes to a backend on loopback; never forwards anything to the network."""

    def __init__(self, backend: Backend, listening: Callable[[], socket.socket] = listen) -> None:
        self._backend = backend
        self._listening = listening
        self._server: asyncio.Server | None = None
        self._tunnels: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen on a loopback port. Raises PortError."""
        listener = self._listening()
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=listener)

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
        except Exception:
            _logger.exception("A tunnel met a defect of the emulator")
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        try:
            port = await self._target(head.split(b"\r\n", 1)[0].decode("latin-1"))
        except RefusedError as refusal:
            _logger.info("CONNECT: %s", refusal)
            body = f"{refusal.details}\n".encode()
            writer.write(
                f"HTTP/1.1 {refusal}\r\nContent-Type: text/plain\r\n"
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
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "This proxy accepts only CONNECT")
        if port != str(_HTTPS):
            raise RefusedError(
                HTTPStatus.FORBIDDEN, f"{rest.partition(' ')[0]} isn't a host with port {_HTTPS}"
            )
        backend = await self._backend(host.lower())
        _logger.debug("CONNECT %s", host)
        return backend


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then pass the end on."""
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
