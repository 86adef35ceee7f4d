"""How much faster `clean` is than deleting one run after another."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measurement import Measurement
from benchmarks.workspace import Environment, Workspace
from tests.support.site import GROUP

COUNT = 1000
LATENCY = 0.1
_TIMES = 8


def measure(workspace: Workspace, count: int = COUNT) -> Iterator[Measurement]:
    """Both delete as many failed runs, each in a separate process, at the same latency."""
    with workspace.environment("clean") as environment:
        _fail(environment, count)
        ours = environment.az(
            f"acr pipeline-run clean {environment.site.args} --output none"
        ).seconds
        _expect(environment, 0)
        _fail(environment, count)
        theirs = environment.sdk("clean").seconds
        _expect(environment, 0)
    yield Measurement(
        f"`clean` of {count:,} failed runs at 100 ms service latency",
        f">= {_TIMES}x faster than one after another",
        f"{theirs / ours:.1f}x: {ours:.1f} s, one after another {theirs:.1f} s",
        is_met=theirs / ours >= _TIMES,
    )


def _fail(environment: Environment, count: int) -> None:
    environment.cloud.control("latency", seconds=0)
    environment.cloud.control(
        "past-runs", pipeline=environment.pipeline_id, count=count, error="It failed."
    )
    _expect(environment, count)
    environment.cloud.control("latency", seconds=LATENCY)


def _expect(environment: Environment, count: int) -> None:
    resources = environment.cloud.status()["resources"]
    runs = [name for name in resources if "/pipelineruns/" in name.lower()]
    if len(runs) != count:
        raise RuntimeError(f"{len(runs)} runs are in {GROUP} instead of {count}")
