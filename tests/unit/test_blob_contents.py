"""What a manifest has of the blobs: read from storage, and never at the cost of the export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import responses

from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.storage.contents import head_of
from azext_acrtransfer.transfer import blob_contents
from tests.support.az import Result
from tests.support.wording import NO_BLOB_PROPERTIES
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline, run
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
    return az("acr", "pipeline-run", "create", *WHERE, *words, "--manifest", str(file))


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
    ("answer", "reason", "tries"),
    [
        (
            {"status": 403, "headers": {"x-ms-error-code": "AuthorizationPermissionMismatch"}},
            "Storage answered 403 AuthorizationPermissionMismatch.\n",
            1,
        ),
        (
            {"status": 503, "headers": {"x-ms-error-code": "ServerBusy"}},
            "Storage answered 503 ServerBusy.\n",
            3,
        ),
        ({"status": 200, "headers": {"x-ms-blob-type": "BlockBlob"}}, "'content-length'\n", 1),
        ({"body": ConnectionError("It's closed.")}, "It's closed.\n", 1),
    ],
)
@pytest.mark.usefixtures("fake_time")
def test_a_blob_that_cannot_be_read_fails_no_export(
    az: Az, registry: Registry, tmp_path: Path, answer: dict[str, Any], reason: str, tries: int
) -> None:
    registry.has_blobs(**answer)
    result = export(az, registry, tmp_path / "m.json")
    assert (result.exit_code, recorded(tmp_path / "m.json")) == (0, {})
    assert (
        f"WARNING: The manifest {NO_BLOB_PROPERTIES} 1 of 1 blobs, by which 'verify --blobs' "
        f"checks carried files: {reason}"
    ) in result.stderr
    assert [call.request.method for call in registry.mock.calls].count("HEAD") == tries


def test_ctrl_c_while_blobs_are_read_keeps_the_result(
    az: Az, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(blob_contents, "read_contents", interrupt)
    result = export(az, registry, tmp_path / "m.json")
    assert (result.exit_code, result.json["name"]) == (0, "myrun")
    assert recorded(tmp_path / "m.json") == {}


@pytest.mark.parametrize("end", ["", "/"])
def test_a_slash_at_the_end_of_the_container_makes_no_difference(end: str) -> None:
    assert head_of(CONTAINER + end, "a/b c").url == f"{CONTAINER}/a/b%20c"
