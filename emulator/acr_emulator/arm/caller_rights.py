"""Whether a caller of ARM may do what a route declares that it needs."""

from __future__ import annotations

import json

from starlette.responses import Response

from acr_emulator.arm.request import Anyone, ArmRequest, Readable, Right, Route
from acr_emulator.identity.rights import Rights
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import ArmError

_UNDECLARED = Right("an action that isn't declared", "/")


def check(rights: Rights, route: Route, request: ArmRequest) -> None:
    """Refuse a call that the caller has no right for; a route without a declaration to everyone."""
    if isinstance(route.needs, (Anyone, Readable)):
        return
    caller = request.caller.principal
    needed = route.needs or _UNDECLARED
    action = needed.action.format(**request.params)
    scope = needed.scope.format(**request.params)
    if route.needs is None or not rights.allow(caller.object_id, action, scope):
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client '{caller.application_id}' with object id '{caller.object_id}' does not"
            f" have authorization to perform action '{action}' over scope '{scope}' or the scope"
            " is invalid. If access was recently granted, please refresh your credentials.",
        )


def check_linked(rights: Rights, request: ArmRequest, action: str, scope: str) -> None:
    """Refuse a call that uses another resource which the caller doesn't have permission to use."""
    caller = request.caller.principal
    if not rights.allow(caller.object_id, action, scope):
        raise ArmError(
            403,
            "LinkedAuthorizationFailed",
            f"The client '{caller.application_id}' with object id '{caller.object_id}' has"
            f" permission to perform the call on scope '{request.id}'; however, it does not have"
            f" permission to perform action(s) '{action}' on the linked scope(s) '{scope}'"
            " (respectively) or the linked scope(s) are invalid.",
        )


def shown(rights: Rights, route: Route, request: ArmRequest, answer: Response) -> Response:
    """The answer, without those items of a list that the caller doesn't have permission to read."""
    caller = request.caller.principal.object_id
    if not isinstance(route.needs, Readable) or rights.is_administrator(caller):
        return answer
    content = json.loads(bytes(answer.body))
    content["value"] = [
        item
        for item in content["value"]
        if rights.allow(caller, route.needs.action.format(**item), item["id"])
    ]
    return JsonAnswer(content, answer.status_code)
