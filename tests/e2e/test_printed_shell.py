"""The shell that the pages' command lines are typed into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.printed_shell import Shell, ShellError


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "folder"
    folder.mkdir()
    with Shell({"PATH": os.environ["PATH"]}, folder) as shell:
        yield shell


def test_variables_and_folder_carry_over(shell: Shell) -> None:
    assert shell.type("NAME='a value'   # a comment") == ""
    shell.type("mkdir inner && cd inner")
    assert shell.type('echo "$NAME" "${PWD##*/}"; cat') == "a value inner\n"


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("echo before; (exit 3)", 3),
        ("echo before; for word in false true; do $word; done", 1),
        ("echo before; false | cat", 1),
        ("echo before; exit 0", 0),
    ],
)
def test_a_failure_is_reported_with_the_output(shell: Shell, command: str, exit_code: int) -> None:
    with pytest.raises(ShellError, match=rf"\Aexit code {exit_code}\nbefore\n\Z"):
        shell.type(command)
