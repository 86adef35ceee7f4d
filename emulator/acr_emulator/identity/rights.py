"""What principals may do: the built-in administrator everything, others what their roles allow."""

from __future__ import annotations

from acr_emulator.identity.authorization import (
    ROLES,
    Assignment,
    Role,
    assignments,
    roles_of,
)
from acr_emulator.identity.directory import Directory
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.store import Store

_OWNER = ROLES[0]
_EVERYTHING = Role("", "", actions=("*",), data_actions=("*",))


class Rights:
    """Looks up the roles that were assigned in ARM."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    def is_administrator(self, principal_id: str) -> bool:
        """Whether this is the service principal that may do anything."""
        return self._directory.is_operator(principal_id)

    def roles(self, principal_id: str, scope: str) -> list[Role]:
        """The principal's roles at this scope."""
        if self.is_administrator(principal_id):
            return [_OWNER]
        return list(roles_of(self._store, principal_id, scope))

    def allow(self, principal_id: str, action: str, scope: str) -> bool:
        """Whether the principal may do this with the resource at this scope."""
        return any(role.allows(action) for role in self.roles(principal_id, scope))

    def assignments(self) -> list[Assignment]:
        """Every role assignment, and one that has the administrator do everything everywhere."""
        administrator, _ = self._directory.operator()
        everywhere = Assignment(administrator.object_id, ResourceId(()), _EVERYTHING)
        return [everywhere, *assignments(self._store)]
