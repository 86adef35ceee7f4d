"""The table of imitated hosts, and the one TLS app behind them that picks by host name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acr_emulator.state.clock import Clock
from acr_emulator.state.settings import Behaviour, Seen


@dataclass(frozen=True)
class Host:
    """A host name, or `*.suffix` for any name one label longer, and the app that answers it."""

    pattern: str
    app: ASGIApp
    #: Whether the controls' latency and faults apply.
    troubled: bool = True

    def matches(self, name: str) -> bool:
        """Whether the app answers for this host name."""
        label, _, suffix = name.lower().partition(".")
        return name.lower() == self.pattern or bool(label) and f"*.{suffix}" == self.pattern


class HostRouter:
    """The ASGI app behind our TLS port: logs a request, troubles it if asked to, passes it on."""

    def __init__(self, table: tuple[Host, ...], behaviour: Behaviour, clock: Clock) -> None:
        self._table = table
        self._behaviour = behaviour
        self._clock = clock

    def find(self, name: str) -> Host | None:
        """The row of the table for a host name."""
        return next((host for host in self._table if host.matches(name)), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope)
        name = (request.headers.get("host") or "").partition(":")[0]
        self._behaviour.requests.append(Seen(scope["method"], name, scope["path"]))
        host = self.find(name)
        app: ASGIApp
        if host is None:
            app = PlainTextResponse(f"{name} is not imitated here.\n", 421)
        elif host.troubled:
            app = await self._trouble(scope) or host.app
        else:
            app = host.app
        await app(scope, receive, self._dated(send))

    def _dated(self, send: Send) -> Send:
        """Have answers tell the time of the emulator's clock."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock.now(), usegmt=True)
                MutableHeaders(scope=message).setdefault("date", date)
            await send(message)

        return send_dated

    async def _trouble(self, scope: Scope) -> Response | None:
        """Wait as long as asked; the fault to answer with, if one strikes."""
        await asyncio.sleep(self._behaviour.latency)
        for fault in self._behaviour.faults:
            if fault.strikes(scope["method"], scope["path"]):
                return Response(fault.body, fault.status, fault.headers)
        return None
