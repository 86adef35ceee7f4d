"""Another tool reads our archives, and we read its: skopeo, from the Debian package."""

import json
import os

import pytest

from tests.support.engine.skopeo import Skopeo
from tests.support.engine.world import World
from tests.support.oci import DOCKER_MANIFEST, MANIFEST, digest_of


@pytest.fixture
def skopeo(world: World) -> Skopeo:
    return Skopeo(world.folder)


def archive_of(world: World) -> str:
    """The transfer blob as a file, in skopeo's words."""
    file = world.folder / "blob.tar"
    file.write_bytes(world.download())
    return f"oci-archive:{file}"


def test_skopeo_inspects_and_copies_every_artifact_of_our_archive(
    world: World, skopeo: Skopeo
) -> None:
    seed = world.seed
    image = seed.image("team/app", "v1", b"shared", b"own")
    index = seed.index("multi", "latest", seed.image("multi", None, b"amd64"))
    expected = {
        "team/app:v1": image["digest"],
        f"team/app@{image['digest']}": image["digest"],
        "multi:latest": index["digest"],
    }
    world.export(*expected)
    archive = archive_of(world)
    base = f"docker://{world.services.registry.removeprefix('http://')}/{world.target_registry}"
    for number, (name, digest) in enumerate(expected.items()):
        raw = skopeo("inspect", "--raw", f"{archive}:{name}")
        assert digest_of(raw.encode()) == digest
        skopeo(
            *("copy", "--all", "--preserve-digests", "--dest-tls-verify=false"),
            f"{archive}:{name}",
            f"{base}/copy:v{number}",
        )
        moved = world.manifest(world.target_registry, "copy", f"v{number}")
        assert moved is not None
        assert digest_of(moved) == digest
    shown = json.loads(skopeo("inspect", f"{archive}:team/app:v1"))
    assert shown["Layers"] == [digest_of(b"shared"), digest_of(b"own")]


def test_skopeo_finds_a_docker_image_only_where_it_is_the_only_one(
    world: World, skopeo: Skopeo
) -> None:
    # It stays what it is, byte for byte; by name, skopeo 1.9 looks for OCI manifests only.
    image = world.seed.image("docker", "v2", b"layer", media_type=DOCKER_MANIFEST)
    world.export("docker:v2")
    raw = skopeo("inspect", "--raw", archive_of(world))
    assert digest_of(raw.encode()) == image["digest"]


def test_an_archive_that_skopeo_wrote_imports(world: World, skopeo: Skopeo) -> None:
    amd64 = world.seed.image("multi", None, os.urandom(70_000))
    world.seed.index("multi", "v1", amd64, world.seed.image("multi", None, b"arm64"))
    host = world.services.registry.removeprefix("http://")
    file = world.folder / "skopeo.tar"
    skopeo(
        *("copy", "--all", "--preserve-digests", "--src-tls-verify=false"),
        f"docker://{host}/{world.registry}/multi:v1",
        f"oci-archive:{file}:multi:v1",
    )
    world.upload(file.read_bytes())
    result = world.import_()
    assert (result.transferred, result.catalog_digest) == (["multi:v1"], "")
    world.assert_equal("multi", "v1")


def test_an_artifact_that_is_no_image_can_be_copied_from_our_archive(
    world: World, skopeo: Skopeo
) -> None:
    seed = world.seed
    chart = seed.manifest(
        "chart",
        "v1",
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": seed.blob("chart", b"{}", "application/vnd.cncf.helm.config.v1+json"),
            "layers": [
                seed.blob("chart", b"tgz", "application/vnd.cncf.helm.chart.content.v1.tar")
            ],
        },
    )
    world.export("chart:v1")
    raw = skopeo("inspect", "--raw", f"{archive_of(world)}:chart:v1")
    assert digest_of(raw.encode()) == chart["digest"]
