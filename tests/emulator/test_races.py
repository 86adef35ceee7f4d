"""What happens at once to one resource, and to the next one of its name."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.engine import Repositories
from acr_emulator.engine.container import Container
from acr_emulator.runs.pipelines import EXPORT, IMPORT
from acr_emulator.storage.azurite import Azurite
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import ContainerClient

from tests.emulator.arm_samples import ACCOUNT, VAULT
from tests.emulator.run_world import ACCOUNT as RUNS_ACCOUNT
from tests.emulator.run_world import CONTAINER, World, registry, run_body, run_path
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Emulator, Json
from tests.support.cloud import eventually
from tests.support.oci import MANIFEST, RegistryClient, digest_of

OTHER_GROUP = f"{SUBSCRIPTION}/resourceGroups/passing"
STORAGE = f"{OTHER_GROUP}/providers/Microsoft.Storage/storageAccounts"
REGISTRY = f"{OTHER_GROUP}/providers/Microsoft.ContainerRegistry/registries/passingregistry"
PREMIUM: Json = {"sku": {"name": "Premium"}, "location": "westus"}
T = TypeVar("T")


class Pause:
    """Where a method of the emulator waits until a test lets it continue."""

    def __init__(self, emulator: Emulator) -> None:
        self._loop = emulator._loop
        self._go_on = asyncio.Event()
        self.reached = threading.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self._go_on.wait()

    def go_on(self) -> None:
        self._loop.call_soon_threadsafe(self._go_on.set)


@contextmanager
def pause(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> Iterator[Pause]:
    """Have a method wait before it begins."""
    stop, original = Pause(emulator), getattr(owner, method)

    async def paused(self: object, *args: Any, **more: Any) -> Any:
        await stop()
        return await original(self, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(owner, method, paused)
        try:
            yield stop
        finally:
            stop.go_on()


@contextmanager
def meanwhile(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Have a thread do something meanwhile."""
    with ThreadPoolExecutor(1) as threads:
        yield threads.submit(work)


@pytest.fixture(autouse=True)
def _group(emulator: Emulator) -> Iterator[None]:
    emulator.ok("PUT", OTHER_GROUP, {"location": "westus"})
    yield
    emulator.arm("DELETE", OTHER_GROUP)
    assert emulator.instance.store.list(f"{OTHER_GROUP}/") == []


def accepts(emulator: Emulator, port: int, key: str) -> bool:
    """Whether the account at that port takes the key."""
    container = ContainerClient(
        f"https://127.0.0.1:{port}/passingaccount",
        "container",
        credential={"account_name": "passingaccount", "account_key": key},
        connection_verify=emulator.ca_file,
        use_env_settings=False,
        retry_total=0,
    )
    with container:
        try:
            container.exists()
        except ClientAuthenticationError:
            return False
    return True


@pytest.mark.parametrize(("how", "method"), [("delete", "discard"), ("regenerate", "stop")])
def test_no_server_outlives_its_account_or_key(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, how: str, method: str
) -> None:
    account = f"{STORAGE}/passingaccount"
    emulator.ok("PUT", account, ACCOUNT)
    storage = emulator.instance.storage
    emulator.run(storage.port("passingaccount"))
    old = emulator.account_key("passingaccount")

    def end() -> int:
        if how == "delete":
            return emulator.arm("DELETE", account).status_code
        return emulator.arm("POST", f"{account}/regenerateKey", {"keyName": "key1"}).status_code

    with pause(emulator, monkeypatch, Azurite, method) as stop, meanwhile(end) as ended:
        assert stop.reached.wait(30)
        late = asyncio.run_coroutine_threadsafe(storage.port("passingaccount"), emulator._loop)
        stop.go_on()
        assert ended.result(30) == 200
        if how == "delete":
            assert repr(late.exception(30)) == "UnknownAccountError('passingaccount')"
            assert "passingaccount" not in storage.accounts()
            left = (emulator.instance.state_dir / "blobs").glob("passingaccount*")
            assert list(left) == []
            emulator.ok("PUT", account, ACCOUNT)
    port = emulator.run(storage.port("passingaccount"))
    assert not accepts(emulator, port, old)
    assert accepts(emulator, port, emulator.account_key("passingaccount"))


def test_nothing_is_created_in_a_group_that_is_being_deleted(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.ok("PUT", f"{STORAGE}/passingaccount", ACCOUNT)
    emulator.run(emulator.instance.storage.port("passingaccount"))

    def delete() -> httpx.Response:
        return emulator.arm("DELETE", OTHER_GROUP)

    with pause(emulator, monkeypatch, Azurite, "discard") as stop, meanwhile(delete) as deleted:
        assert stop.reached.wait(30)
        for path, body in ((REGISTRY, PREMIUM), (OTHER_GROUP, {"location": "westus"})):
            refused = emulator.arm("PUT", path, body)
            assert refused.status_code == 409
            assert refused.json()["error"] == {
                "code": "ResourceGroupBeingDeleted",
                "message": "The resource group 'passing' is in deprovisioning state and cannot"
                " perform this operation.",
            }
        group = emulator.ok("GET", OTHER_GROUP)
        assert group["properties"]["provisioningState"] == "Deleting"
        with meanwhile(delete) as again:
            stop.go_on()
            assert deleted.result(30).status_code == 200
            assert again.result(30).status_code == 404
    available = emulator.ok(
        "POST",
        f"{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/checkNameAvailability",
        {"name": "passingregistry"},
    )
    assert available == {"nameAvailable": True}


def test_nothing_is_created_below_a_resource_that_is_being_deleted(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = f"{STORAGE}/passingaccount"
    emulator.ok("PUT", account, ACCOUNT)
    emulator.run(emulator.instance.storage.port("passingaccount"))
    with (
        pause(emulator, monkeypatch, Azurite, "discard") as stop,
        meanwhile(lambda: emulator.arm("DELETE", account)) as deleted,
    ):
        assert stop.reached.wait(30)
        for method, path in (("PUT", account), ("POST", f"{account}/listKeys")):
            refused = emulator.arm(method, path, ACCOUNT)
            assert (refused.status_code, refused.json()["error"]) == (
                409,
                {"code": "Conflict", "message": "The resource 'passingaccount' is being deleted."},
            )
        emulator.ok("PUT", REGISTRY, PREMIUM)
        stop.go_on()
        assert deleted.result(30).status_code == 200


def triggered_pipeline(world: World) -> str:
    """Have a registry with a pipeline whose trigger has a blob to import; the pipeline's path."""
    emulator = world.emulator
    if not world.blobs() & {"waiting"}:
        world.allowed(EXPORT, "waiting")
        assert world.run(EXPORT, "waiting", "waiting", "waiting")["response"]["status"] == (
            "Succeeded"
        )
    emulator.ok("PUT", REGISTRY, PREMIUM)
    world.allowed(IMPORT, "model")
    path = f"{registry(IMPORT)}/{IMPORT.collection}/model"
    properties = emulator.ok("GET", path)["properties"]
    body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
    triggered = f"{REGISTRY}/importPipelines/triggered"
    principal = emulator.ok("PUT", triggered, body)["identity"]["principalId"]
    emulator.grant(
        principal,
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{RUNS_ACCOUNT}"
        f"/blobServices/default/containers/{CONTAINER}",
    )
    properties["trigger"]["sourceTrigger"]["status"] = "Enabled"  # it may read now
    emulator.ok("PUT", triggered, body)
    return triggered


def runs_in(emulator: Emulator) -> list[str]:
    return [key for key in emulator.instance.store.ids(REGISTRY) if "/pipelineRuns/" in key]


@pytest.mark.parametrize("made_again", [False, True])
def test_a_triggered_run_does_not_outlive_its_registry(
    world: World, monkeypatch: pytest.MonkeyPatch, made_again: bool
) -> None:
    emulator = world.emulator
    emulator.instance.settings.trigger_seconds = 0.05
    with pause(emulator, monkeypatch, Container, "list") as stop:
        pipeline = triggered_pipeline(world)
        assert stop.reached.wait(30)  # the trigger has opened the container
        emulator.ok("DELETE", REGISTRY)
        if made_again:
            emulator.ok("PUT", REGISTRY, PREMIUM)
        # The reason is this look's: not that of one before, and no look after it takes it away.
        emulator.instance.trigger.reasons.clear()
        emulator.instance.settings.trigger_seconds = 3600
        stop.go_on()
        # Its first reason is of the time before it was enabled.
        gone = "The pipeline was changed or deleted."
        eventually(lambda: _reason(emulator, pipeline) == gone or None)
    assert runs_in(emulator) == []
    if made_again:
        assert emulator.client("passingregistry").call(
            "GET", "/v2/_catalog", "registry:catalog:*"
        ).json() == {"repositories": []}
    emulator.instance.settings.reset()


def _reason(emulator: Emulator, pipeline: str) -> str | None:
    return emulator.instance.trigger.reasons.get(pipeline, {}).get("")


def test_a_pipeline_made_again_is_triggered_again(world: World) -> None:
    emulator = world.emulator
    emulator.instance.settings.trigger_seconds = 0.05
    for _ in range(2):
        triggered_pipeline(world)
        (run,) = eventually(lambda: runs_in(emulator) or None)
        assert emulator.finished(run)["response"]["importedArtifacts"] == ["app:v1"]
        emulator.ok("DELETE", REGISTRY)
    emulator.instance.settings.reset()


def test_a_push_on_its_way_does_not_arrive_in_the_next_registry(emulator: Emulator) -> None:
    emulator.ok("PUT", REGISTRY, PREMIUM)
    client = emulator.client("passingregistry")
    config = client.push_blob("app", b"{}")
    manifest = (
        f'{{"schemaVersion": 2, "mediaType": "{MANIFEST}", "layers": [], "config":'
        f' {{"mediaType": "a/b", "digest": "{config["digest"]}", "size": 2}}}}'
    ).encode()
    begun, go_on = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield manifest[:10]
        begun.set()
        assert go_on.wait(30)
        yield manifest[10:]

    def push() -> httpx.Response:
        return client.call(
            "PUT",
            "/v2/app/manifests/v1",
            "repository:app:pull,push",
            content=body(),
            headers={"Content-Type": MANIFEST},
        )

    with meanwhile(push) as pushed:
        assert begun.wait(30)
        emulator.ok("DELETE", REGISTRY)
        emulator.ok("PUT", REGISTRY, PREMIUM)
        go_on.set()
        assert pushed.result(30).status_code < 500
    again = emulator.client("passingregistry")
    catalog = again.call("GET", "/v2/_catalog", "registry:catalog:*").json()
    assert catalog == {"repositories": []}
    assert client.call("GET", "/oauth2/token").status_code == 401
    emulator.ok("DELETE", REGISTRY)
    folders = emulator.instance.state_dir / "registries/storage/docker/registry/v2/repositories"
    assert [folder.name for folder in folders.glob("passing*")] == []


@pytest.mark.parametrize("deleted", ["repository", "registry"])
def test_an_upload_on_its_way_meets_no_error_of_the_service(
    emulator: Emulator, deleted: str
) -> None:
    emulator.ok("PUT", REGISTRY, PREMIUM)
    client = emulator.client("passingregistry")
    client.push("app", "v1", layer=b"layer")
    begun, go_on = threading.Event(), threading.Event()
    scope = "repository:app:pull,push,delete"
    layer = b"another layer"

    def body() -> Iterator[bytes]:
        yield layer[:7]
        begun.set()
        assert go_on.wait(30)
        yield layer[7:]

    def upload() -> httpx.Response:
        location = client.call("POST", "/v2/app/blobs/uploads/", scope).headers["Location"]
        url = httpx.URL(location).copy_merge_params({"digest": digest_of(layer)})
        return client.call("PUT", str(url), scope, content=body())

    with meanwhile(upload) as uploaded:
        assert begun.wait(30)
        if deleted == "repository":
            assert client.call("DELETE", "/acr/v1/app", scope).status_code == 202
        else:
            emulator.ok("DELETE", REGISTRY)
        go_on.set()
        answer = uploaded.result(30)
    if deleted == "repository":
        assert answer.status_code == 201
        assert client.blob("app", digest_of(layer)) == layer
    else:
        assert (answer.status_code, answer.json()["errors"][0]) == (
            404,
            {"code": "NOT_FOUND", "message": "the registry was deleted"},
        )


def test_a_secret_on_its_way_does_not_arrive_in_the_next_vault(emulator: Emulator) -> None:
    vault = f"{OTHER_GROUP}/providers/Microsoft.KeyVault/vaults/passingvault"
    emulator.ok("PUT", vault, VAULT)
    begun, go_on = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield b'{"value": '
        begun.set()
        assert go_on.wait(30)
        yield b'"secret"}'

    def put() -> httpx.Response:
        return emulator.http.put(
            f"{PUBLIC.vault_url('passingvault')}/secrets/name",
            params={"api-version": "7.4"},
            headers={"Authorization": f"Bearer {emulator.entra_token(PUBLIC.vault_audience)}"},
            content=body(),
        )

    with meanwhile(put) as answer:
        assert begun.wait(30)
        time.sleep(0.1)
        emulator.ok("DELETE", vault)
        go_on.set()
        assert answer.result(30).json()["error"]["code"] == "VaultNotFound"
    assert list(emulator.instance.store.table("secret").items("passingvault/")) == []


def test_an_image_import_ends_with_its_registry(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.registry("racesource")
    emulator.client("racesource").push("app", "v1", layer=b"layer")
    emulator.ok("PUT", REGISTRY, PREMIUM)
    source = {"resourceId": f"{REGISTRIES}/racesource", "sourceImage": "app:v1"}
    with pause(emulator, monkeypatch, Repositories, "push_artifact") as stop:
        answer = emulator.arm("POST", f"{REGISTRY}/importImage", {"source": source})
        assert stop.reached.wait(30)
        emulator.ok("DELETE", REGISTRY)
        emulator.ok("PUT", REGISTRY, PREMIUM)
    end = emulator.arm("GET", answer.headers["location"].partition(".com")[2].partition("?")[0])
    assert end.json()["error"] == {
        "code": "ResourceNotFound",
        "message": "The resource was deleted.",
    }
    catalog = emulator.client("passingregistry").call("GET", "/v2/_catalog", "registry:catalog:*")
    assert catalog.json() == {"repositories": []}
    assert list(emulator.instance.store.table("image-import").items()) == []


def operation_of(answer: httpx.Response) -> str:
    return answer.headers["azure-asyncoperation"].partition(".com")[2].partition("?")[0]


def test_the_operation_of_a_deleted_run_is_over(world: World) -> None:
    emulator = world.emulator
    world.allowed(EXPORT, "deleted", "OverwriteBlobs")
    emulator.instance.settings.run_seconds = 600
    body = run_body(EXPORT, "deleted", "deleted")
    operations = []
    for _ in range(2):
        answer = emulator.arm("PUT", run_path(EXPORT, "deleted"), body)
        operations.append(operation_of(answer))
        assert emulator.ok("GET", operations[-1]) == {"status": "Running"}
        if len(operations) == 1:
            emulator.ok("DELETE", run_path(EXPORT, "deleted"))
    assert emulator.ok("GET", operations[0]) == {
        "status": "Canceled",
        "error": {"code": "ResourceNotFound", "message": "The resource was deleted."},
    }
    emulator.instance.settings.reset()
    emulator.instance.clock.advance(600)
    emulator.finished(run_path(EXPORT, "deleted"))
    assert emulator.ok("GET", operations[1]) == {"status": "Succeeded"}


def test_a_deployment_ends_when_its_run_is_deleted(world: World) -> None:
    emulator = world.emulator
    world.allowed(EXPORT, "deployed")
    emulator.instance.settings.run_seconds = 600
    run = {
        "type": "Microsoft.ContainerRegistry/registries/pipelineRuns",
        "apiVersion": "2025-06-01-preview",
        "name": "runsource/deployed",
        **run_body(EXPORT, "deployed", "deployed"),
    }
    template = {"contentVersion": "1.0.0.0", "resources": [run]}
    deployment = f"{GROUP}/providers/Microsoft.Resources/deployments/deployed"
    emulator.ok("PUT", deployment, {"properties": {"mode": "Incremental", "template": template}})
    eventually(lambda: emulator.arm("GET", run_path(EXPORT, "deployed")).is_success or None)
    emulator.ok("DELETE", run_path(EXPORT, "deployed"))

    def ended() -> Json | None:
        properties: Json = emulator.ok("GET", deployment)["properties"]
        return properties if properties["provisioningState"] == "Failed" else None

    [detail] = eventually(ended)["error"]["details"]
    assert "terminal provisioning state 'Canceled'" in detail["message"]
    emulator.instance.settings.reset()


def test_a_group_goes_with_a_deployment_in_progress(emulator: Emulator) -> None:
    emulator.instance.settings.provisioning_seconds = 600
    resource = {
        "type": "Microsoft.ContainerRegistry/registries",
        "apiVersion": "2025-06-01-preview",
        "name": "passingregistry",
        **PREMIUM,
    }
    template = {"contentVersion": "1.0.0.0", "resources": [resource]}
    deployment = f"{OTHER_GROUP}/providers/Microsoft.Resources/deployments/passing"
    emulator.ok("PUT", deployment, {"properties": {"mode": "Incremental", "template": template}})
    assert emulator.arm("DELETE", deployment).status_code == 409
    emulator.ok("DELETE", OTHER_GROUP)
    emulator.instance.settings.reset()
    assert emulator.instance.store.list(f"{OTHER_GROUP}/") == []
    assert list(emulator.instance.store.table("deployment").items(deployment.lower())) == []


def test_a_source_blob_that_was_replaced_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.allowed(EXPORT, "newer")
    world.allowed(IMPORT, "newer", "DeleteSourceBlobOnSuccess", "OverwriteTags")
    world.run(EXPORT, "newer", "newer", "newer")
    blob = world.container.get_blob_client("newer")
    original = Container.delete

    async def delete(self: Container, snapshot: Any) -> None:
        await asyncio.to_thread(blob.upload_blob, b"newer", overwrite=True)
        await original(self, snapshot)

    monkeypatch.setattr(Container, "delete", delete)
    response = world.run(IMPORT, "newer", "newer", "newer")["response"]
    assert blob.download_blob().readall() == b"newer"
    assert response["importedArtifacts"] == ["app:v1"]
    assert response["pipelineRunErrorMessage"] == (
        "The artifacts were imported. Blob 'newer' was replaced meanwhile and wasn't deleted."
    )
    blob.delete_blob()


def statuses(client: RegistryClient, pushed: threading.Event, *paths: str) -> list[int]:
    """Read over and over until all is pushed; the status of each answer."""
    scopes = ("repository:busy:pull,metadata_read", "registry:catalog:*")
    headers = {"Authorization": f"Bearer {client.token(*scopes)}", "Accept": MANIFEST}
    codes = []
    while not pushed.is_set():
        codes += [client.call("GET", path, headers=headers).status_code for path in paths]
    return codes


def test_reads_of_a_tag_that_is_being_pushed_are_never_refused(emulator: Emulator) -> None:
    emulator.ok("PUT", REGISTRY, PREMIUM)
    client = emulator.client("passingregistry")
    layer = b"the same"
    client.push("busy", "v1", layer=layer)
    manifests = [client.manifest("busy", "v1") or b""]
    manifests.append(manifests[0].replace(b'{"schema', b'{ "schema'))
    pushed = threading.Event()
    readers = [
        ("/v2/busy/manifests/v1", f"/v2/busy/blobs/{client.push_blob('busy', layer)['digest']}"),
        ("/v2/busy/tags/list", "/acr/v1/busy", "/acr/v1/busy/_tags/v1", "/acr/v1/busy/_manifests"),
        ("/v2/busy/manifests/v1", "/v2/_catalog"),
    ]
    with ThreadPoolExecutor(len(readers)) as threads:
        results = [
            threads.submit(statuses, emulator.client("passingregistry"), pushed, *paths)
            for paths in readers
        ]
        try:
            for push in range(40):
                client.push_manifest("busy", manifests[push % 2], "v1")
                client.push_blob("busy", layer)
        finally:
            pushed.set()
        codes = [status for result in results for status in result.result(60)]
    assert set(codes) == {200}
