"""`make demo` as strangers run it: wrong programs first on the PATH, and an empty home."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from demo import script
from demo.__main__ import folded
from docs.generators import demo_picture
from tests.support.az import Result
from tests.support.terminal import ROOT

_TIMEOUT = 900
_LINES = 115
_WIDTH = 120
_ROW = re.compile(r"^(\S+(?: \w+)?) +sha256:[0-9a-f]{64} (.+)$", re.MULTILINE)

pytestmark = pytest.mark.timeout(2 * _TIMEOUT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home, failing programs, and a folder for temporary files; its path has spaces."""
    folder = tmp_path_factory.mktemp("a stranger")
    for name in ("home", "programs", "temporary files"):
        (folder / name).mkdir()
    for name in ("az", "python"):
        program = folder / "programs" / name
        program.write_text("#!/bin/sh\necho WARNING: wrong program >&2\nexit 1\n")
        program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Result:
    """A run of `make demo`."""
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name} | {
        "HOME": str(folder / "home"),
        "PATH": f"{folder / 'programs'}:{os.environ['PATH']}",
        "TMPDIR": str(folder / "temporary files"),
    }
    ended = subprocess.run(
        ["make", "demo"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


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


@pytest.mark.parametrize("length", range(90, 120))
def test_no_word_is_split(length: int) -> None:
    words = ["x" * length, "--assignee-object-id", "abcdefab-abcd-abcd-abcd-abcdefabcdef"]
    assert folded(" ".join(words)).split() == words


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


def test_the_picture_in_the_readme_shows_this_output(run: Result) -> None:
    drawn = demo_picture.drawn(run.stdout)
    assert demo_picture.PICTURE.read_text(encoding="utf-8") == drawn, "run `make docs`"


@pytest.mark.usefixtures("run")
def test_nothing_remains(folder: Path) -> None:
    assert list((folder / "home").iterdir()) == []
    assert list((folder / "temporary files").iterdir()) == []
