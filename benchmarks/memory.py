"""Whether the emulator's memory grows with the layer that it moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.measurement import Measurement
from benchmarks.place import Place
from tests.emulator.transfer.measured import measure_transfer
from tests.emulator.transfer.parts import running_parts
from tests.emulator.transfer.world import MIB, world_of

GIB = 1024 * MIB
_SAME = 32 * MIB


def measure(place: Place, sizes: Iterable[int] = (GIB, 4 * GIB)) -> Iterator[Measurement]:
    """The peak of a process that exports and imports, for each size a new one."""
    peaks = {}
    for size in sizes:
        folder = place.new_folder(f"memory{size}")
        with running_parts(folder) as parts, world_of(parts, folder) as world:
            world.seed.large_image("layer", "v1", size)
            peaks[size] = measure_transfer(world, "layer:v1").peak
    told = " and ".join(f"{size // MIB:,} MiB" for size in peaks)
    difference = max(peaks.values()) - min(peaks.values())
    yield Measurement(
        f"emulator: memory while moving layers of {told}",
        f"the same within {_SAME // MIB} MiB",
        " and ".join(f"{peak / MIB:.0f} MiB" for peak in peaks.values()),
        is_met=difference <= _SAME,
    )
