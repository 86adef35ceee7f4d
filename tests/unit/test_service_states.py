"""States of pipelines, and of runs from the two words that the service has for them."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.containerregistry.models import PipelineRun

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.service.states import PipelineState, RunState

IN_PROGRESS, SUCCEEDED, PARTLY_FAILED = (
    RunStatus.IN_PROGRESS,
    RunStatus.SUCCEEDED,
    RunStatus.PARTLY_FAILED,
)
FAILED, CANCELED, UNKNOWN = RunStatus.FAILED, RunStatus.CANCELED, RunStatus.UNKNOWN
ENDED = {"finishTime": "2026-03-04T17:24:21Z"}
ERROR = {"pipelineRunErrorMessage": "samples/hello:v1: not found"}
IMPORTED = {"importedArtifacts": ["samples/hello:v2"]}


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
    ("provisioning", "response", "more", "status"),
    [
        ("Succeeded", "Succeeded", {}, SUCCEEDED),
        ("succeeded", "SUCCEEDED", {}, SUCCEEDED),
        ("Succeeded", None, {}, SUCCEEDED),
        (None, "Succeeded", {}, SUCCEEDED),
        ("Whatever", "Succeeded", {}, SUCCEEDED),
        ("Succeeded", "Succeeded", IMPORTED, SUCCEEDED),
        ("Succeeded", "Succeeded", ERROR, PARTLY_FAILED),
        ("Succeeded", None, ERROR, PARTLY_FAILED),
        ("Failed", "Failed", ERROR | IMPORTED, PARTLY_FAILED),
        ("Failed", "Failed", {"importedArtifacts": []}, FAILED),
        ("Failed", "Failed", ERROR, FAILED),
        ("Failed", "Running", {}, FAILED),
        ("Failed", "Canceled", {}, FAILED),
        ("Succeeded", "Failed", {}, FAILED),
        ("Canceled", None, {}, CANCELED),
        ("Canceled", "Running", ENDED, CANCELED),
        ("Canceled", "Failed", ERROR | IMPORTED, CANCELED),
        ("Succeeded", "canceled", {}, CANCELED),
        ("Succeeded", "Running", {}, IN_PROGRESS),
        ("Succeeded", "Running", ERROR | ENDED, IN_PROGRESS),
        ("Succeeded", "Whatever", {}, IN_PROGRESS),
        ("Creating", "Running", {}, IN_PROGRESS),
        ("Creating", None, {}, IN_PROGRESS),
        (None, None, {}, IN_PROGRESS),
        ("Creating", "Succeeded", ENDED | ERROR, IN_PROGRESS),
        ("Updating", "Failed", ENDED, IN_PROGRESS),
        ("Deleting", "Succeeded", ENDED, IN_PROGRESS),
        ("Succeeded", "Completed", ENDED, UNKNOWN),
        ("Completed", None, ENDED | ERROR, UNKNOWN),
        (None, None, ENDED, UNKNOWN),
    ],
)
def test_status_of_a_run_by_its_words(
    provisioning: str | None, response: str | None, more: dict[str, Any], status: RunStatus
) -> None:
    properties = {"provisioningState": provisioning, "response": {"status": response} | more}
    state = RunState(PipelineRun({"properties": properties}))
    assert (state.status, state.is_over, state.has_failed) == (
        status,
        status is not IN_PROGRESS,
        status not in (IN_PROGRESS, SUCCEEDED),
    )


@pytest.mark.parametrize("chosen", RunStatus)
def test_failed_includes_partly_failed_and_canceled(chosen: RunStatus) -> None:
    included = [status for status in RunStatus if chosen.includes(status)]
    assert included == ([PARTLY_FAILED, FAILED, CANCELED] if chosen is FAILED else [chosen])


def test_a_run_without_properties_is_in_progress() -> None:
    bare = PipelineRun({"name": "myrun01"})
    assert (RunState(bare).status, str(RunState(bare))) == (IN_PROGRESS, "Waiting")


def test_progress_is_shown_only_if_the_service_returns_it() -> None:
    response = {"status": "Running", "progress": {"percentage": "40"}}
    assert str(RunState({"properties": {"response": response}})) == "Running, 40 %"
    assert str(RunState({"properties": {"response": {"status": "Running"}}})) == "Running"
    assert str(RunState({"properties": {"provisioningState": "Creating"}})) == "Creating"
