"""docs/reference/documented-commands.md: command lines of the public guides, and their tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tests.e2e.guides import arm_2020, arm_2026, cli_2023, prerequisites_2026
from tests.e2e.guides.line import Guide, Line

#: By the name of its module, which is also that of its test.
GUIDES = {
    "prerequisites_2026": prerequisites_2026.GUIDE,
    "cli_2023": cli_2023.GUIDE,
    "arm_2026": arm_2026.GUIDE,
    "arm_2020": arm_2020.GUIDE,
}

_COMMENT = re.compile(r"(^|\s+)# .*", re.MULTILINE)


def documented_commands() -> str:
    """The whole page."""
    return "\n".join(
        [
            "# Documented commands",
            "",
            "<!-- made by scripts/docs from tests/e2e/guides -->",
            "",
            "Every command line of Microsoft's guides to ACR Transfer, typed into bash in the",
            "guide's order, with a real `az` that has the extension installed, on the emulator.",
            "The result of each is checked for what the guide says comes out of it. *As printed*",
            "means that names, and the dates on which a SAS expires, are filled in, and no more.",
            "",
            "| guide | command lines | as printed | by a stand-in | alone |",
            "|---|---|---|---|---|",
            *(
                _row(f"[{guide.title}](#{guide.name})", *_counts(guide.lines), _alone(name))
                for name, guide in GUIDES.items()
            ),
            _row("all", *_counts(line for guide in GUIDES.values() for line in guide.lines), ""),
            "",
            *(line for name, guide in GUIDES.items() for line in _section(name, guide)),
        ]
    )


def _counts(lines: Iterable[Line]) -> tuple[int, int, int]:
    stood_in = [bool(line.stand_in) for line in lines]
    return len(stood_in), stood_in.count(False), stood_in.count(True)


def _alone(name: str) -> str:
    return f"`make test-guides GUIDE={name}`"


def _section(name: str, guide: Guide) -> Iterator[str]:
    yield from (f"## {guide.name}", "", f"Run by `tests/e2e/test_guide_{name}.py`.", "")
    yield from ("| | command line | how it runs |", "|---|---|---|")
    for number, line in enumerate(guide.lines, start=1):
        how = f"by a stand-in. {line.reason}" if line.stand_in else "as printed"
        yield _row(number, _code(line.printed), how)
    yield ""


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _code(printed: str) -> str:
    """A command line as a table can hold it: without comments, and unfolded."""
    unfolded = _COMMENT.sub("", printed).replace("\\\n", "").splitlines()
    return "<br>".join(_span(" ".join(line.split())) for line in unfolded if line)


def _span(line: str) -> str:
    return f"`` {line} ``" if "`" in line else f"`{line}`"
