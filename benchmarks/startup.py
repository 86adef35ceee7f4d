"""How much longer a command of the extension takes to start than one of az itself."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median, quantiles

from benchmarks.measurement import Measurement
from benchmarks.place import Desk, Place

ROUNDS = 15
_LIMIT_MS = 10


def measure(place: Place, rounds: int = ROUNDS) -> Iterator[Measurement]:
    """In turn, so that whatever else the machine does meets both alike."""
    with place.desk("startup") as desk:
        # The emulator has no webhooks; an empty list costs az what an empty list of runs does.
        desk.cloud.control(
            "faults",
            path="/webhooks",
            status=200,
            count=10 * rounds,
            body={"value": []},
        )
        # Of two requests each: az looks at the registry first, we look for its group.
        theirs, ours = f"webhook list {desk.site.at}", f"pipeline-run list -r {desk.site.registry}"
        listed, asked = _compared(desk, theirs, ours, rounds)
        helped, _ = _compared(desk, "webhook list -h", "pipeline-run list -h", rounds)
    added = median(listed)
    yield Measurement(
        "added start-up over `az acr webhook list`",
        f"<= {_LIMIT_MS} ms",
        f"{added:+.0f} ms",
        is_met=added <= _LIMIT_MS,
        notes=(
            f"`list` with {asked} requests each, {_spread(listed)}",
            f"`list -h`, {_spread(helped)}",
        ),
    )


def _compared(desk: Desk, theirs: str, ours: str, rounds: int) -> tuple[list[float], int]:
    """Milliseconds that ours took longer in each pair, and how many requests each sent."""
    asked = [_asked(desk, line) for line in (theirs, ours)]
    if asked[0] != asked[1]:
        raise RuntimeError(f"{theirs} sends {asked[0]} requests, {ours} {asked[1]}")
    pairs = [
        (desk.az(f"acr {theirs}").seconds, desk.az(f"acr {ours}").seconds) for _ in range(rounds)
    ]
    return [1000 * (our - their) for their, our in pairs], asked[0]


def _asked(desk: Desk, line: str) -> int:
    before = len(desk.cloud.requests())
    desk.az(f"acr {line}")
    return len(desk.cloud.requests()) - before


def _spread(differences: list[float]) -> str:
    low, middle, high = quantiles(differences, n=4)
    return (
        f"median of {len(differences)} pairs {middle:+.0f} ms, half of them between {low:+.0f} "
        f"and {high:+.0f}"
    )
