"""Lists of runs: the newest, chosen, and which of them had ended before."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.service import runs
from azext_acrtransfer.service.resources import Answer


def _run(name: str, started: str | None = None, created: str | None = None) -> runs.Run:
    response = {"startTime": started}
    return {
        "name": name,
        "systemData": {"createdAt": created},
        "properties": {"response": response},
    }


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (1, ["first"]),
        (2, ["second", "first"]),
        (3, ["second", "third", "first"]),
        (4, ["never", "second", "third", "first"]),
    ],
)
def test_a_run_without_a_start_counts_from_its_creation(count: int, names: list[str]) -> None:
    every = [
        _run("never"),
        _run("second", created="2026-01-02T00:00:00Z"),
        _run("third", started="2026-01-01T00:00:00Z", created="2026-01-09T00:00:00Z"),
        _run("first", started="2026-01-03T00:00:00Z"),
    ]
    assert [run["name"] for run in runs.newest(every, count)] == names


def test_each_run_is_chosen_by_itself() -> None:
    every: list[runs.Run] = [
        {"properties": {"provisioningState": state}} for state in ("Succeeded", "Failed")
    ]
    assert list(runs.chosen(every, status=RunStatus.FAILED)) == every[1:]


def test_a_run_that_ended_at_a_time_did_not_end_before_it() -> None:
    every: list[runs.Run] = [
        {"properties": {"response": {"finishTime": f"2026-03-04T17:24:{second}Z"}}}
        for second in (14, 15)
    ]
    time = datetime(2026, 3, 4, 17, 24, 15, tzinfo=timezone.utc)
    assert list(runs.chosen(every, ended_before=time)) == every[:1]


@pytest.mark.parametrize(("name", "is_triggered"), [("my_run", True), ("myrun", False)])
def test_only_an_underscore_in_its_name_makes_a_run_a_triggered_one(
    name: str, is_triggered: bool
) -> None:
    response = {"pipelineRunErrorMessage": "Couldn't read 'my_blob'."}
    run = {"name": name, "properties": {"response": response}}
    assert runs.is_triggered(run) is is_triggered


@pytest.mark.parametrize(
    ("finished", "is_old"), [("17:24:14", True), ("17:24:15", False), ("17:24:16", False)]
)
def test_a_run_is_old_if_it_had_ended_when_the_put_was_sent(finished: str, is_old: bool) -> None:
    response = {"status": "Succeeded", "finishTime": f"2026-03-04T{finished}Z"}
    run = {"properties": {"response": response}}
    answer = Answer(run, took=5.0, headers={"date": "Wed, 04 Mar 2026 17:24:20 GMT"})
    assert runs.is_old(answer, None) is is_old


@pytest.mark.parametrize(
    ("state", "started", "finished", "tag", "is_existing"),
    [
        ("Creating", "17:10:00", None, None, True),
        ("Creating", "17:24:14", None, None, True),
        ("Creating", "17:24:15", None, None, False),
        ("Creating", "17:24:24", None, None, False),
        ("Creating", None, None, None, False),
        # The service still has the times of the previous run.
        ("Creating", "17:10:00", "17:20:00", None, False),
        ("Creating", "17:10:00", None, "mine", False),
        ("Succeeded", "17:10:00", None, None, False),
    ],
)
def test_a_run_in_progress_existed_if_it_had_started_before_the_put(
    state: str, started: str | None, finished: str | None, tag: str | None, *, is_existing: bool
) -> None:
    times = {"startTime": started, "finishTime": finished}
    response = {name: f"2026-03-04T{time}Z" for name, time in times.items() if time}
    properties = {"provisioningState": state, "forceUpdateTag": tag, "response": response}
    headers = {"date": "Wed, 04 Mar 2026 17:24:20 GMT"}
    answer = Answer({"properties": properties}, took=5.0, headers=headers)
    assert runs.is_existing(answer, tag) is is_existing


@pytest.mark.parametrize("state", ["Creating", "Updating"])
def test_a_run_that_is_started_again_is_not_old(state: str) -> None:
    response = {"status": "Failed", "finishTime": "2026-03-04T17:24:14Z"}
    properties = {"provisioningState": state, "forceUpdateTag": "mine", "response": response}
    answer = Answer({"properties": properties}, headers={"date": "Wed, 04 Mar 2026 17:24:20 GMT"})
    assert not runs.is_old(answer, "mine")
    assert runs.is_old(answer, None)
