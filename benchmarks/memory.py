"""Whether the emulator's memory grows with the layer that it moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measurement import Measurement
from benchmarks.workspace import Workspace
from tests.support.engine.bundled_services import running_services
from tests.support.engine.measured import measure_transfer
from tests.support.engine.world import MIB, world_of

GIB = 1024 * MIB
_SAME = 32 * MIB
_TIMES = 3


def measure(workspace: Workspace, sizes: Iterable[int] = (GIB, 4 * GIB)) -> Iterator[Measurement]:
    """The peak of a process that exports and imports: for each size the median of three.

    A single one varies by about 30 MiB, by how many ranges happen to be there at once.
    """
    peaks = {size: median(_peak(workspace, size) for _ in range(_TIMES)) for size in sizes}
    names = " and ".join(f"{size // MIB:,} MiB" for size in peaks)
    difference = max(peaks.values()) - min(peaks.values())
    yield Measurement(
        f"emulator: memory while moving layers of {names}",
        f"the same within {_SAME // MIB} MiB",
        " and ".join(f"{peak / MIB:.0f} MiB" for peak in peaks.values()),
        is_met=difference <= _SAME,
    )


def _peak(workspace: Workspace, size: int) -> int:
    with (
        TemporaryDirectory(dir=workspace.folder) as name,
        running_services(Path(name)) as services,
        world_of(services, Path(name)) as world,
    ):
        world.seed.large_image("layer", "v1", size)
        return measure_transfer(world, "layer:v1").peak
