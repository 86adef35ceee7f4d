"""How long is waited between two requests, and what is shown meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from azext_acrtransfer import waiting
from azext_acrtransfer.kinds import RUN
from azext_acrtransfer.registries import Registry
from azext_acrtransfer.resources import Answer
from tests.fake_time import FakeTime

QUIET = SimpleNamespace(only_show_errors=True)


def resources(ask: Callable[[], Answer]) -> Any:
    """The runs of a registry, of which only one is ever asked for."""
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
    assert waiting.delay(waited, retry_after) == pytest.approx(seconds)


@pytest.mark.parametrize("duration", [0.5, 3, 30, 600, 3600])
def test_the_end_is_seen_within_a_tenth_of_the_run(duration: float) -> None:
    clock = FakeTime()
    asked = []

    def ask() -> Answer:
        asked.append(clock.now)
        return Answer(clock.now)

    wait = waiting.Waiting(QUIET, now=lambda: clock.now, sleep=clock.sleep)
    life = SimpleNamespace(is_over=lambda now: now >= duration, describe=str)
    seen = wait.settled(resources(ask), "myrun01", Answer(0), life)
    assert seen - duration <= max(1.0, min(duration / 10, 10)) + 1e-6
    # Each second at first, then ten times while the wait grows by e, then each ten seconds.
    assert len(asked) <= 10 + 10 * math.log(10) + duration / 10 + 1


def test_what_is_settled_is_not_asked_about() -> None:
    def ask() -> Answer:
        raise AssertionError("asked")

    life = SimpleNamespace(is_over=lambda _: True, describe=str)
    assert waiting.Waiting(QUIET).settled(resources(ask), "it", Answer("done"), life) == "done"


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
    life = SimpleNamespace(is_over=bool, describe=lambda _: "Running, 20 %")
    wait.settled(resources(lambda: Answer(1)), "myrun01", Answer(0), life)
    assert list(dict.fromkeys(told)) == [*shown, *(["end"] if shown else [])]
