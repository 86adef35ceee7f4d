"""Pages of a list: a `nextLink` whose `$skipToken` says where the next page begins."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping

from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.store import Resource, Store

_SKIP_TOKEN = "$skipToken"
_POSITION = struct.Struct(">q")


def page(
    store: Store,
    request: ArmRequest,
    resource_type: str,
    *,
    size: int,
    headers: Mapping[str, str],
    show: Callable[[Resource], Resource] = lambda resource: resource,
) -> Response:
    """The requested page of the pipelines or runs under a path, oldest first."""
    resources, position = store.page(
        f"{request.id}/",
        resource_type,
        after=_position(request.query.get(_SKIP_TOKEN)),
        size=size,
    )
    answer: Resource = {"value": [show(resource) for resource in resources]}
    if position is not None:
        token = base64.urlsafe_b64encode(_POSITION.pack(position)).decode()
        answer["nextLink"] = request.url(request.id, **{_SKIP_TOKEN: token})
    return JsonAnswer(answer, headers=headers)


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        [position] = _POSITION.unpack(base64.urlsafe_b64decode(token))
    except (struct.error, ValueError) as error:
        raise bad_request("InvalidSkipToken", f"The skip token '{token}' is not valid.") from error
    return int(position)
