"""Deletions of many runs: side by side, reported as listed, with a line of progress."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import responses
from azure.cli.core.azclierror import ManualInterrupt, ResourceNotFoundError
from azure.core.exceptions import AzureError

from azext_acrtransfer.service.resources import Answer
from azext_acrtransfer.transfer import cleaning
from tests.support.fake_time import FakeTime
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az
from tests.unit.fake_runs import in_state

RUNS = f"{REGISTRY}/pipelineRuns"


class Lines:
    """Stands for the waiting: keeps the lines that were shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    @contextmanager
    def progress(self) -> Any:
        yield self.shown.append


def resources(delete: Any) -> Any:
    """The failed runs of a registry."""

    def begin(name: str) -> Any:
        delete(name)
        return SimpleNamespace(result=lambda: None)

    return SimpleNamespace(get=lambda name: Answer(in_state("Failed", name)), delete=begin)


def failed(*names: str) -> list[dict[str, Any]]:
    return [in_state("Failed", name) for name in names]


def test_outcomes_and_progress_are_in_the_order_of_the_list() -> None:
    last_is_done = threading.Event()

    def delete(name: str) -> None:
        if name == "last01":
            last_is_done.set()
        assert last_is_done.wait(30)  # the first ends after the last, which began with it
        if name == "kept01":
            raise AzureError("no, see https://a/b?sig=secret")
        if name == "lost01":
            raise ResourceNotFoundError("gone")
        if name == "offline01":
            raise RuntimeError("no network")

    lines: Any = Lines()
    names = ["first01", "kept01", "lost01", "offline01", "last01"]
    outcomes = cleaning.delete_all(lines, resources(delete), failed(*names))
    assert [(each["name"], each["outcome"], each["error"]) for each in outcomes] == [
        ("first01", "Deleted", None),
        ("kept01", "Failed", "no, see https://a/b?sig=***"),
        ("lost01", "Deleted", None),
        ("offline01", "Failed", "no network"),
        ("last01", "Deleted", None),
    ]
    assert lines.shown == [
        "1 of 5 runs deleted",
        "1 of 5 runs deleted, 1 failed",
        "2 of 5 runs deleted, 1 failed",
        "2 of 5 runs deleted, 2 failed",
        "3 of 5 runs deleted, 2 failed",
    ]
    error = cleaning.failure(outcomes)
    assert error
    assert str(error) == (
        "2 of 5 runs couldn't be deleted:\nkept01: no, see https://a/b?sig=***\n"
        "offline01: no network"
    )
    assert error.recommendations == [
        "Fix the cause, then run the same command again for the remaining runs."
    ]


def test_of_many_runs_that_stay_twenty_are_named() -> None:
    def refuse(_: str) -> None:
        raise AzureError("no")

    lines: Any = Lines()
    names = [f"kept{number}" for number in range(22)]
    error = cleaning.failure(cleaning.delete_all(lines, resources(refuse), failed(*names)))
    assert str(error).splitlines() == [
        "22 of 22 runs couldn't be deleted:",
        *(f"{name}: no" for name in names[:20]),
        "and 2 more",
    ]


def test_ctrl_c_prints_what_was_done_and_how_to_continue() -> None:
    class PressedAtTwo(list[str]):
        def append(self, line: str) -> None:
            super().append(line)
            if len(self) == 2:
                raise KeyboardInterrupt

    def refuse(name: str) -> None:
        if name == "kept01":
            raise AzureError("it is locked")

    lines: Any = Lines()
    lines.shown = PressedAtTwo()
    with pytest.raises(ManualInterrupt) as stopped:
        cleaning.delete_all(lines, resources(refuse), failed("first01", "kept01", "last01"))
    assert str(stopped.value) == (
        "Stopped: 1 of 3 runs deleted, 1 failed; others might be, too.\nkept01: it is locked"
    )
    assert stopped.value.recommendations == ["Run the same command again for the remaining runs."]


def test_throttling_slows_it_down_and_fails_nothing(az: Az, fake_time: FakeTime) -> None:
    names = [f"failed{number}" for number in range(40)]
    with responses.RequestsMock() as mock:
        mock.get(f"{ARM}{RUNS}", json={"value": [in_state("Failed", name) for name in names]})
        for name in names:
            mock.get(f"{ARM}{RUNS}/{name}", json=in_state("Failed", name))
            for _ in range(5):
                mock.delete(f"{ARM}{RUNS}/{name}", status=429, headers={"Retry-After": "7"})
            mock.delete(f"{ARM}{RUNS}/{name}", status=200)
        result = az("acr", "pipeline-run", "clean", *WHERE)
    assert result.exit_code == 0
    assert [(each["name"], each["outcome"]) for each in result.json] == [
        (name, "Deleted") for name in names
    ]
    assert fake_time.slept.count(7) == 5 * len(names)


ENDED = "2026-03-04T17:24:21Z"
ENDED_LATER = "2026-03-05T17:24:21Z"


@pytest.mark.parametrize(
    "latest",
    [
        in_state("Creating", "again01", finishTime=ENDED),
        in_state("Running", "again01"),
        in_state("Succeeded", "again01", finishTime=ENDED_LATER),
        in_state("Failed", "again01", finishTime=ENDED_LATER),
    ],
    ids=["created", "running", "succeeded", "failed again"],
)
def test_a_run_that_was_started_meanwhile_is_kept(az: Az, latest: dict[str, Any]) -> None:
    listed = [in_state("Failed", name, finishTime=ENDED) for name in ("again01", "failed01")]
    with responses.RequestsMock() as mock:
        mock.get(f"{ARM}{RUNS}", json={"value": listed})
        mock.get(f"{ARM}{RUNS}/again01", json=latest)
        mock.get(f"{ARM}{RUNS}/failed01", json=listed[1])
        mock.delete(f"{ARM}{RUNS}/failed01", status=200)
        result = az("acr", "pipeline-run", "clean", *WHERE)
    assert (result.exit_code, result.json) == (
        0,
        [
            {"name": "again01", "outcome": "Restarted", "error": None},
            {"name": "failed01", "outcome": "Deleted", "error": None},
        ],
    )


def test_runs_that_were_started_meanwhile_are_counted() -> None:
    running = SimpleNamespace(get=lambda name: Answer(in_state("Running", name)))
    lines: Any = Lines()
    outcomes = cleaning.delete_all(lines, running, failed("again01"))  # type: ignore[arg-type]
    assert [each["outcome"] for each in outcomes] == ["Restarted"]
    assert lines.shown == ["0 of 1 runs deleted, 1 restarted"]
    assert cleaning.failure(outcomes) is None


def test_a_run_that_is_gone_counts_as_deleted(az: Az) -> None:
    gone = {"error": {"code": "ResourceNotFound", "message": "It is gone."}}
    with responses.RequestsMock() as mock:
        mock.get(f"{ARM}{RUNS}", json={"value": failed("gone01")})
        mock.get(f"{ARM}{RUNS}/gone01", json=gone, status=404)
        result = az("acr", "pipeline-run", "clean", *WHERE)
    outcomes = [{"name": "gone01", "outcome": "Deleted", "error": None}]
    assert (result.exit_code, result.json) == (0, outcomes)
