"""docs/reference/checks.md: the table of checks, and the test of each."""

from __future__ import annotations

from pathlib import Path

from azext_acrtransfer.preflight.rule import CheckStatus, Rule
from azext_acrtransfer.preflight.rules import RULES
from docs.generators.example_facts import EXAMPLES

_E2E = Path(__file__).parents[2] / "tests" / "e2e"
_PROPERTIES = (
    ("code", "string", "One of the codes below."),
    ("status", "string", ", ".join(f"`{status.value}`" for status in CheckStatus)),
    (
        "message",
        "string",
        "The actual value or state. If the status is `unknown`: the missing permission.",
    ),
    (
        "recommendation",
        "list of strings",
        "Commands for your shell that fix it; a comment where no command does. Empty if the "
        "check passes.",
    ),
)
_OWN = (_E2E / "test_check.py").read_text(encoding="utf-8")


def checks() -> str:
    """The page."""
    return "\n".join(
        [
            "# Checks",
            "",
            "<!-- made by scripts/docs from azext_acrtransfer/preflight -->",
            "",
            "`az acr export-pipeline check` and `az acr import-pipeline check` return a list of",
            "these checks, in this order. A check that doesn't apply is left out.",
            "",
            "| property | type | content |",
            "|---|---|---|",
            *(f"| `{name}` | {type_} | {text} |" for name, type_, text in _PROPERTIES),
            "",
            "| exit code | meaning |",
            "|---|---|",
            "| 0 | No check failed. |",
            "| 1 | A check failed; with `--strict` also: a check is unknown. |",
            "| 2 | The command line is wrong. |",
            "| 4 | The pipeline or your permission to run it is unknown; or an error. |",
            "",
            "`az acr pipeline-run create --check` stops if a check fails, and logs the messages of",
            "warnings and unknown checks.",
            "",
            "The recommendation is that of the first known failure that a check predicts, or the",
            "one below. Conditions of roles, stored access policies, and groups in the access",
            "policies of a vault aren't evaluated: they make a warning or unknown.",
            "",
            "| code | prerequisite | predicts | tested by |",
            "|---|---|---|---|",
            *map(_row, RULES),
            "",
            "| code | recommendation |",
            "|---|---|",
            *(f"| {rule.code} | {_recommendation(rule)} |" for rule in RULES if not rule.predicts),
            "",
        ]
    )


def _row(rule: Rule) -> str:
    failures = ", ".join(f"[{code}](known-failures.md#{code})" for code in rule.predicts)
    return f"| {rule.code} | {rule.checks} | {failures} | `{module_of(rule)}` |"


def module_of(rule: Rule) -> str:
    """The module that has a test of a rule."""
    own = f'"{rule.code}"' in _OWN
    return "test_check.py" if own else "test_known_failures.py" if rule.predicts else ""


def _recommendation(rule: Rule) -> str:
    commands = map(EXAMPLES.fill, rule.recommendation)
    return "<br>".join(f"`{command}`" for command in commands) or "none: build the image again"
