"""429 slows a command down: it waits as long as required, however often, and then continues."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer.kinds import EXPORT
from tests.support.fake_time import FakeTime
from tests.support.wording import AUTHENTICATION
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, pipeline, run

PIPELINE = f"{REGISTRY}/exportPipelines/mypipeline"
RUN = f"{REGISTRY}/pipelineRuns/myrun01"
THROTTLED = {"error": {"code": "TooManyRequests", "message": "Slow down."}}
MORE_THAN_THE_SDK_BEARS = 12

CREATE = ("create", "-n", "myrun01", "-p", "mypipeline", "-t", "export", "-b", "blob", "-a", "it")


def throttles(service: Service, method: str, path: str, **headers: str) -> None:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    service.answers(method, path, THROTTLED, status=429, headers=sent)


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (("show", "-n", "myrun01"), [("GET", RUN, run(EXPORT))]),
        (("delete", "-n", "myrun01"), [("DELETE", RUN, None)]),
        (CREATE, [("GET", PIPELINE, pipeline(EXPORT)), ("PUT", RUN, run(EXPORT))]),
    ],
    ids=lambda words: words[0] if isinstance(words[0], str) else "",
)
def test_a_command_waits_as_long_as_requested_and_continues(
    az: Az,
    service: Service,
    fake_time: FakeTime,
    words: tuple[str, ...],
    answers: list[tuple[str, str, Any]],
) -> None:
    for method, path, body in answers:
        for _ in range(MORE_THAN_THE_SDK_BEARS):
            throttles(service, method, path, Retry_After="17")
        service.answers(method, path, body, status=200)
    result = az("acr", "pipeline-run", *words, *WHERE)
    assert (result.exit_code, result.stderr.removeprefix(AUTHENTICATION)) == (0, "")
    assert fake_time.slept == [17.0] * MORE_THAN_THE_SDK_BEARS * len(answers)


def test_polling_continues_at_its_own_pace_after_a_429(
    az: Az, service: Service, fake_time: FakeTime
) -> None:
    under_way = run(EXPORT, provisioningState="Creating", response=None)
    service.answers("GET", PIPELINE, pipeline(EXPORT))
    service.answers("PUT", RUN, under_way, status=201)
    throttles(service, "GET", RUN, Retry_After="40")
    service.answers("GET", RUN, under_way)
    service.answers("GET", RUN, run(EXPORT))
    assert az("acr", "pipeline-run", *CREATE, *WHERE).exit_code == 0
    assert fake_time.now == pytest.approx(1 + 40 + (1 + 40) / 10)


@pytest.mark.parametrize("retry_after", [{}, {"Retry_After": "0"}])
def test_a_429_that_does_not_say_how_long_is_borne_a_few_times_only(
    az: Az, service: Service, fake_time: FakeTime, retry_after: dict[str, str]
) -> None:
    for _ in range(4):
        throttles(service, "GET", RUN, **retry_after)
    result = az("acr", "pipeline-run", "show", "-n", "myrun01", *WHERE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "(TooManyRequests) Slow down." in result.stderr
    assert len(fake_time.slept) == 2


@pytest.mark.parametrize(
    ("seconds", "announced"),
    [
        ("60", ""),
        ("61", "WARNING: management.azure.com accepts the next request in 2 minutes. Waiting; "),
        ("3600", "WARNING: management.azure.com accepts the next request in 60 minutes. Waiting; "),
        # A longer one than a day isn't waited for.
        (
            "86400",
            "WARNING: management.azure.com accepts the next request in 1440 minutes. Waiting; ",
        ),
    ],
)
def test_a_long_wait_is_announced_once(
    az: Az, service: Service, fake_time: FakeTime, seconds: str, announced: str
) -> None:
    throttles(service, "GET", RUN, Retry_After=seconds)
    throttles(service, "GET", RUN, Retry_After=seconds)
    service.answers("GET", RUN, run(EXPORT))
    result = az("acr", "pipeline-run", "show", "-n", "myrun01", *WHERE)
    assert (result.exit_code, fake_time.now) == (0, 2 * int(seconds))
    assert result.stderr == (f"{announced}Ctrl-C stops.\n" if announced else "")
