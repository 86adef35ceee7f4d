"""Signed images: their signatures and SBOMs go along, and the target lists them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import new_name
from tests.support.cloud import eventually
from tests.support.oci import INDEX, MANIFEST
from tests.support.site import Site
from tests.support.terminal import Terminal, ended
from tests.support.wording import (
    REFERRERS_LEFT,
    REFERRERS_UNKNOWN,
    TO_COUNT_REFERRERS,
    TO_EXPORT_REFERRERS,
    TOO_LARGE,
    UNLISTED,
)

NOTATION = "application/vnd.cncf.notary.signature"
SPDX = "application/spdx+json"
REPOSITORY, IMAGE = "samples/signed", "samples/signed:1.0"
EXPORT = f"--pipeline mypipeline --pipeline-type export --storage-blob signed.tar -a {IMAGE}"


@dataclass(frozen=True)
class Signed:
    """A multi-architecture image: its digests, and the tag of cosign's signature."""

    site: Site
    index: str
    amd64: str
    notation: str
    sbom: str
    of_sbom: str
    cosign: str

    @property
    def subjects(self) -> Mapping[str, str | None]:
        """What each artifact of an export refers to."""
        return {
            IMAGE: None,
            f"{REPOSITORY}:{self.cosign}": self.index,
            f"{REPOSITORY}@{self.notation}": self.index,
            f"{REPOSITORY}@{self.sbom}": self.amd64,
            f"{REPOSITORY}@{self.of_sbom}": self.sbom,
        }


@pytest.fixture
def signed(site: Site) -> Signed:
    """An image for two platforms, signed by notation and cosign; of one, a signed SBOM."""
    client = site.registry_client
    children = []
    for architecture in ("amd64", "arm64"):
        digest = client.push(REPOSITORY, layer=architecture.encode())
        size = len(client.manifest(REPOSITORY, digest) or b"")
        platform = {"os": "linux", "architecture": architecture}
        children.append(
            {"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform}
        )
    index = client.push_manifest(
        REPOSITORY, {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}, "1.0"
    )
    amd64 = str(children[0]["digest"])
    sbom = client.attach(REPOSITORY, amd64, SPDX, b"SBOM")
    site.pipeline("export")
    return Signed(
        site,
        index,
        amd64,
        client.attach(REPOSITORY, index, NOTATION, b"signature"),
        sbom,
        client.attach(REPOSITORY, sbom, NOTATION, b"signature of the SBOM"),
        client.attach_by_tag(REPOSITORY, index, "sig", b"signature by cosign"),
    )


def listed(az: Terminal, site: Site, reference: str) -> list[str]:
    """The digests that az lists as referrers of an artifact."""
    answer = az.ok(f"acr manifest list-referrers --registry {site.registry} --name {reference}")
    return [referrer["digest"] for referrer in answer.json["manifests"]]


def test_signatures_and_sboms_arrive_and_are_listed_under_their_subjects(
    az: Terminal, far_az: Terminal, signed: Signed, tmp_path: Path
) -> None:
    source, manifest = signed.site, tmp_path / "manifest.json"
    export = f"acr pipeline-run create {source.args} --name signed {EXPORT} --manifest {manifest}"
    run = az.ok(f"{export} --include-referrers").json
    assert run["request"]["artifacts"] == list(signed.subjects)
    exported = json.loads(manifest.read_text())
    subjects = {entry["reference"]: entry.get("subject") for entry in exported["artifacts"]}
    assert subjects == signed.subjects
    assert exported["runs"][0]["estimatedSize"] > 0

    target = Site.prepare(far_az.cloud, new_name(), "import")
    target.pipeline("import")
    blob = source.container.download_blob("signed.tar").readall()
    assert len(blob) >= exported["runs"][0]["estimatedSize"]
    target.container.upload_blob("signed.tar", blob)
    far_az.ok(
        f"acr pipeline-run create {target.args} --name signed --pipeline mypipeline "
        "--pipeline-type import --storage-blob signed.tar"
    )
    verify = f"acr pipeline-run verify {target.args} --manifest {manifest}"
    rows = far_az.ok(verify).json
    assert {row["status"] for row in rows} == {"present"}
    assert {row["reference"]: row["subject"] for row in rows if not row["parent"]} == subjects
    assert listed(far_az, target, IMAGE) == [signed.notation]
    assert listed(far_az, target, f"{REPOSITORY}@{signed.amd64}") == [signed.sbom]
    assert listed(far_az, target, f"{REPOSITORY}@{signed.sbom}") == [signed.of_sbom]
    assert target.registry_client.digest(REPOSITORY, signed.cosign) is not None

    # What the target doesn't list isn't complete: another export brings it again.
    path = f"referrers/{signed.index}$"
    empty = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
    far_az.cloud.control("faults", status=200, method="GET", path=path, count=1, body=empty)
    there = tmp_path / "target.json"
    failed = far_az(f"{verify} --write {there}")
    unlisted = f"{REPOSITORY}@{signed.notation}"
    assert failed.exit_code == 1
    assert [row["reference"] for row in failed.json if row["status"] == "unlisted"] == [unlisted]
    assert f"{unlisted}: {UNLISTED} {signed.index}\n" in failed.stderr
    again = az.ok(f"{export} --include-referrers --dry-run --skip {there}")
    assert [run["artifacts"] for run in again.json] == [[unlisted]]


def test_what_stays_behind_is_counted_in_the_plan_the_run_and_the_check(
    az: Terminal, signed: Signed
) -> None:
    in_registry = signed.site.args
    warning = f"WARNING: {REFERRERS_LEFT} 4. {TO_EXPORT_REFERRERS}.\n"
    run = f"acr pipeline-run create {in_registry} --name signed {EXPORT}"
    for line in (f"{run} --dry-run", f"{run} --dry-run --check", run):
        answer = az.ok(line)
        assert answer.stderr.count("--include-referrers") == 1
        assert warning in answer.stderr
    together = az.ok(f"{run} --dry-run --include-referrers --exclude '*/*:*.sig'")
    assert "referrers" not in together.stderr
    assert len(together.json[0]["artifacts"]) == len(signed.subjects) - 1
    checked = az.ok(
        f"acr export-pipeline check {in_registry} --name mypipeline --artifacts {IMAGE}"
    ).json
    [check] = [check for check in checked if check["code"] == "ReferrersIncluded"]
    assert check["status"] == "warning"
    assert all(reference in check["message"] for reference in list(signed.subjects)[1:])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_count_in_progress_does_not_delay_the_end(
    az: Terminal, signed: Signed, how: signal.Signals
) -> None:
    az.cloud.control("latency", seconds=1)
    az.cloud.control("runs", seconds=60)
    process = az.start(f"acr pipeline-run create {signed.site.args} --name signed {EXPORT}")
    poll = ("GET", signed.site.id_of("pipelineRuns/signed"))
    eventually(lambda: poll in az.cloud.requests() or None)
    az.cloud.control("latency", seconds=60)  # for what the count requests next
    began = time.monotonic()
    os.killpg(process.pid, how)
    stopped = ended(process)
    assert time.monotonic() - began < 30
    assert (stopped.exit_code, stopped.stderr.count("WARNING")) == (1, 2)
    assert f"{REFERRERS_UNKNOWN}: " in stopped.stderr
    assert f"{TO_COUNT_REFERRERS}\nERROR: Stopped waiting" in stopped.stderr


def test_an_export_fits_the_media(az: Terminal, signed: Signed, tmp_path: Path) -> None:
    client, manifest = signed.site.registry_client, tmp_path / "manifest.json"
    for number in range(3):
        client.push("samples/large", f"v{number}", layer=bytes([number]) * 40_000)
    export = f"acr pipeline-run create {signed.site.args} --name large {EXPORT} samples/large:v*"
    words = f"--include-referrers --max-blob-size 82KB --manifest {manifest}"
    planned = az.ok(f"{export} {words} --dry-run").json
    runs = az.ok(f"{export} {words}").json
    loads = [[*signed.subjects, "samples/large:v0"], ["samples/large:v1", "samples/large:v2"]]
    for made in (planned, [run["request"] for run in runs]):
        assert [run["artifacts"] for run in made] == loads
    assert signed.site.blobs == ["signed-001.tar", "signed-002.tar"]
    sizes = [run["size"] for run in planned]
    recorded = json.loads(manifest.read_text())["runs"]
    assert [run["estimatedSize"] for run in recorded] == sizes
    assert 80_000 < sizes[1] <= 82_000

    refused = az(f"{export} --max-blob-size 40KB")
    assert (refused.exit_code, refused.stdout) == (1, "")
    error = f"3 of 4 {TOO_LARGE} 40,000 bytes:\n  samples/large:v0: 40,"
    assert error in refused.stderr
