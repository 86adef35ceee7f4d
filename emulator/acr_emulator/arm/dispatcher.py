"""The ASGI app of Azure Resource Manager: checks a call, finds its handler, adds what all share."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from acr_emulator.arm import caller_permissions, jsonc
from acr_emulator.arm.bodies import checked, unreadable
from acr_emulator.arm.request import ArmRequest, Handler, Route
from acr_emulator.arm.transfer_resources import check_version
from acr_emulator.cloud import metadata
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.tokens import Tokens, UnauthorizedError
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import ArmError, bad_request, group_not_found
from acr_emulator.state.store import Store

#: Codes as ARM has them for each reason that a token is refused for.
_REFUSALS = {
    "missing": "AuthenticationFailed",
    "expired": "ExpiredAuthenticationToken",
    "audience": "InvalidAuthenticationTokenAudience",
    "invalid": "InvalidAuthenticationToken",
}


class ArmApp:
    """Dispatches to routes, those of `arm/providers.py`; the first match wins."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        cloud: Cloud,
        store: Store,
        tokens: Tokens,
        directory: Directory,
    ) -> None:
        self._routes = routes
        self._cloud = cloud
        self._store = store
        self._tokens = tokens
        self._directory = directory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            response = await self._answer(Request(scope, receive))
        except ArmError as error:
            response = _refusal(error)
        except sqlite3.OperationalError as error:  # such as a full disk
            reason = f"The state cannot be written: {error}."
            response = _refusal(ArmError(500, "InternalServerError", reason))
        for name, value in _common_headers().items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.url.path == metadata.PATH:
            return JsonAnswer(metadata.metadata(self._cloud))
        return await self.send(await self._parse(request))

    async def send(self, request: ArmRequest) -> Response:
        """Carry out a call that was parsed."""
        check_version(self._cloud, request)
        handler, params = self._find(request)
        self._check_scope(params)
        caller_permissions.check(self._store, self._directory, request)
        return await handler(replace(request, params=params))

    async def _carry_out(self, request: ArmRequest) -> Response:
        handler, params = self._find(request)
        return await handler(replace(request, params=params))

    async def _parse(self, request: Request) -> ArmRequest:
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
            path="/" + request.url.path.strip("/"),
            params={},
            query=request.query_params,
            headers=request.headers,
            body=checked(_json(await request.body())),
            api_version=version,
            caller=claims,
            base_url=cloud.arm_url,
            send=self.send,
            carry_out=self._carry_out,
        )

    def _find(self, request: ArmRequest) -> tuple[Handler, Mapping[str, str]]:
        for route in self._routes:
            if route.method == request.method and (match := route.pattern.fullmatch(request.path)):
                return route.handler, match.groupdict()
        raise ArmError(
            501, "NotImplemented", f"The emulator does not imitate {request.method} {request.path}."
        )

    def _check_scope(self, params: Mapping[str, str]) -> None:
        """A call below a subscription or group needs it to exist."""
        subscription = params.get("subscription")
        if subscription and subscription.lower() != self._cloud.subscription_id:
            raise ArmError(
                404,
                "SubscriptionNotFound",
                f"The subscription '{subscription}' could not be found.",
            )
        if (group := params.get("group")) and self._store.get(
            f"/subscriptions/{subscription}/resourceGroups/{group}"
        ) is None:
            raise group_not_found(group)


def _refusal(error: ArmError) -> Response:
    return JsonAnswer(error.body(), error.status, error.headers)


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = jsonc.loads(body or b"{}")
    except ValueError as error:
        raise unreadable(str(error)) from error
    if not isinstance(content, dict):
        raise unreadable("an object was expected")
    return content


def _unauthorized(error: UnauthorizedError, authority: str) -> ArmError:
    message = (
        "Authentication failed. The 'Authorization' header is missing."
        if error.reason == "missing"
        else f"The access token is invalid: {error}."
    )
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token"'
    return ArmError(401, _REFUSALS[error.reason], message, headers={"www-authenticate": challenge})


def _common_headers() -> dict[str, str]:
    request_id = str(uuid.uuid4())
    return {
        "cache-control": "no-cache",
        "pragma": "no-cache",
        "expires": "-1",
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request_id,
        "x-ms-ratelimit-remaining-subscription-reads": "16499",
    }
