"""create of more runs than one: what is planned, sent, and reported of those that fail."""

from __future__ import annotations

import shlex

from azext_acrtransfer.kinds import EXPORT, IMPORT
from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import REGISTRY, WHERE
from tests.recorded.staging import many_to_export, two_blobs

MANY = [f"samples/many:v{number}" for number in range(50)]
PIPELINE = {kind: f"GET {kind.resource_type}/mypipeline" for kind in (EXPORT, IMPORT)}


def test_an_export_of_many_is_split(az: Az, when_recording: WhenRecording) -> None:
    when_recording(many_to_export)
    answer = az(
        f"acr pipeline-run create {WHERE} -n myrun -p mypipeline -t export -b myblob "
        f"-a {' '.join(MANY)} hello hello:latest samples/greeting:v2 --exclude samples/greeting:v2 "
        "--max-concurrent-runs 1 --timeout 3600 "
        "--only-show-errors"  # or the registry would be read for a warning
    )
    runs = [("myrun001", "myblob-001", MANY), ("myrun002", "myblob-002", ["hello:latest"])]
    sent = [
        (run["name"], run["request"]["target"]["name"], run["request"]["artifacts"])
        for run in answer.json
    ]
    assert (answer.exit_code, sent) == (0, runs)
    assert {run["response"]["status"] for run in answer.json} == {"Succeeded"}
    each = [f"{method} pipelineRuns/{name}" for name, *_ in runs for method in ("PUT", "GET")]
    assert answer.requests == [PIPELINE[EXPORT], *each]


def test_an_import_of_several_blobs_of_which_one_is_missing(
    az: Az, when_recording: WhenRecording
) -> None:
    when_recording(two_blobs)
    answer = az(
        f"acr pipeline-run create {WHERE} -n myrun -p mypipeline -t import "
        "-b myblob 'no blob' 'another blob' --max-concurrent-runs 1 -o json"
    )
    states = [(run["name"], run["response"]["status"]) for run in answer.json]
    assert answer.exit_code == 1
    assert states == [("myrun001", "Succeeded"), ("myrun002", "Failed"), ("myrun003", "Succeeded")]
    lines = answer.stderr.splitlines()
    first = lines.index("ERROR: 1 of 3 runs failed:")
    assert lines[first + 1].startswith("myrun002: ")
    assert lines[first + 2] == f"  Run: {REGISTRY}/pipelineRuns/myrun002"
    assert lines[lines.index("Not imported completely:") + 1] == "  no blob"

    again = az(" ".join([*lines[-1].split()[1:], "--dry-run"]))
    assert lines[-1].startswith("az acr pipeline-run create ")
    assert [(run["name"], run["blob"]) for run in again.json] == [("myrunretry", "no blob")]
    assert shlex.split(lines[-1])[-1] == "no blob"
