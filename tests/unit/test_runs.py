"""Where a run stands, from the two words that it tells of itself."""

from __future__ import annotations

import pytest
from azure.mgmt.containerregistry.models import PipelineRun

from azext_acrtransfer import runs
from azext_acrtransfer.values import RunStatus

SUCCEEDED, FAILED, UNDER_WAY = RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.UNDER_WAY


@pytest.mark.parametrize(
    ("provisioning", "response", "status"),
    [
        ("Succeeded", "Succeeded", SUCCEEDED),
        ("succeeded", "SUCCEEDED", SUCCEEDED),
        ("Succeeded", None, SUCCEEDED),
        (None, "Succeeded", SUCCEEDED),
        ("Whatever", "Succeeded", SUCCEEDED),
        ("Succeeded", "Running", UNDER_WAY),
        ("Succeeded", "Whatever", UNDER_WAY),
        ("Creating", "Running", UNDER_WAY),
        ("Creating", None, UNDER_WAY),
        (None, None, UNDER_WAY),
        ("Failed", "Failed", FAILED),
        ("Failed", "Running", FAILED),
        ("Succeeded", "Failed", FAILED),
        ("Canceled", None, FAILED),
        ("Creating", "Succeeded", UNDER_WAY),
        ("Updating", "Failed", UNDER_WAY),
    ],
)
def test_where_a_run_stands(
    provisioning: str | None, response: str | None, status: RunStatus
) -> None:
    properties = {"provisioningState": provisioning, "response": {"status": response}}
    assert runs.status(PipelineRun({"properties": properties})) is status


def test_a_run_without_properties_is_under_way() -> None:
    bare = PipelineRun({"name": "myrun01"})
    assert (runs.status(bare), runs.describe(bare)) == (UNDER_WAY, "Waiting")
