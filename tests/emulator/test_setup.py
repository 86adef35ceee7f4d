"""`acr-emulator setup`: where services are looked for, how they are installed, what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest
from acr_emulator.bundled.installation import InstallationError, Part, install
from acr_emulator.bundled.tools import (
    AZURITE,
    DISTRIBUTION,
    VARIABLE,
    Tool,
    find,
    tools_folders,
    user_folder,
)

from tests.support.cloud import eventually

COMMAND = "acr-emulator setup"


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the environment names."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    return tmp_path / "named"


def emulator(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "acr_emulator", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("tool", [AZURITE, DISTRIBUTION], ids=lambda tool: tool.title)
def test_a_named_folder_comes_before_the_path(named: Path, path: Path, tool: Tool) -> None:
    assert find(tool) is None
    for name in reversed(tool.names):
        program = executable(path / name)
        assert find(tool) == str(program)
    program = executable(named / tool.path)
    assert find(tool) == str(program)


def test_the_checkout_comes_before_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    checkout = Path(__file__).resolve().parents[2]
    assert tools_folders() == [checkout / ".tools", user_folder()]


@pytest.mark.parametrize(
    ("data", "folder"),
    [
        ("/data of me", "/data of me/acr-emulator"),
        ("relative", "/home/me/.local/share/acr-emulator"),
        ("", "/home/me/.local/share/acr-emulator"),
    ],
)
def test_the_users_folder_follows_xdg(
    monkeypatch: pytest.MonkeyPatch, data: str, folder: str
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_DATA_HOME", data)
    assert user_folder() == Path(folder)


@pytest.mark.parametrize("verb", [("up",), ("run", "--", "true")], ids=lambda verb: verb[0])
def test_nothing_starts_while_a_service_is_missing(
    named: Path, path: Path, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    state = tmp_path / "state"
    arguments: list[str | Path] = [verb[0], "--state", state, *verb[1:]]
    setup = f"{COMMAND} --tools {named}"
    where = f"in {named} or on the PATH"

    result = emulator(*arguments)
    assert (result.returncode, result.stdout, result.stderr) == (
        1,
        "",
        "acr-emulator: Azurite and CNCF distribution aren't installed: azurite-blob and"
        f" docker-registry aren't {where}. To install them, run:\n    {setup}\n",
    )
    executable(path / "registry")
    assert emulator(*arguments).stderr == (
        f"acr-emulator: Azurite isn't installed: azurite-blob isn't {where}."
        f" To install it, run:\n    {setup}\n"
    )
    executable(path / "azurite-blob")
    assert emulator(*arguments).stderr == (
        "acr-emulator: Azurite needs node, which isn't on the PATH. Install it (Debian, Ubuntu:"
        f" apt-get install nodejs npm). Then run:\n    {setup}\n"
    )
    assert not state.exists()


def test_tools_names_the_folder(named: Path, path: Path, tmp_path: Path) -> None:
    del named, path
    other = tmp_path / "other folder"
    result = emulator("run", "--tools", other, "--", "true")
    assert result.stderr.endswith(f"    {COMMAND} --tools '{other}'\n")


def test_setup_says_what_to_install_first(named: Path, path: Path) -> None:
    assert list(path.iterdir()) == []
    result = emulator("setup")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-2:] == [
        "acr-emulator: node or npm isn't on the PATH. Install both (Debian, Ubuntu:"
        " apt-get install nodejs npm), or put azurite-blob on the PATH.",
        "CNCF distribution comes from a package of Debian and Ubuntu, but apt-get and dpkg aren't"
        " on the PATH. Put its program, docker-registry or registry, on the PATH instead.",
    ]
    assert not (named / AZURITE.path).exists()


def test_setup_uses_what_is_on_the_path(named: Path, path: Path) -> None:
    programs = [executable(path / name) for name in ("azurite-blob", "registry", "node")]
    result = emulator("setup")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"Azurite: {programs[0]}\nCNCF distribution: {programs[1]}\n"
    assert not named.exists()


def part(action: Callable[[Path, IO[str]], None], *ingredients: str) -> Part:
    return Part("part", "sub/folder", frozenset(ingredients), action)


def test_a_part_is_installed_once_until_it_lacks_something(tmp_path: Path) -> None:
    installed: list[str] = []

    def action(folder: Path, output: IO[str]) -> None:
        output.write("done")
        installed.append(folder.name)
        (folder / "new").touch()

    for ingredients in (["a", "b"], ["a", "b"], ["b"], ["b", "c"], ["c"]):
        install(tmp_path, [part(action, *ingredients)])
        assert {file.name for file in (tmp_path / "sub/folder").iterdir()} == {".complete", "new"}
    assert len(installed) == 2
    assert (tmp_path / "log/part.log").read_text() == "done"


def test_two_processes_do_not_install_a_part_twice(tmp_path: Path) -> None:
    entered, proceed = threading.Event(), threading.Event()
    installed: list[Path] = []

    def action(folder: Path, output: IO[str]) -> None:
        del output
        installed.append(folder)
        entered.set()
        assert proceed.wait(30)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(install, tmp_path, [part(action, "a")])
        assert entered.wait(30)
        second = pool.submit(install, tmp_path, [part(action, "a")])
        eventually(lambda: second.running() or None)
        proceed.set()
        first.result(30)
        second.result(30)
    assert len(installed) == 1


def test_a_failed_installation_keeps_what_was_there(tmp_path: Path) -> None:
    install(tmp_path, [part(lambda folder, _: (folder / "old").touch(), "old")])

    def fail(folder: Path, output: IO[str]) -> None:
        (folder / "half").touch()
        subprocess.run(["sh", "-c", "echo no such package; exit 3"], check=True, stdout=output)

    with pytest.raises(InstallationError, match="^Setting up part failed: ") as failure:
        install(tmp_path, [part(fail, "new")])
    assert str(failure.value).endswith(f"The end of {tmp_path}/log/part.log:\nno such package\n")
    assert sorted(os.listdir(tmp_path / "sub/folder")) == [".complete", "old"]
