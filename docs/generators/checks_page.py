"""docs/checks.md: the table of checks, and the test that causes and mends each."""

from __future__ import annotations

from pathlib import Path

from azext_acrtransfer.preflight.rule import Rule
from azext_acrtransfer.preflight.rules import RULES
from docs.generators.example_facts import EXAMPLES

_E2E = Path(__file__).parents[2] / "tests" / "e2e"
_OWN = (_E2E / "test_check.py").read_text(encoding="utf-8")


def checks() -> str:
    """The page."""
    return "\n".join(
        [
            "# Checks",
            "",
            "<!-- made by scripts/docs from azext_acrtransfer/preflight -->",
            "",
            "What `az acr export-pipeline check` and `az acr import-pipeline check` report, in",
            "this order. A check whose subject is not there, or was not asked about, is left out.",
            "The verdict is `pass`, `fail`, `warning`, or `unknown` where you may not read what is",
            "to be judged: then the right that is missing is named. Only `fail` makes the exit",
            "code 1, and `az acr pipeline-run create --check` stop; that warns of the other two.",
            "",
            "What mends a check is the command of the first known failure that it foresees, or the",
            "one below. Not followed are conditions of roles and stored access policies: they make",
            "a warning or unknown; and, where a vault goes by access policies, the groups that an",
            "identity is in.",
            "",
            "| code | what it checks | foresees | caused and mended by |",
            "|---|---|---|---|",
            *map(_row, RULES),
            "",
            "| code | mended by |",
            "|---|---|",
            *(f"| {rule.code} | {_mend(rule)} |" for rule in RULES if not rule.foresees),
            "",
        ]
    )


def _row(rule: Rule) -> str:
    failures = ", ".join(f"[{code}](troubleshooting.md#{code})" for code in rule.foresees)
    return f"| {rule.code} | {rule.checks} | {failures} | `{module_of(rule)}` |"


def module_of(rule: Rule) -> str:
    """The module that has a test of a rule."""
    own = f'"{rule.code}"' in _OWN
    return "test_check.py" if own else "test_known_failures.py" if rule.foresees else ""


def _mend(rule: Rule) -> str:
    commands = map(EXAMPLES.fill, rule.mend)
    return "<br>".join(f"`{each}`" for each in commands) or "a new build of the image"
