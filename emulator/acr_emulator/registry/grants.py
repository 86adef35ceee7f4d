"""What a client may do in a registry: the admin user all, principals what their roles allow."""

from dataclasses import dataclass, replace
from typing import Literal

from acr_emulator.identity.rights import Rights
from acr_emulator.registry.registries import TYPE
from acr_emulator.registry.scopes import CATALOG, Scope, is_repository

_PULL, _PUSH, _DELETE = f"{TYPE}/pull/read", f"{TYPE}/push/write", f"{TYPE}/artifacts/delete"
#: The action of a role that an action of a token needs, by the type of the token's scope.
_ON_REPOSITORY = {
    "pull": _PULL,
    "push": _PUSH,
    "delete": _DELETE,
    "metadata_read": _PULL,
    "metadata_write": _PUSH,
}
#: Reading the catalog is part of pulling where roles are not given by repository.
_ON_CATALOG = {action: _PULL for action in CATALOG.actions}
_ANY = "*"


#: What anybody may do where anonymous pull is switched on; that it excludes the catalog is ours.
_ANONYMOUS = ("pull", "metadata_read")


@dataclass(frozen=True)
class Subject:
    """Who holds a token: a principal of the tenant by its object id, the admin user, or nobody."""

    name: str = ""
    kind: Literal["principal", "admin", "anonymous"] = "principal"


def granted(rights: Rights, subject: Subject, registry_id: str, scope: Scope) -> Scope | None:
    """What of a requested scope the subject may have; `*` on a repository stands for everything."""
    needs = _needs(scope)

    def is_allowed(action: str) -> bool:
        if subject.kind == "principal":
            return rights.allow(subject.name, needs[action], registry_id)
        return subject.kind == "admin" or action in _ANONYMOUS

    requested = tuple(needs) if _ANY in scope.actions else scope.actions
    actions = tuple(action for action in requested if action in needs and is_allowed(action))
    return replace(scope, actions=actions) if actions else None


def _needs(scope: Scope) -> dict[str, str]:
    """The actions that a scope can have; nothing is known of other types and names."""
    if scope.type == "repository" and is_repository(scope.name):
        return _ON_REPOSITORY
    return _ON_CATALOG if (scope.type, scope.name) == (CATALOG.type, CATALOG.name) else {}
