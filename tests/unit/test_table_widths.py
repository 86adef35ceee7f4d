"""Every table of every command fits the terminal, one line a row, whatever is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knack.output import format_table
from knack.util import CommandResultItem

from azext_acrtransfer import _format
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.support.az import Loader, az_cli
from tests.unit.conftest import REGISTRY, flat, pipeline, run

Transformer = Callable[[Any], list[_format.Row]]

NAME = "nightlyexportoftheimagesofthewholecompany001234567"
BLOB = f"2026/11/28/{NAME}/images-of-every-team-001.tar"
URI = f"https://{24 * 'a'}.blob.core.windows.net/{63 * 'c'}"
DIGEST = "sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042"
REFERENCE = "oss/kubernetes/ingress-nginx/controller/with/a/long/path/of/components"
ERROR = (
    "Service request failed.\r\nStatus: 403 (This request is not authorized to perform this "
    "operation using this permission.)\r\nErrorCode: AuthorizationPermissionMismatch\r\n\r\n"
    "Headers:\r\nx-ms-request-id: 00000000-0000-0000-0000-000000000000\x1b[31m\r\n"
) * 3


def long_pipeline(kind: PipelineKind) -> dict[str, Any]:
    """A pipeline with the longest values that there are."""
    storage = {"uri": URI, "storageAccessMode": "ManagedIdentity"}
    trigger = {"trigger": {"sourceTrigger": {"status": "Disabled"}}} if kind is IMPORT else {}
    options = [option.value for option in kind.options]
    made = flat(pipeline(kind, NAME, **{kind.side: storage}, options=options, **trigger))
    return made | {"identity": {"type": "systemAssigned, userAssigned"}}


def long_run(kind: PipelineKind, status: str) -> dict[str, Any]:
    """A run with the longest values that there are."""
    made = flat(run(kind, NAME, provisioningState=status))
    made["request"] = {
        "pipelineResourceId": f"{REGISTRY}/{kind.resource_type}/{NAME}",
        kind.side: {"name": BLOB},
    }
    made["response"] |= {"status": status, "pipelineRunErrorMessage": ERROR}
    made["response"]["trigger"] = {"sourceTrigger": {"timestamp": "2026-03-04T17:23:21Z"}}
    return made


RUNS = [long_run(kind, status) for kind in (EXPORT, IMPORT) for status in ("Failed", "Running")]
PLAN = {
    "name": NAME,
    "blob": BLOB,
    "artifacts": ["a"] * 50,
    "missing": ["a"] * 50,
    "skipped": ["a"] * 50,
    "size": 123_456_789_012,
}
#: Results for each table of the command table; a new one needs its own here.
RESULTS: dict[Transformer, list[Any]] = {
    _format.export_pipelines_table: [long_pipeline(EXPORT)],
    _format.import_pipelines_table: [long_pipeline(IMPORT)],
    _format.runs_table: [RUNS[0], RUNS],
    _format.created_runs_table: [RUNS, [PLAN]],
    _format.cleaned_runs_table: [
        RUNS,
        [{"name": NAME, "outcome": "Failed", "error": ERROR}],
    ],
    _format.findings_table: [
        [
            {
                "reference": f"{REFERENCE}@{DIGEST}",
                "status": "different",
                "expected": DIGEST,
                "found": DIGEST,
            }
        ]
    ],
    _format.checks_table: [
        [{"code": "PipelineProvisioned", "status": "warning", "message": ERROR}],
    ],
}


def lines_of(table: Transformer, result: Any) -> list[str]:
    """A table as az prints it."""
    return str(format_table(CommandResultItem(result, table_transformer=table))).splitlines()


def test_every_table_has_results_here(tmp_path: Path) -> None:
    with az_cli(tmp_path) as cli:
        commands = Loader(cli).load_command_table([]).values()
        assert {command.table_transformer for command in commands} == set(RESULTS)


@pytest.mark.parametrize(("columns", "width"), [("80", 100), ("100", 100), ("150", 150), ("", 120)])
@pytest.mark.parametrize("table", RESULTS)
def test_a_table_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, table: Transformer, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for result in RESULTS[table]:
        lines = lines_of(table, result)
        assert len(lines) == 2 + (len(result) if isinstance(result, list) else 1)
        assert max(map(len, lines)) <= width
        assert max(map(len, lines)) == width or "..." not in "".join(lines)
        assert all(line.isprintable() for line in lines)


def test_an_error_gives_way_before_names() -> None:
    made = long_run(EXPORT, "Failed") | {"name": "export01"}
    made["request"]["pipelineResourceId"] = f"{REGISTRY}/exportPipelines/exporter"
    made["request"]["target"]["name"] = "images-001.tar"
    [row] = _format.runs_table(made)
    assert [row[title] for title in ("Name", "Pipeline", "Blob")] == [
        "export01",
        "exporter",
        "images-001.tar",
    ]
    assert row["Error"].startswith("Service request")
    assert row["Error"].endswith("...")


def test_a_name_that_is_too_long_keeps_its_ends() -> None:
    [row] = _format.created_runs_table([PLAN | {"name": "nightly001"}])
    assert row["Name"] == "nightly001"
    assert row["Blob"].startswith("2026/11/28/nightly")
    assert row["Blob"].endswith("-of-every-team-001.tar")
    assert row["Size"] == "123,456.8 MB"


def test_a_container_is_its_account_and_its_name() -> None:
    [row] = _format.export_pipelines_table(flat(pipeline(EXPORT)))
    assert row["Container"] == "mystorage/transfer"


def test_a_message_has_short_ids_and_digests() -> None:
    account = "/providers/Microsoft.Storage/storageAccounts/mystorage"
    group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my.group"
    for message, cell in (
        (group + account, ".../storageAccounts/mystorage"),
        (f"Reader at {group}", "Reader at .../resourceGroups/my.group"),
        (f"Not transferred: a@{DIGEST}, b", "Not transferred: a@sha256:90659bf80b44, b"),
        (f"At {group}{account}, {group[:51]}", f"At .../storageAccounts/mystorage, {group[:51]}"),
    ):
        [row] = _format.checks_table([{"code": "C", "status": "pass", "message": message}])
        assert row["Message"] == cell


def test_a_column_without_values_is_left_out() -> None:
    made = [{"name": "run01", "outcome": "Deleted", "error": None}]
    assert [list(row) for row in _format.cleaned_runs_table(made)] == [["Name", "Outcome"]]
    failed = [{"name": "run02", "outcome": "Failed", "error": "locked"}]
    assert [list(row) for row in _format.cleaned_runs_table([*made, *failed])] == [
        ["Name", "Outcome", "Error"]
    ] * 2
    assert _format.cleaned_runs_table([]) == []


def test_verify_has_the_status_first() -> None:
    [result] = RESULTS[_format.findings_table]
    [row] = _format.findings_table(result)
    assert list(row.items()) == [
        ("Status", "different"),
        ("Reference", row["Reference"]),
        ("Expected", "sha256:90659bf80b44"),
        ("Found", "sha256:90659bf80b44"),
    ]


@given(cells=st.lists(st.tuples(*[st.text(max_size=200)] * 3), min_size=0, max_size=3))
def test_a_table_fits_whatever_is_in_it(cells: list[tuple[str, str, str]]) -> None:
    outcomes = [dict(zip(("name", "outcome", "error"), each, strict=True)) for each in cells]
    rows = _format.cleaned_runs_table(outcomes)
    titles = list(rows[0]) if rows else []
    widths = [max(len(row[title]) for row in rows) for title in titles]
    assert sum(widths) + 2 * len(widths) - 2 <= 120
    assert all(text.isprintable() for row in rows for text in row.values())
