"""How much faster `clean` is than deleting one run after another."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measurement import Measurement
from benchmarks.place import Desk, Place
from tests.support.site import GROUP

COUNT = 1000
LATENCY = 0.1
_TIMES = 8


def measure(place: Place, count: int = COUNT) -> Iterator[Measurement]:
    """Both delete as many failed runs, each in a separate process, at the same latency."""
    with place.desk("clean") as desk:
        _fail(desk, count)
        ours = desk.az(f"acr pipeline-run clean {desk.site.at} --output none").seconds
        _expect(desk, 0)
        _fail(desk, count)
        theirs = desk.sdk("clean").seconds
        _expect(desk, 0)
    yield Measurement(
        f"`clean` of {count:,} failed runs at 100 ms service latency",
        f">= {_TIMES}x faster than one after another",
        f"{theirs / ours:.1f}x: {ours:.1f} s, one after another {theirs:.1f} s",
        is_met=theirs / ours >= _TIMES,
    )


def _fail(desk: Desk, count: int) -> None:
    desk.cloud.control("latency", seconds=0)
    desk.cloud.control("past-runs", pipeline=desk.pipeline_id, count=count, error="It failed.")
    _expect(desk, count)
    desk.cloud.control("latency", seconds=LATENCY)


def _expect(desk: Desk, count: int) -> None:
    there = [each for each in desk.cloud.status()["resources"] if "/pipelineruns/" in each.lower()]
    if len(there) != count:
        raise RuntimeError(f"{len(there)} runs are in {GROUP} instead of {count}")
