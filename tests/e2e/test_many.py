"""Many at once: artifacts in a run, and runs at the same time."""

from __future__ import annotations

from tests.support.site import Site
from tests.support.terminal import Terminal, ended


def test_fifty_artifacts_go_in_one_run(az: Terminal, site: Site) -> None:
    registry = site.registry_client
    references = [f"samples/many:{number}" for number in range(50)]
    for number in range(50):
        registry.push("samples/many", str(number), layer=f"layer {number}".encode())
    pipeline = site.pipeline("export")
    create = f"acr pipeline-run create {site.args} -n myrun01 -p mypipeline -t export -b myblob -a "
    exported = az.ok(create + " ".join(references)).json
    assert exported["response"]["status"] == "Succeeded"
    # The same pipeline's blob holds all of them: import it, too.
    importing = site.pipeline("import", "importer")
    site.run("myrun02", importing, "myblob")
    imported = site.finished("myrun02")["response"]["importedArtifacts"]
    assert sorted(imported) == sorted(references)
    assert pipeline["name"] == "mypipeline"


def test_two_runs_at_the_same_time(az: Terminal, site: Site) -> None:
    site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    site.pipeline("export")
    az.cloud.control("runs", seconds=2)
    processes = [
        az.start(
            f"acr pipeline-run create {site.args} -n {run} -p mypipeline -t export -b {run} "
            "-a samples/hello:1.0"
        )
        for run in ("firstrun", "secondrun")
    ]
    results = [ended(process) for process in processes]
    assert [result.exit_code for result in results] == [0, 0]
    responses = [result.json["response"] for result in results]
    assert [response["status"] for response in responses] == ["Succeeded", "Succeeded"]
    # Both were in progress at one time.
    assert max(each["startTime"] for each in responses) < min(
        each["finishTime"] for each in responses
    )
    assert sorted(site.blobs) == ["firstrun", "secondrun"]
