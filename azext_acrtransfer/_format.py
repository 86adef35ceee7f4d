"""Table rows of results; a missing value is an empty cell."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.kinds import kind_of_pipeline
from azext_acrtransfer.service.json_values import get_path, parse_timestamp
from azext_acrtransfer.service.states import RunState

Row = OrderedDict[str, str]
_WIDTH_OF_TABLE = 120
_LEAST_WIDTH = 20
_DIGEST = re.compile("(sha256:[0-9a-f]{12})[0-9a-f]{52}")
Column = tuple[str, Callable[[Mapping[str, Any]], Any]]


def _value(*path: str) -> Callable[[Any], Any]:
    return lambda result: get_path(result, *path)


def _storage(key: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda result: get_path(result, "target", key) or get_path(result, "source", key)


def _kind_of_run(run: Mapping[str, Any]) -> str | None:
    kind = kind_of_pipeline(get_path(run, "request", "pipelineResourceId"))
    return kind.name if kind else None


def _pipeline_of_run(run: Mapping[str, Any]) -> str:
    return str(get_path(run, "request", "pipelineResourceId") or "").rpartition("/")[2]


def _blob_of_run(run: Mapping[str, Any]) -> Any:
    uri = get_path(run, "response", "target", "uri") or get_path(run, "response", "source", "uri")
    name = get_path(run, "request", "target", "name") or get_path(run, "request", "source", "name")
    return name or str(uri or "").rpartition("/")[2]


def _state_of_run(run: Mapping[str, Any]) -> str:
    status = RunState({"properties": run}).status
    percentage = get_path(run, "response", "progress", "percentage")
    is_in_progress = status is RunStatus.IN_PROGRESS and percentage
    return f"{status.value}, {percentage} %" if is_in_progress else status.value


def _duration_of_run(run: Mapping[str, Any]) -> str | None:
    started, finished = (
        parse_timestamp(get_path(run, "response", key)) for key in ("startTime", "finishTime")
    )
    # A run that is started again can still carry the end of its predecessor.
    if not (started and finished and started <= finished):
        return None
    return str(timedelta(seconds=round((finished - started).total_seconds())))


def _trigger_of_run(run: Mapping[str, Any]) -> str | None:
    is_triggered = get_path(run, "response", "trigger") or "_" in str(get_path(run, "name"))
    return "source" if is_triggered else None


def _time(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: str(get_path(result, *path) or "")[:19]


def _count(key: str) -> Callable[[Mapping[str, Any]], str | None]:
    """Return the length of a list, which can be unknown."""
    return lambda result: None if result[key] is None else str(len(result[key]))


def _megabytes(key: str) -> Callable[[Mapping[str, Any]], str | None]:
    return lambda result: None if result[key] is None else f"{result[key] / 1e6:,.1f} MB"


def _short(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: _DIGEST.sub(r"\1", str(get_path(result, *path) or ""))


def _line(key: str, width: int) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that reads a text as one line, shortened to a width."""

    return lambda result: _shortened(str(result[key]), width)


def _shortened(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 3]}..."


def _table(*columns: Column) -> Callable[[Any], list[Row]]:
    """Return a function that makes table rows of one or more results."""

    def table(result: Any) -> list[Row]:
        results = result if isinstance(result, list) else [result]
        return [
            OrderedDict((title, str(read(item) or "")) for title, read in columns)
            for item in results
        ]

    return table


def _fitting_table(*columns: Column) -> Callable[[Any], list[Row]]:
    """Return a table function that shortens the last column to the width that is left."""
    make_rows = _table(*columns)
    *others, last = (title for title, _ in columns)

    def table(result: Any) -> list[Row]:
        rows = make_rows(result)
        # A column is at least two wider than its title, and two apart from the next.
        left = _WIDTH_OF_TABLE - sum(
            max(len(title) + 2, *(len(row[title]) for row in rows), 0) + 2 for title in others
        )
        for row in rows:
            row[last] = _shortened(row[last], max(left, _LEAST_WIDTH))
        return rows

    return table


_PIPELINE_COLUMNS: tuple[Column, ...] = (
    ("Name", _value("name")),
    ("Container", _storage("uri")),
    ("Access", _storage("storageAccessMode")),
    ("Identity", _value("identity", "type")),
    ("Options", lambda pipeline: " ".join(get_path(pipeline, "options") or ())),
)
_STATE: Column = ("State", _value("provisioningState"))

export_pipelines_table = _table(*_PIPELINE_COLUMNS, _STATE)

import_pipelines_table = _table(
    *_PIPELINE_COLUMNS, ("Trigger", _value("trigger", "sourceTrigger", "status")), _STATE
)

runs_table = _fitting_table(
    ("Name", _value("name")),
    ("Type", _kind_of_run),
    ("Pipeline", _pipeline_of_run),
    ("Blob", _blob_of_run),
    ("State", _state_of_run),
    ("Started", _time("response", "startTime")),
    ("Duration", _duration_of_run),
    ("Trigger", _trigger_of_run),
    ("Error", _value("response", "pipelineRunErrorMessage")),
)

_planned_runs_table = _table(
    ("Name", _value("name")),
    ("Blob", _value("blob")),
    ("Artifacts", _count("artifacts")),
    ("Missing", _count("missing")),
    ("Skipped", _count("skipped")),
    ("Size", _megabytes("size")),
)

findings_table = _table(
    ("Reference", _short("reference")),
    ("Status", _value("status")),
    ("Expected", _short("expected")),
    ("Found", _short("found")),
)

checks_table = _table(
    ("Code", _value("code")),
    ("Status", _value("status")),
    ("Message", _line("message", _WIDTH_OF_TABLE - len("PipelineProvisioned  warning  "))),
)

_outcomes_table = _fitting_table(
    ("Name", _value("name")),
    ("Outcome", _value("outcome")),
    ("Error", _value("error")),
)


def created_runs_table(result: Any) -> list[Row]:
    """Return rows of created runs, or of the runs of a dry run, which have no ID yet."""
    return runs_table(result) if _are_runs(result) else _planned_runs_table(result)


def cleaned_runs_table(result: Any) -> list[Row]:
    """Return rows of the outcomes of a clean-up, or of the runs that a dry run lists."""
    return runs_table(result) if _are_runs(result) else _outcomes_table(result)


def _are_runs(result: Any) -> bool:
    return not isinstance(result, list) or any("id" in run for run in result)
