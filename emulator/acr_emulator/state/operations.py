"""Long-running operations, in both styles that were recorded of Azure.

Azure-AsyncOperation: `.../{resource}/operationStatuses/{kind}-{guid}` answers 200 with
`{"status": ...}` and repeats its own header (registry create). Location:
`/subscriptions/{s}/providers/{namespace}/locations/{l}/operationResults/{kind}-{guid}` answers
202 and itself until it is over, then an empty 200 (registry delete).
"""

import uuid
from datetime import datetime, timedelta

from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest, Route
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError
from acr_emulator.state.clock import Clock
from acr_emulator.state.settings import Behaviour
from acr_emulator.state.store import Store

_STATUSES = "/subscriptions/{subscription}/resourceGroups/{group}/providers/{resource:path}"
_LOCATIONS = "/subscriptions/{subscription}/providers/{namespace}/locations/{location}"


class Operations:
    """The operations of one emulator. They survive a restart."""

    def __init__(self, store: Store, clock: Clock, behaviour: Behaviour) -> None:
        self._table = store.table("operation")
        self._clock = clock
        self._behaviour = behaviour

    def begin(self, kind: str, *, status: str = "Creating", seconds: float | None = None) -> str:
        """Start an operation and return its name.

        It succeeds by itself after `seconds`; with None it goes on until `finish` is called.
        """
        name = f"{kind}-{uuid.uuid4()}"
        due = (
            None
            if seconds is None
            else (self._clock.now() + timedelta(seconds=seconds)).isoformat()
        )
        self._table.put(name, {"status": status, "due": due})
        return name

    def finish(self, name: str, *, error: ArmError | None = None) -> None:
        """End an operation, well or with an error."""
        if error is None:
            self._table.put(name, {"status": "Succeeded"})
        else:
            self._table.put(name, {"status": "Failed", **error.body()})

    def state(self, name: str) -> dict[str, object]:
        """The body of a status answer: `status`, and `error` if it failed."""
        operation = self._table.get(name)
        if operation is None:
            raise ArmError(404, "NotFound", f"The operation '{name}' was not found.")
        due = operation.pop("due", None)
        if due and self._clock.now() >= datetime.fromisoformat(due):
            return {"status": "Succeeded"}
        state: dict[str, object] = operation
        return state

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
        retry_after = self._behaviour.retry_after
        return {header: url} | ({} if retry_after is None else {"retry-after": str(retry_after)})

    def routes(self) -> list[Route]:
        """Where clients poll, in both styles."""
        return [
            Route("GET", f"{_STATUSES}/operationStatuses/{{operation}}", self._status),
            Route("GET", f"{_LOCATIONS}/operationResults/{{operation}}", self._result),
        ]

    async def _status(self, request: ArmRequest) -> Response:
        state = self.state(request["operation"])
        url = f"{request.base_url}{request.path}?api-version={request.api_version}"
        headers = {"azure-asyncoperation": url, "api-supported-versions": request.api_version}
        return JsonAnswer(state, headers=headers)

    async def _result(self, request: ArmRequest) -> Response:
        state = self.state(request["operation"])
        if "error" in state:
            return JsonAnswer(state, 500)
        if state["status"] == "Succeeded":
            return empty()
        url = f"{request.base_url}{request.path}?api-version={request.api_version}"
        return empty(202, {"location": url})
