"""Patterns of names, and the lists of references and patterns in options."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_acrtransfer.arguments import check_word, invalid
from azext_acrtransfer.redaction import escape
from azext_acrtransfer.registry.references import Artifact, split_reference

_MEANINGS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
_WILDCARD = re.compile(r"\*\*|[*?]")
_COMMENT = re.compile(r"(^|\s+)#.*")
ALL_TAGS = "*"


def is_glob(text: str) -> bool:
    """Whether a text contains a wildcard."""
    return bool(_WILDCARD.search(text))


def matches(glob: str, text: str) -> bool:
    """Whether a glob matches the whole of a text.

    ``**`` matches any characters, ``*`` any but slashes, ``?`` one character but a slash.
    """
    return bool(_compiled(glob).fullmatch(text))


@cache
def _compiled(glob: str) -> re.Pattern[str]:
    def meaning(match: re.Match[str]) -> str:
        return _MEANINGS.get(match[0]) or re.escape(match[0])

    return re.compile(re.sub(r"\*\*|.", meaning, glob))


@dataclass(frozen=True)
class ArtifactGlob:
    """A pattern of repositories and of tags in them; ``text`` is as typed."""

    text: str
    repository: str
    tag: str = ALL_TAGS

    @classmethod
    def parse(cls, text: str, option: str = Artifact.OPTION) -> ArtifactGlob:
        """Parse a reference with wildcards; without a tag it matches all tags."""
        repository, tag, digest = split_reference(
            text, option, lambda part: _WILDCARD.sub("a", part)
        )
        if digest:
            raise invalid(
                text,
                option,
                "a pattern can't contain a digest",
                "Specify the whole repository, or omit the digest.",
            )
        return cls(text, repository, tag or ALL_TAGS)

    @property
    def deep(self) -> ArtifactGlob:
        """The pattern that matches the same in repositories of any depth."""
        repository = re.sub(r"\*+", "**", self.repository)
        rest = self.text.removeprefix(self.repository)
        return ArtifactGlob(repository + rest, repository, self.tag)

    def takes(self, artifact: Artifact) -> bool:
        """Whether it matches an artifact; a reference by digest matches if all tags do."""
        return matches(self.repository, artifact.repository) and (
            self.tag == ALL_TAGS if artifact.is_digest else matches(self.tag, artifact.reference)
        )


#: What an argument may name.
Reference = Artifact | ArtifactGlob


def parse_references(
    texts: Iterable[str], option: str, login_server_suffix: str | None
) -> tuple[Reference, ...]:
    """Parse references and patterns, which must not include the registry."""
    references = []
    for text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            if left := _COMMENT.sub("", line).strip():
                with _named_line(text, number):
                    references.append(_parse(left, option, login_server_suffix))
    return tuple(references)


def check_lines(text: str, option: str) -> None:
    """Refuse lines that nobody types on purpose; blanks around them and comments are fine."""
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        left = _COMMENT.sub("", line)
        with _named_line(text, number):
            check_word(left.strip(" ") if len(lines) > 1 else left, option)


@contextmanager
def _named_line(text: str, number: int) -> Iterator[None]:
    """Name the line and the file in an error about a line of a list."""
    try:
        yield
    except InvalidArgumentValueError as error:
        file = file_with(text)
        if not file and "\n" not in text:
            raise
        raise InvalidArgumentValueError(
            f"Line {number} of {escape(file or 'the list')}: {error.error_msg}",
            recommendation=error.recommendations,
        ) from error


def file_with(text: str) -> str | None:
    """Return the ``@file`` of the command line that core has replaced by this text, if any."""
    paths = [Path(word[1:]).expanduser() for word in sys.argv if word.startswith("@")]
    # What isn't a file can be read only once, and what core couldn't read wasn't replaced.
    files = [path for path in paths if path.is_file() and os.access(path, os.R_OK)]
    return next((str(path) for path in files if _content(path) == text), None)


def _content(path: Path) -> str:
    # Deferred: only an error needs it.
    from azure.cli.core.util import read_file_content

    return str(read_file_content(str(path), allow_binary=True).rstrip(os.linesep))


def _parse(text: str, option: str, login_server_suffix: str | None) -> Reference:
    reference = (ArtifactGlob if is_glob(text) else Artifact).parse(text, option)
    registry, slash, rest = text.partition("/")
    if login_server_suffix and slash and registry.lower().endswith(login_server_suffix.lower()):
        raise invalid(
            text,
            option,
            "a reference begins with the repository; use --registry for the registry",
            f"Use '{rest}'.",
        )
    return reference
