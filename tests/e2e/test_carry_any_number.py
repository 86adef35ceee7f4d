"""137 artifacts from one registry to another, across a gap, by one command for each step."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import new_name
from tests.support.cloud import Json, eventually
from tests.support.oci import INDEX, MANIFEST, RegistryClient
from tests.support.site import ACCOUNT, Site
from tests.support.terminal import Terminal, ended
from tests.support.wording import TO_TRANSFER_THE_REST, not_in_registry

#: What a glob chooses, what another one does, and what the lines of a file name.
TEAM = [f"team/app{app}:v1.{tag}" for app in range(6) for tag in range(10)]
BASE = [f"base/{name}:{tag}" for name in ("os/debian", "runtime") for tag in range(100, 125)]
LISTED = [f"charts/web:0.1.{tag}" for tag in range(20)] + ["samples/hello:latest"]
NOT_CHOSEN = ["team/app0:v2.0", "team/deep/app:v1.0", "basement:100", "charts/web:0.2.0"]
INDEXES = {f"base/runtime:{tag}" for tag in range(100, 105)}
VICTIM = "team/app3:v1.4"


class Filling:
    """Fills a registry with artifacts, each with another digest, and knows their digests."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client
        self._bodies: dict[str, Json] = {}
        self.digests: dict[str, str] = {}

    def push(self, reference: str, version: str = "") -> None:
        """Push a chart, an image or an index of two images under a tag."""
        repository, _, tag = reference.partition(":")
        manifest = self._manifest(repository, reference + version)
        if reference in INDEXES:
            children = [self._descriptor(repository, f"{reference} {number}") for number in (1, 2)]
            manifest = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
        self.digests[reference] = self._client.push_manifest(repository, manifest, tag)

    def push_untagged(self, repository: str, name: str) -> None:
        """Push an artifact that can be had by its digest only."""
        digest = self._client.push_manifest(repository, self._manifest(repository, name))
        self.digests[f"{repository}@{digest}"] = digest

    def delete(self, reference: str) -> None:
        """Delete an artifact."""
        self._client.delete(reference.partition(":")[0], self.digests[reference])

    def _descriptor(self, repository: str, name: str) -> Json:
        manifest = self._manifest(repository, name)
        digest = self._client.push_manifest(repository, manifest)
        return {"mediaType": MANIFEST, "digest": digest, "size": len(json.dumps(manifest))}

    def _manifest(self, repository: str, name: str) -> Json:
        """A manifest over the one config and the one layer of its repository."""
        if repository not in self._bodies:
            kind = "cncf.helm" if repository.startswith("charts") else "oci.image"
            config = {
                "mediaType": f"application/vnd.{kind}.config.v1+json",
                **self._client.push_blob(repository, b"{}"),
            }
            layer = {
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                **self._client.push_blob(repository, repository.encode()),
            }
            body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
            self._bodies[repository] = body
        return self._bodies[repository] | {"annotations": {"name": name}}


@dataclass(frozen=True)
class Source:
    """The site to export from, and a choice of what exists."""

    site: Site
    filling: Filling
    choice: str
    chosen: list[str]


@pytest.fixture(scope="module")
def source(_session_az: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A registry of images, indexes with children and other artifacts; 137 are to go."""
    site = Site.prepare(_session_az.cloud, new_name())
    site.pipeline("export")
    site.pipeline("export", "tolerant", options=("ContinueOnErrors",))
    filling = Filling(site.registry_client)
    for reference in [*TEAM, *BASE, *LISTED, *NOT_CHOSEN]:
        filling.push(reference)
    for number in range(6):
        filling.push_untagged("docs/sbom", str(number))
    listed = [*LISTED, *(name for name in filling.digests if "@" in name)]
    file = tmp_path_factory.mktemp("choice") / "artifacts.txt"
    lines = [f"{reference}  # line {number}" for number, reference in enumerate(listed)]
    file.write_text("\n".join(["# what else is to go", "", *lines]))
    choice = f"--artifacts 'team/*:v1.*' 'base/**' @{file}"
    return Source(site, filling, choice, [*TEAM, *BASE, *listed])


@pytest.fixture
def target(far_az: Terminal) -> Site:
    """An empty registry in another cloud."""
    site = Site.prepare(far_az.cloud, new_name(), "import")
    site.pipeline("import", options=("OverwriteTags",))
    return site


def export(source: Source, run: str, blob: str, choice: str, pipeline: str = "mypipeline") -> str:
    return (
        f"acr pipeline-run create {source.site.args} --pipeline {pipeline} "
        f"--pipeline-type export --name {run} --storage-blob {blob} {choice}"
    )


def bring_in(target: Site, run: str, blobs: str) -> str:
    return (
        f"acr pipeline-run create {target.args} --pipeline mypipeline --pipeline-type import "
        f"--name {run} --storage-blob '{blobs}'"
    )


def references(manifest: Path, *results: str) -> list[str]:
    """The artifacts of a manifest that have one of these results; all without any."""
    entries = json.loads(manifest.read_text())["artifacts"]
    return [each["reference"] for each in entries if not results or each["result"] in results]


def verify(target: Site, manifest: Path) -> str:
    return f"acr pipeline-run verify {target.args} --manifest {manifest}"


@dataclass(frozen=True)
class Gap:
    """The way from one cloud to the other: files in a folder."""

    az: Terminal
    far_az: Terminal

    def carry(self, source: Source, target: Site, blobs: str, folder: Path) -> None:
        """Carry blobs across, by a command on each side."""
        folder.mkdir()
        storage = f"--account-name {ACCOUNT} --auth-mode login --no-progress --output none"
        self.az.ok(
            f"storage blob download-batch {storage} --source {source.site.name} "
            f"--destination {folder} --pattern '{blobs}'"
        )
        self.far_az.ok(
            f"storage blob upload-batch {storage} --source {folder} --destination {target.name}"
        )


@pytest.fixture
def gap(az: Terminal, far_az: Terminal) -> Gap:
    """A gap that has to be crossed."""
    return Gap(az, far_az)


def found_by(source: Source, findings: list[Json]) -> dict[str, str]:
    """Digest of each artifact that was chosen, as verify found it present; and of its children."""
    assert {each["status"] for each in findings} == {"present"}
    assert all(each["expected"] == each["found"] for each in findings)
    children = [each["parent"] for each in findings if each["parent"]]
    assert sorted(children) == sorted([*INDEXES & set(source.chosen)] * 2)
    return {each["reference"]: each["found"] for each in findings if not each["parent"]}


def test_137_artifacts_go_by_one_command_for_each_step(
    az: Terminal, far_az: Terminal, gap: Gap, source: Source, target: Site, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.json"
    assert len(source.chosen) == len(set(source.chosen)) == 137

    runs = az.ok(
        export(source, "january", "january", f"{source.choice} --manifest {manifest}")
    ).json
    assert [run["name"] for run in runs] == ["january001", "january002", "january003"]
    loads = [run["request"]["artifacts"] for run in runs]
    assert [len(load) for load in loads] == [50, 50, 37]
    assert sum(loads, []) == source.chosen
    gap.carry(source, target, "january-*", tmp_path / "carried")
    runs = far_az.ok(bring_in(target, "january", "january-*")).json
    assert [run["response"]["status"] for run in runs] == ["Succeeded"] * 3
    findings = far_az.ok(verify(target, manifest)).json

    there = {name: source.filling.digests[name] for name in source.chosen}
    assert found_by(source, findings) == there
    # The target's own confirmation, too.
    client = target.registry_client
    for name in (TEAM[7], *INDEXES):
        assert client.digest(*name.split(":")) == there[name]
    assert client.tags("team/app0") == sorted(f"v1.{tag}" for tag in range(10))


def test_what_was_deleted_meanwhile_is_named_and_exported_again_by_itself(
    az: Terminal, far_az: Terminal, gap: Gap, source: Source, target: Site, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.json"
    # Runs are put off until the artifact is gone; by then the manifest has what it was.
    az.cloud.control(
        "faults",
        status=429,
        method="PUT",
        path="pipelineRuns",
        headers={"Retry-After": "1"},
        count=1000,
    )
    choice = f"{source.choice} --manifest {manifest}"
    process = az.start(export(source, "february", "february", choice, "tolerant"))
    eventually(lambda: any(method == "PUT" for method, _ in az.cloud.requests()) or None)
    source.filling.delete(VICTIM)
    az.cloud.control("reset")
    result = ended(process)
    states = [run["response"]["status"] for run in result.json]
    assert (result.exit_code, states) == (1, ["Failed", "Succeeded", "Succeeded"])
    *_, how, again = [line for line in result.stderr.splitlines() if "WARNING" not in line]
    assert f"Artifact '{VICTIM}' was not found" in result.stderr
    assert f"Not exported:\n  {VICTIM}\nPossibly not exported:\n" in result.stderr
    assert references(manifest) == source.chosen
    assert references(manifest, "failed") == [VICTIM]
    # They went, and the message of a run that continued after an error doesn't prove it.
    uncertain = references(manifest, "unknown")
    assert uncertain == [name for name in source.chosen[:50] if name != VICTIM]

    gap.carry(source, target, "february-*", tmp_path / "carried")
    far_az.ok(bring_in(target, "february", "february-*"))
    verified = far_az(verify(target, manifest))
    wrong = [each for each in verified.json if each["status"] != "present"]
    digest = source.filling.digests[VICTIM]
    assert (verified.exit_code, [each["reference"] for each in wrong]) == (1, [VICTIM])
    assert (wrong[0]["status"], wrong[0]["expected"]) == ("missing", digest)
    assert not_in_registry(1, 137, target.registry) in verified.stderr
    assert f"\n{VICTIM}: missing\n" in verified.stderr

    assert how == TO_TRANSFER_THE_REST
    only_failed = f"--only-failed {manifest} --manifest {manifest}"
    assert again.endswith(f"--only-failed {manifest} --exclude {VICTIM} --manifest {manifest}")
    run = az.ok(again.removeprefix("az ")).json
    assert (run["name"], run["request"]["artifacts"]) == ("februaryretry", uncertain)

    source.filling.push(VICTIM)
    run = az.ok(export(source, "february2", "february-2", only_failed, "tolerant")).json
    assert run["request"]["artifacts"] == [VICTIM]
    gap.carry(source, target, "february-2", tmp_path / "carried-again")
    far_az.ok(bring_in(target, "february2", "february-2"))
    findings = far_az.ok(verify(target, manifest)).json
    there = {name: source.filling.digests[name] for name in source.chosen}
    assert found_by(source, findings) == there


def test_a_second_export_moves_only_what_changed(
    az: Terminal, far_az: Terminal, gap: Gap, source: Source, target: Site, tmp_path: Path
) -> None:
    manifest, known = tmp_path / "manifest.json", tmp_path / "target.json"
    later_manifest = tmp_path / "later.json"
    references = [f"delta/app:v{number}" for number in range(5)]
    for reference in references:
        source.filling.push(reference)
    az.ok(export(source, "march", "march", f"--artifacts 'delta/**' --manifest {manifest}"))
    gap.carry(source, target, "march", tmp_path / "carried")
    far_az.ok(bring_in(target, "march", "march"))
    far_az.ok(f"{verify(target, manifest)} --write {known}")

    changed = ["delta/app:v3", "delta/new:v1"]
    for reference in changed:
        source.filling.push(reference, "changed")
    choice = f"--artifacts 'delta/**' --skip {known} --manifest {later_manifest}"
    run = az.ok(export(source, "april", "april", choice)).json
    assert run["request"]["artifacts"] == changed
    gap.carry(source, target, "april", tmp_path / "carried-later")
    with tarfile.open(tmp_path / "carried-later/april") as blob:
        index = json.loads(blob.extractfile("index.json").read())  # type: ignore[union-attr]  # it is a file
    names = [
        each["annotations"]["org.opencontainers.image.ref.name"] for each in index["manifests"]
    ]
    assert names == changed
    far_az.ok(bring_in(target, "april", "april"))
    findings = far_az.ok(verify(target, later_manifest)).json
    there = {name: source.filling.digests[name] for name in [*references, changed[1]]}
    assert {each["reference"]: each["found"] for each in findings} == there
    assert {each["status"] for each in findings} == {"present"}
