"""How fast the emulator moves a layer, against `skopeo copy` to and from an OCI archive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.measurement import Measurement
from benchmarks.workspace import Workspace
from tests.support.engine.bundled_services import running_services
from tests.support.engine.measured import measure_transfer
from tests.support.engine.skopeo import Skopeo
from tests.support.engine.world import MIB, World, world_of

SIZE = 1024 * MIB
_TIMES = 0.9


def measure(workspace: Workspace, size: int = SIZE, pairs: int = 5) -> Iterator[Measurement]:
    """Pairs in turn, on the same servers; each import is into a registry that has nothing."""
    folder = workspace.new_folder("throughput")
    exports, imports = [], []
    with (
        running_services(workspace.new_folder("source")) as services,
        world_of(services, folder) as world,
    ):
        world.seed.large_image("layer", "v1", size)
        for number in range(pairs):
            with (
                running_services(workspace.new_folder(f"first{number}")) as first,
                running_services(workspace.new_folder(f"second{number}")) as second,
                world.storage_client() as storage,
            ):
                skopeo_out, skopeo_in = _skopeo_seconds(world, first.registry)
                engine = measure_transfer(world, "layer:v1", target_registry=second.registry)
                storage.delete_blob("layer:v1")
            exports.append((skopeo_out, engine.export_seconds))
            imports.append((skopeo_in, engine.import_seconds))
    for what, seconds in (("export", exports), ("import", imports)):
        yield _measurement(what, size, seconds)


def _measurement(what: str, size: int, seconds: list[tuple[float, float]]) -> Measurement:
    ratio = median(skopeo / engine for skopeo, engine in seconds)
    skopeo, engine = (size / median(column) / 1e6 for column in zip(*seconds, strict=True))
    return Measurement(
        f"emulator: {what} of one {size // MIB:,} MiB layer, against `skopeo copy`",
        f">= {_TIMES}x its throughput",
        f"{ratio:.2f}x: {engine:.0f} MB/s, skopeo {skopeo:.0f} MB/s",
        is_met=ratio >= _TIMES,
        notes=(f"each pair of {what}s: " + ", ".join(f"{a / b:.2f}x" for a, b in seconds),),
    )


def _skopeo_seconds(world: World, target_registry: str) -> tuple[float, float]:
    """Copy to an archive, then into a registry that has nothing of it."""
    skopeo = Skopeo(world.folder)
    source = world.services.registry.removeprefix("http://")
    target = target_registry.removeprefix("http://")
    file = world.folder / "archive.tar"
    archive = f"oci-archive:{file}:layer:v1"
    out = ("copy", "--src-tls-verify=false", f"docker://{source}/{world.registry}/layer:v1")
    into = ("copy", "--dest-tls-verify=false", archive, f"docker://{target}/skopeo/layer:v1")
    taken = _seconds(lambda: skopeo(*out, archive)), _seconds(lambda: skopeo(*into))
    file.unlink()
    return taken


def _seconds(step: Callable[[], object]) -> float:
    began = time.monotonic()
    step()
    return time.monotonic() - began
