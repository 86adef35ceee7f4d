"""The `systemData` of a resource: who made and who last changed it, and when."""

from typing import Any

from acr_emulator.arm.request import ArmRequest
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.store import Resource


def system_data(
    request: ArmRequest, clock: Clock, previous: Resource | None = None, *, zone: str = "+00:00"
) -> dict[str, Any]:
    """What a PUT by this caller makes of it now; creation is kept from `previous`."""
    principal = request.caller.principal
    kind = "Application" if principal.application_id else "User"
    name = principal.application_id or principal.name
    now = timestamp(clock.now(), zone=zone)
    created = {"createdBy": name, "createdByType": kind, "createdAt": now}
    if previous:
        created = {key: previous["systemData"][key] for key in created}
    changed = {"lastModifiedBy": name, "lastModifiedByType": kind, "lastModifiedAt": now}
    return created | changed
