"""A rule of the check, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypedDict, TypeVar

from azext_acrtransfer.command_lines import Command, comment
from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.diagnostics.facts import Facts
from azext_acrtransfer.preflight.lookups import Found, Lookup, Unreadable, incomplete
from azext_acrtransfer.preflight.needs import Need, all_of
from azext_acrtransfer.preflight.snapshot import Snapshot

T = TypeVar("T")


class Verdict(str, Enum):
    """The status of a check; unknown means that the caller can't read the resource."""

    PASS = "pass"
    FAIL = "fail"
    WARNING = "warning"
    UNKNOWN = "unknown"


class Check(TypedDict):
    """The result of a rule as the user gets it: one item of the JSON of ``check``."""

    code: str
    verdict: str
    found: str
    mend: str


@dataclass(frozen=True)
class Finding:
    """A verdict with its reason; without ``mend``, the recommendation is the rule's own."""

    verdict: Verdict
    message: str
    mend: tuple[Command | str, ...] | None = None


def passes(message: str) -> Finding:
    """Return that the prerequisite is met."""
    return Finding(Verdict.PASS, message, ())


def fails(message: str, *mend: Command | str) -> Finding:
    """Return that a transfer will fail."""
    return Finding(Verdict.FAIL, message, mend or None)


def warns(message: str, *mend: Command | str) -> Finding:
    """Return that a transfer can fail, now or soon."""
    return Finding(Verdict.WARNING, message, mend or None)


def unknown(message: str) -> Finding:
    """Return that the caller can't know."""
    return Finding(Verdict.UNKNOWN, message, ())


def evaluate_lookup(lookup: Lookup[T], evaluate: Callable[[T], Finding | None]) -> Finding | None:
    """Evaluate a value; without one, the finding is unknown or, where nothing exists, None."""
    if isinstance(lookup, Found):
        return evaluate(lookup.value)
    return unknown(lookup.reason) if isinstance(lookup, Unreadable) else None


@dataclass(frozen=True)
class Rule:
    """A rule: one row of the table of checks.

    It applies if everything in ``when`` and ``needs`` exists, and is unknown if something of it is
    unreadable. ``evaluate`` takes the values of ``needs``; where it returns None, the rule doesn't
    apply either.

    ``foresees`` are the codes of known failures that it predicts; the commands of the first one are
    recommended unless ``mend`` has others.
    """

    code: str
    checks: str
    needs: tuple[Need[Any], ...]
    evaluate: Callable[..., Finding | None]
    foresees: tuple[str, ...] = ()
    mend: tuple[Command | str, ...] = ()
    when: tuple[Need[Any], ...] = ()

    def mending(self, facts: Facts) -> list[str]:
        """Return the recommended commands, or a comment where no command helps."""
        if self.mend or not self.foresees:
            return list(map(facts.fill, self.mend))
        # An alternative is for another cause of the same message.
        [remedy] = [row.remedy for row in KNOWN_FAILURES if row.code == self.foresees[0]]
        return remedy.steps(facts) or [comment(remedy.advice())]

    def apply(self, snapshot: Snapshot) -> Check | None:
        """Return the check for the user, or None if it doesn't apply."""
        finding = self._finding(snapshot)
        if finding is None:
            return None
        facts = snapshot.facts
        mend = self.mending(facts) if finding.mend is None else map(facts.fill, finding.mend)
        return {
            "code": self.code,
            "verdict": finding.verdict.value,
            "found": finding.message,
            "mend": "\n".join(mend),
        }

    def _finding(self, snapshot: Snapshot) -> Finding | None:
        try:
            values = all_of((*self.when, *self.needs), snapshot)
            conditions = len(self.when)
            return evaluate_lookup(values, lambda all_: self.evaluate(*all_[conditions:]))
        except LookupError as error:  # rules look into the service's own JSON
            return unknown(incomplete(error).reason)
