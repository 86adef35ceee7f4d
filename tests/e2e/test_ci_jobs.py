"""The job files of docs/how-to/ci: their scripts, in their order, against the emulator."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.ci_jobs import JOBS, Ci, interrupt, scripts
from tests.support.cloud import Cloud, eventually
from tests.support.site import Site
from tests.support.terminal import ROOT, Terminal, bare_environment, run
from tests.support.wording import NOTHING_LEFT

ARTIFACTS = ("samples/hello:latest", "samples/nginx:1.25")


@pytest.fixture(scope="module")
def ci_az(
    extensions: Path, program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    """A cloud that the jobs have to themselves."""
    with Cloud(tmp_path_factory.mktemp("ci") / "state") as cloud:
        yield Terminal(cloud, extensions, program).log_in()


@pytest.fixture(scope="module")
def source(ci_az: Terminal) -> Site:
    """The source side: two images, and a pipeline that uses a managed identity."""
    site = Site.prepare(ci_az.cloud, "source", account="sourcestorage", other_container="transfer")
    for artifact in ARTIFACTS:
        site.registry_client.push(*artifact.split(":"), layer=artifact.encode())
    site.pipeline("export", "nightly", "ManagedIdentity")
    return site


@pytest.fixture(scope="module")
def target(ci_az: Terminal) -> Site:
    """The target side: a pipeline that uses a SAS token, and has a source trigger."""
    site = Site.prepare(
        ci_az.cloud,
        "target",
        "import",
        account="targetstorage",
        other_container="transfer",
        secret="acrimportsas",
    )
    pipeline = site.pipeline("import", "autoimport", options=("OverwriteTags",))
    pipeline["properties"]["trigger"] = {"sourceTrigger": {"status": "Enabled"}}
    body = {"identity": {"type": "SystemAssigned"}, "properties": pipeline["properties"]}
    site.resource("importPipelines/autoimport", "PUT", body)
    return site


@pytest.fixture
def ci(ci_az: Terminal, tmp_path: Path) -> Ci:
    """A CI system whose checkout has what the job files name."""
    ci_az.cloud.control("reset")
    folder = tmp_path / "checkout"
    folder.mkdir()
    [wheel] = (ROOT / "dist").glob("*.whl")
    shutil.copy(wheel, folder)
    (folder / "artifacts.txt").write_text("# what the target needs\n" + "\n".join(ARTIFACTS))
    return Ci(folder, ci_az.environment)


def digests(site: Site) -> dict[str, str]:
    """Digest of each artifact that a registry has."""
    client = site.registry_client
    by_name = {name: client.digest(*name.split(":")) for name in ARTIFACTS}
    return {name: digest for name, digest in by_name.items() if digest}


def results(manifest: Path) -> list[str]:
    """The result of each artifact of a manifest."""
    return [artifact["result"] for artifact in json.loads(manifest.read_text())["artifacts"]]


@pytest.mark.parametrize("system", ["github", "azure-pipelines"])
def test_a_nightly_export_is_imported_and_not_repeated(
    ci: Ci, source: Site, target: Site, system: str
) -> None:
    for name, digest in digests(target).items():
        target.registry_client.delete(name.partition(":")[0], digest)
    ci.run_id = {"github": 101, "azure-pipelines": 201}[system]
    ci.run(f"{system}-export.yml")
    kept = ci.artifacts[str(ci.run_id)]
    blob = f"nightly{ci.run_id}.tar"
    assert sorted(path.name for path in kept.iterdir()) == ["manifest.json", blob]
    assert results(kept / "manifest.json") == ["exported", "exported"]

    imported = ci.run(f"{system}-import.yml")
    assert digests(target) == digests(source)
    [token] = ci.masked
    assert "sig=" in token
    assert "".join(imported).count(token) == 1  # where it is masked
    [run] = [run for run in target.resource("pipelineRuns")["value"] if blob in str(run)]
    assert run["name"].startswith("autoimport_")

    shutil.rmtree(ci.folder / "transfer")
    ci.run_id += 1
    assert NOTHING_LEFT in "".join(ci.run(f"{system}-export.yml"))
    assert results(ci.artifacts[str(ci.run_id)] / "manifest.json") == ["skipped", "skipped"]


@pytest.mark.parametrize("system", ["github", "azure-pipelines"])
def test_a_canceled_export_is_resumed(ci_az: Terminal, ci: Ci, source: Site, system: str) -> None:
    ci_az.cloud.control("runs", seconds=5)
    ci.run_id = {"github": 301, "azure-pipelines": 401}[system]
    look = ("GET", source.id_of(f"pipelineRuns/nightly{ci.run_id}"))

    def cancel(process: subprocess.Popen[str]) -> None:
        if "--skip" in str(process.args):
            eventually(lambda: look in ci_az.cloud.requests() or None)
            interrupt(process)

    ci.watch = cancel
    with pytest.raises(AssertionError, match="still in progress"):
        ci.run(f"{system}-export.yml")
    canceled, ci.resume = ci.run_id, str(ci.run_id)
    assert results(ci.artifacts[ci.resume] / "manifest.json") == ["unknown", "unknown"]

    shutil.rmtree(ci.folder / "transfer")
    ci.watch, ci.run_id = lambda _: None, canceled + 1
    ci.run(f"{system}-export.yml")
    kept = ci.artifacts[str(ci.run_id)]
    assert results(kept / "manifest.json") == ["exported", "exported"]
    assert (kept / f"nightly{canceled}.tar").stat().st_size > 0


def test_a_transfer_is_tested_without_azure(ci: Ci, program: Path, tmp_path: Path) -> None:
    shutil.copy(JOBS / "transfer-test.sh", ci.folder)
    programs = [program.parent, Path(sys.executable).parent, ROOT / ".tools/debian/root/bin"]
    ci.environment = bare_environment(tmp_path) | {
        "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
        "ACR_EMULATOR_TOOLS": str(ROOT / ".tools"),
        "AZURE_EXTENSION_DIR": str(tmp_path / "extensions"),
    }
    [transferred] = ci.run("github-without-azure.yml")
    assert transferred.splitlines()[-1].split()[:2] == ["present", "samples/notes:1.0"]


@pytest.mark.parametrize("file", sorted(JOBS.glob("*.yml")), ids=lambda file: file.name)
def test_every_script_is_strict_and_has_no_expression(file: Path) -> None:
    """A value in a script could be code; each script ends at the first command that fails."""
    for script in scripts(file.name):
        assert "${{" not in script
        checked = run(bare_environment(Path.home()), "bash", "-n", "-c", script)
        assert checked.exit_code == 0, checked.stderr
        for line in script.replace("\\\n", "").splitlines():
            shlex.split(line, comments=True)
