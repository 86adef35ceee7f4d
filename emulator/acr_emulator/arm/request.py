"""What an ARM handler is given, and how a provider offers its handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.responses import Response

from acr_emulator.arm.bodies import Form
from acr_emulator.identity.tokens import Claims
from acr_emulator.state.odata_filters import EVERYTHING, Filter
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.store import Store

_SCOPE = "{scope}"


class Dispatcher(Protocol):
    """Carries out further calls."""

    async def send(self, request: ArmRequest) -> Response:
        """Another call of the same caller, which needs the right for it."""

    async def follow_up(self, request: ArmRequest) -> Response:
        """A consequence of a call that was allowed, for which nobody needs a right."""


@dataclass(frozen=True)
class ArmRequest:
    """One call: what it is about, what its placeholders matched, who calls."""

    method: str
    #: On a PUT, this is the id to give the resource: Azure keeps the caller's spelling (recorded
    #: for registries, pipelines, vaults).
    id: ResourceId
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    #: The JSON object of the body, as the route's form has it; {} when there is none.
    body: dict[str, Any]
    api_version: str
    caller: Claims
    #: ARM's own address, for the URLs of operations.
    base_url: str
    dispatcher: Dispatcher
    #: What of a list is wanted, by the fields that the route declares.
    filter: Filter = EVERYTHING

    def __getitem__(self, placeholder: str) -> str:
        """What a placeholder of the route's template matched, as typed."""
        return self.params[placeholder]

    @property
    def parent(self) -> ResourceId:
        """The resource directly below the group that the call is about, or about a child of."""
        return self.id.first(8)

    def url(self, path: ResourceId, **query: str) -> str:
        """A URL for the caller to follow, in the same API version."""
        pairs = urlencode({"api-version": self.api_version, **query})
        return f"{self.base_url}{path.url_path}?{pairs}"

    async def delete_below(self, resource_id: str, store: Store) -> None:
        """Delete all resources below one, each through its own provider.

        The newest is first, so that a child is deleted before its parent. What begins meanwhile is
        deleted, too.
        """
        while resources := store.list(f"{resource_id}/"):
            for resource in reversed(resources):
                if store.get(resource["id"]):
                    path = ResourceId.parse(resource["id"])
                    deletion = replace(self, method="DELETE", id=path, body={})
                    await self.dispatcher.follow_up(deletion)


Handler = Callable[[ArmRequest], Awaitable[Response]]


@dataclass(frozen=True)
class Right:
    """The caller's roles must allow an action at a scope.

    Both are written with placeholders of the route.
    """

    action: str
    scope: str


@dataclass(frozen=True)
class Readable:
    """Anyone may call, and is shown those items of the list on which its roles allow the action.

    The action is written with an item's properties, such as `{type}/read`.
    """

    action: str


@dataclass(frozen=True)
class Anyone:
    """Whoever has a token may call. The reason belongs into the declaration."""

    because: str


@dataclass(frozen=True)
class Route:
    """A method, a path template, its handler, and what a caller needs for it.

    `{name}` matches one segment; `{scope}` at the beginning matches any number of them. Names match
    whatever their case. A route that doesn't declare what it needs is closed to everybody. One
    that doesn't declare a body is given none.
    """

    method: str
    template: str
    handler: Handler
    needs: Right | Readable | Anyone | None = None
    #: What `$filter` can use, in lower case; a filter by anything else is refused.
    filters: tuple[str, ...] = ()
    #: What the body can hold.
    body: Form | None = None

    def match(self, path: ResourceId) -> Mapping[str, str] | None:
        """What the placeholders match, or None if the path is another one."""
        pattern = self.template.strip("/").split("/")
        segments = path.segments
        params = {}
        if pattern[0] == _SCOPE:
            del pattern[0]
            length = len(segments) - len(pattern)
            if length < 1:
                return None
            params["scope"] = str(path.first(length))
            segments = segments[length:]
        if len(segments) != len(pattern):
            return None
        for expected, segment in zip(pattern, segments, strict=True):
            if expected.startswith("{"):
                params[expected[1:-1]] = segment
            elif expected.lower() != segment.lower():
                return None
        return params


class Provider(Protocol):
    """The handlers of one resource type."""

    def routes(self) -> list[Route]:
        """Its routes and their handlers."""
