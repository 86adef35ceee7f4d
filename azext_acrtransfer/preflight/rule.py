"""A rule of the check, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypedDict, TypeVar

from azext_acrtransfer.command_lines import Command, comment
from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.diagnostics.facts import Facts
from azext_acrtransfer.preflight.lookups import Found, Lookup, Unreadable, malformed
from azext_acrtransfer.preflight.needs import Need, all_of
from azext_acrtransfer.preflight.snapshot import Snapshot
from azext_acrtransfer.service.http import MALFORMED

T = TypeVar("T")
#: Commands that fix it, and where no command does, the text of a comment.
Recommendation = tuple[Command | str, ...]


class CheckStatus(str, Enum):
    """The status of a check; unknown means that the caller can't read the resource."""

    PASS = "pass"
    FAIL = "fail"
    WARNING = "warning"
    UNKNOWN = "unknown"


class Check(TypedDict):
    """The result of a rule as the user gets it: one item of the JSON of ``check``."""

    code: str
    status: str
    message: str
    #: Commands that fix it; a comment where no command does.
    recommendation: list[str]


@dataclass(frozen=True)
class Finding:
    """A status with its reason; without a recommendation, the rule's own applies."""

    status: CheckStatus
    message: str
    recommendation: Recommendation | None = None


def passes(message: str) -> Finding:
    """Return that the prerequisite is met."""
    return Finding(CheckStatus.PASS, message, ())


def fails(message: str, recommendation: Recommendation | None = None) -> Finding:
    """Return that a transfer will fail."""
    return Finding(CheckStatus.FAIL, message, recommendation)


def warns(message: str, recommendation: Recommendation | None = None) -> Finding:
    """Return that a transfer can fail, now or soon."""
    return Finding(CheckStatus.WARNING, message, recommendation)


def unknown(message: str) -> Finding:
    """Return that the caller can't know."""
    return Finding(CheckStatus.UNKNOWN, message, ())


def evaluate_lookup(lookup: Lookup[T], evaluate: Callable[[T], Finding | None]) -> Finding | None:
    """Evaluate a value; without one, the finding is unknown or, where nothing exists, None."""
    if isinstance(lookup, Found):
        return evaluate(lookup.value)
    return unknown(lookup.reason) if isinstance(lookup, Unreadable) else None


def _lines(recommendation: Recommendation, facts: Facts) -> list[str]:
    return [
        comment(facts.fill(item)) if isinstance(item, str) else facts.fill(item)
        for item in recommendation
    ]


@dataclass(frozen=True)
class Rule:
    """A rule: one row of the table of checks.

    It applies if everything in ``when`` and ``needs`` exists, and is unknown if something of it is
    unreadable. ``evaluate`` takes the values of ``needs``; where it returns None, the rule doesn't
    apply either.

    ``predicts`` are codes of known failures. The commands of the first one are recommended unless
    ``recommendation`` has others.
    """

    code: str
    checks: str
    needs: tuple[Need[Any], ...]
    evaluate: Callable[..., Finding | None]
    predicts: tuple[str, ...] = ()
    recommendation: Recommendation = ()
    when: tuple[Need[Any], ...] = ()

    def recommended_commands(self, facts: Facts) -> list[str]:
        """Return the recommended commands, or a comment where no command helps."""
        if self.recommendation or not self.predicts:
            return _lines(self.recommendation, facts)
        # An alternative is for another cause of the same message.
        [remedy] = [row.remedy for row in KNOWN_FAILURES if row.code == self.predicts[0]]
        return remedy.steps(facts) or [comment(remedy.advice(with_rerun=False))]

    def apply(self, snapshot: Snapshot) -> Check | None:
        """Return the check for the user, or None if it doesn't apply."""
        finding = self._finding(snapshot)
        if finding is None:
            return None
        facts = snapshot.facts
        commands = (
            self.recommended_commands(facts)
            if finding.recommendation is None
            else _lines(finding.recommendation, facts)
        )
        return {
            "code": self.code,
            "status": finding.status.value,
            "message": finding.message,
            "recommendation": commands,
        }

    def _finding(self, snapshot: Snapshot) -> Finding | None:
        try:
            values = all_of((*self.when, *self.needs), snapshot)
            conditions = len(self.when)
            return evaluate_lookup(values, lambda all_: self.evaluate(*all_[conditions:]))
        except MALFORMED as error:  # rules look into the service's own JSON
            return unknown(malformed(error).reason)
