"""Selection of artifacts and blobs: patterns are resolved by listing a registry or container."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knack.log import get_logger

from azext_acrtransfer.registry.patterns import ArtifactGlob, Reference, is_glob, matches
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.exclusion import leave_out
from azext_acrtransfer.transfer.listing import BlobListing, Listing, repositories_of, tagged
from azext_acrtransfer.transfer.unmatched import Unmatched, nearest, refuse, unmatched_glob

logger = get_logger(__name__)


@dataclass(frozen=True)
class Selection:
    """References and patterns to include and to exclude."""

    include: tuple[Reference, ...]
    exclude: tuple[Reference, ...] = ()
    #: The option that selects them.
    source: str = Artifact.OPTION

    def resolve(self, listing: Listing) -> tuple[Artifact, ...]:
        """Return the artifacts, each once, in order; only patterns need the lists."""
        globs = [reference for reference in self.include if isinstance(reference, ArtifactGlob)]
        matching = {glob: _matching(glob, listing) for glob in globs}
        unmatched = [glob for glob, artifacts in matching.items() if not artifacts]
        refuse(Artifact.OPTION, unmatched, lambda glob: unmatched_glob(glob, listing))
        artifacts = tuple(
            dict.fromkeys(
                artifact
                for wanted in self.include
                for artifact in (matching[wanted] if isinstance(wanted, ArtifactGlob) else [wanted])
            )
        )
        self._warn_of_deeper_repositories(listing)
        return leave_out(artifacts, self.exclude, listing, source=self.source)

    def _warn_of_deeper_repositories(self, listing: Listing) -> None:
        """Name a pattern that matches no repositories with more slashes, if nothing else does."""
        globs = [wanted for wanted in self.include if isinstance(wanted, ArtifactGlob)]
        for glob in (glob for glob in globs if is_glob(glob.repository)):
            deeper = [
                name
                for name in repositories_of(glob.deep, listing)
                if not any(matches(wanted.repository, name) for wanted in self.include)
            ]
            if deeper:
                logger.warning(
                    "%s '%s' doesn't match %d repositories, such as '%s', because '*' doesn't "
                    "match a slash. To match them, too: '%s'.",
                    Artifact.OPTION,
                    glob.text,
                    len(deeper),
                    deeper[0],
                    glob.deep.text,
                )


def _matching(glob: ArtifactGlob, listing: Listing) -> Sequence[Artifact]:
    candidates = tagged(repositories_of(glob, listing), listing)
    return [artifact for artifact, _ in candidates if glob.takes(artifact)]


def resolve_blobs(names: Iterable[str], listing: BlobListing) -> tuple[str, ...]:
    """Return the blobs to import, each once, in order; only patterns need the list."""
    wanted = list(names)
    listed = list(listing.blobs()) if any(map(is_glob, wanted)) else []
    blobs: dict[str, None] = {}
    unmatched = []
    for name in wanted:
        matching = [blob for blob in listed if matches(name, blob)] if is_glob(name) else [name]
        blobs.update(dict.fromkeys(matching))
        if not matching:
            unmatched.append(name)
    refuse(
        "--storage-blob",
        unmatched,
        lambda glob: Unmatched(glob, "no blob matches", nearest(glob, listed)),
    )
    return tuple(blobs)
