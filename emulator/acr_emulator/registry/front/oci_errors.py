"""A registry's error answers: `{"errors": [{code, message, detail}]}`."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from acr_emulator.engine.transfer_errors import DISALLOWED
from acr_emulator.registry.scopes import Scope

_CODES = {404: "NOT_FOUND", 405: "UNSUPPORTED"}


class RegistryError(Exception):
    """Ends a request with an error of the registry's own shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        detail: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.error = {"code": code, "message": message}
        if detail is not None:
            self.error["detail"] = detail


def challenge(login_server: str, scope: Scope | None = None, *, error: str = "") -> RegistryError:
    """Refuse a request without a sufficient token, and say where to get one.

    az splits the challenge at its blanks before it splits at its commas: no blank may follow one.
    """
    fields = [f'realm="https://{login_server}/oauth2/token"', f'service="{login_server}"']
    detail = None
    if scope:
        scope = scope.to_request
        fields.append(f'scope="{scope}"')
        detail = [
            {"Type": scope.type, "Name": scope.name, "Action": action} for action in scope.actions
        ]
    if error:
        fields.append(f'error="{error}"')
    return RegistryError(
        401,
        "UNAUTHORIZED",
        "authentication required",
        detail=detail,
        headers={"WWW-Authenticate": "Bearer " + ",".join(fields)},
    )


def disallowed() -> RegistryError:
    """Refuse an operation for a lock; clients know no code for it."""
    return RegistryError(405, "UNKNOWN", DISALLOWED)


def error_answer(error: RegistryError) -> Response:
    """The answer to send."""
    return JSONResponse({"errors": [error.error]}, error.status, error.headers)


async def answer_error(_request: Request, exc: Exception) -> Response:
    """Render a RegistryError; starlette's handlers are typed for any exception."""
    assert isinstance(exc, RegistryError)
    return error_answer(exc)


def envelope(status: int, message: str) -> Response:
    """Render an error that isn't a RegistryError."""
    return error_answer(RegistryError(status, _CODES.get(status, "UNKNOWN"), message))
