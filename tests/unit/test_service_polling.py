"""How long is waited between two requests, and what is shown meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import AzureError

from azext_acrtransfer.kinds import RUN
from azext_acrtransfer.service import polling
from azext_acrtransfer.service.registries import Registry
from azext_acrtransfer.service.resources import Answer
from tests.support.fake_time import FakeTime

QUIET = SimpleNamespace(only_show_errors=True)


@dataclass
class StateOfTest:
    """A state that the test chooses."""

    is_over: bool
    has_failed: bool = False
    text: str = "Running, 20 %"

    def __str__(self) -> str:
        return self.text


def resources(ask: Callable[[], Answer]) -> Any:
    """The runs of a registry, of which only one is ever requested."""
    return SimpleNamespace(
        kind=RUN, registry=Registry("mygroup", "myregistry"), get=lambda _: ask()
    )


@pytest.mark.parametrize(
    ("waited", "retry_after", "seconds"),
    [
        (0, None, 1),
        (3, None, 1),
        (10, None, 1),
        (30, None, 3),
        (99, None, 9.9),
        (600, None, 10),
        (600, 2, 2),
        (0, 60, 60),
        (600, 0, 0),
    ],
)
def test_delay_is_a_tenth_of_the_time_waited(
    waited: float, retry_after: float | None, seconds: float
) -> None:
    assert polling.delay(waited, retry_after) == pytest.approx(seconds)


@pytest.mark.parametrize("duration", [0.5, 3, 30, 600, 3600])
def test_the_end_is_seen_within_a_tenth_of_the_run(duration: float) -> None:
    clock = FakeTime()
    requested = []

    def ask() -> Answer:
        requested.append(clock.now)
        return Answer(clock.now)

    wait = polling.Waiting(QUIET, now=lambda: clock.now, sleep=clock.sleep)
    settled = wait.settled(
        resources(ask), "myrun01", Answer(0), lambda now: StateOfTest(now >= duration)
    )
    assert settled - duration <= max(1.0, min(duration / 10, 10)) + 1e-6
    # Each second at first, then ten times while the wait grows by e, then each ten seconds.
    assert len(requested) <= 10 + 10 * math.log(10) + duration / 10 + 1


def test_what_has_ended_is_not_requested() -> None:
    def ask() -> Answer:
        raise AssertionError("asked")

    waiting = polling.Waiting(QUIET)
    last = waiting.settled(resources(ask), "it", Answer("done"), lambda _: StateOfTest(True))
    assert last == "done"


class Terminal:
    """Stands for the CLI and its progress controller, and remembers each new line."""

    def __init__(self, *, quiet: bool = False, disabled: bool = False) -> None:
        self.shown: list[str] = []
        self._disabled = disabled
        self.cli: Any = SimpleNamespace(
            only_show_errors=quiet,
            config=SimpleNamespace(getboolean=self._getboolean),
            get_progress_controller=lambda **_: self,
        )

    def _getboolean(self, section: str, option: str, fallback: bool) -> bool:
        is_set = self._disabled and (section, option) == ("core", "disable_progress_bar")
        return True if is_set else fallback

    def begin(self) -> None:
        pass

    def end(self) -> None:
        self.shown.append("end")

    def add(self, *, message: str) -> None:
        if message not in self.shown[-1:]:
            self.shown.append(message)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal that somebody looks at."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    return Terminal()


@pytest.mark.parametrize(
    ("on_terminal", "quiet", "disabled", "shown"),
    [
        (True, False, False, ["Running, 20 %, 0 s", "Running, 20 %, 1 s"]),
        (False, False, False, []),
        (True, True, False, []),
        (True, False, True, []),
    ],
)
def test_a_bar_is_for_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch,
    on_terminal: bool,
    quiet: bool,
    disabled: bool,
    shown: list[str],
) -> None:
    screen = Terminal(quiet=quiet, disabled=disabled)
    monkeypatch.setattr("sys.stderr.isatty", lambda: on_terminal)
    clock = FakeTime()
    wait = polling.Waiting(screen.cli, now=lambda: clock.now, sleep=clock.sleep)
    wait.settled(
        resources(lambda: Answer(1)), "myrun01", Answer(0), lambda run: StateOfTest(bool(run))
    )
    assert screen.shown == [*shown, *(["end"] if shown else [])]


def test_what_shows_no_text_has_no_bar(terminal: Terminal) -> None:
    with polling.Waiting(terminal.cli).progress():
        pass
    assert terminal.shown == []


def test_what_takes_no_time_shows_no_line(terminal: Terminal) -> None:
    with polling.Waiting(terminal.cli).progress():
        pass
    assert terminal.shown == []


def test_a_poll_that_need_not_wait_shows_nothing(terminal: Terminal) -> None:
    assert polling.Waiting(terminal.cli).poll(lambda: "done", "Waiting", 1) == "done"
    assert terminal.shown == []


def test_a_poll_ends_when_its_time_has_passed() -> None:
    clock = FakeTime(1000.0)
    attempts: list[float] = []

    def attempt() -> None:
        attempts.append(round(clock.now - 1000))

    wait = polling.Waiting(QUIET, now=lambda: clock.now, sleep=clock.sleep)
    assert wait.poll(attempt, "Waiting", 3) is None
    assert attempts == [0, 1, 2, 3]


class Run:
    """Stands for a run that ends after some looks, well or not."""

    def __init__(self, looks: int, *, fails: bool = False) -> None:
        self.looks = looks
        self.fails = fails

    def state(self) -> StateOfTest:
        is_over = self.looks <= 0
        return StateOfTest(is_over, is_over and self.fails, f"Running, {self.looks} to go")


def test_several_are_waited_for_under_one_line(terminal: Terminal) -> None:
    clock = FakeTime()
    clock.now = 1000.0  # a clock may have begun at any time
    runs = {"first": Run(1), "second": Run(2, fails=True), "third": Run(4)}
    looked: list[tuple[str, int]] = []

    def look(name: str) -> Answer:
        looked.append((name, round(clock.now - 1000)))
        runs[name].looks -= 1
        return Answer(runs[name])

    all_runs: Any = SimpleNamespace(get=look, list=lambda: iter(()))
    wait = polling.Waiting(terminal.cli, now=lambda: clock.now, sleep=clock.sleep)
    refused = polling.LastAnswer(None, AzureError("refused"))
    begun = {"never": refused} | {
        name: polling.LastAnswer(Answer(run)) for name, run in runs.items()
    }
    settled = wait.all_settled(all_runs, begun, Run.state)
    assert settled["never"] is refused
    assert [settled[name].resource for name in runs] == list(runs.values())
    looks = {"first": [1], "second": [1, 2], "third": [1, 2, 3, 4]}
    assert sorted(looked) == [(name, second) for name in looks for second in looks[name]]
    assert terminal.shown == [
        "1 of 4 runs done, 1 failed; Running, 1 to go, 0 s",
        "1 of 4 runs done, 1 failed; Running, 1 to go, 1 s",
        "2 of 4 runs done, 1 failed; Running, 1 to go, 1 s",
        "2 of 4 runs done, 1 failed; Running, 1 to go, 2 s",
        "3 of 4 runs done, 2 failed; Running, 2 to go, 2 s",
        "3 of 4 runs done, 2 failed; Running, 2 to go, 3 s",
        "3 of 4 runs done, 2 failed; Running, 1 to go, 3 s",
        "3 of 4 runs done, 2 failed; Running, 1 to go, 4 s",
        "end",
    ]


def test_that_none_has_failed_needs_no_word(terminal: Terminal) -> None:
    clock = FakeTime()
    wait = polling.Waiting(terminal.cli, now=lambda: clock.now, sleep=clock.sleep)
    over: Any = SimpleNamespace(get=lambda _: Answer(Run(0)), list=lambda: iter(()))
    wait.all_settled(
        over, dict.fromkeys(["one", "two"], polling.LastAnswer(Answer(Run(1)))), Run.state
    )
    assert terminal.shown == [
        "0 of 2 runs done; Running, 1 to go, 0 s",
        "0 of 2 runs done; Running, 1 to go, 1 s",
        "end",
    ]


@pytest.mark.parametrize("disabled", [False, True])
def test_a_line_a_minute_is_logged_without_a_bar(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, disabled: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: disabled)
    clock = FakeTime()
    clock.now = 1000.0
    wait = polling.Waiting(
        Terminal(disabled=disabled).cli, now=lambda: clock.now, sleep=clock.sleep
    )
    caplog.set_level("WARNING")
    wait.settled(
        resources(lambda: Answer(clock.now)),
        "myrun01",
        Answer(0),
        lambda now: StateOfTest(now >= 1190),
    )
    assert caplog.messages == [f"Running, 20 %, {seconds} s" for seconds in (60, 120, 180)]
    assert {record.name for record in caplog.records} == {"cli.azext_acrtransfer.service.progress"}
