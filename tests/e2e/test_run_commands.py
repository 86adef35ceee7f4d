"""Every command and option of pipeline-run, in a real az."""

from __future__ import annotations

import time

import isodate
import pytest

from tests.support.cloud import Json, eventually
from tests.support.site import Site
from tests.support.terminal import Terminal


@pytest.fixture
def pipeline(site: Site) -> Json:
    """An export pipeline that may do its work, with something to export."""
    site.registry_client.push("samples/hello", "latest", "1.0", layer=b"hello")
    return site.pipeline("export")


@pytest.mark.usefixtures("pipeline")
def test_create_returns_the_finished_run(az: Terminal, site: Site) -> None:
    digest = site.registry_client.digest("samples/hello", "1.0")
    created = az.ok(
        f"acr pipeline-run create {site.args} --name myrun01 --pipeline mypipeline "
        "--pipeline-type export --storage-blob folder/myblob "
        f"--artifacts samples/hello samples/hello:1.0 samples/hello@{digest} --force-redeploy"
    )
    answer = created.json
    assert answer["forceUpdateTag"]
    assert answer["request"] == {
        "artifacts": ["samples/hello:latest", "samples/hello:1.0", f"samples/hello@{digest}"],
        "catalogDigest": None,
        "pipelineResourceId": site.id_of("exportPipelines/mypipeline"),
        "source": None,
        "target": {"name": "folder/myblob", "type": "AzureStorageBlob"},
    }
    assert (answer["provisioningState"], answer["response"]["status"]) == ("Succeeded",) * 2
    assert answer["response"]["target"]["uri"] == f"{site.container_uri}/folder/myblob"
    assert site.blobs == ["folder/myblob"]
    assert az.ok(f"acr pipeline-run show {site.args} --name myrun01").json == answer


@pytest.mark.usefixtures("pipeline")
def test_the_same_create_runs_nothing_until_it_is_forced(az: Terminal, site: Site) -> None:
    create = (
        f"acr pipeline-run create -r {site.registry} -n myrun01 -p mypipeline -t EXPORT "
        "-b myblob -a samples/hello"
    )
    first = az.ok(create).json
    finished = isodate.parse_datetime(first["response"]["finishTime"]).timestamp()
    # The service tells the time of its answers in whole seconds: an end just now is not yet old.
    eventually(lambda: time.time() - finished > 3 or None)
    again = az.ok(create)
    assert again.json == first
    assert "--force-redeploy" in again.stderr
    forced = az(f"{create} -f")
    assert forced.exit_code == 1
    assert "Blob 'myblob' already exists" in forced.stderr
    assert "--add options OverwriteBlobs" in forced.stderr


def test_list_keeps_the_order_of_the_service(az: Terminal, site: Site, pipeline: Json) -> None:
    for number in (1, 2, 3):
        site.run(f"myrun0{number}", pipeline, f"blob{number}", "samples/hello")
        site.finished(f"myrun0{number}")
    lines = az.ok(f"acr pipeline-run list {site.args} --output table").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["myrun01", "myrun02", "myrun03"]
    newest = az.ok(f"acr pipeline-run list {site.args} --top 2 --query [].name").json
    assert newest == ["myrun02", "myrun03"]
    lines = az.ok(f"acr pipeline-run show {site.args} --name myrun01 -o table").stdout.splitlines()
    assert lines[2].split()[0] == "myrun01"


def test_no_wait_and_wait(az: Terminal, site: Site, pipeline: Json) -> None:
    az.cloud.control("runs", seconds=2)
    run = f"{site.args} --name myrun01"
    begun = az.ok(
        f"acr pipeline-run create {run} --pipeline {pipeline['name']} --pipeline-type export "
        "--storage-blob myblob --artifacts samples/hello --no-wait"
    )
    assert begun.json["response"]["status"] == "Running"
    assert site.resource("pipelineRuns/myrun01")["properties"]["response"]["status"] == "Running"
    az.ok(f"acr pipeline-run wait {run} --exists")
    az.ok(f"acr pipeline-run wait {run} --created --interval 1 --timeout 30")
    assert site.resource("pipelineRuns/myrun01")["properties"]["response"]["status"] == "Succeeded"
    az.ok(f"acr pipeline-run wait {run} --custom \"response.progress.percentage=='100'\"")
    az.ok(f"acr pipeline-run wait {run} --updated")
    assert az.ok(f"acr pipeline-run delete {run} --no-wait").stdout == ""
    az.ok(f"acr pipeline-run wait {run} --deleted")


def test_wait_gives_up_with_an_error(az: Terminal, site: Site, pipeline: Json) -> None:
    az.cloud.control("runs", seconds=600)
    site.run("myrun01", pipeline, "myblob", "samples/hello")
    result = az(
        f"acr pipeline-run wait {site.args} --name myrun01 --created --interval 1 --timeout 2"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert "timed-out after 2 seconds" in result.stderr
    site.resource("pipelineRuns/myrun01", "DELETE")


def test_delete_undoes_nothing(az: Terminal, site: Site, pipeline: Json) -> None:
    site.run("myrun01", pipeline, "myblob", "samples/hello")
    site.finished("myrun01")
    assert az.ok(f"acr pipeline-run delete {site.args} --name myrun01").stdout == ""
    assert site.resource("pipelineRuns")["value"] == []
    assert site.blobs == ["myblob"]


def test_clean_deletes_the_failed_runs_and_only_those(
    az: Terminal, site: Site, pipeline: Json
) -> None:
    site.run("goodrun", pipeline, "myblob", "samples/hello")
    site.finished("goodrun")
    for name in ("badrun1", "badrun2"):
        site.run(name, pipeline, name, "samples/nothing")
        site.finished(name)
    dry = az.ok(f"acr pipeline-run clean {site.args} --dry-run").json
    assert dry == az.ok(f"acr pipeline-run list {site.args} --status Failed").json
    assert [run["name"] for run in dry] == ["badrun1", "badrun2"]
    assert len(site.resource("pipelineRuns")["value"]) == 3
    cleaned = az.ok(f"acr pipeline-run clean {site.args}").json
    assert cleaned == [{"error": None, "name": run["name"], "outcome": "Deleted"} for run in dry]
    assert [run["name"] for run in site.resource("pipelineRuns")["value"]] == ["goodrun"]


def test_clean_says_which_run_it_could_not_delete(az: Terminal, site: Site, pipeline: Json) -> None:
    for name in ("badrun1", "badrun2"):
        site.run(name, pipeline, name, "samples/nothing")
        site.finished(name)
    az.cloud.fault(403, "AuthorizationFailed", "badrun1$", method="DELETE")
    result = az(f"acr pipeline-run clean -r {site.registry}")
    assert result.exit_code == 1
    assert [(run["name"], run["outcome"]) for run in result.json] == [
        ("badrun1", "Failed"),
        ("badrun2", "Deleted"),
    ]
    assert "1 of 2 runs couldn't be deleted" in result.stderr


@pytest.fixture
def past_runs(site: Site) -> None:
    """Failed runs of an export pipeline, later one of an import pipeline of the same name."""
    day = 24 * 60 * 60
    for pipeline, prefix, count, apart, error in (
        (site.pipeline("export", "twopipelines"), "export", 5, day, "No."),
        (site.pipeline("import", "twopipelines"), "import", 1, 60, ""),
    ):
        past = {"pipeline": pipeline["id"], "prefix": prefix, "count": count, "error": error}
        site.cloud.control("past-runs", **past, apart=apart)
    site.cloud.control("pages", size=2)


@pytest.mark.usefixtures("past_runs")
def test_list_chooses_among_the_runs_of_all_pages(az: Terminal, site: Site) -> None:
    def names(options: str) -> object:
        return az.ok(f"acr pipeline-run list {site.args} {options} --query [].name").json

    assert names("--pipeline twoPipelines --top 2") == ["export000005", "import000001"]
    failed = [f"export00000{number}" for number in (1, 2, 3, 4, 5)]
    assert names("-p twopipelines --status Failed") == failed
    assert names("--status Running") == []


@pytest.mark.usefixtures("past_runs")
def test_clean_deletes_old_runs_and_those_it_cannot_it_names(az: Terminal, site: Site) -> None:
    az.cloud.fault(409, "Conflict", "export000002$", method="DELETE")
    result = az(f"acr pipeline-run clean {site.args} --pipeline twopipelines --older-than 1d")
    outcomes = [(run["name"], run["outcome"]) for run in result.json]
    assert (result.exit_code, outcomes) == (
        1,
        [
            ("export000001", "Deleted"),
            ("export000002", "Failed"),
            ("export000003", "Deleted"),
            ("export000004", "Deleted"),
        ],
    )
    assert (
        "ERROR: 1 of 4 runs couldn't be deleted:\nexport000002: (Conflict) Conflict, by order of "
        "a test."
    ) in result.stderr
    left = az.ok(f"acr pipeline-run list {site.args} --query [].name").json
    assert left == ["export000002", "export000005", "import000001"]


def test_a_run_of_a_pipeline_with_a_user_assigned_identity(
    az: Terminal, site: Site, pipeline: Json
) -> None:
    identity = az.ok(f"identity create -g mygroup -n {site.name}identity").json
    az.ok(f"acr export-pipeline update {site.args} -n {pipeline['name']} -i {identity['id']}")
    site.grant_secret({"identity": {"principalId": identity["principalId"]}})
    site.revoke_secret(pipeline)
    run = f"acr pipeline-run create {site.args} -n myrun01 -p mypipeline -t export -b myblob"
    assert az.ok(f"{run} -a samples/hello").json["response"]["status"] == "Succeeded"


@pytest.mark.parametrize("verb", ["show", "delete"])
def test_a_missing_run_is_exit_code_3(az: Terminal, site: Site, verb: str) -> None:
    result = az(f"acr pipeline-run {verb} {site.args} --name norun")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "norun" in result.stderr


def test_a_missing_pipeline_is_named(az: Terminal, site: Site) -> None:
    result = az(f"acr pipeline-run create {site.args} -n myrun01 -p nopipeline -t import -b myblob")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "import pipeline 'nopipeline'" in result.stderr
    assert site.resource("pipelineRuns")["value"] == []
