"""Imports of images into a registry, as `az acr import` makes them."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.transfer_errors import DISALLOWED
from acr_emulator.registry.image_imports import ImageImport

from tests.emulator.guests import ROLE_IDS, Guest
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Emulator, Json
from tests.support.cloud import eventually
from tests.support.emulator_wording import (
    ARTIFACT_NOT_FOUND,
    NO_ARTIFACT_NAME,
    NO_SUCH_HOST,
    TAG_EXISTS,
)
from tests.support.oci import INDEX, MANIFEST, RegistryClient, digest_of

SOURCE = f"{REGISTRIES}/imagesource"
TARGET = f"{REGISTRIES}/imagetarget"


@dataclass(frozen=True)
class Registries:
    emulator: Emulator
    source: RegistryClient
    target: RegistryClient
    digest: str


@pytest.fixture(scope="module")
def registries(emulator: Emulator) -> Registries:
    emulator.registry("imagesource", properties={"adminUserEnabled": True})
    emulator.registry("imagetarget")
    source = emulator.client("imagesource")
    digest = source.push("app", "v1", layer=b"app")
    return Registries(emulator, source, emulator.client("imagetarget"), digest)


def body(image: str = "app:v1", *tags: str, **more: Any) -> Json:
    source = more.pop("source", {"resourceId": SOURCE})
    return {"source": {"sourceImage": image, **source}, "targetTags": list(tags), **more}


def started(emulator: Emulator, content: Json) -> httpx.Response:
    answer = emulator.arm("POST", "imagetarget/importImage", content)
    assert answer.status_code == 202, answer.text
    return answer


def ended(emulator: Emulator, answer: httpx.Response) -> httpx.Response:
    """Follow the Location to the end."""
    location = httpx.URL(answer.headers["location"])

    def look() -> httpx.Response | None:
        polled = emulator.arm("GET", location.path)
        if polled.status_code != 202:
            return polled
        assert polled.headers["retry-after"] == "1"
        return None

    return eventually(look)


def imported(emulator: Emulator, content: Json) -> httpx.Response:
    return ended(emulator, started(emulator, content))


def refusal(answer: httpx.Response) -> str:
    """What followed the operation's frame."""
    assert answer.status_code == 400, answer.text
    assert answer.json()["status"] == "Failed"
    error = answer.json()["error"]
    assert error["code"] == "InvalidParameters"
    operation, _, reason = error["message"].partition(f" failed. Resource {TARGET} ")
    assert operation.startswith("Operation registries-")
    return str(reason)


def test_an_import_is_an_operation_with_a_location(registries: Registries) -> None:
    emulator = registries.emulator
    answer = started(emulator, body("app:v1", "copy:v1", "team/copy"))
    assert (answer.content, answer.headers["retry-after"]) == (b"", "1")
    prefix = f"{PUBLIC.arm_url}{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry"
    where = f"{prefix}/locations/westus/operationResults/registries-"
    assert answer.headers["location"].startswith(where)
    end = ended(emulator, answer)
    assert (end.status_code, end.json()) == (200, {"status": "Succeeded"})
    for repository, tag in (("copy", "v1"), ("team/copy", "latest")):
        assert registries.target.digest(repository, tag) == registries.digest
        assert registries.target.blob(repository, digest_of(b"app")) == b"app"


def test_without_names_the_image_keeps_its_own(registries: Registries) -> None:
    digest = registries.source.push("named", "v7", layer=b"named")
    for image, name in (("named:v7", "v7"), (f"named@{digest}", digest)):
        assert imported(registries.emulator, body(image)).status_code == 200
        assert registries.target.digest("named", name) == digest


def test_an_index_comes_with_its_images_and_without_a_tag_if_requested(
    registries: Registries,
) -> None:
    client = registries.source
    images = [client.push("multi", f"a{number}", layer=b"%d" % number) for number in range(2)]
    manifests = [
        {
            "mediaType": MANIFEST,
            "digest": digest,
            "size": len(client.manifest("multi", digest) or b""),
        }
        for digest in images
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    digest = client.push_manifest("multi", index, "all")
    content = body("multi:all", untaggedTargetRepositories=["untagged"])
    assert imported(registries.emulator, content).status_code == 200
    assert registries.target.tags("untagged") == []
    for part in (digest, *images):
        assert registries.target.digest("untagged", part) == part


def test_a_tag_is_overwritten_by_force_only(registries: Registries) -> None:
    emulator, target = registries.emulator, registries.target
    old = target.push("taken", "v1", layer=b"old")
    reason = refusal(imported(emulator, body("app:v1", "free:v1", "taken:v1")))
    assert reason == f"Tag 'taken:v1' {TAG_EXISTS}"
    assert (target.digest("taken", "v1"), target.digest("free", "v1")) == (old, None)
    assert imported(emulator, body("app:v1", "taken:v1", mode="force")).status_code == 200
    assert target.digest("taken", "v1") == registries.digest


def test_a_lock_is_stronger_than_force(registries: Registries) -> None:
    old = registries.target.push("shut", "v1", layer=b"old")
    scope = "repository:shut:metadata_write"
    lock = {"writeEnabled": False}
    registries.target.call("PATCH", "/acr/v1/shut/_tags/v1", scope, json=lock)
    reason = refusal(imported(registries.emulator, body("app:v1", "shut:v1", mode="Force")))
    assert reason == f"Failed to push 'shut:v1'.  {DISALLOWED}"
    assert registries.target.digest("shut", "v1") == old


def test_what_is_missing_is_named(registries: Registries) -> None:
    emulator = registries.emulator
    missing = {"source": {"resourceId": SOURCE.replace("imagesource", "nowhere")}}
    assert refusal(imported(emulator, body("app:v1", **missing))) == (
        f"Registry {missing['source']['resourceId']} was not found."
    )
    assert refusal(imported(emulator, body("app:v9"))) == (
        f"Artifact 'app:v9' {ARTIFACT_NOT_FOUND} 'imagesource'."
    )
    unknown = {"source": {"registryUri": "docker.io"}}
    assert refusal(imported(emulator, body("app:v1", **unknown))) == (
        f"{NO_SUCH_HOST} (docker.io:443)"
    )
    elsewhere = {"source": {"registryUri": "nowhere.azurecr.io"}}
    assert "No such host" in refusal(imported(emulator, body("app:v1", **elsewhere)))


BAD = [
    (body("App"), f"'App' {NO_ARTIFACT_NAME}."),
    (body(), "A source has either a resourceId or a registryUri."),
    (body("app:v1", "team/"), f"'team/' {NO_ARTIFACT_NAME}."),
    (body("app:v1", f"app@{digest_of(b'')}"), "A target tag can't be a digest."),
    (body(source={"resourceId": "/a/</b"}), "The resourceId '/a/</b' is not valid."),
]
BAD[1][0]["source"]["registryUri"] = "x.example"


@pytest.mark.parametrize(("content", "message"), BAD, ids=lambda value: str(value)[:30])
@pytest.mark.usefixtures("registries")
def test_a_bad_request_starts_nothing(emulator: Emulator, content: Json, message: str) -> None:
    answer = emulator.arm("POST", "imagetarget/importImage", content)
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        {"code": "InvalidParameters", "message": message},
    )


def test_an_import_into_no_registry_is_not_found(emulator: Emulator) -> None:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    answer = emulator.arm("POST", "nowhere/importImage", body())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("on_target", "on_source", "status"),
    [("Contributor", "AcrPull", 200), ("Contributor", "", 400), ("AcrPush", "AcrPull", 403)],
)
def test_the_caller_needs_rights_on_both(
    registries: Registries, on_target: str, on_source: str, status: int
) -> None:
    emulator = registries.emulator
    guest = Guest.with_role(emulator, on_target, TARGET)
    if on_source:
        emulator.grant(guest.id, ROLE_IDS[on_source], SOURCE)
    content = body("app:v1", f"guest:{status}")
    answer = guest.arm("POST", f"{TARGET}/importImage", content)
    if status == 403:
        assert answer.json()["error"]["code"] == "AuthorizationFailed"
        return
    end = ended(emulator, answer)
    assert end.status_code == status
    if status == 400:
        assert refusal(end) == "Access to imagesource.azurecr.io denied."


def test_a_host_name_comes_with_a_login(registries: Registries) -> None:
    emulator = registries.emulator
    admin = emulator.ok("POST", "imagesource/listCredentials")
    guest = Guest.with_role(emulator, "AcrPull", SOURCE).login
    stranger = Guest.arrives(emulator).login
    logins = [
        ({"username": admin["username"], "password": admin["passwords"][0]["value"]}, 200),
        ({"username": guest["appId"], "password": guest["password"]}, 200),
        ({"username": guest["appId"], "password": "wrong"}, 400),
        ({"username": stranger["appId"], "password": stranger["password"]}, 400),
        (None, 400),
    ]
    for number, (login, status) in enumerate(logins):
        source = {"registryUri": "imagesource.azurecr.io", "credentials": login}
        end = imported(emulator, body("app:v1", f"hosts:v{number}", source=source))
        assert end.status_code == status, (login, end.text)
        if status == 400:
            assert refusal(end) == "Access to imagesource.azurecr.io denied."


def test_anybody_may_import_from_an_open_registry(emulator: Emulator) -> None:
    emulator.registry("imageopen", properties={"anonymousPullEnabled": True})
    emulator.registry("imagetarget")
    emulator.client("imageopen").push("app", "v1", layer=b"open")
    source = {"registryUri": "imageopen.azurecr.io"}
    end = imported(emulator, body("app:v1", "opened:v1", source=source))
    assert end.status_code == 200, end.text


def test_a_registry_with_exports_disabled_gives_nothing_away(emulator: Emulator) -> None:
    closed = {"exportPolicy": {"status": "disabled"}}
    properties = {"policies": closed, "publicNetworkAccess": "Disabled"}
    emulator.registry("imageclosed", properties=properties)
    emulator.registry("imagetarget")
    source = {"resourceId": f"{REGISTRIES}/imageclosed"}
    end = imported(emulator, body("app:v1", source=source))
    assert refusal(end) == "Access to imageclosed.azurecr.io denied."


@pytest.fixture
def outside(registries: Registries) -> Iterator[str]:
    """A registry that isn't part of the cloud: it wants the login of tester, and has public/app."""
    client = registries.source
    manifest = client.manifest("app", "v1") or b""
    blobs = {digest_of(b"app"): b"app", digest_of(b"{}"): b"{}"}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, reference = self.path.removeprefix("/v2/public/app/").split("/")
            content = manifest if kind == "manifests" else blobs.get(reference, b"")
            is_known = kind == "blobs" or reference == "v1"
            is_tester = self.headers["Authorization"] == "Basic dGVzdGVyOnNlY3JldA=="
            self.send_response(401 if not is_tester else 200 if is_known else 404)
            self.send_header("Content-Type", MANIFEST)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def control(emulator: Emulator, name: str, content: Json) -> httpx.Response:
    url = f"{emulator.instance.environment()['ACR_EMULATOR_CONTROL']}/{name}"
    return httpx.post(url, json=content, trust_env=False)


def test_a_control_names_a_registry_outside_of_the_cloud(
    registries: Registries, outside: str
) -> None:
    emulator = registries.emulator
    host = {"host": "registry.example.com", "url": outside}
    answer = control(emulator, "upstreams", host)
    assert answer.json()["upstreams"] == {"registry.example.com": outside}
    login = {"username": "tester", "password": "secret"}
    source = {"registryUri": "registry.example.com", "credentials": login}
    end = imported(emulator, body("public/app:v1", "outside:v1", source=source))
    assert end.status_code == 200, end.text
    assert registries.target.digest("outside", "v1") == registries.digest
    assert registries.target.blob("outside", digest_of(b"app")) == b"app"
    missing = imported(emulator, body("public/app:v2", source=source))
    assert refusal(missing) == (
        f"Artifact 'public/app:v2' {ARTIFACT_NOT_FOUND} 'registry.example.com'."
    )
    source = {"registryUri": "registry.example.com"}
    denied = refusal(imported(emulator, body("public/app:v1", "outside:v2", source=source)))
    assert denied == "The registry answered 401 to GET /v2/public/app/manifests/v1"
    assert control(emulator, "reset", {}).json()["upstreams"] == {}


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("registry.example.com", "https://registry.example.com"),
        ("registry.example.com", "http://127.0.0.1.example.com"),
        ("registry.example.com", "http://user@127.0.0.1"),
        ("imagesource.azurecr.io", "http://127.0.0.1:5000"),
        ("localhost", "http://127.0.0.1:5000"),
    ],
)
def test_no_such_registry_leads_out_of_the_machine(emulator: Emulator, host: str, url: str) -> None:
    assert control(emulator, "upstreams", {"host": host, "url": url}).status_code == 400


def test_an_interrupted_import_fails_after_a_restart(registries: Registries) -> None:
    emulator = registries.emulator
    imports = emulator.instance.image_imports

    async def interrupt() -> str:
        target = emulator.instance.registries.get("imagetarget")
        assert target is not None
        folder = emulator.instance.registries.folder("imagetarget")
        locks = emulator.instance.distribution.repository_locks
        async with locks.exclusive(f"{folder}/interrupted"):
            operation = imports.begin(target, wanted)
            await imports.stop()
        await imports.start()
        return operation

    wanted = ImageImport(
        image=Reference("app", "v1"),
        registry_id=SOURCE,
        host="",
        login=None,
        tags=(Reference("interrupted", "v1"),),
        untagged=(),
        overwrite=False,
        caller=emulator.instance.directory.operator()[0].object_id,
    )
    operation = emulator.run(interrupt())
    where = f"{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/locations/westus"
    end = emulator.arm("GET", f"{where}/operationResults/{operation}")
    assert refusal(end) == "The import was interrupted by a restart of the service."
