"""Blob -> registry, against the real registry and the real storage."""

import asyncio
import os

import pytest
from acr_emulator.engine import TransferError, TransferResult

from tests.support.emulator_wording import NO_OVERWRITE_TAGS
from tests.support.engine.world import Json, World, files_of, tar_of
from tests.support.oci import CONFIG, DOCKER_LIST, DOCKER_MANIFEST, MANIFEST, digest_of

MIB = 1024 * 1024


def test_an_image_arrives_byte_for_byte(world: World) -> None:
    image = world.seed.image("team/app", "v1", os.urandom(17 * MIB), b"small", b"")
    exported = world.export("team/app:v1", f"team/app@{image['digest']}")
    world.progress.clear()

    result = world.import_()

    assert result == TransferResult(
        exported.catalog_digest, ["team/app:v1", f"team/app@{image['digest']}"], {}
    )
    world.assert_equal("team/app", "v1", image["digest"])
    assert world.progress == sorted(set(world.progress))
    assert world.progress[-1] == 100


def test_indexes_arrive_with_all_that_they_hold(world: World) -> None:
    seed = world.seed
    amd64, arm64 = seed.image("multi", None, b"amd64"), seed.image("multi", None, b"arm64")
    inner = seed.index("multi", None, amd64, arm64)
    seed.index("multi", "nested", inner, seed.image("multi", None, b"other"))
    docker = seed.image("docker", None, b"d", media_type=DOCKER_MANIFEST)
    seed.index("docker", "list", docker, media_type=DOCKER_LIST)

    world.export("multi:nested", "docker:list")
    assert world.import_().transferred == ["multi:nested", "docker:list"]

    world.assert_equal("multi", "nested")
    world.assert_equal("docker", "list")


def test_artifacts_and_their_referrers_arrive_when_named(world: World) -> None:
    seed = world.seed
    image = seed.image("app", "v1", b"layer")
    signature = seed.manifest(
        "app",
        None,
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": "application/vnd.example.signature",
            "config": seed.blob("app", b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [seed.blob("app", b"signed", "application/vnd.example.signature")],
            "subject": image,
        },
    )
    fallback = image["digest"].replace(":", "-")
    seed.index("app", fallback, signature)

    world.export("app:v1")
    world.import_()
    world.assert_equal("app", "v1")
    assert world.manifest(world.target_registry, "app", fallback) is None
    assert world.manifest(world.target_registry, "app", signature["digest"]) is None

    world.export(f"app:{fallback}", overwrite=True)
    assert world.import_().transferred == [f"app:{fallback}"]
    world.assert_equal("app", fallback)


NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, MANIFEST])
def test_a_windows_image_arrives_with_its_present_foreign_layers(
    world: World, media_type: str
) -> None:
    foreign_type = FOREIGN if media_type == DOCKER_MANIFEST else NONDISTRIBUTABLE
    present: Json = {**world.seed.blob("win", b"here"), "mediaType": foreign_type}
    absent: Json = {"mediaType": foreign_type, "digest": digest_of(b"elsewhere"), "size": 9}
    urls = ["https://go.microsoft.example/layer?id=1"]
    layers = [{**layer, "urls": urls} for layer in (present, absent)]
    own = world.seed.blob("win", b"own")
    config = world.seed.blob("win", b"{}", CONFIG)
    content = {"schemaVersion": 2, "mediaType": media_type, "config": config}
    world.seed.manifest("win", "v1", content | {"layers": [*layers, own]})
    world.export("win:v1")
    carried = files_of(world.download())
    assert f"blobs/{present['digest'].replace(':', '/')}" in carried
    assert f"blobs/{absent['digest'].replace(':', '/')}" not in carried
    assert world.import_().transferred == ["win:v1"]
    world.assert_equal("win", "v1")
    assert world.blob(world.target_registry, "win", present["digest"]) == b"here"
    assert world.blob(world.target_registry, "win", absent["digest"]) is None


def test_a_blob_that_repositories_share_exists_in_each(world: World) -> None:
    layer = os.urandom(MIB)
    world.seed.image("one", "v1", layer)
    world.seed.image("two", "v1", layer)
    world.export("one:v1", "two:v1")
    world.import_()
    world.assert_equal("one", "v1")
    world.assert_equal("two", "v1")


def test_a_tag_is_moved_only_on_demand(world: World) -> None:
    old = world.seed.image("app", "v1", b"old")
    world.export("app:v1")
    world.import_()
    assert world.import_().transferred == ["app:v1"]  # the same digest is no conflict
    new = world.seed.image("app", "v1", b"new")
    world.seed.image("other", "v1", b"x")
    world.export("other:v1", "app:v1", overwrite=True)

    with pytest.raises(TransferError) as error:
        world.import_()
    message = f"Tag 'app:v1' already exists with digest {old['digest']}; {NO_OVERWRITE_TAGS}"
    assert str(error.value) == message
    assert world.manifest(world.target_registry, "other", "v1") is None  # looked through first

    result = world.import_(continue_on_errors=True)
    assert result.transferred == ["other:v1"]
    assert result.failures == {"app:v1": message}

    assert world.import_(overwrite_tags=True).transferred == ["other:v1", "app:v1"]
    world.assert_equal("app", "v1", new["digest"])


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_tag_that_is_pushed_meanwhile_is_moved_only_on_demand(
    world: World, overwrite: bool
) -> None:
    carried = world.seed.image("app", "v1", b"carried")
    world.export("app:v1")
    rivals: list[str] = []

    def push(_: int) -> None:
        if not rivals:
            rivals.append(world.rival.image("app", "v1", b"of a rival")["digest"])

    if overwrite:
        assert world.import_(progress=push, overwrite_tags=True).transferred == ["app:v1"]
        world.assert_equal("app", "v1", carried["digest"])
        return
    with pytest.raises(TransferError) as error:
        world.import_(progress=push)
    [digest] = rivals
    assert str(error.value) == (
        f"Tag 'app:v1' already exists with digest {digest}; {NO_OVERWRITE_TAGS}"
    )
    content = world.manifest(world.target_registry, "app", "v1")
    assert content is not None
    assert digest_of(content) == digest


def test_layer_bytes_that_do_not_match_their_digest_are_refused(world: World) -> None:
    layer = os.urandom(MIB)
    world.seed.image("bad", "v1", layer)
    world.seed.image("good", "v1", b"good")
    world.export("bad:v1", "good:v1")
    world.upload(world.download().replace(layer, layer[:-1] + bytes([layer[-1] ^ 1])))

    with pytest.raises(TransferError, match="The registry answered 400 .DIGEST_INVALID: "):
        world.import_()
    assert world.manifest(world.target_registry, "bad", "v1") is None
    result = world.import_(continue_on_errors=True)
    assert result.transferred == ["good:v1"]
    assert "DIGEST_INVALID" in result.failures["bad:v1"]


def test_an_archive_with_its_index_last_imports_too(world: World) -> None:
    world.seed.image("app", "v1", os.urandom(MIB))
    world.export("app:v1")
    world.upload(tar_of(dict(reversed(files_of(world.download()).items()))))
    assert world.import_() == TransferResult("", ["app:v1"], {})
    world.assert_equal("app", "v1")


def test_a_cancelled_import_leaves_no_tag_and_no_layer(world: World) -> None:
    layer = os.urandom(64 * MIB)
    world.seed.image("app", "v1", layer)
    world.export("app:v1")
    world.progress.clear()

    async def cancelled() -> None:
        task = asyncio.create_task(world.importing())
        while not world.progress:
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        world.run(cancelled())
    assert world.progress[-1] < 100
    assert world.manifest(world.target_registry, "app", "v1") is None
    assert world.blob(world.target_registry, "app", digest_of(layer)) is None
    assert world.import_().transferred == ["app:v1"]


def test_a_blob_replaced_during_its_import_fails_it(world: World) -> None:
    world.seed.image("app", "v1", os.urandom(64 * MIB))
    world.export("app:v1")

    def replace(_: int) -> None:
        """At the first per cent, most of the 8 ranges are still to be requested."""
        world.upload(b"something else")

    with pytest.raises(TransferError, match="Status: 412"):
        world.import_(progress=replace)
    assert world.manifest(world.target_registry, "app", "v1") is None
