"""A registry whose process was killed in the middle of a write."""

import os
import signal
from pathlib import Path

import pytest

from tests.emulator.running import Emulator
from tests.support.cloud import eventually


def kill(emulator: Emulator) -> Path:
    """Kill distribution; where its files are."""
    folder = emulator.instance.state_dir / "registries"
    pid = int((folder / "distribution.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: True if not emulator.instance.distribution.running else None)
    return folder / "storage/docker/registry/v2"


def repositories(emulator: Emulator, registry: Path) -> Path:
    return registry / "repositories" / emulator.instance.registries.folder("mended")


def manifest_file(registry: Path, digest: str) -> Path:
    name = digest.removeprefix("sha256:")
    return registry / "blobs/sha256" / name[:2] / name / "data"


@pytest.mark.parametrize("written", [0, 100])
def test_a_truncated_manifest_can_be_pushed_again(emulator: Emulator, written: int) -> None:
    emulator.registry("mended")
    client = emulator.client("mended")
    name = f"torn{written}"
    digest = client.push(name, "v1", layer=name.encode())
    manifest = manifest_file(kill(emulator), digest)
    manifest.write_bytes(manifest.read_bytes()[:written])
    assert client.digest(name, "v1") is None
    assert client.push(name, "v1", layer=name.encode()) == digest
    assert client.digest(name, "v1") == digest


def test_a_truncated_tag_is_the_one_that_was_being_written(emulator: Emulator) -> None:
    emulator.registry("mended")
    client = emulator.client("mended")
    digests = [client.push("tagged", "v1", layer=layer) for layer in (b"old", b"new")]
    tags = repositories(emulator, kill(emulator)) / "tagged/_manifests/tags"
    (tags / "v1/current/link").write_text("")
    (tags / "v2/current").mkdir(parents=True)
    assert client.digest("tagged", "v1") == digests[1]
    assert client.digest("tagged", "v2") is None
    assert sorted(item.name for item in tags.iterdir()) == ["v1"]


def test_a_truncated_link_to_a_layer_and_an_upload_go(emulator: Emulator) -> None:
    emulator.registry("mended")
    client = emulator.client("mended")
    digest = client.push("linked", "v1", layer=b"layer")
    begun = client.call("POST", "/v2/linked/blobs/uploads/", "repository:linked:pull,push").headers[
        "Location"
    ]
    repository = repositories(emulator, kill(emulator)) / "linked"
    assert len(list((repository / "_uploads").iterdir())) == 1
    for link in (repository / "_layers").rglob("link"):
        link.write_text("sha256:")
    assert client.push("linked", "v1", layer=b"layer") == digest
    assert not list(repository.glob("_uploads/*/data"))
    lost = client.call("PATCH", begun, "repository:linked:pull,push", content=b"x")
    assert lost.json()["errors"][0]["code"] == "BLOB_UPLOAD_INVALID"
