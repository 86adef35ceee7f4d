"""Registry -> blob, against the real registry and the real storage."""

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence

import pytest
from acr_emulator.engine import TransferError, TransferResult

from tests.support.emulator_wording import ARTIFACT_NOT_FOUND, BLOB_EXISTS, NO_ARTIFACT_NAME
from tests.support.engine.world import World, files_of
from tests.support.oci import digest_of

MIB = 1024 * 1024


def test_the_blob_is_an_oci_layout_with_its_index_at_the_head(world: World) -> None:
    shared, own = os.urandom(70_000), os.urandom(5)
    app = world.seed.image("team/app", "v1", shared, own)
    base = world.seed.image("base", "latest", shared)

    result = world.export("team/app:v1", f"team/app@{app['digest']}", "base")

    archive = world.download()
    names = ["team/app:v1", f"team/app@{app['digest']}", "base:latest"]
    assert result == TransferResult(digest_of(archive), names, {})
    files = files_of(archive)
    assert list(files)[:2] == ["oci-layout", "index.json"]
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(files["index.json"])
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert [
        (item["annotations"]["org.opencontainers.image.ref.name"], item["digest"], item["size"])
        for item in index["manifests"]
    ] == [
        (name, root["digest"], root["size"])
        for name, root in zip(names, (app, app, base), strict=True)
    ]
    blobs = {name: data for name, data in files.items() if name.startswith("blobs/")}
    # two manifests, two configurations, two layers: what is shared exists once
    assert len(blobs) == 6
    assert all(name == f"blobs/{digest_of(data).replace(':', '/')}" for name, data in blobs.items())


def test_the_blob_carries_what_a_source_trigger_looks_for(world: World) -> None:
    world.seed.image("app", "v1", os.urandom(20 * MIB))
    result = world.export("app:v1")

    async def listing() -> None:
        async with world.container() as container:
            (blob,) = await container.list()
        assert blob.name == "b"
        assert blob.content_md5 == hashlib.md5(world.download()).digest()
        assert blob.metadata == {
            "category": "acr-transfer-blob",
            "catalogdigest": result.catalog_digest,
        }
        assert blob.etag
        assert blob.last_modified.tzinfo

    world.run(listing())
    with world.storage_client() as storage:
        settings = storage.get_blob_client("b").get_blob_properties().content_settings
    assert settings.content_type == "application/x-tar"
    assert world.progress == sorted(set(world.progress))
    assert world.progress[-1] == 100


def test_equal_artifacts_make_equal_archives(world: World) -> None:
    world.seed.image("app", "v1", b"layer")
    assert world.export("app:v1").catalog_digest == world.export("app:v1", blob="c").catalog_digest


@pytest.mark.parametrize(
    ("artifact", "message"),
    [
        ("app:v2", f"Artifact 'app:v2' {ARTIFACT_NOT_FOUND} '{{registry}}'."),
        ("other", f"Artifact 'other' {ARTIFACT_NOT_FOUND} '{{registry}}'."),
        ("App:v1", f"'App:v1' {NO_ARTIFACT_NAME}."),
        ("app:v1@sha256:abc", f"'app:v1@sha256:abc' {NO_ARTIFACT_NAME}."),
    ],
)
def test_a_missing_artifact_fails_the_export_before_anything_moves(
    world: World, artifact: str, message: str
) -> None:
    world.seed.image("app", "v1", b"layer")
    with pytest.raises(TransferError) as error:
        world.export("app:v1", artifact)
    assert str(error.value) == message.format(registry=world.registry)
    assert world.blobs() == []
    assert world.progress == []


def test_continue_on_errors_exports_the_rest(world: World) -> None:
    world.seed.image("app", "v1", b"layer")
    result = world.export("gone:v1", "app:v1", continue_on_errors=True)
    assert result.transferred == ["app:v1"]
    assert result.failures == {
        "gone:v1": f"Artifact 'gone:v1' {ARTIFACT_NOT_FOUND} '{world.registry}'."
    }
    assert world.blobs() == ["b"]


def test_with_nothing_to_export_there_is_no_blob(world: World) -> None:
    result = world.export("gone:v1", continue_on_errors=True)
    assert (result.catalog_digest, result.transferred, list(result.failures)) == (
        "",
        [],
        ["gone:v1"],
    )
    assert world.blobs() == []


def forget(world: World, repository: str, digest: str) -> None:
    """Take a blob out of the source repository behind the registry's back."""
    link = f"_layers/sha256/{digest.removeprefix('sha256:')}/link"
    base = world.services.registry_storage / "docker/registry/v2/repositories"
    (base / world.registry / repository / link).unlink()


@pytest.mark.parametrize("damage", ["missing", "changed", "shorter"])
def test_a_broken_layer_fails_the_run_or_its_artifact_alone(world: World, damage: str) -> None:
    layer = os.urandom(3 * MIB)
    digest = digest_of(layer)
    world.seed.image("good", "v1", os.urandom(9 * MIB))
    world.seed.image("bad", "v1", layer)
    if damage == "missing":
        forget(world, "bad", digest)
        message = f"Blob {digest} is missing in the registry."
    else:
        stored = digest.removeprefix("sha256:")
        file = world.services.registry_storage / (
            f"docker/registry/v2/blobs/sha256/{stored[:2]}/{stored}/data"
        )
        file.write_bytes(layer[:-1] + (b"" if damage == "shorter" else bytes([layer[-1] ^ 1])))
        message = {
            "changed": f"Blob {digest} does not match its digest.",
            "shorter": f"Blob {digest} does not have the {len(layer)} bytes that it should.",
        }[damage]

    with pytest.raises(TransferError) as error:
        world.export("good:v1", "bad:v1")
    assert str(error.value) == message
    assert world.blobs() == []

    result = world.export("good:v1", "bad:v1", continue_on_errors=True)
    assert result.transferred == ["good:v1"]
    assert result.failures == {"bad:v1": f"Artifact 'bad:v1': {message}"}
    assert world.import_().transferred == ["good:v1"]


@pytest.mark.parametrize("size", [8 * 1024**3, 8 * 1024**3 + 1])
def test_a_layer_over_8_gib_is_refused(world: World, size: int) -> None:
    config = world.seed.blob("huge", b"{}", "application/vnd.oci.image.config.v1+json")
    # The registry does not compare sizes: the descriptor may say what it wants.
    layer = world.seed.blob("huge", b"x") | {"size": size}
    world.seed.manifest(
        "huge",
        "v1",
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config,
            "layers": [layer],
        },
    )
    with pytest.raises(TransferError) as error:
        world.export("huge:v1")
    refusal = f"Layer {layer['digest']} of 'huge:v1' is {size} bytes; the limit is 8589934592."
    assert (str(error.value) == refusal) == (size > 8 * 1024**3)


def test_a_blob_is_replaced_only_on_demand(world: World) -> None:
    world.seed.image("app", "v1", b"old")
    first = world.export("app:v1")
    world.seed.image("app", "v1", b"new")
    with pytest.raises(TransferError) as error:
        world.export("app:v1")
    assert str(error.value) == f"Blob 'b' {BLOB_EXISTS}"
    assert digest_of(world.download()) == first.catalog_digest
    second = world.export("app:v1", overwrite=True)
    assert digest_of(world.download()) == second.catalog_digest != first.catalog_digest


def test_of_two_exports_to_one_name_one_wins_whole(world: World) -> None:
    world.seed.image("a", "v1", os.urandom(20 * MIB))
    world.seed.image("b", "v1", os.urandom(20 * MIB))

    async def both() -> Sequence[TransferResult | BaseException]:
        runs = (world.exporting("a:v1"), world.exporting("b:v1"))
        return await asyncio.gather(*runs, return_exceptions=True)

    outcomes = world.run(both())
    (won,) = (item for item in outcomes if isinstance(item, TransferResult))
    (lost,) = (item for item in outcomes if isinstance(item, BaseException))
    assert str(lost) == f"Blob 'b' {BLOB_EXISTS}"
    assert digest_of(world.download()) == won.catalog_digest


def test_a_cancelled_export_leaves_no_blob(world: World) -> None:
    world.seed.image("app", "v1", os.urandom(32 * MIB))

    async def cancelled() -> None:
        export = asyncio.create_task(world.exporting("app:v1"))
        while not world.progress:
            await asyncio.sleep(0)
        export.cancel()
        await export

    with pytest.raises(asyncio.CancelledError):
        world.run(cancelled())
    assert world.progress[-1] < 100
    assert world.blobs() == []
    assert world.export("app:v1").transferred == ["app:v1"]
