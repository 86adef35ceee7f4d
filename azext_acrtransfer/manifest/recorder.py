"""What is known of an export at a time, as its manifest tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from azure.cli.core.azclierror import FileOperationError
from azure.core.exceptions import HttpResponseError

from azext_acrtransfer.arguments import Artifact
from azext_acrtransfer.diagnostics import diagnosis
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
from azext_acrtransfer.service.states import RunState
from azext_acrtransfer.transfer.execution import Outcome
from azext_acrtransfer.transfer.specs import RunSpec


@dataclass(frozen=True)
class Record:
    """An export and the manifest that it adds to, if there is one."""

    file: ManifestFile
    registry: str
    pipeline: Any
    contents: Mapping[Artifact, Descriptor]
    earlier: TransferManifest | None = None

    def begin(self, specs: Iterable[RunSpec]) -> None:
        """Write what is planned: whatever ends the command, this is not lost."""
        self.file.write(self._manifest([Outcome(spec) for spec in specs]))

    def end(self, outcomes: Sequence[Outcome]) -> FileOperationError | None:
        """Write what came of it; what kept that from being written is no reason to tell nothing."""
        return self.file.try_to_write(self._manifest(outcomes))

    def _manifest(self, outcomes: Sequence[Outcome]) -> TransferManifest:
        skipped = (Entry(each, Result.SKIPPED, self.contents[each]) for each in self.contents)
        entries = {entry.artifact: entry for entry in (*_kept(self.earlier), *skipped)}
        for outcome in outcomes:
            entries |= {entry.artifact: entry for entry in self._entries(outcome)}
        return TransferManifest(
            ManifestKind.EXPORT,
            rfc3339(datetime.now(timezone.utc)),
            self.registry,
            self.pipeline.id,
            (*(self.earlier.runs if self.earlier else ()), *map(_run, outcomes)),
            tuple(entries.values()),
        )

    def _entries(self, outcome: Outcome) -> Iterable[Entry]:
        left = outcome.left(self.pipeline.options)
        for artifact in outcome.spec.artifacts:
            result = _result(outcome, is_left=artifact in left)
            error = _error(outcome) if result is Result.FAILED else None
            content = self.contents[artifact]
            yield Entry(artifact, result, content, outcome.spec.name, error)


def _kept(earlier: TransferManifest | None) -> Iterable[Entry]:
    """The entries of an earlier manifest; what the target has counts as skipped."""
    for entry in earlier.entries if earlier else ():
        yield replace(entry, result=Result.SKIPPED) if entry.result is Result.PRESENT else entry


def _result(outcome: Outcome, *, is_left: bool) -> Result:
    refused = isinstance(outcome.error, HttpResponseError)
    if outcome.is_old or outcome.is_under_way or not (outcome.run or refused):
        return Result.UNKNOWN
    return Result.FAILED if is_left else Result.EXPORTED


def _run(outcome: Outcome) -> ManifestRun:
    run, spec = outcome.run, outcome.spec
    response = run and run.response
    return ManifestRun(
        spec.name,
        spec.blob,
        (run and RunState(run).text) or None,
        _time(response and response.start_time),
        _time(response and response.finish_time),
        _error(outcome),
    )


def _time(told: datetime | None) -> str | None:
    return rfc3339(told) if told else None


def _error(outcome: Outcome) -> str | None:
    if outcome.error:
        return diagnosis.message_of(outcome.error) or None
    return diagnosis.error_message(outcome.run) if outcome.has_failed else None
