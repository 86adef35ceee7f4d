"""Patterns that choose by name, and the lines of an argument that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from azext_acrtransfer.arguments import invalid
from azext_acrtransfer.registry.references import Artifact, split_reference

_MEANINGS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
_WILDCARD = re.compile(r"\*\*|[*?]")
_COMMENT = re.compile(r"(^|\s)#.*")
ALL_TAGS = "*"


def is_glob(text: str) -> bool:
    """Whether a text has a wildcard."""
    return bool(_WILDCARD.search(text))


def matches(glob: str, text: str) -> bool:
    """Whether a glob matches the whole of a text.

    ``**`` is any run of characters, ``*`` any without a slash, ``?`` one that is no slash.
    """
    return bool(_compiled(glob).fullmatch(text))


@cache
def _compiled(glob: str) -> re.Pattern[str]:
    def meaning(match: re.Match[str]) -> str:
        return _MEANINGS.get(match[0]) or re.escape(match[0])

    return re.compile(re.sub(r"\*\*|.", meaning, glob))


@dataclass(frozen=True)
class ArtifactGlob:
    """The tags that match in the repositories that match; ``text`` is as typed."""

    text: str
    repository: str
    tag: str = ALL_TAGS

    @classmethod
    def parse(cls, text: str, option: str = Artifact.OPTION) -> ArtifactGlob:
        """Read a reference whose repository or tag has wildcards; without a tag it means all."""
        repository, tag, digest = split_reference(
            text, option, lambda part: _WILDCARD.sub("a", part)
        )
        if digest:
            raise invalid(
                text,
                option,
                "a digest names one artifact, and a glob many",
                "Give the repository in full, or leave the digest out.",
            )
        return cls(text, repository, tag or ALL_TAGS)

    def takes(self, artifact: Artifact) -> bool:
        """Whether an artifact is one of those; one by its digest is if all tags are."""
        by_digest = ":" in artifact.reference
        return matches(self.repository, artifact.repository) and (
            self.tag == ALL_TAGS if by_digest else matches(self.tag, artifact.reference)
        )


#: What an argument may name.
Reference = Artifact | ArtifactGlob


def parse_references(
    texts: Iterable[str], option: str, login_server_suffix: str | None
) -> tuple[Reference, ...]:
    """Read references and globs, without the registry that --registry names."""
    return tuple(_parse(line, option, login_server_suffix) for line in _lines(texts))


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines without comments; core has put the text of a file in the place of its ``@file``."""
    for text in texts:
        for line in text.splitlines():
            if left := _COMMENT.sub("", line).strip():
                yield left


def _parse(text: str, option: str, login_server_suffix: str | None) -> Reference:
    reference = (ArtifactGlob if is_glob(text) else Artifact).parse(text, option)
    registry, slash, rest = text.partition("/")
    if login_server_suffix and slash and registry.lower().endswith(login_server_suffix.lower()):
        raise invalid(
            text,
            option,
            "a reference starts with the repository; the registry is named by --registry",
            f"Use '{rest}'.",
        )
    return reference
