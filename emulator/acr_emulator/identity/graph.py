"""Microsoft Graph, as far as az looks up principals: itself, and whom it gives a role to."""

from __future__ import annotations

import re
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.tokens import Principal, Tokens, UnauthorizedError
from acr_emulator.network.web_app import web_app

_CODES = {404: "Request_ResourceNotFound", 405: "Request_BadRequest"}
_QUOTED = re.compile(r"'([^']*)'")


class _GraphAnswer(JSONResponse):
    media_type = (
        "application/json; odata.metadata=minimal; odata.streaming=true;"
        " IEEE754Compatible=false; charset=utf-8"
    )


class _GraphError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> Response:
        """The answer to send."""
        return _GraphAnswer({"error": {"code": self.code, "message": str(self)}}, self.status)


def graph_app(cloud: Cloud, tokens: Tokens, directory: Directory) -> Starlette:
    """The app of the Graph host."""
    graph = _Graph(cloud, tokens, directory)
    return web_app(
        [
            Route("/v1.0/me", graph.me),
            Route("/v1.0/users", graph.users),
            Route("/v1.0/servicePrincipals", graph.service_principals),
            Route("/v1.0/servicePrincipals/{id}", graph.service_principal),
            Route("/v1.0/directoryObjects/getByIds", graph.by_ids, methods=["POST"]),
        ],
        {_GraphError: _refuse},
        _envelope,
    )


def _envelope(status: int, message: str) -> Response:
    return _GraphError(status, _CODES.get(status, "InternalServerError"), message).response()


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, _GraphError)
    return error.response()


class _Graph:
    def __init__(self, cloud: Cloud, tokens: Tokens, directory: Directory) -> None:
        self._tokens = tokens
        self._directory = directory
        self._base = cloud.graph_url

    def _caller(self, request: Request) -> Principal:
        try:
            return self._tokens.verify_header(
                request.headers.get("authorization"), self._base
            ).principal
        except UnauthorizedError as error:
            raise _GraphError(401, "InvalidAuthenticationToken", str(error)) from error

    async def me(self, request: Request) -> Response:
        """The user who calls; an application is refused, and az then looks up its principal."""
        caller = self._caller(request)
        if caller.application_id:
            raise _GraphError(
                400,
                "BadRequest",
                "/me request is only valid with delegated authentication flow.",
            )
        return _GraphAnswer(
            {
                "@odata.context": f"{self._base}/v1.0/$metadata#users/$entity",
                "businessPhones": [],
                "displayName": caller.name,
                "givenName": caller.name,
                "jobTitle": None,
                "mail": caller.name,
                "mobilePhone": None,
                "officeLocation": None,
                "preferredLanguage": None,
                "surname": None,
                "userPrincipalName": caller.name,
                "id": caller.object_id,
            }
        )

    async def users(self, request: Request) -> Response:
        """No user is kept here."""
        self._caller(request)
        return self._values("users", [])

    async def service_principals(self, request: Request) -> Response:
        """All of them, or those that a filter's quoted value names by id or display name."""
        self._caller(request)
        wanted = _QUOTED.search(request.query_params.get("$filter", ""))
        principals = [
            _shown(principal)
            for principal in self._directory
            if wanted is None
            or wanted[1].lower() in (principal.application_id, principal.name.lower())
        ]
        return self._values("servicePrincipals", principals)

    async def service_principal(self, request: Request) -> Response:
        """One, by its object id."""
        self._caller(request)
        identifier = request.path_params["id"]
        principal = self._directory.find(identifier)
        if principal is None:
            raise _GraphError(
                404,
                "Request_ResourceNotFound",
                f"Resource '{identifier}' does not exist or one of its queried reference-property"
                " objects are not present.",
            )
        return _GraphAnswer(_shown(principal))

    async def by_ids(self, request: Request) -> Response:
        """Those of the requested object ids that exist."""
        self._caller(request)
        ids = {object_id.lower() for object_id in await _ids(request)}
        principals = [
            _shown(principal) for principal in self._directory if principal.object_id in ids
        ]
        return self._values("directoryObjects", principals)

    def _values(self, kind: str, values: list[dict[str, Any]]) -> Response:
        context = f"{self._base}/v1.0/$metadata#{kind}"
        return _GraphAnswer({"@odata.context": context, "value": values})


async def _ids(request: Request) -> list[str]:
    try:
        content = await request.json()
    except (ValueError, RecursionError) as error:
        raise _GraphError(400, "BadRequest", "Unable to read JSON request payload.") from error
    ids = content.get("ids") if isinstance(content, dict) else None
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise _GraphError(400, "BadRequest", "The property 'ids' must be an array of strings.")
    return ids


def _shown(principal: Principal) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": principal.object_id,
        "appId": principal.application_id,
        "displayName": principal.name,
        "servicePrincipalNames": [principal.application_id],
        "servicePrincipalType": "Application",
    }
