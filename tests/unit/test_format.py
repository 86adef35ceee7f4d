"""Tables: their columns, and empty cells for what a resource does not tell."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer import _format
from azext_acrtransfer.kinds import IMPORT, PipelineKind
from tests.unit.conftest import AT, REGISTRY, Az, Service, flat, pipeline, run


def test_a_pipeline_is_one_row(az: Az, service: Service, kind: PipelineKind) -> None:
    trigger: dict[str, Any] = (
        {"trigger": {"sourceTrigger": {"status": "Enabled"}}} if kind is IMPORT else {}
    )
    answer = pipeline(kind, options=["ContinueOnErrors"], **trigger)
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/mypipeline", answer)
    result = az("acr", kind.group, "show", *AT, "-n", "mypipeline", "-o", "table")
    header, _, row = result.stdout.splitlines()
    columns = ["Name", "Container", "Access", "Identity", "Options"]
    cells = [
        "mypipeline",
        "https://mystorage.blob.core.windows.net/transfer",
        "SasToken",
        "systemAssigned",
        "ContinueOnErrors",
    ]
    if trigger:
        columns, cells = [*columns, "Trigger"], [*cells, "Enabled"]
    assert header.split() == [*columns, "State"]
    assert row.split() == [*cells, "Succeeded"]


def test_a_run_is_one_row(kind: PipelineKind) -> None:
    [row] = _format.runs_table(flat(run(kind)))
    assert dict(row) == {
        "Name": "myrun01",
        "Type": kind.name,
        "Pipeline": "mypipeline",
        "Blob": "myblob",
        "State": "Succeeded",
        "Done": "100 %",
        "Started": "2026-03-04T17:23:21",
        "Finished": "2026-03-04T17:24:21",
        "Error": "",
    }


def test_the_kind_is_read_in_any_case() -> None:
    result = flat(run(IMPORT))
    pipeline_id = result["request"]["pipelineResourceId"]
    result["request"]["pipelineResourceId"] = pipeline_id.upper()
    [row] = _format.runs_table(result)
    assert row["Type"] == "import"


@pytest.mark.parametrize(
    "table",
    [
        _format.export_pipelines_table,
        _format.import_pipelines_table,
        _format.outcomes_table,
    ],
)
def test_what_is_not_told_is_empty(table: object) -> None:
    assert callable(table)
    empty, named = table([{}, {"name": "n", "request": None, "response": None, "target": None}])
    assert set(empty.values()) == {""}
    assert {key for key, value in named.items() if value} == {"Name"}


def test_a_run_without_words_is_in_progress() -> None:
    [row] = _format.runs_table({"name": "n", "request": None, "response": None})
    assert {key: value for key, value in row.items() if value} == {"Name": "n", "State": "Running"}
