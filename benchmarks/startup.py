"""How much longer a command of the extension takes to start than one of az itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from statistics import median, quantiles

from benchmarks.measurement import Measurement
from benchmarks.process import Process
from benchmarks.workspace import Environment, Workspace

ROUNDS = 25
_Pairs = list[tuple[Process, Process]]
_LIMIT_MS = 10


def measure(workspace: Workspace, rounds: int = ROUNDS) -> Iterator[Measurement]:
    """In turn, so that whatever else the machine does meets both alike."""
    with workspace.environment("startup") as environment:
        # The emulator has no webhooks; an empty list costs az what an empty list of runs does.
        environment.cloud.control(
            "faults",
            path="/webhooks",
            status=200,
            count=10 * rounds,
            body={"value": []},
        )
        # Of two requests each: az looks at the registry first, we look for its group.
        theirs, ours = (
            f"webhook list {environment.site.args}",
            f"pipeline-run list -r {environment.site.registry}",
        )
        listed = _pairs(environment, theirs, ours, rounds)
        helped = _pairs(environment, "webhook list -h", "pipeline-run list -h", rounds)
    added = median(_added(listed, attrgetter("seconds")))
    yield Measurement(
        "added start-up over `az acr webhook list`",
        f"<= {_LIMIT_MS} ms",
        f"{added:+.0f} ms",
        is_met=added <= _LIMIT_MS,
        notes=(
            f"`list`: {_spread(listed)}",
            f"`list -h`: {_spread(helped)}",
        ),
    )


def _pairs(environment: Environment, theirs: str, ours: str, rounds: int) -> _Pairs:
    """Each command in turn, which send as many requests."""
    counts = [_count_requests(environment, line) for line in (theirs, ours)]
    if counts[0] != counts[1]:
        raise RuntimeError(f"{theirs} sends {counts[0]} requests, {ours} {counts[1]}")
    return [(environment.az(f"acr {theirs}"), environment.az(f"acr {ours}")) for _ in range(rounds)]


def _count_requests(environment: Environment, line: str) -> int:
    before = len(environment.cloud.requests())
    environment.az(f"acr {line}")
    return len(environment.cloud.requests()) - before


def _added(pairs: _Pairs, of: Callable[[Process], float]) -> list[float]:
    """Milliseconds that ours took more in each pair."""
    return [1000 * (of(ours) - of(theirs)) for theirs, ours in pairs]


def _spread(pairs: _Pairs) -> str:
    low, middle, high = quantiles(_added(pairs, attrgetter("seconds")), n=4)
    processor = median(_added(pairs, attrgetter("processor")))
    return (
        f"median of {len(pairs)} pairs {middle:+.0f} ms, half of them between {low:+.0f} "
        f"and {high:+.0f}; of processor time {processor:+.0f} ms"
    )
