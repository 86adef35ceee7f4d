"""Every row of the table of known failures: caused, explained, and fixed by what is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import isodate
import pytest

from tests.e2e import preflight
from tests.e2e.conftest import new_name
from tests.e2e.failed_runs import CASES, TYPED, Case
from tests.e2e.failed_triggers import CASES as TRIGGERS
from tests.e2e.failed_triggers import Cause, too_old
from tests.e2e.failing import ARTIFACT, BLOB, ROWS, RUN, Scene
from tests.support.cloud import Cloud, eventually
from tests.support.site import GROUP, Mode
from tests.support.terminal import Guest, Terminal

#: What is left to the user even by a command that knows the run and its pipeline.
OPEN = re.compile(r"\b(CONTAINER_URI|SECRET_URI)\b")


@pytest.fixture
def _account_open(cloud: Cloud) -> Iterator[None]:
    """Leave the account that all share open, whatever became of the test."""
    yield
    properties = {
        "networkAcls": {"defaultAction": "Allow"},
        "publicNetworkAccess": "Enabled",
        "allowSharedKeyAccess": True,
    }
    account = f"resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/mystorage"
    cloud.arm("PATCH", account, {"properties": properties})


@pytest.mark.usefixtures("_account_open")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_failed_run_is_explained_and_fixed_by_what_is_printed(az: Terminal, case: Case) -> None:
    scene = Scene.prepare(az.cloud, new_name(), case.kind, mode=case.mode, options=case.options)
    case.cause(scene)
    is_predicted = case.code in preflight.PREDICTED_BY
    finding = preflight.find(az, scene, case.code) if is_predicted else None
    failed = az(scene.command)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert "sig=" not in failed.stderr
    commands = scene.printed(case.code, failed)
    assert finding is None or finding["recommendation"] == (
        TYPED[case.typed](commands) or [f"# {ROWS[case.code].remedy.advice(with_rerun=False)}"]
    )
    paste(az, scene, TYPED[case.typed](commands))
    case.then(scene)
    if is_predicted:
        preflight.passes(az, scene, case.code)
    response = scene.run_again()
    assert response["status"] == "Succeeded", response
    if case.kind == "import":
        assert response["importedArtifacts"] == [ARTIFACT]


def paste(az: Terminal, scene: Scene, commands: list[str]) -> None:
    """Type commands as they were printed, with what the user has to fill in."""
    facts = scene.facts
    script = OPEN.sub(lambda word: facts[word[0].replace("_", "-").lower()], "\n".join(commands))
    fixed = az.type(script)
    assert fixed.exit_code == 0, (script, fixed.stderr)


def test_an_export_pipeline_that_the_policy_forbids(az: Terminal) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    path = f"exportPipelines/{scene.pipeline['name']}"
    scene.site.resource(path, "DELETE")
    properties = {
        "publicNetworkAccess": "Disabled",
        "policies": {"exportPolicy": {"status": "disabled"}},
    }
    registry = f"Microsoft.ContainerRegistry/registries/{scene.site.registry}"
    scene.site.arm("PATCH", registry, {"properties": properties})
    create = (
        f"acr export-pipeline create {scene.site.args} --name {scene.pipeline['name']} "
        f"--storage-container-uri {scene.site.container_uri} --secret-uri {scene.site.secret_uri}"
    )
    finding = preflight.find(az, scene, "exports-disabled")
    failed = az(create)
    assert (failed.exit_code, failed.stdout) == (1, "")
    commands = scene.printed("exports-disabled", failed)
    assert finding["recommendation"] == commands
    paste(az, scene, commands)
    az.ok(create)
    scene.pipeline = scene.site.resource(path)
    scene.grant()
    preflight.passes(az, scene, "exports-disabled")
    assert scene.run_again()["status"] == "Succeeded"


def test_more_artifacts_than_a_run_takes(az: Terminal) -> None:
    """The commands make several runs of them; whoever requests more is refused."""
    scene = Scene.prepare(az.cloud, new_name())
    tags = [f"tag{number}" for number in range(51)]
    scene.site.registry_client.push("samples/hello", *tags, layer=b"hello")
    scene.artifacts = tuple(f"samples/hello:{tag}" for tag in tags)
    row = ROWS["too-many-artifacts"]
    assert preflight.find(az, scene, row.code)["recommendation"] == [f"# {row.remedy.advice()}"]
    with pytest.raises(AssertionError) as refusal:
        scene.run_again()
    assert row.says
    assert row.says.search(str(refusal.value))
    runs = az.ok(scene.command).json
    assert [len(run["request"]["artifacts"]) for run in runs] == [50, 1]


@pytest.mark.parametrize("verb", ["create", "list"])
def test_a_caller_without_a_role(az: Terminal, guest: Guest, verb: str) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    line = scene.command if verb == "create" else f"acr pipeline-run list {scene.site.args}"
    failed = guest(line)
    assert (failed.exit_code, failed.stdout) == (1, "")
    commands = scene.printed("caller-not-allowed", failed)
    assert f"--assignee {guest.login['id']}" in commands[0]
    checked = guest(scene.check)
    assert (checked.exit_code, {finding["status"] for finding in checked.json}) == (4, {"unknown"})
    assert "Microsoft.ContainerRegistry/registries/read" in checked.stdout
    guest.gets("Reader", scene.site.id_of(""))
    finding = preflight.find(guest, scene, "caller-not-allowed")
    assert finding["recommendation"] == [
        commands[0].replace(guest.login["id"], guest.login["appId"])
    ]
    paste(az, scene, commands)
    preflight.passes(guest, scene, "caller-not-allowed")
    allowed = guest(line)
    assert allowed.exit_code == 0, allowed.stderr


def test_an_identical_run(az: Terminal) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    scene.site.run(RUN, scene.pipeline, BLOB, ARTIFACT)
    finished = isodate.parse_datetime(scene.site.finished(RUN)["response"]["finishTime"])
    # Whether a run is an old one is decided by whole seconds.
    eventually(lambda: datetime.now(timezone.utc) > finished + timedelta(seconds=3) or None)
    scene.site.container.delete_blob(BLOB)
    again = az.ok(scene.command)
    assert ROWS["identical-run"].quote.replace("run01", RUN) in again.stderr
    assert isodate.parse_datetime(again.json["response"]["finishTime"]) == finished
    assert scene.site.blobs == []
    az.ok(f"{scene.command} --force-redeploy")
    assert scene.site.blobs == [BLOB]


def test_a_run_that_a_restart_interrupts(own_az: Terminal) -> None:
    scene = Scene.prepare(own_az.cloud, "interrupted", options=("OverwriteBlobs",))
    own_az.cloud.control("runs", seconds=600)
    scene.site.run(RUN, scene.pipeline, BLOB, ARTIFACT)
    own_az.cloud.stop()
    own_az.cloud.start()
    failed = own_az(f"acr pipeline-run wait {scene.site.args} --name {RUN} --created")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert scene.printed("interrupted", failed) == []
    own_az.ok(f"{scene.command} --force-redeploy")


def test_a_fault_of_storage_itself(own_az: Terminal) -> None:
    """Azurite answers 500 for a blob whose content is not on its disk."""
    scene = Scene.prepare(own_az.cloud, "storagefault", "import")
    [content] = own_az.cloud.state.glob("blobs/*/__blobstorage__")
    content.rename(content.with_name("elsewhere"))
    failed = own_az(scene.command)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert scene.printed("storage-server-error", failed) == []
    content.with_name("elsewhere").rename(content)
    assert scene.run_again()["status"] == "Succeeded"


@pytest.mark.parametrize(("code", "mode", "cause"), TRIGGERS, ids=[row[0] for row in TRIGGERS])
def test_a_trigger_that_does_not_fire(
    request: pytest.FixtureRequest, code: str, mode: Mode, cause: Cause
) -> None:
    """The documentation's commands are typed here: nothing is ever printed."""
    # Who sets a clock forward has a cloud to himself.
    az: Terminal = request.getfixturevalue("own_az" if cause is too_old else "az")
    az.cloud.control("trigger", seconds=0.1)
    scene = Scene.prepare(az.cloud, new_name(), "import", mode=mode)
    scene.trigger = "Enabled"
    reason = cause(scene)
    scene.put_pipeline()

    def reported() -> bool | None:
        reasons = az.cloud.status()["trigger"]["reasons"].get(scene.pipeline["id"], {})
        return str(reasons.get(BLOB, reasons.get("", ""))).startswith(reason) or None

    def triggered() -> list[str]:
        runs = scene.site.resource("pipelineRuns")["value"]
        return [run["name"] for run in runs if "_" in run["name"]]

    assert eventually(reported)
    assert triggered() == []
    finding = preflight.find(az, scene, code)
    commands = ROWS[code].remedy.steps(scene.facts)
    assert [re.sub(r"\d{4}-\d\d-\d\d", "DATE", line) for line in finding["recommendation"]] == [
        re.sub(r"\d{4}-\d\d-\d\d", "DATE", line) for line in commands
    ]
    paste(az, scene, commands)
    [run] = eventually(lambda: triggered() or None)
    assert scene.site.finished(run)["response"]["importedArtifacts"] == [ARTIFACT]
    if cause is too_old:  # storage stamps blobs in real time, to which a restart returns
        az.cloud.stop()
        az.cloud.start()
    preflight.passes(az, scene, code)
