"""One line of the table: what was measured, against what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_HEADINGS = ("what", "target", "result", "")


@dataclass(frozen=True)
class Measurement:
    """A result next to its target, and what else was measured in the same run."""

    what: str
    target: str
    result: str
    is_met: bool
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """The line of the table."""
        return (self.what, self.target, self.result, "ok" if self.is_met else "missed")


def table(measurements: Iterable[Measurement]) -> str:
    """The measurements as a Markdown table that can be read as it is."""
    rows = [_HEADINGS, *(measurement.cells for measurement in measurements)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
