"""What a caller may do in ARM: the built-in administrator all, others what their roles allow."""

from __future__ import annotations

from acr_emulator.arm.request import ArmRequest
from acr_emulator.identity.authorization import allows
from acr_emulator.identity.directory import Directory
from acr_emulator.state.arm_errors import ArmError
from acr_emulator.state.store import Store

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_PROVIDERS = "/providers/"


def check(store: Store, directory: Directory, request: ArmRequest) -> None:
    """Refuse a call on a resource that the caller has no role for.

    Lists of a whole subscription are open to all: Azure shows there what one may see.
    """
    scope, separator, rest = request.path.partition(_PROVIDERS)
    caller = request.caller.principal
    if (
        not separator
        or "/resourcegroups/" not in f"{scope}/".lower()
        or directory.is_operator(caller.object_id)
    ):
        return
    # A resource below another's, as a role assignment is, is the last of them.
    action = _action(request.method, rest.rpartition(_PROVIDERS)[2])
    if not allows(store, caller.object_id, action, request.path):
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client '{caller.application_id}' with object id '{caller.object_id}' does not"
            f" have authorization to perform action '{action}' over scope '{request.path}' or the"
            " scope is invalid. If access was recently granted, please refresh your credentials.",
        )


def _action(method: str, resource: str) -> str:
    """The name of what a request does, such as `Microsoft.Storage/storageAccounts/read`."""
    namespace, *segments = resource.split("/")
    verb = _VERBS.get(method) or f"{segments.pop()}/action"
    return "/".join([namespace, *segments[::2], verb])
