"""Pipeline runs, end to end: real registries, real blob storage, both ways to reach it."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from acr_emulator.runs.pipelines import EXPORT, IMPORT, KINDS, PipelineKind
from acr_emulator.runs.run_service import INTERRUPTED

from tests.emulator.run_world import READER, URI, VAULT, World, prepare, run_body, run_path
from tests.emulator.running import REGISTRIES, Emulator, Json
from tests.support.cloud import eventually
from tests.support.emulator_wording import ARTIFACT_NOT_FOUND


def test_a_whole_transfer_with_managed_identities(world: World) -> None:
    world.allowed(EXPORT, "exporter")
    world.allowed(IMPORT, "importer", role=READER)
    artifacts = ["app", "app:v1", f"app@{world.digests['app:v2']}"]
    exported = world.run(EXPORT, "exporter", "export1", "whole", artifacts=artifacts)
    response = exported["response"]
    assert exported == {
        "provisioningState": "Succeeded",
        "request": {
            "pipelineResourceId": f"{REGISTRIES}/runsource/exportPipelines/exporter",
            "artifacts": artifacts,
            "target": {"type": "AzureStorageBlob", "name": "whole"},
        },
        "response": {
            "status": "Succeeded",
            "startTime": response["startTime"],
            "progress": {"percentage": "100"},
            "target": {
                "type": "AzureStorageBlob",
                "uri": f"{URI}/whole",
                "storageAccessMode": "ManagedIdentity",
            },
            "finishTime": response["finishTime"],
            "catalogDigest": response["catalogDigest"],
        },
    }
    imported = world.run(IMPORT, "importer", "import1", "whole")["response"]
    assert imported["catalogDigest"] == response["catalogDigest"]
    assert sorted(imported["importedArtifacts"]) == sorted(
        ["app:latest", "app:v1", f"app@{world.digests['app:v2']}"]
    )
    target = world.emulator.client("runtarget")
    assert target.digest("app", "v1") == world.digests["app:v1"]
    assert target.digest("app", "latest") == world.digests["app:latest"]
    assert target.digest("app", world.digests["app:v2"]) == world.digests["app:v2"]


@pytest.mark.parametrize("mark", ["", "?"])
def test_a_whole_transfer_with_sas_tokens(world: World, mark: str) -> None:
    """The secret works with and without the leading `?` that the documentation stores."""
    emulator = world.emulator
    suffix = "mark" if mark else "plain"
    secrets = [
        world.secret(f"{kind.side}{suffix}", mark + world.sas(sas))
        for kind, sas in ((EXPORT, "ralw"), (IMPORT, "dlr"))
    ]
    principals = [
        world.pipeline(kind, f"sas{suffix}", keyVaultUri=uri, storageAccessMode="SasToken")
        for kind, uri in zip(KINDS, secrets, strict=True)
    ]
    emulator.vault(VAULT, *principals)
    exported = world.run(EXPORT, f"sas{suffix}", f"sasexport{suffix}", f"sas{suffix}")
    assert exported["response"]["status"] == "Succeeded", exported
    assert exported["response"]["target"]["keyVaultUri"] == secrets[0]
    imported = world.run(IMPORT, f"sas{suffix}", f"sasimport{suffix}", f"sas{suffix}")
    assert imported["response"]["importedArtifacts"] == ["app:v1"]


def test_the_put_answers_an_operation_to_poll(world: World) -> None:
    world.allowed(EXPORT, "polled", "OverwriteBlobs")
    emulator = world.emulator
    emulator.instance.settings.run_seconds = 600
    emulator.instance.settings.retry_after = 7
    body = run_body(EXPORT, "polled", "polled")
    answer = emulator.arm("PUT", run_path(EXPORT, "polledrun"), body)
    assert answer.status_code == 201
    assert answer.headers["retry-after"] == "7"
    running = answer.json()
    assert list(running) == ["type", "id", "name", "systemData", "properties"]
    assert running["properties"]["provisioningState"] == "Creating"
    assert running["properties"]["response"]["status"] == "Running"
    operation = answer.headers["azure-asyncoperation"]
    assert "/pipelineRuns/polledrun/operationStatuses/pipelineruns-" in operation
    path = operation.partition(".com")[2].partition("?")[0]
    assert emulator.arm("GET", path).json()["status"] == "Running"
    busy = emulator.arm("PUT", run_path(EXPORT, "polledrun"), run_body(EXPORT, "polled", "other"))
    assert busy.status_code == 409
    again = emulator.arm("PUT", run_path(EXPORT, "polledrun"), body)
    assert again.headers["azure-asyncoperation"] == operation
    eventually(lambda: "polled" in world.blobs() or None)
    emulator.instance.settings.reset()
    emulator.instance.clock.advance(600)
    assert emulator.finished(run_path(EXPORT, "polledrun"))["response"]["status"] == "Succeeded"
    assert emulator.arm("GET", path).json()["status"] == "Succeeded"


def test_a_failed_run_is_a_failed_operation(world: World) -> None:
    world.allowed(EXPORT, "operation")
    body = run_body(EXPORT, "operation", "operation", artifacts=["nope:v1"])
    answer = world.emulator.arm("PUT", run_path(EXPORT, "operation"), body)
    message = world.emulator.finished(run_path(EXPORT, "operation"))["response"][
        "pipelineRunErrorMessage"
    ]
    path = answer.headers["azure-asyncoperation"].partition(".com")[2].partition("?")[0]
    assert world.emulator.arm("GET", path).json() == {
        "status": "Failed",
        "error": {"code": "PipelineRunFailed", "message": message},
    }


def test_the_put_can_wait_for_the_end(world: World) -> None:
    """What was once seen of Azure: 200, with the failure in the body."""
    world.allowed(EXPORT, "waiting")
    world.emulator.instance.settings.run_answer = "sync"
    body = run_body(EXPORT, "waiting", "waiting", artifacts=["nope:v1"])
    answer = world.emulator.arm("PUT", run_path(EXPORT, "waiting"), body)
    world.emulator.instance.settings.reset()
    assert answer.status_code == 200
    assert "azure-asyncoperation" not in answer.headers
    properties = answer.json()["properties"]
    assert properties["provisioningState"] == properties["response"]["status"] == "Failed"
    assert properties["response"]["pipelineRunErrorMessage"] == (
        f"Artifact 'nope:v1' {ARTIFACT_NOT_FOUND} 'runsource'."
    )


def test_nothing_runs_again_without_a_new_tag(world: World) -> None:
    world.allowed(EXPORT, "again", "OverwriteBlobs")
    path = run_path(EXPORT, "again")
    first = world.run(EXPORT, "again", "again", "again", forceUpdateTag="1")
    for more in ({}, {"forceUpdateTag": "1"}, {"forceUpdateTag": ""}):
        answer = world.emulator.arm("PUT", path, run_body(EXPORT, "again", "again", **more))
        assert answer.status_code == 200
        assert answer.json()["properties"] == first
    anew = world.run(EXPORT, "again", "again", "again", forceUpdateTag="2")
    assert anew["forceUpdateTag"] == "2"
    assert anew["response"]["startTime"] > first["response"]["startTime"]
    other = world.run(EXPORT, "again", "again", "again2")
    assert other["response"]["startTime"] > anew["response"]["startTime"]


def test_runs_are_listed_newest_last_and_deleted(world: World) -> None:
    world.allowed(EXPORT, "listed", "OverwriteBlobs")
    for name in ("listed1", "listed2"):
        world.run(EXPORT, "listed", name, "listed")
    names = [run["name"] for run in world.emulator.ok("GET", "runsource/pipelineRuns")["value"]]
    assert names[-2:] == ["listed1", "listed2"]
    deleted = world.emulator.arm("DELETE", run_path(EXPORT, "listed1"))
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert world.emulator.arm("DELETE", run_path(EXPORT, "listed1")).status_code == 204
    missing = world.emulator.arm("GET", run_path(EXPORT, "listed1"))
    assert missing.json()["error"]["code"] == "ResourceNotFound"
    assert "listed" in world.blobs()


def test_fifty_artifacts_go_and_fifty_one_are_refused(world: World) -> None:
    world.allowed(EXPORT, "fifty")
    client = world.emulator.client("runsource")
    client.push("many", "t0", layer=b"the same")
    manifest = client.manifest("many", "t0")
    assert manifest
    tags = [f"t{number}" for number in range(51)]
    client.push_manifest("many", manifest, *tags)
    artifacts = [f"many:{tag}" for tag in tags]
    refused = world.emulator.arm(
        "PUT", run_path(EXPORT, "fiftyone"), run_body(EXPORT, "fifty", "many", artifacts=artifacts)
    )
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "A run exports at most 50 artifacts, not 51."
    exported = world.run(EXPORT, "fifty", "fifty", "many", artifacts=artifacts[:50])
    assert exported["response"]["status"] == "Succeeded"
    world.allowed(IMPORT, "fifty")
    imported = world.run(IMPORT, "fifty", "fifty", "many")["response"]
    assert sorted(imported["importedArtifacts"]) == sorted(artifacts[:50])


def test_two_runs_go_at_once(world: World) -> None:
    world.allowed(EXPORT, "parallel")
    world.emulator.instance.settings.run_seconds = 600
    for name in ("parallel1", "parallel2"):
        world.start(EXPORT, "parallel", name, name)
    eventually(lambda: world.blobs() >= {"parallel1", "parallel2"} or None)
    world.emulator.instance.settings.reset()
    world.emulator.instance.clock.advance(600)
    for name in ("parallel1", "parallel2"):
        finished = world.emulator.finished(run_path(EXPORT, name))
        assert finished["response"]["status"] == "Succeeded"


def test_a_tag_is_exported_while_it_is_pushed(world: World) -> None:
    """Each export has one of the manifests that the tag named, and fails for none."""
    world.allowed(EXPORT, "passing", "OverwriteBlobs")
    client = world.emulator.client("runsource")
    ended = threading.Event()

    def push() -> None:
        for number in itertools.count():
            if ended.is_set():
                return
            client.push("busy", "v1", layer=str(number).encode())

    client.push("busy", "v1", layer=b"first")
    with ThreadPoolExecutor(1) as threads:
        pushing = threads.submit(push)
        try:
            exported = [
                world.run(EXPORT, "passing", f"passing{number}", "passing", artifacts=["busy:v1"])
                for number in range(5)
            ]
        finally:
            ended.set()
        pushing.result(60)
    assert [run["response"].get("pipelineRunErrorMessage") for run in exported] == [None] * 5
    assert {run["provisioningState"] for run in exported} == {"Succeeded"}


def test_imports_of_one_blob_at_once_do_not_disturb_each_other(world: World) -> None:
    world.allowed(EXPORT, "shared")
    world.allowed(IMPORT, "shared", "OverwriteTags")
    world.run(EXPORT, "shared", "shared", "shared")
    names = [f"shared{number}" for number in range(12)]
    for name in names:
        world.start(IMPORT, "shared", name, "shared")
    ends = [world.emulator.finished(run_path(IMPORT, name))["response"] for name in names]
    assert [end.get("pipelineRunErrorMessage") for end in ends] == [None] * len(names)


def test_the_source_blob_is_deleted_on_success(world: World) -> None:
    world.allowed(EXPORT, "leaving")
    world.allowed(IMPORT, "leaving", "DeleteSourceBlobOnSuccess", "OverwriteTags")
    world.run(EXPORT, "leaving", "leaving", "leaving")
    imported = world.run(IMPORT, "leaving", "leaving", "leaving")
    assert imported["response"]["status"] == "Succeeded"
    assert "leaving" not in world.blobs()


def test_a_reader_cannot_delete_the_source_blob(world: World) -> None:
    world.allowed(EXPORT, "keeping")
    world.allowed(IMPORT, "keeping", "DeleteSourceBlobOnSuccess", "OverwriteTags", role=READER)
    world.run(EXPORT, "keeping", "keeping", "keeping")
    response = world.run(IMPORT, "keeping", "keeping", "keeping")["response"]
    assert response["status"] == "Failed"
    assert response["importedArtifacts"] == ["app:v1"]
    assert "Status: 403" in response["pipelineRunErrorMessage"]
    assert "keeping" in world.blobs()


def test_what_can_go_goes_with_continue_on_errors(world: World) -> None:
    world.allowed(EXPORT, "partial", "ContinueOnErrors")
    artifacts = ["nope:v1", "app:v1", "nope:v2"]
    response = world.run(EXPORT, "partial", "partial", "partial", artifacts=artifacts)["response"]
    assert response["status"] == "Failed"
    assert response["pipelineRunErrorMessage"].splitlines() == [
        f"Artifact 'nope:v1' {ARTIFACT_NOT_FOUND} 'runsource'.",
        f"Artifact 'nope:v2' {ARTIFACT_NOT_FOUND} 'runsource'.",
    ]
    world.allowed(IMPORT, "partial", "OverwriteTags")
    imported = world.run(IMPORT, "partial", "partial", "partial")["response"]
    assert imported["importedArtifacts"] == ["app:v1"]


def other_registry(kind: PipelineKind) -> str:
    return f"{REGISTRIES}/runtarget/{kind.collection}/pipeline"


REFUSALS: list[tuple[str, Json, int]] = [
    ("no pipeline", {"pipelineResourceId": ""}, 400),
    ("another registry", {"pipelineResourceId": other_registry(EXPORT)}, 400),
    (
        "missing pipeline",
        {"pipelineResourceId": f"{REGISTRIES}/runsource/exportPipelines/nobody"},
        404,
    ),
    ("no artifacts", {"artifacts": []}, 400),
    ("no target", {"target": {"type": "", "name": ""}}, 400),
    ("wrong type", {"target": {"type": "AzureStorageBlobContainer", "name": "x"}}, 400),
]


@pytest.mark.parametrize(
    ("changes", "status"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_bad_run_is_refused(world: World, changes: Json, status: int) -> None:
    world.allowed(EXPORT, "refusing")
    body = run_body(EXPORT, "refusing", "refusing")
    body["properties"]["request"].update(changes)
    answer = world.emulator.arm("PUT", run_path(EXPORT, "refused"), body)
    assert answer.status_code == status
    assert world.emulator.arm("GET", run_path(EXPORT, "refused")).status_code == 404


@pytest.mark.parametrize("name", ["abcd", "with_underscore", "a" * 51])
def test_a_bad_name_is_refused(world: World, name: str) -> None:
    world.allowed(EXPORT, "refusing")
    answer = world.emulator.arm("PUT", run_path(EXPORT, name), run_body(EXPORT, "refusing", "b"))
    assert answer.status_code == 400


@pytest.mark.parametrize(("type_", "status"), [("azurestorageblob", 201), ("Blob", 400)])
def test_the_type_of_a_blob_is_compared_without_case(world: World, type_: str, status: int) -> None:
    world.allowed(EXPORT, "typed", "OverwriteBlobs")
    body = run_body(EXPORT, "typed", "typed")
    body["properties"]["request"]["target"]["type"] = type_
    answer = world.emulator.arm("PUT", run_path(EXPORT, f"typed{status}"), body)
    assert answer.status_code == status, answer.text


def test_empty_strings_of_templates_are_absent(world: World) -> None:
    world.allowed(EXPORT, "template")
    body = run_body(EXPORT, "template", "template", forceUpdateTag="")
    body["properties"]["request"].update(source={"type": "", "name": ""}, catalogDigest="")
    world.emulator.ok("PUT", run_path(EXPORT, "template"), body)
    finished = world.emulator.finished(run_path(EXPORT, "template"))
    assert finished["response"]["status"] == "Succeeded"
    assert list(finished["request"]) == ["pipelineResourceId", "artifacts", "target"]
    assert "forceUpdateTag" not in finished


def test_a_restart_fails_what_was_in_progress(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path / "state")
    world = prepare(emulator)
    world.allowed(EXPORT, "restarted", "OverwriteBlobs")
    emulator.instance.settings.run_seconds = 600
    body = run_body(EXPORT, "restarted", "restarted")
    answer = emulator.arm("PUT", run_path(EXPORT, "restarted"), body)
    operation = answer.headers["azure-asyncoperation"].partition(".com")[2].partition("?")[0]
    world.container.close()
    emulator.stop()
    emulator = Emulator(tmp_path / "state")
    try:
        run = emulator.ok("GET", run_path(EXPORT, "restarted"))["properties"]
        assert run["provisioningState"] == run["response"]["status"] == "Failed"
        assert run["response"]["pipelineRunErrorMessage"] == INTERRUPTED
        assert emulator.arm("GET", operation).json()["error"]["message"] == INTERRUPTED
        digest = emulator.client("runsource").digest("app", "v1")
        assert digest == world.digests["app:v1"]
        again = World(emulator, world.container, {}).run(
            EXPORT, "restarted", "restarted", "restarted", forceUpdateTag="2"
        )
        assert again["response"]["status"] == "Succeeded"
    finally:
        emulator.stop()
