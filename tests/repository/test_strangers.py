"""The emulator's README lists every client that is tested, in the version that is installed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from acr_emulator.bundled.installation import AZCOPY_VERSION

from tests.e2e.strangers.az_lines.line import OUTCOMES
from tests.e2e.strangers.az_lines.sections import SECTIONS
from tests.e2e.strangers.az_lines.summary import summary
from tests.e2e.strangers.programs import NODE_PACKAGES, PYTHON_PACKAGES

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "emulator/README.md"
#: Tested by other suites, or by all of them.
_OF_DEV = ("azure-identity", "azure-mgmt-containerregistry", "azure-storage-blob")


def section(heading: str) -> str:
    """The text below a heading of the README."""
    text = README.read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def python_pins(file: Path) -> set[tuple[str, str]]:
    """The packages of a requirements file that a line begins with."""
    return set(re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", file.read_text(), re.MULTILINE))


def node_pins() -> set[tuple[str, str]]:
    """The packages of package.json, by their own names."""
    dependencies: dict[str, str] = json.loads(NODE_PACKAGES.read_text())["dependencies"]
    pins = set()
    for name, version in dependencies.items():
        package, _, number = version.removeprefix("npm:").rpartition("@")
        pins.add((package or name, number))
    return pins


def az_pins() -> set[tuple[str, str]]:
    """The versions of az in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    return {("az", version) for version in re.findall(r"^\w+_AZ := (\S+)$", makefile, re.MULTILINE)}


def test_the_table_has_every_client_in_its_version() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| [^|]+ \|$", section("Tested clients"), re.M)
    listed = {(name, version) for name, versions in rows for version in versions.split(", ")}
    of_dev = {pin for pin in python_pins(ROOT / "requirements-dev.txt") if pin[0] in _OF_DEV}
    others = {("azcopy", AZCOPY_VERSION), ("skopeo", "Debian's")}
    installed = az_pins() | others | of_dev | node_pins() | python_pins(PYTHON_PACKAGES)
    assert listed == installed
    assert len(rows) == len({name for name, _ in rows})


def test_the_summary_of_the_command_lines_is_that_of_the_list() -> None:
    assert summary() in section("Command lines of az")


def test_the_list_is_long() -> None:
    lines = [line for each in SECTIONS for line in each.lines]
    assert len(lines) >= 500
    assert {line.outcome for line in lines} == set(OUTCOMES)
    assert len({each.name for each in SECTIONS}) == len(SECTIONS)
