"""The OCI API: passed on to distribution, where a registry's repositories lie under its name."""

import re
from collections.abc import Mapping

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from acr_emulator.bundled.child_process import StartError
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.gate import Gate, Visit
from acr_emulator.registry.front.oci_errors import RegistryError
from acr_emulator.registry.front.repository_name import REPOSITORY
from acr_emulator.registry.front.scopes import on_repository

#: One segment at the end: nothing may lead out of the registry's own paths.
_RESOURCE = re.compile(
    rf"(?P<repository>{REPOSITORY})/(?:manifests/|referrers/|blobs/|blobs/(?P<upload>uploads/))[^/]*"
)
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"}
_NOT_FORWARDED = _HOP_BY_HOP | {"authorization", "host", "expect"}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class PassThrough:
    """Streams both ways: neither a request's body nor an answer's is ever held in memory."""

    def __init__(self, gate: Gate, distribution: Distribution) -> None:
        self._gate = gate
        self._distribution = distribution

    def routes(self) -> list[Route]:
        """Where clients find it; the last of the OCI API's routes."""
        return [
            Route("/v2", self._version),
            Route("/v2/", self._version),
            Route("/v2/{path:path}", self._pass, methods=_METHODS),
        ]

    async def _version(self, request: Request) -> Response:
        self._gate.admit(request)
        return Response("{}", headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def _pass(self, request: Request) -> ASGIApp:
        path: str = request.path_params["path"]
        match = _RESOURCE.fullmatch(path)
        if not match:
            raise RegistryError(404, "NOT_FOUND", f"there is no '/v2/{path}'")
        action = _action(request.method, upload=bool(match["upload"]))
        visit = self._gate.admit(request, on_repository(match["repository"], action))
        prefix = f"/v2/{visit.registry.name}/"
        http = self._distribution.http
        onward = http.build_request(
            request.method,
            f"{await self._running()}{prefix}{path}",
            params=_with_mount(request.query_params, visit),
            headers=[pair for pair in request.headers.items() if pair[0] not in _NOT_FORWARDED],
            content=None if request.method in {"GET", "HEAD", "DELETE"} else request.stream(),
        )
        return _Relay(http, onward, prefix)

    async def _running(self) -> str:
        try:
            return await self._distribution.ensure()
        except StartError as exc:
            raise _down() from exc


def _down() -> RegistryError:
    return RegistryError(503, "UNAVAILABLE", "the registry's storage is down")


def _action(method: str, *, upload: bool) -> str:
    if upload:
        return "push"
    return {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(method, "push")


def _with_mount(query: Mapping[str, str], visit: Visit) -> dict[str, str]:
    """Point `from` at a repository of the same registry, the only one that it can mean.

    Without the right to pull there, it goes: the request then starts an ordinary upload.
    """
    source = query.get("from")
    if source is not None and visit.allows(on_repository(source, "pull")):
        return {**query, "from": f"{visit.registry.name}/{source}"}
    return {name: value for name, value in query.items() if name not in {"mount", "from"}}


class _Relay:
    """Distribution's answer, sent on while it comes in."""

    def __init__(self, http: httpx.AsyncClient, onward: httpx.Request, prefix: str) -> None:
        self._http = http
        self._onward = onward
        self._prefix = prefix

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._http.send(self._onward, stream=True)
        except ClientDisconnect:
            return
        except httpx.TransportError as exc:
            raise _down() from exc
        try:
            if answer.is_error and self._onward.method != "HEAD":
                refusal = await self._error(answer)
                await refusal(scope, receive, send)
            else:
                await self._stream(answer, send)
        finally:
            await answer.aclose()

    async def _stream(self, answer: httpx.Response, send: Send) -> None:
        headers = [
            (name.lower(), self._unscoped(value) if name.lower() == b"location" else value)
            for name, value in answer.headers.raw
            if name.lower().decode() not in _HOP_BY_HOP
        ]
        await send(
            {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        )
        async for chunk in answer.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})

    async def _error(self, answer: httpx.Response) -> Response:
        """Errors are small, and name the repository as distribution knows it."""
        content = (await answer.aread()).replace(self._prefix[4:].encode(), b"")
        return Response(content, answer.status_code, media_type=answer.headers["content-type"])

    def _unscoped(self, location: bytes) -> bytes:
        """Distribution is configured to answer paths, not URLs."""
        return location.replace(self._prefix.encode(), b"/v2/", 1)
