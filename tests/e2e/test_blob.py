"""The transfer blob is an OCI image layout in a tar: other people's tools open it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.az import Result
from tests.support.oci import digest_of
from tests.support.site import Site
from tests.support.terminal import ROOT, Terminal, run

SKOPEO = ROOT / ".tools/debian/root/bin/skopeo"


def skopeo(az: Terminal, *arguments: str) -> Result:
    """Run skopeo, which must not fail."""
    result = run(az.environment, str(SKOPEO), *arguments)
    assert result.exit_code == 0, result.stderr
    return result


def test_skopeo_inspects_and_copies_the_downloaded_blob(
    az: Terminal, site: Site, tmp_path: Path
) -> None:
    digest = site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    site.pipeline("export")
    az.ok(
        f"acr pipeline-run create {site.args} -n myrun01 -p mypipeline -t export -b myblob "
        "-a samples/hello:1.0"
    )
    blob = tmp_path / "transfer.tar"
    blob.write_bytes(site.container.download_blob("myblob").readall())
    archive = f"oci-archive:{blob}:samples/hello:1.0"

    inspected = skopeo(az, "inspect", archive)
    assert inspected.json["Digest"] == digest
    assert inspected.json["Layers"] == [digest_of(b"hello")]

    copy = tmp_path / "copy"
    skopeo(az, "copy", "--insecure-policy", "--preserve-digests", archive, f"dir:{copy}")
    assert digest_of((copy / "manifest.json").read_bytes()) == digest
    [layer] = json.loads((copy / "manifest.json").read_bytes())["layers"]
    assert (copy / layer["digest"].removeprefix("sha256:")).read_bytes() == b"hello"
