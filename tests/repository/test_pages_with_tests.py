"""Pages whose tables name a test in each row: the tests exist."""

from __future__ import annotations

import re

import pytest

from tests.repository.conftest import ROOT

_HEADERS = {
    "docs/reference/compatibility.md": [
        "subject",
        "official extension",
        "this extension",
        "reason",
        "test",
    ],
    "docs/reference/exit-codes.md": ["code", "meaning", "test"],
}


def _rows(page: str) -> list[list[str]]:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return [row for row in rows if row != _HEADERS[page] and set(row) != {"---"}]


ROWS = [(page, row) for page in _HEADERS for row in _rows(page)]


def test_each_page_has_rows() -> None:
    assert {page for page, _ in ROWS} == set(_HEADERS)


@pytest.mark.parametrize(("page", "row"), ROWS, ids=lambda value: str(value)[-60:])
def test_a_row_is_held_by_tests_that_exist(page: str, row: list[str]) -> None:
    assert len(row) == len(_HEADERS[page])
    assert all(row)
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[-1])
    assert tests
    assert re.sub(r"`[^`]*`|\s", "", row[-1]) == ""
    for file, name in tests:
        code = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", code, re.MULTILINE), f"{file} has no {name}"
