"""Every command and option of the extension is in a test of each suite that runs `az` lines."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.repository.command_lines import command_lines

ROOT = Path(__file__).resolve().parents[2]
#: Where the suites have parts of their lines, besides their own folders.
#: Options with which no request is sent, which a recording could answer.
WITHOUT_REQUESTS = {"acr pipeline-run verify --blobs"}
SHARED = (ROOT / "tests/support/site.py",)


@pytest.mark.parametrize("suite", ["e2e", "recorded"])
def test_every_command_and_option_is_named(options: dict[str, list[list[str]]], suite: str) -> None:
    assert ["--registry", "-r"] in options["acr pipeline-run clean"]
    named: dict[str, set[str]] = defaultdict(set)
    for line in command_lines(ROOT / "tests" / suite, *SHARED):
        named[line.name] |= line.options
    missing = {
        f"{command} {spellings[0]}"
        for command, every in options.items()
        for spellings in every
        if not named[command] & set(spellings)
    }
    if suite == "recorded":
        missing -= WITHOUT_REQUESTS
    assert sorted(missing) == [], f"type each in a test of tests/{suite}"


def test_a_line_is_followed_into_what_it_is_put_together_from(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        'WHERE = "-g mygroup"\n'
        "def create(kind, more):\n"
        '    return f"acr {kind}-pipeline create {WHERE} {more}"\n'
        "def test_it(az, kind, verb):\n"
        '    az(create(kind, "--name mine") + " --no-wait")\n'
        '    az(f"acr pipeline-run {verb} --top 3")\n'
    )
    lines = list(command_lines(tmp_path))
    named: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        named[line.name] |= line.options
    every = {"-g", "--name", "--no-wait"}
    assert named == {"acr export-pipeline create": every, "acr import-pipeline create": every}
