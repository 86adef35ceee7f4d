"""The OCI API: passed on to distribution, where a registry's repositories lie under its name."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

import anyio
import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from acr_emulator.bundled.child_process import StartError
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.gate import VALID_TOKEN, GuardedRoute, Visit
from acr_emulator.registry.front.oci_errors import RegistryError, disallowed, error_answer
from acr_emulator.registry.front.registry_path import RegistryPath
from acr_emulator.registry.locks import DELETE, READ, WRITE
from acr_emulator.registry.scopes import is_repository, on_its_repository, on_repository
from acr_emulator.resource_locks import holding_its_end

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"}
_NOT_FORWARDED = _HOP_BY_HOP | {"authorization", "host", "expect"}
_OF_BODY = {"content-length", "content-type"}
_KEPT_OF_ERRORS = ("content-range", "docker-distribution-api-version")
#: How long a client may neither send nor take a byte, while it holds a connection.
_STALLED_SECONDS = 120
_WITHOUT_BODY = {"GET", "HEAD", "DELETE"}
_DIGEST = re.compile(r"[a-z0-9+._-]+:[0-9a-fA-F]+")
#: Distribution takes parameters from a form, too: nobody has looked at those.
_BINARY = (b"content-type", b"application/octet-stream")

Headers = Mapping[str, str]
Lock = AbstractAsyncContextManager[None]
IsAllowed = Callable[[], bool]
#: What follows once distribution has done what it was to do; returns headers to add.
Consequence = Callable[[httpx.Response], Headers]


def _nothing(_: httpx.Response) -> Headers:
    return {}


@asynccontextmanager
async def _checked(lock: Lock, is_allowed: IsAllowed) -> AsyncIterator[None]:
    async with lock:
        if not is_allowed():
            raise disallowed()
        yield


class PassThrough:
    """Streams both ways: neither a request's body nor an answer's is ever held in memory."""

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution

    def routes(self) -> list[GuardedRoute]:
        """Where clients find it."""
        repository = "/v2/{repository:path}"
        uploads = f"{repository}/blobs/uploads/"
        manifest = f"{repository}/manifests/{{reference}}"
        pull, push = on_its_repository("pull"), on_its_repository("push")
        delete = on_its_repository("delete")
        return [
            GuardedRoute("/v2", self._version, VALID_TOKEN),
            GuardedRoute("/v2/", self._version, VALID_TOKEN),
            GuardedRoute(uploads, self._start_upload, push, ("POST",)),
            GuardedRoute(
                f"{uploads}{{upload}}", self._upload, push, ("GET", "PATCH", "PUT", "DELETE")
            ),
            GuardedRoute(manifest, self._pull, pull),
            GuardedRoute(manifest, self._push_manifest, push, ("PUT",)),
            GuardedRoute(manifest, self._delete_manifest, delete, ("DELETE",)),
            GuardedRoute(f"{repository}/blobs/{{digest}}", self._pull, pull),
            GuardedRoute(f"{repository}/blobs/{{digest}}", self._delete_blob, delete, ("DELETE",)),
        ]

    async def _version(self, _: Request, __: Visit) -> Response:
        return Response("{}", headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    async def _pull(self, request: Request, visit: Visit) -> ASGIApp:
        reference = request.path_params.get("reference", "")
        lock = self._shared(visit, lambda: self._allows(visit, READ, reference))
        return await self._forward(request, visit, lock)

    async def _delete_blob(self, request: Request, visit: Visit) -> ASGIApp:
        lock = self._exclusive(visit, lambda: self._allows(visit, DELETE))
        return await self._forward(request, visit, lock)

    async def _start_upload(self, request: Request, visit: Visit) -> ASGIApp:
        lock = self._exclusive(visit, lambda: self._allows(visit, WRITE))
        query = _with_mount(request.scope["query_string"], visit)
        return await self._forward(request, visit, lock, query=query)

    async def _upload(self, request: Request, visit: Visit) -> ASGIApp:
        """Only the PUT that ends an upload changes the repository."""
        lock = self._exclusive(visit) if request.method == "PUT" else nullcontext()
        return await self._forward(request, visit, lock)

    async def _push_manifest(self, request: Request, visit: Visit) -> ASGIApp:
        """A client that reads no `OCI-Subject` lists the referrer in an index with a tag."""
        reference, digest = request.path_params["reference"], hashlib.sha256()

        @asynccontextmanager
        async def lock() -> AsyncIterator[None]:
            locks, file = self._distribution.repository_locks, f"sha256:{digest.hexdigest()}"
            writing = locks.writing(file, visit.path)
            async with _checked(writing, lambda: self._allows(visit, WRITE, reference)):
                yield

        def name_subject(answer: httpx.Response) -> Headers:
            stored = self._distribution.repositories(visit.registry.folder)
            subject = stored.subject(visit.repository, answer.headers["docker-content-digest"])
            return {"oci-subject": subject} if subject else {}

        return await self._forward(
            request,
            visit,
            lock(),
            content_type=[pair for pair in request.headers.raw if pair[0] == _BINARY[0]],
            receive=digest.update,
            done=name_subject,
        )

    async def _delete_manifest(self, request: Request, visit: Visit) -> ASGIApp:
        """Referrers end with their subject, as documented of ACR."""
        repository, digest = visit.repository, request.path_params["reference"]
        locks = self._distribution.locks(visit.registry.folder)
        lock = self._exclusive(visit, lambda: locks.allow_deletion(repository, digest))

        def delete_referrers(_: httpx.Response) -> Headers:
            self._distribution.repositories(visit.registry.folder).delete_manifest(
                repository, digest
            )
            return {}

        return await self._forward(request, visit, lock, done=delete_referrers)

    def _allows(self, visit: Visit, operation: str, reference: str = "") -> bool:
        locks = self._distribution.locks(visit.registry.folder)
        return locks.allow(operation, visit.repository, reference)

    def _shared(self, visit: Visit, is_allowed: IsAllowed) -> Lock:
        return _checked(self._distribution.repository_locks.shared(visit.path), is_allowed)

    def _exclusive(self, visit: Visit, is_allowed: IsAllowed = lambda: True) -> Lock:
        return _checked(self._distribution.repository_locks.exclusive(visit.path), is_allowed)

    async def _forward(
        self,
        request: Request,
        visit: Visit,
        lock: Lock,
        *,
        query: bytes | None = None,
        content_type: Sequence[tuple[bytes, bytes]] = (_BINARY,),
        receive: Callable[[bytes], object] = lambda _: None,
        done: Consequence = _nothing,
    ) -> ASGIApp:
        """Send a request on; the lock is held from its end to what follows from it."""
        has_body = request.method not in _WITHOUT_BODY
        left_out = _NOT_FORWARDED | ({"content-type"} if has_body else _OF_BODY)
        headers = [pair for pair in request.headers.raw if pair[0].decode() not in left_out]
        path = RegistryPath(request.scope["path"]).in_distribution(visit.registry.folder)
        query = request.scope["query_string"] if query is None else query
        pulls = request.method in ("GET", "HEAD")
        http = self._distribution.pulls if pulls else self._distribution.pushes
        held = AsyncExitStack()
        hold = partial(held.enter_async_context, lock)
        content = holding_its_end(_sent(request.stream(), receive), hold)
        try:
            url = httpx.URL(await self._running())
            root = url.path.rstrip("/")
            onward = http.build_request(
                request.method,
                url.copy_with(raw_path=f"{root}{path}".encode() + (b"?" + query if query else b"")),
                headers=[*headers, *(content_type if has_body else [])],
                content=content if has_body else None,
            )
        except httpx.InvalidURL as exc:
            raise RegistryError(400, "NAME_INVALID", "the path is too long") from exc
        if not has_body:
            await hold()
        folder = visit.registry.folder
        is_removed = partial(self._distribution.is_removed, folder)
        return _Relay(
            http=http, onward=onward, folder=folder, held=held, done=done, is_removed=is_removed
        )

    async def _running(self) -> str:
        try:
            return await self._distribution.ensure()
        except StartError as exc:
            raise _down() from exc


async def _sent(
    content: AsyncIterator[bytes], receive: Callable[[bytes], object]
) -> AsyncIterator[bytes]:
    """What a client sends, as long as it does; `receive` sees it, too."""
    while True:
        try:
            with anyio.fail_after(_STALLED_SECONDS):
                chunk = await anext(content, None)
        except TimeoutError as exc:
            message = f"nothing was sent for {_STALLED_SECONDS} seconds"
            raise RegistryError(408, "UNKNOWN", message) from exc
        if chunk is None:
            return
        receive(chunk)
        yield chunk


def _down() -> RegistryError:
    return RegistryError(503, "UNAVAILABLE", "the registry's storage is down")


def _with_mount(query: bytes, visit: Visit) -> bytes:
    """Point `from` at a repository of the same registry, the only one that it can mean.

    Without the right to pull there, it goes: the request then starts an ordinary upload.
    """
    # Older versions of distribution take a semicolon for a separator.
    pairs = parse_qsl(query.decode("latin-1").replace(";", "&"), keep_blank_values=True)
    values = {
        wanted: [value for name, value in pairs if name == wanted] for wanted in ("mount", "from")
    }
    if not any(values.values()):
        return query
    [digest], [source] = (given if len(given) == 1 else [""] for given in values.values())
    if (
        not _DIGEST.fullmatch(digest)
        or not is_repository(source)
        or not visit.allows(on_repository(source, "pull"))
    ):
        return b""
    return f"mount={digest}&from={visit.registry.folder}/{source}".encode()


@dataclass(frozen=True, kw_only=True)
class _Relay:
    """Distribution's answer, sent on while it comes in."""

    http: httpx.AsyncClient
    onward: httpx.Request
    folder: str
    #: Has the locks that are let go of once distribution has answered.
    held: AsyncExitStack
    done: Consequence
    #: Whether the registry was deleted meanwhile.
    is_removed: Callable[[], bool]

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        try:
            async with self.held:
                answer = await self.http.send(self.onward, stream=True)
                more = {} if answer.is_error else self.done(answer)
        except ClientDisconnect:
            return
        except httpx.PoolTimeout as exc:
            raise RegistryError(429, "TOOMANYREQUESTS", "too many requests at a time") from exc
        except httpx.TransportError as exc:
            raise _down() from exc
        try:
            if self.is_removed():  # whatever distribution made of it
                raise RegistryError(404, "NOT_FOUND", "the registry was deleted")
            if answer.is_error and self.onward.method != "HEAD":
                refusal = await self._error(answer)
                await refusal(scope, receive, send)
            else:
                await self._stream(answer, send, more)
        finally:
            await answer.aclose()

    async def _stream(self, answer: httpx.Response, send: Send, more: Headers) -> None:
        headers = [
            (name.lower(), self._unscoped(value) if name.lower() == b"location" else value)
            for name, value in answer.headers.raw
            if name.lower().decode() not in _HOP_BY_HOP
        ]
        headers += [(name.encode(), value.encode()) for name, value in more.items()]
        await send(
            {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        )
        async for chunk in answer.aiter_raw():
            with anyio.move_on_after(_STALLED_SECONDS) as taking:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if taking.cancelled_caught:
                return  # without the end of the answer: the server closes the connection
        await send({"type": "http.response.body"})

    async def _error(self, answer: httpx.Response) -> Response:
        """Errors are small, and name the repository as distribution knows it.

        What its HTTP server refuses, such as a range beyond the end, is no JSON.
        """
        try:
            content = (await answer.aread()).replace(f"{self.folder}/".encode(), b"")
        except httpx.TransportError:  # it announces the whole blob, also for a range beyond its end
            content = b""
        kept = {name: answer.headers[name] for name in _KEPT_OF_ERRORS if name in answer.headers}
        if self._is_invalid_manifest(answer, content):
            invalid = RegistryError(400, "MANIFEST_INVALID", "manifest invalid", headers=kept)
            return error_answer(invalid)
        if _is_envelope(content):
            return Response(content, answer.status_code, kept, answer.headers.get("content-type"))
        text = content.decode(errors="replace").strip() or answer.reason_phrase
        return error_answer(RegistryError(answer.status_code, "UNKNOWN", text, headers=kept))

    def _is_invalid_manifest(self, answer: httpx.Response, content: bytes) -> bool:
        """Whether distribution met a defect of a manifest that it has no code for.

        It answers 500 then, and its error has no property: what a disk can't do has some.
        """
        is_manifest = self.onward.method == "PUT" and "/manifests/" in self.onward.url.path
        is_defect = answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
        return is_manifest and is_defect and b'"detail":{}' in content

    def _unscoped(self, location: bytes) -> bytes:
        """Distribution answers paths, not URLs; some versions leave its root out."""
        return b"/v2/" + location.partition(f"/v2/{self.folder}/".encode())[2]


def _is_envelope(content: bytes) -> bool:
    try:
        body = json.loads(content)
    except ValueError:
        return False
    return isinstance(body, dict) and isinstance(body.get("errors"), list)
