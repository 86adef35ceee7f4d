"""What the emulator's README says of the list: counts, and what isn't imitated."""

from __future__ import annotations

from collections.abc import Iterable

from tests.e2e.strangers.az_lines.line import OUTCOMES, Line
from tests.e2e.strangers.az_lines.sections import SECTIONS


def summary() -> str:
    """The table of counts, and the commands that aren't imitated."""
    rows = [_row(section.name, section.lines) for section in SECTIONS]
    total = _row("all", [line for section in SECTIONS for line in section.lines])
    head = "| section | lines | works | refused on purpose | not imitated |\n|---|---|---|---|---|"
    missing = [
        f"- {section.name}: {commands}"
        for section in SECTIONS
        if (commands := _not_imitated(section.lines))
    ]
    return "\n".join([head, *rows, total, "", "Not imitated:", "", *missing])


def _row(name: str, lines: Iterable[Line]) -> str:
    outcomes = [line.outcome for line in lines]
    counts = (len(outcomes), *map(outcomes.count, OUTCOMES))
    return f"| {name} | {' | '.join(map(str, counts))} |"


def _not_imitated(lines: Iterable[Line]) -> str:
    commands = [line.command for line in lines if line.outcome == "not imitated"]
    return ", ".join(f"`{command}`" for command in dict.fromkeys(commands))
