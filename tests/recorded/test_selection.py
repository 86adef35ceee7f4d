"""Globs: what is listed for them, with which tokens, and what comes of it."""

from __future__ import annotations

from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import LOGIN, TOKEN, WHERE, referrer_lists
from tests.recorded.staging import GREETING, HELLO, ready_to_export, two_blobs


def test_globs_list_repositories_and_tags_only_where_they_must(
    az: Az, when_recording: WhenRecording
) -> None:
    when_recording(ready_to_export)
    export = (
        f"acr pipeline-run create {WHERE} -n myrun01 -p mypipeline -t export -b myblob --dry-run"
    )
    answer = az(f"{export} -a samples/greeting:v2 hello:* --exclude hello:late*")
    assert answer.exit_code == 0, answer.stderr
    assert [run["artifacts"] for run in answer.json] == [["samples/greeting:v2", "hello:v1"]]
    assert answer.requests == [
        "GET exportPipelines/mypipeline",
        *LOGIN,
        TOKEN,
        "GET /acr/v1/hello/_tags",
        TOKEN,
        "GET /acr/v1/samples/greeting/_tags",
        TOKEN,
        f"GET /v2/samples/greeting/manifests/{GREETING}",
        f"GET /v2/hello/manifests/{HELLO}",
        *referrer_lists(samples__greeting=GREETING, hello=HELLO),
    ]

    answer = az(f"{export} -a samples/**")
    assert answer.exit_code == 0, answer.stderr
    assert [run["artifacts"] for run in answer.json] == [["samples/greeting:v2"]]
    assert answer.requests == [
        "GET exportPipelines/mypipeline",
        *LOGIN,
        TOKEN,
        "GET /v2/_catalog",
        TOKEN,
        "GET /acr/v1/samples/greeting/_tags",
        TOKEN,
        f"GET /v2/samples/greeting/manifests/{GREETING}",
        *referrer_lists(samples__greeting=GREETING),
    ]


def test_a_glob_over_blobs_lists_the_container(az: Az, when_recording: WhenRecording) -> None:
    when_recording(two_blobs)
    answer = az(
        f"acr pipeline-run create {WHERE} -n myrun01 -p mypipeline -t import -b myb* 'another *' "
        "--dry-run"
    )
    assert answer.exit_code == 0, answer.stderr
    assert [run["blob"] for run in answer.json] == ["myblob", "another blob"]
    assert answer.requests == ["GET importPipelines/mypipeline", "GET /contoso"]
