"""Calls to ARM on behalf of a caller, followed to their end as a client would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest
from acr_emulator.deployments.rollout import ResourceFailedError
from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.clock import Clock
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId

_OVER = ("Succeeded", "Failed", "Canceled")
_POLL_SECONDS = 0.1
_ACCEPTED = 202

Json = dict[str, Any]


@dataclass(frozen=True)
class Calls:
    """Sends as the caller of `request`."""

    request: ArmRequest
    clock: Clock

    async def send(
        self, method: str, path: str, version: str, body: Mapping[str, Any] | None = None
    ) -> Response:
        """One call; ArmError if it is refused."""
        return await self.request.dispatcher.send(
            replace(
                self.request,
                method=method,
                id=_id(path),
                api_version=version,
                query=QueryParams({"api-version": version}),
                body=dict(body or {}),
            )
        )

    async def put(self, path: str, version: str, body: Json) -> None:
        """Create or update a resource, and wait for it."""
        answer = await self.send("PUT", path, version, body)
        resource = _json(answer)
        if operation := answer.headers.get("azure-asyncoperation"):
            await self._follow(operation, version)
            resource = _json(await self.send("GET", path, version))
        while answer.status_code == _ACCEPTED:
            await self.clock.sleep(_POLL_SECONDS)
            answer = await self.send("GET", self._path(answer.headers["location"]), version)
            resource = _json(answer)
        while (state := _state(resource)) not in _OVER:
            await self.clock.sleep(_POLL_SECONDS)
            resource = _json(await self.send("GET", path, version))
        if state != _OVER[0]:
            raise ResourceFailedError(state, None)

    async def _follow(self, url: str, version: str) -> None:
        """Wait for an operation."""
        while True:
            operation = _json(await self.send("GET", self._path(url), version))
            if operation["status"] in _OVER:
                break
            await self.clock.sleep(_POLL_SECONDS)
        if operation["status"] != _OVER[0]:
            raise ResourceFailedError(operation["status"], operation.get("error"))

    def _path(self, url: str) -> str:
        """The path of a URL that ARM gave, where it is encoded."""
        path = url.removeprefix(self.request.base_url).partition("?")[0]
        return str(ResourceId.of_path(path.encode()))

    async def read(self, method: str, path: str, version: str, body: str) -> Json:
        """A GET, or a POST that lists something."""
        return _json(await self.send(method, path, version, json.loads(body)))


def _id(text: str) -> ResourceId:
    try:
        return ResourceId.parse(text)
    except InvalidIdError as error:
        raise bad_request(
            "InvalidTemplate", f"The resource id '{text}' is not valid: {error}."
        ) from error


def _json(answer: Response) -> Json:
    content: Json = json.loads(bytes(answer.body) or b"{}")
    return content


def _state(resource: Json) -> str:
    """Resources without a state are complete as soon as they are returned."""
    return str((resource.get("properties") or {}).get("provisioningState", _OVER[0]))
