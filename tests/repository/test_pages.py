"""Generated pages are those that the code makes now."""

from __future__ import annotations

import pytest

from azext_acrtransfer.preflight.rules import RULES
from docs.generators import pages
from docs.generators.checks_page import module_of


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_generated_page_is_fresh(name: str) -> None:
    written = (pages.DOCS / name).read_text(encoding="utf-8")
    assert written == pages.PAGES[name](), "run scripts/docs"


def test_every_check_is_caused_and_mended_by_a_test() -> None:
    assert [rule.code for rule in RULES if not module_of(rule)] == []
