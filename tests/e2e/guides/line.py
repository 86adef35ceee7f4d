"""What a guide test is made of: the command lines of a guide, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One command line: what the guide prints, and how it is typed here.

    `name` is unique in its guide. `filled` says which of the guide's words stand for a name or a
    date of the reader's own, and which shell variable they become. With a `stand_in`, that is typed
    instead, for the `reason` given.
    """

    name: str
    section: str
    printed: str
    filled: Mapping[str, str] | None = None
    stand_in: str = ""
    reason: str = ""

    @property
    def typed(self) -> str:
        """What goes into the shell."""
        typed = self.stand_in or self.printed
        for placeholder, variable in (self.filled or {}).items():
            typed = typed.replace(placeholder, variable)
        return typed


@dataclass(frozen=True)
class Guide:
    """A public guide and all its command lines."""

    name: str
    title: str
    lines: tuple[Line, ...]
