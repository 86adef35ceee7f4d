"""Rules about the environments that `scripts/setup` makes, and the interpreter that it chooses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = Path(sys.prefix).parent
OURS = "python{}.{}".format(*sys.version_info)
OTHERS = "python3.1"  # a version that nobody has, and the beginning of versions that many have


def find_python(name: str, *folders: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `scripts/find-python` on a PATH of these folders, the last of which gets its tools."""
    for tool in ("bash", "sed", "sort"):
        (folders[-1] / tool).symlink_to(str(shutil.which(tool)))
    return subprocess.run(
        [ROOT / "scripts/find-python", name],
        env={"PATH": os.pathsep.join(map(str, folders)), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def program(file: Path, script: str) -> Path:
    """Write a shell script that can be executed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    """This interpreter, under a path with a space."""
    return program(tmp_path / "an interpreter/python3", f'exec "{sys.executable}" "$@"')


def test_only_environments_of_az_have_an_az() -> None:
    # Another suite may be installing one.
    stamps = [*ENVIRONMENTS.glob("*/.complete"), *ENVIRONMENTS.glob("*/*/.complete")]
    complete = [stamp.parent for stamp in stamps]
    with_az = {folder.name.partition("-")[0] for folder in complete if list(folder.glob("bin/az*"))}
    assert with_az == {"az"}


def test_no_file_calls_a_console_script_of_an_environment(tracked: list[Path]) -> None:
    script = re.compile(rb"/dev/bin/(?!python\b)[a-z]")
    own = Path(__file__).resolve()
    files = [path for path in tracked if path.resolve() != own]
    assert [str(path) for path in files if script.search(path.read_bytes())] == []


def test_the_interpreter_is_found_by_its_path(interpreter: Path, tmp_path: Path) -> None:
    result = find_python(str(interpreter), tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{sys.executable}\n", "")


def test_environments_keep_their_interpreter_without_a_request(tmp_path: Path) -> None:
    dev = tmp_path / "environments/dev/bin"
    dev.mkdir(parents=True)
    (dev / "python").symlink_to(sys.executable)
    program(tmp_path / "bin/python3", "exit 7")
    environments = {"ENVIRONMENTS": str(tmp_path / "environments")}
    result = find_python("", tmp_path / "bin", **environments)
    version = "{}.{}".format(*sys.version_info)
    base = f"{sys.base_prefix}/bin/python{version}\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, base, "")


def test_an_interpreter_that_fails_is_skipped(interpreter: Path, tmp_path: Path) -> None:
    program(tmp_path / "failing/python3", "exit 7")
    result = find_python("python3", tmp_path / "failing", interpreter.parent)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{sys.executable}\n", "")


@pytest.mark.parametrize("variable", ["PYENV_ROOT", "HOME", None])
def test_a_version_of_pyenv_is_found_behind_its_shim(variable: str | None, tmp_path: Path) -> None:
    root = tmp_path / ".pyenv"
    program(root / f"shims/{OURS}", "echo pyenv: command not found >&2; exit 127")
    version = ".".join(map(str, sys.version_info[:3]))
    program(root / f"versions/{version}/bin/python", f'exec "{sys.executable}" "$@"')
    environment = {"PYENV_ROOT": str(root), "HOME": str(tmp_path)}
    known = {variable: environment[variable]} if variable else {}
    result = find_python(OURS, root / "shims", **known)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{sys.executable}\n", "")


@pytest.mark.parametrize("name", [OTHERS, "no-such-python", "/no/such/python"])
def test_a_missing_interpreter_is_an_error(name: str, tmp_path: Path) -> None:
    result = find_python(name, tmp_path, HOME=str(tmp_path))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"error: '{name}' isn't a Python interpreter of version 3.10 or later.\n"
        "       Install one (Debian, Ubuntu: apt-get install python3), or choose another: "
        "PYTHON=python3.12 make ...\n"
    )


def test_an_interpreter_of_another_version_is_refused(tmp_path: Path) -> None:
    program(tmp_path / OTHERS, f'exec "{sys.executable}" "$@"')
    assert find_python(OTHERS, tmp_path).returncode == 1


def test_no_recipe_depends_on_the_python_or_az_of_the_path(tmp_path: Path) -> None:
    for name in ("python", "az"):
        program(tmp_path / name, f"echo {name} >>'{tmp_path}/called'; exit 7")
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHON": sys.executable,
        "ENVIRONMENTS": str(ENVIRONMENTS),
    }
    made = subprocess.run(
        ["make", "wheel"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert not (tmp_path / "called").exists()
