"""A rule of the check, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypedDict

from azext_acrtransfer.command_lines import Command, comment
from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.diagnostics.facts import Facts
from azext_acrtransfer.preflight.lookups import NotApplicableError, UnreadableError
from azext_acrtransfer.preflight.snapshot import Snapshot


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


@dataclass(frozen=True)
class Rule:
    """A rule: one row of the table of checks.

    ``foresees`` are the codes of known failures that it predicts; the commands of the first one are
    recommended unless ``mend`` has others. A judge that returns None doesn't apply.
    """

    code: str
    checks: str
    judge: Callable[[Snapshot], Finding | None]
    foresees: tuple[str, ...] = ()
    mend: tuple[Command | str, ...] = ()

    def mending(self, facts: Facts) -> list[str]:
        """Return the recommended commands, or a comment where no command helps."""
        if self.mend or not self.foresees:
            return list(map(facts.fill, self.mend))
        # An alternative is for another cause of the same message.
        [remedy] = [row.remedy for row in KNOWN_FAILURES if row.code == self.foresees[0]]
        return remedy.steps(facts) or [comment(remedy.advice())]

    def apply(self, snapshot: Snapshot) -> Check | None:
        """Return the check for the user, or None if it doesn't apply."""
        try:
            finding = self.judge(snapshot)
        except NotApplicableError:
            return None
        except UnreadableError as error:
            finding = Finding(Verdict.UNKNOWN, str(error), ())
        except LookupError as error:  # rules look into the service's own JSON
            finding = Finding(Verdict.UNKNOWN, f"The answer lacks {error}.", ())
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
