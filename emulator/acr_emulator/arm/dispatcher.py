"""The ASGI app of Azure Resource Manager: checks a call, finds its handler, adds what all share."""

from __future__ import annotations

import logging
import re
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from acr_emulator.arm import caller_rights, jsonc
from acr_emulator.arm.bodies import parsed as parsed_body
from acr_emulator.arm.bodies import unreadable
from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.arm.transfer_resources import check_version
from acr_emulator.cloud import metadata
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.rights import Rights
from acr_emulator.identity.tokens import Tokens, UnauthorizedError
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import ArmError, bad_request, failure, group_not_found
from acr_emulator.state.deletions import Deletions
from acr_emulator.state.json_values import is_storable
from acr_emulator.state.odata_filters import EVERYTHING, Filter, FilterError, parsed
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId
from acr_emulator.state.store import Store

_logger = logging.getLogger(__name__)

_METADATA = ResourceId.parse(metadata.PATH)
_API_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z]+)?", re.IGNORECASE)

_READS = ("reads", "249", "3749")
#: How many requests of a kind are left to a client; none is ever refused for their number.
_LIMITS = {"GET": _READS, "HEAD": _READS, "DELETE": ("deletes", "199", "2999")}
#: Codes as ARM has them for each reason that a token is refused for.
_REFUSALS = {
    "missing": "AuthenticationFailed",
    "expired": "ExpiredAuthenticationToken",
    "audience": "InvalidAuthenticationTokenAudience",
    "invalid": "InvalidAuthenticationToken",
}


_READING = ("GET", "HEAD")


class ArmApp:
    """Dispatches to routes, those of `arm/providers.py`; the first match wins."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        cloud: Cloud,
        store: Store,
        tokens: Tokens,
        rights: Rights,
        deletions: Deletions,
    ) -> None:
        self._routes = routes
        self._deletions = deletions
        self._cloud = cloud
        self._store = store
        self._tokens = tokens
        self._rights = rights

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            response = await self._answer(Request(scope, receive))
        except ArmError as error:
            response = _refusal(error)
        except sqlite3.OperationalError as error:  # such as a full disk
            reason = f"The state cannot be written: {error}."
            response = _refusal(ArmError(500, "InternalServerError", reason))
        except Exception as error:
            _logger.exception("%s %s met a defect", scope["method"], quote(scope["path"]))
            response = _refusal(ArmError(500, "InternalServerError", failure(error)))
        for name, value in _common_headers(scope["method"]).items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = _id(request)
        if path == _METADATA:
            return JsonAnswer(metadata.metadata(self._cloud))
        return await self.send(await self._parse(request, path))

    async def send(self, request: ArmRequest) -> Response:
        """Carry out a call if the caller has the right for it."""
        _check_version(request)
        check_version(self._cloud, request)
        route, request = self._find(request)
        self._check_subscription(request.id)
        caller_rights.check(self._rights, route, request)
        body = {} if route.body is None else parsed_body(route.body, request.body)
        request = replace(request, body=body)
        self._check_deletion(request)
        # A deletion waits for what is being changed in it, and a second one finds nothing.
        async with nullcontext() if request.method in _READING else self._held_off(request):
            self._check_group(request.id)
            answer = await self._handle(route, request)
        return caller_rights.shown(self._rights, route, request, answer)

    async def follow_up(self, request: ArmRequest) -> Response:
        """Carry out what follows from a call that was allowed."""
        return await self._handle(*self._find(request))

    async def _handle(self, route: Route, request: ArmRequest) -> Response:
        if request.method != "DELETE":
            return await route.handler(request)
        async with self._deletions.of(request.id):
            return await route.handler(request)

    def _held_off(self, request: ArmRequest) -> AbstractAsyncContextManager[None]:
        is_deletion = request.method == "DELETE"
        length = len(request.id.segments) - is_deletion  # it doesn't wait for itself
        return self._deletions.held_off(request.id.first(length))

    async def _parse(self, request: Request, path: ResourceId) -> ArmRequest:
        cloud = self._cloud
        try:
            claims = self._tokens.verify_header(
                request.headers.get("authorization"), cloud.arm_audiences
            )
        except UnauthorizedError as error:
            raise _unauthorized(error, f"{cloud.login_url}/{cloud.tenant_id}") from error
        version = request.query_params.get("api-version")
        if not version:
            raise bad_request(
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        return ArmRequest(
            method=request.method,
            id=path,
            params={},
            query=request.query_params,
            headers=request.headers,
            body=_json(await request.body()),
            api_version=version,
            caller=claims,
            base_url=cloud.arm_url,
            dispatcher=self,
        )

    def _find(self, request: ArmRequest) -> tuple[Route, ArmRequest]:
        """The first route that matches, and the request with what its placeholders match."""
        for route in self._routes:
            if route.method != request.method:
                continue
            if (params := route.match(request.id)) is not None:
                return route, replace(request, params=params, filter=_filter(route, request))
        raise ArmError(
            501, "NotImplemented", f"The emulator does not imitate {request.method} {request.id}."
        )

    def _check_subscription(self, path: ResourceId) -> None:
        subscription = path.subscription
        if subscription and subscription.lower() != self._cloud.subscription_id:
            raise ArmError(
                404,
                "SubscriptionNotFound",
                f"The subscription '{subscription}' could not be found.",
            )

    def _check_group(self, path: ResourceId) -> None:
        """A call on something in a group needs the group to exist."""
        group_id = path.first(4)
        if path.group and group_id != path and self._store.get(str(group_id)) is None:
            raise group_not_found(path.group)

    def _check_deletion(self, request: ArmRequest) -> None:
        """Refuse to change what is being deleted; only the group's code and text are known."""
        root = self._deletions.around(request.id)
        if root is None or request.method in (*_READING, "DELETE"):
            return
        if root == request.id.first(4):
            raise ArmError(
                409,
                "ResourceGroupBeingDeleted",
                f"The resource group '{root.name}' is in deprovisioning state and cannot perform"
                " this operation.",
            )
        raise ArmError(409, "Conflict", f"The resource '{root.name}' is being deleted.")


def _id(request: Request) -> ResourceId:
    """The request's path, from the bytes that were sent: decoded text has lost its meaning."""
    try:
        return ResourceId.of_path(request.scope["raw_path"])
    except InvalidIdError as error:
        raise bad_request("InvalidRequestUri", f"The request URI is not valid: {error}.") from error


def _filter(route: Route, request: ArmRequest) -> Filter:
    """What of a list is wanted; the code and the text are from memory."""
    text = request.query.get("$filter", "").strip()
    if not text:
        return EVERYTHING
    try:
        return parsed(text, route.filters)
    except FilterError as error:
        raise bad_request(
            "InvalidFilterInQueryString",
            f"Invalid $filter '{text}' specified in the query string: {error}.",
        ) from error


def _check_version(request: ArmRequest) -> None:
    if not _API_VERSION.fullmatch(request.api_version):
        raise bad_request(
            "InvalidApiVersionParameter", f"The api-version '{request.api_version}' is invalid."
        )


def _refusal(error: ArmError) -> Response:
    return JsonAnswer(error.body(), error.status, error.headers)


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = jsonc.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise unreadable(str(error)) from error
    if not isinstance(content, dict):
        raise unreadable("an object was expected")
    if not is_storable(content):
        raise unreadable("it has a number or a character that JSON doesn't have, or is nested")
    return content


def _unauthorized(error: UnauthorizedError, authority: str) -> ArmError:
    message = (
        "Authentication failed. The 'Authorization' header is missing."
        if error.reason == "missing"
        else f"The access token is invalid: {error}."
    )
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token"'
    return ArmError(401, _REFUSALS[error.reason], message, headers={"www-authenticate": challenge})


def _common_headers(method: str) -> dict[str, str]:
    """What every answer carries; the numbers are those of one that was recorded."""
    request_id = str(uuid.uuid4())
    kind, left, all_left = _LIMITS.get(method, ("writes", "199", "2999"))
    return {
        "cache-control": "no-cache",
        "pragma": "no-cache",
        "expires": "-1",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-content-type-options": "nosniff",
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request_id,
        f"x-ms-ratelimit-remaining-subscription-{kind}": left,
        f"x-ms-ratelimit-remaining-subscription-global-{kind}": all_left,
    }
