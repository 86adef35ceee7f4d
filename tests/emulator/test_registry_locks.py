"""Locks of repositories, tags and manifests, as `az acr repository update` sets them."""

from __future__ import annotations

from typing import Any

import pytest
from acr_emulator.engine.transfer_errors import DISALLOWED
from acr_emulator.runs.pipelines import EXPORT, IMPORT

from tests.emulator.run_world import World
from tests.emulator.running import Emulator
from tests.support.oci import INDEX, MANIFEST, RegistryClient

CATALOG = "registry:catalog:*"
UNLOCKED = {
    "deleteEnabled": True,
    "writeEnabled": True,
    "readEnabled": True,
    "listEnabled": True,
}


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> RegistryClient:
    emulator.registry("locktest")
    return emulator.client("locktest")


class Repository:
    """A repository with the tags v1 and v2 of an image, and v3 of another."""

    def __init__(self, client: RegistryClient, name: str) -> None:
        self.client, self.name = client, name
        self.digest = client.push(name, "v1", layer=b"one")
        client.push(name, "v2", layer=b"one")
        self.other = client.push(name, "v3", layer=b"three")

    def call(self, method: str, path: str, **more: Any) -> Any:
        scope = f"repository:{self.name}:pull,push,delete,metadata_read,metadata_write"
        return self.client.call(method, path, scope, **more)

    def lock(self, what: str = "", **attributes: Any) -> Any:
        return self.call("PATCH", f"/acr/v1/{self.name}{what}", json=attributes)

    def push(self, target: str) -> Any:
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
        path = f"/v2/{self.name}/manifests/{target}"
        return self.call("PUT", path, json=index, headers={"Content-Type": INDEX})

    def pull(self, target: str) -> Any:
        path = f"/v2/{self.name}/manifests/{target}"
        return self.call("GET", path, headers={"Accept": f"{MANIFEST}, {INDEX}"})

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)


def assert_disallowed(answer: Any) -> None:
    assert (answer.status_code, answer.json()) == (
        405,
        {"errors": [{"code": "UNKNOWN", "message": DISALLOWED}]},
    )


def test_attributes_are_changed_and_shown(client: RegistryClient) -> None:
    repository = Repository(client, "shown")
    for path, key in (
        ("", None),
        ("/_tags/v1", "tag"),
        (f"/_manifests/{repository.digest}", "manifest"),
    ):
        changed = repository.lock(path, writeEnabled=False, other=1, readEnabled=None)
        assert changed.status_code == 200
        content = changed.json() if key is None else changed.json()[key]
        assert content["changeableAttributes"] == UNLOCKED | {"writeEnabled": False}
        assert repository.call("GET", f"/acr/v1/shown{path}").json() == changed.json()
        back = repository.lock(path, writeEnabled=True).json()
        assert (back if key is None else back[key])["changeableAttributes"] == UNLOCKED


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("", b'{"writeEnabled": "no"}', 400, "INVALID_PARAMETER"),
        ("", b"[]", 400, "INVALID_PARAMETER"),
        ("/_tags/v1", b"{", 400, "INVALID_PARAMETER"),
        ("/_tags/v9", b"{}", 404, "TAG_UNKNOWN"),
        ("/_manifests/sha256:00", b"{}", 404, "MANIFEST_UNKNOWN"),
        ("9", b"{}", 404, "NAME_UNKNOWN"),
    ],
)
def test_a_bad_change_changes_nothing(
    client: RegistryClient, path: str, body: bytes, status: int, code: str
) -> None:
    client.push("bad", "v1", layer=b"x")
    scope = "repository:bad:metadata_write"
    if path == "9":
        scope = scope.replace("bad", "bad9")
    answer = client.call("PATCH", f"/acr/v1/bad{path}", scope, content=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


def test_a_change_needs_the_right_to_write_metadata(client: RegistryClient) -> None:
    client.push("rights", "v1", layer=b"x")
    answer = client.call("PATCH", "/acr/v1/rights", "repository:rights:metadata_read", json={})
    assert answer.status_code == 401


def test_a_locked_tag_is_neither_pushed_nor_deleted(client: RegistryClient) -> None:
    repository = Repository(client, "tags")
    repository.lock("/_tags/v1", writeEnabled=False)
    assert_disallowed(repository.push("v1"))
    assert_disallowed(repository.delete("/acr/v1/tags/_tags/v1"))
    assert_disallowed(repository.delete(f"/v2/tags/manifests/{repository.digest}"))
    assert_disallowed(repository.delete("/acr/v1/tags"))
    assert repository.pull("v1").status_code == 200
    assert repository.push("v4").status_code == 201
    assert repository.delete("/acr/v1/tags/_tags/v2").status_code == 202
    assert repository.delete(f"/v2/tags/manifests/{repository.other}").status_code == 202
    repository.lock("/_tags/v1", writeEnabled=True)
    assert repository.push("v1").status_code == 201
    assert repository.delete("/acr/v1/tags").status_code == 202


def test_what_may_not_be_deleted_can_be_pushed(client: RegistryClient) -> None:
    repository = Repository(client, "kept")
    repository.lock("/_tags/v1", deleteEnabled=False)
    assert_disallowed(repository.delete("/acr/v1/kept/_tags/v1"))
    assert_disallowed(repository.delete(f"/v2/kept/manifests/{repository.digest}"))
    assert repository.push("v1").status_code == 201


def test_a_locked_manifest_keeps_its_tags(client: RegistryClient) -> None:
    repository = Repository(client, "manifests")
    repository.lock(f"/_manifests/{repository.digest}", writeEnabled=False)
    assert_disallowed(repository.push("v1"))
    assert_disallowed(repository.push(repository.digest))
    assert_disallowed(repository.delete("/acr/v1/manifests/_tags/v2"))
    assert_disallowed(repository.delete(f"/v2/manifests/manifests/{repository.digest}"))
    assert repository.push("v3").status_code == 201


def test_a_locked_repository_takes_nothing(client: RegistryClient) -> None:
    repository = Repository(client, "whole")
    repository.lock(writeEnabled=False, deleteEnabled=False)
    assert_disallowed(repository.push("v9"))
    assert_disallowed(repository.call("POST", "/v2/whole/blobs/uploads/"))
    assert_disallowed(repository.delete("/acr/v1/whole/_tags/v1"))
    assert_disallowed(repository.delete("/acr/v1/whole"))
    assert repository.pull("v1").status_code == 200
    client.push("whole/other", "v1", layer=b"x")
    assert Repository(client, "whole/other").push("v9").status_code == 201


def test_what_may_not_be_read_is_not_pulled(client: RegistryClient) -> None:
    repository = Repository(client, "unread")
    repository.lock(f"/_manifests/{repository.digest}", readEnabled=False)
    for target in ("v1", "v2", repository.digest):
        assert_disallowed(repository.pull(target))
    assert repository.pull("v3").status_code == 200
    repository.lock(readEnabled=False)
    assert_disallowed(repository.pull("v3"))


def test_what_may_not_be_listed_is_not_listed(client: RegistryClient) -> None:
    repository = Repository(client, "hidden")
    repository.lock("/_tags/v1", listEnabled=False)
    repository.lock(f"/_manifests/{repository.other}", listEnabled=False)
    assert repository.call("GET", "/v2/hidden/tags/list").json()["tags"] == ["v2", "v3"]
    tags = repository.call("GET", "/acr/v1/hidden/_tags").json()["tags"]
    assert [tag["name"] for tag in tags] == ["v2", "v3"]
    manifests = repository.call("GET", "/acr/v1/hidden/_manifests").json()["manifests"]
    assert [manifest["digest"] for manifest in manifests] == [repository.digest]
    assert "hidden" in client.call("GET", "/v2/_catalog", CATALOG).json()["repositories"]
    repository.lock(listEnabled=False)
    assert "hidden" not in client.call("GET", "/v2/_catalog", CATALOG).json()["repositories"]


def test_a_page_that_only_hidden_tags_follow_is_the_last(client: RegistryClient) -> None:
    repository = Repository(client, "lasthidden")
    repository.lock("/_tags/v2", listEnabled=False)
    for path in ("/v2/lasthidden/tags/list", "/acr/v1/lasthidden/_tags"):
        first = repository.call("GET", path, params={"n": 1})
        assert "v2" not in first.text
        assert "last=v1" in first.headers["Link"]
        second = repository.call("GET", path, params={"n": 1, "last": "v1"})
        assert ("v3" in second.text, "Link" in second.headers) == (True, False)
    repository.lock("/_tags/v3", listEnabled=False)
    assert "Link" not in repository.call("GET", path, params={"n": 1}).headers


def test_a_lock_ends_with_what_it_is_of(client: RegistryClient) -> None:
    repository = Repository(client, "ending")
    repository.lock("/_tags/v1", listEnabled=False)
    repository.lock(f"/_manifests/{repository.digest}", listEnabled=False)
    repository.delete(f"/v2/ending/manifests/{repository.digest}")
    Repository(client, "ending")
    for what, key in (("_tags/v1", "tag"), (f"_manifests/{repository.digest}", "manifest")):
        shown = repository.call("GET", f"/acr/v1/ending/{what}").json()[key]
        assert shown["changeableAttributes"] == UNLOCKED


def test_a_locked_referrer_keeps_its_subject(client: RegistryClient) -> None:
    repository = Repository(client, "subject")
    index = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [],
        "subject": {"digest": repository.digest},
    }
    referrer = client.push_manifest("subject", index)
    repository.lock(f"/_manifests/{referrer}", deleteEnabled=False)
    assert_disallowed(repository.delete(f"/v2/subject/manifests/{repository.digest}"))
    assert repository.pull("v1").status_code == 200


@pytest.mark.parametrize("options", [(), ("OverwriteTags",)])
def test_an_import_into_a_locked_tag_fails(world: World, options: tuple[str, ...]) -> None:
    name = f"locked{len(options)}"
    target = Repository(world.emulator.client("runtarget"), "app")
    target.lock("/_tags/v1", writeEnabled=False)
    world.allowed(EXPORT, name, "OverwriteBlobs")
    world.allowed(IMPORT, name, *options)
    exported = world.run(EXPORT, name, f"{name}export", "locked", artifacts=["app:v1", "app:v2"])
    assert exported["response"]["status"] == "Succeeded", exported
    failed = world.run(IMPORT, name, f"{name}import", "locked")
    assert failed["provisioningState"] == "Failed"
    message = failed["response"]["pipelineRunErrorMessage"]
    assert message == f"Failed to push 'app:v1'.  {DISALLOWED}"
    assert target.pull("v1").status_code == 200
    target.lock("/_tags/v1", writeEnabled=True)


def test_an_export_of_what_may_not_be_read_fails(world: World) -> None:
    source = world.emulator.client("runsource")
    repository = Repository(source, "unreadable")
    repository.lock("/_tags/v1", readEnabled=False)
    world.allowed(EXPORT, "unreadable", "OverwriteBlobs", "ContinueOnErrors")
    failed = world.run(
        EXPORT, "unreadable", "unreadable1", "unreadable", artifacts=["unreadable:v1", "app:v1"]
    )
    response = failed["response"]
    assert response["pipelineRunErrorMessage"] == f"Failed to pull 'unreadable:v1'.  {DISALLOWED}"
