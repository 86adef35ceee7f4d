"""What storage refuses, and what is said and logged about it."""

import base64
import hashlib
import logging
import urllib.parse
from collections.abc import Sequence

import pytest
from acr_emulator.engine import Container, Sas, Snapshot, TransferError
from acr_emulator.engine.transfer_errors import BlobReplacedError
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import AccessPolicy, BlobBlock

from tests.support.emulator_wording import NOT_AUTHORIZED, STORAGE_STATUS
from tests.support.engine.bundled_services import ACCOUNT, KEY
from tests.support.engine.world import World

MISMATCH = f"{STORAGE_STATUS}403 ({NOT_AUTHORIZED} using this permission)"


@pytest.mark.parametrize("prefix", ["", "?"])
def test_a_sas_with_the_documented_permissions_is_enough(world: World, prefix: str) -> None:
    world.seed.image("app", "v1", b"layer")
    exported = world.export("app:v1", container=world.container_by_sas(prefix + world.sas("rawl")))
    imported = world.import_(container=world.container_by_sas(prefix + world.sas("rl")))
    assert exported.transferred == imported.transferred == ["app:v1"]
    world.assert_equal("app", "v1")


@pytest.mark.parametrize("sas", ["read only", "expired", "forged"])
def test_a_sas_that_storage_refuses_fails_the_export(world: World, sas: str) -> None:
    world.seed.image("app", "v1", b"layer")
    good = world.sas("raclw")
    token = {
        "read only": world.sas("rl"),
        "expired": world.sas("raclw", hours=-1),
        "forged": good[:-8] + "AAAAAAA%3D",
    }[sas]
    with pytest.raises(TransferError) as error:
        world.export("app:v1", container=world.container_by_sas(token))
    assert str(error.value).startswith(f"{STORAGE_STATUS}403 (")
    assert "\n" not in str(error.value)
    assert "sig=" not in str(error.value)
    assert world.blobs() == []


@pytest.mark.parametrize(
    ("actions", "step"), [({"write"}, "look"), ({"read"}, "write"), ({"read", "write"}, "delete")]
)
def test_an_identity_does_only_what_its_role_allows(
    world: World, actions: set[str], step: str
) -> None:
    world.seed.image("app", "v1", b"layer")

    async def attempt() -> None:
        container = world.container(frozenset(actions))
        if step == "delete":
            await world.exporting("app:v1")
            async with container:
                await container.delete(Snapshot("b", "etag", 0, {}))
        else:
            await world.exporting("app:v1", container=container)

    with pytest.raises(TransferError) as error:
        world.run(attempt())
    assert str(error.value) == MISMATCH


def test_an_identity_that_may_delete_deletes_what_it_read(world: World) -> None:
    world.upload(b"content")
    with world.storage_client() as storage:
        etag = storage.get_blob_client("b").get_blob_properties().etag

    async def delete() -> None:
        async with world.container(frozenset({"delete"})) as container:
            with pytest.raises(BlobReplacedError, match="'b' was replaced meanwhile"):
                await container.delete(Snapshot("b", '"0x8D0000000000000"', 0, {}))
            await container.delete(Snapshot("b", etag, 0, {}))

    world.run(delete())
    assert world.blobs() == []


def test_a_missing_blob_or_container_is_named_by_storage(world: World) -> None:
    world.seed.image("app", "v1", b"layer")
    with pytest.raises(TransferError) as no_blob:
        world.import_()
    assert str(no_blob.value) == f"{STORAGE_STATUS}404 (The specified blob does not exist)"
    for attempt in (world.export, world.import_):
        with pytest.raises(TransferError) as no_container:
            attempt(*["app:v1"] * (attempt == world.export), container=world.container(name="none"))
        assert (
            str(no_container.value)
            == f"{STORAGE_STATUS}404 (The specified container does not exist)"
        )


def test_no_log_shows_a_signature(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.seed.image("app", "v1", b"layer")
    sas = world.sas("raclw")
    signature = urllib.parse.parse_qs(sas)["sig"][0]
    with caplog.at_level(logging.DEBUG):
        world.export("app:v1", container=world.container_by_sas(sas))
    assert "comp=blocklist" in caplog.text  # the requests are logged
    for form in (signature, urllib.parse.quote(signature), urllib.parse.quote(signature, safe="")):
        assert form not in caplog.text


def test_an_unreachable_storage_does_not_show_the_sas(world: World) -> None:
    sas = Sas.parse(world.sas("rl"))
    container = Container.with_sas("https://127.0.0.1:1", ACCOUNT, "transfer", sas)
    with pytest.raises(TransferError) as error:
        world.import_(container=container)
    assert str(error.value) == (
        "Failed to access storage.  It cannot be reached (ServiceRequestError)"
    )
    assert error.value.__suppress_context__
    assert KEY not in str(error.value)


def test_a_block_is_compared_with_the_md5_of_its_request(world: World) -> None:
    def header(content: bytes) -> dict[str, str]:
        md5 = hashlib.md5(content, usedforsecurity=False)
        return {"Content-MD5": base64.b64encode(md5.digest()).decode()}

    with world.storage_client() as storage:
        blob = storage.get_blob_client("blocks")
        blob.stage_block("1", b"with and ", headers=header(b"with and "))
        blob.stage_block("2", b"without")
        with pytest.raises(HttpResponseError, match="Provided contentMD5 doesn't match") as error:
            blob.stage_block("3", b"with another", headers=header(b"one"))
        blob.commit_block_list([BlobBlock("1"), BlobBlock("2")])
        content = blob.download_blob().readall()
    assert (error.value.status_code, content) == (400, b"with and without")


def test_the_stored_access_policies_of_a_container_are_listed(world: World) -> None:
    async def policies() -> Sequence[str]:
        async with world.container(frozenset({"read"})) as container:
            return await container.policies()

    assert world.run(policies()) == []
    with world.storage_client() as storage:
        storage.set_container_access_policy({"nightly": AccessPolicy(permission="r")})
    assert world.run(policies()) == ["nightly"]
