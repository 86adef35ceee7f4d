"""The demo fails, and says why, if a command fails or the registries differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo import __main__ as demo
from demo import script
from demo.cloud import Cloud, CommandFailedError

AZ_VERSION = "none"  # no test of this module runs az


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty wheel; temporary files lie next to it, nothing is built, and no emulator starts."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(demo, "build_payload", lambda *_: None)
    monkeypatch.setattr(Cloud, "__enter__", lambda cloud: cloud)
    monkeypatch.setattr(Cloud, "__exit__", lambda *_: None)
    (tmp_path / "empty.whl").touch()
    return str(tmp_path / "empty.whl")


@pytest.mark.parametrize(
    ("is_equal", "exit_code", "end"), [(True, 0, "digests equal"), (False, 1, "DIGESTS DIFFER")]
)
def test_the_exit_code_and_the_last_line_depend_on_the_comparison(
    is_equal: bool,
    exit_code: int,
    end: str,
    wheel: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(demo, "transfer", lambda *_: (is_equal, "1 artifact"))
    assert demo.main(wheel, AZ_VERSION) == exit_code
    [last] = capsys.readouterr().out.splitlines()
    assert last.startswith("moved 1 artifact in ")
    assert last.endswith(f" s: {end}")


def test_a_failed_command_ends_the_demo(
    wheel: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(script, "PREPARE", "target$ echo begun\nsource$ ls none\nboth$ echo on")
    assert demo.main(wheel, AZ_VERSION) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines()[1:] == ["target$ echo begun", "begun", "source$ ls none"]
    first, second = shown.err.splitlines()
    assert first == "error: exit code 2 in the source cloud from: ls none"
    assert second.startswith("ls: ")
    assert [path.name for path in Path(wheel).parent.iterdir()] == ["empty.whl"]


@pytest.mark.parametrize("command", ["false | true", "false; true", "exit 7", "no-such-program"])
def test_a_command_fails_with_any_of_its_parts(command: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="in the source cloud from: "):
        Cloud(tmp_path / "source", {}).run(command)


def test_the_programs_of_a_cloud_come_before_those_of_the_caller(tmp_path: Path) -> None:
    program = tmp_path / "some programs" / "it's ls"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"')
    program.chmod(0o755)
    cloud = Cloud(tmp_path / "source", {"ls": program})
    assert cloud.run("ls 'two words' three") == ("two words three\n", "")


def test_a_cloud_inherits_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_DEFAULTS_GROUP", "PYTHONPATH", "REGISTRY_AUTH_FILE", "http_proxy"):
        monkeypatch.setenv(name, "the caller's")
    output, _ = Cloud(tmp_path / "source", {}).run("env")
    assert "the caller's" not in output
