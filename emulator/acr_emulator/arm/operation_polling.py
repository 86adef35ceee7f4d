"""How clients follow long-running operations, in both styles that were recorded of Azure.

Azure-AsyncOperation: `.../{resource}/operationStatuses/{kind}-{guid}` answers 200 with
`{"status": ...}` and repeats its own header (registry create). Location:
`/subscriptions/{s}/providers/{namespace}/locations/{l}/operationResults/{kind}-{guid}` answers
202 and itself until it is over, then 200: empty (registry delete) or `{"status": "Succeeded"}`
(importImage). How a failure looks there was not recorded.
"""

from starlette.responses import Response

from acr_emulator.arm.request import Anyone, ArmRequest, Right, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.operations import Operations
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.settings import Settings

_RESULT = (
    "/subscriptions/{subscription}/providers/{namespace}/locations/{location}"
    "/operationResults/{operation}"
)
NAMED_OPERATION = Anyone("whoever started the operation knows its name, which can't be guessed")
#: Ours: without it, clients wait half a minute between two looks at an operation.
SOON = {"retry-after": "1"}


class OperationPolling:
    """The headers that start polling, and the routes that answer it."""

    def __init__(self, operations: Operations, settings: Settings) -> None:
        self._operations = operations
        self._settings = settings

    def status_headers(self, request: ArmRequest, name: str) -> dict[str, str]:
        """The headers of an answer that started an operation on the resource at its path."""
        path = request.id / "operationStatuses" / name
        return self._headers(request, "azure-asyncoperation", path)

    def location_headers(
        self, request: ArmRequest, namespace: str, location: str, name: str
    ) -> dict[str, str]:
        """The headers of an answer that is to be followed by its Location."""
        values = {"namespace": namespace, "location": location, "operation": name}
        path = ResourceId.parse(_RESULT.format(**request.params, **values))
        return self._headers(request, "location", path)

    def _headers(self, request: ArmRequest, header: str, path: ResourceId) -> dict[str, str]:
        retry_after = self._settings.retry_after
        more = {} if retry_after is None else {"retry-after": str(retry_after)}
        return {header: request.url(path), **more}

    def routes(self) -> list[Route]:
        """Where clients poll a Location."""
        return [Route("GET", _RESULT, self._result, NAMED_OPERATION)]

    def status_route(self, resource: str, right: Right) -> Route:
        """Where clients poll an operation on a resource with this template."""
        return Route("GET", f"{resource}/operationStatuses/{{operation}}", self._status, right)

    async def _status(self, request: ArmRequest) -> Response:
        state = self._operations.state(request["operation"])
        headers = {
            "azure-asyncoperation": request.url(request.id),
            "api-supported-versions": request.api_version,
        }
        return JsonAnswer(state, headers=headers)

    async def _result(self, request: ArmRequest) -> Response:
        state = self._operations.state(request["operation"])
        if "error" in state:
            return JsonAnswer(state, 400)
        has_body = self._operations.has_body(request["operation"])
        if state["status"] == "Succeeded":
            return JsonAnswer(state) if has_body else empty()
        return empty(202, {"location": request.url(request.id), **(SOON if has_body else {})})
