"""Referrers of a registry: the OCI API, what pushes and deletions do, and what an import brings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from acr_emulator.registry.stored_repositories import StoredRepositories
from acr_emulator.runs.pipelines import EXPORT, IMPORT

from tests.emulator.run_world import READER, World
from tests.emulator.running import Emulator
from tests.support.oci import CONFIG, INDEX, LAYER, MANIFEST, RegistryClient, digest_of

Json = dict[str, Any]

EMPTY = "application/vnd.oci.empty.v1+json"
SBOM, SIGNATURE = "application/vnd.example.sbom", "application/vnd.example.signature"
PULL = "repository:app:pull"


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> RegistryClient:
    emulator.registry("referring")
    return emulator.client("referring")


def artifact(client: RegistryClient, repository: str, subject: str, **more: Any) -> Json:
    """A manifest that refers to another one, and whose blob exists."""
    empty = {"mediaType": EMPTY, **client.push_blob(repository, b"{}")}
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": empty,
        "layers": [empty],
        "subject": {"mediaType": MANIFEST, "digest": subject, "size": 2},
        **more,
    }


def referrers(
    client: RegistryClient, subject: str, query: str = "", repository: str = "app"
) -> list[Json]:
    path = f"/v2/{repository}/referrers/{subject}{query}"
    answer = client.call("GET", path, f"repository:{repository}:pull")
    assert (answer.status_code, answer.headers["content-type"]) == (200, INDEX)
    content = answer.json()
    assert (content["schemaVersion"], content["mediaType"]) == (2, INDEX)
    listed: list[Json] = content["manifests"]
    return listed


def test_referrers_are_listed_with_their_type_and_annotations(client: RegistryClient) -> None:
    image = client.push("app", "v1", layer=b"one")
    annotations = {"org.example.made": "by a test"}
    sbom = artifact(client, "app", image, artifactType=SBOM, annotations=annotations)
    digest = client.push_manifest("app", sbom)
    assert referrers(client, image) == [
        {
            "mediaType": MANIFEST,
            "digest": digest,
            "size": len(client.manifest("app", digest) or b""),
            "artifactType": SBOM,
            "annotations": annotations,
        }
    ]


def test_without_an_artifact_type_the_configuration_names_it(client: RegistryClient) -> None:
    image = client.push("app", "v2", layer=b"two")
    config = {"mediaType": SIGNATURE, **client.push_blob("app", b"{}")}
    digest = client.push_manifest("app", artifact(client, "app", image, config=config))
    assert [(one["digest"], one["artifactType"]) for one in referrers(client, image)] == [
        (digest, SIGNATURE)
    ]


def test_an_index_can_refer_and_has_no_configuration(client: RegistryClient) -> None:
    image = client.push("app", "v3", layer=b"three")
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": {"digest": image}}
    digest = client.push_manifest("app", index)
    [listed] = referrers(client, image)
    assert listed["digest"] == digest
    assert sorted(listed) == ["digest", "mediaType", "size"]


def test_the_list_is_filtered_by_artifact_type_and_says_so(client: RegistryClient) -> None:
    image = client.push("app", "v4", layer=b"four")
    for kind in (SBOM, SIGNATURE):
        client.push_manifest("app", artifact(client, "app", image, artifactType=kind))
    path = f"/v2/app/referrers/{image}"
    both = client.call("GET", path, PULL)
    assert sorted(one["artifactType"] for one in both.json()["manifests"]) == [SBOM, SIGNATURE]
    assert "oci-filters-applied" not in both.headers
    one = client.call("GET", f"{path}?artifactType={SBOM}", PULL)
    assert [referrer["artifactType"] for referrer in one.json()["manifests"]] == [SBOM]
    assert one.headers["oci-filters-applied"] == "artifactType"
    assert referrers(client, image, "?artifactType=application/x.none") == []


@pytest.mark.parametrize("repository", ["app", "no/such/repository"])
def test_no_referrers_are_an_empty_list(client: RegistryClient, repository: str) -> None:
    assert referrers(client, digest_of(b"of nothing"), repository=repository) == []


@pytest.mark.parametrize("digest", ["latest", "sha256:", ":00"])
def test_what_is_no_digest_is_refused(client: RegistryClient, digest: str) -> None:
    answer = client.call("GET", f"/v2/app/referrers/{digest}", PULL)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


def test_the_list_needs_the_right_to_pull(client: RegistryClient) -> None:
    answer = client.call("GET", f"/v2/app/referrers/{digest_of(b'x')}", "repository:app:push")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("tag", ["", "signed"])
def test_a_push_of_a_referrer_names_its_subject(client: RegistryClient, tag: str) -> None:
    """The subject need not exist."""
    subject = digest_of(b"not pushed yet")
    manifest = artifact(client, "app", subject, annotations={"tag": tag})
    answer = push(client, manifest, tag)
    assert (answer.status_code, answer.headers["oci-subject"]) == (201, subject)
    assert len(referrers(client, subject)) == (1 if not tag else 2)


def test_a_push_without_a_subject_names_none(client: RegistryClient) -> None:
    for subject in (None, {}, {"digest": 7}, {"digest": "../../x"}, "text"):
        manifest = artifact(client, "app", "") | {"subject": subject}
        answer = push(client, manifest, "none")
        assert answer.status_code == 201
        assert "oci-subject" not in answer.headers


def push(client: RegistryClient, manifest: Json, tag: str) -> Any:
    content = json.dumps(manifest).encode()
    return client.call(
        "PUT",
        f"/v2/app/manifests/{tag or digest_of(content)}",
        "repository:app:push",
        headers={"Content-Type": manifest["mediaType"]},
        content=content,
    )


def test_a_deleted_referrer_is_listed_no_more(client: RegistryClient) -> None:
    image = client.push("app", "v5", layer=b"five")
    digest = client.push_manifest("app", artifact(client, "app", image))
    client.delete("app", digest)
    assert referrers(client, image) == []
    assert client.digest("app", "v5") == image


def test_referrers_are_deleted_with_their_subject(client: RegistryClient) -> None:
    image = client.push("chain", "v1", layer=b"one")
    other = client.push("chain", "v2", layer=b"two")
    sbom = client.push_manifest("chain", artifact(client, "chain", image), "sbom")
    signature = client.push_manifest("chain", artifact(client, "chain", sbom))
    kept = client.push_manifest("chain", artifact(client, "chain", other))
    client.delete("chain", image)
    assert [client.manifest("chain", gone) for gone in (image, sbom, signature)] == [None] * 3
    assert client.tags("chain") == ["v2"]
    assert [one["digest"] for one in referrers(client, other, repository="chain")] == [kept]


def test_untagging_a_subject_keeps_its_referrers(client: RegistryClient) -> None:
    image = client.push("app", "v6", layer=b"six")
    digest = client.push_manifest("app", artifact(client, "app", image))
    deleted = client.call("DELETE", "/acr/v1/app/_tags/v6", "repository:app:delete")
    assert deleted.status_code == 202
    assert [one["digest"] for one in referrers(client, image)] == [digest]


def test_an_index_with_the_tag_of_the_fallback_stays_a_tag(client: RegistryClient) -> None:
    """A client that found no API lists referrers there; the API lists them, too."""
    image = client.push("app", "v7", layer=b"seven")
    manifest = artifact(client, "app", image, artifactType=SBOM)
    digest = client.push_manifest("app", manifest)
    descriptor = {"mediaType": MANIFEST, "digest": digest, "size": 1, "artifactType": SBOM}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor]}
    tag = image.replace(":", "-")
    listed = client.push_manifest("app", index, tag)
    assert client.digest("app", tag) == listed
    assert [one["digest"] for one in referrers(client, image)] == [digest]


def test_referrers_are_those_of_one_repository(client: RegistryClient) -> None:
    image = client.push("app", "v8", layer=b"eight")
    client.push("elsewhere", "v8", layer=b"eight")
    client.push_manifest("elsewhere", artifact(client, "elsewhere", image))
    assert referrers(client, image) == []
    assert len(referrers(client, image, repository="elsewhere")) == 1


def test_an_image_without_an_artifact_type_is_its_configurations(client: RegistryClient) -> None:
    base = client.push("app", "base", layer=b"base")
    config = {"mediaType": CONFIG, **client.push_blob("app", b"{}")}
    layer = {"mediaType": LAYER, **client.push_blob("app", b"layer")}
    client.push_manifest("app", artifact(client, "app", base, config=config, layers=[layer]))
    assert [one["artifactType"] for one in referrers(client, base)] == [CONFIG]


def test_referrers_that_a_transfer_carried_are_listed(world: World) -> None:
    source, target = (world.emulator.client(name) for name in ("runsource", "runtarget"))
    subject = world.digests["app:v1"]
    sbom = source.push_manifest("app", artifact(source, "app", subject, artifactType=SBOM))
    world.allowed(EXPORT, "referring")
    world.allowed(IMPORT, "referring", role=READER)
    artifacts = [f"app@{sbom}", "app:v1"]
    exported = world.run(EXPORT, "referring", "referring1", "referring", artifacts=artifacts)
    assert exported["response"]["status"] == "Succeeded", exported
    world.run(IMPORT, "referring", "referring2", "referring")
    assert referrers(target, subject) == referrers(source, subject) != []


def test_what_a_deletion_leaves_behind_is_not_listed(tmp_path: Path) -> None:
    """Distribution keeps the folder of a deleted manifest, and for a time its blob."""
    root, image = tmp_path / "docker/registry/v2", f"sha256:{'1' * 64}"
    manifest = json.dumps({"subject": {"digest": image}}).encode()
    deleted, removed = digest_of(manifest).removeprefix("sha256:"), "2" * 64
    for name in (deleted, removed):
        (root / "repositories/folder/app/_manifests/revisions/sha256" / name).mkdir(parents=True)
    blob = root / "blobs/sha256" / deleted[:2] / deleted / "data"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(manifest)
    stored = StoredRepositories(tmp_path, "folder")
    assert (stored.exists("app"), stored.manifests("app")) == (False, [])
    assert stored.referrers("app", image) == []
    # It's back when it's pushed again.
    (stored.folder("app", f"sha256:{deleted}") / "link").write_text(f"sha256:{deleted}")
    assert [referrer.digest for referrer in stored.referrers("app", image)] == [f"sha256:{deleted}"]
