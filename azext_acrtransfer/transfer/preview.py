"""The preview of a transfer: its runs, what they would move, and what they couldn't."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypedDict

from knack.log import get_logger
from knack.util import CLIError

from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.specs import RunSpec

logger = get_logger(__name__)

#: The sizes in bytes of all that an artifact consists of, by digest; None if it doesn't exist.
Sizes = Mapping[str, int] | None


class Measuring(Protocol):  # pylint: disable=too-few-public-methods  # nothing else is needed
    """A registry that knows the sizes of its artifacts."""

    def sizes_of(self, artifacts: Sequence[Artifact]) -> Mapping[Artifact, Sizes]:
        """Return the sizes of each artifact."""


class PlannedRun(TypedDict):
    """A run that would be created: one item of the JSON of ``create --dry-run``."""

    name: str
    pipeline: str
    type: str
    blob: str
    artifacts: list[str]
    #: Those of the artifacts that don't exist; null if the registry couldn't be read.
    missing: list[str] | None
    #: Those next to the artifacts in the selection that --skip leaves out.
    skipped: list[str]
    #: Bytes of the blob, but for its own overhead; null for an import, or if it's unknown.
    size: int | None


def preview(
    specs: Sequence[RunSpec], pipeline: str, selected: Iterable[Artifact], registry: Measuring
) -> list[PlannedRun]:
    """Return the runs of a dry run; a registry that can't be read leaves sizes unknown."""
    sizes = sizes_if_readable([artifact for spec in specs for artifact in spec.artifacts], registry)
    runs: list[PlannedRun] = []
    skipped = _skipped(specs, selected)
    for number, spec in enumerate(specs):
        contents = (
            None if sizes is None else {artifact: sizes[artifact] for artifact in spec.artifacts}
        )
        runs.append(
            {
                "name": spec.name,
                "pipeline": pipeline,
                "type": spec.kind.name,
                "blob": spec.blob,
                "artifacts": [*map(str, spec.artifacts)],
                "missing": None if contents is None else _missing(contents),
                "skipped": [*map(str, skipped[number])],
                "size": None if contents is None else blob_size(contents.values()),
            }
        )
    return runs


def blob_size(contents: Iterable[Sizes]) -> int:
    """Return the bytes that a run moves: each manifest, configuration and layer once."""
    sizes: dict[str, int] = {}
    for content in contents:
        sizes.update(content or {})
    return sum(sizes.values())


def _missing(contents: Mapping[Artifact, Sizes]) -> list[str]:
    return [str(artifact) for artifact, sizes in contents.items() if sizes is None]


def sizes_if_readable(
    artifacts: Sequence[Artifact], registry: Measuring
) -> Mapping[Artifact, Sizes] | None:
    """Return the sizes of artifacts, or None with a warning if the registry can't be read."""
    if not artifacts:
        return None
    try:
        return registry.sizes_of(artifacts)
    except CLIError as error:
        logger.warning("Sizes and missing artifacts are unknown: %s", error)
        return None


def _skipped(specs: Sequence[RunSpec], selected: Iterable[Artifact]) -> list[list[Artifact]]:
    """Return for each run the artifacts of no run that follow its own in the selection."""
    numbers = {artifact: number for number, spec in enumerate(specs) for artifact in spec.artifacts}
    skipped: list[list[Artifact]] = [[] for _ in specs]
    current = 0
    for artifact in selected:
        if artifact in numbers:
            current = numbers[artifact]
        elif specs:
            skipped[current].append(artifact)
    return skipped
