"""verify --blobs: carried files against the manifest, without a network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from azext_acrtransfer.manifest import carried_files
from azext_acrtransfer.manifest.model import ManifestRun, TransferManifest
from azext_acrtransfer.manifest.model import Result as ManifestResult
from azext_acrtransfer.service.progress import byte_progress
from docs.generators.manifest_page import EXPORT, JANUARY
from tests.support.az import Result, run_az
from tests.support.wording import MISSING_OPTIONS
from tests.unit.conftest import Az

VERIFY = ("acr", "pipeline-run", "verify")
FIRST, FAILED = EXPORT.runs
MD5 = str(FIRST.blob_md5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the one blob of the manifest, and the manifest itself."""
    folder = tmp_path / "carried"
    folder.mkdir()
    (folder / FIRST.blob).write_bytes(JANUARY)
    write(folder)
    return folder


def write(folder: Path, manifest: TransferManifest = EXPORT) -> None:
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")


def verify(az: Az, folder: Path, *more: str) -> Result:
    manifest = str(folder / "manifest.json")
    return az(*VERIFY, "--manifest", manifest, "--blobs", str(folder), *more)


def row(blob: str, status: str, **more: Any) -> dict[str, Any]:
    names = ("expectedSize", "foundSize", "expectedMd5", "foundMd5", "error")
    return {"blob": blob, "status": status, **dict.fromkeys(names), **more}


EXPECTED = {"expectedSize": len(JANUARY), "expectedMd5": MD5}
PRESENT = row("january-001", "present", **EXPECTED, foundSize=len(JANUARY), foundMd5=MD5)


def test_a_blob_that_arrived_whole_is_present(az: Az, folder: Path) -> None:
    result = verify(az, folder)
    assert (result.exit_code, result.json) == (0, [PRESENT])
    assert result.stderr == "WARNING: Verified blobs: 1 present.\n"


@pytest.mark.parametrize(
    ("content", "status", "actual", "words"),
    [
        (JANUARY[:-1], "truncated", {"foundSize": 1151}, "truncated, 1151 of 1152 bytes"),
        (b"", "truncated", {"foundSize": 0}, "truncated, 0 of 1152 bytes"),
        (JANUARY + b"!", "different", {"foundSize": 1153}, "different"),
        (
            JANUARY.replace(b"J", b"j"),
            "different",
            {"foundSize": 1152, "foundMd5": "fRDyjv7ON1L+Wf5RyuOqDQ=="},
            "different",
        ),
        (None, "missing", {}, "missing"),
    ],
)
def test_a_file_that_is_not_the_blob_is_named(
    az: Az, folder: Path, content: bytes | None, status: str, actual: dict[str, Any], words: str
) -> None:
    file = folder / FIRST.blob
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    result = verify(az, folder)
    [shown] = result.json
    assert (result.exit_code, shown) == (1, row("january-001", status, **EXPECTED, **actual))
    assert result.stderr == (
        f"ERROR: 1 of 1 blobs in '{folder}' aren't as the manifest lists them:\n"
        f"january-001: {words}\nVerified blobs: 1 {status}.\n"
        "Copy missing, truncated and different files again before you upload the blobs.\n"
    )


def test_a_file_that_the_manifest_does_not_list_is_extra(az: Az, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "öther\x1b.tar").write_text("other")
    # The manifest lists this one, and no run is known to have written it.
    (folder / FAILED.blob).write_text("half")
    result = verify(az, folder)
    extra = row("sub/öther\x1b.tar", "extra", foundSize=5)
    assert (result.exit_code, result.json) == (1, [PRESENT, extra])
    assert "\nsub/öther\\x1b.tar: not a blob of the manifest\n" in result.stderr
    only = verify(az, folder, "--only-differences")
    assert (only.exit_code, only.json) == (1, [extra])
    assert "Verified blobs: 1 present, 1 extra.\n" in only.stderr


def test_a_blob_in_a_virtual_folder_is_a_file_in_a_folder(az: Az, folder: Path) -> None:
    write(folder, replace(EXPORT, runs=(replace(FIRST, blob="a/b.tar"), FAILED)))
    (folder / "a").mkdir()
    (folder / FIRST.blob).rename(folder / "a" / "b.tar")
    assert [shown["blob"] for shown in verify(az, folder).json] == ["a/b.tar"]


@pytest.mark.parametrize("size", [None, len(JANUARY)])
def test_a_blob_without_md5_in_the_manifest_is_unknown(
    az: Az, folder: Path, size: int | None
) -> None:
    run = ManifestRun(FIRST.name, FIRST.blob, None, blob_size=size)
    write(folder, replace(EXPORT, runs=(run, FAILED)))
    result = verify(az, folder)
    error = "the manifest doesn't contain its MD5"
    actual = {"foundSize": len(JANUARY), "foundMd5": MD5}
    shown = row("january-001", "unknown", expectedSize=size, **actual, error=error)
    assert (result.exit_code, result.json) == (4, [shown])
    assert result.stderr == (
        f"ERROR: 1 of 1 blobs in '{folder}' couldn't be compared:\n"
        f"january-001: {error}\nVerified blobs: 1 unknown.\n"
        "A manifest contains sizes and MD5 hashes if whoever exports may read the blobs, such as "
        "by the role 'Storage Blob Data Reader' on the container.\n"
        "To complete the manifest, whoever exports runs 'az acr pipeline-run wait --manifest "
        "FILE'.\n"
    )


def test_a_file_that_cannot_be_read_is_unknown(
    az: Az, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried_files, "_md5_of", Mock(side_effect=OSError(5, "I/O error")))
    (folder / "other").write_text("other")
    result = verify(az, folder)
    assert result.exit_code == 1  # the extra file is certain
    assert result.json[0] == row("january-001", "unknown", **EXPECTED, error="I/O error")
    assert result.stderr == (
        f"ERROR: 1 of 2 blobs in '{folder}' aren't as the manifest lists them:\n"
        "other: not a blob of the manifest\n"
        f"1 of 2 blobs in '{folder}' couldn't be compared:\n"
        "january-001: I/O error\nVerified blobs: 1 extra, 1 unknown.\n"
        "Copy missing, truncated and different files again before you upload the blobs.\n"
        "A manifest contains sizes and MD5 hashes if whoever exports may read the blobs, such as "
        "by the role 'Storage Blob Data Reader' on the container.\n"
        "To complete the manifest, whoever exports runs 'az acr pipeline-run wait --manifest "
        "FILE'.\n"
    )
    (folder / "other").unlink()
    assert verify(az, folder).exit_code == 4


def test_the_last_run_that_wrote_a_blob_counts(az: Az, folder: Path) -> None:
    again = replace(FIRST, name="again", blob_size=1)
    write(folder, replace(EXPORT, runs=(again, FIRST)))
    assert verify(az, folder).json == [PRESENT]


@pytest.mark.parametrize("finished", ["2026-01-20T12:00:00+00:00", None])
def test_the_run_that_finished_last_counts_wherever_it_is_listed(
    az: Az, folder: Path, finished: str | None
) -> None:
    again = replace(FIRST, name="again", blob_size=1, finished=finished)
    write(folder, replace(EXPORT, runs=(FIRST, again)))
    assert verify(az, folder).json == [PRESENT]


@pytest.mark.parametrize(("status", "error"), [("Running", None), (None, "No answer.")])
def test_a_blob_of_a_run_that_is_not_known_to_have_ended_is_unknown(
    az: Az, folder: Path, status: str | None, error: str | None
) -> None:
    entry = replace(EXPORT.entries[0], result=ManifestResult.UNKNOWN, run="myrun")
    runs = (ManifestRun("myrun", "a.tar", status, error=error, blob_size=7),)
    write(folder, replace(EXPORT, runs=runs, entries=(entry,)))
    (folder / FIRST.blob).unlink()
    why = "the manifest doesn't contain how its run ended"
    shown = row("a.tar", "unknown", expectedSize=7, error=why)
    result = verify(az, folder)
    assert (result.exit_code, result.json) == (4, [shown])
    assert f"\na.tar: {why}\nVerified blobs: 1 unknown.\n" in result.stderr
    assert "'az acr pipeline-run wait --manifest FILE'" in result.stderr
    (folder / "a.tar").write_text("half")
    result = verify(az, folder)
    assert (result.exit_code, result.json) == (4, [shown | {"foundSize": 4}])


def test_a_run_that_was_refused_has_no_blob(az: Az, folder: Path) -> None:
    refused = ManifestRun("myrun", "a.tar", None, error="Refused.")
    write(folder, replace(EXPORT, runs=(FIRST, refused)))
    assert verify(az, folder).json == [PRESENT]


def test_a_manifest_without_blobs_needs_no_file(az: Az, folder: Path) -> None:
    write(folder, replace(EXPORT, runs=(), entries=()))
    (folder / FIRST.blob).unlink()
    result = verify(az, folder)
    assert (result.exit_code, result.json) == (0, [])
    assert result.stderr == "WARNING: Verified blobs: none.\n"


def test_a_table_has_the_sizes(az: Az, folder: Path) -> None:
    assert verify(az, folder, "-o", "table").stdout.splitlines() == [
        "Status    Blob         Expected size    Found size",
        "--------  -----------  ---------------  ------------",
        "present   january-001  1,152            1,152",
    ]


@pytest.mark.parametrize("option", ["--registry", "--write"])
def test_blobs_are_verified_without_a_registry(az: Az, folder: Path, option: str) -> None:
    value = "myregistry" if option == "--registry" else str(folder.parent / "target.json")
    result = verify(az, folder, option, value)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: {option} doesn't go with --blobs, which verifies files without a registry.\n"
        f"Omit {option}, or --blobs.\n"
    )


def test_the_default_registry_does_not_matter(az: Az, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[defaults]\nacr = myregistry\n")
    assert verify(az, folder).exit_code == 0


def test_a_registry_or_a_folder_is_required(az: Az, folder: Path) -> None:
    result = az(*VERIFY, "--manifest", str(folder / "manifest.json"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"ERROR: {MISSING_OPTIONS} --registry/-r\n"
        "Or specify --blobs, to verify carried files without a registry.\n"
    )


def test_a_folder_that_does_not_exist_is_refused(az: Az, folder: Path) -> None:
    result = verify(az, folder, "--blobs", str(folder / "manifest.json"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("ERROR: The folder of --blobs doesn't exist: '")


@pytest.mark.parametrize(
    ("version", "warns"),
    [("3.0.1", True), ("10.0.0b1", True), ("3.0.0", False), ("3.0.0b1", False), (None, False)],
)
def test_a_manifest_of_a_newer_version_comes_with_a_warning(
    az: Az, folder: Path, version: str | None, *, warns: bool
) -> None:
    write(folder, replace(EXPORT, written_by=version))
    result = verify(az, folder)
    assert result.exit_code == 0
    warning = (
        f"WARNING: The manifest of --manifest was written by version {version} of the extension. "
        "This is version 3.0.0, which ignores what it doesn't know.\n"
    )
    assert (warning in result.stderr) is warns


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("extensionVersion", "new"),
        ("extensionVersion", "9" * 5000),
        ("blobMd5", "00"),
        ("blobSize", -1),
        ("catalogDigest", 1),
    ],
)
def test_a_field_of_another_form_is_refused(
    az: Az, folder: Path, field: str, value: object
) -> None:
    document = json.loads(EXPORT.to_json())
    where = document if field in document else document["runs"][0]
    where[field] = value
    (folder / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    result = verify(az, folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f".{field}" in result.stderr


class _Bar:
    """The progress controller of az, whose calls are remembered."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int | None]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda **report: self.calls.append((name, report.get("value")))


def test_bytes_are_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    bar = _Bar()
    cli = Mock(only_show_errors=False, get_progress_controller=lambda det: bar if det else None)
    cli.config.getboolean.return_value = False
    with byte_progress(cli, "Verifying", 10) as advance:
        advance(4)
        advance(7)
    assert bar.calls == [("begin", 0), ("add", 4), ("add", 10), ("end", None)]


def test_bytes_are_logged_each_minute_without_a_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seconds = iter([0, 30, 61, 61])
    cli = Mock(only_show_errors=True)
    with byte_progress(cli, "Verifying", 10, now=lambda: float(next(seconds))) as advance:
        advance(4)
        advance(5)
    assert caplog.messages == ["Verifying: 9 of 10 bytes, 61 s"]


def test_a_large_file_is_read_in_parts(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carried_files, "_CHUNK", 100)
    assert verify(lambda *argv: run_az(tmp_path, *argv), folder).json == [PRESENT]
    parts: list[int] = []
    files = carried_files.CarriedFiles.of(EXPORT, folder, folder / "manifest.json")
    assert len(list(files.compare(parts.append))) == 1
    assert (sum(parts), files.size, len(parts)) == (len(JANUARY), len(JANUARY), 12)
