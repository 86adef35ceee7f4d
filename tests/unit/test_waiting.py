"""How long is waited between two requests, and what is shown meanwhile."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from azext_acrtransfer import waiting
from azext_acrtransfer.resources import Answer
from tests.fake_time import FakeTime

QUIET = SimpleNamespace(only_show_errors=True)


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
    assert waiting.delay(waited, retry_after) == pytest.approx(seconds)


@pytest.mark.parametrize("duration", [0.5, 3, 30, 600, 3600])
def test_the_end_is_seen_within_a_tenth_of_the_run(duration: float) -> None:
    clock = FakeTime()
    asked = []

    def ask() -> Answer:
        asked.append(clock.now)
        return Answer(clock.now)

    wait = waiting.Waiting(QUIET, now=lambda: clock.now, sleep=clock.sleep)
    last = wait.until(lambda now: now >= duration, Answer(0), ask, str)
    assert last.resource - duration <= max(1.0, min(duration / 10, 10)) + 1e-6
    # Each second at first, then ten times while the wait grows by e, then each ten seconds.
    assert len(asked) <= 10 + 10 * math.log(10) + duration / 10 + 1


def test_what_is_settled_is_not_asked_about() -> None:
    def ask() -> Answer:
        raise AssertionError("asked")

    answer = Answer("done")
    assert waiting.Waiting(QUIET).until(lambda _: True, answer, ask, str) is answer


@pytest.mark.parametrize(
    ("terminal", "quiet", "disabled", "shown"),
    [
        (True, False, False, ["Running, 20 %, 0 s", "Running, 20 %, 1 s"]),
        (False, False, False, []),
        (True, True, False, []),
        (True, False, True, []),
    ],
)
def test_progress_goes_to_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool, disabled: bool, shown: list[str]
) -> None:
    told: list[str] = []

    class Controller:
        """Stands for the CLI's progress controller."""

        def begin(self) -> None:
            pass

        def end(self) -> None:
            told.append("end")

        def add(self, *, message: str) -> None:
            told.append(message)

    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    cli: Any = SimpleNamespace(
        only_show_errors=quiet,
        config=SimpleNamespace(getboolean=lambda *_: disabled),
        get_progress_controller=lambda **_: Controller(),
    )
    clock = FakeTime()
    wait = waiting.Waiting(cli, now=lambda: clock.now, sleep=clock.sleep)
    wait.until(lambda done: done, Answer(False), lambda: Answer(True), lambda _: "Running, 20 %")
    assert list(dict.fromkeys(told)) == [*shown, *(["end"] if shown else [])]
