"""`acr-emulator up` and `run`: their options, output and exit codes; nothing is left behind."""

import asyncio
import json
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO

import httpx
import pytest
from acr_emulator.bundled.child_process import Child, StartError, end_leftover
from acr_emulator.bundled.tools import DISTRIBUTION, path_of
from acr_emulator.network.ports import PortError, listen

from tests.support.cloud import eventually

EMULATOR = [sys.executable, "-m", "acr_emulator"]
#: A command that tells its own process id, and stays.
STAY = ["sh", "-c", 'echo "$$"; exec sleep 300']

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the emulator; it is killed at the end if it is still there."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str | int | Path) -> subprocess.Popen[str]:
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


@pytest.fixture(scope="module")
def _stopped_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("stopped") / "state"
    assert run("run", "--state", state, "--", "true").returncode == 0
    return state


@pytest.fixture
def used_state(_stopped_state: Path, state: Path) -> Path:
    """A state directory, as an emulator that was started and stopped left it."""
    shutil.copytree(_stopped_state, state)
    return state


def run(*arguments: str | int | Path) -> subprocess.CompletedProcess[str]:
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


def test_variables_of_other_registry_tools_are_for_the_command_only(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_AUTH_FILE", "/auth.json")
    result = run("run", "--state", state, "--", "printenv", "REGISTRY_AUTH_FILE")
    assert (result.returncode, result.stdout, result.stderr) == (0, "/auth.json\n", "")


def test_a_command_that_does_not_exist_is_named(state: Path) -> None:
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
    assert result.stderr == f"acr-emulator: {state} is in use by another emulator.\n"


def test_two_emulators_run_side_by_side(start: Start, tmp_path: Path) -> None:
    proxies = {line(start("up", "--state", tmp_path / name).stdout) for name in ("one", "two")}
    assert len(proxies) == 2


def exported(process: subprocess.Popen[str]) -> dict[str, str]:
    """The environment that `up` prints."""
    assert process.stdout is not None
    environment: dict[str, str] = {}
    while "ACR_EMULATOR_CONTROL" not in environment:
        name, _, value = shlex.split(line(process.stdout))[1].partition("=")
        environment[name] = value
    return environment


def stopped(process: subprocess.Popen[str]) -> str:
    """Stop an emulator; what it wrote to stderr."""
    process.terminate()
    assert process.wait(30) == 0
    return everything(process.stderr)


def free_ports() -> tuple[str | int, ...]:
    """Options with free ports, which the system gives to no connection: those begin at 32768."""
    return "--port", _free_port(), "--control-port", _free_port()


def _free_port() -> int:
    while True:
        port = random.randrange(20_000, 30_000)
        with suppress(PortError), listen(port):
            return port


def test_ports_stay_the_same_for_one_state_directory(start: Start, state: Path) -> None:
    environments = []
    for ports in (free_ports(), ()):
        process = start("up", "--state", state, *ports)
        environments.append(exported(process))
        assert stopped(process) == ""
    assert environments[0] == environments[1]


def test_a_port_that_is_taken_meanwhile_is_replaced(start: Start, state: Path) -> None:
    process = start("up", "--state", state, *free_ports())
    before = exported(process)
    stopped(process)
    port = int(before["HTTPS_PROXY"].rpartition(":")[2])
    with listen(port):
        process = start("up", "--state", state)
        after = exported(process)
        new = after["HTTPS_PROXY"].rpartition(":")[2]
        message = f"acr-emulator: Port {port} is already in use. The proxy listens on port {new}."
        assert stopped(process) == f"{message}\n"
    assert after["ACR_EMULATOR_CONTROL"] == before["ACR_EMULATOR_CONTROL"]


def test_requested_ports_are_used(start: Start, state: Path) -> None:
    _, port, _, control_port = ports = free_ports()
    environment = exported(start("up", "--state", state, *ports))
    assert environment["HTTPS_PROXY"] == f"http://127.0.0.1:{port}"
    login, _, address = environment["ACR_EMULATOR_CONTROL"].rpartition("@")
    assert re.fullmatch(r"http://acr-emulator:[\w-]{43}", login)
    assert address == f"127.0.0.1:{control_port}/_emulator"


@pytest.mark.parametrize("option", ["--port", "--control-port"])
def test_a_requested_port_that_is_taken_is_an_error(state: Path, option: str) -> None:
    with listen() as listener:
        port = listener.getsockname()[1]
        result = run("run", "--state", state, option, port, "--", "true")
    assert (result.returncode, result.stderr) == (
        1,
        f"acr-emulator: Port {port} is already in use.\n",
    )
    assert children_of(state) == []


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", ""])
def test_a_port_that_is_no_port_is_a_usage_error(port: str) -> None:
    result = run("up", f"--port={port}")
    assert result.returncode == 2
    assert f"argument --port: invalid port number value: '{port}'" in result.stderr


def test_health_reports_version_and_services(start: Start, state: Path) -> None:
    control = exported(start("up", "--state", state))["ACR_EMULATOR_CONTROL"]
    answer = httpx.get(f"{control}/health", trust_env=False)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "version": version("acr-emulator"),
            "cloud": "AzureCloud",
            "services": {"distribution": "running", "azurite": {}},
        },
    )


def test_version_is_that_of_the_package() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"acr-emulator {version('acr-emulator')}\n")


def test_the_env_file_is_read_by_a_shell_and_exists_while_ready(
    start: Start, state: Path, tmp_path: Path
) -> None:
    file = tmp_path / "emulator.env"
    file.write_text("ACR_EMULATOR_CONTROL=of one that was killed\n")
    process = start("up", "--state", state, "--env-file", file)
    printed = exported(process)
    script = f'set -a; . {file}; exec "{sys.executable}" -c "import json, os; '
    script += 'print(json.dumps(dict(os.environ)))"'
    read = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
    assert printed.items() <= json.loads(read.stdout).items()
    assert [text.partition("=")[0] for text in file.read_text().splitlines()] == list(printed)
    assert file.stat().st_mode & 0o077 == 0
    stopped(process)
    assert list(tmp_path.iterdir()) == [state]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("own.env", "already exists and isn't an emulator's env file"),
        ("none/emulator.env", "can't be written: its folder doesn't exist"),
    ],
)
def test_an_env_file_that_cannot_be_written_is_an_error(
    state: Path, tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "own.env").write_text("OWN=1\n")
    result = run("run", "--state", state, "--env-file", tmp_path / name, "--", "true")
    assert (result.returncode, result.stderr) == (1, f"acr-emulator: {tmp_path / name} {reason}.\n")
    assert (tmp_path / "own.env").read_text() == "OWN=1\n"
    assert not state.exists()


def test_a_log_is_appended_to_and_names_ports_and_processes(state: Path, tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    for _ in range(2):
        assert run("run", "--state", state, "--log", log, "--", "true").stderr == ""
    lines = [text.split(" ", 3) for text in log.read_text().splitlines()]
    starts = 2 * [path_of(DISTRIBUTION), "Ready:", "Stopped"]
    assert [level for _, _, level, _ in lines] == 6 * ["INFO"]
    assert [text[: len(start)] for (*_, text), start in zip(lines, starts, strict=True)] == starts


def test_connections_open_at_the_end_are_not_logged() -> None:
    program = (
        "import logging; from acr_emulator.logs import configure; configure(None, verbose=False);"
        "log = logging.getLogger('uvicorn.error').error;"
        "log('Cancel %s running task(s), timeout graceful shutdown exceeded', 0); log('Broken')"
    )
    logged = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (logged.returncode, logged.stderr) == (0, "acr-emulator: Broken\n")


def test_a_log_that_cannot_be_written_is_an_error(state: Path, tmp_path: Path) -> None:
    result = run("run", "--state", state, "--log", tmp_path, "--", "true")
    assert (result.returncode, result.stderr) == (
        1,
        f"acr-emulator: The log file {tmp_path} can't be written: Is a directory.\n",
    )


_NEW_AUTHORITY = "the next start makes a new authority, which clients have to trust"


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("tls/ca.key", b"", f"Delete {{}}/tls/ca.key: {_NEW_AUTHORITY}."),
        ("tls/ca.pem", b"-----BEGIN CERT", f"Delete {{}}/tls/ca.key: {_NEW_AUTHORITY}."),
        (
            "tls/tokens.key",
            b"-----BEGIN PRIVATE KEY-----\nMIIE",
            "Delete it: the next start makes a new key, and clients log in again.",
        ),
    ],
)
def test_a_damaged_key_is_an_error_that_says_what_to_do(
    used_state: Path, name: str, content: bytes, advice: str
) -> None:
    state = used_state
    (state / name).write_bytes(content)
    result = run("run", "--state", state, "--", "true")
    message = f"acr-emulator: {state / name} is damaged. {advice.format(state)}\n"
    assert (result.returncode, result.stderr) == (1, message)
    (state / "tls" / ("tokens.key" if "tokens" in name else "ca.key")).unlink()
    assert run("run", "--state", state, "--", "true").returncode == 0


def test_an_authority_and_the_key_of_another_are_an_error(used_state: Path) -> None:
    state = used_state
    other = state.with_name("other")
    assert run("run", "--state", other, "--", "true").returncode == 0
    (other / "tls/ca.pem").replace(state / "tls/ca.pem")
    result = run("run", "--state", state, "--", "true")
    advice = f"Delete {state}/tls/ca.key: {_NEW_AUTHORITY}."
    message = f"acr-emulator: {state}/tls/ca.pem is damaged. {advice}\n"
    assert (result.returncode, result.stderr) == (1, message)


@pytest.mark.parametrize(
    ("kept", "reason"),
    [(2048, "database disk image is malformed"), (0, "file is not a database")],
)
def test_a_damaged_store_is_an_error_that_says_what_to_do(
    used_state: Path, kept: int, reason: str
) -> None:
    state = used_state
    store = state / "state.db"
    store.write_bytes(store.read_bytes()[:kept].ljust(8192, b"x"))
    result = run("run", "--state", state, "--", "true")
    advice = f"Put a copy of it back, or delete {state} and with it all that the emulator keeps"
    message = f"acr-emulator: {store} is damaged ({reason}). {advice} there.\n"
    assert (result.returncode, result.stderr) == (1, message)


@pytest.mark.parametrize("name", ["state.db", "tls/ca.key", "tls/tokens.key"])
def test_a_folder_instead_of_a_file_is_an_error(state: Path, name: str) -> None:
    (state / name).mkdir(parents=True)
    result = run("run", "--state", state, "--", "true")
    reason = {
        "state.db": "can't be used: unable to open database file",
    }.get(name, "can't be read: Is a directory")
    message = f"acr-emulator: {state / name} {reason}.\n"
    assert (result.returncode, result.stderr) == (1, message)


def test_verbose_without_a_log_file_logs_to_stderr(state: Path) -> None:
    request = 'curl --silent --output /dev/null "https://management.azure.com/x?secret=1" || true'
    result = run("run", "-v", "--state", state, "--", "sh", "-c", request)
    assert result.returncode == 0
    assert "acr-emulator: CONNECT management.azure.com\n" in result.stderr
    assert "acr-emulator: GET management.azure.com/x: 401\n" in result.stderr
    assert "secret" not in result.stderr


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
