"""An ASGI app on a loopback port, with or without TLS."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from acr_emulator.network.certificates import Certificates
from acr_emulator.network.ports import listen

_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 1


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the main program's affair."""
        yield


class WebServer:
    """Serves one app."""

    def __init__(
        self,
        app: ASGIApp,
        certificates: Certificates | None = None,
        listening: Callable[[], socket.socket] = listen,
    ) -> None:
        self._listening = listening
        self._server = _Server(
            uvicorn.Config(
                app,
                ssl_certfile=certificates.certificate_file if certificates else None,
                ssl_keyfile=certificates.key_file if certificates else None,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,  # request lines can carry signatures
                proxy_headers=False,
                server_header=False,
                date_header=False,  # emulated hosts send the time of the emulator's clock
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen on a loopback port. Raises PortError."""
        listener = self._listening()
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve([listener]))

    async def stop(self) -> None:
        """Finish what is being answered, for a second at most."""
        self._server.should_exit = True
        if self._task:
            await self._task
