"""`make demo` as strangers run it: wrong programs first on the PATH, no home, two at once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo import script
from docs.generators import demo_picture
from tests.support.az import Result
from tests.support.terminal import AZ_VERSION, ROOT, built_wheel

_TIMEOUT = 900
_LINES = 115
_WIDTH = 120
_ROW = re.compile(r"^(\S+(?: \w+)?) +sha256:[0-9a-f]{64} (.+)$", re.MULTILINE)

pytestmark = pytest.mark.timeout(2 * _TIMEOUT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home, failing programs, and a folder for temporary files; its path has spaces."""
    folder = tmp_path_factory.mktemp("two strangers")
    for name in ("home", "programs", "temporary files"):
        (folder / name).mkdir()
    for name in ("az", "python"):
        program = folder / "programs" / name
        program.write_text("#!/bin/sh\necho WARNING: wrong program >&2\nexit 1\n")
        program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def checkout(folder: Path) -> Path:
    """A checkout on a path with spaces, which shares what is installed in this one."""
    checkout = folder / "a checkout"
    shutil.copytree(ROOT / "demo", checkout / "demo")
    (checkout / ".tools").symlink_to(ROOT / ".tools")
    (checkout / ".venv").symlink_to(Path(sys.prefix).parent)
    return checkout


@pytest.fixture(scope="module")
def runs(folder: Path, checkout: Path) -> dict[str, Result]:
    """Two runs at the same time: all of `make demo`, and its last command in the other checkout."""
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name} | {
        "HOME": str(folder / "home"),
        "PATH": f"{folder / 'programs'}:{os.environ['PATH']}",
        "TMPDIR": str(folder / "temporary files"),
    }
    python = checkout / ".venv" / Path(sys.prefix).name / "bin" / "python"
    commands = {
        "make": (["make", "demo"], ROOT),
        "python": ([str(python), "-m", "demo", str(built_wheel()), AZ_VERSION], checkout),
    }
    processes = {
        name: subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, (command, directory) in commands.items()
    }
    outputs = {name: process.communicate(timeout=_TIMEOUT) for name, process in processes.items()}
    return {name: Result(processes[name].returncode, *outputs[name]) for name in processes}


@pytest.fixture(params=["make", "python"])
def run(request: pytest.FixtureRequest, runs: dict[str, Result]) -> Result:
    """One of the runs."""
    return runs[request.param]


def test_it_succeeds(run: Result) -> None:
    assert (run.exit_code, run.stderr) == (0, ""), run.stdout
    assert re.fullmatch(
        r"moved 4 artifacts \(\d+ manifests\), \d{3},\d{3},\d{3} bytes in \d+\.\d s: digests equal",
        run.stdout.splitlines()[-1],
    )


def test_its_output_is_readable(run: Result) -> None:
    lines = run.stdout.splitlines()
    assert [line for line in lines if len(line) > _WIDTH or not line.strip()] == []
    assert len(lines) <= _LINES
    assert not re.search("WARNING|Traceback", run.stdout)
    headings = [line.split()[1] for line in lines if line.startswith("== ")]
    assert headings == [f"{number}." for number in range(1, 10)]


def test_the_printed_command_fixes_the_failed_check(run: Result) -> None:
    before, fixed, after = run.stdout.partition("$ bash -e fix.sh\n")
    assert fixed
    assert re.findall(r"^ERROR: (\d+) of", before, re.MULTILINE) == ["1"]
    assert "\naz role assignment create " in before
    table = after[: after.index("\n== ")]
    assert re.findall(r"^StorageRole +(\w+)", table, re.MULTILINE) == ["pass"]
    assert " fail " not in table


def test_the_digests_of_the_chosen_artifacts_are_equal(run: Result) -> None:
    statuses = dict(_ROW.findall(run.stdout))
    tags = {name: status for name, status in statuses.items() if " " not in name}
    assert tags == dict.fromkeys(script.TRANSFERRED, "equal") | {
        "samples/busybox:1.1-debug": "not transferred",
        "internal/busybox:1.1": "not transferred",
    }
    manifests = list(statuses.values()).count("equal")
    assert manifests > len(script.TRANSFERRED)
    assert f"\n{manifests:7} present\n" in run.stdout
    assert f"({manifests} manifests)" in run.stdout


def test_both_runs_transfer_the_same(runs: dict[str, Result]) -> None:
    assert _ROW.findall(runs["make"].stdout) == _ROW.findall(runs["python"].stdout)


def test_the_picture_in_the_readme_shows_this_output(run: Result) -> None:
    drawn = demo_picture.drawn(run.stdout)
    assert demo_picture.PICTURE.read_text(encoding="utf-8") == drawn, "run `make docs`"


@pytest.mark.usefixtures("runs")
def test_nothing_remains(folder: Path) -> None:
    assert list((folder / "home").iterdir()) == []
    assert list((folder / "temporary files").iterdir()) == []
