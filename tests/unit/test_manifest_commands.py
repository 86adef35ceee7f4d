"""An export's manifest, what the next export takes from one, and verify: over HTTP answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
import responses
from jsonschema import Draft202012Validator

from azext_acrtransfer.kinds import EXPORT, IMPORT
from azext_acrtransfer.version import VERSION
from docs.generators.manifest_page import SCHEMA
from tests.support.az import non_null
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    EXPORT_AGAIN,
    EXPORT_ONLY,
    FILE_OF_WRITE,
    INTERRUPTED,
    NO_TAG_NO_REPOSITORY,
    NOTHING_LEFT,
    OF_KIND,
    OVERWRITTEN_BY,
    PUSH_OR_EXCLUDE,
    RUN_EXISTS,
    SAVE_THE_REST,
    TAGS_MOVED,
    TO_RESUME,
    TO_TRANSFER_THE_REST,
    TO_VERIFY_AGAIN,
    TO_VERIFY_THE_UNREAD,
    WHETHER_CREATED,
    invalid,
    no_permission,
    not_in_registry,
    not_written,
)
from tests.unit import fake_runs
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, flat, pipeline, run
from tests.unit.fake_registry import BLOB, HOST, INDEX, Registry, described, document_of, has
from tests.unit.fake_runs import REFUSED, RUNS, UNDER_WAY, answers, error_of, failed

Json = dict[str, Any]
SERVER = HOST.removeprefix("https://")
CREATE = ["acr", "pipeline-run", "create", *WHERE, "-p", "mypipeline", "-t", "export"]
NAMED = [*CREATE, "-n", "myrun", "-b", "myblob"]
VERIFY = ["acr", "pipeline-run", "verify", *WHERE]
VALIDATOR = Draft202012Validator(SCHEMA)
MANY = [f"samples/hello:v{number}" for number in range(51)]
TIMES = {
    "started": "2026-03-04T17:23:21.926152+00:00",
    "finished": "2026-03-04T17:24:21.926152+00:00",
}
NOT_THERE: Json = {"status": 404, "json": {"errors": [{"code": "MANIFEST_UNKNOWN"}]}}


@pytest.fixture
def registry(mock: responses.RequestsMock) -> Registry:
    """A registry that lets the caller in, under an ARM that has the pipeline."""
    mock.get(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=pipeline(EXPORT))
    fake = Registry(mock)
    fake.accepts_login()
    fake.has_blobs()
    return fake


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the manifest is to be."""
    return tmp_path / "manifest.json"


def written(file: Path) -> Json:
    """The document in a file, which fits the schema."""
    document: Json = json.loads(file.read_text(encoding="utf-8"))
    VALIDATOR.validate(document)
    return document


def entry(artifact: str, result: str, **more: str) -> Json:
    return {"reference": artifact, **described(document_of(artifact)), **more, "result": result}


def results(file: Path) -> dict[str, str]:
    """The result of each artifact."""
    return {each["reference"]: each["result"] for each in written(file)["artifacts"]}


def sent(registry: Registry) -> list[str]:
    """The artifacts of each PUT."""
    bodies = fake_runs.sent(registry.mock, "PUT").values()
    return [" ".join(body["properties"]["request"]["artifacts"]) for body in bodies]


def test_an_export_writes_its_manifest(az: Az, registry: Registry, file: Path) -> None:
    index = json.dumps(
        {
            "mediaType": INDEX,
            "manifests": [described(b"first") | {"platform": {}}, described(b"second")],
        }
    ).encode()
    has(registry, "hello:latest")
    has(registry, "samples/nginx:1", content=index)
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    result = az(*NAMED, "-a", "hello", "samples/nginx:1", "--manifest", str(file))
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(EXPORT, "myrun")))
    document = written(file)
    assert document.pop("created")[:2] == "20"
    nginx = described(index, INDEX) | {"children": [described(b"first"), described(b"second")]}
    assert document == {
        "schemaVersion": 1,
        "kind": "export",
        "extensionVersion": VERSION,
        "registry": SERVER,
        "pipeline": f"{REGISTRY}/exportPipelines/mypipeline",
        "runs": [{"name": "myrun", "blob": "myblob", **BLOB, "status": "Succeeded", **TIMES}],
        "artifacts": [
            entry("hello:latest", "exported", run="myrun"),
            {"reference": "samples/nginx:1", **nginx, "run": "myrun", "result": "exported"},
        ],
    }


def test_a_tag_that_moved_is_listed_with_both_contents(
    az: Az, registry: Registry, file: Path
) -> None:
    for name in MANY[:22]:
        has(registry, name)
        has(registry, name, content=document_of("new"))
    digest = f"samples/hello@{described(document_of('new'))['digest']}"
    has(registry, "hello:v1")
    has(registry, digest, content=document_of("new"))
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = ["-a", "hello:v1", digest, *MANY[:22], "--manifest", str(file)]
    result = az(*NAMED, *words)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == (
        f"WARNING: {TAGS_MOVED} {', '.join(MANY[:20])}, and 2 more"
    )
    new = described(document_of("new"))
    assert written(file)["artifacts"][0] == entry("hello:v1", "exported", run="myrun")
    assert written(file)["artifacts"][2] == (
        entry(MANY[0], "exported", run="myrun") | {"movedTo": new}
    )
    assert [row["status"] for row in az(*VERIFY, "--manifest", str(file)).json] == ["present"] * 24


@pytest.mark.usefixtures("fake_time")
def test_a_registry_that_cannot_be_read_again_does_not_hide_the_result(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1")
    registry.answers("/v2/hello/manifests/v1", "repository:hello:pull", status=403, json={})
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    result = az(*NAMED, "-a", "hello:v1", "--manifest", str(file))
    assert (result.exit_code, results(file)) == (0, {"hello:v1": "exported"})
    assert result.stderr.splitlines()[-1] == (
        "WARNING: Whether tags moved after the export was planned is unknown: "
        f"{no_permission('read the manifests')} of repository 'hello' in registry 'myregistry'. "
        "The registry said: 403 Forbidden, with application/json"
    )


def test_the_manifest_holds_the_plan_before_the_first_run_is_created(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1")
    manifests: list[Json] = []

    def put(_: Any) -> tuple[int, dict[str, str], str]:
        manifests.append(written(file))
        return 200, {}, json.dumps(run(EXPORT, "myrun"))

    registry.mock.add_callback("PUT", f"{ARM}{RUNS}/myrun", put)
    assert az(*NAMED, "-a", "hello:v1", "--manifest", str(file)).exit_code == 0
    [before] = manifests
    assert before["runs"] == [{"name": "myrun", "blob": "myblob", "estimatedSize": 97}]
    assert before["artifacts"] == [entry("hello:v1", "unknown", run="myrun")]
    assert results(file) == {"hello:v1": "exported"}


def test_what_failed_is_marked_and_the_file_is_named_to_run_it_again(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, *MANY)
    answers(registry.mock, "myrun001", run(EXPORT, "myrun001"))
    answers(registry.mock, "myrun002", failed(EXPORT, f"{REFUSED}?sig=secret", "myrun002"))
    result = az(*NAMED, "-a", *MANY, "--manifest", str(file))
    assert (result.exit_code, len(result.json)) == (1, 2)
    assert error_of(result)[-1] == (
        "az acr pipeline-run create --resource-group mygroup --registry myregistry "
        "--name myrunretry --pipeline mypipeline --pipeline-type export "
        f"--storage-blob myblob-retry --only-failed {file} --manifest {file}"
    )
    assert results(file) == dict.fromkeys(MANY[:50], "exported") | {MANY[50]: "failed"}
    error = f"{REFUSED}?sig=***"
    assert written(file)["artifacts"][50]["error"] == error
    assert [(each["status"], each.get("error")) for each in written(file)["runs"]] == [
        ("Succeeded", None),
        ("Failed", error),
    ]


def test_a_retry_by_manifest_leaves_out_what_does_not_exist(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1", "hello:v2")
    message = "Artifact 'hello:v1' was not found."
    answers(registry.mock, "myrun", failed(EXPORT, message, "myrun"))
    result = az(*NAMED, "-a", "hello:v1", "hello:v2", "--manifest", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)[-1].endswith(
        f"--only-failed {file} --exclude hello:v1 --manifest {file}"
    )


def test_a_single_run_that_failed_names_the_file_too(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1")
    answers(registry.mock, "myrun", failed(EXPORT, "Out of order.", "myrun"))
    result = az(*NAMED, "-a", "hello:v1", "--manifest", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)[-1].endswith(f"--only-failed {file} --manifest {file}")
    assert results(file) == {"hello:v1": "failed"}


@pytest.mark.parametrize("count", [20, 21])
def test_many_artifacts_that_are_gone_are_excluded_by_a_file(
    az: Az, registry: Registry, file: Path, count: int
) -> None:
    has(registry, *MANY)
    gone = MANY[:count]
    message = "\n".join(f"Artifact '{artifact}' was not found." for artifact in gone)
    answers(registry.mock, "myrun001", failed(EXPORT, message, "myrun001"))
    answers(registry.mock, "myrun002", run(EXPORT, "myrun002"))
    lines = error_of(az(*NAMED, "-a", *MANY, "--manifest", str(file)))
    is_long = count == 21
    excluded = "@missing.txt" if is_long else " ".join(gone)
    assert lines[-1].endswith(f"--only-failed {file} --exclude {excluded} --manifest {file}")
    how = [TO_TRANSFER_THE_REST]
    if is_long:
        how = [f"{SAVE_THE_REST} missing.txt:", *gone, "Then run:"]
    assert lines[-1 - len(how) : -1] == how


@pytest.mark.usefixtures("fake_time")
def test_with_continue_on_errors_unnamed_artifacts_are_unknown(
    az: Az, registry: Registry, file: Path
) -> None:
    options = pipeline(EXPORT, options=["ContinueOnErrors"])
    registry.mock.replace("GET", f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=options)
    has(registry, "hello:v1", "hello:v2")
    answers(registry.mock, "myrun", failed(EXPORT, "Artifact 'hello:v2' is gone.", "myrun"))
    assert az(*NAMED, "-a", "hello:v1", "hello:v2", "--manifest", str(file)).exit_code == 1
    assert written(file)["artifacts"] == [
        entry("hello:v1", "unknown", run="myrun"),
        entry("hello:v2", "failed", run="myrun", error="Artifact 'hello:v2' is gone."),
    ]


def test_a_run_that_the_service_refuses_failed_and_has_no_status(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1")
    answers(registry.mock, "myrun", {"error": {"code": "Conflict", "message": "Not now."}})
    assert az(*NAMED, "-a", "hello:v1", "--manifest", str(file)).exit_code == 1
    [only] = written(file)["runs"]
    assert (only.get("status"), only["error"].splitlines()[0]) == (None, "(Conflict) Not now.")
    assert results(file) == {"hello:v1": "failed"}


def test_a_run_whose_answer_is_empty_is_unknown_until_it_is_waited_for(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1")
    registry.mock.add("PUT", f"{ARM}{RUNS}/myrun", body="")
    assert az(*NAMED, "-a", "hello:v1", "--manifest", str(file)).exit_code == 1
    assert results(file) == {"hello:v1": "unknown"}
    registry.mock.get(f"{ARM}{RUNS}/myrun", json=run(EXPORT, "myrun"))
    assert az("acr", "pipeline-run", "wait", "--manifest", str(file)).exit_code == 0
    assert results(file) == {"hello:v1": "exported"}


def interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def refuse(*_: Any) -> None:
    raise ConnectionError("gone")


@pytest.mark.parametrize("ended_by", [interrupt, refuse])
def test_of_runs_that_are_no_longer_waited_for_the_last_state_is_returned(
    az: Az,
    registry: Registry,
    file: Path,
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
    ended_by: Callable[..., None],
) -> None:
    has(registry, *MANY)
    answers(registry.mock, "myrun001", run(EXPORT, "myrun001", **UNDER_WAY))
    answers(registry.mock, "myrun002", run(EXPORT, "myrun002"))
    if ended_by is interrupt:
        monkeypatch.setattr(fake_time, "sleep", interrupt)
    else:
        registry.mock.get(f"{ARM}{RUNS}/myrun001", body=ConnectionError("gone"))
    result = az(*NAMED, "-a", *MANY, "--manifest", str(file))
    assert (result.exit_code, error_of(result)[-2:]) == (
        1,
        [TO_RESUME, f"az acr pipeline-run wait --manifest {file}"],
    )
    assert results(file) == dict.fromkeys(MANY[:50], "unknown") | {MANY[50]: "exported"}
    assert [each["status"] for each in written(file)["runs"]] == ["Running", "Succeeded"]


def test_ctrl_c_during_the_only_put_leaves_a_manifest_to_complete(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1")
    registry.mock.add_callback("PUT", f"{ARM}{RUNS}/myrun", interrupt)
    result = az(*NAMED, "-a", "hello:v1", "--manifest", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        f"ERROR: myrun: {INTERRUPTED}",
        f"{WHETHER_CREATED}, and complete the manifest, run:",
        f"az acr pipeline-run wait --manifest {file}",
    ]
    assert written(file)["runs"] == [{"name": "myrun", "blob": "myblob", "estimatedSize": 97}]
    assert written(file)["artifacts"] == [entry("hello:v1", "unknown", run="myrun")]


def test_what_is_not_waited_for_is_unknown(az: Az, registry: Registry, file: Path) -> None:
    has(registry, "hello:v1")
    answers(registry.mock, "myrun", run(EXPORT, "myrun", **UNDER_WAY))
    result = az(*NAMED, "-a", "hello:v1", "--manifest", str(file), "--no-wait")
    assert (result.exit_code, results(file)) == (0, {"hello:v1": "unknown"})
    assert result.stderr.splitlines()[1:] == [
        "WARNING: To complete the manifest when the runs have ended: "
        f"az acr pipeline-run wait --manifest {file}"
    ]


OLD = run(EXPORT, "myrun", forceUpdateTag="before")
#: A run that was in progress before any test sent its PUT.
BEGUN = {"status": "Running", "startTime": "2026-01-20T08:00:00Z"}
JOINED = run(EXPORT, "myrun", provisioningState="Creating", response=BEGUN)


def answers_with_date(registry: Registry, put: Json, *gets: Json) -> None:
    """Answer the PUT of a run at a time, and then each GET of it."""
    for method, body in [("PUT", put), *(("GET", get) for get in gets)]:
        headers = {"Date": "Tue, 20 Jan 2026 09:00:00 GMT"}
        registry.mock.add(method, f"{ARM}{RUNS}/myrun", json=body, headers=headers)


def test_a_run_that_already_existed_is_not_recorded_with_current_digests(
    az: Az, registry: Registry, file: Path
) -> None:
    has(registry, "hello:v1")
    answers(registry.mock, "myrun", OLD)
    result = az(*NAMED, "-a", "hello:v1", "--manifest", str(file))
    assert result.exit_code == 0
    assert f"Pipeline run 'myrun' {RUN_EXISTS}" in result.stderr
    assert written(file)["artifacts"] == [entry("hello:v1", "unknown")]


def test_a_repeated_export_keeps_what_the_manifest_knows(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    before = [entry("hello:v1", "exported", run="myrun"), entry("other:v1", "failed", run="first")]
    file = an_export(tmp_path, *before)
    has(registry, "hello:v1", content=document_of("pushed since"))
    answers(registry.mock, "myrun", OLD)
    assert az(*NAMED, "-a", "hello:v1", "--manifest", str(file)).exit_code == 0
    assert written(file)["artifacts"] == before


@pytest.mark.parametrize("put", [OLD, JOINED], ids=["ended", "in-progress"])
@pytest.mark.usefixtures("fake_time")
def test_a_repeated_export_completes_the_manifest(
    az: Az, registry: Registry, tmp_path: Path, put: Json
) -> None:
    planned = {"name": "myrun", "blob": "myblob"}
    file = an_export(tmp_path, entry("hello:v1", "unknown", run="myrun"), runs=[planned])
    has(registry, "hello:v1", content=document_of("pushed since"))
    answers_with_date(registry, put, run(EXPORT, "myrun"))
    assert az(*NAMED, "-a", "hello:v1", "--manifest", str(file)).exit_code == 0
    assert written(file)["artifacts"] == [entry("hello:v1", "exported", run="myrun")]
    assert written(file)["runs"] == [planned | {**BLOB, "status": "Succeeded", **TIMES}]


def test_the_plan_of_a_repeated_export_replaces_nothing(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    runs = [{"name": "myrun", "blob": "myblob", "status": "Succeeded", **TIMES}]
    file = an_export(tmp_path, entry("hello:v1", "exported", run="myrun"), runs=runs)
    before = written(file)
    has(registry, "hello:v1", content=document_of("pushed since"))
    planned: list[Json] = []

    def put(_: Any) -> tuple[int, dict[str, str], str]:
        planned.append(written(file) | {"created": before["created"]})
        return 200, {}, json.dumps(OLD)

    registry.mock.add_callback("PUT", f"{ARM}{RUNS}/myrun", put)
    assert az(*NAMED, "-a", "hello:v1", "--manifest", str(file)).exit_code == 0
    assert planned == [before | {"registry": SERVER, "extensionVersion": VERSION}]


def test_an_export_that_is_refused_keeps_what_the_manifest_knows(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    before = [entry("hello:v1", "exported", run="first"), entry("hello:v2", "unknown", run="first")]
    file = an_export(tmp_path, *before)
    has(registry, "hello:v1", "hello:v2", "hello:v3")
    answers(registry.mock, "myrun", {"error": {"code": "Conflict", "message": "Not now."}})
    words = ["-a", "hello:v1", "hello:v2", "hello:v3", "--manifest", str(file)]
    assert az(*NAMED, *words).exit_code == 1
    *kept, new = written(file)["artifacts"]
    assert (kept, new["result"], new["run"]) == (before, "failed", "myrun")
    assert [each["name"] for each in written(file)["runs"]] == ["first", "myrun"]


def test_a_manifest_that_another_command_writes_meanwhile_has_both(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    failed_before = [entry("hello:v1", "failed"), entry("hello:v2", "failed")]
    file = an_export(tmp_path, *failed_before)
    has(registry, "hello:v1", "hello:v2")
    words = [*CREATE, "-b", "other", "--only-failed", str(file), "--manifest", str(file)]

    def put(_: Any) -> tuple[int, dict[str, str], str]:
        assert az(*words, "-n", "other", "--exclude", "hello:v2").exit_code == 0
        return 200, {}, json.dumps(failed(EXPORT, "Out of order.", "myrun"))

    answers(registry.mock, "other", run(EXPORT, "other"))
    registry.mock.add_callback("PUT", f"{ARM}{RUNS}/myrun", put)
    assert az(*NAMED, "--only-failed", str(file), "--manifest", str(file)).exit_code == 1
    assert written(file)["artifacts"] == [
        entry("hello:v1", "exported", run="other"),
        entry("hello:v2", "failed", run="myrun", error="Out of order."),
    ]
    runs = [(each["name"], each["status"]) for each in written(file)["runs"]]
    assert sorted(runs) == [("first", "Failed"), ("myrun", "Failed"), ("other", "Succeeded")]


@pytest.mark.parametrize("option", ["--skip", "--only-failed"])
def test_a_manifest_of_the_other_kind_is_not_overwritten(
    az: Az, tmp_path: Path, option: str
) -> None:
    file = a_verification(tmp_path)
    before = file.read_bytes()
    artifacts = ["-a", "hello:v1"] if option == "--skip" else []
    result = az(*NAMED, *artifacts, option, str(file), "--manifest", str(file))
    assert (result.exit_code, result.stdout, file.read_bytes()) == (1, "", before)
    assert error_of(result) == [
        f"ERROR: {invalid(file, '--manifest')}: {OF_KIND} 'verification'.",
        f"{OVERWRITTEN_BY} 'export'. Name another file.",
    ]


def test_a_manifest_of_another_registry_is_not_added_to(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    file = an_export(tmp_path, entry("hello:v1", "exported"), server="another.azurecr.io")
    before = file.read_bytes()
    result = az(*NAMED, "-a", "hello:v1", "--manifest", str(file))
    assert (result.exit_code, result.stdout, sent(registry)) == (1, "", [])
    assert file.read_bytes() == before
    assert error_of(result) == [
        "ERROR: --manifest has a manifest of 'another.azurecr.io', and not of registry "
        "'myregistry'.",
        "Specify that registry with --registry, or another manifest.",
    ]


@pytest.mark.parametrize("option", ["--manifest", "--skip"])
def test_what_does_not_exist_is_named_before_anything_is_run(
    az: Az, registry: Registry, file: Path, tmp_path: Path, option: str
) -> None:
    if option == "--skip":
        a_verification(tmp_path).rename(file)
    has(registry, "hello:v1")
    registry.mock.get(f"{HOST}/v2/hello/manifests/v2", **NOT_THERE)
    registry.mock.get(f"{HOST}/v2/hello/manifests/v3", **NOT_THERE)
    result = az(*NAMED, "-a", "hello:v1", "hello:v2", "hello:v3", option, str(file))
    assert (result.exit_code, result.stdout, sent(registry)) == (1, "", [])
    assert error_of(result) == [
        f"ERROR: {not_in_registry(2, 3, 'myregistry')}:",
        "  hello:v2",
        "  hello:v3",
        f"Nothing was exported. {PUSH_OR_EXCLUDE}",
    ]
    assert file.exists() == (option == "--skip")


def test_of_many_that_do_not_exist_twenty_are_named(az: Az, registry: Registry, file: Path) -> None:
    for artifact in MANY:
        tag = artifact.rpartition(":")[2]
        registry.mock.get(f"{HOST}/v2/samples/hello/manifests/{tag}", **NOT_THERE)
    result = az(*NAMED, "-a", *MANY, "--manifest", str(file))
    assert (result.exit_code, sent(registry)) == (1, [])
    assert error_of(result)[:-1] == [
        f"ERROR: {not_in_registry(51, 51, 'myregistry')}:",
        *(f"  {artifact}" for artifact in MANY[:20]),
        "  and 31 more",
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_a_manifest_that_is_not_written_at_the_end_fails_with_the_result(
    az: Az, registry: Registry, tmp_path: Path, fails: bool
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    has(registry, *MANY)

    def put(request: Any) -> tuple[int, dict[str, str], str]:
        shutil.rmtree(folder, ignore_errors=True)
        name = request.path_url.partition("?")[0].rpartition("/")[2]
        answer = failed(EXPORT, REFUSED, name) if fails else run(EXPORT, name)
        return 200, {}, json.dumps(answer)

    for name in ("myrun", "myrun001", "myrun002"):
        registry.mock.add_callback("PUT", f"{ARM}{RUNS}/{name}", put)
    file = folder / "manifest.json"
    unwritten = f"ERROR: {not_written('--manifest', file)}: No such file or directory."
    one = az(*NAMED, "-a", MANY[0], "--manifest", str(file))
    assert one.exit_code == 1
    assert one.stderr.count(unwritten) == 1
    if fails:
        assert (one.stdout, "The pipeline run 'myrun' failed" in one.stderr) == ("", True)
        assert "--only-failed" not in one.stderr
    else:
        assert non_null(one.json) == flat(run(EXPORT, "myrun"))
    folder.mkdir()
    several = az(*NAMED, "-a", *MANY, "--manifest", str(file))
    assert (several.exit_code, len(several.json)) == (1, 2)
    assert several.stderr.count(unwritten) == 1
    assert ("2 of 2 runs failed" in several.stderr) == fails
    assert ("--artifacts @left.txt" in several.stderr) == fails


def a_verification(
    folder: Path, changes: dict[str, Json] | None = None, server: str = "target.azurecr.io"
) -> Path:
    """What a target registry has of MANY, all of it but for some changes."""
    entries = {artifact: entry(artifact, "present") for artifact in MANY} | (changes or {})
    document = {
        "schemaVersion": 1,
        "kind": "verification",
        "created": "2026-01-21T08:00:00Z",
        "registry": server,
        "runs": [],
        "artifacts": list(entries.values()),
    }
    VALIDATOR.validate(document)
    file = folder / "target.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_what_the_target_has_is_skipped_and_stays_in_the_manifest(
    az: Az, registry: Registry, tmp_path: Path, file: Path
) -> None:
    has(registry, *MANY, "hello:v1")
    missing, different, incomplete = MANY[1], MANY[2], MANY[3]
    skip = a_verification(
        tmp_path,
        {
            missing: {"reference": missing, "result": "missing"},
            different: {**entry(MANY[0], "different"), "reference": different},
            incomplete: entry(incomplete, "missing"),
        },
    )
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = [*NAMED, "-a", *MANY, "hello:v1", "--skip", str(skip), "--manifest", str(file)]
    go = [missing, different, incomplete, "hello:v1"]
    [planned] = az(*words, "--dry-run").json
    assert (planned["artifacts"], sent(registry), file.exists()) == (go, [], False)
    assert planned["skipped"] == [artifact for artifact in MANY if artifact not in go]
    assert (planned["missing"], planned["size"]) == ([], sum(len(document_of(it)) for it in go))
    assert az(*words).exit_code == 0
    assert sent(registry) == [" ".join(go)]
    assert list(results(file)) == [*MANY, "hello:v1"]
    assert {name for name, result in results(file).items() if result == "exported"} == set(go)
    assert written(file)["artifacts"][0] == entry(MANY[0], "skipped")


def test_what_was_changed_since_is_not_skipped(az: Az, registry: Registry, tmp_path: Path) -> None:
    old = entry("samples/hello:old", "present") | {"reference": MANY[0]}
    skip = a_verification(tmp_path, {MANY[0]: old})
    has(registry, *MANY)
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    assert az(*NAMED, "-a", *MANY, "--skip", str(skip)).exit_code == 0
    assert sent(registry) == [MANY[0]]


def test_if_all_is_skipped_nothing_is_run(
    az: Az, registry: Registry, tmp_path: Path, file: Path
) -> None:
    has(registry, *MANY)
    skip = a_verification(tmp_path)
    words = [*NAMED, "-a", *MANY, "--skip", str(skip), "--manifest", str(file)]
    for result in (az(*words, "--dry-run"), az(*words)):
        assert (result.exit_code, result.json, sent(registry)) == (0, [], [])
        assert result.stderr == (
            f"WARNING: No run was created: {NOTHING_LEFT}. The target registry has: "
            f"{', '.join(MANY[:20])}, and 31 more\n"
        )
    assert written(file)["runs"] == []
    assert results(file) == dict.fromkeys(MANY, "skipped")


def test_a_manifest_of_the_source_itself_is_no_reason_to_skip(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    has(registry, *MANY)
    result = az(*NAMED, "-a", *MANY, "--skip", str(a_verification(tmp_path, server=SERVER)))
    assert (result.exit_code, result.stdout, sent(registry)) == (1, "", [])
    assert error_of(result) == [
        f"ERROR: --skip has a manifest of '{SERVER}', the registry to export from.",
        "Specify the manifest that 'az acr pipeline-run verify --write' wrote of the target.",
    ]


def an_export(
    folder: Path,
    *entries: Json,
    server: str = "myregistry.azurecr.io",
    runs: Sequence[Json] = ({"name": "first", "blob": "first", "status": "Failed"},),
) -> Path:
    """The manifest of an export that is over, unless its runs say otherwise."""
    document = {
        "schemaVersion": 1,
        "kind": "export",
        "created": "2026-01-20T08:00:00Z",
        "registry": server,
        "pipeline": f"{REGISTRY}/exportPipelines/mypipeline",
        "runs": list(runs),
        "artifacts": list(entries),
    }
    VALIDATOR.validate(document)
    file = folder / "exported.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_what_failed_is_exported_again_and_the_record_becomes_whole(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    before = [
        entry("hello:v1", "exported", run="first"),
        entry("hello:v2", "failed", run="first", error="Out of order."),
        entry("hello:v3", "skipped"),
        entry("hello:v4", "unknown", run="first"),
    ]
    file = an_export(tmp_path, *before, server=SERVER)
    has(registry, "hello:v2", "hello:v4")
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    assert az(*NAMED, "--only-failed", str(file), "--manifest", str(file)).exit_code == 0
    assert sent(registry) == ["hello:v2 hello:v4"]
    document = written(file)
    assert [each["name"] for each in document["runs"]] == ["first", "myrun"]
    assert document["artifacts"] == [
        before[0],
        entry("hello:v2", "exported", run="myrun"),
        before[2],
        entry("hello:v4", "exported", run="myrun"),
    ]


def test_without_a_new_manifest_a_retry_requests_nothing_of_the_registry(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    file = an_export(tmp_path, entry("hello:v1", "exported"), entry("hello:v2", "failed"))
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    assert az(*NAMED, "--only-failed", str(file)).exit_code == 0
    assert sent(registry) == ["hello:v2"]
    assert not any(HOST in str(call.request.url) for call in registry.mock.calls)
    assert written(file)["artifacts"][1]["result"] == "failed"


def test_what_the_target_lacks_is_exported_and_the_rest_counts_as_skipped(
    az: Az, registry: Registry, tmp_path: Path, file: Path
) -> None:
    lacking = {MANY[4]: {"reference": MANY[4], "result": "missing"}}
    has(registry, MANY[4])
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = ["--only-failed", str(a_verification(tmp_path, lacking)), "--manifest", str(file)]
    assert az(*NAMED, *words).exit_code == 0
    assert sent(registry) == [MANY[4]]
    assert (written(file)["kind"], written(file)["registry"]) == ("export", SERVER)
    assert results(file) == dict.fromkeys(MANY, "skipped") | {MANY[4]: "exported"}


def test_if_nothing_failed_nothing_is_run(az: Az, registry: Registry, tmp_path: Path) -> None:
    file = an_export(tmp_path, entry("hello:v1", "exported"))
    result = az(*NAMED, "--only-failed", str(file), "--only-show-errors")
    assert (result.exit_code, result.json, result.stderr) == (0, [], "")
    assert sent(registry) == []
    assert NOTHING_LEFT in az(*NAMED, "--only-failed", str(file)).stderr


def test_excluding_all_that_failed_names_the_option(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    file = an_export(tmp_path, entry("hello:v1", "exported"), entry("hello:v2", "failed"))
    result = az(*NAMED, "--only-failed", str(file), "--exclude", "hello:v2")
    assert (result.exit_code, result.stdout, sent(registry)) == (1, "", [])
    assert error_of(result) == [
        "ERROR: --exclude leaves out 1 of 1 artifacts that --only-failed selects.",
        f"Exclude fewer artifacts. {NO_TAG_NO_REPOSITORY}",
    ]


def test_a_manifest_of_another_registry_is_refused(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    file = an_export(tmp_path, entry("hello:v1", "failed"), server="another.azurecr.io")
    result = az(*NAMED, "--only-failed", str(file))
    assert (result.exit_code, result.stdout, sent(registry)) == (1, "", [])
    assert error_of(result) == [
        "ERROR: --only-failed has a manifest of 'another.azurecr.io', and not of registry "
        "'myregistry'.",
        "Specify that registry with --registry, or another manifest.",
    ]


def test_only_failed_and_artifacts_exclude_one_another(az: Az, tmp_path: Path) -> None:
    file = an_export(tmp_path, entry("hello:v1", "failed"))
    result = az(*NAMED, "--only-failed", str(file), "--artifacts", "hello:v1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        "ERROR: --artifacts doesn't apply to --only-failed, whose manifest selects the artifacts.",
        "Omit --artifacts, or --only-failed.",
    ]


def test_only_failed_leaves_out_what_is_excluded(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    file = an_export(tmp_path, entry("hello:v1", "failed"), entry("hello:gone", "failed"))
    has(registry, "hello:v1")
    answers(registry.mock, "myrun", run(EXPORT, "myrun"))
    words = [*NAMED, "--only-failed", str(file), "--manifest", str(file)]
    assert az(*words, "--exclude", "hello:gone").exit_code == 0
    assert sent(registry) == ["hello:v1"]
    assert results(file) == {"hello:v1": "exported", "hello:gone": "failed"}


@pytest.mark.parametrize("option", ["--manifest", "--skip", "--only-failed"])
def test_an_import_takes_no_manifest(az: Az, tmp_path: Path, option: str) -> None:
    words = [*CREATE[:-1], IMPORT.name, "-n", "myrun", "-b", "myblob"]
    file = tmp_path / "new.json" if option == "--manifest" else a_verification(tmp_path)
    result = az(*words, option, str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        f"ERROR: {option} {EXPORT_ONLY}. An import always imports the whole blob.",
        f"Omit {option}.",
    ]


def finding(reference: str, status: str, expected: str, actual: str | None, **more: str) -> Json:
    fields = {"reference": reference, "parent": None, "subject": None, "status": status}
    return fields | {"expected": expected, "found": actual, "error": None} | more


def digest_of(artifact: str) -> str:
    return str(described(document_of(artifact))["digest"])


def test_verify_compares_each_artifact_and_each_child(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    child = described(document_of("child"))
    index = json.dumps({"mediaType": INDEX, "manifests": [child]}).encode()
    by_digest = f"samples/nginx@{child['digest']}"
    nginx = {"reference": "samples/nginx:1", **described(index, INDEX), "children": [child]}
    file = an_export(tmp_path, entry("hello:v1", "exported"), nginx | {"result": "exported"})
    has(registry, "hello:v1")
    has(registry, "samples/nginx:1", content=index)
    has(registry, by_digest, content=document_of("child"))
    result = az(*VERIFY, "--manifest", str(file))
    hello, top = digest_of("hello:v1"), described(index)["digest"]
    assert (result.exit_code, result.json) == (
        0,
        [
            finding("hello:v1", "present", hello, hello),
            finding("samples/nginx:1", "present", top, top),
            finding(
                by_digest, "present", child["digest"], child["digest"], parent="samples/nginx:1"
            ),
        ],
    )
    assert result.stderr == "WARNING: Verified artifacts: 2 present.\n"
    table = az(*VERIFY, "--manifest", str(file), "-o", "table").stdout
    assert [line.split() for line in table.splitlines()[:1] + table.splitlines()[2:]] == [
        ["Status", "Reference", "Expected", "Found"],
        ["present", "hello:v1", hello[:19], hello[:19]],
        ["present", "samples/nginx:1", top[:19], top[:19]],
        ["present", by_digest[:33], child["digest"][:19], child["digest"][:19]],
    ]


def test_verify_fails_by_what_is_missing_or_different_and_writes_it_down(
    az: Az, registry: Registry, tmp_path: Path, file: Path
) -> None:
    exported = an_export(
        tmp_path,
        entry("hello:v1", "exported"),
        entry("hello:v2", "exported"),
        entry("hello:v3", "failed"),
    )
    has(registry, "hello:v1")
    has(registry, "hello:v2", content=document_of("another"))
    registry.mock.get(f"{HOST}/v2/hello/manifests/v3", **NOT_THERE)
    words = [*VERIFY, "--manifest", str(exported), "--write", str(file)]
    result = az(*words)
    one, two, three = map(digest_of, ("hello:v1", "hello:v2", "hello:v3"))
    assert (result.exit_code, result.json) == (
        1,
        [
            finding("hello:v1", "present", one, one),
            finding("hello:v2", "different", two, digest_of("another")),
            finding("hello:v3", "missing", three, None),
        ],
    )
    assert error_of(result) == [
        f"ERROR: {not_in_registry(2, 3, 'myregistry')} as the manifest lists them:",
        "hello:v2: different",
        "hello:v3: missing",
        "Verified artifacts: 1 present, 1 missing, 1 different.",
        *TO_VERIFY_AGAIN,
        f"{EXPORT_AGAIN} {file} ...",
    ]
    document = written(file)
    assert (document["kind"], document["registry"], document["runs"]) == (
        "verification",
        SERVER,
        [],
    )
    assert document["artifacts"] == [
        entry("hello:v1", "present"),
        entry("another", "different") | {"reference": "hello:v2"},
        {"reference": "hello:v3", "result": "missing"},
    ]


REFUSAL: Json = {
    "status": 401,
    "json": {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]},
}
REFUSED_READING = (
    f"{no_permission('read the manifests')} of repository 'hello' in registry 'myregistry'. The "
    "registry said: authentication required"
)


@pytest.mark.parametrize(("missing", "exit_code"), [([], 4), (["other:v2"], 1)])
def test_verify_looks_at_the_others_after_a_refusal(
    az: Az, registry: Registry, tmp_path: Path, file: Path, missing: list[str], exit_code: int
) -> None:
    names = ["hello:v1", "other:v1", *missing]
    exported = an_export(tmp_path, *(entry(name, "exported") for name in names))
    registry.mock.get(f"{HOST}/v2/hello/manifests/v1", **REFUSAL)
    has(registry, "other:v1")
    registry.mock.get(f"{HOST}/v2/other/manifests/v2", **NOT_THERE)
    result = az(*VERIFY, "--manifest", str(exported), "--write", str(file))
    statuses = [(each["reference"], each["status"], each["error"]) for each in result.json]
    assert (result.exit_code, statuses) == (
        exit_code,
        [
            ("hello:v1", "unknown", REFUSED_READING),
            ("other:v1", "present", None),
            *((name, "missing", None) for name in missing),
        ],
    )
    lines = error_of(result)
    assert TO_VERIFY_THE_UNREAD in lines
    assert f"hello:v1: {REFUSED_READING}" in lines
    assert f"{len(names) - 1 - len(missing)} present, " in result.stderr
    assert list(results(file)) == names[1:]


def test_verify_that_cannot_log_in_could_not_look(
    az: Az, mock: responses.RequestsMock, tmp_path: Path
) -> None:
    registry = Registry(mock)
    registry.accepts_login({"status": 403, "json": {}})
    exported = an_export(tmp_path, entry("hello:v1", "exported"))
    result = az(*VERIFY, "--manifest", str(exported))
    assert (result.exit_code, result.stdout) == (4, "")


def test_verify_prints_its_findings_although_they_cannot_be_written(
    az: Az, registry: Registry, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    exported = an_export(tmp_path, entry("hello:v1", "exported"))

    def gone(_: Any) -> tuple[int, dict[str, str], str]:
        folder.rmdir()
        return NOT_THERE["status"], {}, json.dumps(NOT_THERE["json"])

    registry.mock.add_callback("GET", f"{HOST}/v2/hello/manifests/v1", gone)
    result = az(*VERIFY, "--manifest", str(exported), "--write", str(folder / "target.json"))
    assert (result.exit_code, [each["status"] for each in result.json]) == (1, ["missing"])
    lines = error_of(result)
    assert lines[0].startswith(f"ERROR: {not_written('--write', folder / 'target.json')}")
    assert f"ERROR: {not_in_registry(1, 1, 'myregistry')}" in lines[2]
    assert lines[-1].endswith(f"--only-failed FILE ..., {FILE_OF_WRITE}")
