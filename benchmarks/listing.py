"""What `list` of many runs takes, next to the SDK's pager."""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import median

from benchmarks.measurement import Measurement
from benchmarks.process import Process
from benchmarks.workspace import Workspace

COUNT = 10_000
_MIB = 1024 * 1024
_TIME, _MEMORY = 1.2, 1.3


def measure(workspace: Workspace, count: int = COUNT, rounds: int = 3) -> Iterator[Measurement]:
    """Whole processes in turn, which print the same; the bare pager and no output next to them."""
    with workspace.environment("list") as environment:
        environment.cloud.control("past-runs", pipeline=environment.pipeline_id, count=count)
        line = f"acr pipeline-run list {environment.site.args}"
        ours, theirs, silent, bare = [], [], [], []
        for _ in range(rounds):
            ours.append(environment.az(line))
            theirs.append(environment.sdk("show"))
            silent.append(environment.az(f"{line} --output none"))
            bare.append(environment.sdk("iterate"))
    for printed in (ours[-1], theirs[-1]):
        if len(json.loads(printed.stdout)) != count:
            raise RuntimeError(f"not {count} runs were listed")
    time, memory = _seconds(ours) / _seconds(theirs), _peak(ours) / _peak(theirs)
    yield Measurement(
        f"`list` of {count:,} runs, against iterating the SDK's pager",
        f"time <= {_TIME}x; peak memory <= {_MEMORY}x",
        f"time {time:.2f}x, {_seconds(ours):.1f} s; memory {memory:.2f}x, {_peak(ours):.0f} MiB",
        is_met=time <= _TIME and memory <= _MEMORY,
        notes=(
            f"the SDK's pager, its runs printed as az prints: {_usage(theirs)}",
            f"the bare pager, which keeps and prints nothing: {_usage(bare)}; az with "
            f"`--output none`: {_usage(silent)}",
        ),
    )


def _usage(processes: list[Process]) -> str:
    return f"{_seconds(processes):.1f} s, {_peak(processes):.0f} MiB"


def _seconds(processes: list[Process]) -> float:
    return median(process.seconds for process in processes)


def _peak(processes: list[Process]) -> float:
    return median(process.peak for process in processes) / _MIB
