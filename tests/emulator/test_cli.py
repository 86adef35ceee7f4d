"""`python -m acr_emulator`: what it runs, what it says, and that nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from acr_emulator.bundled.child_process import Child, StartError, end_leftover
from acr_emulator.bundled.tools import VARIABLE, ToolMissingError, tool

from tests.emulator.running import eventually

EMULATOR = [sys.executable, "-m", "acr_emulator"]
#: A command that tells its own process id, and stays.
STAY = ["sh", "-c", 'echo "$$"; exec sleep 300']

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the emulator; it is killed at the end if it is still there."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*EMULATOR, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state with a blank"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EMULATOR, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().rstrip("\n")


def everything(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.read()


def children_of(state: Path) -> list[int]:
    """The ids of the parts that run for a state directory."""
    return [int(file.read_text().split()[0]) for file in state.rglob("*.pid")]


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def all_gone(*pids: int) -> bool:
    return eventually(lambda: True if all(map(is_gone, pids)) else None)


@pytest.mark.parametrize("code", [0, 1, 42])
def test_run_ends_with_the_commands_exit_code(state: Path, code: int) -> None:
    assert run("run", "--state", state, "--", "sh", "-c", f"exit {code}").returncode == code


def test_run_passes_arguments_and_output_through(state: Path) -> None:
    result = run("run", "--state", state, "--", "printf", "%s|", "a b", "--state", "--", "$x")
    assert (result.stdout, result.stderr) == ("a b|--state|--|$x|", "")


def test_run_gives_the_command_its_environment(state: Path) -> None:
    result = run("run", "--state", state, "--", "env")
    environment = dict(entry.partition("=")[::2] for entry in result.stdout.splitlines())
    assert environment["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert environment["https_proxy"] == environment["HTTPS_PROXY"]
    assert environment["NO_PROXY"] == "127.0.0.1,localhost"
    ca_file = str(state / "tls" / "ca.pem")
    for name in (
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    ):
        assert environment[name] == ca_file
    assert environment["AZURE_CONFIG_DIR"].startswith(str(state))
    assert environment["ACR_EMULATOR_CONTROL"].endswith("/_emulator")
    assert environment["AZURE_CLIENT_SECRET"]


def test_a_command_that_is_not_there_is_named(state: Path) -> None:
    result = run("run", "--state", state, "--", "no-such-command")
    assert result.returncode == 127
    assert "no-such-command" in result.stderr


def test_run_without_a_command_is_a_usage_error() -> None:
    assert run("run").returncode == 2


def test_without_a_state_directory_nothing_stays(tmp_path: Path) -> None:
    result = run("run", "--", "sh", "-c", 'dirname "$SSL_CERT_FILE"')
    folder = Path(result.stdout.strip()).parent
    assert folder.name.startswith("acr-emulator-")
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_up_prints_what_a_shell_can_read_and_stops_on_a_signal(start: Start, state: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start("up", "--state", state)
        first = line(process.stdout)
        assert first.startswith("export HTTPS_PROXY=http://127.0.0.1:")
        parts = children_of(state)
        assert parts
        process.send_signal(number)
        assert process.wait(30) == 0
        assert f"export SSL_CERT_FILE='{state}/tls/ca.pem'" in everything(process.stdout)
        assert everything(process.stderr) == ""
        assert all_gone(*parts)
        assert children_of(state) == []


def test_a_signal_stops_the_command_and_then_the_emulator(start: Start, state: Path) -> None:
    process = start("run", "--state", state, "--", *STAY)
    command = int(line(process.stdout))
    parts = children_of(state)
    process.terminate()
    process.wait(30)
    assert process.returncode == 128 + signal.SIGTERM
    assert all_gone(command, *parts)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_killed_with_9_it_leaves_nothing_running(start: Start, state: Path) -> None:
    process = start("run", "--state", state, "--", *STAY)
    command = int(line(process.stdout))
    parts = children_of(state)
    assert parts
    process.kill()
    assert all_gone(command, *parts)
    assert run("run", "--state", state, "--", "true").returncode == 0


def test_a_state_directory_in_use_is_refused(start: Start, state: Path) -> None:
    line(start("up", "--state", state).stdout)
    result = run("run", "--state", state, "--", "true")
    assert result.returncode == 1
    assert result.stderr == f"acr_emulator: {state} is in use by another emulator.\n"


def test_two_emulators_run_side_by_side(start: Start, tmp_path: Path) -> None:
    proxies = {line(start("up", "--state", tmp_path / name).stdout) for name in ("one", "two")}
    assert len(proxies) == 2


def test_a_leftover_is_ended_and_a_stranger_with_its_id_is_not(tmp_path: Path) -> None:
    leftover = subprocess.Popen(["sleep", "300"])
    birth = Path(f"/proc/{leftover.pid}/stat").read_text().rpartition(")")[2].split()[19]
    pid_file = tmp_path / "part.pid"
    pid_file.write_text(f"{leftover.pid} 1")
    asyncio.run(end_leftover(pid_file))
    assert leftover.poll() is None
    pid_file.write_text(f"{leftover.pid} {birth}")
    asyncio.run(end_leftover(pid_file, patience=0.2))
    assert leftover.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("content", ["", "x y", "1", "999999999 5"])
def test_a_pid_file_that_says_nothing_ends_nobody(tmp_path: Path, content: str) -> None:
    pid_file = tmp_path / "part.pid"
    pid_file.write_text(content)
    asyncio.run(end_leftover(pid_file))
    asyncio.run(end_leftover(tmp_path / "none.pid"))
    assert pid_file.exists()


def test_a_part_that_ends_at_once_is_an_error_that_names_its_log(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with pytest.raises(StartError, match="ended with 3") as failure:
        asyncio.run(Child.start(["sh", "-c", "echo no; exit 3"], announces="(9)", log=log))
    assert str(log) in str(failure.value)
    assert log.read_text() == "no\n"
    assert list(tmp_path.glob("*.pid")) == []


def test_a_missing_tool_is_named_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="azurite-blob is not installed") as missing:
        tool("azurite-blob")
    assert str(tmp_path) in str(missing.value)
    program = tmp_path / "azurite-blob"
    program.touch()
    os.chmod(program, 0o755)
    assert tool("azurite-blob") == str(program)
