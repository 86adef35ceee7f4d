"""More than a run takes, by one command: chosen by globs and files, split, retried, imported."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.support.cloud import eventually
from tests.support.site import Site
from tests.support.terminal import Terminal, ctrl_c, ended
from tests.support.wording import NO_NEW_RUN, STILL_IN_PROGRESS, TO_RESUME


def push_tags(site: Site, repository: str, *tags: str) -> list[str]:
    """Have an artifact with many tags; as references."""
    site.registry_client.push(repository, *tags, layer=repository.encode())
    return [f"{repository}:{tag}" for tag in tags]


def create(site: Site, more: str, kind: str = "export", name: str = "myrun") -> str:
    """A line that runs a pipeline as often as it takes."""
    return f"acr pipeline-run create {site.args} -n {name} -p my{kind} -t {kind} {more}"


def test_artifacts_of_globs_and_a_file_make_the_round_trip_in_three_runs(
    az: Terminal, site: Site, tmp_path: Path
) -> None:
    many = push_tags(site, "samples/many", *(f"v{number:03}" for number in range(90)), "v1-debug")
    tools = push_tags(site, "team/deep/tools", *(f"v2.{number}" for number in range(12)), "v1.0")
    [hello] = push_tags(site, "hello", "latest")
    site.pipeline("export", "myexport")
    file = tmp_path / "artifacts.txt"
    file.write_text("# of the team, whatever its depth\nteam/**:v2.*\nhello  # by its tag latest\n")
    line = create(site, f"-b myblob -a samples/*:v* {many[7]} @{file} --exclude **:*-debug")

    az.cloud.control("reset")
    planned = az.ok(f"{line} --dry-run").json
    chosen = [*many[:90], *sorted(tools[:12]), hello]
    assert [artifact for run in planned for artifact in run["artifacts"]] == chosen
    assert [(run["name"], run["blob"], len(run["artifacts"])) for run in planned] == [
        ("myrun001", "myblob-001", 50),
        ("myrun002", "myblob-002", 50),
        ("myrun003", "myblob-003", 3),
    ]
    assert {method for method, _ in az.cloud.requests()} == {"GET"}
    assert site.blobs == []

    runs = az.ok(line).json
    assert [(run["name"], run["request"]["artifacts"]) for run in runs] == [
        (run["name"], run["artifacts"]) for run in planned
    ]
    assert {run["response"]["status"] for run in runs} == {"Succeeded"}
    assert site.blobs == ["myblob-001", "myblob-002", "myblob-003"]

    site.pipeline("import", "myimport")
    imported = az.ok(create(site, "-b myblob-* myblob-001", "import", "bring")).json
    assert [run["name"] for run in imported] == ["bring001", "bring002", "bring003"]
    came = [artifact for run in imported for artifact in run["response"]["importedArtifacts"]]
    assert sorted(came) == sorted(chosen)


def test_what_did_not_go_goes_by_the_command_that_is_printed(az: Terminal, site: Site) -> None:
    there = push_tags(site, "samples/many", *(f"v{number}" for number in range(51)))
    site.pipeline("export", "myexport")
    references = [*there[:50], "samples/late:v1", there[50]]
    failed = az(create(site, f"-b 'my blob' -a {' '.join(references)} -o json"))
    states = [(run["name"], run["response"]["status"]) for run in failed.json]
    assert (failed.exit_code, states) == (1, [("myrun001", "Succeeded"), ("myrun002", "Failed")])
    assert "1 of 2 runs failed:\nmyrun002: Artifact 'samples/late:v1' was not " in failed.stderr
    assert "Not exported:\n  samples/late:v1\n  samples/many:v50\n" in failed.stderr

    # It succeeds, because it leaves out what doesn't exist.
    again = az.type(failed.stderr.splitlines()[-1])
    assert (again.exit_code, again.json["name"]) == (0, "myrunretry")
    assert again.json["request"]["artifacts"] == ["samples/many:v50"]
    assert site.blobs == ["my blob-001", "my blob-retry"]


def test_being_throttled_again_and_again_fails_nothing(az: Terminal, site: Site) -> None:
    references = push_tags(site, "samples/many", *(f"v{number}" for number in range(101)))
    site.pipeline("export", "myexport")
    more_than_the_sdk_bears = 3 * 4 + 1
    fault = {"status": 429, "method": "PUT", "path": "pipelineRuns/"}
    wait = {"Retry-After": "1"}
    az.cloud.control("faults", **fault, count=more_than_the_sdk_bears, headers=wait)
    runs = az.ok(create(site, f"-b myblob -a {' '.join(references)}")).json
    assert [run["response"]["status"] for run in runs] == ["Succeeded"] * 3
    sent = [method for method, path in az.cloud.requests() if "pipelineRuns/" in path]
    assert sent.count("PUT") == more_than_the_sdk_bears + 3


def test_several_that_are_not_waited_for(az: Terminal, site: Site) -> None:
    references = push_tags(site, "samples/many", *(f"v{number}" for number in range(51)))
    site.pipeline("export", "myexport")
    begun = az.ok(create(site, f"-b myblob -a {' '.join(references)} --no-wait"))
    assert [run["name"] for run in begun.json] == ["myrun001", "myrun002"]
    for name in ("myrun001", "myrun002"):
        assert site.finished(name)["response"]["status"] == "Succeeded"


def test_ctrl_c_stops_the_waiting_for_several_and_none_of_them(az: Terminal, site: Site) -> None:
    references = push_tags(site, "samples/many", *(f"v{number}" for number in range(51)))
    site.pipeline("export", "myexport")
    az.cloud.control("runs", seconds=4)
    process = az.start(create(site, f"-b myblob -a {' '.join(references)}"))
    look = ("GET", site.id_of("pipelineRuns"))
    eventually(lambda: look in az.cloud.requests() or None)
    stopped = ctrl_c(process)
    states = [(run["name"], run["response"]["status"]) for run in stopped.json]
    assert (stopped.exit_code, states) == (1, [("myrun001", "Running"), ("myrun002", "Running")])
    message = f"Stopped waiting. {STILL_IN_PROGRESS} 'myrun001', 'myrun002'."
    assert message in stopped.stderr
    assert "Traceback" not in stopped.stderr
    az.type("\n".join(stopped.stderr.splitlines()[-2:]))
    assert site.blobs == ["myblob-001", "myblob-002"]


def results(manifest: Path) -> list[str]:
    """The result of each artifact of a manifest."""
    return [artifact["result"] for artifact in json.loads(manifest.read_text())["artifacts"]]


def test_the_manifest_of_a_cancelled_job_is_completed_by_wait(
    az: Terminal, site: Site, tmp_path: Path
) -> None:
    artifacts = push_tags(site, "samples/many", *(f"v{number}" for number in range(51)))
    site.pipeline("export", "myexport")
    az.cloud.control("runs", seconds=4)
    manifest = tmp_path / "manifest.json"
    process = az.start(create(site, f"-b myblob -a {' '.join(artifacts)} --manifest {manifest}"))
    look = ("GET", site.id_of("pipelineRuns"))
    eventually(lambda: look in az.cloud.requests() or None)
    os.killpg(process.pid, signal.SIGTERM)
    stopped = ended(process)
    assert (stopped.exit_code, results(manifest)) == (1, ["unknown"] * 51)
    assert "Traceback" not in stopped.stderr
    how, command = stopped.stderr.splitlines()[-2:]
    assert (how, command) == (
        TO_RESUME,
        f"az acr pipeline-run wait --manifest {manifest}",
    )
    waited = az.ok("acr pipeline-run wait --manifest " + str(manifest))
    assert (waited.stdout, results(manifest)) == ("", ["exported"] * 51)


def test_the_manifest_of_an_export_that_is_repeated_stays_as_it_is(
    az: Terminal, site: Site, tmp_path: Path
) -> None:
    [artifact] = push_tags(site, "samples/many", "v1")
    site.pipeline("export", "myexport")
    manifest = tmp_path / "manifest.json"
    line = create(site, f"-b myblob -a {artifact} --manifest {manifest}")
    az.ok(line)
    before = json.loads(manifest.read_text())
    site.registry_client.push("samples/many", "v1", layer=b"pushed since")
    assert NO_NEW_RUN in az.ok(line).stderr
    assert json.loads(manifest.read_text()) | {"created": before["created"]} == before
