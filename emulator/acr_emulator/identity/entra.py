"""The login host: discovery documents, and tokens for service principals that know their secret."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.tokens import LIFETIME, Tokens
from acr_emulator.network.web_app import web_app

_ANY_TENANT = ("common", "organizations")
_DEFAULT_SCOPE = "/.default"
_OPENID_SCOPES = {"openid", "offline_access", "profile", "email"}


class _LoginError(Exception):
    """A refusal as Entra words it: status, OAuth error, AADSTS number and text."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number

    def response(self, login_url: str) -> Response:
        """The answer to send."""
        now = datetime.now(timezone.utc)
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        description = (
            f"AADSTS{self.number}: {self} Trace ID: {trace} Correlation ID: {correlation}"
            f" Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"
        )
        body = {
            "error": self.error,
            "error_description": description,
            "error_codes": [self.number],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{login_url}/error?code={self.number}",
        }
        return JSONResponse(body, self.status, {"cache-control": "no-store"})


def entra_app(cloud: Cloud, tokens: Tokens, directory: Directory) -> Starlette:
    """The app of the login host."""
    entra = _Entra(cloud, tokens, directory)
    return web_app(
        [
            Route("/common/discovery/instance", entra.instances),
            Route("/{tenant}/.well-known/openid-configuration", entra.configuration),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", entra.configuration),
            Route("/{tenant}/discovery/keys", entra.keys),
            Route("/{tenant}/discovery/v2.0/keys", entra.keys),
            Route("/{tenant}/oauth2/token", entra.token_v1, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", entra.token_v2, methods=["POST"]),
        ],
        {_LoginError: entra.refuse},
        lambda status, message: _refusal(status, message).response(cloud.login_url),
    )


def _refusal(status: int, message: str) -> _LoginError:
    """What Entra has no separate number for."""
    is_defect = status == HTTPStatus.INTERNAL_SERVER_ERROR
    return _LoginError(status, "server_error" if is_defect else "invalid_request", 90000, message)


class _Entra:
    def __init__(self, cloud: Cloud, tokens: Tokens, directory: Directory) -> None:
        self._cloud = cloud
        self._tokens = tokens
        self._directory = directory

    async def refuse(self, _: Request, error: Exception) -> Response:
        """Answer a refusal."""
        assert isinstance(error, _LoginError)
        return error.response(self._cloud.login_url)

    def _check_tenant(self, request: Request) -> None:
        tenant = request.path_params["tenant"]
        if tenant.lower() not in (self._cloud.tenant_id, *_ANY_TENANT):
            raise _LoginError(
                400,
                "invalid_tenant",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID"
                " and are signing into the correct cloud.",
            )

    async def instances(self, _: Request) -> Response:
        """The hosts of this cloud; MSAL requests them before it uses its cache."""
        login = self._cloud.login
        return JSONResponse(
            {
                "tenant_discovery_endpoint": f"https://{login}/{self._cloud.tenant_id}"
                "/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [
                    {"preferred_network": login, "preferred_cache": login, "aliases": [login]}
                ],
            }
        )

    async def configuration(self, request: Request) -> Response:
        """OpenID Connect discovery, version 1 or 2 by its path."""
        self._check_tenant(request)
        tenant = f"{self._cloud.login_url}/{self._cloud.tenant_id}"
        version = "/v2.0" if "/v2.0/" in request.url.path else ""
        issuer = f"{tenant}/v2.0" if version else self._tokens.issuer
        return JSONResponse(
            {
                "token_endpoint": f"{tenant}/oauth2{version}/token",
                "authorization_endpoint": f"{tenant}/oauth2{version}/authorize",
                "device_authorization_endpoint": f"{tenant}/oauth2{version}/devicecode",
                "jwks_uri": f"{tenant}/discovery{version}/keys",
                "issuer": issuer,
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
            }
        )

    async def keys(self, request: Request) -> Response:
        """The public key that tokens are signed with."""
        self._check_tenant(request)
        return JSONResponse(self._tokens.key_set())

    async def token_v1(self, request: Request) -> Response:
        """A token for a `resource`; numbers are strings here."""
        form = await self._form(request)
        token = self._issue(form, form.get("resource", ""))
        return JSONResponse({key: str(value) for key, value in token.items()})

    async def token_v2(self, request: Request) -> Response:
        """A token for the one resource among the scopes, for an application `{resource}/.default`.

        Go clients send OpenID Connect's scopes with it, which get an application nothing.
        """
        form = await self._form(request)
        scope = form.get("scope", "")
        scopes = set(scope.split()) - _OPENID_SCOPES
        if not scopes or not all(name.endswith(_DEFAULT_SCOPE) for name in scopes):
            raise _LoginError(
                400,
                "invalid_scope",
                1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows must"
                " have a scope value with /.default suffixed to the resource identifier"
                " (application ID URI).",
            )
        if len(scopes) > 1:
            raise _LoginError(
                400,
                "invalid_scope",
                28000,
                "Provided value for the input parameter scope is not valid because it contains more"
                f" than one resource. Scope {scope} is not valid.",
            )
        return JSONResponse(self._issue(form, scopes.pop().removesuffix(_DEFAULT_SCOPE)))

    async def _form(self, request: Request) -> Mapping[str, str]:
        self._check_tenant(request)
        return dict(
            parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
        )

    def _issue(self, form: Mapping[str, str], audience: str) -> dict[str, Any]:
        if form.get("grant_type") != "client_credentials":
            raise _LoginError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{form.get('grant_type', '')}'."
                " (The emulator knows client_credentials only.)",
            )
        application = form.get("client_id", "")
        principal = self._directory.find(application)
        if principal is None:
            raise _LoginError(
                400,
                "unauthorized_client",
                700016,
                f"Application with identifier '{application}' was not found in the directory"
                f" '{self._cloud.tenant_id}'.",
            )
        if not self._directory.secret_is_right(principal, form.get("client_secret", "")):
            raise _LoginError(
                401,
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is"
                " the client secret value, not the client secret ID, for a secret added to app"
                f" '{application}'.",
            )
        if audience.rstrip("/") not in self._cloud.audiences:
            raise _LoginError(
                400,
                "invalid_resource",
                500011,
                f"The resource principal named {audience} was not found in the tenant named"
                f" {self._cloud.tenant_id}.",
            )
        return {
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": self._tokens.issue(audience, principal),
        }
