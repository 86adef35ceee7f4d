"""A command that the fork server starts is one that az's own program starts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forked_az import launcher
from tests.support.terminal import AZ, bare_environment

#: Command lines that need no login, each with what it reads from its terminal.
LINES = {
    "version --query '\"azure-cli\"'": "",
    "acr pipeline-run list": "",
    "acr pipeline-run list -r contoso": "",
    "acr pipeline-run create -h": "",
    "config get core.output": "",
    "acr export-pipeline show -g mygroup -n export01 -r @-": "not a name",
    "no such command": "",
}


@pytest.fixture
def environment(extensions: Path, tmp_path: Path) -> dict[str, str]:
    """Somebody who isn't logged in, with a separate configuration."""
    (tmp_path / "config").write_text("[core]\noutput = yaml\n")
    (tmp_path / "versionCheck.json").write_text('{"versions": {"core": {"local": "2.91.0"}}}')
    return bare_environment(tmp_path) | {
        "AZURE_CONFIG_DIR": str(tmp_path),
        "AZURE_EXTENSION_DIR": str(extensions),
        "AZURE_CORE_COLLECT_TELEMETRY": "0",
    }


@pytest.mark.parametrize("line", LINES)
def test_the_result_is_that_of_the_program(
    program: Path, environment: dict[str, str], tmp_path: Path, line: str
) -> None:
    forked, real = (
        subprocess.run(
            ["bash", "-c", f"'{az}' {line}"],
            input=LINES[line],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        for az in (program, AZ)
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        real.returncode,
        real.stdout,
        real.stderr,
    )


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A proxy that accepts connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_command(
    program: Path, environment: dict[str, str], silent: socket.socket, number: signal.Signals
) -> None:
    environment["HTTPS_PROXY"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
    line = ("rest", "--skip-authorization-header", "--method", "get", "--url", "https://a.example")
    ended = []
    for az in (program, AZ):
        process = subprocess.Popen(
            [az, *line],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        connection, _ = silent.accept()
        with connection:
            connection.settimeout(60)
            os.killpg(process.pid, number)
            while connection.recv(4096):
                pass
        ended.append((*process.communicate(timeout=60), process.returncode))
    assert ended[0] == ended[1]


def test_a_module_that_reads_the_environment_is_not_preloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launcher, "MODULES", ["azure.cli.core.commands"])
    with pytest.raises(AssertionError), launcher.forked_az(AZ, tmp_path):
        pass
    assert capfd.readouterr().err.startswith("azure.cli.core.commands reads ['AZURE_CONFIG_DIR', ")
