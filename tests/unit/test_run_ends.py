"""How a run ended: the same for every command, whatever words the service has for it."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.containerregistry.models import PipelineRun

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.kinds import EXPORT, PipelineKind
from azext_acrtransfer.manifest.model import Result
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.records import records_of
from azext_acrtransfer.transfer.specs import RunSpec
from tests.support.fake_time import FakeTime
from tests.support.wording import UNKNOWN_FAILURE
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, pipeline, run
from tests.unit.fake_runs import RUNS, UNDER_WAY

RUN = f"{RUNS}/myrun01"
ERROR = "samples/hello:v1: not found"


def ended(
    kind: PipelineKind, state: str, response: str | None, **more: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run that is in progress, and the same run once it has ended like this."""
    in_progress = run(kind, **UNDER_WAY)
    over = run(kind, provisioningState=state)
    over["properties"]["response"] |= {"status": response, **more}
    return in_progress, over


CASES: dict[str, tuple[tuple[str, str | None], dict[str, Any], RunStatus]] = {
    "succeeded": (("Succeeded", "Succeeded"), {}, RunStatus.SUCCEEDED),
    "succeeded without a status": (("Succeeded", None), {}, RunStatus.SUCCEEDED),
    "succeeded with an error": (
        ("Succeeded", "Succeeded"),
        {"pipelineRunErrorMessage": ERROR},
        RunStatus.PARTLY_FAILED,
    ),
    "failed in part": (
        ("Failed", "Failed"),
        {"pipelineRunErrorMessage": ERROR, "importedArtifacts": ["samples/hello:v2"]},
        RunStatus.PARTLY_FAILED,
    ),
    "failed": (("Failed", "Failed"), {"pipelineRunErrorMessage": ERROR}, RunStatus.FAILED),
    "failed in its response": (("Succeeded", "Failed"), {}, RunStatus.FAILED),
    "canceled": (("Canceled", None), {}, RunStatus.CANCELED),
    "canceled in its response": (("Succeeded", "Canceled"), {}, RunStatus.CANCELED),
    "undocumented": (("Succeeded", "Completed"), {}, RunStatus.UNKNOWN),
}
End = tuple[dict[str, Any], dict[str, Any], RunStatus]


@pytest.fixture(params=CASES)
def end(request: pytest.FixtureRequest, kind: PipelineKind) -> End:
    """A run in progress, the same after its end, and its status then."""
    words, more, status = CASES[request.param]
    return *ended(kind, *words, **more), status


def exit_code(status: RunStatus) -> int:
    return 0 if status is RunStatus.SUCCEEDED else 1


@pytest.mark.parametrize("polls", [0, 1])
@pytest.mark.usefixtures("fake_time")
def test_create_succeeds_only_with_all(
    az: Az, service: Service, kind: PipelineKind, end: End, polls: int
) -> None:
    in_progress, over, status = end
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/mypipeline", pipeline(kind))
    service.answers("PUT", RUN, in_progress if polls else over)
    for _ in range(polls):
        service.answers("GET", RUN, over)
    words = ["-n", "myrun01", "-p", "mypipeline", "-t", kind.name, "-b", "myblob"]
    artifacts = ["-a", "samples/hello:v1"] if kind is EXPORT else []
    result = az("acr", "pipeline-run", "create", *WHERE, *words, *artifacts)
    assert (result.exit_code, bool(result.stdout)) == (
        exit_code(status),
        status is RunStatus.SUCCEEDED,
    )
    assert ("The pipeline run 'myrun01' failed: " in result.stderr) is bool(exit_code(status))


@pytest.mark.parametrize("condition", ["--created", "--updated"])
def test_wait_succeeds_only_with_all(
    az: Az, service: Service, fake_time: FakeTime, end: End, condition: str
) -> None:
    in_progress, over, status = end
    service.answers("GET", RUN, in_progress)
    service.answers("GET", RUN, over)
    result = az("acr", "pipeline-run", "wait", *WHERE, "-n", "myrun01", condition)
    assert (result.exit_code, result.stdout) == (exit_code(status), "")
    assert fake_time.now == pytest.approx(5)
    assert (UNKNOWN_FAILURE in result.stderr) is bool(result.exit_code)


def test_show_explains_what_did_not_succeed(az: Az, service: Service, end: End) -> None:
    _, over, status = end
    service.answers("GET", RUN, over)
    result = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01")
    assert (result.exit_code, result.json["name"]) == (0, "myrun01")
    assert (UNKNOWN_FAILURE in result.stderr) is bool(exit_code(status))


def test_table_shows_the_status(az: Az, service: Service, end: End) -> None:
    in_progress, over, status = end
    service.answers("GET", RUNS, {"value": [in_progress, over]})
    result = az("acr", "pipeline-run", "list", *WHERE, "--query", "[].name", "-o", "tsv")
    assert result.stdout == "myrun01\n"  # by its ID, a run is listed once

    service.answers("GET", RUNS, {"value": [over]})
    row = az("acr", "pipeline-run", "list", *WHERE, "-o", "table").stdout.splitlines()[2]
    assert status.value in row.split()


@pytest.mark.parametrize("chosen", RunStatus)
def test_list_chooses_by_the_status(az: Az, service: Service, end: End, chosen: RunStatus) -> None:
    _, over, status = end
    service.answers("GET", RUNS, {"value": [over]})
    result = az("acr", "pipeline-run", "list", *WHERE, "--status", chosen.value)
    names = [listed["name"] for listed in result.json]
    assert (result.exit_code, names) == (0, ["myrun01"] if chosen.includes(status) else [])


def test_clean_takes_what_list_calls_failed(az: Az, service: Service, end: End) -> None:
    _, over, status = end
    service.answers("GET", RUNS, {"value": [over]})
    result = az("acr", "pipeline-run", "clean", *WHERE, "--dry-run")
    names = [listed["name"] for listed in result.json]
    failed = RunStatus.FAILED.includes(status)
    assert (result.exit_code, names) == (0, ["myrun01"] if failed else [])


def test_manifest_records_the_status(end: End) -> None:
    _, over, status = end
    spec = RunSpec(EXPORT, "myrun01", "myblob", (Artifact("samples/hello", "v1"),))
    [record] = records_of([Outcome(spec, PipelineRun(over))], options=None, contents={})
    [(result, _)] = record.results.values()
    assert (record.run.status, result) == (
        status.value,
        {RunStatus.SUCCEEDED: Result.EXPORTED, RunStatus.UNKNOWN: Result.UNKNOWN}.get(
            status, Result.FAILED
        ),
    )
