"""The manifest of an export, what the next export takes from one, and verify: the requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azext_acrtransfer.manifest.model import Entry, ManifestKind, Result, TransferManifest
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.version import VERSION
from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import LOGIN, REGISTRY, SITE, TOKEN, WHERE, minute, referrer_lists
from tests.recorded.player import files_of
from tests.recorded.staging import (
    COSIGNED,
    GREETING,
    HELLO,
    SIGNATURE,
    SIGNATURE_BY_TAG,
    push,
    ready_to_export,
    signed,
)
from tests.support.wording import not_in_registry

IMAGE = "application/vnd.oci.image.manifest.v1+json"
SIZE = 409
#: What storage answers about the blob of both.
BLOB = {"blobSize": 8704, "blobMd5": "Ud0GVTQmFFngHm1GIHYONQ=="}
SERVER = f"{SITE}registry.azurecr.io"
CREATE = f"acr pipeline-run create {WHERE} -p mypipeline -t export"
BOTH = "-a hello:v1 samples/greeting:v2"
#: What logging in, and requesting both, takes; the token for both before the first manifest.
DESCRIBE = [
    *LOGIN,
    TOKEN,
    "GET /v2/hello/manifests/v1",
    "GET /v2/samples/greeting/manifests/v2",
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands name files by their names alone."""
    files_of(tmp_path).mkdir()
    monkeypatch.chdir(files_of(tmp_path))


def entry(reference: str, digest: str, result: str, **more: str) -> dict[str, Any]:
    fields = {"reference": reference, "digest": digest, "mediaType": IMAGE, "size": SIZE}
    return fields | more | {"result": result}


def document(name: str) -> dict[str, Any]:
    """What was written to a file, but for the time."""
    manifest: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))
    del manifest["created"]
    return manifest


def write(kind: ManifestKind, *entries: Entry) -> None:
    """Have a manifest."""
    manifest = TransferManifest(kind, "2026-01-20T12:00:00Z", "another.azurecr.io", entries=entries)
    Path("manifest.json").write_text(manifest.to_json(), encoding="utf-8")


def write_what_another_registry_has() -> None:
    """Have the manifest of a registry that lacks an artifact."""
    write(
        ManifestKind.VERIFICATION,
        Entry(Artifact("hello", "v1"), Result.PRESENT, Descriptor(HELLO, IMAGE, SIZE)),
        Entry(Artifact("samples/greeting", "v2"), Result.MISSING),
    )


def test_an_export_is_described_and_a_registry_compared_with_it(
    az: Az, when_recording: WhenRecording
) -> None:
    when_recording(ready_to_export)
    answer = az(f"{CREATE} -n myrun01 -b myblob {BOTH} --manifest manifest.json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.requests[:1] == ["GET exportPipelines/mypipeline"]
    assert answer.requests[1:6] == DESCRIBE
    assert answer.requests[6:] == [
        TOKEN,
        "GET /acr/v1/hello/_tags",
        "GET /acr/v1/samples/greeting/_tags",
        *referrer_lists(hello=HELLO, samples__greeting=GREETING),
        "PUT pipelineRuns/myrun01",
        "GET pipelineRuns/myrun01",
        *DESCRIBE,  # whether tags moved
        f"HEAD /{SITE}/myblob",
    ]
    exported = [
        entry("hello:v1", HELLO, "exported", run="myrun01"),
        entry("samples/greeting:v2", GREETING, "exported", run="myrun01"),
    ]
    times = {"started": minute(14), "finished": minute(15), "estimatedSize": 2 * SIZE + 15}
    written = document("manifest.json")
    assert written["runs"][0].pop("catalogDigest").startswith("sha256:")
    assert written == {
        "schemaVersion": 1,
        "kind": "export",
        "extensionVersion": VERSION,
        "registry": SERVER,
        "pipeline": f"{REGISTRY}/exportPipelines/mypipeline",
        "runs": [{"name": "myrun01", "blob": "myblob", **BLOB, "status": "Succeeded", **times}],
        "artifacts": exported,
    }

    answer = az(f"acr pipeline-run verify {WHERE} --manifest manifest.json --write target.json")
    assert (answer.exit_code, answer.requests) == (0, DESCRIBE)
    assert [row["status"] for row in answer.json] == ["present", "present"]
    assert document("target.json") == {
        "schemaVersion": 1,
        "kind": "verification",
        "extensionVersion": VERSION,
        "registry": SERVER,
        "runs": [],
        "artifacts": [
            entry("hello:v1", HELLO, "present"),
            entry("samples/greeting:v2", GREETING, "present"),
        ],
    }


def test_wait_completes_the_manifest_of_an_export(az: Az, when_recording: WhenRecording) -> None:
    when_recording(ready_to_export)
    answer = az(f"{CREATE} -n myrun01 -b myblob {BOTH} --manifest manifest.json --no-wait")
    assert (answer.exit_code, answer.json["name"]) == (0, "myrun01")
    results = [artifact["result"] for artifact in document("manifest.json")["artifacts"]]
    assert results == ["unknown", "unknown"]

    answer = az("acr pipeline-run wait --manifest manifest.json")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert [line for line in answer.requests if "pipeline" in line] == ["GET pipelineRuns/myrun01"]
    assert answer.requests[-len(DESCRIBE) :] == DESCRIBE
    assert answer.stderr == ""
    [recorded] = document("manifest.json")["runs"]
    assert recorded["status"] == "Succeeded"
    assert {name: recorded[name] for name in BLOB} == BLOB
    results = [artifact["result"] for artifact in document("manifest.json")["artifacts"]]
    assert results == ["exported", "exported"]


def test_verify_names_what_is_missing(az: Az, when_recording: WhenRecording) -> None:
    when_recording(push)
    hello = Descriptor(HELLO, IMAGE, SIZE)
    write(
        ManifestKind.EXPORT,
        Entry(Artifact("hello", HELLO), Result.EXPORTED, hello),
        Entry(Artifact("hello", "v2"), Result.EXPORTED, hello),
        Entry(Artifact("samples/greeting", "v2"), Result.FAILED, hello),
    )
    verify = f"acr pipeline-run verify {WHERE} --manifest manifest.json"
    answer = az(f"{verify} --only-differences -o table")
    rows = [line.split()[:2] for line in answer.stdout.splitlines()[2:]]
    assert (answer.exit_code, rows) == (
        1,
        [
            ["missing", "hello:v2"],
            ["different", "samples/greeting:v2"],
        ],
    )
    lines = answer.stderr.splitlines()[:3]
    assert lines == [
        f"ERROR: {not_in_registry(2, 3, f'{SITE}registry')} as the manifest lists them:",
        "hello:v2: missing",
        "samples/greeting:v2: different",
    ]


def test_an_export_leaves_out_what_the_target_has(az: Az, when_recording: WhenRecording) -> None:
    when_recording(ready_to_export)
    write_what_another_registry_has()
    answer = az(f"{CREATE} -n myrun01 -b myblob {BOTH} --skip manifest.json")
    assert answer.json["request"]["artifacts"] == ["samples/greeting:v2"]
    assert answer.requests[1:6] == DESCRIBE

    answer = az(f"{CREATE} -n myrun02 -b otherblob --only-failed manifest.json --dry-run")
    assert [run["artifacts"] for run in answer.json] == [["samples/greeting:v2"]]
    assert answer.requests == [
        "GET exportPipelines/mypipeline",
        *LOGIN,
        TOKEN,
        "GET /acr/v1/samples/greeting/_tags",
        TOKEN,
        f"GET /v2/samples/greeting/manifests/{GREETING}",
        *referrer_lists(samples__greeting=GREETING),
    ]


def test_referrers_are_exported_verified_and_fit_into_a_blob(
    az: Az, when_recording: WhenRecording
) -> None:
    when_recording(signed)
    words = "--include-referrers --max-blob-size 1MB --manifest manifest.json"
    answer = az(f"{CREATE} -n myrun01 -b myblob.tar -a hello:v1 {words}")
    expected = ["hello:v1", SIGNATURE_BY_TAG, f"hello@{SIGNATURE}"]
    assert (answer.exit_code, answer.json["request"]["artifacts"]) == (0, expected)
    assert answer.requests[:-8] == [
        "GET exportPipelines/mypipeline",
        *LOGIN,
        TOKEN,
        "GET /acr/v1/hello/_tags",
        TOKEN,
        f"GET /v2/hello/manifests/{HELLO}",
        *referrer_lists(hello=HELLO),
        f"GET /v2/hello/manifests/{COSIGNED}",
        *referrer_lists(hello=COSIGNED),
        *referrer_lists(hello=SIGNATURE),
        f"GET /v2/hello/manifests/{SIGNATURE}",
    ]
    written = document("manifest.json")
    assert written["runs"][0]["estimatedSize"] == 1_202
    subjects = [artifact.get("subject") for artifact in written["artifacts"]]
    assert subjects == [None, HELLO, HELLO]

    answer = az(f"acr pipeline-run verify {WHERE} --manifest manifest.json")
    assert [row["status"] for row in answer.json] == ["present"] * 3
    assert [row["subject"] for row in answer.json] == subjects
    assert answer.requests[-1:] == referrer_lists(hello=HELLO)
