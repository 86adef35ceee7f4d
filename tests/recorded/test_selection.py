"""Globs: what is listed for them, with which tokens, and what comes of it."""

from __future__ import annotations

from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import AT, REGISTRY
from tests.recorded.staging import ready_to_export, two_blobs

LOGIN = ["GET /v2/", "GET /v2/", "POST /oauth2/exchange"]


def test_a_glob_inside_a_repository_lists_its_tags_only(
    az: Az, when_recording: WhenRecording
) -> None:
    when_recording(ready_to_export)
    when_recording(lambda site: site.cloud.control("runs", answer="sync"))
    answer = az(
        f"acr pipeline-run create {AT} -n myrun01 -p mypipeline -t export -b myblob "
        "-a samples/greeting:v2 hello:* --exclude hello:late*"
    )
    assert answer.exit_code == 0, answer.stderr
    assert answer.json["request"]["artifacts"] == ["samples/greeting:v2", "hello:v1"]
    assert answer.requests == [
        "GET exportPipelines/mypipeline",
        f"GET {REGISTRY}",
        *LOGIN,
        "POST /oauth2/token",
        "GET /acr/v1/hello/_tags",
        "PUT pipelineRuns/myrun01",
    ]


def test_a_glob_over_repositories_lists_the_tags_of_those_that_match(
    az: Az, when_recording: WhenRecording
) -> None:
    when_recording(ready_to_export)
    answer = az(
        f"acr pipeline-run create {AT} -n myrun01 -p mypipeline -t export -b myblob "
        "-a samples/** --dry-run"
    )
    assert answer.exit_code == 0, answer.stderr
    assert [run["artifacts"] for run in answer.json] == [["samples/greeting:v2"]]
    assert answer.requests == [
        "GET exportPipelines/mypipeline",
        f"GET {REGISTRY}",
        *LOGIN,
        "POST /oauth2/token",
        "GET /v2/_catalog",
        "POST /oauth2/token",
        "GET /acr/v1/samples/greeting/_tags",
    ]


def test_a_glob_over_blobs_lists_the_container(az: Az, when_recording: WhenRecording) -> None:
    when_recording(two_blobs)
    answer = az(
        f"acr pipeline-run create {AT} -n myrun01 -p mypipeline -t import -b myb* 'another *' "
        "--dry-run"
    )
    assert answer.exit_code == 0, answer.stderr
    assert [run["blob"] for run in answer.json] == ["myblob", "another blob"]
    assert answer.requests == ["GET importPipelines/mypipeline", "GET /contoso"]
