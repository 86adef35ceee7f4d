"""References to artifacts: a repository, and a tag or a digest in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from azext_acrtransfer.arguments import invalid

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
#: What other lists look like, of which no part is in a reference.
_OTHER_LISTS = {
    re.compile(r"^[\[{]|[\]}]$"): "expected references, not JSON",
    re.compile(r"^-(\s|$)"): "expected references, not a YAML list",
    re.compile(r"[\"']"): "a reference doesn't contain quotation marks",
    re.compile(r"[,;]"): "expected references separated by spaces",
    re.compile(r"\s"): "expected one reference a line",
}
_LIST_ADVICE = (
    "Separate references with spaces, without quotes, commas or brackets: repo1:tag1 repo2:tag2. "
    "In "
    "a file, write one reference a line."
)


def is_digest(text: object) -> bool:
    """Whether a value is a digest that a reference can have."""
    return isinstance(text, str) and bool(_DIGEST.fullmatch(text))


@dataclass(frozen=True)
class Artifact:
    """One artifact of a registry, by tag or by digest."""

    repository: str
    reference: str

    OPTION = "--artifacts"
    ADVICE = "Use REPOSITORY:TAG or REPOSITORY@sha256:DIGEST."

    @property
    def is_digest(self) -> bool:
        """Whether it is referred to by digest."""
        return ":" in self.reference

    def __str__(self) -> str:
        separator = "@" if self.is_digest else ":"
        return f"{self.repository}{separator}{self.reference}"

    @classmethod
    def parse(cls, text: str, option: str = OPTION) -> Artifact:
        """Parse ``repo`` (its tag ``latest``), ``repo:tag`` or ``repo@sha256:...``."""
        repository, tag, digest = split_reference(text, option)
        return cls(repository, digest or tag or "latest")


def split_reference(
    text: str, option: str, plain: Callable[[str], str] = str
) -> tuple[str, str, str]:
    """Return the repository, tag and digest of a reference; the last two can be empty.

    ``plain`` turns a pattern into a text that it matches, before the text is validated.
    """
    if "://" in text or "=" in text:
        raise invalid(
            text,
            option,
            "expected the name of a repository, not a URI or a SAS token",
            Artifact.ADVICE,
        )
    if why := next((why for pattern, why in _OTHER_LISTS.items() if pattern.search(text)), None):
        raise invalid(text, option, why, _LIST_ADVICE)
    name, at_sign, digest = text.partition("@")
    repository, colon, tag = name.partition(":")
    if at_sign and not name:  # core leaves an @file as it is if it cannot read it
        why = f"there is no file '{digest}'"
    elif at_sign and colon:
        why = "a reference contains a tag or a digest, not both"
    elif not _REPOSITORY.fullmatch(plain(repository)):
        why = (
            f"'{repository}' isn't a valid name of a repository: expected lowercase letters and "
            "digits, separated by '/', '.', '_' or '-'"
        )
    elif at_sign and not _DIGEST.fullmatch(digest):
        why = f"'{digest}' isn't a SHA-256 digest"
    elif colon and not _TAG.fullmatch(plain(tag)):
        why = f"'{tag}' isn't a valid tag"
    else:
        return repository, tag, digest
    raise invalid(text, option, why, Artifact.ADVICE)
