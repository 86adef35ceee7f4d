"""References and patterns that match nothing, and the names that could have been meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_acrtransfer.arguments import invalid
from azext_acrtransfer.redaction import LONGEST_LIST, shortened
from azext_acrtransfer.registry.patterns import ArtifactGlob, matches
from azext_acrtransfer.transfer.listing import Listing, repositories_of, tagged

T = TypeVar("T")


@dataclass(frozen=True)
class Unmatched:
    """A value of an option that matches nothing."""

    text: str
    why: str
    advice: str


def refuse(option: str, values: Sequence[T], explain: Callable[[T], Unmatched]) -> None:
    """Raise one error for all values that match nothing, if there are any."""
    if not values:
        return
    named = [explain(value) for value in values[:LONGEST_LIST]]  # each is searched for
    others = values[LONGEST_LIST:]
    lines = [str(invalid(value.text, option, value.why, "").error_msg) for value in named]
    raise InvalidArgumentValueError(
        "\n".join(shortened([*lines, *others])),
        recommendation=[
            value.advice if len(named) == 1 else f"{value.text}: {value.advice}" for value in named
        ],
    )


def unmatched_glob(glob: ArtifactGlob, listing: Listing) -> Unmatched:
    """Explain why a pattern matches nothing in a registry."""
    repositories = repositories_of(glob, listing)
    if repositories:
        listed = [str(artifact) for artifact, _ in tagged(repositories, listing)]
        return Unmatched(glob.text, "no tag matches", nearest(glob.text, listed))
    names = listing.repositories()
    advice = nearest(glob.text, names)
    if any(matches(glob.deep.repository, name) for name in names):
        advice = (
            f"'*' doesn't match a slash. To match repositories of any depth: '{glob.deep.text}'."
        )
    return Unmatched(glob.text, "no repository matches", advice)


def nearest(text: str, names: Iterable[str]) -> str:
    """Return a sentence with the names of a list that are most like a text."""
    listed = list(names)
    if not listed:
        return "None is listed."
    close = get_close_matches(text, listed, cutoff=0.3) or listed[:3]
    return f"The nearest of {len(listed)} listed: " + ", ".join(f"'{name}'" for name in close) + "."
