"""Table rows of results; a missing value is an empty cell."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from azext_acrtransfer.kinds import kind_of_pipeline
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.states import RunState

Row = OrderedDict[str, str]
_WIDTH_OF_TABLE = 120
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
    return RunState({"properties": run}).status.value


def _percent(run: Mapping[str, Any]) -> str | None:
    percentage = get_path(run, "response", "progress", "percentage")
    return f"{percentage} %" if percentage else None


def _time(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: str(get_path(result, *path) or "")[:19]


def _short(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: _DIGEST.sub(r"\1", str(get_path(result, *path) or ""))


def _line(key: str, width: int) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that reads a text as one line, shortened to a width."""

    def line(result: Mapping[str, Any]) -> str:
        text = " ".join(str(result[key]).split())
        return text if len(text) <= width else f"{text[: width - 3]}..."

    return line


def _table(*columns: Column) -> Callable[[Any], list[Row]]:
    """Return a function that makes table rows of one or more results."""

    def table(result: Any) -> list[Row]:
        results = result if isinstance(result, list) else [result]
        return [
            OrderedDict((title, str(read(item) or "")) for title, read in columns)
            for item in results
        ]

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

runs_table = _table(
    ("Name", _value("name")),
    ("Type", _kind_of_run),
    ("Pipeline", _pipeline_of_run),
    ("Blob", _blob_of_run),
    ("State", _state_of_run),
    ("Done", _percent),
    ("Started", _time("response", "startTime")),
    ("Finished", _time("response", "finishTime")),
    ("Error", _value("response", "pipelineRunErrorMessage")),
)

_planned_runs_table = _table(
    ("Name", _value("name")),
    ("Blob", _value("blob")),
    ("Artifacts", lambda plan: len(plan["artifacts"])),
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

outcomes_table = _table(
    ("Name", _value("name")),
    ("Outcome", _value("outcome")),
    ("Error", _value("error")),
)


def created_runs_table(result: Any) -> list[Row]:
    """Return rows of created runs, or of the runs of a dry run, which have no ID yet."""
    planned = isinstance(result, list) and not any("id" in run for run in result)
    return _planned_runs_table(result) if planned else runs_table(result)
