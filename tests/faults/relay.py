"""A proxy between az and an emulator that sees each exchange, and breaks some of them.

az talks to it as to the emulator's own proxy: it shows the emulator's certificate, so that it can
read the requests, and passes them on.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

#: What belongs to one connection, not to what is said over it.
_OWN_HEADERS = {"connection", "content-length", "transfer-encoding", "keep-alive"}
_RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time
#: Method and URL: what makes it the same request when it is sent again. A poll is, the next page
#: is not.
Key = tuple[str, str]
_PORTAL = b"<html><title>Sign in</title>Please sign in to use this network.</html>"


@dataclass(frozen=True)
class Request:
    """A request, as the relay was sent it."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def key(self) -> Key:
        """What names the request."""
        return self.method, self.url

    @property
    def host(self) -> str:
        """Whom it is for."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class Answer:
    """What comes back."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Wire(Enum):
    """What becomes of an answer on its way."""

    WHOLE = "arrives"
    LOST = "connection reset before it"
    TORN = "connection reset in the middle of it"
    SHORT = "connection closed in the middle of it"
    LATE = "does not arrive before the client's time is up"
    REFUSED = "no connection, not even for the request"


@dataclass(frozen=True)
class Damage:
    """What is done to an exchange.

    ``instead`` answers without a request to the service, unless it is to be ``reached``;
    ``change`` is applied to what the service answers.
    """

    instead: Answer | None = None
    reached: bool = False
    change: Callable[[Request, Answer], Answer] | None = None
    wire: Wire = Wire.WHOLE


class Relay:
    """The proxy, in separate threads."""

    def __init__(self, upstream: httpx.Client, tls: Path) -> None:
        self.upstream = upstream
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(tls / "server.pem", tls / "server.key")
        self.lock = threading.Lock()
        self.exchanges: list[tuple[Request, Answer]] = []
        self._damage: Callable[[Request], Damage | None] = lambda _: None
        self._sockets: set[socket.socket] = set()
        #: Set when what is late may as well be given up.
        self.over = threading.Event()
        self._server: _Server | None = None
        self.port = 0

    def __enter__(self) -> Relay:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.refuse()

    def _listen(self) -> None:
        if self._server is None:
            self._server = _Server(self, self.port)
            self.port = self._server.server_address[1]
            threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def refuse(self) -> None:
        """Be gone: nobody listens, and what was connected is not."""
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()
        with self.lock:
            for connected in self._sockets:
                with suppress(OSError):  # the client was quicker
                    socket.socket.shutdown(connected, socket.SHUT_RDWR)

    @contextmanager
    def injecting(self, damage: Callable[[Request], Damage | None]) -> Iterator[None]:
        """Do to each request what this says; from an empty log, until the end of the block."""
        self.exchanges = []
        self.over.clear()
        self._damage = damage
        try:
            yield
        finally:
            self._damage = lambda _: None
            self.over.set()
            self._listen()

    def damage(self, request: Request) -> Damage:
        """What to do to a request."""
        return self._damage(request) or Damage()

    def answer(self, request: Request, damage: Damage) -> Answer:
        """The answer to a request, from the service or instead of it; logged."""
        answer = damage.instead
        if answer is None or damage.reached:
            served = self._pass_on(request)
            answer = answer or (damage.change(request, served) if damage.change else served)
        with self.lock:
            self.exchanges.append((request, answer))
        return answer

    def _pass_on(self, request: Request) -> Answer:
        if not request.url.startswith("https"):  # nothing that is imitated is
            return Answer(200, {"Content-Type": "text/html"}, _PORTAL)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _OWN_HEADERS}
        served = self.upstream.request(
            request.method, request.url, headers=headers, content=request.body
        )
        kept = {k: v for k, v in served.headers.items() if k.lower() not in _OWN_HEADERS}
        return Answer(served.status_code, kept, served.content)

    def connected(self, connection: socket.socket) -> None:
        """Remember a connection, to be able to cut it."""
        with self.lock:
            self._sockets.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        """Forget it."""
        with self.lock:
            self._sockets.discard(connection)


def _hang_up(connection: socket.socket, *, reset: bool) -> None:
    """End a connection at once, though a file of it is open."""
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_WHEN_CLOSED)
    else:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    os.close(connection.detach())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, relay: Relay, port: int) -> None:
        self.relay = relay
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, *_: Any) -> None:
        """A connection that breaks is what all this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write an answer
    disable_nagle_algorithm = True
    server: _Server
    connection: socket.socket

    def setup(self) -> None:
        super().setup()
        self._host = ""
        self.server.relay.connected(self.connection)

    def finish(self) -> None:
        self.server.relay.disconnected(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Say nothing on stderr."""

    def do_CONNECT(self) -> None:
        self._host = self.path.removesuffix(":443")
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        relay = self.server.relay
        relay.disconnected(self.connection)
        self.connection = relay.tls.wrap_socket(self.connection, server_side=True)
        relay.connected(self.connection)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def _serve(self) -> None:
        relay = self.server.relay
        url = f"https://{self._host}{self.path}" if self._host else self.path
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, url, dict(self.headers), body)
        damage = relay.damage(request)
        if damage.wire is Wire.REFUSED:
            relay.refuse()
            self.close_connection = True
            return
        self._send(relay.answer(request, damage), damage.wire)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _send(self, answer: Answer, wire: Wire) -> None:
        if wire is Wire.LATE:
            self.server.relay.over.wait()
        if wire in (Wire.LATE, Wire.LOST):
            self._break(reset=True)
            return
        self.send_response_only(answer.status)
        bodiless = self.command == "HEAD" or answer.status in (204, 304)
        headers = (
            answer.headers
            if bodiless
            else answer.headers | {"Content-Length": str(len(answer.body))}
        )
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        broken = wire in (Wire.TORN, Wire.SHORT)
        if not bodiless:
            self.wfile.write(answer.body[: len(answer.body) // 2] if broken else answer.body)
        self.wfile.flush()
        if broken:
            self._break(reset=wire is Wire.TORN)

    def _break(self, *, reset: bool) -> None:
        self.close_connection = True
        with suppress(OSError):  # the client was quicker
            _hang_up(self.connection, reset=reset)
