"""The wheel: what is in it, and what it says of itself."""

from __future__ import annotations

import json
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# 60 KB were set for the commands of the official extension, which take 45. What this one adds to
# them (any number of artifacts, manifests, verification, preflight check) is more than they are.
LARGEST = 120 * 1024


@pytest.fixture(scope="module")
def wheel(version: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(ROOT / "dist" / f"acrtransfer-{version}-py3-none-any.whl")


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile, version: str) -> Message:
    content = wheel.read(f"acrtransfer-{version}.dist-info/METADATA").decode()
    return Parser().parsestr(content)


def test_it_holds_the_extension_and_nothing_else(wheel: zipfile.ZipFile, version: str) -> None:
    extension = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "azext_acrtransfer").rglob("*")
        if path.suffix in {".py", ".json"}
    }
    described = {
        f"acrtransfer-{version}.dist-info/{name}"
        for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE", "top_level.txt")
    }
    assert set(wheel.namelist()) == extension | described


def test_it_is_small(wheel: zipfile.ZipFile) -> None:
    assert wheel.filename is not None
    assert Path(wheel.filename).stat().st_size <= LARGEST


def test_it_depends_on_nothing(metadata: Message) -> None:
    assert metadata.get_all("Requires-Dist") is None


def test_it_is_stable_and_requires_the_first_az_with_the_access_mode(
    wheel: zipfile.ZipFile,
) -> None:
    assert json.loads(wheel.read("azext_acrtransfer/azext_metadata.json")) == {
        "azext.minCliCoreVersion": "2.85.0"
    }
