"""Results to table rows; what a resource does not tell is an empty cell."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from azext_acrtransfer.kinds import kind_of_pipeline

Row = OrderedDict[str, str]
_DIGEST = re.compile("(sha256:[0-9a-f]{12})[0-9a-f]{52}")
Column = tuple[str, Callable[[Mapping[str, Any]], Any]]


def _at(*path: str) -> Callable[[Mapping[str, Any]], Any]:
    """A reader of one value deep in a result."""

    def read(result: Any) -> Any:
        for key in path:
            result = result.get(key) if isinstance(result, Mapping) else None
        return result

    return read


def _storage(key: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda result: _at("target", key)(result) or _at("source", key)(result)


def _kind_of_run(run: Mapping[str, Any]) -> str | None:
    kind = kind_of_pipeline(_at("request", "pipelineResourceId")(run))
    return kind.name if kind else None


def _pipeline_of_run(run: Mapping[str, Any]) -> str:
    return str(_at("request", "pipelineResourceId")(run) or "").rpartition("/")[2]


def _blob_of_run(run: Mapping[str, Any]) -> Any:
    place = _at("response", "target", "uri")(run) or _at("response", "source", "uri")(run)
    asked = _at("request", "target", "name")(run) or _at("request", "source", "name")(run)
    return asked or str(place or "").rpartition("/")[2]


def _percent(run: Mapping[str, Any]) -> str | None:
    percentage = _at("response", "progress", "percentage")(run)
    return f"{percentage} %" if percentage else None


def _time(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: str(_at(*path)(result) or "")[:19]


def _short(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: _DIGEST.sub(r"\1", str(_at(*path)(result) or ""))


_EXPORT_COLUMNS: Sequence[Column] = (
    ("Name", _at("name")),
    ("Container", _storage("uri")),
    ("Access", _storage("storageAccessMode")),
    ("Identity", _at("identity", "type")),
    ("Options", lambda pipeline: " ".join(_at("options")(pipeline) or ())),
    ("State", _at("provisioningState")),
)

_IMPORT_COLUMNS: Sequence[Column] = (
    *_EXPORT_COLUMNS[:-1],
    ("Trigger", _at("trigger", "sourceTrigger", "status")),
    _EXPORT_COLUMNS[-1],
)

_RUN_COLUMNS: Sequence[Column] = (
    ("Name", _at("name")),
    ("Type", _kind_of_run),
    ("Pipeline", _pipeline_of_run),
    ("Blob", _blob_of_run),
    ("State", lambda run: _at("response", "status")(run) or _at("provisioningState")(run)),
    ("Done", _percent),
    ("Started", _time("response", "startTime")),
    ("Finished", _time("response", "finishTime")),
    ("Error", _at("response", "pipelineRunErrorMessage")),
)

_FINDING_COLUMNS: Sequence[Column] = (
    ("Reference", _short("reference")),
    ("Status", _at("status")),
    ("Expected", _short("expected")),
    ("Found", _short("found")),
)

_PLAN_COLUMNS: Sequence[Column] = (
    ("Name", _at("name")),
    ("Blob", _at("blob")),
    ("Artifacts", lambda plan: len(plan["artifacts"])),
)

_CHECK_COLUMNS: Sequence[Column] = (
    ("Code", _at("code")),
    ("Verdict", _at("verdict")),
    ("Found", _at("found")),
    ("Mend", _at("mend")),
)

_OUTCOME_COLUMNS: Sequence[Column] = (
    ("Name", _at("name")),
    ("Outcome", _at("outcome")),
    ("Error", _at("error")),
)


def export_pipelines_table(result: Any) -> list[Row]:
    """Rows of one or more export pipelines."""
    return _rows(result, _EXPORT_COLUMNS)


def import_pipelines_table(result: Any) -> list[Row]:
    """Rows of one or more import pipelines."""
    return _rows(result, _IMPORT_COLUMNS)


def runs_table(result: Any) -> list[Row]:
    """Rows of one or more runs."""
    return _rows(result, _RUN_COLUMNS)


def findings_table(result: Any) -> list[Row]:
    """Rows of what ``verify`` found, with digests cut short."""
    return _rows(result, _FINDING_COLUMNS)


def created_runs_table(result: Any) -> list[Row]:
    """Rows of one or more runs, or of those that a dry run plans, which have no id yet."""
    planned = isinstance(result, list) and not any("id" in run for run in result)
    return _rows(result, _PLAN_COLUMNS if planned else _RUN_COLUMNS)


def checks_table(result: Any) -> list[Row]:
    """Rows of what ``check`` found."""
    return _rows(result, _CHECK_COLUMNS)


def outcomes_table(result: Any) -> list[Row]:
    """Rows of what ``clean`` did."""
    return _rows(result, _OUTCOME_COLUMNS)


def _rows(result: Any, columns: Sequence[Column]) -> list[Row]:
    resources = result if isinstance(result, list) else [result]
    return [
        OrderedDict((title, str(read(resource) or "")) for title, read in columns)
        for resource in resources
    ]
