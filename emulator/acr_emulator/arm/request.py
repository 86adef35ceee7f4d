"""What an ARM handler is given, and how a provider offers its handlers."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from starlette.responses import Response

from acr_emulator.identity.tokens import Claims
from acr_emulator.state.store import Store

_PLACEHOLDER = re.compile(r"{(\w+)(:path)?}")


@dataclass(frozen=True)
class ArmRequest:
    """One call: the path as the caller typed it, what its placeholders matched, who calls."""

    method: str
    #: Without a trailing slash. On a PUT this is the id to give the resource: Azure keeps the
    #: caller's spelling (recorded for registries, pipelines, vaults).
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    #: The JSON object of the body, {} when there is none.
    body: dict[str, Any]
    api_version: str
    caller: Claims
    #: ARM's own address, for the URLs of operations.
    base_url: str
    #: Carries out another call on behalf of the same caller.
    send: Callable[["ArmRequest"], Awaitable[Response]]
    #: Carries out a consequence of this call, for which the caller needs no permission.
    carry_out: Callable[["ArmRequest"], Awaitable[Response]]

    def __getitem__(self, placeholder: str) -> str:
        """What a placeholder of the route's template matched, as typed."""
        return self.params[placeholder]

    async def delete_below(self, resource_id: str, store: Store) -> None:
        """Delete all resources below one, each through its own provider.

        The newest is first, so that a child is deleted before its parent.
        """
        for resource in reversed(store.list(f"{resource_id}/")):
            if store.get(resource["id"]):
                deletion = replace(self, method="DELETE", path=resource["id"], body={})
                await self.carry_out(deletion)


Handler = Callable[[ArmRequest], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """A method, a path template and its handler. Paths match whatever their case.

    `{name}` matches one segment, `{name:path}` any number of them.
    """

    method: str
    template: str
    handler: Handler

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The template as a regular expression over a whole path."""
        expression = ""
        end = 0
        for placeholder in _PLACEHOLDER.finditer(self.template):
            segment = ".+" if placeholder[2] else "[^/]+"
            expression += re.escape(self.template[end : placeholder.start()])
            expression += f"(?P<{placeholder[1]}>{segment})"
            end = placeholder.end()
        return re.compile(expression + re.escape(self.template[end:]), re.IGNORECASE)


class Provider(Protocol):
    """The handlers of one resource type."""

    def routes(self) -> list[Route]:
        """Its routes and their handlers."""
