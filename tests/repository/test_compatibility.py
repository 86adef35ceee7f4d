"""docs/reference/compatibility.md: each row names tests, and they exist."""

from __future__ import annotations

import re

import pytest

from tests.repository.conftest import ROOT

_PAGE = ROOT / "docs/reference/compatibility.md"
_HEADER = ["subject", "official extension", "this extension", "reason", "test"]


def _rows() -> list[list[str]]:
    lines = _PAGE.read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return [row for row in rows if row != _HEADER and set(row) != {"---"}]


ROWS = _rows()


def test_the_page_has_rows() -> None:
    assert ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_is_held_by_tests_that_exist(row: list[str]) -> None:
    assert len(row) == len(_HEADER)
    assert all(row)
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[-1])
    assert tests
    assert re.sub(r"`[^`]*`|\s", "", row[-1]) == ""
    for file, name in tests:
        code = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", code, re.MULTILINE), f"{file} has no {name}"
