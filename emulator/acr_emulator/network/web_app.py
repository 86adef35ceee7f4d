"""The app of an emulated host: whatever goes wrong, its answer has the host's own envelope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from acr_emulator.state.arm_errors import failure

#: Makes the answer of an error from its status and message.
Envelope = Callable[[int, str], Response]
Refusals = Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]


def web_app(routes: Sequence[Route], refusals: Refusals, envelope: Envelope) -> Starlette:
    """Build it from its routes, and from the answers to the errors that it raises itself."""

    async def unrouted(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status = error.status_code
        what = "There is no resource" if status == HTTPStatus.NOT_FOUND else request.method
        answer = envelope(status, f"{what} at this path: {error.detail}.")
        answer.headers.update(error.headers or {})
        return answer

    async def failed(_: Request, error: Exception) -> Response:
        # Starlette raises it once more, so that the server logs it.
        return envelope(HTTPStatus.INTERNAL_SERVER_ERROR, failure(error))

    app = Starlette(
        routes=routes,
        exception_handlers={**refusals, HTTPException: unrouted, Exception: failed},
    )
    app.router.redirect_slashes = False
    return app
