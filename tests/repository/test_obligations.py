"""What a row of one table needs in another; each failure says what to add, and where."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from inspect import signature
from unittest.mock import Mock

import pytest
from acr_emulator.arm.providers import provider_routes

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.preflight.rules import RULES
from docs.generators.checks_page import module_of
from tests.e2e import failed_runs, failed_triggers, preflight
from tests.faults.scenes import SCENES
from tests.repository.conftest import ROOT

FAILURES = {row.code for row in KNOWN_FAILURES}
CONTROLS = re.findall(
    r'^        Route\("/([\w-]+)"',
    (ROOT / "emulator/acr_emulator/control/controls.py").read_text(encoding="utf-8"),
    re.MULTILINE,
)
#: The known failures that a test function causes without a table.
_OWN_TESTS = {
    code
    for code in FAILURES
    if f'"{code}"' in (ROOT / "tests/e2e/test_known_failures.py").read_text(encoding="utf-8")
}


def assert_same(actual: Iterable[str], required: Iterable[str], what: str, where: str) -> None:
    missing, unknown = set(required) - set(actual), set(actual) - set(required)
    assert not missing, f"{what} without a row in {where}: {sorted(missing)}. Add one."
    assert not unknown, f"{where} has a row for no {what}: {sorted(unknown)}. Remove it."


def test_every_known_failure_is_caused_in_e2e() -> None:
    cases = {case.code for case in failed_runs.CASES} | {row[0] for row in failed_triggers.CASES}
    assert_same(
        cases | _OWN_TESTS,
        FAILURES,
        "known failure",
        "tests/e2e/failed_runs.py (of a trigger: failed_triggers.py)",
    )


def test_every_known_failure_is_predicted_by_a_check_or_says_why_not() -> None:
    assert_same(
        [*preflight.PREDICTED_BY, *preflight.NOT_PREDICTED],
        FAILURES,
        "known failure",
        "`predicts` of a rule in azext_acrtransfer/preflight, or NOT_PREDICTED of "
        "tests/e2e/preflight.py",
    )
    assert set(preflight.PREDICTED_BY) & set(preflight.NOT_PREDICTED) == set()
    assert_same(
        preflight.ONLY_WARNED_OF & FAILURES,
        preflight.ONLY_WARNED_OF,
        "known failure",
        "azext_acrtransfer/diagnostics/catalog.py",
    )


def test_every_check_is_failed_in_e2e() -> None:
    missing = [rule.code for rule in RULES if not module_of(rule)]
    assert missing == [], "add a case of each to tests/e2e/test_check.py"


def test_every_command_is_in_the_fault_injection(options: dict[str, list[list[str]]]) -> None:
    scenes = {scene.command for scene in SCENES}
    assert_same(scenes, options, "command", "SCENES of tests/faults/scenes.py")


def _arm_methods() -> dict[str, set[str]]:
    """The methods that the emulator's ARM answers, by resource type or action."""
    routes = provider_routes(**{name: Mock() for name in signature(provider_routes).parameters})
    methods = defaultdict(set)
    for route in routes:
        type_ = route.template.rpartition("/providers/")[2]
        # Clients follow the URL of an operation, and don't build it.
        followed = route.method == "GET" and type_.endswith("/{operation}")
        if type_.startswith("Microsoft.") and not followed:
            methods[re.sub(r"/\{\w+\}", "", type_)].add(route.method)
    return methods


ARM_METHODS = _arm_methods()
EMULATOR_TESTS = "".join(
    file.read_text(encoding="utf-8")
    for pattern in ("*.py", "templates_of_others/*.json", "recordings/*.json")
    for file in (ROOT / "tests/emulator").glob(pattern)
)
EMULATOR_README = (ROOT / "emulator/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("subject", ARM_METHODS)
def test_every_call_of_arm_is_documented(subject: str) -> None:
    row = f"| `{subject}` | {', '.join(sorted(ARM_METHODS[subject]))} |"
    assert row in EMULATOR_README.splitlines(), f"add to emulator/README.md: {row}"


@pytest.mark.parametrize("subject", ARM_METHODS)
def test_every_call_of_arm_is_tested(subject: str) -> None:
    called = re.search(rf'["/]{subject.rpartition("/")[2]}\b', EMULATOR_TESTS, re.IGNORECASE)
    assert called, "call it in a test of tests/emulator"


def test_every_control_of_the_emulator_is_documented() -> None:
    assert CONTROLS
    rows = re.findall(r"^\| `(?:GET|POST) /([\w-]+)` ", EMULATOR_README, re.MULTILINE)
    assert_same(rows, CONTROLS, "control", "the table of emulator/README.md")


def test_every_control_of_the_emulator_is_tested() -> None:
    untested = [name for name in CONTROLS if not re.search(rf'["/]{name}\b', EMULATOR_TESTS)]
    assert untested == [], "call each in a test of tests/emulator"
