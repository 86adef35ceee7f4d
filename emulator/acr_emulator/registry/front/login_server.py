"""The app behind the login server of every registry."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.tokens import Tokens
from acr_emulator.network.web_app import web_app
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.attributes import Attributes
from acr_emulator.registry.front.gate import Gate, GuardedRoute
from acr_emulator.registry.front.listings import Listings
from acr_emulator.registry.front.oauth import OAuth
from acr_emulator.registry.front.oci_errors import (
    RegistryError,
    answer_error,
    envelope,
    error_answer,
)
from acr_emulator.registry.front.passthrough import PassThrough
from acr_emulator.registry.front.registry_path import RegistryPath
from acr_emulator.registry.logins import Logins
from acr_emulator.registry.registries import Registries


class _Door:
    """Lets only those paths in that mean one thing, decoded once and for all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            path = RegistryPath.of(scope["raw_path"]).text
        except RegistryError as error:
            return await error_answer(error)(scope, receive, send)
        return await self._app({**scope, "path": path, "raw_path": path.encode()}, receive, send)


def registry_front(
    *,
    cloud: Cloud,
    entra: Tokens,
    logins: Logins,
    registries: Registries,
    distribution: Distribution,
) -> ASGIApp:
    """Build the app."""
    gate = Gate(registries, logins)
    guarded = guarded_routes(distribution)
    routes = [*OAuth(gate, logins, entra, cloud).routes(), *map(gate.guard, guarded)]
    app = web_app(routes, {RegistryError: answer_error}, envelope)
    return _Door(app)


def guarded_routes(distribution: Distribution) -> list[GuardedRoute]:
    """Everything that needs a token; the first match wins."""
    return [
        *Listings(distribution).routes(),
        *PassThrough(distribution).routes(),
        *Attributes(distribution).routes(),
    ]
