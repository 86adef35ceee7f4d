"""No command line of a public guide is without a guide test.

The guides are not ours to publish. Where they lie next to the checkout their lines are compared;
what they were when this was written is compared everywhere.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

from docs.generators.documented_commands import GUIDES
from docs.generators.guide_page import plain, printed_lines

ROOT = Path(__file__).resolve().parents[2]
GUIDE_PAGES = ROOT.parent / "shared/documentation"
#: Of each guide, how many command lines it prints, and the SHA-256 of them all.
PRINTED = {
    "transfer-prerequisites-2026": (
        5,
        "994d940264ce010980f55f3e946dd10e4ceee7e37fec2213676634d261920988",
    ),
    "transfer-cli-2023": (
        17,
        "a3ed120126852fc0e947b62c6c846de10e5677765e263874d0808aea28f8256c",
    ),
    "transfer-arm-template-2026": (
        18,
        "7ba1a081ba738452ca5b4d7d89a3fd9cd7e8e7fc5d7c202ad84fe1a452843995",
    ),
    "transfer-images-2020": (
        23,
        "636b38664e1f55327268b12d7d2517c7c350b3c2abf6ea382778693a56a7f174",
    ),
}


@pytest.mark.parametrize("name", GUIDES)
def test_every_line_of_a_guide_is_in_its_test(name: str) -> None:
    guide = GUIDES[name]
    lines = [plain(line.printed) for line in guide.lines]
    if GUIDE_PAGES.exists():
        page = (GUIDE_PAGES / f"{guide.name}.md").read_text(encoding="utf-8")
        assert printed_lines(page) == lines
    digest = sha256("\n\n".join(lines).encode()).hexdigest()
    assert (len(lines), digest) == PRINTED[guide.name]


def test_every_guide_has_a_test() -> None:
    if GUIDE_PAGES.exists():
        assert {page.stem for page in GUIDE_PAGES.glob("transfer-*.md")} == set(PRINTED)
    assert {guide.name for guide in GUIDES.values()} == set(PRINTED)


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_test_is_run(name: str) -> None:
    """`GuideShell` fails in the end when a line of its guide was not typed."""
    test = (ROOT / f"tests/e2e/test_guide_{name}.py").read_text(encoding="utf-8")
    assert f"from tests.e2e.guides.{name} import GUIDE\n" in test
    assert re.search(r"^def test_every_line_of_the_guide\(", test, re.MULTILINE)
    assert re.search(r"^    with GuideShell\([\w.]+, GUIDE, ", test, re.MULTILINE)


def test_lines_are_found_in_any_fence() -> None:
    page = """
Prose with `az account show`.

```azurecli
az one \\
  --name $Name\x20
This fence was never closed.

```console
# A comment
az two

VARIABLE=$(az three)
```
  ```
  tool four
  ```
```json
"five": "az"
```
```
+--- a drawing
```
az not fenced
"""
    assert printed_lines(page) == [
        "az one \\\n  --name $Name\nThis fence was never closed.",
        "# A comment\naz two",
        "VARIABLE=$(az three)",
        "tool four",
    ]
