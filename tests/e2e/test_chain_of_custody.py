"""A blob is exported, downloaded, damaged, found out by verify --blobs, and carried again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import new_name
from tests.support.site import Site
from tests.support.terminal import Terminal


def test_a_truncated_blob_is_found_before_the_upload(
    az: Terminal, far_az: Terminal, tmp_path: Path
) -> None:
    source = Site.prepare(az.cloud, new_name())
    target = Site.prepare(far_az.cloud, source.name, "import")
    for tag in ("1.0", "2.0"):
        source.registry_client.push("samples/hello", tag, layer=tag.encode() * 10_000)
    manifest, carried = tmp_path / "manifest.json", tmp_path / "carried"
    carried.mkdir()
    source.pipeline("export", mode="ManagedIdentity")
    for number, blob in ((1, "images/first.tar"), (2, "second.tar")):
        az.ok(
            f"acr pipeline-run create {source.args} --name myrun0{number} --pipeline mypipeline "
            f"--pipeline-type export --storage-blob {blob} --artifacts samples/hello:{number}.0 "
            f"--manifest {manifest}"
        )
    document = json.loads(manifest.read_text())
    assert document["extensionVersion"] == "3.0.0"
    assert all({"blobSize", "blobMd5", "catalogDigest"} <= run.keys() for run in document["runs"])
    for blob in source.blobs:
        (carried / blob).parent.mkdir(exist_ok=True)
        (carried / blob).write_bytes(source.container.download_blob(blob).readall())

    # Whoever carries the files needs neither a login nor a network.
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "AZURE_CONFIG_DIR": str(tmp_path / "new")}
    verify = f"acr pipeline-run verify --manifest {manifest} --blobs {carried}"
    whole = az.ok(verify, **nowhere)
    assert {row["blob"]: row["status"] for row in whole.json} == {
        "images/first.tar": "present",
        "second.tar": "present",
    }
    assert "Verified blobs: 2 present.\n" in whole.stderr

    content = (carried / "second.tar").read_bytes()
    (carried / "second.tar").write_bytes(content[:-1])
    (carried / "other.tar").write_text("other")
    damaged = az(f"{verify} --only-differences", **nowhere)
    assert damaged.exit_code == 1
    assert {row["blob"]: row["status"] for row in damaged.json} == {
        "second.tar": "truncated",
        "other.tar": "extra",
    }
    assert f"second.tar: truncated, {len(content) - 1} of {len(content)} bytes\n" in damaged.stderr
    table = az(f"{verify} --output table", **nowhere).stdout.splitlines()
    assert table[0].split() == ["Status", "Blob", "Expected", "size", "Found", "size"]

    (carried / "other.tar").unlink()
    (carried / "second.tar").write_bytes(content)
    az.ok(verify, **nowhere)
    far_az.ok(
        f"acr import-pipeline create {target.args} --name mypipeline "
        f"--source-trigger-enabled false --storage-container-uri {target.container_uri} "
        "--grant-access"
    )
    for blob in source.blobs:
        target.container.upload_blob(blob, (carried / blob).read_bytes())
    far_az.ok(
        f"acr pipeline-run create {target.args} --name myrun01 --pipeline mypipeline "
        "--pipeline-type import --storage-blob images/first.tar second.tar"
    )
    arrived = far_az.ok(f"acr pipeline-run verify {target.args} --manifest {manifest}")
    assert [row["status"] for row in arrived.json] == ["present", "present"]
    nothing = far_az.ok(
        f"acr pipeline-run verify {target.args} --manifest {manifest} --only-differences"
    )
    assert nothing.json == []
