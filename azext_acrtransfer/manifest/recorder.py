"""The manifest of an export in progress: first the plan, then the results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from azure.cli.core.azclierror import FileOperationError

from azext_acrtransfer.manifest.files import ManifestFile
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
class RunRecord:
    """A run, and the result and error of each of its artifacts."""

    run: ManifestRun
    results: Mapping[Artifact, tuple[Result, str | None]]


@dataclass(frozen=True)
class Recorder:
    """Writes the manifest of an export, including the entries of an earlier one."""

    file: ManifestFile
    registry: str
    pipeline_id: str
    contents: Mapping[Artifact, Descriptor]
    earlier: TransferManifest | None = None

    def begin(self, records: Sequence[RunRecord]) -> None:
        """Write the plan, which stays if the command is killed."""
        self.file.write(self._manifest(records))

    def end(self, records: Sequence[RunRecord]) -> FileOperationError | None:
        """Write the results; return the error if that fails."""
        return self.file.try_to_write(self._manifest(records))

    def _manifest(self, records: Sequence[RunRecord]) -> TransferManifest:
        skipped = (
            Entry(artifact, Result.SKIPPED, content) for artifact, content in self.contents.items()
        )
        entries = {entry.artifact: entry for entry in (*_kept(self.earlier), *skipped)}
        for record in records:
            for artifact, (result, error) in record.results.items():
                content = self.contents[artifact]
                entries[artifact] = Entry(artifact, result, content, record.run.name, error)
        return TransferManifest(
            ManifestKind.EXPORT,
            rfc3339(datetime.now(timezone.utc)),
            self.registry,
            self.pipeline_id,
            (
                *(self.earlier.runs if self.earlier else ()),
                *(record.run for record in records),
            ),
            tuple(entries.values()),
        )


def _kept(earlier: TransferManifest | None) -> Iterable[Entry]:
    """Return the entries of an earlier manifest; artifacts in the target count as skipped."""
    for entry in earlier.entries if earlier else ():
        yield replace(entry, result=Result.SKIPPED) if entry.result is Result.PRESENT else entry
