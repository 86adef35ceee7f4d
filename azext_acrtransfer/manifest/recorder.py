"""The manifest of an export in progress: first the plan, then the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.manifest.files import ManifestFile
from azext_acrtransfer.manifest.merging import RunRecord, mark_moved, merge, without
from azext_acrtransfer.manifest.model import (
    Entry,
    ManifestKind,
    ManifestRun,
    Result,
    TransferManifest,
    rfc3339,
)
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact


@dataclass(frozen=True)
class Recorder:
    """Adds an export to the manifest in a file, which other commands can change meanwhile."""

    file: ManifestFile
    registry: str
    pipeline_id: str
    contents: Mapping[Artifact, Descriptor]
    #: The manifest that says what to export; what it knows of other artifacts is added, too.
    retried: TransferManifest | None = None

    def begin(self, records: Sequence[RunRecord]) -> Recording:
        """Write the plan, which stays if the command is killed."""
        earlier: list[TransferManifest] = []

        def add_plan(current: TransferManifest | None) -> TransferManifest:
            earlier[:] = [self._earlier(current)]
            return self.merged(earlier[0], records)

        return Recording(self, plan=self.file.update(add_plan), earlier=earlier[0])

    def merged(self, manifest: TransferManifest, records: Sequence[RunRecord]) -> TransferManifest:
        """Add runs to a manifest."""
        header = self._manifest(manifest.runs, manifest.entries)
        return merge(header, records, self.contents)

    def _earlier(self, current: TransferManifest | None) -> TransferManifest:
        parts = [part for part in (self.retried, current) if part]
        runs = {run.key: run for part in parts for run in part.runs}
        entries = {entry.artifact: entry for part in parts for entry in _exported_or_skipped(part)}
        return self._manifest(tuple(runs.values()), tuple(entries.values()))

    def _manifest(
        self, runs: tuple[ManifestRun, ...], entries: tuple[Entry, ...]
    ) -> TransferManifest:
        return TransferManifest(
            ManifestKind.EXPORT, _now(), self.registry, self.pipeline_id, runs, entries
        )


@dataclass(frozen=True)
class Recording:
    """A plan that was written, and the manifest before it."""

    recorder: Recorder
    plan: TransferManifest
    earlier: TransferManifest

    def end(self, records: Sequence[RunRecord], moved: Mapping[Artifact, Descriptor]) -> Recorded:
        """Write the results, also next to those of another command.

        ``moved`` has what tags name after the runs, if it's something else than before.
        """

        def add_results(current: TransferManifest | None) -> TransferManifest:
            before = without(current, self.plan, self.earlier) if current else self.earlier
            return mark_moved(self.recorder.merged(before, records), records, moved)

        file = self.recorder.file
        return Recorded(str(file.path), file.update(add_results))


@dataclass(frozen=True)
class Recorded:
    """A file, and the manifest that was written to it."""

    file: str
    manifest: TransferManifest

    @property
    def wait_command(self) -> str:
        """The command that completes the manifest."""
        return wait_command(self.file)


def wait_command(file: str | Path) -> str:
    """Return the command that waits for the runs of a manifest, and completes it."""
    return str(az("acr pipeline-run wait", manifest=str(file)))


def complete(
    file: ManifestFile,
    manifest: TransferManifest,
    records: Sequence[RunRecord],
    moved: Mapping[Artifact, Descriptor],
) -> Recorded:
    """Add to a manifest, which was read from a file, the state of runs that it names.

    ``moved`` has what tags name after the runs, if it's something else than before.
    """

    def add_results(current: TransferManifest | None) -> TransferManifest:
        before = current or manifest
        merged = mark_moved(merge(before, records, {}), records, moved)
        return replace(merged, created=_now()) if merged != before else before

    return Recorded(str(file.path), file.update(add_results))


def _now() -> str:
    return rfc3339(datetime.now(timezone.utc))


def _exported_or_skipped(manifest: TransferManifest) -> Iterator[Entry]:
    """Return the entries for an export manifest; what the target has counts as skipped."""
    for entry in manifest.entries:
        if manifest.kind is ManifestKind.EXPORT:
            yield entry
        elif entry.result is Result.PRESENT:
            yield replace(entry, result=Result.SKIPPED)
