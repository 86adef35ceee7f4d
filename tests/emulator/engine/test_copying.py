"""Registry -> registry, against the real registry."""

from collections.abc import Sequence
from typing import NoReturn

import httpx
import pytest
from acr_emulator.engine import Repositories, TransferError, copy_artifact
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.transfer_errors import LockedError
from acr_emulator.resource_locks import RepositoryLocks, ResourceLocks

from tests.support.engine.world import World


def copy(
    world: World,
    name: str,
    *tags: str,
    untagged: Sequence[str] = (),
    overwrite: bool = False,
    source: Repositories | None = None,
) -> None:
    """Copy an artifact of the source registry to tags, and by digest to other repositories."""
    work = copy_artifact(
        name,
        source=source or world.source,
        target=world.target,
        tags=[Reference.parse(tag) for tag in tags],
        untagged=untagged,
        overwrite=overwrite,
    )
    world.run(work)


def test_an_artifact_is_copied_to_each_tag_and_by_digest(world: World) -> None:
    image = world.seed.image("app", "v1", b"layer")
    copy(world, "app:v1", "app:v1", "app:latest", untagged=["other"])
    world.assert_equal("app", "v1")
    content = world.manifest(world.registry, "app", "v1")
    assert world.manifest(world.target_registry, "app", "latest") == content
    assert world.manifest(world.target_registry, "other", image["digest"]) == content
    assert world.manifest(world.target_registry, "other", "v1") is None


def test_blobs_of_the_same_server_are_mounted_and_not_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> NoReturn:
        raise AssertionError("A blob was read.")

    world.seed.image("app", "v1", b"layer")
    monkeypatch.setattr(world.source, "blob", read)
    copy(world, "app:v1", "app:v1")
    world.assert_equal("app", "v1")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_tag_is_moved_only_on_demand(world: World, *, overwrite: bool) -> None:
    world.seed.image("app", "v1", b"new")
    world.rival.image("app", "v1", b"old")
    before = world.manifest(world.target_registry, "app", "v1")
    if overwrite:
        copy(world, "app:v1", "app:v1", overwrite=True)
        world.assert_equal("app", "v1")
    else:
        with pytest.raises(TransferError) as error:
            copy(world, "app:v1", "another:v1", "app:v1")
        assert str(error.value) == "Tag 'app:v1' already exists in the target registry."
        assert world.manifest(world.target_registry, "app", "v1") == before
        assert world.manifest(world.target_registry, "another", "v1") is None


@pytest.mark.parametrize("operation", ["pull", "push"])
def test_a_lock_refuses_its_operation_only(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    image = world.seed.image("app", "v1", b"layer")
    for registry in (world.source, world.target):
        monkeypatch.setattr(registry, "_allowed", lambda done, *_: done != operation)
    with pytest.raises(LockedError) as error:
        copy(world, "app:v1", "app:v1", untagged=["app"])
    assert str(error.value) == str(LockedError(operation, "app:v1"))
    assert world.manifest(world.target_registry, "app", image["digest"]) is None


def test_a_source_that_cannot_be_reached_is_named(world: World) -> None:
    async def nobody(request: httpx.Request) -> NoReturn:
        raise httpx.ConnectError("", request=request)

    source = Repositories(
        "https://nobody.example",
        prefix="anything",
        name="faraway",
        http=httpx.AsyncClient(transport=httpx.MockTransport(nobody)),
        locks=RepositoryLocks(ResourceLocks()),
    )
    with pytest.raises(TransferError) as error:
        copy(world, "app:v1", "app:v1", source=source)
    assert str(error.value) == "Registry 'faraway' cannot be reached (ConnectError)"
