"""The data plane of key vaults: `/secrets` and `/deletedsecrets` of each vault's host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.tokens import Principal, Tokens, UnauthorizedError
from acr_emulator.keyvault.backups import Backups, InvalidBackupError
from acr_emulator.keyvault.vaults import (
    BACK_UP,
    DELETE,
    GET,
    GET_DELETED,
    LIST,
    PURGE,
    RECOVER,
    RESTORE,
    SECRET_NAME,
    SET,
    UPDATE,
    Secret,
    SecretMissingError,
    SecretRight,
    Secrets,
    has_right,
    vault_named,
)
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.network.web_app import web_app
from acr_emulator.state.clock import Clock
from acr_emulator.state.json_values import is_storable
from acr_emulator.state.store import Resource, Store

_PROPERTIES = {"value": str, "contentType": str, "attributes": dict, "tags": dict}
_CODES = {404: "NotFound", 405: "MethodNotAllowed"}
_DAY = 24 * 60 * 60

_Handler = Callable[[Request, Secrets], Awaitable[Response]]


class _VaultError(Exception):
    def __init__(self, status: int, code: str, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.reason = reason
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        """The answer to send."""
        error: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.reason:
            error["innererror"] = {"code": self.reason}
        return JsonAnswer({"error": error}, self.status, self.headers)


def key_vault_app(
    cloud: Cloud, clock: Clock, store: Store, tokens: Tokens, directory: Directory
) -> Starlette:
    """The app of every vault's host."""
    vaults = _KeyVaults(cloud, clock, store, tokens, directory)
    one, deleted = "/secrets/{name}", "/deletedsecrets/{name}"
    table: list[tuple[str, str, _Handler, SecretRight]] = [
        ("GET", "/secrets", vaults.list, LIST),
        ("PUT", one, vaults.set, SET),
        ("GET", one, vaults.get, GET),
        ("GET", f"{one}/", vaults.get, GET),
        ("GET", f"{one}/versions", vaults.versions, LIST),
        ("GET", f"{one}/{{version}}", vaults.get, GET),
        ("PATCH", one, vaults.update, UPDATE),
        ("PATCH", f"{one}/", vaults.update, UPDATE),
        ("PATCH", f"{one}/{{version}}", vaults.update, UPDATE),
        ("DELETE", one, vaults.delete, DELETE),
        ("POST", f"{one}/backup", vaults.back_up, BACK_UP),
        ("POST", "/secrets/restore", vaults.restore, RESTORE),
        ("GET", "/deletedsecrets", vaults.list_deleted, LIST),
        ("GET", deleted, vaults.deleted, GET_DELETED),
        ("DELETE", deleted, vaults.purge, PURGE),
        ("POST", f"{deleted}/recover", vaults.recover, RECOVER),
    ]
    routes = [
        Route(path, vaults.checked(handler, right), methods=[method])
        for method, path, handler, right in table
    ]
    return web_app(routes, {_VaultError: _refuse, SecretMissingError: _not_found}, _envelope)


def _envelope(status: int, message: str) -> Response:
    code = _CODES.get(status, "InternalServerError")
    if status in _CODES:
        message = f"The emulator imitates secrets of key vaults only. {message}"
    return _VaultError(status, code, message).response()


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, _VaultError)
    return error.response()


async def _not_found(_: Request, error: Exception) -> Response:
    assert isinstance(error, SecretMissingError)
    return _VaultError(
        404,
        "SecretNotFound",
        f"A secret with (name/id) {error.secret} was not found in this key vault. If you recently"
        " deleted this secret you may be able to recover it using the correct recovery command."
        " For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
    ).response()


class _KeyVaults:
    def __init__(
        self, cloud: Cloud, clock: Clock, store: Store, tokens: Tokens, directory: Directory
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._store = store
        self._tokens = tokens
        self._directory = directory

    def checked(
        self, handler: _Handler, right: SecretRight
    ) -> Callable[[Request], Awaitable[Response]]:
        """Give a handler the secrets of the host's vault, if the caller has the right for it."""

        async def check(request: Request) -> Response:
            caller = self._authorize(request)
            await request.body()  # the vault that is looked up now is the one that is changed
            name = (request.url.hostname or "").partition(".")[0]
            vault = vault_named(self._store, name)
            if vault is None:
                raise _VaultError(404, "VaultNotFound", f"There is no key vault '{name}'.")
            _check_network(vault, caller)
            secret = request.path_params.get("name", "")
            self._check_right(caller, vault["name"], right, secret)
            if secret and not SECRET_NAME.fullmatch(secret):
                raise _VaultError(
                    400, "BadParameter", f"The request URI contains an invalid name: {secret}"
                )
            return await handler(request, Secrets(self._store, vault["name"]))

        return check

    def _check_right(self, caller: Principal, vault: str, right: SecretRight, secret: str) -> None:
        """All but the built-in administrator need a role or an access policy."""
        if self._directory.is_operator(caller.object_id) or (
            has_right(self._store, vault, caller.object_id, right, secret)
        ):
            return
        raise _VaultError(
            403,
            "Forbidden",
            f"The user, group or application 'appid={caller.application_id};"
            f"oid={caller.object_id}' does not have secrets {right.permission} permission on key"
            f" vault '{vault}'.",
        )

    def _authorize(self, request: Request) -> Principal:
        """The challenge and its text are recorded for a missing token."""
        cloud = self._cloud
        try:
            return self._tokens.verify_header(
                request.headers.get("authorization"), cloud.vault_audience
            ).principal
        except UnauthorizedError as error:
            message = (
                "AKV10000: Request is missing a Bearer or PoP token."
                if error.reason == "missing"
                else f"AKV10022: The token was not accepted: {error}."
            )
            refusal = _VaultError(401, "Unauthorized", message)
            authority = f"{cloud.login_url}/{cloud.tenant_id}"
            refusal.headers["www-authenticate"] = (
                f'Bearer authorization="{authority}", resource="{cloud.vault_audience}"'
            )
            raise refusal from error

    async def list(self, request: Request, secrets: Secrets) -> Response:
        base = _base(request)
        value = [_item(base, secret, "") for secret in secrets.newest()]
        return JsonAnswer({"value": value, "nextLink": None})

    async def versions(self, request: Request, secrets: Secrets) -> Response:
        base, versions = _base(request), secrets.versions(request.path_params["name"])
        value = [_item(base, secret, secret["version"]) for secret in versions]
        return JsonAnswer({"value": value, "nextLink": None})

    async def set(self, request: Request, secrets: Secrets) -> Response:
        name, content = request.path_params["name"], await _content(request)
        if not isinstance(content.get("value"), str):
            raise _VaultError(400, "BadParameter", "Property 'value' is required.")
        if secrets.deleted(name):
            raise _VaultError(
                409,
                "Conflict",
                f"Secret {name} is currently in a deleted but recoverable state, and its name"
                " cannot be reused; in this state, the secret can only be recovered or purged.",
            )
        return JsonAnswer(_bundle(_base(request), secrets.set(name, content, self._clock)))

    async def get(self, request: Request, secrets: Secrets) -> Response:
        secret = secrets.get(request.path_params["name"], request.path_params.get("version", ""))
        if not secret["attributes"]["enabled"]:
            raise _VaultError(
                403,
                "Forbidden",
                "Operation get is not allowed on a disabled secret.",
                reason="SecretDisabled",
            )
        return JsonAnswer(_bundle(_base(request), secret))

    async def update(self, request: Request, secrets: Secrets) -> Response:
        secret = secrets.update(
            request.path_params["name"],
            request.path_params.get("version", ""),
            await _content(request),
            self._clock,
        )
        return JsonAnswer(_item(_base(request), secret, secret["version"]))

    async def delete(self, request: Request, secrets: Secrets) -> Response:
        secret = secrets.delete(request.path_params["name"], self._clock)
        return JsonAnswer(_deleted_item(request, secrets, secret))

    async def list_deleted(self, request: Request, secrets: Secrets) -> Response:
        value = [
            {
                **_deleted_item(request, secrets, secret),
                "id": _item(_base(request), secret, "")["id"],
            }
            for secret in secrets.all_deleted()
        ]
        return JsonAnswer({"value": value, "nextLink": None})

    async def back_up(self, request: Request, secrets: Secrets) -> Response:
        versions = secrets.versions(request.path_params["name"])
        return JsonAnswer({"value": Backups(self._store).make(versions)})

    async def restore(self, request: Request, secrets: Secrets) -> Response:
        """All versions of a secret, also into another vault, if its name isn't in use there."""
        backup = (await _content(request)).get("value")
        try:
            versions = Backups(self._store).read(backup or "")
        except InvalidBackupError as error:
            raise _VaultError(400, "BadParameter", "Backup blob isn't valid.") from error
        secret = secrets.restore(versions)
        if secret is None:
            name = versions[-1]["name"]
            raise _VaultError(409, "Conflict", f"A secret with the name {name} already exists.")
        return JsonAnswer(_item(_base(request), secret, secret["version"]))

    async def deleted(self, request: Request, secrets: Secrets) -> Response:
        secret = secrets.deleted(request.path_params["name"])
        if secret is None:
            raise SecretMissingError(request.path_params["name"])
        return JsonAnswer(_deleted_item(request, secrets, secret))

    async def purge(self, request: Request, secrets: Secrets) -> Response:
        if not secrets.purge(request.path_params["name"]):
            raise SecretMissingError(request.path_params["name"])
        return empty(204)

    async def recover(self, request: Request, secrets: Secrets) -> Response:
        secret = secrets.recover(request.path_params["name"])
        if secret is None:
            raise SecretMissingError(request.path_params["name"])
        return JsonAnswer(_item(_base(request), secret, secret["version"]))


def _deleted_item(request: Request, secrets: Secrets, secret: Secret) -> dict[str, Any]:
    base, deleted = _base(request), secrets.deleted_at(secret["name"])
    return {
        "recoveryId": f"{base}/deletedsecrets/{secret['name']}",
        "deletedDate": deleted,
        "scheduledPurgeDate": deleted + secret["attributes"]["recoverableDays"] * _DAY,
        **_item(base, secret, secret["version"]),
    }


def _check_network(vault: Resource, caller: Principal) -> None:
    """Refuse a client of a closed vault: no client here is in an address range of its rules."""
    properties = vault["properties"]
    if properties["publicNetworkAccess"] != "Enabled":  # Disabled or SecuredByPerimeter
        raise _VaultError(
            403,
            "Forbidden",
            "Public network access is disabled and request is not from a trusted service nor via an"
            " approved private link.",
            reason="ForbiddenByConnection",
        )
    rules = properties.get("networkAcls") or {}
    if rules.get("defaultAction") == "Deny":
        raise _VaultError(
            403,
            "Forbidden",
            "Client address is not authorized and caller is not a trusted service.\r\nClient"
            f" address: 127.0.0.1\r\nCaller: appid={caller.application_id};oid={caller.object_id}"
            f"\r\nVault: {vault['name']};location={vault['location']}",
            reason="ForbiddenByFirewall",
        )


async def _content(request: Request) -> dict[str, Any]:
    try:
        content = await request.json()
    except (ValueError, RecursionError) as error:
        raise _VaultError(400, "BadParameter", "The body is no JSON.") from error
    if not isinstance(content, dict):
        raise _VaultError(400, "BadParameter", "The body is no object.")
    for name, kind in _PROPERTIES.items():
        if not isinstance(content.get(name), (kind, type(None))):
            raise _VaultError(400, "BadParameter", f"Property '{name}' has the wrong type.")
    if not is_storable(content):
        raise _VaultError(400, "BadParameter", "The body can't be stored.")
    return content


def _base(request: Request) -> str:
    return f"https://{request.url.hostname}"


def _item(base: str, secret: Secret, version: str) -> dict[str, Any]:
    """All but the value; keys without a value are left out, as recorded."""
    path = "/".join(part for part in (secret["name"], version) if part)
    shown = {
        "id": f"{base}/secrets/{path}",
        "contentType": secret["contentType"],
        "attributes": secret["attributes"],
        "tags": secret["tags"],
    }
    return {key: value for key, value in shown.items() if value is not None}


def _bundle(base: str, secret: Secret) -> dict[str, Any]:
    return {"value": secret["value"], **_item(base, secret, secret["version"])}
