"""What can go wrong with one exchange between az and the service."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from tests.faults.relay import Answer, Damage, Request, Wire

#: In every answer of the tests, as a proxy may quote what it was sent: never to be shown.
SIGNATURE = "c2lnbmF0dXJlLW9mLWEtU0FT"
_QUOTED = f"https://mystorage.blob.core.windows.net/x?sv=2025-01-05&sp=rl&sig={SIGNATURE}"
_HTML = f"<!doctype html><html><title>Proxy</title><h1>Trouble</h1><a href='{_QUOTED}'>x</a></html>"
PORTAL = "http://portal.example/sign-in"

Change = Callable[[Request, Answer], Answer]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    ``passes`` is set where the SDK tries again, which is all that it takes once it has passed.
    ``tells`` is set where the service itself says what is, if strangely: then nothing need fail.
    ``jump`` sets az's own clock off by that many seconds.
    """

    name: str
    damage: Damage
    passes: bool = False
    is_reported: bool = False
    jump: float = 0.0

    def __str__(self) -> str:
        return self.name

    def touches(self, request: Request, answer: Answer) -> bool:
        """Whether it makes a difference to this exchange."""
        change = self.damage.change
        return change is None or change(request, answer) != answer


def _refusal(status: int, code: str, *, reached: bool = False, **headers: str) -> Damage:
    error = {"code": code, "message": f"{code}, while asked for {_QUOTED}"}
    body = json.dumps({"error": error}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Answer(status, {"Content-Type": "application/json"} | named, body)
    return Damage(instead=answer, reached=reached)


def _page(status: int) -> Damage:
    return Damage(instead=Answer(status, {"Content-Type": "text/html"}, _HTML.encode()))


def _redirect(status: int) -> Damage:
    return Damage(instead=Answer(status, {"Location": PORTAL, "Content-Type": "text/html"}, b""))


def _not_json(_: Request, answer: Answer) -> Answer:
    return replace(answer, body=answer.body.rstrip()[:-1] + b"!") if answer.body else answer


def _json(change: Callable[[Request, Any], None]) -> Change:
    """A change of an answer's JSON; of a list's every entry too."""

    def changed(request: Request, answer: Answer) -> Answer:
        try:
            document = json.loads(answer.body)
        except ValueError:
            return answer
        if not isinstance(document, dict) or answer.status >= 400:
            return answer
        before = json.dumps(document)
        listed = document.get("value")
        for part in [document, *(listed if isinstance(listed, list) else [])]:
            if isinstance(part, dict):  # a list may be of names
                change(request, part)
        after = json.dumps(document)
        return answer if after == before else replace(answer, body=after.encode())

    return changed


def _without(*path: str) -> Change:
    def remove(_: Request, document: Any) -> None:
        *above, last = path
        for key in above:
            document = document.get(key) if isinstance(document, dict) else None
        if isinstance(document, dict):
            document.pop(last, None)

    return _json(remove)


def _state(word: str) -> Change:
    def set_state(_: Request, document: Any) -> None:
        properties = document.get("properties")
        if isinstance(properties, dict) and "provisioningState" in properties:
            properties["provisioningState"] = word
            if "response" in properties:
                properties["response"]["status"] = word

    return _json(set_state)


def _loop(request: Request, document: Any) -> None:
    if isinstance(document.get("value"), list):
        document["nextLink"] = request.url


def _date(days: int) -> Change:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(days=days), usegmt=True)
    return lambda _, answer: replace(answer, headers=answer.headers | {"date": date})


_DAY = 86_400.0
FAULTS = (
    Fault("429", _refusal(429, "TooManyRequests"), passes=True),
    Fault("429 with Retry-After", _refusal(429, "TooManyRequests", Retry_After="7"), passes=True),
    Fault("500", _refusal(500, "InternalServerError"), passes=True),
    Fault("500, but done", _refusal(500, "InternalServerError", reached=True), passes=True),
    Fault("502", _refusal(502, "BadGateway"), passes=True),
    Fault("503", _refusal(503, "ServiceUnavailable"), passes=True),
    Fault("504", _refusal(504, "GatewayTimeout"), passes=True),
    Fault("504, but done", _refusal(504, "GatewayTimeout", reached=True), passes=True),
    Fault("connection refused", Damage(wire=Wire.REFUSED)),
    Fault("reset before the answer", Damage(wire=Wire.LOST), passes=True),
    Fault("reset during the answer", Damage(wire=Wire.TORN)),
    Fault("truncated body", Damage(wire=Wire.SHORT)),
    Fault("too late", Damage(wire=Wire.LATE), passes=True),
    Fault("invalid JSON", Damage(change=_not_json)),
    Fault("HTML with 200", _page(200)),
    Fault("HTML with 502", _page(502), passes=True),
    Fault("redirect 302", _redirect(302)),
    Fault("redirect 307", _redirect(307)),
    Fault(
        "401",
        _refusal(
            401, "ExpiredAuthenticationToken", WWW_Authenticate='Bearer error="invalid_token"'
        ),
    ),
    Fault("403", _refusal(403, "AuthorizationFailed")),
    Fault("404", _refusal(404, "ResourceNotFound"), is_reported=True),
    Fault("409", _refusal(409, "Conflict")),
    Fault("looping page link", Damage(change=_json(_loop))),
    Fault("unknown provisioningState", Damage(change=_state("Pondering")), is_reported=True),
    Fault("no response", Damage(change=_without("properties", "response")), is_reported=True),
    Fault(
        "no progress",
        Damage(change=_without("properties", "response", "progress")),
        is_reported=True,
    ),
    Fault("no identity", Damage(change=_without("identity")), is_reported=True),
    Fault("no properties", Damage(change=_without("properties")), is_reported=True),
    Fault("no name", Damage(change=_without("name")), is_reported=True),
    Fault("no id", Damage(change=_without("id")), is_reported=True),
    Fault("service's clock a day ahead", Damage(change=_date(1)), is_reported=True),
    Fault("service's clock a day behind", Damage(change=_date(-1)), is_reported=True),
    Fault("own clock jumps ahead", Damage(), jump=_DAY),
    Fault("own clock jumps back", Damage(), jump=-_DAY),
)
