"""Runs that meet leases, holds, tiers and encodings of blobs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from acr_emulator.runs.pipelines import EXPORT, IMPORT
from azure.storage.blob import BlobClient, ContentSettings, StandardBlobTier

from tests.emulator.run_world import CONTAINER_ID, CONTRIBUTOR, World
from tests.emulator.running import GROUP, Json
from tests.support.emulator_wording import NO_SUCH_HOST, STORAGE_STATUS

LEASED = (
    f"{STORAGE_STATUS}412 (There is currently a lease on the blob and no lease ID was specified"
)
HELD = f"{STORAGE_STATUS}409 (This operation is not permitted as the blob is immutable due to"
ARCHIVED = f"{STORAGE_STATUS}409 (This operation is not permitted on an archived blob)"
_NAMES = (f"meets{number:03d}" for number in itertools.count())


@pytest.fixture
def blob(world: World) -> BlobClient:
    """A blob of the container that an export wrote."""
    world.allowed(EXPORT, "meets", "OverwriteBlobs")
    world.allowed(IMPORT, "meets", "OverwriteTags")
    name = next(_NAMES)
    done = world.run(EXPORT, "meets", name, name)["response"]
    assert done["status"] == "Succeeded", done
    return world.container.get_blob_client(name)


def message(world: World, *arguments: Any) -> str:
    """The error of a failed run."""
    response = world.run(*arguments)["response"]
    assert response["status"] == "Failed"
    return str(response["pipelineRunErrorMessage"])


def test_a_leased_blob_is_not_overwritten_by_an_export(world: World, blob: BlobClient) -> None:
    lease = blob.acquire_lease()
    name = blob.blob_name
    assert message(world, EXPORT, "meets", f"{name}again", name).startswith(LEASED)
    assert world.run(IMPORT, "meets", f"{name}in", name)["response"]["status"] == "Succeeded"
    lease.release()


def test_a_leased_blob_is_not_deleted_by_an_import(world: World, blob: BlobClient) -> None:
    world.allowed(IMPORT, "deleting", "OverwriteTags", "DeleteSourceBlobOnSuccess")
    lease = blob.acquire_lease()
    name = blob.blob_name
    assert message(world, IMPORT, "deleting", f"{name}in", name).startswith(LEASED)
    assert blob.exists()
    lease.release()


@pytest.fixture
def held(world: World) -> Iterator[None]:
    """A legal hold of the container."""
    tags = {"tags": ["audit"]}
    world.emulator.ok("POST", f"{CONTAINER_ID}/setLegalHold", tags)
    yield
    world.emulator.ok("POST", f"{CONTAINER_ID}/clearLegalHold", tags)


@pytest.mark.usefixtures("held")
def test_a_blob_under_a_legal_hold_stays(world: World) -> None:
    world.allowed(EXPORT, "meets", "OverwriteBlobs")
    world.allowed(IMPORT, "deleting", "OverwriteTags", "DeleteSourceBlobOnSuccess")
    name = next(_NAMES)
    assert world.run(EXPORT, "meets", name, name)["response"]["status"] == "Succeeded"
    assert message(world, EXPORT, "meets", f"{name}again", name).startswith(HELD)
    assert message(world, IMPORT, "deleting", f"{name}in", name).startswith(HELD)
    assert name in world.blobs()


def test_an_archived_blob_is_not_imported(world: World, blob: BlobClient) -> None:
    blob.set_standard_blob_tier(StandardBlobTier.ARCHIVE)
    name = blob.blob_name
    assert message(world, IMPORT, "meets", f"{name}in", name) == ARCHIVED
    blob.set_standard_blob_tier(StandardBlobTier.HOT)
    done = world.run(IMPORT, "meets", f"{name}again", name)["response"]
    assert done["status"] == "Succeeded"


@pytest.mark.parametrize(
    "change",
    [
        lambda blob: blob.set_http_headers(ContentSettings(content_encoding="gzip")),
        lambda blob: blob.set_http_headers(ContentSettings(content_encoding="br")),
        lambda blob: blob.set_http_headers(ContentSettings(content_type="text/html")),
    ],
    ids=["gzip", "br", "html"],
)
def test_a_blob_is_read_as_it_is_stored_whatever_it_says_of_itself(
    world: World, blob: BlobClient, change: Callable[[BlobClient], Any]
) -> None:
    change(blob)
    name = blob.blob_name
    done = world.run(IMPORT, "meets", f"{name}in", name)["response"]
    assert done["status"] == "Succeeded", done


def test_an_account_for_page_blobs_takes_no_export(world: World) -> None:
    accounts = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
    account = {"location": "westus", "kind": "StorageV2", "sku": {"name": "Premium_LRS"}}
    world.emulator.ok("PUT", f"{accounts}/premiumaccount", account)
    container = f"{accounts}/premiumaccount/blobServices/default/containers/transfer"
    world.emulator.ok("PUT", container, {})
    uri = "https://premiumaccount.blob.core.windows.net/transfer"
    principal = world.pipeline(EXPORT, "premium", uri=uri)
    world.emulator.grant(principal, CONTRIBUTOR, container)
    assert message(world, EXPORT, "premium", next(_NAMES), "blob") == (
        f"{STORAGE_STATUS}400 (Block blobs are not supported)"
    )


def test_an_account_for_files_is_no_host(world: World) -> None:
    accounts = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
    account: Json = {"location": "westus", "kind": "FileStorage", "sku": {"name": "Premium_LRS"}}
    world.emulator.ok("PUT", f"{accounts}/runfiles", account)
    world.pipeline(EXPORT, "files", uri="https://runfiles.blob.core.windows.net/transfer")
    assert message(world, EXPORT, "files", next(_NAMES), "blob") == (
        f"Failed to access storage.  {NO_SUCH_HOST} (runfiles.blob.core.windows.net:443)"
    )
