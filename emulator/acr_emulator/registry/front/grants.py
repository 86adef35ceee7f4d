"""What an identity may do in a registry: what its roles allow, the built-in administrator all."""

from dataclasses import replace

from acr_emulator.identity.authorization import allows
from acr_emulator.identity.directory import Directory
from acr_emulator.registry.front.scopes import Scope
from acr_emulator.state.store import Store

#: The action of a role, below `Microsoft.ContainerRegistry/registries`, that an action of a token
#: needs; reading the catalog (`*`) is part of pulling where roles are not given by repository.
_NEEDS = {
    "*": "pull/read",
    "metadata_read": "pull/read",
    "pull": "pull/read",
    "metadata_write": "push/write",
    "push": "push/write",
    "delete": "artifacts/delete",
}


class Rights:
    """Asks the roles that were assigned in ARM."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    def granted(self, subject: str, registry_id: str, scope: Scope) -> Scope | None:
        """What of a scope the subject may have; a name that is no principal's is the admin's."""
        if self._directory.is_operator(subject) or not self._directory.find(subject):
            return scope
        actions = tuple(
            action for action in scope.actions if self._may(subject, registry_id, action)
        )
        return replace(scope, actions=actions) if actions else None

    def _may(self, subject: str, registry_id: str, action: str) -> bool:
        needed = f"Microsoft.ContainerRegistry/registries/{_NEEDS.get(action, action)}"
        return allows(self._store, subject, needed, registry_id)
