"""The end of a command that has a result and fails: once, and with any stderr."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import responses
from azure.cli.core.azclierror import AzureResponseError
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_acrtransfer.diagnostics.exit_status import fail_after_output
from azext_acrtransfer.kinds import EXPORT
from tests.support.az import az_cli
from tests.unit.conftest import ARM, WHERE, Az
from tests.unit.fake_runs import RUNS, failed

LIST = ["acr", "pipeline-run", "list", *WHERE]
CLEAN = ["acr", "pipeline-run", "clean", *WHERE]
LOCKED = {"error": {"code": "ScopeLocked", "message": "It is locked."}}


@pytest.fixture
def locked_run(mock: responses.RequestsMock) -> None:
    """A registry with a failed run that can't be deleted."""
    run = failed(EXPORT, "no", "kept01")
    mock.get(f"{ARM}{RUNS}", json={"value": [run]})
    mock.get(f"{ARM}{RUNS}/kept01", json=run)
    mock.delete(f"{ARM}{RUNS}/kept01", json=LOCKED, status=409)


@pytest.mark.usefixtures("locked_run")
def test_failure_is_of_one_command_of_a_cli(tmp_path: Path) -> None:
    with redirect_stderr(io.StringIO()), az_cli(tmp_path) as cli:
        commands = (CLEAN, LIST, CLEAN, LIST)
        codes = [cli.invoke(command, out_file=io.StringIO()) for command in commands]
    assert codes == [1, 0, 1, 0]


def test_failure_is_not_of_the_next_command_if_output_fails(tmp_path: Path) -> None:
    with az_cli(tmp_path) as cli:
        cli.invocation = object()
        fail_after_output(cli, AzureResponseError("of this command"))
        cli.invocation = object()
        for _ in range(2):
            cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)

        fail_after_output(cli, None, AzureResponseError("of this command"))
        with pytest.raises(AzureResponseError, match="of this command"):
            cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.usefixtures("locked_run")
@pytest.mark.parametrize("stderr", [None, closed()], ids=["none", "closed"])
@pytest.mark.parametrize(("command", "exit_code"), [(LIST, 0), (CLEAN, 1)])
def test_a_closed_stderr_breaks_no_command(
    tmp_path: Path, stderr: Any, command: list[str], exit_code: int
) -> None:
    stdout = io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr), az_cli(tmp_path) as cli:
        code = cli.invoke(command, out_file=stdout)
    [only] = json.loads(stdout.getvalue())  # no error in between
    assert (code, only["name"]) == (exit_code, "kept01")


@pytest.mark.usefixtures("locked_run")
def test_an_open_stderr_is_kept(az: Az) -> None:
    result = az(*CLEAN)
    assert (result.exit_code, "(ScopeLocked) It is locked." in result.stderr) == (1, True)
