"""A command line that a person types around a transfer, and its expected outcome."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["works", "refused", "not imitated"]
OUTCOMES: tuple[Outcome, ...] = ("works", "refused", "not imitated")


@dataclass(frozen=True)
class Line:
    """One command line of az, without the word `az`.

    `$name` stands for a value of the section's surroundings or of an earlier line, in all fields.
    """

    typed: str
    outcome: Outcome
    #: JMESPath expressions, and what each finds in the JSON output.
    returns: Mapping[str, Any] = field(default_factory=dict)
    #: A regular expression that matches all of an output that isn't JSON.
    prints: str = ""
    #: A regular expression that is found in the error.
    error: str = ""
    #: Names for values of the output, as JMESPath expressions, for later lines.
    keep: Mapping[str, str] = field(default_factory=dict)
    #: The options that matter, if the same command works without them.
    option: str = ""

    @property
    def command(self) -> str:
        """The command without its arguments."""
        words = itertools.takewhile(lambda word: not word.startswith("-"), self.typed.split())
        return " ".join([*words, *self.option.split()])


@dataclass(frozen=True)
class Section:
    """Lines that are typed one after the other, in surroundings that no other section has."""

    name: str
    lines: tuple[Line, ...]


def works(
    typed: str,
    returns: Mapping[str, Any] | None = None,
    *,
    prints: str = "",
    keep: Mapping[str, str] | None = None,
) -> Line:
    """A line with exit code 0. If nothing is expected of its output, the output is empty."""
    return Line(typed, "works", returns or {}, prints=prints, keep=keep or {})


def refused(typed: str, error: str) -> Line:
    """A line that Azure refuses, too."""
    return Line(typed, "refused", error=error)


def not_imitated(typed: str, option: str = "") -> Line:
    """A line for a service or feature that Azure has and the emulator doesn't imitate."""
    return Line(typed, "not imitated", error="NotImplemented|[Tt]he emulator ", option=option)
