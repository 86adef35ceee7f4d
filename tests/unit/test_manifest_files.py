"""Files of manifests: what is refused on the way in and out, before any request."""

from __future__ import annotations

import json
import os
import stat
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import FileOperationError
from msal_extensions import cache_lock

from azext_acrtransfer.manifest.files import ManifestFile
from azext_acrtransfer.manifest.merging import Origin, RunRecord
from azext_acrtransfer.manifest.model import ManifestKind, ManifestRun, TransferManifest
from azext_acrtransfer.manifest.recorder import Recorder, complete
from docs.generators.manifest_page import EXPORT, VERIFICATION
from tests.support.wording import OF_KIND, OVERWRITTEN_BY, invalid, not_written
from tests.unit.conftest import WHERE, Az

WRITTEN_BY_EXPORT = "'az acr pipeline-run create -t export --manifest FILE' writes one.\n"
FIRST, SECOND = ManifestRun("first", "first"), ManifestRun("second", "second")
ELSEWHERE = "Specify a file in an existing folder that you have permission to write to.\n"


def verify(manifest: Path | str, *more: str) -> list[str]:
    """Words of the command that compares a registry with a manifest."""
    words = ["acr", "pipeline-run", "verify", *WHERE, "--only-show-errors"]
    return [*words, "--manifest", str(manifest), *more]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """The manifest of an export."""
    file = tmp_path / "exported.json"
    file.write_text(EXPORT.to_json(), encoding="utf-8")
    return file


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(EXPORT.to_json()) | fields).encode()


INJECTED = "x.tar; touch INJECTED #"
BROKEN = {
    b"\xff\xfe": "it isn't UTF-8 text",
    b"": "it's empty",
    b"\r\n": "it's empty",
    b"{": "it isn't JSON from line 1, column 2 on",
    b'{"schemaVersion":\n}': "it isn't JSON from line 2, column 1 on",
    b"[" * 100_000: "it's nested too deeply",
    b"[]": "expected an object at $",
    b'{"schemaVersion": NaN}': "NaN is no JSON",
    b"{}": "expected an object with 'schemaVersion' at $",
    changed(schemaVersion=2): (
        "expected 1, as this version of the extension reads no other, at $.schemaVersion"
    ),
    changed(schemaVersion=True): "expected a whole number from 0 at $.schemaVersion",
    changed(kind="import"): "expected one of export, verification at $.kind, not 'import'",
    changed(created="yesterday"): "expected a time as in RFC 3339 at $.created, not 'yesterday'",
    changed(registry=None): "expected a login server at $.registry",
    changed(runs={}): "expected a list at $.runs",
    changed(runs=[{"name": "run01"}]): "expected an object with 'blob' at $.runs[0]",
    changed(artifacts=[{"reference": "hello:v1", "result": "present"}]): (
        "expected one of exported, failed, skipped, unknown at $.artifacts[0].result, not 'present'"
    ),
    changed(artifacts=[{"reference": "hello", "result": "failed"}]): (
        "expected 'hello:latest', or another tag or digest, at $.artifacts[0].reference, not "
        "'hello'"
    ),
    changed(artifacts=[{"reference": "a:b:c", "result": "failed"}]): (
        "expected REPOSITORY:TAG or REPOSITORY@DIGEST at $.artifacts[0].reference, not 'a:b:c'"
    ),
    changed(artifacts=[{"reference": "hello:v1", "result": "failed"}]): (
        "expected an object with 'digest' at $.artifacts[0]"
    ),
    changed(registry=INJECTED): f"expected a login server at $.registry, not '{INJECTED}'",
    changed(registry="myregistry"): "expected a login server at $.registry, not 'myregistry'",
    changed(pipeline=INJECTED): f"expected the ID of a pipeline at $.pipeline, not '{INJECTED}'",
    changed(runs=[{"name": INJECTED, "blob": "b"}]): (
        f"expected the name of a pipeline run at $.runs[0].name, not '{INJECTED}'"
    ),
    changed(runs=[{"name": "run01", "blob": "a\x1b[2J\rb"}]): (
        r"expected a name without control characters at $.runs[0].blob, not 'a\x1b[2J\rb'"
    ),
    changed(runs=[{"name": "run01", "blob": "https://a/b?sig=secret"}]): (
        "expected the name of a blob at $.runs[0].blob, not 'https://a/b?sig=***'"
    ),
    changed(artifacts=[{"reference": INJECTED, "result": "failed"}]): (
        "expected REPOSITORY:TAG or REPOSITORY@DIGEST at $.artifacts[0].reference, not "
        f"'{INJECTED}'"
    ),
    changed(artifacts=[{"reference": "a:b", "result": "failed", "run": INJECTED}]): (
        f"expected the name of a pipeline run at $.artifacts[0].run, not '{INJECTED}'"
    ),
    changed(artifacts=[{"reference": "a:b", "result": "failed", "digest": "sha256:" + "A" * 90}]): (
        f"expected a sha256 digest at $.artifacts[0].digest, not 'sha256:{'A' * 73}'"
    ),
}


@pytest.mark.parametrize("content", BROKEN, ids=BROKEN.values())
def test_a_file_that_is_no_manifest_is_refused(az: Az, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(content)
    result = az(*verify(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: {invalid(file, '--manifest')}: it isn't a transfer manifest: "
        f"{BROKEN[content]}.\n{WRITTEN_BY_EXPORT}"
    )


def test_a_manifest_of_the_other_kind_is_refused(az: Az, tmp_path: Path) -> None:
    file = tmp_path / "target.json"
    file.write_text(VERIFICATION.to_json(), encoding="utf-8")
    result = az(*verify(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: {invalid(file, '--manifest')}: {OF_KIND} 'verification'.\n{WRITTEN_BY_EXPORT}"
    )


@pytest.mark.parametrize(
    ("name", "why"), [("nothing.json", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_named(az: Az, tmp_path: Path, name: str, why: str) -> None:
    file = tmp_path / name
    result = az(*verify(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: The manifest of --manifest can't be read from '{file}': {why}.\n"
        f"{WRITTEN_BY_EXPORT}"
    )


def test_where_either_kind_will_do_both_ways_to_get_one_are_shown(az: Az, tmp_path: Path) -> None:
    words = [*WHERE, "-n", "myrun", "-p", "mypipeline", "-t", "export", "-b", "myblob"]
    only_failed = ["--only-failed", str(tmp_path / "nothing.json"), "--only-show-errors"]
    result = az("acr", "pipeline-run", "create", *words, *only_failed)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: The manifest of --only-failed can't be read from '{tmp_path}/nothing.json': No "
        f"such file or directory.\n{WRITTEN_BY_EXPORT[:-1]} 'az acr pipeline-run verify --write "
        "FILE' writes one.\n"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere/target.json", "No such file or directory"),
        ("exported.json/target.json", "Not a directory"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_any_request(
    az: Az, tmp_path: Path, exported: Path, name: str, why: str
) -> None:
    result = az(*verify(exported, "--write", str(tmp_path / name)))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: {not_written('--write', tmp_path / name)}: {why}.\n{ELSEWHERE}"
    )


@pytest.mark.parametrize("name", [".", "/dev/null"])
def test_what_is_no_file_is_not_replaced(az: Az, tmp_path: Path, exported: Path, name: str) -> None:
    path = tmp_path / name
    result = az(*verify(exported, "--write", str(path)))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: {invalid(path, '--write')}: it exists, but isn't a file.\nName a file.\n"
    )


def export_file(path: Path) -> ManifestFile:
    """The file as an option takes it that writes an export's manifest."""
    return ManifestFile.parse(str(path), "--manifest", ManifestKind.EXPORT)


def write(path: Path) -> None:
    export_file(path).update(lambda _: EXPORT)


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_a_file_keeps_its_mode_and_a_link_stays_one(
    exported: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    modes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: modes.append(os.fstat(file).st_mode))
    link = exported.with_name("link.json")
    link.symlink_to(exported)
    exported.write_text(EXPORT.to_json().replace("january", "december"))
    exported.chmod(mode)
    before = os.umask(0o027)
    try:
        write(link)
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert exported.read_text() == EXPORT.to_json()
    assert stat.S_IMODE(exported.stat().st_mode) == mode
    # Nobody else can read it while it's written.
    assert [*map(stat.S_IMODE, modes)] == [mode & ~0o027]
    assert sorted(exported.parent.iterdir()) == [exported, link]


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write(tmp_path / "manifest.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "manifest.json").stat().st_mode) == 0o644


def test_an_empty_file_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    write(tmp_path / "manifest.json")
    assert (tmp_path / "manifest.json").read_text() == EXPORT.to_json()


def test_what_is_no_manifest_is_not_overwritten(az: Az, tmp_path: Path, exported: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("my notes")
    result = az(*verify(exported, "--write", str(notes)))
    assert (result.exit_code, result.stdout, notes.read_text()) == (1, "", "my notes")
    assert result.stderr == (
        f"ERROR: {invalid(notes, '--write')}: it isn't a transfer manifest: it isn't "
        "JSON from line 1, column 1 on.\n"
        f"{OVERWRITTEN_BY} 'verification'. Name another file.\n"
    )


def test_verify_does_not_overwrite_the_manifest_that_it_reads(az: Az, exported: Path) -> None:
    result = az(*verify(exported, "--write", str(exported)))
    assert (result.exit_code, result.stdout) == (1, "")
    assert exported.read_text() == EXPORT.to_json()
    assert result.stderr == (
        f"ERROR: {invalid(exported, '--write')}: {OF_KIND} 'export'.\n"
        f"{OVERWRITTEN_BY} 'verification'. Name another file.\n"
    )


def test_what_exists_stays_if_the_new_one_cannot_be_written(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileOperationError) as caught:
        export_file(exported).update(lambda _: VERIFICATION)
    assert str(caught.value) == f"{not_written('--manifest', exported)}: No space left on device."
    assert list(exported.parent.iterdir()) == [exported]
    assert exported.read_text() == EXPORT.to_json()


def test_a_temporary_file_that_stays_does_not_hide_why(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace_fails(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    def unlink_fails(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "held by a scanner")

    file = export_file(exported)
    monkeypatch.setattr(Path, "replace", replace_fails)
    monkeypatch.setattr(Path, "unlink", unlink_fails)
    with pytest.raises(FileOperationError, match="Input/output error"):
        file.update(lambda _: replace(EXPORT, runs=()))


def test_a_lock_that_stays_does_not_undo_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(cache_lock.os, "remove", fail)
    write(tmp_path / "manifest.json")
    assert (tmp_path / "manifest.json").read_text() == EXPORT.to_json()


def test_two_commands_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    file = export_file(tmp_path / "manifest.json")
    read, go_on = threading.Event(), threading.Event()

    def add_slowly(manifest: TransferManifest | None) -> TransferManifest:
        read.set()
        go_on.wait(60)
        return replace(manifest or EXPORT, runs=(*(manifest or EXPORT).runs, FIRST))

    def add(manifest: TransferManifest | None) -> TransferManifest:
        return replace(manifest or EXPORT, runs=(*(manifest or EXPORT).runs, SECOND))

    threads = [threading.Thread(target=file.update, args=[change]) for change in (add_slowly, add)]
    threads[0].start()
    read.wait(60)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(60)
    manifest = file.read()
    assert manifest
    assert manifest.runs == (*EXPORT.runs, FIRST, SECOND)


def test_a_manifest_is_completed_with_runs_of_another_command(exported: Path) -> None:
    file = export_file(exported)
    records = [RunRecord(FIRST, {}, Origin.NEW)]
    assert complete(file, EXPORT, [], {}).manifest == EXPORT
    file.update(lambda _: replace(EXPORT, runs=(*EXPORT.runs, SECOND)))
    completed = complete(file, EXPORT, records, {}).manifest
    assert completed.runs == (*EXPORT.runs, SECOND, FIRST)
    assert completed.created != EXPORT.created
    assert datetime.fromisoformat(completed.created).utcoffset() == timedelta()
    exported.unlink()
    assert complete(file, EXPORT, records, {}).manifest.runs == (*EXPORT.runs, FIRST)


def test_an_export_is_recorded_in_a_file_that_was_deleted(exported: Path) -> None:
    recorder = Recorder(export_file(exported), "myregistry.azurecr.io", str(EXPORT.pipeline), {})
    records = [RunRecord(FIRST, {}, Origin.NEW)]
    recording = recorder.begin(records)
    exported.unlink()
    manifest = recording.end(records, {}).manifest
    assert (manifest.registry, manifest.pipeline) == ("myregistry.azurecr.io", EXPORT.pipeline)
    assert manifest.runs == (*EXPORT.runs, FIRST)


def test_a_manifest_that_has_to_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="The manifest of --manifest can't be read from"):
        export_file(tmp_path / "nothing.json").require()


def test_a_file_that_another_command_holds_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(_: Any) -> None:
        raise cache_lock.LockError

    monkeypatch.setattr(cache_lock.CrossPlatLock, "__enter__", held)
    with pytest.raises(FileOperationError) as caught:
        write(tmp_path / "manifest.json")
    assert str(caught.value) == (
        f"{not_written('--manifest', tmp_path / 'manifest.json')}: another command is writing it."
    )
