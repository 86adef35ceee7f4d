"""The app behind the login server of every registry."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from acr_emulator.registry.front.acr_tokens import RegistryTokens
from acr_emulator.registry.front.attributes import Attributes
from acr_emulator.registry.front.gate import Gate
from acr_emulator.registry.front.grants import Rights
from acr_emulator.registry.front.listings import Listings
from acr_emulator.registry.front.oauth import OAuth
from acr_emulator.registry.front.oci_errors import RegistryError, answer_error
from acr_emulator.registry.front.passthrough import PassThrough
from acr_emulator.state.store import Store

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance


def registry_front(instance: Instance) -> Starlette:
    """Build the app."""
    tokens = RegistryTokens(_signing_key(instance.store), instance.clock)
    gate = Gate(instance.registries, tokens, Rights(instance.store, instance.directory))
    routes = [
        *OAuth(gate, tokens, instance.tokens, instance.cloud).routes(),
        *Listings(gate, instance.distribution).routes(),
        *PassThrough(gate, instance.distribution).routes(),
        *Attributes(gate, instance.distribution).routes(),
    ]
    return Starlette(routes=routes, exception_handlers={RegistryError: answer_error})


def _signing_key(store: Store) -> str:
    table = store.table("registry-token-key")
    key: str | None = table.get("")
    if key is None:
        key = secrets.token_hex(32)
        table.put("", key)
    return key
