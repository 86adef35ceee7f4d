"""wait --storage-blob: the run that a source trigger starts for the current content of a blob."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from azext_acrtransfer.kinds import EXPORT, IMPORT
from tests.support.fake_time import FakeTime
from tests.support.wording import BLOB_NAME, MISSING_OPTIONS, TO_RESUME
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline, run
from tests.unit.fake_runs import REFUSED, RUNS, UNDER_WAY, error_of, failed, lists

WAIT = ("acr", "pipeline-run", "wait", *WHERE, "-b", "images/my blob.tar")
OF_PIPELINE = (*WAIT, "-p", "mypipeline")
BLOB = "https://mystorage.blob.core.windows.net/transfer/images/my%20blob.tar"
PIPELINES = f"{REGISTRY}/importPipelines"
STARTED = "2026-03-04T17:23:21.9261521+00:00"
ENABLED = {"sourceTrigger": {"status": "Enabled"}}
RESUME = [
    TO_RESUME,
    "az acr pipeline-run wait --resource-group mygroup --registry myregistry --pipeline "
    'mypipeline --storage-blob "images/my blob.tar"',
]


def triggered(
    name: str = "mypipeline_1a2b", blob: str = "images/my blob.tar", **changes: Any
) -> dict[str, Any]:
    """A run that the source trigger started."""
    resource = run(IMPORT, name, **changes)
    response = resource["properties"]["response"]
    response["source"] = {"uri": f"https://mystorage.blob.core.windows.net/transfer/{blob}"}
    response["trigger"] = {"sourceTrigger": {"timestamp": "2026-03-04T17:20:00Z"}}
    return resource


def started_at(time: str, **more: Any) -> dict[str, Any]:
    """A run that was started at this time."""
    resource = triggered(f"mypipeline_{time.replace(':', '')}", **more)
    resource["properties"]["response"]["startTime"] = f"2026-03-04T{time}:00Z"
    return resource


def uploaded(mock: responses.RequestsMock, time: str = "17:00") -> None:
    """Have the blob since a time."""
    headers = {
        "x-ms-blob-type": "BlockBlob",
        "Last-Modified": f"Wed, 04 Mar 2026 {time}:00 GMT",
        "ETag": '"0x1"',
    }
    mock.head(BLOB, headers=headers)


@pytest.fixture
def service(mock: responses.RequestsMock) -> responses.RequestsMock:
    """A pipeline with a source trigger."""
    mock.get(f"{ARM}{PIPELINES}/mypipeline", json=pipeline(IMPORT, trigger=ENABLED))
    return mock


def requests(mock: responses.RequestsMock) -> list[str]:
    """Method and last part of the path of each request."""
    calls = (call.request for call in mock.calls)
    return [
        f"{call.method} {str(call.path_url).partition('?')[0].rpartition('/')[2]}" for call in calls
    ]


@pytest.mark.parametrize("is_named", [True, False])
def test_wait_ends_when_the_run_for_the_blob_has_ended(
    az: Az, service: responses.RequestsMock, fake_time: FakeTime, is_named: bool
) -> None:
    others = [
        triggered("mypipeline_of_another", "my blob.tar"),
        triggered("mypipeline_of_another2", "images/my blob.tar.old"),
        run(IMPORT, "byhand"),
        failed(EXPORT, "Out of order.", "export"),
    ]
    others[2]["properties"]["request"]["source"] = {"name": "images/my blob.tar"}
    under_way, ended = triggered(**UNDER_WAY), triggered()
    # It has no start yet, but was created after the upload.
    under_way["systemData"] = {"createdAt": STARTED}
    if is_named:
        for resource in (under_way, ended):
            resource["properties"]["request"]["source"] = {"name": "images/my blob.tar"}
            del resource["properties"]["response"]["source"]
    uploaded(service)
    lists(service, others, [*others, under_way], [*others, ended])
    result = az(*OF_PIPELINE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    look = "GET pipelineRuns"
    assert requests(service) == ["GET mypipeline", look, look, "HEAD my%20blob.tar", look]
    assert fake_time.now == 10


def test_a_run_before_the_upload_does_not_count(
    az: Az, service: responses.RequestsMock, fake_time: FakeTime
) -> None:
    uploaded(service, "17:00")
    lists(service, [started_at("16:59")], [started_at("16:59"), started_at("17:00")])
    assert az(*OF_PIPELINE, "--interval", "7").exit_code == 0
    assert fake_time.now == 7


def test_a_slash_at_the_end_of_the_container_uri_makes_no_difference(
    az: Az, mock: responses.RequestsMock
) -> None:
    resource = pipeline(IMPORT, trigger=ENABLED)
    resource["properties"]["source"]["uri"] += "/"
    mock.get(f"{ARM}{PIPELINES}/mypipeline", json=resource)
    uploaded(mock)
    lists(mock, [triggered()])
    assert az(*OF_PIPELINE).exit_code == 0


def test_of_several_runs_the_latest_counts(az: Az, service: responses.RequestsMock) -> None:
    uploaded(service)
    lists(service, [started_at("17:30"), started_at("17:10", provisioningState="Failed")])
    assert az(*OF_PIPELINE).exit_code == 0


def test_a_failed_run_is_explained(az: Az, service: responses.RequestsMock) -> None:
    uploaded(service)
    failure = triggered()
    failure["properties"]["provisioningState"] = "Failed"
    failure["properties"]["response"]["pipelineRunErrorMessage"] = REFUSED
    lists(service, [failure])
    result = az(*OF_PIPELINE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result)[:2] == [
        f"ERROR: The pipeline run 'mypipeline_1a2b' failed: {REFUSED}",
        f"Run: {RUNS}/mypipeline_1a2b",
    ]


def test_a_blob_that_the_pipeline_deleted_needs_no_upload(
    az: Az, service: responses.RequestsMock
) -> None:
    service.head(BLOB, status=404, headers={"x-ms-error-code": "BlobNotFound"})
    lists(service, [triggered()])
    result = az(*OF_PIPELINE)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            {"status": 403, "headers": {"x-ms-error-code": "AuthorizationPermissionMismatch"}},
            "Storage answered 403 AuthorizationPermissionMismatch.",
        ),
        ({"status": 404}, "mystorage.blob.core.windows.net answered 404 Not Found, which isn't an"),
    ],
)
def test_a_blob_that_cannot_be_read_is_warned_of_once(
    az: Az,
    service: responses.RequestsMock,
    fake_time: FakeTime,
    answer: dict[str, Any],
    reason: str,
) -> None:
    service.head(BLOB, **answer)
    lists(service, [triggered(**UNDER_WAY)], [triggered()])
    result = az(*OF_PIPELINE)
    assert (result.exit_code, result.stderr.count("You can't read blob")) == (0, 1)
    assert f"WARNING: You can't read blob 'images/my blob.tar' ({reason}" in result.stderr
    assert fake_time.now == 5


def test_a_blob_is_requested_again_once(
    az: Az, service: responses.RequestsMock, fake_time: FakeTime
) -> None:
    busy = service.head(BLOB, status=503, headers={"x-ms-error-code": "ServerBusy"})
    lists(service, [triggered()])
    result = az(*OF_PIPELINE)
    assert (result.exit_code, busy.call_count) == (0, 2)
    assert "(Storage answered 503 ServerBusy.)" in result.stderr
    assert fake_time.now > 0


def test_a_disabled_trigger_is_not_waited_for(az: Az, mock: responses.RequestsMock) -> None:
    disabled = {"sourceTrigger": {"status": "Disabled"}}
    mock.get(f"{ARM}{PIPELINES}/mypipeline", json=pipeline(IMPORT, trigger=disabled))
    lists(mock, [])
    result = az(*OF_PIPELINE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        "ERROR: The source trigger of import pipeline 'mypipeline' is disabled: it starts no run.",
        "To enable it, run:",
        "az acr import-pipeline update --resource-group mygroup --registry myregistry "
        "--name mypipeline --source-trigger-enabled true",
    ]


def test_a_disabled_trigger_is_no_error_for_a_run_that_it_started(
    az: Az, mock: responses.RequestsMock
) -> None:
    mock.get(f"{ARM}{PIPELINES}/mypipeline", json=pipeline(IMPORT))
    uploaded(mock)
    lists(mock, [triggered()])
    assert az(*OF_PIPELINE).exit_code == 0


def test_a_missing_pipeline_ends_the_wait(az: Az, mock: responses.RequestsMock) -> None:
    missing = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}
    mock.get(f"{ARM}{PIPELINES}/mypipeline", json=missing, status=404)
    result = az(*OF_PIPELINE)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "The import pipeline 'mypipeline' wasn't found in registry" in result.stderr


def test_the_only_pipeline_with_a_trigger_is_found(az: Az, mock: responses.RequestsMock) -> None:
    pipelines = [pipeline(IMPORT, "another"), pipeline(IMPORT, trigger=ENABLED)]
    mock.get(f"{ARM}{PIPELINES}", json={"value": pipelines})
    uploaded(mock)
    lists(mock, [triggered()])
    result = az(*WAIT)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], "no import pipelines with an enabled source trigger."),
        (
            ["one01", "two02"],
            "2 import pipelines with an enabled source trigger: 'one01', 'two02'.",
        ),
    ],
)
def test_without_a_pipeline_there_must_be_only_one(
    az: Az, mock: responses.RequestsMock, names: list[str], shown: str
) -> None:
    pipelines = [pipeline(IMPORT, name, trigger=ENABLED) for name in names]
    mock.get(f"{ARM}{PIPELINES}", json={"value": pipelines})
    result = az(*WAIT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        f"ERROR: Registry 'myregistry' has {shown}",
        "Add --pipeline to specify the import pipeline.",
    ]


@pytest.mark.parametrize("is_started", [False, True])
@pytest.mark.usefixtures("fake_time")
def test_a_timeout_says_what_a_trigger_needs(
    az: Az, service: responses.RequestsMock, is_started: bool
) -> None:
    uploaded(service)
    under_way = triggered(**UNDER_WAY) | {"systemData": {"createdAt": STARTED}}
    lists(service, [under_way] if is_started else [])
    result = az(*OF_PIPELINE, "--timeout", "20")
    needs = [
        "A source trigger finds a blob within 15 minutes, and only one that has a Content-MD5 and "
        "the metadata category=acr-transfer-blob.",
        "To check the pipeline and the blob, run:",
        "az acr import-pipeline check --resource-group mygroup --registry myregistry "
        '--name mypipeline --storage-blob "images/my blob.tar"',
    ]
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        "ERROR: Wait operation timed-out after 20 seconds",
        *([] if is_started else needs),
        *RESUME,
    ]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--manifest", ["--manifest", "manifest.json"]),
        ("--name", ["-n", "myrun001"]),
        ("--deleted", ["--deleted"]),
        ("--updated", ["--updated"]),
        ("--exists", ["--exists"]),
        ("--custom", ["--custom", "name"]),
    ],
)
def test_wait_for_a_blob_takes_no_other_condition(az: Az, option: str, words: list[str]) -> None:
    result = az(*OF_PIPELINE, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    first, second = (
        ("--storage-blob", "--manifest")
        if option == "--manifest"
        else (
            option,
            "--storage-blob",
        )
    )
    assert error_of(result)[0].startswith(f"ERROR: {first} doesn't go with {second}, which waits")


def test_wait_for_a_blob_needs_its_registry(az: Az) -> None:
    result = az("acr", "pipeline-run", "wait", "-b", "images.tar", "-p", "mypipeline")
    assert (result.exit_code, result.stdout) == (2, "")
    assert error_of(result)[0] == f"ERROR: {MISSING_OPTIONS} --registry/-r"


def test_a_pipeline_goes_with_a_blob_only(az: Az) -> None:
    result = az("acr", "pipeline-run", "wait", *WHERE, "-n", "myrun01", "-p", "mypipeline")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        "ERROR: --pipeline goes with --storage-blob, which names the blob that it imports.",
        "Add --storage-blob, or omit --pipeline.",
    ]


def test_a_blob_is_named_and_not_its_uri(az: Az) -> None:
    result = az(
        "acr", "pipeline-run", "wait", *WHERE, "-b", "https://mystorage/transfer/images.tar"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert BLOB_NAME in result.stderr
