"""The controls of the emulator, apart from the emulated hosts: clock, latency, faults, log."""

from __future__ import annotations

import base64
import json
import re
import secrets
import uuid
from dataclasses import asdict
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.registry.distribution import Distribution
from acr_emulator.runs.history import past_runs
from acr_emulator.runs.pipelines import KINDS, Pipeline
from acr_emulator.runs.trigger import SourceTrigger
from acr_emulator.state.clock import Clock
from acr_emulator.state.settings import Fault, Settings
from acr_emulator.state.store import Store
from acr_emulator.storage.accounts import BlobStorage

PATH = "/_emulator"
USER = "acr-emulator"
_OPEN = f"{PATH}/health"
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
#: Nothing else may be reached from here: the emulator's promise is that no URL leads out of it.
_LOOPBACK_URL = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?/?")
_LARGEST = 10**10  # seconds: any time plus that many has a year of four digits


class _ControlError(Exception):
    """A control was given something that it does not understand."""


class _Door:
    """Lets only those in who know the secret: the controls make logins and change the clock."""

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self._app = app
        login = base64.b64encode(f"{USER}:{secret}".encode()).decode()
        self._expected = f"Basic {login}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if b"origin" in headers:  # a browser that was given the secret once sends it for any page
            return await _refusal("No web page may use the controls", HTTPStatus.FORBIDDEN)(
                scope, receive, send
            )
        given = headers.get(b"authorization", b"")
        if scope["path"] != _OPEN and not secrets.compare_digest(given, self._expected):
            message = "Use the whole URL in ACR_EMULATOR_CONTROL: it has a secret in it"
            return await _refusal(message, HTTPStatus.UNAUTHORIZED)(scope, receive, send)
        return await self._app(scope, receive, send)


def _refusal(message: str, status: HTTPStatus) -> Response:
    return JSONResponse({"error": message}, status)


def controls_app(
    *,
    secret: str,
    cloud: Cloud,
    clock: Clock,
    settings: Settings,
    store: Store,
    directory: Directory,
    trigger: SourceTrigger,
    storage: BlobStorage,
    distribution: Distribution,
) -> Starlette:
    """The app of the control port."""
    controls = _Controls(
        cloud=cloud,
        clock=clock,
        settings=settings,
        store=store,
        directory=directory,
        trigger=trigger,
        storage=storage,
        distribution=distribution,
    )
    routes = [
        Route("/health", controls.health),
        Route("/state", controls.state),
        Route("/requests", controls.requests),
        Route("/clock", controls.clock, methods=["POST"]),
        Route("/latency", controls.latency, methods=["POST"]),
        Route("/faults", controls.faults, methods=["POST"]),
        Route("/runs", controls.runs, methods=["POST"]),
        Route("/past-runs", controls.past_runs, methods=["POST"]),
        Route("/pages", controls.pages, methods=["POST"]),
        Route("/trigger", controls.trigger, methods=["POST"]),
        Route("/upstreams", controls.upstreams, methods=["POST"]),
        Route("/provisioning", controls.provisioning, methods=["POST"]),
        Route("/principals", controls.principals, methods=["POST"]),
        Route("/reset", controls.reset, methods=["POST"]),
    ]
    return Starlette(
        routes=[Mount(PATH, routes=routes)],
        # A web page that has its own name resolve to loopback must not get at the controls.
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(_Door, secret=secret),
        ],
        exception_handlers={_ControlError: _refuse},
    )


async def _refuse(_: Request, error: Exception) -> Response:
    return _refusal(str(error), HTTPStatus.BAD_REQUEST)


class _Controls:
    def __init__(
        self,
        *,
        cloud: Cloud,
        clock: Clock,
        settings: Settings,
        store: Store,
        directory: Directory,
        trigger: SourceTrigger,
        storage: BlobStorage,
        distribution: Distribution,
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._settings = settings
        self._store = store
        self._directory = directory
        self._trigger = trigger
        self._storage = storage
        self._distribution = distribution

    async def health(self, _: Request) -> Response:
        """That the emulator is ready, and which of its services run."""
        accounts = self._storage.accounts()
        return JSONResponse(
            {
                "version": version("acr-emulator"),
                "cloud": self._cloud.name,
                "services": {
                    "distribution": _condition(running=self._distribution.running),
                    "azurite": {
                        account: _condition(running=running)
                        for account, running in accounts.items()
                    },
                },
            }
        )

    async def state(self, _: Request) -> Response:
        """The settings, the time, every resource's id, and why a blob triggers no run."""
        settings = self._settings
        return JSONResponse(
            {
                "now": self._clock.now().isoformat(),
                "latency": settings.latency,
                "faults": sum(fault.count for fault in settings.faults),
                "runs": {
                    "seconds": settings.run_seconds,
                    "answer": settings.run_answer,
                    "messages": settings.run_messages,
                },
                "provisioning": {
                    "seconds": settings.provisioning_seconds,
                    "retryAfter": settings.retry_after,
                },
                "trigger": {
                    "seconds": settings.trigger_seconds,
                    "reasons": self._trigger.reasons,
                },
                "pages": {"size": settings.page_size},
                "upstreams": settings.upstreams,
                "resources": self._store.ids(),
            }
        )

    async def requests(self, _: Request) -> Response:
        """The last ten thousand requests to emulated hosts, without those to blob storage."""
        return JSONResponse([asdict(recorded) for recorded in self._settings.requests])

    async def clock(self, request: Request) -> Response:
        """`{"advance": seconds}`: set the clock forward, or back if it is negative."""
        body = await _body(request, {"advance"})
        try:
            self._clock.advance(_number(body, "advance", 0, least=-_LARGEST))
        except ValueError as error:
            raise _ControlError(str(error)) from error
        return await self.state(request)

    async def latency(self, request: Request) -> Response:
        """`{"seconds": x}`: wait before each answer of ARM, a vault or a registry."""
        body = await _body(request, {"seconds"})
        self._settings.latency = _number(body, "seconds", 0)
        return await self.state(request)

    async def faults(self, request: Request) -> Response:
        """`{"count", "status", "method", "path", "headers", "body"}`: answer this instead."""
        body = await _body(request, {"count", "status", "method", "path", "headers", "body"})
        try:
            path = re.compile(body.get("path", ""))
        except (re.error, TypeError) as error:
            raise _ControlError(f"path is no regular expression: {error}") from error
        answer = body.get("body", "")
        headers = {str(key): str(value) for key, value in body.get("headers", {}).items()}
        if not isinstance(answer, str):
            answer = json.dumps(answer)
            headers = {"content-type": "application/json"} | headers
        self._settings.faults.append(
            Fault(
                count=int(_number(body, "count", 1)),
                status=int(_number(body, "status", HTTPStatus.SERVICE_UNAVAILABLE)),
                method=str(body.get("method", "")).upper(),
                path=path,
                headers=headers,
                body=answer,
            )
        )
        return await self.state(request)

    async def runs(self, request: Request) -> Response:
        """`{"seconds": 3, "answer": "sync", "messages": "long"}`: how runs answer and fail."""
        body = await _body(request, {"seconds", "answer", "messages"})
        messages = body.get("messages", self._settings.run_messages)
        if messages not in ("short", "long"):
            raise _ControlError(f"messages is 'short' or 'long', not {messages!r}")
        answer = body.get("answer", self._settings.run_answer)
        if answer not in ("async", "sync"):
            raise _ControlError(f"answer is 'async' or 'sync', not {answer!r}")
        self._settings.run_answer = answer
        self._settings.run_messages = messages
        self._settings.run_seconds = _number(body, "seconds", self._settings.run_seconds)
        return await self.state(request)

    async def past_runs(self, request: Request) -> Response:
        """`{"pipeline": id, "count": 10, "prefix", "error", "apart"}`: have finished runs of it."""
        body = await _body(request, {"pipeline", "count", "prefix", "error", "apart"})
        store = self._store
        resource = store.get(str(body.get("pipeline", "")))
        if resource is None or resource["type"] not in {kind.type for kind in KINDS}:
            raise _ControlError(f"pipeline is the id of one, not {body.get('pipeline')!r}")
        pipeline = Pipeline.of(resource)
        prefix = str(body.get("prefix", "past"))
        if not prefix.isalnum() or store.ids(f"{pipeline.registry_id}/pipelineRuns/{prefix}"):
            raise _ControlError(f"prefix is alphanumeric and begins no run's name, not {prefix!r}")
        runs = past_runs(
            pipeline,
            prefix,
            int(_number(body, "count", 1)),
            until=self._clock.now(),
            apart=timedelta(seconds=_number(body, "apart", 60)),
            error=str(body.get("error", "")),
        )
        store.put_all(runs)
        return await self.state(request)

    async def pages(self, request: Request) -> Response:
        """`{"size": 100}`: how many pipelines or runs a page of their list has."""
        body = await _body(request, {"size"})
        size = int(_number(body, "size", self._settings.page_size))
        if not size:
            raise _ControlError("size is 1 at least: a page of nothing would be followed by itself")
        self._settings.page_size = size
        return await self.state(request)

    async def trigger(self, request: Request) -> Response:
        """`{"seconds": 900}`: how often the source trigger looks for blobs."""
        body = await _body(request, {"seconds"})
        self._settings.trigger_seconds = _number(body, "seconds", self._settings.trigger_seconds)
        return await self.state(request)

    async def upstreams(self, request: Request) -> Response:
        """`{"host": "docker.io", "url": "http://127.0.0.1:5000"}`: a registry to import from."""
        body = await _body(request, {"host", "url"})
        host, url = str(body.get("host", "")).lower(), str(body.get("url", ""))
        if not _HOST.fullmatch(host) or host.endswith(f".{self._cloud.registry_suffix}"):
            raise _ControlError(f"host is a host name outside of this cloud, not {host!r}")
        if not _LOOPBACK_URL.fullmatch(url):
            raise _ControlError(f"url is http://127.0.0.1 or http://localhost, not {url!r}")
        self._settings.upstreams[host] = url.rstrip("/")
        return await self.state(request)

    async def provisioning(self, request: Request) -> Response:
        """`{"seconds": 3, "retryAfter": 1}`: what registries and vaults take, and send."""
        body = await _body(request, {"seconds", "retryAfter"})
        self._settings.provisioning_seconds = _number(
            body, "seconds", self._settings.provisioning_seconds
        )
        if "retryAfter" in body:
            retry_after = body["retryAfter"]
            self._settings.retry_after = (
                None if retry_after is None else int(_number(body, "retryAfter", 0))
            )
        return await self.state(request)

    async def principals(self, request: Request) -> Response:
        """`{"displayName": "guest"}`: a new service principal without a role; its login."""
        body = await _body(request, {"displayName"})
        principal, secret = self._directory.add_application(
            f"acr-emulator-{body.get('displayName') or 'guest'}-{uuid.uuid4().hex[:8]}"
        )
        return JSONResponse(
            {
                "displayName": principal.name,
                "appId": principal.application_id,
                "id": principal.object_id,
                "password": secret,
                "tenant": self._cloud.tenant_id,
            }
        )

    async def reset(self, request: Request) -> Response:
        """Reset every setting and the log of requests; resources and clock stay."""
        self._settings.reset()
        return await self.state(request)


def _condition(*, running: bool) -> str:
    return "running" if running else "stopped"


async def _body(request: Request, known: set[str]) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise _ControlError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict) or body.keys() - known:
        raise _ControlError(f"the body is an object with some of {sorted(known)}")
    return body


def _number(body: dict[str, Any], key: str, default: float, *, least: float = 0) -> float:
    value: float = body.get(key, default)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not least <= value <= _LARGEST:
        raise _ControlError(f"{key} is a number from {least} to {_LARGEST}, not {value!r}")
    return value
