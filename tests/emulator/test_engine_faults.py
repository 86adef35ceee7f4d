"""A transfer whose registry or storage fails in the middle of a layer, and transfers at once."""

import hashlib
import logging
import os
import re
import resource
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from acr_emulator.runs.pipelines import EXPORT, IMPORT, KINDS, PipelineKind
from azure.storage.blob import ContainerClient

from tests.emulator.run_world import ACCOUNT, CONTAINER, World, run_path
from tests.emulator.running import GROUP, Json
from tests.support.cloud import eventually
from tests.support.emulator_wording import STATE_NOT_WRITTEN

MIB = 1024 * 1024
PARTS = {"registry": "registries/distribution.pid", "storage": f"blobs/{ACCOUNT}.pid"}


@pytest.fixture(autouse=True)
def _no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever fails: it does not surprise the emulator, which would log that."""
    caplog.set_level(logging.WARNING)
    yield
    logged = [item for item in caplog.records if item.name.startswith(("acr_emulator", "asyncio"))]
    assert logged == []


class Image:
    """An image with another layer, and the runs that move it."""

    def __init__(self, world: World, size: int) -> None:
        self._world = world
        self.name = f"image{uuid.uuid4().hex[:8]}"
        layer = os.urandom(MIB) * (size // MIB)
        self.digest = world.emulator.client("runsource").push(self.name, "v1", layer=layer)

    def start(self, kind: PipelineKind, blob: str = "") -> str:
        """Begin to move it; the run's path."""
        run = f"run{uuid.uuid4().hex[:8]}"
        more = {"artifacts": [f"{self.name}:v1"]} if kind is EXPORT else {}
        self._world.start(kind, "faulty", run, blob or self.name, **more)
        return run_path(kind, run)

    def move(self, kind: PipelineKind) -> Json:
        return response(self._world, self.start(kind))

    def wait_until_moving(self, run: str) -> None:
        def look() -> bool | None:
            shown = self._world.emulator.ok("GET", run)["properties"]["response"]
            assert shown["status"] == "Running", shown
            return shown["progress"]["percentage"] != "0" or None

        eventually(look)

    def shows(self, kind: PipelineKind) -> bool:
        """Whether there is anything of it where it goes."""
        if kind is EXPORT:
            return self.name in container(self._world).list_blob_names()
        return self._world.emulator.client("runtarget").digest(self.name, "v1") is not None


def container(world: World) -> ContainerClient:
    """The container of now: storage has another port each time that it is started."""
    return world.emulator.container(ACCOUNT, CONTAINER)


def response(world: World, run: str) -> Json:
    ended: Json = world.emulator.finished(run)["response"]
    return ended


@pytest.fixture(autouse=True)
def _pipelines(world: World) -> None:
    for kind, option in zip(KINDS, ("OverwriteBlobs", "OverwriteTags"), strict=True):
        world.allowed(kind, "faulty", option)


def pid(world: World, part: str) -> int:
    return int((world.emulator.instance.state_dir / PARTS[part]).read_text().split()[0])


@contextmanager
def full_disk(world: World, part: str) -> Iterator[None]:
    """Let a part write no file beyond 8 MiB, as if there were no space left."""
    process = pid(world, part)
    soft, limit = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (8 * MIB, limit))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, limit))


@contextmanager
def no_writing(world: World) -> Iterator[None]:
    """Let the emulator read its state only, as from a disk that is full."""
    instance = world.emulator.instance

    async def turn(switch: str) -> None:
        instance.store._database.execute(f"PRAGMA query_only = {switch}")

    world.emulator.run(turn("ON"))
    yield
    world.emulator.run(turn("OFF"))


UNREACHABLE = r"Failed to access storage\.  It cannot be reached \(\w+\)"
BROKEN_OFF = r"Registry 'runtarget' cannot be reached \(\w+\)"
# The registry answers, then resets the connection: the reset can overtake the answer.
REFUSED = rf"{BROKEN_OFF}|The registry answered 500 \(UNKNOWN: unknown error\) to PUT \S+"


@pytest.mark.parametrize(
    ("kind", "part", "message"),
    [
        (EXPORT, "registry", r"Blob sha256:\w+ cannot be read \(\w+\)"),
        (EXPORT, "storage", UNREACHABLE),
        (IMPORT, "registry", BROKEN_OFF),
        (IMPORT, "storage", UNREACHABLE),
    ],
)
def test_a_service_that_dies_in_a_layer_fails_only_that_run(
    world: World, kind: PipelineKind, part: str, message: str
) -> None:
    image = Image(world, 96 * MIB)  # 48 can be on their way at a time
    if kind is IMPORT:
        image.move(EXPORT)
    run = image.start(kind)
    image.wait_until_moving(run)
    os.kill(pid(world, part), signal.SIGKILL)
    failed = response(world, run)
    assert failed["status"] == "Failed"
    assert re.fullmatch(message, failed["pipelineRunErrorMessage"])
    assert not image.shows(kind)
    container(world)  # Azurite forgets the last seconds when it dies: container and blob, too
    for item in KINDS:
        assert image.move(item)["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("kind", "part", "message"),
    [
        (
            EXPORT,
            "storage",
            r"Failed to access storage\.  Service request failed\.  Status: 500 .*",
        ),
        (IMPORT, "registry", REFUSED),
    ],
)
def test_a_full_disk_fails_the_run_and_with_space_the_next_one_succeeds(
    world: World, kind: PipelineKind, part: str, message: str
) -> None:
    image = Image(world, 16 * MIB)
    if kind is IMPORT:
        image.move(EXPORT)
    with full_disk(world, part):
        failed = image.move(kind)
    assert failed["status"] == "Failed"
    assert re.fullmatch(message, failed["pipelineRunErrorMessage"])
    assert not image.shows(kind)
    assert image.move(kind)["status"] == "Succeeded"


def test_a_run_whose_end_cannot_be_written_ends_as_soon_as_it_can(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    image = Image(world, 96 * MIB)
    run = image.start(EXPORT)
    image.wait_until_moving(run)
    with no_writing(world):
        refused = world.emulator.arm("PUT", f"{GROUP}2", {"location": "westus"})
        assert refused.status_code == 500
        assert refused.json()["error"]["message"] == (
            f"{STATE_NOT_WRITTEN} attempt to write a readonly database."
        )
        eventually(lambda: "cannot be written yet" in caplog.text or None)
        assert world.emulator.ok("GET", run)["properties"]["response"]["status"] == "Running"
    assert response(world, run)["status"] == "Succeeded"
    caplog.clear()


def test_exports_and_imports_of_one_blob_at_once_leave_it_whole(world: World) -> None:
    images = [Image(world, 10 * MIB) for _ in range(3)]
    runs = [image.start(EXPORT, "contended") for image in images * 2]
    runs += [images[0].start(IMPORT, "contended") for _ in range(2)]
    ends = [response(world, run) for run in runs]
    exported = [end["catalogDigest"] for end in ends[:6] if end["status"] == "Succeeded"]
    content = container(world).download_blob("contended").readall()
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" in exported
    for end in ends:
        refused = end.get("pipelineRunErrorMessage", "Failed to access storage")
        assert refused.startswith("Failed to access storage")
    last = response(world, images[0].start(IMPORT, "contended"))
    assert last["status"] == "Succeeded"
    (arrived,) = [image for image in images if last["importedArtifacts"] == [f"{image.name}:v1"]]
    assert world.emulator.client("runtarget").digest(arrived.name, "v1") == arrived.digest
