"""How clients follow long-running operations, in both styles that were recorded of Azure.

Azure-AsyncOperation: `.../{resource}/operationStatuses/{kind}-{guid}` answers 200 with
`{"status": ...}` and repeats its own header (registry create). Location:
`/subscriptions/{s}/providers/{namespace}/locations/{l}/operationResults/{kind}-{guid}` answers
202 and itself until it is over, then an empty 200 (registry delete).
"""

from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.operations import Operations
from acr_emulator.state.settings import Settings

_STATUSES = "/subscriptions/{subscription}/resourceGroups/{group}/providers/{resource:path}"
_LOCATIONS = "/subscriptions/{subscription}/providers/{namespace}/locations/{location}"


class OperationPolling:
    """The headers that start polling, and the routes that answer it."""

    def __init__(self, operations: Operations, settings: Settings) -> None:
        self._operations = operations
        self._settings = settings

    def status_headers(self, request: ArmRequest, name: str) -> dict[str, str]:
        """The headers of an answer that started an operation on the resource at its path."""
        return self._headers(
            request, "azure-asyncoperation", f"{request.path}/operationStatuses", name
        )

    def location_headers(
        self, request: ArmRequest, namespace: str, location: str, name: str
    ) -> dict[str, str]:
        """The headers of an answer that is to be followed by its Location."""
        path = (
            f"/subscriptions/{request['subscription']}/providers/{namespace}"
            f"/locations/{location}/operationResults"
        )
        return self._headers(request, "location", path, name)

    def _headers(self, request: ArmRequest, header: str, path: str, name: str) -> dict[str, str]:
        url = f"{request.base_url}{path}/{name}?api-version={request.api_version}"
        retry_after = self._settings.retry_after
        return {header: url} | ({} if retry_after is None else {"retry-after": str(retry_after)})

    def routes(self) -> list[Route]:
        """Where clients poll, in both styles."""
        return [
            Route("GET", f"{_STATUSES}/operationStatuses/{{operation}}", self._status),
            Route("GET", f"{_LOCATIONS}/operationResults/{{operation}}", self._result),
        ]

    async def _status(self, request: ArmRequest) -> Response:
        state = self._operations.state(request["operation"])
        url = f"{request.base_url}{request.path}?api-version={request.api_version}"
        headers = {"azure-asyncoperation": url, "api-supported-versions": request.api_version}
        return JsonAnswer(state, headers=headers)

    async def _result(self, request: ArmRequest) -> Response:
        state = self._operations.state(request["operation"])
        if "error" in state:
            return JsonAnswer(state, 500)
        if state["status"] == "Succeeded":
            return empty()
        url = f"{request.base_url}{request.path}?api-version={request.api_version}"
        return empty(202, {"location": url})
