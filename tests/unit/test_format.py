"""Tables: their columns, and empty cells for what a resource does not tell."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer import _format
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, flat, pipeline, run
from tests.unit.fake_runs import UNDER_WAY


def test_a_pipeline_is_one_row(az: Az, service: Service, kind: PipelineKind) -> None:
    trigger: dict[str, Any] = (
        {"trigger": {"sourceTrigger": {"status": "Enabled"}}} if kind is IMPORT else {}
    )
    answer = pipeline(kind, options=["ContinueOnErrors"], **trigger)
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/mypipeline", answer)
    result = az("acr", kind.group, "show", *WHERE, "-n", "mypipeline", "-o", "table")
    header, _, row = result.stdout.splitlines()
    columns = ["Name", "Container", "Access", "Identity", "Options"]
    cells = [
        "mypipeline",
        "mystorage/transfer",
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
        "Started": "2026-03-04T17:23",
        "Duration": "0:01:00",
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
    ],
)
def test_what_is_not_returned_is_empty(table: object) -> None:
    assert callable(table)
    empty, named = table([{}, {"name": "n", "request": None, "response": None, "target": None}])
    assert set(empty.values()) == {""}
    assert {key for key, value in named.items() if value} == {"Name"}


def test_a_run_without_words_is_in_progress() -> None:
    [row] = _format.runs_table({"name": "n", "request": None, "response": None})
    assert {key: value for key, value in row.items() if value} == {"Name": "n", "State": "Running"}


@pytest.mark.parametrize(
    ("started", "finished", "duration"),
    [
        ("2026-03-04T17:23:21.9261521+00:00", "2026-03-04T17:23:22.2261521+00:00", "0:00:00"),
        ("2026-03-04T17:23:21Z", "2026-03-05T18:24:22.5Z", "1 day, 1:01:02"),
        ("2026-03-04T17:23:21Z", "2026-03-04T17:23:20Z", ""),  # of the run before
        ("2026-03-04T17:23:21Z", None, ""),
        (None, "2026-03-04T17:23:20Z", ""),
    ],
)
def test_duration_is_from_start_to_finish(
    started: str | None, finished: str | None, duration: str
) -> None:
    times = {"startTime": started, "finishTime": finished}
    [row] = _format.runs_table(flat(run(EXPORT, response=times)))
    assert row["Duration"] == duration


@pytest.mark.parametrize(
    ("name", "response", "trigger"),
    [
        ("myrun01", {}, None),
        ("mypipeline_20260304", {}, "source"),
        ("myrun01", {"trigger": {"sourceTrigger": {"timestamp": "2026-03-04"}}}, "source"),
    ],
)
def test_table_names_the_trigger(name: str, response: dict[str, Any], trigger: str | None) -> None:
    [row] = _format.runs_table(flat(run(IMPORT, name, response=response)))
    assert row.get("Trigger") == trigger


def test_table_shows_progress_until_the_end(kind: PipelineKind) -> None:
    rows = _format.runs_table([flat(run(kind, **UNDER_WAY)), flat(run(kind))])
    assert [row["State"] for row in rows] == ["Running, 20 %", "Succeeded"]


def test_error_of_a_clean_up_fits_the_table() -> None:
    outcome = {"name": "failed01", "outcome": "Failed", "error": "locked\n" * 50}
    [row] = _format.cleaned_runs_table([outcome])
    assert (row["Name"], row["Outcome"]) == ("failed01", "Failed")
    assert row["Error"] == ("locked " * 50)[:96] + "..."
