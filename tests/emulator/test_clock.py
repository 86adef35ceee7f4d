"""The clock: set only on demand, and waking who sleeps."""

import asyncio
from datetime import datetime, timedelta, timezone

import pytest
from acr_emulator.state.clock import Clock, timestamp


def test_it_shows_real_time_and_what_it_was_advanced_by() -> None:
    clock = Clock()
    before = datetime.now(timezone.utc)
    clock.advance(60 * 24 * 3600)
    ahead = clock.now() - before
    assert timedelta(days=60) <= ahead < timedelta(days=60, minutes=1)
    assert clock.now().tzinfo is timezone.utc


def test_it_knows_what_it_showed_at_a_real_time() -> None:
    clock = Clock()
    before = datetime.now(timezone.utc)
    clock.advance(3600)
    between = datetime.now(timezone.utc)
    clock.advance(60)
    after = datetime.now(timezone.utc)
    assert clock.from_real_time(before) == before
    assert clock.from_real_time(between) == between + timedelta(seconds=3600)
    assert clock.from_real_time(after) == after + timedelta(seconds=3660)


def test_an_advance_wakes_those_whose_time_has_come_and_no_one_else() -> None:
    async def scenario() -> tuple[bool, bool]:
        clock = Clock()
        minute = asyncio.create_task(clock.sleep(60))
        hour = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0)
        clock.advance(61)
        await asyncio.wait_for(minute, 5)
        woken_early = hour.done()
        clock.advance(3600)
        await asyncio.wait_for(hour, 5)
        return minute.done(), woken_early

    assert asyncio.run(scenario()) == (True, False)


def test_it_is_set_back_and_no_sleeper_waits_longer() -> None:
    async def scenario() -> timedelta:
        clock = Clock()
        start = clock.now()
        short = asyncio.create_task(clock.sleep(0.05))
        minute = asyncio.create_task(clock.sleep(60))
        await asyncio.sleep(0)
        clock.advance(-3600)
        await asyncio.wait_for(short, 5)
        behind = start - clock.now()
        clock.advance(61)
        await asyncio.wait_for(minute, 5)
        return behind

    behind = asyncio.run(scenario())
    assert timedelta(minutes=59) < behind <= timedelta(hours=1)


def test_it_knows_what_it_showed_before_it_was_set_back() -> None:
    clock = Clock()
    before = datetime.now(timezone.utc)
    clock.advance(-3600)
    after = datetime.now(timezone.utc)
    assert clock.from_real_time(before) == before
    assert clock.from_real_time(after) == after - timedelta(hours=1)


@pytest.mark.parametrize("seconds", [3e11, -3e11, float("inf"), float("nan")])
def test_it_never_shows_a_time_that_cannot_be_written(seconds: float) -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="^the clock can be 365000 days ahead or behind at most$"):
        clock.advance(seconds)
    assert clock.now().year < 3000


def test_sleeping_for_nothing_returns() -> None:
    asyncio.run(asyncio.wait_for(Clock().sleep(0), 5))


@pytest.mark.parametrize(
    ("microsecond", "zone", "written"),
    [
        (516004, "+00:00", "2026-01-20T15:49:43.516004+00:00"),
        (884580, "+00:00", "2026-01-20T15:49:43.88458+00:00"),
        (30000, "Z", "2026-01-20T15:49:43.03Z"),
        (0, "Z", "2026-01-20T15:49:43Z"),
    ],
)
def test_timestamps_are_written_as_azure_writes_them(
    microsecond: int, zone: str, written: str
) -> None:
    time = datetime(2026, 1, 20, 15, 49, 43, microsecond, timezone.utc)
    assert timestamp(time, zone=zone) == written
