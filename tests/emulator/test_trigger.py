"""The source trigger: what starts an import by itself, and each reason that nothing does."""

from collections.abc import Callable, Iterator

import pytest
from acr_emulator.runs.pipelines import EXPORT
from acr_emulator.runs.trigger import MAX_AGE
from azure.storage.blob import BlobClient, ContentSettings

from tests.emulator.run_world import CONTAINER_ID, READER, URI, World
from tests.emulator.running import Emulator, Json
from tests.support.cloud import eventually
from tests.support.emulator_wording import (
    NO_CATEGORY,
    NO_CONTENT_MD5,
    NO_SUCH_HOST,
    STORAGE_STATUS,
    TOO_OLD,
    TRIGGER_DISABLED,
)

NAME = "triggered"
PIPELINE = f"runtarget/importPipelines/{NAME}"


@pytest.fixture
def blob(world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """A blob fresh from an export, and no trigger until the test makes one."""
    name = request.node.name.replace("[", "-").replace("]", "").replace(" ", "-").replace("_", "-")
    world.emulator.instance.settings.trigger_seconds = 0.05
    world.allowed(EXPORT, "exporter")
    run = "".join(filter(str.isalnum, name))[-50:]
    exported = world.run(EXPORT, "exporter", run, name)
    assert exported["response"]["status"] == "Succeeded", exported
    yield name
    world.emulator.ok("DELETE", PIPELINE)
    world.emulator.instance.settings.reset()
    world.container.delete_blob(name)


def enable(world: World, *, role: str = READER, status: str = "Enabled", uri: str = URI) -> None:
    """Put the import pipeline with its trigger, and give its identity a role."""
    body = {
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "source": {"uri": uri, "storageAccessMode": "ManagedIdentity"},
            "trigger": {"sourceTrigger": {"status": status}},
            "options": ["OverwriteTags"],
        },
    }
    answer = world.emulator.ok("PUT", PIPELINE, body)
    if role:
        world.emulator.grant(answer["identity"]["principalId"], role, CONTAINER_ID)


def runs_of(emulator: Emulator, blob: str) -> list[Json]:
    runs: list[Json] = emulator.ok("GET", "runtarget/pipelineRuns")["value"]
    return [run for run in runs if run["properties"]["request"]["source"]["name"] == blob]


def stays_quiet(emulator: Emulator, blob: str, why: str) -> bool:
    """Wait until the trigger says so of the blob, or else of the container."""

    def look() -> bool | None:
        reasons = emulator.instance.trigger.reasons
        reason = next((each for key, each in reasons.items() if key.endswith(PIPELINE)), {})
        return (reason.get(blob) or reason.get("", "")).startswith(why) or None

    return eventually(look)


def test_a_new_blob_is_imported_once(world: World, blob: str) -> None:
    enable(world)
    emulator = world.emulator
    (run,) = eventually(lambda: runs_of(emulator, blob) or None)
    assert run["name"].startswith(f"{NAME}_")
    assert len(run["name"]) <= 50
    properties = emulator.finished(f"runtarget/pipelineRuns/{run['name']}")
    response = properties["response"]
    assert response["importedArtifacts"] == ["app:v1"]
    modified = world.container.get_blob_client(blob).get_blob_properties().last_modified
    assert response["trigger"]["sourceTrigger"]["timestamp"].startswith(
        modified.strftime("%Y-%m-%dT%H:%M:%S")
    )
    assert emulator.client("runtarget").digest("app", "v1") == world.digests["app:v1"]
    assert stays_quiet(emulator, blob, "A run was started for it.")
    assert len(runs_of(emulator, blob)) == 1
    emulator.ok("DELETE", f"runtarget/pipelineRuns/{run['name']}")


def test_a_changed_blob_is_imported_again(world: World, blob: str) -> None:
    enable(world)
    eventually(lambda: runs_of(world.emulator, blob) or None)
    client = world.container.get_blob_client(blob)
    client.set_blob_metadata(client.get_blob_properties().metadata)
    eventually(lambda: len(runs_of(world.emulator, blob)) == 2 or None)


def test_capitalized_metadata_as_azcopy_writes_them_count(world: World, blob: str) -> None:
    client = world.container.get_blob_client(blob)
    metadata = client.get_blob_properties().metadata
    client.set_blob_metadata({name.capitalize(): value for name, value in metadata.items()})
    enable(world)
    (run,) = eventually(lambda: runs_of(world.emulator, blob) or None)
    properties = world.emulator.finished(f"runtarget/pipelineRuns/{run['name']}")
    assert properties["provisioningState"] == "Succeeded"
    assert properties["response"]["catalogDigest"] == metadata["catalogdigest"]


def test_a_blob_uploaded_in_blocks_as_az_does_is_imported(world: World, blob: str) -> None:
    client = world.container.get_blob_client(blob)
    content, md5 = client.download_blob().readall(), client.get_blob_properties().content_settings
    in_blocks = BlobClient(
        f"{client.scheme}://{client.primary_hostname}",
        client.container_name,
        blob,
        credential=client.credential,
        max_single_put_size=1024,
        max_block_size=1024,
        connection_verify=world.emulator.ca_file,
        use_env_settings=False,
    )
    in_blocks.upload_blob(
        content,
        overwrite=True,
        metadata={"category": "acr-transfer-blob"},
        content_settings=ContentSettings(content_md5=md5.content_md5),
    )
    assert len(client.get_block_list()[0]) > 1
    enable(world)
    (run,) = eventually(lambda: runs_of(world.emulator, blob) or None)
    properties = world.emulator.finished(f"runtarget/pipelineRuns/{run['name']}")
    assert properties["response"]["importedArtifacts"] == ["app:v1"]


def test_the_trigger_waits_as_long_as_requested(world: World, blob: str) -> None:
    trigger = world.emulator.instance.trigger
    eventually(lambda: not trigger.reasons or None)
    world.emulator.instance.settings.trigger_seconds = 900
    enable(world)
    assert runs_of(world.emulator, blob) == []
    world.emulator.instance.clock.advance(900)
    eventually(lambda: runs_of(world.emulator, blob) or None)


def no_category(world: World, blob: str) -> None:
    world.container.get_blob_client(blob).set_blob_metadata({})
    enable(world)


def no_md5(world: World, blob: str) -> None:
    client = world.container.get_blob_client(blob)
    settings = client.get_blob_properties().content_settings
    settings.content_md5 = None
    client.set_http_headers(settings)
    enable(world)


def too_old(world: World, _blob: str) -> None:
    world.emulator.instance.clock.advance((MAX_AGE.days + 1) * 24 * 3600)
    enable(world)


def disabled(world: World, _blob: str) -> None:
    enable(world, status="Disabled")


def no_role(world: World, _blob: str) -> None:
    enable(world, role="")


def no_container(world: World, _blob: str) -> None:
    enable(world, uri="https://nobody.blob.core.windows.net/transfer")


QUIET: list[tuple[Callable[[World, str], None], str]] = [
    (no_category, NO_CATEGORY),
    (no_md5, NO_CONTENT_MD5),
    (disabled, TRIGGER_DISABLED),
    (no_role, f"{STORAGE_STATUS}403"),
    (no_container, f"Failed to access storage.  {NO_SUCH_HOST}"),
    # The last: the clock continues, and every blob is too old from then on.
    (too_old, TOO_OLD),
]


@pytest.mark.parametrize(("cause", "why"), QUIET, ids=[cause.__name__ for cause, _ in QUIET])
def test_the_trigger_stays_quiet_and_says_why(
    world: World, blob: str, cause: Callable[[World, str], None], why: str
) -> None:
    cause(world, blob)
    assert stays_quiet(world.emulator, blob, why)
    assert runs_of(world.emulator, blob) == []
