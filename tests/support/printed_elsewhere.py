"""Printed command lines that `tests/e2e/test_printed_commands.py` does not type, and why.

All others it types, whatever page they are on: what is new on a page needs no entry here.
"""

from __future__ import annotations

from docs.generators.example_facts import EXAMPLES
from tests.e2e.failed_runs import CASES, TYPED
from tests.e2e.failing import ROWS
from tests.support.printed import Command, pages, words_of

_ROW = "{:<24} {:>6} {:>8} {:>5} {:>7} {:>8}"
_SUBSCRIPTION = "needs an Azure subscription; test_live.py runs the same flow in the emulator"
_LONG = "takes minutes to hours"
_CASSETTES = "writes the cassettes of the checkout anew, in minutes"
_SUITES = "consists of suites of `make test`"
_AZ = "downloads and installs azure-cli, in minutes; tried manually with this version"
_MUTANTS = "reads what `make mutants` left behind after forty minutes"

#: By the command line, without its comment.
LEFT_OUT = {
    "make setup": "installs for minutes; `make test` and every suite begin with it",
    "make test": "runs this very suite",
    "make bench": _LONG,
    "make bench ROW=clean": _LONG,
    "make test-unit": _SUITES,
    "make test-fast": _SUITES,
    "make faults": _LONG,
    "make fuzz": _LONG,
    "make az-lines": _LONG,
    "make test-live": _SUBSCRIPTION,
    "make test-live RESOURCE_PREFIX=contoso01 LOCATION=westus2 YES=1": _SUBSCRIPTION,
    "make mutants": _LONG,
    "make mutants-emulator": _LONG,
    "pipx install ./emulator": "needs pipx; test_installed_emulator.py installs it by pip",
    "python3 -m pip download azure-cli==2.91.0 --dest wheelhouse": _AZ,
    "python3 -m venv az": _AZ,
    "az/bin/python -m pip install --no-index --find-links wheelhouse azure-cli==2.91.0": _AZ,
    "make record": _CASSETTES,
    ".venv/dev/bin/python -m pytest tests/recorded --record -k delete": _CASSETTES,
    "cd build/mutants": _MUTANTS,
    "../../.venv/dev/bin/python -m mutmut results": _MUTANTS,
    "../../.venv/dev/bin/python -m mutmut show NAME": _MUTANTS,
}


def _typed_by_known_failures() -> set[str]:
    """What the module types: of alternatives what a case says, of all other rows everything.

    Which failures have no case, and that these are caused and fixed too, is tested there.
    """
    typed = [command for case in CASES for command in TYPED[case.typed](_commands(case.code))]
    for code in ROWS.keys() - {case.code for case in CASES}:
        typed += _commands(code)
    return {words_of(command) for command in typed}


def _commands(code: str) -> list[str]:
    remedy = ROWS[code].remedy
    return [*remedy.steps(EXAMPLES), *remedy.alternative_steps(EXAMPLES)]


_LISTING = "az acr export-pipeline list -r contososource -o table"
#: By the test module, command lines that it types, and how its source spells them.
SPELLED = {
    "tests/e2e/test_shell.py": {
        "make shell": '["make", "shell"]',
        f"make shell CMD='{_LISTING}'": _LISTING,
    },
    "tests/demo/test_run.py": {"make demo": '["make", "demo"]'},
}
#: By the test module, the command lines that it types, some with other names filled in.
COVERED = {
    "tests/e2e/test_known_failures.py": _typed_by_known_failures(),
    **{module: set(spellings) for module, spellings in SPELLED.items()},
}


def is_typed(command: Command) -> bool:
    """Whether `tests/e2e/test_printed_commands.py` types it."""
    return command.words not in LEFT_OUT and not covering(command)


def covering(command: Command) -> str:
    """The module that types it otherwise, if one does."""
    return next((module for module, typed in COVERED.items() if command.words in typed), "")


def table() -> str:
    """How many blocks and command lines each page prints, and what becomes of them."""
    lines = [_ROW.format("page", "blocks", "commands", "typed", "covered", "left out")]
    total = [0] * 5
    for page in filter(lambda page: page.blocks, pages()):
        typed = sum(map(is_typed, page.commands))
        covered = sum(map(bool, map(covering, page.commands)))
        count = len(page.commands)
        row = [len(page.blocks), count, typed, covered, count - typed - covered]
        lines.append(_ROW.format(page.name, *row))
        total = [before + more for before, more in zip(total, row, strict=True)]
    lines.append(_ROW.format("all", *total))
    for reason in dict.fromkeys(LEFT_OUT.values()):
        left_out = [words for words, why in LEFT_OUT.items() if why == reason]
        lines += ["", f"Left out: {reason}", *(f"  {words}" for words in left_out)]
    return "\n".join([*lines, ""])
