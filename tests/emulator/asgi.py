"""Requests as no client would send them: handed to the emulated hosts byte by byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.types import Message

from tests.emulator.running import Emulator


@dataclass
class Answer:
    """What a host answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    def json(self) -> Any:
        """The content; raises ValueError, also for NaN and for what is no UTF-8."""
        return json.loads(self.content.decode(), parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def send(
    emulator: Emulator,
    host: str,
    method: str,
    path: bytes,
    *,
    query: bytes = b"",
    headers: Mapping[str, bytes] | None = None,
    body: bytes = b"",
) -> Answer:
    """Send a request as the server in front hands it over, which decodes the path once."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [
            (b"host", host.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value) for name, value in (headers or {}).items()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 443),
    }
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in message["headers"]
            }
        else:
            answer.content += message.get("body", b"")

    async def call() -> None:
        await emulator.instance.hosts(scope, receive, take)

    emulator.run(call())
    return answer
