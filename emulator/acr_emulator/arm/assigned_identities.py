"""The managed identities that a request gives to a resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acr_emulator.arm.caller_rights import check_linked
from acr_emulator.arm.request import ArmRequest
from acr_emulator.identity.rights import Rights
from acr_emulator.runs.pipeline_identity import IDENTITY, PipelineIdentities
from acr_emulator.state.store import Resource


@dataclass(frozen=True, kw_only=True)
class AssignedIdentities:
    """Assigns and releases the identities of resources for a caller."""

    identities: PipelineIdentities
    rights: Rights

    def assign(self, request: ArmRequest, name: str, previous: Mapping[str, Any]) -> dict[str, Any]:
        """What a PUT makes of the identity. Whoever gives an identity can use its rights."""
        requested = request.body.get("identity") or {}
        for identity_id in requested.get("userAssignedIdentities") or {}:
            check_linked(self.rights, request, f"{IDENTITY}/assign/action", identity_id)
        return self.identities.assign(name, requested, previous)

    def applied(self, request: ArmRequest, resource: Resource) -> Resource:
        """A resource that can do without an identity; a body that doesn't name it keeps it.

        Other providers than those of pipelines begin the types with a capital letter.
        """
        kept = dict(resource)
        identity = kept.pop("identity", {})
        if request.body.get("identity"):
            identity = self.assign(request, resource["name"], identity)
        if not identity:
            return kept
        types = identity["type"].split(", ")
        spelled = ", ".join(word[0].upper() + word[1:] for word in types)
        return {**kept, "identity": {**identity, "type": spelled}}

    def release(self, resource: Mapping[str, Any]) -> None:
        """Remove the system identity of a resource that is deleted."""
        self.identities.release(resource.get("identity", {}))
