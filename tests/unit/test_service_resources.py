"""Requests for one resource: what counts as an answer when it took more than one try."""

from __future__ import annotations

import pytest

from azext_acrtransfer.kinds import EXPORT
from tests.support.fake_time import FakeTime
from tests.support.wording import TO_RESUME
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, Service, pipeline

PATH = f"{REGISTRY}/exportPipelines/mypipeline"
DELETE = ("acr", "export-pipeline", "delete", *WHERE, "-n", "mypipeline", "--only-show-errors")


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_delete_whose_answer_was_lost_has_deleted(az: Az, service: Service, status: int) -> None:
    service.answers("DELETE", PATH, {"error": {"code": "Lost", "message": "Lost"}}, status=status)
    service.answers("DELETE", PATH, status=204)
    result = az(*DELETE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_what_is_next_to_a_resource_is_in_the_answer_that_has_it(
    az: Az, service: Service, fake_time: FakeTime
) -> None:
    lost = {"error": {"code": "Lost", "message": "Lost"}}
    unfinished = pipeline(EXPORT, provisioningState="Creating")
    service.answers("PUT", PATH, lost, status=503, headers={"Retry-After": "1"})
    service.answers("PUT", PATH, unfinished, status=201, headers={"Retry-After": "30"})
    service.answers("GET", PATH, pipeline(EXPORT))
    container = ("-c", "https://mystorage.blob.core.windows.net/transfer")
    result = az("acr", "export-pipeline", "create", *WHERE, "-n", "mypipeline", *container)
    assert result.exit_code == 0
    assert fake_time.now == pytest.approx(1 + 30)


REFUSAL = {"error": {"code": "AuthorizationFailed", "message": "Not you."}}
CREATE = (
    *("acr", "export-pipeline", "create", *WHERE, "-n", "mypipeline"),
    *("-c", "https://mystorage.blob.core.windows.net/transfer"),
)
IN_PROGRESS = [
    "WARNING: The export pipeline 'mypipeline' is still in progress.",
    TO_RESUME,
    "az acr export-pipeline wait --created --resource-group mygroup --registry myregistry "
    "--name mypipeline",
]


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize(
    ("status", "exit_code", "lines"),
    [
        (403, 1, [*IN_PROGRESS, "ERROR: (AuthorizationFailed) Not you."]),
        (
            404,
            3,
            [
                "ERROR: The export pipeline 'mypipeline' wasn't found in registry 'myregistry' of "
                "resource group 'mygroup'. The service said: Not you."
            ],
        ),
    ],
)
def test_waiting_for_a_pipeline_ends_with_its_cause_and_how_to_resume(
    az: Az, service: Service, status: int, exit_code: int, lines: list[str]
) -> None:
    service.answers("PUT", PATH, pipeline(EXPORT, provisioningState="Creating"), status=201)
    service.answers("GET", PATH, REFUSAL, status=status)
    result = az(*CREATE)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr.splitlines()[: len(lines)] == lines


def test_a_list_of_runs_that_is_refused_is_an_error(az: Az, service: Service) -> None:
    service.answers("GET", f"{REGISTRY}/pipelineRuns", REFUSAL, status=403)
    result = az("acr", "pipeline-run", "list", *WHERE, "--only-show-errors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: (AuthorizationFailed) Not you.\nRequest: GET {ARM}{REGISTRY}/pipelineRuns\n"
    )
