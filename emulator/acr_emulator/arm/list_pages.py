"""Pages of a list: a `nextLink` whose `$skipToken` says where the next page begins."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import Response

from acr_emulator.arm.request import ArmRequest
from acr_emulator.arm.transfer_resources import headers
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import bad_request
from acr_emulator.state.store import Resource

if TYPE_CHECKING:
    from acr_emulator.emulator import Instance

_SKIP_TOKEN = "$skipToken"
_PLACE = struct.Struct(">q")


def page(
    instance: Instance,
    request: ArmRequest,
    resource_type: str,
    show: Callable[[Resource], Resource] = lambda resource: resource,
) -> Response:
    """The asked page of the pipelines or runs under a path, oldest first."""
    found, place = instance.store.page(
        f"{request.path}/",
        resource_type,
        after=_place(request.query.get(_SKIP_TOKEN)),
        size=instance.behaviour.page_size,
    )
    answer: Resource = {"value": [show(each) for each in found]}
    if place is not None:
        token = base64.urlsafe_b64encode(_PLACE.pack(place)).decode()
        query = urlencode({"api-version": request.api_version, _SKIP_TOKEN: token})
        answer["nextLink"] = f"{request.base_url}{request.path}?{query}"
    return JsonAnswer(answer, headers=headers(instance))


def _place(token: str | None) -> int:
    if token is None:
        return 0
    try:
        [place] = _PLACE.unpack(base64.urlsafe_b64decode(token))
    except (struct.error, ValueError) as error:
        raise bad_request("InvalidSkipToken", f"The skip token '{token}' is not valid.") from error
    return int(place)
