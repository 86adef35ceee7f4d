"""Waiting for a run: how soon az sees its end, what it shows meanwhile, and Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import sys
import termios
import time

import isodate
import pytest
from azure.identity import EnvironmentCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import PipelineRun

from tests.support.cloud import Json, eventually
from tests.support.site import GROUP, Site
from tests.support.terminal import Terminal, ctrl_c, ended
from tests.support.wording import AUTHENTICATION, STILL_IN_PROGRESS, TO_RESUME

#: How long after the end of its run the SDK's poller, which polls every 30 s, is watched.
WATCHED = 10.0


@pytest.fixture
def pipeline(az: Terminal, site: Site) -> Json:
    """An export pipeline whose runs take 3 s."""
    site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    az.cloud.control("runs", seconds=3)
    return site.pipeline("export")


def creating(site: Site, run: str = "myrun01") -> str:
    """The command that runs the pipeline."""
    return (
        f"acr pipeline-run create {site.args} --name {run} --pipeline mypipeline "
        f"--pipeline-type export --storage-blob {run} --artifacts samples/hello:1.0"
    )


def since_end(run: Json) -> float:
    """Seconds since a run ended on the service, which lives in the same time."""
    ended_at = isodate.parse_datetime(run["response"]["finishTime"])
    return time.time() - float(ended_at.timestamp())


def test_az_notices_the_end_of_a_run_before_the_poller_of_the_sdk(
    az: Terminal,
    site: Site,
    pipeline: Json,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in az.cloud.environment.items():
        monkeypatch.setenv(name, value)
    with ContainerRegistryManagementClient(
        EnvironmentCredential(), az.cloud.environment["AZURE_SUBSCRIPTION_ID"]
    ) as client:
        request = {
            "pipelineResourceId": pipeline["id"],
            "artifacts": ["samples/hello:1.0"],
            "target": {"type": "AzureStorageBlob", "name": "sdkrun"},
        }
        body = PipelineRun({"properties": {"request": request}})
        poller = client.pipeline_runs.begin_create(GROUP, site.registry, "sdkrun", body)

        by_az = since_end(az.ok(creating(site)).json)

        ended_at = site.finished("sdkrun")
        poller.wait(WATCHED - since_end(ended_at))
        by_sdk = since_end(ended_at)
        waits_still = not poller.done()
    with capsys.disabled():
        sys.stdout.write(
            f"\nseconds from the end of a run to the end of the wait for it: az {by_az:.2f}, "
            f"the SDK's poller more than {by_sdk:.2f}\n"
        )
    assert by_az < 1.5
    assert waits_still
    assert by_sdk >= WATCHED


@pytest.mark.usefixtures("pipeline")
def test_ctrl_c_stops_the_waiting_and_not_the_run(az: Terminal, site: Site) -> None:
    az.cloud.control("runs", seconds=20)  # on a busy machine az takes seconds to end
    process = az.start(creating(site))
    polled = ("GET", site.id_of("pipelineRuns/myrun01"))
    eventually(lambda: polled in az.cloud.requests() or None)
    stopped = ctrl_c(process)
    assert (stopped.exit_code, stopped.stdout) == (1, "")
    assert "Stopped waiting. The pipeline run 'myrun01' is still in progress." in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert site.resource("pipelineRuns/myrun01")["properties"]["response"]["status"] == "Running"

    command = stopped.stderr.partition(f"{TO_RESUME}\n")[2].splitlines()[0]
    waited = az.type(command)
    assert waited.exit_code == 0, waited.stderr
    assert site.finished("myrun01")["response"]["status"] == "Succeeded"
    assert site.blobs == ["myrun01"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_command(
    az: Terminal, site: Site, pipeline: Json, stop: signal.Signals
) -> None:
    az.cloud.control("runs", seconds=60)
    site.run("myrun01", pipeline, "myrun01", "samples/hello:1.0")
    process = az.start(f"acr pipeline-run wait {site.args} --name myrun01 --created")
    polled = ("GET", site.id_of("pipelineRuns/myrun01"))
    eventually(lambda: polled in az.cloud.requests() or None)
    os.killpg(process.pid, stop)
    stopped = ended(process)
    assert (stopped.exit_code, stopped.stdout) == (1, "")
    assert "Traceback" not in stopped.stderr
    assert site.resource("pipelineRuns/myrun01")["properties"]["response"]["status"] == "Running"
    site.resource("pipelineRuns/myrun01", "DELETE")


def test_a_timeout_stops_the_waiting_and_not_the_runs(
    az: Terminal, site: Site, pipeline: Json
) -> None:
    tags = [f"{number}.0" for number in range(51)]
    site.registry_client.push("samples/many", *tags, layer=b"many")
    assert pipeline["name"] == "mypipeline"
    create = creating(site).replace("samples/hello:1.0", "'samples/many:*'")
    stopped = az(f"{create} --max-concurrent-runs 1 --timeout 1")
    assert (stopped.exit_code, [run["name"] for run in stopped.json]) == (1, ["myrun01001"])
    assert "1 of 2 runs weren't created: 'myrun01002'." in stopped.stderr
    assert f"Stopped waiting after 1 seconds. {STILL_IN_PROGRESS} 'myrun01001'." in stopped.stderr

    [rest, resume] = [line for line in stopped.stderr.splitlines() if line.startswith("az acr")]
    for command in (resume, rest):
        assert az.type(command).exit_code == 0
    assert site.blobs == ["myrun01-001", "myrun01-retry"]


def until_next_second() -> None:
    """Wait for the next second: storage has whole ones, and a run has fractions."""
    now = int(time.time())
    eventually(lambda: int(time.time()) > now or None)


def test_wait_for_the_run_that_a_source_trigger_starts(az: Terminal, site: Site) -> None:
    site.registry_client.push("samples/hello", "1.0", layer=b"hello")
    site.pipeline("export", mode="ManagedIdentity", options=("OverwriteBlobs",))
    az.ok(creating(site, "images"))
    importing = site.pipeline("import", "myimport", mode="ManagedIdentity")["properties"]
    importing["trigger"] = {"sourceTrigger": {"status": "Enabled"}}
    importing["options"] = ["OverwriteTags"]
    body = {"identity": {"type": "SystemAssigned"}, "properties": importing}
    site.resource("importPipelines/myimport", "PUT", body)
    wait = f"acr pipeline-run wait {site.args} --storage-blob images --interval 1 --timeout 60"

    for count in (1, 2):
        waited = az.ok(f"{wait} --pipeline myimport" if count == 1 else wait)
        assert (waited.stdout, waited.stderr) == ("", "")
        runs = [run for run in site.resource("pipelineRuns")["value"] if "_" in run["name"]]
        assert [run["properties"]["response"]["status"] for run in runs] == ["Succeeded"] * count
        # The same blob again: what imported it before doesn't count.
        blob = site.container.get_blob_client("images")
        metadata = blob.get_blob_properties().metadata
        until_next_second()
        blob.set_blob_metadata({**metadata, "again": str(count)})


@pytest.mark.usefixtures("pipeline")
def test_without_a_terminal_a_short_run_says_how_it_authenticates(az: Terminal, site: Site) -> None:
    silent = az.ok(f"{creating(site)} --only-show-errors")
    assert silent.stderr == ""
    assert az.ok(creating(site, "myrun02")).stderr == AUTHENTICATION


@pytest.mark.usefixtures("pipeline")
def test_on_a_terminal_state_and_percentage_and_seconds_are_shown(az: Terminal, site: Site) -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    process = az.start(creating(site), stderr=theirs)
    os.close(theirs)
    shown = everything(ours)
    assert ended(process).json["provisioningState"] == "Succeeded"
    assert re.search(r"\r\x1b\[K . Running, \d+ %, [12] s", shown), repr(shown)


def everything(terminal: int) -> str:
    """What was written to a terminal until nobody had it open any more."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        while piece := read(screen.fileno()):
            shown += piece
    return shown.decode()


def read(terminal: int) -> bytes:
    """What exists to read; nothing at the end, which Linux tells by an error."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
