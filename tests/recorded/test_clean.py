"""pipeline-run clean: the runs that it would delete, and those that it deletes."""

from __future__ import annotations

from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import WHERE
from tests.recorded.staging import past_runs, three_runs

CLEAN = f"acr pipeline-run clean {WHERE}"
METHODS = ("GET", "DELETE")


def test_clean_deletes_the_failed_runs(az: Az, when_recording: WhenRecording) -> None:
    when_recording(three_runs)
    answer = az(f"{CLEAN} --dry-run")
    listed = az(f"acr pipeline-run list {WHERE} --status Failed").json
    assert [run["name"] for run in listed] == ["run01", "run03"]
    assert (answer.exit_code, answer.json) == (0, listed)
    assert answer.requests == ["GET pipelineRuns"]

    answer = az(f"{CLEAN} -o table")
    assert answer.stdout.splitlines() == [
        "Name    Outcome",
        "------  ---------",
        "run01   Deleted",
        "run03   Deleted",
    ]
    each = [f"{method} pipelineRuns/{name}" for name in ("run01", "run03") for method in METHODS]
    assert (answer.exit_code, sorted(answer.requests)) == (0, sorted(["GET pipelineRuns", *each]))

    [left] = az(f"acr pipeline-run list {WHERE}").json
    assert left["name"] == "run02"


def test_clean_takes_old_runs_of_one_pipeline(az: Az, when_recording: WhenRecording) -> None:
    when_recording(past_runs)
    answer = az(f"{CLEAN} --pipeline mypipeline --older-than 1d")
    names = ["exported000001", "exported000002"]
    outcomes = [{"name": name, "outcome": "Deleted", "error": None} for name in names]
    assert (answer.exit_code, answer.json) == (0, outcomes)
    each = [f"{method} pipelineRuns/{name}" for name in names for method in METHODS]
    assert sorted(answer.requests) == sorted([*["GET pipelineRuns"] * 3, *each])

    left = az(f"acr pipeline-run list {WHERE}").json
    names = ["other000001", "imported000001", "imported000002"]
    assert [run["name"] for run in left] == names
