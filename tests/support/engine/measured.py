"""A transfer in a separate process, so that its time and memory are the engine's alone."""

import json
import subprocess
import sys
from dataclasses import dataclass

from tests.support.engine.world import World

_TRANSFER = """
import asyncio, json, resource, sys, time
import httpx
from acr_emulator.engine import Container, Repositories, export_artifacts, import_blob
from acr_emulator.resource_locks import RepositoryLocks, ResourceLocks

async def main(registry, target_registry, source, target, storage, artifact):
    container = Container.with_identity(actions=frozenset({"read", "write"}), **storage)
    locks = RepositoryLocks(ResourceLocks())
    async with httpx.AsyncClient() as http, container:
        common = {"container": container, "progress": lambda percent: None}
        began = time.monotonic()
        exported = await export_artifacts(
            [artifact],
            repositories=Repositories(registry, prefix=source, http=http, locks=locks),
            blob=artifact,
            **common,
        )
        between = time.monotonic()
        imported = await import_blob(
            await container.snapshot(artifact),
            repositories=Repositories(target_registry, prefix=target, http=http, locks=locks),
            **common,
        )
        ended = time.monotonic()
    assert exported.transferred == imported.transferred == [artifact]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([between - began, ended - between, peak]))

asyncio.run(main(**json.loads(sys.stdin.read())))
"""


@dataclass(frozen=True)
class Measured:
    """Seconds, and the peak of resident memory in bytes."""

    export_seconds: float
    import_seconds: float
    peak: int


def measure_transfer(world: World, artifact: str, *, target_registry: str = "") -> Measured:
    """Export an artifact, then import it into the target registry (another server, if given)."""
    task = {
        "registry": world.services.registry,
        "target_registry": target_registry or world.services.registry,
        "source": world.registry,
        "target": world.target_registry,
        "storage": world.storage,
        "artifact": artifact,
    }
    done = subprocess.run(
        [sys.executable, "-c", _TRANSFER],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Measured(*json.loads(done.stdout))
