"""The wheel and the files of a release: their content, and how they are built."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A copy of an SDK, or the tests, would be far larger than the extension.
LARGEST = 224 * 1024
WHEEL = ROOT / "scripts/wheel"
RELEASE = (sys.executable, ROOT / "scripts/release")


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


def build(*command: str | Path, **environment: str) -> list[str]:
    """Run a build script where nothing can be downloaded; the paths that it prints."""
    offline = {"HTTPS_PROXY": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}
    built = subprocess.run(
        command,
        env=os.environ | offline | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return built.stdout.splitlines()


def test_it_is_built_offline_to_the_same_bytes(version: str, tmp_path: Path) -> None:
    wheels = [
        tmp_path / zone / f"acrtransfer-{version}-py3-none-any.whl" for zone in ("Asia", "America")
    ]
    assert build(WHEEL, wheels[0].parent, TZ="Asia/Tokyo", LC_ALL="C") == [str(wheels[0])]
    assert build(WHEEL, wheels[1].parent, TZ="America/Lima") == [str(wheels[1])]
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


@pytest.mark.parametrize("url", ["", "https://files.example/acrtransfer/"])
def test_a_release_is_the_wheel_its_checksum_and_an_index(
    metadata: Message, version: str, url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "a release"
    folder.mkdir()
    (folder / "acrtransfer-2.2.0-py3-none-any.whl").write_text("of an earlier release")
    wheel, checksum, index = map(
        Path, build(*RELEASE, "--folder", folder, *(["--url", url] if url else []))
    )

    name = f"acrtransfer-{version}-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert (wheel, checksum, index) == (
        folder / name,
        folder / f"{name}.sha256",
        folder / "index.json",
    )
    checked = subprocess.run(
        ["sha256sum", "-c", checksum.name], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, f"{name}: OK\n")
    item = {
        "downloadUrl": f"{url}{name}" if url else str(wheel),
        "filename": name,
        "metadata": {
            "azext.minCliCoreVersion": "2.85.0",
            "name": "acrtransfer",
            "summary": metadata["Summary"],
            "version": version,
        },
        "sha256Digest": digest,
    }
    assert json.loads(index.read_text()) == {
        "extensions": {"acrtransfer": [item]},
        "formatVersion": "1",
    }


@pytest.mark.parametrize(
    "url",
    [
        "files.example",
        "ftp://files.example",
        "https://",
        "https://files.example/?a",
        "file:///dist",
    ],
)
def test_a_url_that_az_cannot_download_from_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(*RELEASE, "--folder", tmp_path, "--url", url)
    assert refused.value.returncode == 2
    assert f"{url!r} isn't an http or https URL" in refused.value.stderr
    assert list(tmp_path.iterdir()) == []


def test_pages_name_the_wheel_of_this_version(tracked: list[Path], version: str) -> None:
    pages = [path for path in tracked if path.suffix in {".md", ".rst"}]
    named = {
        (path.relative_to(ROOT).as_posix(), number)
        for path in pages
        for number in re.findall(r"acrtransfer-(\d[^-\s]*)-py3", path.read_text(encoding="utf-8"))
    }
    assert {page for page, _ in named} >= {"README.md", "docs/how-to/install.md"}
    assert {number for _, number in named} == {version}
