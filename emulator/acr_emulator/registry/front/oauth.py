"""The registry's token service: an Entra token becomes a refresh token, that an access token."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.tokens import Tokens, UnauthorizedError
from acr_emulator.registry.acr_tokens import InvalidTokenError
from acr_emulator.registry.front.gate import Gate
from acr_emulator.registry.front.oci_errors import RegistryError
from acr_emulator.registry.grants import Subject
from acr_emulator.registry.logins import Logins, Registry, basic
from acr_emulator.registry.scopes import Scope

Form = dict[str, list[str]]


def _unauthorized(message: str) -> RegistryError:
    return RegistryError(401, "UNAUTHORIZED", message)


class OAuth:
    """`/oauth2/exchange` and `/oauth2/token` (Azure/acr docs/AAD-OAuth.md)."""

    def __init__(self, gate: Gate, logins: Logins, entra: Tokens, cloud: Cloud) -> None:
        self._gate = gate
        self._logins = logins
        self._tokens = logins.tokens
        self._entra = entra
        self._audiences = (cloud.registry_audience, *cloud.arm_audiences)

    def routes(self) -> list[Route]:
        """Where clients find them."""
        return [
            Route("/oauth2/exchange", self._exchange, methods=["POST"]),
            Route("/oauth2/token", self._token_for_form, methods=["POST"]),
            Route("/oauth2/token", self._token_for_basic, methods=["GET"]),
        ]

    async def _exchange(self, request: Request) -> Response:
        form = await _form(request)
        registry = self._gate.registry(request)
        _check_service(form, registry)
        if _field(form, "grant_type") not in {"access_token", "access_token_refresh_token"}:
            raise RegistryError(400, "UNSUPPORTED", "grant_type must be access_token")
        try:
            claims = self._entra.verify(_field(form, "access_token"), self._audiences)
        except UnauthorizedError as exc:
            raise _unauthorized(f"the Entra access token was not accepted: {exc.reason}") from exc
        refresh_token = self._tokens.refresh_token(
            registry.login_server, claims.principal.object_id, claims.tenant_id
        )
        return JSONResponse({"refresh_token": refresh_token})

    async def _token_for_form(self, request: Request) -> Response:
        form = await _form(request)
        registry = self._gate.registry(request)
        _check_service(form, registry)
        grant_type = _field(form, "grant_type")
        try:
            if grant_type == "refresh_token":
                token = _field(form, "refresh_token")
                subject = Subject(self._tokens.subject(registry.login_server, token))
            elif grant_type == "password":
                username, password = _field(form, "username"), _field(form, "password")
                subject = self._logins.log_in(registry, username, password)
            else:
                raise RegistryError(
                    400, "UNSUPPORTED", "grant_type must be refresh_token or password"
                )
        except InvalidTokenError as exc:
            raise _unauthorized("authentication required") from exc
        return self._access_token(registry, subject, form.get("scope", []))

    async def _token_for_basic(self, request: Request) -> Response:
        registry = self._gate.registry(request)
        kind, _, credential = request.headers.get("Authorization", "").partition(" ")
        if not kind and registry.anonymous_pull:
            subject = Subject(kind="anonymous")
        elif kind.lower() == "basic":
            try:
                subject = self._logins.log_in(registry, *basic(credential))
            except InvalidTokenError as exc:
                raise _unauthorized("authentication required") from exc
        else:
            raise _unauthorized("authentication required")
        return self._access_token(registry, subject, request.query_params.getlist("scope"))

    def _access_token(self, registry: Registry, subject: Subject, scopes: list[str]) -> Response:
        """Grant what is requested and allowed; a token may well grant nothing."""
        try:
            requested = [Scope.parse(text) for part in scopes for text in part.split()]
        except ValueError as exc:
            raise RegistryError(400, "INVALID_SCOPE", str(exc)) from exc
        granted = [self._logins.granted(registry, subject, scope) for scope in requested]
        scopes_granted = [scope for scope in granted if scope]
        token = self._tokens.access_token(registry.login_server, subject.name, scopes_granted)
        return JSONResponse({"access_token": token})


async def _form(request: Request) -> Form:
    return parse_qs((await request.body()).decode(errors="replace"))


def _field(form: Form, name: str) -> str:
    if name not in form:
        raise RegistryError(400, "MISSING_PARAMETER", f"the field '{name}' is missing")
    return form[name][0]


def _check_service(form: Form, registry: Registry) -> None:
    if _field(form, "service").lower() != registry.login_server:
        raise RegistryError(400, "INVALID_SERVICE", f"the service is '{registry.login_server}'")
