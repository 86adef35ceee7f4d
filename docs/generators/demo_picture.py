"""docs/images/demo.svg: a part of what `make demo` prints, as a picture of a terminal.

    python -m docs.generators.demo_picture FILE

FILE contains what a run printed.
"""

from __future__ import annotations

import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "images" / "demo.svg"
#: Numbers of the headings whose parts are shown.
_PARTS = ("4", "5", "8")
_WIDTH = 120
_HEADING = re.compile(r"== (\d+)\. .*")
_PROMPT = re.compile(r"(\w+\$) (.*)")
#: What differs from run to run, and what the picture shows in its place.
_STAND_INS = (
    (
        re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
        "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
    ),
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d"), "2026-01-20T12:03"),
    (re.compile(r"\b0:00:\d\d\b"), "0:00:02"),
    (re.compile(r" in \d+\.\d s: "), ": "),
)
# The font is downloaded from a third party otherwise.
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def selected(printed: str) -> list[str]:
    """Return the lines of a run that the picture shows, and its last one."""
    for pattern, stand_in in _STAND_INS:
        printed = pattern.sub(stand_in, printed)
    lines, shown = [], False
    for line in printed.splitlines():
        heading = _HEADING.match(line)
        shown = heading[1] in _PARTS if heading else shown
        if shown:
            lines.append(line)
    return [*lines, printed.splitlines()[-1]]


def drawn(printed: str) -> str:
    """Return the picture, an SVG."""
    console = Console(record=True, width=_WIDTH, file=StringIO(), legacy_windows=False)
    for line in selected(printed):
        console.print(_styled(line), soft_wrap=True)
    picture = console.export_svg(title="make demo", theme=DIMMED_MONOKAI, unique_id="demo")
    return _FONT_FACE.sub("", picture).replace("Fira Code", "Menlo, Consolas, 'DejaVu Sans Mono'")


def _styled(line: str) -> Text:
    if _HEADING.match(line):
        return Text(line, style="bold cyan")
    prompt = _PROMPT.match(line)
    if prompt:
        return Text.assemble((prompt[1], "bold green"), " ", prompt[2])
    if line.startswith("ERROR"):
        return Text(line, style="bold red")
    return Text(line)


def main(file: str) -> None:
    """Draw the picture."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(Path(file).read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
