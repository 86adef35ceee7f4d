"""What a registry token allows: `type:name:actions` scopes, as in the Docker token protocol."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypedDict

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")


class AccessEntry(TypedDict):
    """One entry of a token's `access` claim."""

    type: str
    name: str
    actions: list[str]


@dataclass(frozen=True)
class Scope:
    """Actions on one thing of a registry: a repository, or its catalog."""

    type: str
    name: str
    actions: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Read `repository:team/app:pull,push`; raises ValueError."""
        type_, _, rest = text.partition(":")
        name, _, actions = rest.rpartition(":")
        if not (type_ and name and actions):
            raise ValueError(f"invalid scope '{text}'")
        return cls(type_, name, tuple(actions.split(",")))

    def __str__(self) -> str:
        return f"{self.type}:{self.name}:{','.join(self.actions)}"

    def entry(self) -> AccessEntry:
        """Write it as a token's `access` claim has it."""
        return {"type": self.type, "name": self.name, "actions": list(self.actions)}

    @property
    def to_request(self) -> "Scope":
        """The scope that a challenge names: a client that pushes also looks for what exists."""
        return replace(self, actions=("pull", "push")) if self.actions == ("push",) else self

    def is_within(self, granted: Iterable[AccessEntry]) -> bool:
        """Tell whether one of this scope's actions is granted."""
        return any(
            entry["type"] == self.type
            and entry["name"] == self.name
            and not set(self.actions).isdisjoint(entry["actions"])
            for entry in granted
        )


CATALOG = Scope("registry", "catalog", ("*",))


def is_repository(name: str) -> bool:
    """Whether a text is the name of a repository, as the OCI distribution specification has it."""
    return bool(_REPOSITORY.fullmatch(name))


def on_repository(repository: str, *actions: str) -> Scope:
    """Ask for any one of the actions on a repository."""
    return Scope("repository", repository, actions)


def on_its_repository(*actions: str) -> Scope:
    """Ask for any one of the actions on the repository that a route's path names."""
    return on_repository("{repository}", *actions)
