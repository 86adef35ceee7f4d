"""What the pages of the repository print: shell blocks, files, inline code and links."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
#: Languages of blocks that are typed into a shell, and of all others.
SHELL = {"sh", "bash"}
NOT_TYPED = {"powershell", "json", "mermaid", "python", "text", "yaml"}

_COMMENT = re.compile(r"(^|\s+)#\s.*", re.MULTILINE)
_LITERAL = re.compile(r"``(.+?)``", re.DOTALL)
_AZ = re.compile(r"az((?: [a-z][a-z-]*)+)")
_OPTION = re.compile(r"(?<!\S)--?[a-z][a-z-]*")
#: What GitHub drops from a heading to make its anchor.
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Command:
    """A command line as printed, over several lines if it is; `line` is that of the page."""

    page: str
    line: int
    text: str

    @property
    def words(self) -> str:
        """The command line without comments, unfolded: the same on whatever page it is."""
        return words_of(self.text)


@dataclass(frozen=True)
class InlineCommand:
    """An az command that the text of a page names, perhaps with a part of its options only."""

    page: str
    text: str

    @property
    def name(self) -> str:
        """The command or group, without `az`."""
        return "".join(_AZ.findall(self.text)[:1]).strip()

    @property
    def options(self) -> set[str]:
        """The options that it names."""
        return set(_OPTION.findall(self.text))


@dataclass(frozen=True)
class Block:
    """A block of command lines, under the anchor of its heading."""

    page: str
    line: int
    anchor: str
    text: str

    @property
    def name(self) -> str:
        """Its page and anchor: the same for all blocks of a section."""
        return f"{self.page}#{self.anchor}"

    @cached_property
    def commands(self) -> list[Command]:
        """Its command lines; bash itself decides where each ends."""
        commands: list[Command] = []
        rest: list[str] = []
        for number, line in enumerate(self.text.splitlines(), start=self.line):
            rest.append(line)
            text = "\n".join(rest)
            if not line.endswith("\\") and _is_whole(text):
                commands.append(Command(self.page, number - len(rest) + 1, text))
                rest = []
        assert not rest, f"{self.page}:{self.line}: this block ends inside of a command line"
        return [command for command in commands if command.words]


@dataclass(frozen=True)
class Page:
    """A page in Markdown or reStructuredText."""

    path: Path

    @property
    def name(self) -> str:
        """Its path below the root."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def _tokens(self) -> list[Token]:
        if self.path.suffix != ".md":
            return []
        parser = MarkdownIt("commonmark").enable("table")
        return parser.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def blocks(self) -> list[Block]:
        """Its shell blocks."""
        blocks, anchor = [], ""
        for before, token in zip([None, *self._tokens], self._tokens, strict=False):
            if before and before.type == "heading_open":
                anchor = anchor_of(token.content)
            elif _language(token) in SHELL:
                first = (token.map or [0])[0] + 2  # lines count from 1, and the fence is one
                blocks.append(Block(self.name, first, anchor, token.content))
        return blocks

    @property
    def commands(self) -> list[Command]:
        """The command lines of all its blocks."""
        return [command for block in self.blocks for command in block.commands]

    @property
    def languages(self) -> set[str]:
        """The language of each block; none of one that is indented or does not say."""
        return {_language(token) for token in self._tokens if token.type in {"fence", "code_block"}}

    @property
    def anchors(self) -> set[str]:
        """What a link may name after `#`."""
        pairs = zip(self._tokens, self._tokens[1:], strict=False)
        return {anchor_of(token.content) for head, token in pairs if head.type == "heading_open"}

    @property
    def files(self) -> dict[str, str]:
        """Files that it prints whole, by the name that follows the language of their block."""
        fences = [token for token in self._tokens if token.type == "fence"]
        return {
            token.info.split()[1]: token.content for token in fences if " " in token.info.strip()
        }

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [str(token.attrs["href"]) for token in self._inline() if token.type == "link_open"]

    @property
    def inline_code(self) -> list[str]:
        """What stands between back-ticks in its text."""
        if self.path.suffix == ".md":
            return [token.content for token in self._inline() if token.type == "code_inline"]
        return [
            " ".join(code.split())
            for code in _LITERAL.findall(self.path.read_text(encoding="utf-8"))
        ]

    @property
    def inline_commands(self) -> list[InlineCommand]:
        """The az commands among it."""
        return [InlineCommand(self.name, code) for code in self.inline_code if _AZ.match(code)]

    def _inline(self) -> Iterator[Token]:
        for token in self._tokens:
            yield from token.children or ()


@cache
def pages() -> list[Page]:
    """Every page that is, or would be, in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md", "*.rst"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in sorted(set(listing.stdout.split("\0"))) if name)
    return [Page(path) for path in paths if path.is_file()]


def words_of(text: str) -> str:
    """A command line without comments, unfolded."""
    return " ".join(_COMMENT.sub("", text).replace("\\\n", "").split())


def anchor_of(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return _NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-")


def _language(token: Token) -> str:
    return token.info.split()[0] if token.type == "fence" and token.info.strip() else ""


def _is_whole(text: str) -> bool:
    """Whether bash would wait for no more; a document that lacks its end is only warned of."""
    checked = subprocess.run(
        ["bash", "-n", "-c", text], capture_output=True, text=True, check=False
    )
    return (checked.returncode, checked.stderr) == (0, "")
