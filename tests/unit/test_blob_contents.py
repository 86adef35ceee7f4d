"""What a manifest has of the blobs: read from storage, and never at the cost of the export."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import responses

from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.manifest.merging import Origin, RunRecord, merge
from azext_acrtransfer.manifest.model import ManifestKind, ManifestRun, TransferManifest
from azext_acrtransfer.transfer import blob_contents
from tests.support.az import Result
from tests.support.wording import NO_BLOB_PROPERTIES
from tests.unit.conftest import ARM, AT, REGISTRY, Az, pipeline, run
from tests.unit.fake_registry import BLOB, Registry, has
from tests.unit.fake_runs import answers

CONTAINER = "https://mystorage.blob.core.windows.net/transfer"


@pytest.fixture
def registry(mock: responses.RequestsMock) -> Registry:
    mock.get(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=pipeline(EXPORT))
    registry = Registry(mock)
    registry.accepts_login()
    registry.has_blobs()
    has(registry, "hello:v1")
    return registry


def export(az: Az, registry: Registry, file: Path, blob: str = "myblob", **more: Any) -> Result:
    has(registry, "hello:v1")
    answers(registry.mock, "myrun", run(EXPORT, "myrun", **more))
    words = ("-p", "mypipeline", "-t", "export", "-n", "myrun", "-b", blob, "-a", "hello:v1")
    return az("acr", "pipeline-run", "create", *AT, *words, "--manifest", str(file))


def recorded(file: Path) -> Any:
    [run] = json.loads(file.read_text(encoding="utf-8"))["runs"]
    names = ("blobSize", "blobMd5", "catalogDigest")
    return {name: run[name] for name in names if name in run}


def test_size_md5_and_catalog_digest_are_recorded(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    response = run(EXPORT)["properties"]["response"] | {"catalogDigest": "sha256@"}
    result = export(az, registry, tmp_path / "m.json", "a b/blob", response=response)
    assert result.exit_code == 0
    assert recorded(tmp_path / "m.json") == BLOB | {"catalogDigest": "sha256@"}
    heads = [call.request for call in registry.mock.calls if call.request.method == "HEAD"]
    assert [head.url for head in heads] == [f"{CONTAINER}/a%20b/blob"]
    assert heads[0].headers["x-ms-version"] == "2021-12-02"
    assert heads[0].headers["Authorization"] == "Bearer none"


def test_a_blob_without_md5_has_its_size(az: Az, registry: Registry, tmp_path: Path) -> None:
    registry.has_blobs(headers={"x-ms-blob-type": "BlockBlob", "Content-Length": "7"})
    export(az, registry, tmp_path / "m.json")
    assert recorded(tmp_path / "m.json") == {"blobSize": 7}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            {"status": 403, "headers": {"x-ms-error-code": "AuthorizationPermissionMismatch"}},
            "Storage answered 403 AuthorizationPermissionMismatch.\n",
        ),
        ({"status": 200, "headers": {"x-ms-blob-type": "BlockBlob"}}, "'content-length'\n"),
        ({"body": ConnectionError("It's closed.")}, "It's closed.\n"),
    ],
)
def test_a_blob_that_cannot_be_read_fails_no_export(
    az: Az, registry: Registry, tmp_path: Path, answer: dict[str, Any], reason: str
) -> None:
    registry.has_blobs(**answer)
    result = export(az, registry, tmp_path / "m.json")
    assert (result.exit_code, recorded(tmp_path / "m.json")) == (0, {})
    assert (
        f"WARNING: The manifest {NO_BLOB_PROPERTIES} 1 of 1 blobs, by which 'verify --blobs' "
        f"checks carried files: {reason}"
    ) in result.stderr


def test_ctrl_c_while_blobs_are_read_keeps_the_result(
    az: Az, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(blob_contents, "read_contents", interrupt)
    result = export(az, registry, tmp_path / "m.json")
    assert (result.exit_code, result.json["name"]) == (0, "myrun")
    assert recorded(tmp_path / "m.json") == {}


@pytest.mark.parametrize(
    ("origin", "finished", "kept"),
    [
        (Origin.EXISTING, "then", True),
        (Origin.EXISTING, "later", False),
        (Origin.NEW, "then", False),
    ],
)
def test_what_is_known_of_the_blob_of_the_same_run_is_kept(
    origin: Origin, finished: str, *, kept: bool
) -> None:
    run_of = partial(ManifestRun, "r", "b", "Succeeded", None)
    known = run_of("then", blob_size=0, blob_md5="md5", catalog_digest="digest")
    again = run_of(finished)
    manifest = TransferManifest(ManifestKind.EXPORT, "", "", runs=(known,))
    [merged] = merge(manifest, [RunRecord(again, {}, origin)], {}).runs
    assert merged == (known if kept else again)
    newer = run_of(finished, blob_size=1, blob_md5="new", catalog_digest="newer")
    [merged] = merge(manifest, [RunRecord(newer, {}, origin)], {}).runs
    assert merged == newer
