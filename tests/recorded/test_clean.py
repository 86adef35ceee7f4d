"""pipeline-run clean: the runs that it would delete, and those that it deletes."""

from __future__ import annotations

from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import AT
from tests.recorded.staging import past_runs, three_runs

CLEAN = f"acr pipeline-run clean {AT}"


def test_clean_deletes_the_failed_runs(az: Az, when_recording: WhenRecording) -> None:
    when_recording(three_runs)
    answer = az(f"{CLEAN} --dry-run")
    names = [(found["name"], found["outcome"]) for found in answer.json]
    assert (answer.exit_code, names) == (0, [("run01", "WouldDelete"), ("run03", "WouldDelete")])
    assert answer.requests == ["GET pipelineRuns"]

    answer = az(f"{CLEAN} -o table")
    assert answer.stdout.splitlines() == [
        "Name    Outcome    Error",
        "------  ---------  -------",
        "run01   Deleted",
        "run03   Deleted",
    ]
    deletions = ["DELETE pipelineRuns/run01", "DELETE pipelineRuns/run03"]
    assert (answer.exit_code, answer.requests) == (0, ["GET pipelineRuns", *deletions])

    [left] = az(f"acr pipeline-run list {AT}").json
    assert left["name"] == "run02"


def test_clean_takes_old_runs_of_one_pipeline(az: Az, when_recording: WhenRecording) -> None:
    when_recording(past_runs)
    answer = az(f"{CLEAN} --pipeline mypipeline --older-than 1d")
    names = ["exported000001", "exported000002"]
    outcomes = [{"name": name, "outcome": "Deleted", "error": None} for name in names]
    assert (answer.exit_code, answer.json) == (0, outcomes)
    deletions = [f"DELETE pipelineRuns/{name}" for name in names]
    assert answer.requests == [*["GET pipelineRuns"] * 3, *deletions]

    left = az(f"acr pipeline-run list {AT}").json
    names = ["imported000002", "imported000001", "other000001"]
    assert [found["name"] for found in left] == names
