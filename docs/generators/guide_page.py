"""The command lines of a guide, read from its Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

_FENCE = re.compile(r"\s*```(\w*)")
# After comments, a program or a variable: neither prose nor JSON nor a drawing begins like that.
_COMMAND = re.compile(r"(#.*\n)*([a-z][\w.-]* |[A-Z_]+=)")


def printed_lines(markdown: str) -> list[str]:
    """What stands in fences and can be typed; an empty line ends a command line."""
    paragraphs = (
        plain(paragraph)
        for block in _fenced(markdown)
        for paragraph in re.split(r"\n\s*\n", textwrap.dedent(block))
    )
    return [paragraph for paragraph in paragraphs if _COMMAND.match(paragraph)]


def plain(line: str) -> str:
    """A command line without spaces that nobody sees."""
    return "\n".join(part.rstrip() for part in line.strip().splitlines())


def _fenced(markdown: str) -> Iterator[str]:
    """The text in each fence; one that was never closed ends where the next one is opened."""
    block: list[str] | None = None
    for line in markdown.splitlines():
        fence = _FENCE.match(line)
        if not fence:
            if block is not None:
                block.append(line)
            continue
        if block:
            yield "\n".join(block)
        block = [] if fence[1] or block is None else None
