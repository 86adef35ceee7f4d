"""What several rules about the repository need."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from knack.help_files import helps

from tests.support.az import run_az

ROOT = Path(__file__).resolve().parents[2]
# Sections of help: those of azure-cli itself, which has no blank line in a section.
_GLOBAL = re.compile(r"^Global (?:.+\n)*", re.MULTILINE)
_OPTIONS = re.compile(r"^    (--\S+(?: --?\S+)*) ", re.MULTILINE)


@pytest.fixture(scope="session")
def version() -> str:
    """The version that the wheel is built with."""
    match = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert match
    return match[1]


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file that is, or would be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="session")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """For each command, the spellings of each of its options, as its help shows them."""
    config = tmp_path_factory.mktemp("config")
    run_az(config, "acr", "-h")  # loads the help texts
    commands = [name for name in helps if re.match(r"acr (\w+-pipeline|pipeline-run) ", name)]
    shown = {name: run_az(config, *name.split(), "-h").stdout for name in commands}
    return {
        name: [spellings.split() for spellings in _OPTIONS.findall(_GLOBAL.sub("", text))]
        for name, text in shown.items()
    }
