"""How fast one layer moves, against `skopeo copy` to and from an OCI archive.

python -m tests.emulator.transfer.throughput [MIB]
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.emulator.transfer.measured import measure_transfer
from tests.emulator.transfer.parts import running_parts
from tests.emulator.transfer.skopeo import Skopeo
from tests.emulator.transfer.world import MIB, World, world_of

_LINE = "{:<34}{:>8.0f} MB/s\n"


def seconds(step: Callable[[], object]) -> float:
    began = time.monotonic()
    step()
    return time.monotonic() - began


def skopeo_seconds(world: World, target_registry: str) -> tuple[float, float]:
    """Copy to an archive, then into a registry that has nothing of it."""
    skopeo = Skopeo(world.folder)
    source = world.parts.registry.removeprefix("http://")
    target = target_registry.removeprefix("http://")
    archive = f"oci-archive:{world.folder / 'archive.tar'}:layer:v1"
    out = ("copy", "--src-tls-verify=false", f"docker://{source}/{world.registry}/layer:v1")
    into = ("copy", "--dest-tls-verify=false", archive, f"docker://{target}/skopeo/layer:v1")
    return seconds(lambda: skopeo(*out, archive)), seconds(lambda: skopeo(*into))


def main(size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("source", "first", "second", "files"):
            (folder / part).mkdir()
        with (
            running_parts(folder / "source") as parts,
            world_of(parts, folder / "files") as world,
            running_parts(folder / "first") as first,
            running_parts(folder / "second") as second,
        ):
            world.seed.large_image("layer", "v1", size)
            skopeo_out, skopeo_in = skopeo_seconds(world, first.registry)
            engine = measure_transfer(world, "layer:v1", target_registry=second.registry)
    for what, taken in {
        "skopeo copy registry -> archive": skopeo_out,
        "export": engine.export_seconds,
        "skopeo copy archive -> registry": skopeo_in,
        "import": engine.import_seconds,
    }.items():
        sys.stdout.write(_LINE.format(what, size / taken / 1e6))
    sys.stdout.write(f"peak memory of the engine{engine.peak / MIB:>14.0f} MiB\n")


if __name__ == "__main__":
    main(int(sys.argv[1] if len(sys.argv) > 1 else "1024") * MIB)
