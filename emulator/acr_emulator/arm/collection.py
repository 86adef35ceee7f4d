"""Resources of one type right below a resource group: what all such collections do alike."""

from collections.abc import Callable

from starlette.responses import Response

from acr_emulator.arm import body_forms
from acr_emulator.arm.request import ArmRequest, Handler, Readable, Right, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import resource_not_found
from acr_emulator.state.store import Resource, Store

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = _SUBSCRIPTION + "/resourceGroups/{group}"


def name_check(namespace: str, check: Handler) -> Route:
    """The route that tells whether a name is free in all of Azure."""
    path = f"{_SUBSCRIPTION}/providers/{namespace}/checkNameAvailability"
    needs = Right(f"{namespace}/checkNameAvailability/read", _SUBSCRIPTION)
    return Route("POST", path, check, needs, body=body_forms.TEXTS)


class Collection:
    """Lists, finds and names resources of one type; templates have a `{name}`."""

    def __init__(self, store: Store, resource_type: str) -> None:
        self._store = store
        self._type = resource_type
        #: The template of one resource.
        self.one = f"{_GROUP}/providers/{resource_type}/{{name}}"

    def reading_routes(self, show: Handler | None = None) -> list[Route]:
        """List by subscription and by group, and GET of one (through `show` if given)."""
        readable = Readable(f"{self._type}/read")
        return [
            Route("GET", f"{_SUBSCRIPTION}/providers/{self._type}", self._list, readable),
            Route("GET", f"{_GROUP}/providers/{self._type}", self._list, readable),
            Route("GET", self.one, show or self._get, self.right("read")),
        ]

    def right(self, action: str) -> Right:
        """The right for an action on one resource, such as `write` or `listKeys/action`."""
        return Right(f"{self._type}/{action}", self.one)

    def find(self, request: ArmRequest) -> Resource | None:
        """The resource that a path is at or under."""
        return self._store.get(str(request.parent))

    def existing(self, request: ArmRequest) -> Resource:
        """The resource that a path is at or under, or ARM's 404."""
        resource = self.find(request)
        if resource is None:
            raise resource_not_found(self._type, request["name"], request["group"])
        return resource

    def named(self, name: str) -> Resource | None:
        """The resource of that name in any group: such names are unique in all of Azure."""
        return self._store.named(self._type, name)

    async def remove(
        self, request: ArmRequest, forget: Callable[[Resource], None] = lambda _: None
    ) -> Response:
        """Delete a resource and what is below it: 200, or 204 if there was none.

        `forget` deletes what else is kept of it, in the same transaction.
        """
        resource_id = str(request.parent)
        await request.delete_below(resource_id, self._store)
        resource = self.find(request)
        if resource is None:
            return empty(204)
        with self._store.transaction():
            forget(resource)
            self._store.delete(resource_id)
        return empty(200)

    async def _list(self, request: ArmRequest) -> Response:
        return JsonAnswer({"value": self._store.list(f"{request.id.scope}/", self._type)})

    async def _get(self, request: ArmRequest) -> Response:
        return JsonAnswer(self.existing(request))
