"""The app behind the login server of every registry."""

from __future__ import annotations

import secrets

from starlette.applications import Starlette

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.tokens import Tokens
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.acr_tokens import RegistryTokens
from acr_emulator.registry.front.attributes import Attributes
from acr_emulator.registry.front.gate import Gate
from acr_emulator.registry.front.grants import Rights
from acr_emulator.registry.front.listings import Listings
from acr_emulator.registry.front.oauth import OAuth
from acr_emulator.registry.front.oci_errors import RegistryError, answer_error
from acr_emulator.registry.front.passthrough import PassThrough
from acr_emulator.registry.registries import Registries
from acr_emulator.state.clock import Clock
from acr_emulator.state.store import Store


def registry_front(
    *,
    cloud: Cloud,
    clock: Clock,
    store: Store,
    entra: Tokens,
    directory: Directory,
    registries: Registries,
    distribution: Distribution,
) -> Starlette:
    """Build the app."""
    tokens = RegistryTokens(_signing_key(store), clock)
    gate = Gate(registries, tokens, Rights(store, directory))
    routes = [
        *OAuth(gate, tokens, entra, cloud).routes(),
        *Listings(gate, distribution).routes(),
        *PassThrough(gate, distribution).routes(),
        *Attributes(gate, distribution).routes(),
    ]
    return Starlette(routes=routes, exception_handlers={RegistryError: answer_error})


def _signing_key(store: Store) -> str:
    table = store.table("registry-token-key")
    key: str | None = table.get("")
    if key is None:
        key = secrets.token_hex(32)
        table.put("", key)
    return key
