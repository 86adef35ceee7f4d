"""Nothing that a page prints is overlooked by `tests/e2e/test_printed_commands.py`."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import printed
from tests.support.printed import NOT_TYPED, ROOT, SHELL, Page, anchor_of, pages
from tests.support.printed_elsewhere import COVERED, LEFT_OUT, SPELLED, table

PAGES = pages()
MARKDOWN = [page for page in PAGES if page.path.suffix == ".md"]
TYPED = {command.words for page in PAGES for command in page.commands}
#: Commands of the extension; those of az itself are compared by the e2e suite.
_OURS = re.compile(r"acr ((export|import)-pipeline|pipeline-run)\b")
_GLOBAL = {"--debug", "--help", "--output", "--query", "--subscription", "--verbose", "-h", "-o"}

of_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_every_block_of_a_page_names_a_known_language(page: Page) -> None:
    assert page.languages <= SHELL | NOT_TYPED


def test_the_history_has_no_blocks() -> None:
    assert not re.search(r"::$|^\.\. code", (ROOT / "HISTORY.rst").read_text(), re.MULTILINE)


def test_what_is_left_out_is_printed() -> None:
    assert LEFT_OUT.keys() - TYPED == set()


@pytest.mark.parametrize("module", COVERED)
def test_what_a_test_covers_is_printed(module: str) -> None:
    assert (ROOT / module).is_file()
    assert COVERED[module]
    assert COVERED[module] - TYPED == set()
    assert COVERED[module] & LEFT_OUT.keys() == set()


@pytest.mark.parametrize("module", SPELLED)
def test_a_test_types_what_it_covers(module: str) -> None:
    source = (ROOT / module).read_text(encoding="utf-8")
    assert [spelling for spelling in SPELLED[module].values() if spelling not in source] == []


@of_each_page
def test_no_code_of_a_page_has_an_open_placeholder(page: Page) -> None:
    """`<name>` is a redirection in a shell; the guides' lines are quoted as they are."""
    quoted = page.name == "docs/reference/documented-commands.md"
    code = [*(command.text for command in page.commands), *([] if quoted else page.inline_code)]
    assert [text for text in code if re.search(r"<\w[\w -]*>", text)] == []


@of_each_page
def test_every_target_that_a_page_names_is_in_the_makefile(page: Page) -> None:
    lines = [*page.inline_code, *(command.words for command in page.commands)]
    words = [word for line in lines if line.startswith("make ") for word in shlex.split(line)[1:]]
    targets = {word for word in words if re.fullmatch(r"[a-z][a-z0-9.-]*", word)}
    # Without a target make would plan its default one.
    planned = subprocess.run(
        ["make", "--dry-run", "help", *targets],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (planned.returncode, planned.stderr) == (0, "")


@of_each_page
def test_every_script_that_a_page_names_exists(page: Page) -> None:
    scripts = {script for code in page.inline_code for script in re.findall(r"^scripts/\S+", code)}
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_every_link_within_the_repository_leads_somewhere(page: Page) -> None:
    anchors = {other.path: other.anchors for other in MARKDOWN}
    broken = []
    for link in page.links:
        url = urlsplit(link)
        if not url.scheme:
            target = (page.path.parent / url.path).resolve() if url.path else page.path
            lost = url.fragment and url.fragment not in anchors.get(target, ())
            broken += [link] if lost or not target.exists() else []
    assert broken == []


@of_each_page
def test_every_command_of_ours_in_the_text_of_a_page_exists(
    page: Page, options: dict[str, list[list[str]]]
) -> None:
    groups = {command.rpartition(" ")[0] for command in options}
    for command in page.inline_commands:
        if _OURS.match(command.name):
            assert command.name in options.keys() | groups, command
            spellings = {word for words in options.get(command.name, []) for word in words}
            assert command.options <= spellings | _GLOBAL, command


def test_the_table_has_a_fate_for_every_command_line() -> None:
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/printed-commands.txt").write_text(table(), encoding="utf-8")
    [(blocks, commands, *fates)] = re.findall(
        r"^all +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", table(), re.MULTILINE
    )
    assert int(blocks) == sum(len(page.blocks) for page in PAGES)
    assert int(commands) == sum(len(page.commands) for page in PAGES) == sum(map(int, fates))


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("A transfer", "a-transfer"),
        ("Try it, without Azure", "try-it-without-azure"),
        ("sas-not-yet-valid", "sas-not-yet-valid"),
    ],
)
def test_an_anchor_is_made_as_github_does(heading: str, anchor: str) -> None:
    assert anchor_of(heading) == anchor


MARKUP = r"""
# First: `code`

```sh
one --with \
  two   # a comment
for x in 1 2; do
  three $x
done
# nothing but a comment
cat <<END
four
END
```

1. An item

   ```bash
   five 'of
   two lines'
   ```

## Second

```json five.json
{}
```

    indented

Text with `az acr list --top 3` and a [link](other.md#there).
"""


def test_a_page_is_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(MARKUP)
    page = Page(tmp_path / "page.md")
    assert [(command.line, command.words) for command in page.commands] == [
        (5, "one --with two"),
        (7, "for x in 1 2; do three $x done"),
        (11, "cat <<END four END"),
        (19, "five 'of two lines'"),
    ]
    assert [block.name for block in page.blocks] == ["page.md#first-code"] * 2
    assert page.languages == {"sh", "bash", "json", ""}
    assert page.files == {"five.json": "{}\n"}
    assert page.anchors == {"first-code", "second"}
    assert page.links == ["other.md#there"]
    [command] = page.inline_commands
    assert (command.name, command.options) == ("acr list", {"--top"})
