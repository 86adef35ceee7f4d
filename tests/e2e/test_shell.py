"""`make shell`: one line or a shell with a logged-in az, and nothing that stays."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import eventually
from tests.support.terminal import ROOT, run

_LINES = 5
_LONGEST = 90


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of a user whose bash puts another az first on the PATH."""
    home = tmp_path_factory.mktemp("home of a user")
    other = home / "bin"
    other.mkdir()
    (other / "az").write_text("#!/bin/sh\nexit 99\n")
    (other / "az").chmod(0o755)
    (home / ".bashrc").write_text(f"PATH='{other}':$PATH\n")
    return {
        "HOME": str(home),
        "PATH": f"{other}:{os.environ['PATH']}",
        "SHELL": "/bin/bash",
        "STATE": str(home / "state"),
        "AZURE_DEFAULTS_GROUP": "that-of-the-user",
    }


@pytest.fixture(autouse=True)
def nothing_stays(environment: dict[str, str]) -> Iterator[None]:
    """After each test, no process works on the state any more."""
    yield
    eventually(lambda: True if processes(environment["STATE"]) == [] else None)


def processes(state: str) -> list[str]:
    """Command lines that have the state directory in them."""
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return [line for line in lines if state in line]


def make_shell(environment: dict[str, str], line: str) -> tuple[int, str, str]:
    result = run(
        environment, "make", "-C", str(ROOT), "--no-print-directory", "shell", f"CMD={line}"
    )
    return result.exit_code, result.stdout, result.stderr


def test_a_line_runs_with_a_logged_in_az_and_the_extension(environment: dict[str, str]) -> None:
    line = "az acr export-pipeline list -r contososource -o table"
    exit_code, stdout, _ = make_shell(environment, line)
    rows = [row.split() for row in stdout.splitlines()]
    assert (exit_code, rows[0], rows[2:]) == (
        0,
        ["Name", "Container", "Access", "Identity", "Options", "State"],
        [
            [
                "exporter",
                "contososource/transfer",
                "ManagedIdentity",
                "systemAssigned",
                "OverwriteBlobs",
                "Succeeded",
            ]
        ],
    )


def test_a_line_reaches_bash_as_it_was_typed(environment: dict[str, str]) -> None:
    line = """printf '%s|' "$HOME" 'a  b' $((6 * 7)) "$(command -v az)"; printenv MAKEFLAGS"""
    exit_code, stdout, _ = make_shell(environment, f"{line} || true")
    assert (exit_code, stdout) == (
        0,
        f"{environment['HOME']}|a  b|42|{environment['STATE']}/shell/bin/az|",
    )


def test_the_exit_code_is_that_of_the_line(environment: dict[str, str]) -> None:
    line = "az acr export-pipeline show -r contososource -n missing01"
    shell = run(environment, str(ROOT / "scripts/shell"), line)
    assert (shell.exit_code, shell.stdout) == (3, "")
    exit_code, _, stderr = make_shell(environment, "exit 42")
    assert (exit_code, stderr.splitlines()[-1].partition("] ")[2]) == (2, "Error 42")


def test_the_printed_lines_run(environment: dict[str, str], tmp_path: Path) -> None:
    shell = subprocess.Popen(
        [str(ROOT / "scripts/shell")],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert shell.stdin is not None
    assert shell.stdout is not None
    printed: list[str] = []
    while len(printed) < _LINES:
        if (line := shell.stdout.readline()).startswith("az "):
            printed.append(line)
    output, _ = shell.communicate("set -e\n" + "".join(printed), timeout=_LONGEST)
    rows = [row.split() for row in output.splitlines()]
    assert (shell.returncode, rows[-4:]) == (0, [["Result"], ["--------"], ["1.0"], ["1.1"]])
    finished = [(row[0], row[4]) for row in rows if row and row[0] in ("export01", "import01")]
    assert finished == [("export01", "Succeeded"), ("import01", "Succeeded")]


class Pty:
    """`make shell` on a separate terminal."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._terminal, end = pty.openpty()
        self._process = subprocess.Popen(
            ["make", "shell"],
            env=environment,
            cwd=ROOT,
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(end)
        self._output = ""

    def expect(self, text: str) -> None:
        """Read until this is shown."""
        while text not in self._output:
            self._output += os.read(self._terminal, 4096).decode(errors="replace")
        self._output = self._output.partition(text)[2]

    def type(self, text: str) -> None:
        """Type this."""
        os.write(self._terminal, text.encode())

    def exit_code(self) -> int:
        """Wait for the end."""
        try:
            while os.read(self._terminal, 4096):
                pass
        except OSError:  # nobody has the other end any more
            pass
        finally:
            os.close(self._terminal)
        return self._process.wait(_LONGEST)


def test_ctrl_c_in_the_shell_ends_a_command_only(environment: dict[str, str]) -> None:
    terminal = Pty(environment)
    terminal.expect("(emulator) ")
    terminal.type("command -v az\n")
    terminal.expect(f"{environment['STATE']}/shell/bin/az\r\n")
    # Printed by the process that Ctrl-C ends: a shell could print it before it starts the process.
    terminal.type("sh -c 'echo started; exec sleep 300'\n")
    terminal.expect("\nstarted\r\n")
    terminal.type("\x03")
    terminal.expect("(emulator) ")
    terminal.type("curl --silent $ACR_EMULATOR_CONTROL/health\n")
    terminal.expect('"distribution":"running"')
    terminal.expect("(emulator) ")
    terminal.type("false\nexit\n")
    assert terminal.exit_code() == 0


def test_ctrl_c_before_the_shell_ends_everything(
    environment: dict[str, str], tmp_path: Path
) -> None:
    state = tmp_path / "new state"
    terminal = Pty(environment | {"STATE": str(state)})
    eventually(lambda: True if (state / "shell/bin/az").exists() else None)
    terminal.type("\x03")
    # make ends with 2 if its recipe ended before it noticed the signal itself.
    assert terminal.exit_code() in (-signal.SIGINT, 2)
    eventually(lambda: True if processes(str(state)) == [] else None)
