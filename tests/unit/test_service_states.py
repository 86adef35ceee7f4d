"""States of pipelines, and of runs from the two words that the service has for them."""

from __future__ import annotations

import pytest
from azure.mgmt.containerregistry.models import PipelineRun

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.service.states import PipelineState, RunState

SUCCEEDED, FAILED, IN_PROGRESS = RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("state", "is_over", "has_failed"),
    [
        ("Succeeded", True, False),
        (None, True, False),
        ("Failed", True, True),
        ("Canceled", True, True),
        ("Creating", False, False),
        ("Pondering", False, False),
    ],
)
def test_a_pipeline_has_failed_once_it_is_over_without_success(
    state: str | None, is_over: bool, has_failed: bool
) -> None:
    pipeline = PipelineState({"properties": {"provisioningState": state}})
    assert pipeline.is_over is is_over
    assert pipeline.has_failed is has_failed


def test_a_pipeline_without_properties_has_nothing_to_wait_for() -> None:
    assert str(PipelineState({"properties": None})) == "Succeeded"


@pytest.mark.parametrize(
    ("provisioning", "response", "status"),
    [
        ("Succeeded", "Succeeded", SUCCEEDED),
        ("succeeded", "SUCCEEDED", SUCCEEDED),
        ("Succeeded", None, SUCCEEDED),
        (None, "Succeeded", SUCCEEDED),
        ("Whatever", "Succeeded", SUCCEEDED),
        ("Succeeded", "Running", IN_PROGRESS),
        ("Succeeded", "Whatever", IN_PROGRESS),
        ("Creating", "Running", IN_PROGRESS),
        ("Creating", None, IN_PROGRESS),
        (None, None, IN_PROGRESS),
        ("Failed", "Failed", FAILED),
        ("Failed", "Running", FAILED),
        ("Succeeded", "Failed", FAILED),
        ("Canceled", None, FAILED),
        ("Creating", "Succeeded", IN_PROGRESS),
        ("Updating", "Failed", IN_PROGRESS),
    ],
)
def test_where_a_run_stands(
    provisioning: str | None, response: str | None, status: RunStatus
) -> None:
    properties = {"provisioningState": provisioning, "response": {"status": response}}
    run = PipelineRun({"properties": properties})
    assert (RunState(run).status, RunState(run).has_failed) == (status, status is FAILED)


def test_a_run_without_properties_is_under_way() -> None:
    bare = PipelineRun({"name": "myrun01"})
    assert (RunState(bare).status, str(RunState(bare))) == (IN_PROGRESS, "Waiting")


def test_progress_is_told_only_as_far_as_the_service_tells_it() -> None:
    told = {"status": "Running", "progress": {"percentage": "40"}}
    assert str(RunState({"properties": {"response": told}})) == "Running, 40 %"
    assert str(RunState({"properties": {"response": {"status": "Running"}}})) == "Running"
    assert str(RunState({"properties": {"provisioningState": "Creating"}})) == "Creating"
