"""The supervisor of background tasks: no defect is silent, and none ends what has to continue."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from acr_emulator.runs.pipelines import IMPORT, Pipeline
from acr_emulator.state.background import Background

from tests.emulator.run_world import READER, World, registry


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made between attempts, which take no time here."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


def test_what_fails_is_logged_and_reported_to_its_owner(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = []
    defect = KeyError("unexpected")

    async def work() -> None:
        raise defect

    async def failed(error: Exception) -> None:
        errors.append(error)

    async def scenario() -> None:
        tasks = Background("Run")
        tasks.begin("one", work, failed)
        await tasks.wait("one")
        await tasks.wait("one")  # nothing is left of it

    asyncio.run(scenario())
    assert errors == [defect]
    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "Run one met a defect of the emulator",
    )
    assert record.exc_info is not None
    assert record.exc_info[1] is defect


def test_what_is_repeated_starts_again_and_backs_off(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    attempts = 0

    async def scenario() -> None:
        done = asyncio.Event()

        async def work() -> None:
            nonlocal attempts
            attempts += 1
            if attempts == 9:
                return  # all is well again
            if attempts == 11:
                done.set()
                await asyncio.Event().wait()
            raise RuntimeError(attempts)

        tasks = Background("Source trigger")
        tasks.repeat("", work)
        await done.wait()
        await tasks.stop()

    asyncio.run(scenario())
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 1]
    assert len(caplog.records) == len(pauses)


@pytest.mark.parametrize("how", [lambda it: it.end("one"), lambda it: it.stop()])
def test_a_task_is_cancelled_and_awaited(
    how: Callable[[Background], Coroutine[Any, Any, None]],
) -> None:
    ends: list[str] = []

    async def scenario() -> None:
        tasks = Background("Run")
        begun = asyncio.Event()

        async def work() -> None:
            try:
                begun.set()
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ends.append("done")

        async def failed(error: Exception) -> None:
            raise AssertionError from error

        tasks.begin("one", work, failed)
        await begun.wait()
        await how(tasks)

    asyncio.run(scenario())
    assert ends == ["done"]


def test_a_pipeline_that_meets_a_defect_leaves_the_others_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = world.emulator
    for name in ("broken", "working"):
        world.allowed(IMPORT, name, role=READER)
        path = f"{registry(IMPORT)}/{IMPORT.collection}/{name}"
        pipeline = emulator.ok("GET", path)
        pipeline["properties"]["trigger"]["sourceTrigger"]["status"] = "Enabled"
        emulator.ok("PUT", path, pipeline)
    access = emulator.instance.access
    opened: list[str] = []
    original = access.open

    async def open_(pipeline: Pipeline) -> object:
        if pipeline.name == "broken":
            raise KeyError(pipeline.name)
        opened.append(pipeline.name)
        return await original(pipeline)

    monkeypatch.setattr(access, "open", open_)
    emulator.run(emulator.instance.trigger.look())
    reasons = {
        key.rpartition("/")[2]: why for key, why in emulator.instance.trigger.reasons.items()
    }
    assert reasons == {"broken": {"": "The service failed: KeyError."}}
    assert opened == ["working"]
