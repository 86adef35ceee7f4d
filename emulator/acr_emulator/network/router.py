"""The table of emulated hosts, and the app that routes a request by its host name."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acr_emulator.state.clock import Clock
from acr_emulator.state.settings import RecordedRequest, Settings

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Host:
    """A host name, or `*.suffix` for any name one label longer, and the app that answers it."""

    pattern: str
    app: ASGIApp
    #: Whether the controls' latency and faults apply.
    disturbed: bool = True

    def matches(self, name: str) -> bool:
        """Whether the app answers for this host name."""
        label, _, suffix = name.lower().partition(".")
        return name.lower() == self.pattern or bool(label) and f"*.{suffix}" == self.pattern


class HostRouter:
    """The app behind the TLS port: records a request, injects a fault if one is set, routes it."""

    def __init__(self, table: tuple[Host, ...], settings: Settings, clock: Clock) -> None:
        self._table = table
        self._settings = settings
        self._clock = clock

    def find(self, name: str) -> Host | None:
        """The row of the table for a host name."""
        return next((host for host in self._table if host.matches(name)), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope)
        host_header = _HOST.fullmatch(request.headers.get("host") or "")
        name = host_header["name"] if host_header else ""
        self._settings.requests.append(RecordedRequest(scope["method"], name, scope["path"]))
        host = self.find(name)
        app: ASGIApp
        if host is None:
            app = PlainTextResponse(f"{name} is not imitated here.\n", 421)
        elif host.disturbed:
            app = await self._disturb(scope) or host.app
        else:
            app = host.app
        await app(scope, receive, self._dated(self._logged(request, send)))

    def _logged(self, request: Request, send: Send) -> Send:
        """Log an answer, without the query: it can have a signature."""
        host = request.headers.get("host") or ""

        async def send_logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                path = quote(f"{host}{request.scope['path']}")
                _logger.debug("%s %s: %d", request.method, path, message["status"])
            await send(message)

        return send_logged

    def _dated(self, send: Send) -> Send:
        """Date responses by the emulator's clock."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock.now(), usegmt=True)
                MutableHeaders(scope=message).setdefault("date", date)
            await send(message)

        return send_dated

    async def _disturb(self, scope: Scope) -> Response | None:
        """Wait for the latency that is set; return the response of a fault, if one applies."""
        await asyncio.sleep(self._settings.latency)
        for fault in self._settings.faults:
            if fault.applies_to(scope["method"], scope["path"]):
                return Response(fault.body, fault.status, fault.headers)
        return None
