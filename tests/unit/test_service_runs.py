"""Where a run stands, from the two words that it tells of itself."""

from __future__ import annotations

import pytest
from azure.mgmt.containerregistry.models import PipelineRun

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.service import runs
from azext_acrtransfer.service.resources import Answer

SUCCEEDED, FAILED, UNDER_WAY = RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.UNDER_WAY


@pytest.mark.parametrize(
    ("provisioning", "response", "status"),
    [
        ("Succeeded", "Succeeded", SUCCEEDED),
        ("succeeded", "SUCCEEDED", SUCCEEDED),
        ("Succeeded", None, SUCCEEDED),
        (None, "Succeeded", SUCCEEDED),
        ("Whatever", "Succeeded", SUCCEEDED),
        ("Succeeded", "Running", UNDER_WAY),
        ("Succeeded", "Whatever", UNDER_WAY),
        ("Creating", "Running", UNDER_WAY),
        ("Creating", None, UNDER_WAY),
        (None, None, UNDER_WAY),
        ("Failed", "Failed", FAILED),
        ("Failed", "Running", FAILED),
        ("Succeeded", "Failed", FAILED),
        ("Canceled", None, FAILED),
        ("Creating", "Succeeded", UNDER_WAY),
        ("Updating", "Failed", UNDER_WAY),
    ],
)
def test_where_a_run_stands(
    provisioning: str | None, response: str | None, status: RunStatus
) -> None:
    properties = {"provisioningState": provisioning, "response": {"status": response}}
    run = PipelineRun({"properties": properties})
    assert (runs.status(run), runs.has_failed(run)) == (status, status is FAILED)


def test_a_run_without_properties_is_under_way() -> None:
    bare = PipelineRun({"name": "myrun01"})
    assert (runs.status(bare), runs.describe(bare)) == (UNDER_WAY, "Waiting")


def test_progress_is_told_only_as_far_as_the_service_tells_it() -> None:
    told = {"status": "Running", "progress": {"percentage": "40"}}
    assert runs.describe({"properties": {"response": told}}) == "Running, 40 %"
    assert runs.describe({"properties": {"response": {"status": "Running"}}}) == "Running"
    assert runs.describe({"properties": {"provisioningState": "Creating"}}) == "Creating"


def _run(name: str, started: str | None = None, created: str | None = None) -> runs.Run:
    response = {"startTime": started}
    return {
        "name": name,
        "systemData": {"createdAt": created},
        "properties": {"response": response},
    }


@pytest.mark.parametrize("top", [None, 4])
def test_a_run_that_tells_no_start_counts_from_its_creation(top: int | None) -> None:
    every = [
        _run("never"),
        _run("second", created="2026-01-02T00:00:00Z"),
        _run("third", started="2026-01-01T00:00:00Z", created="2026-01-09T00:00:00Z"),
        _run("first", started="2026-01-03T00:00:00Z"),
    ]
    names = [run["name"] for run in runs.newest_first(every, top)]
    assert names == ["first", "second", "third", "never"]


def test_each_run_is_chosen_by_itself() -> None:
    def made_by(pipeline: str, state: str) -> runs.Run:
        request = {"pipelineResourceId": f"/registries/r/exportPipelines/{pipeline}"}
        return {"properties": {"request": request, "provisioningState": state}}

    every = [
        made_by("other", "Failed"),
        made_by("MyPipeline", "Succeeded"),
        made_by("mypipeline", "Failed"),
    ]
    found = runs.chosen(every, pipeline="mypipeline", status_=FAILED)
    assert list(found) == every[2:]


@pytest.mark.parametrize(
    ("finished", "is_old"), [("17:24:14", True), ("17:24:15", False), ("17:24:16", False)]
)
def test_a_run_is_old_if_it_had_ended_when_the_put_was_sent(finished: str, is_old: bool) -> None:
    run = {"properties": {"response": {"finishTime": f"2026-03-04T{finished}Z"}}}
    answer = Answer(run, took=5.0, headers={"date": "Wed, 04 Mar 2026 17:24:20 GMT"})
    assert runs.is_old(answer, None) is is_old
