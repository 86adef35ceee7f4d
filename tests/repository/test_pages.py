"""Generated pages are those that the code makes now."""

from __future__ import annotations

import pytest

from docs.generators import pages


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_generated_page_is_fresh(name: str) -> None:
    written = (pages.DOCS / name).read_text(encoding="utf-8")
    assert written == pages.PAGES[name](), "run scripts/docs"
