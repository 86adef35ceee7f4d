"""Table rows of results; a missing value is an empty cell.

A column that is often empty is left out where it is empty in all rows.
"""

from __future__ import annotations

import re
import shutil
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.kinds import kind_of_pipeline
from azext_acrtransfer.redaction import escape
from azext_acrtransfer.service.json_values import get_path, parse_timestamp
from azext_acrtransfer.service.runs import is_triggered
from azext_acrtransfer.service.states import RunState

Row = OrderedDict[str, str]
#: In characters: what every table fits, and what it fits where there's no terminal.
_LEAST_WIDTH = 100
_WIDTH_OF_FILES = 120
_ANY_WIDTH = 10_000
_DIGEST = re.compile("(sha256:[0-9a-f]{12})[0-9a-f]{52}")
#: Of a resource ID, the type and the name tell the reader most.
_ID = re.compile(r"/subscriptions/\S*?(/[^/\s]+/[^/\s]+)(?=\s|$)")
_HOST = re.compile(r"^https://([^./]+)[^/]*", re.IGNORECASE)
Read = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Where the table is too wide for the terminal, columns give way down to their ``least`` width,
    then below it.
    """

    title: str
    read: Read
    least: int = _ANY_WIDTH
    #: Of a name, the end is kept: it tells those of a series apart.
    is_name: bool = False
    is_often_empty: bool = False

    def cell(self, result: Mapping[str, Any]) -> str:
        """Return a value as one line, with short resource IDs."""
        return escape(_ID.sub(r"...\1", " ".join(str(self.read(result) or "").split())))

    def is_shown(self, results: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether the column says anything about these results."""
        return not self.is_often_empty or any(map(self.cell, results))

    def shortened(self, cell: str, width: int) -> str:
        """Return a cell that fits a width."""
        if len(cell) <= width:
            return cell
        shown = width - len("...")
        last = shown // 2 if self.is_name else 0
        first, rest = shown - last, len(cell) - last
        return f"{cell[:first]}...{cell[rest:]}"


def _value(*path: str) -> Callable[[Any], Any]:
    return lambda result: get_path(result, *path)


def _storage(key: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda result: get_path(result, "target", key) or get_path(result, "source", key)


def _container(pipeline: Mapping[str, Any]) -> str:
    """Return the account and the container, without the rest of the host."""
    return _HOST.sub(r"\1", str(_storage("uri")(pipeline) or ""))


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
    return "source" if is_triggered({"name": get_path(run, "name"), "properties": run}) else None


def _minute(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: str(get_path(result, *path) or "")[:16]


def _count(key: str) -> Callable[[Mapping[str, Any]], str | None]:
    """Return the length of a list, which can be unknown."""
    return lambda result: None if result[key] is None else str(len(result[key]))


def _megabytes(key: str) -> Callable[[Mapping[str, Any]], str | None]:
    return lambda result: None if result[key] is None else f"{result[key] / 1e6:,.1f} MB"


def _size(key: str) -> Callable[[Mapping[str, Any]], str | None]:
    return lambda result: None if result[key] is None else f"{result[key]:,}"


def _short(*path: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda result: _DIGEST.sub(r"\1", str(get_path(result, *path) or ""))


def _table(*columns: Column) -> Callable[[Any], list[Row]]:
    """Return a function that makes table rows of one or more results, which fit the terminal."""

    def table(result: Any) -> list[Row]:
        results = result if isinstance(result, list) else [result]
        shown = [column for column in columns if column.is_shown(results)]
        rows = [[column.cell(item) for column in shown] for item in results]
        widths = _widths(shown, rows)
        return [
            OrderedDict(
                (column.title, column.shortened(cell, width))
                for column, cell, width in zip(shown, cells, widths, strict=True)
            )
            for cells in rows
        ]

    return table


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the widths of columns that fit the table, where the widest one gives way."""
    most = max(_LEAST_WIDTH, shutil.get_terminal_size((_WIDTH_OF_FILES, 0)).columns)
    # A column is at least two wider than its title, and two apart from the next.
    floors = [len(column.title) + 2 for column in columns]
    widths = [
        min(max(floor, *(len(cells[index]) for cells in rows), 0), most)
        for index, floor in enumerate(floors)
    ]
    for share in (1, 2, 4, _ANY_WIDTH):
        limits = [
            max(column.least // share, floor) for column, floor in zip(columns, floors, strict=True)
        ]
        while sum(widths) + 2 * len(widths) - 2 > most:
            wide = [index for index, limit in enumerate(limits) if widths[index] > limit]
            if not wide:
                break
            widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _name(title: str, read: Read, least: int) -> Column:
    return Column(title, read, least, is_name=True)


_NAME = _name("Name", _value("name"), 50)
_PIPELINE_COLUMNS = (
    _NAME,
    _name("Container", _container, 30),
    Column("Access", _storage("storageAccessMode")),
    Column("Identity", _value("identity", "type")),
    Column(
        "Options",
        lambda pipeline: " ".join(get_path(pipeline, "options") or ()),
        16,
        is_often_empty=True,
    ),
)
_STATE = Column("State", _value("provisioningState"))

export_pipelines_table = _table(*_PIPELINE_COLUMNS, _STATE)

import_pipelines_table = _table(
    *_PIPELINE_COLUMNS, Column("Trigger", _value("trigger", "sourceTrigger", "status")), _STATE
)

runs_table = _table(
    _NAME,
    Column("Type", _kind_of_run),
    _name("Pipeline", _pipeline_of_run, 16),
    _name("Blob", _blob_of_run, 20),
    Column("State", _state_of_run),
    Column("Started", _minute("response", "startTime")),
    Column("Duration", _duration_of_run),
    Column("Trigger", _trigger_of_run, is_often_empty=True),
    Column("Error", _value("response", "pipelineRunErrorMessage"), 20, is_often_empty=True),
)

_planned_runs_table = _table(
    _NAME,
    _name("Blob", _value("blob"), 20),
    Column("Artifacts", _count("artifacts")),
    Column("Missing", _count("missing")),
    Column("Skipped", _count("skipped")),
    Column("Size", _megabytes("size")),
)

_verified_artifacts_table = _table(
    Column("Status", _value("status")),
    _name("Reference", _short("reference"), 40),
    Column("Expected", _short("expected")),
    Column("Found", _short("found")),
)

_verified_blobs_table = _table(
    Column("Status", _value("status")),
    _name("Blob", _value("blob"), 40),
    Column("Expected size", _size("expectedSize")),
    Column("Found size", _size("foundSize")),
    Column("Error", _value("error"), 20, is_often_empty=True),
)

checks_table = _table(
    Column("Code", _value("code")),
    Column("Status", _value("status")),
    Column("Message", _short("message"), 20),
)

_outcomes_table = _table(
    _NAME,
    Column("Outcome", _value("outcome")),
    Column("Error", _value("error"), 20, is_often_empty=True),
)


def created_runs_table(result: Any) -> list[Row]:
    """Return rows of created runs, or of the runs of a dry run, which have no ID yet."""
    return runs_table(result) if _are_runs(result) else _planned_runs_table(result)


def findings_table(result: Any) -> list[Row]:
    """Return rows of verified artifacts, or of verified blobs."""
    is_of_blobs = any("blob" in row for row in result)
    return _verified_blobs_table(result) if is_of_blobs else _verified_artifacts_table(result)


def cleaned_runs_table(result: Any) -> list[Row]:
    """Return rows of the outcomes of a clean-up, or of the runs that a dry run lists."""
    return runs_table(result) if _are_runs(result) else _outcomes_table(result)


def _are_runs(result: Any) -> bool:
    return not isinstance(result, list) or any("id" in run for run in result)
