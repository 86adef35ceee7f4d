"""Merging of runs into a manifest: what is known is only replaced by what is newer and certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from azext_acrtransfer.manifest.model import Entry, ManifestRun, Result, TransferManifest
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact

_IN_TARGET_OR_BLOB = (Result.EXPORTED, Result.SKIPPED)


class Origin(Enum):
    """Where a run comes from, which decides what content its artifacts had."""

    #: The run will be requested; if the manifest has it, the service may run nothing.
    PLANNED = "planned"
    #: The run was requested, and wasn't there before.
    NEW = "new"
    #: The run was there before, with the content that a manifest recorded then, if any did.
    EXISTING = "existing"
    #: The service refused the run: nothing ran.
    REFUSED = "refused"


@dataclass(frozen=True)
class RunRecord:
    """A run, and the result and error of each of its artifacts."""

    run: ManifestRun
    results: Mapping[Artifact, tuple[Result, str | None]]
    origin: Origin


def merge(
    manifest: TransferManifest,
    records: Sequence[RunRecord],
    contents: Mapping[Artifact, Descriptor],
) -> TransferManifest:
    """Add runs, and as skipped the artifacts of ``contents`` that are in none of them."""
    before = {entry.artifact: entry for entry in manifest.entries}
    runs = {run.key: run for run in manifest.runs}
    blobs = {run.name: run.blob for run in manifest.runs}
    entries = dict(before)
    for artifact, content in contents.items():
        skipped = Entry(artifact, Result.SKIPPED, content)
        old = before.get(artifact)
        entries[artifact] = old if old and _is_certain(old, skipped) else skipped
    for record in records:
        run, origin = record.run, record.origin
        if origin is Origin.PLANNED:
            origin = Origin.EXISTING if run.key in runs else Origin.NEW
        for artifact, (result, error) in record.results.items():
            old = before.get(artifact)
            new = Entry(artifact, result, contents.get(artifact), run.name, error)
            is_overwritten = bool(old and old.run and blobs.get(old.run) == run.blob)
            entries[artifact] = _entry(old, new, origin, is_overwritten=is_overwritten)
        if record.origin in (Origin.PLANNED, Origin.REFUSED):
            runs.setdefault(run.key, run)
        else:
            is_existing = origin is Origin.EXISTING
            runs[run.key] = _existing(runs.get(run.key), run) if is_existing else run
    return replace(manifest, runs=tuple(runs.values()), entries=tuple(entries.values()))


def _existing(old: ManifestRun | None, new: ManifestRun) -> ManifestRun:
    """Return a run that was there before, with what the manifest has of it.

    Its artifacts can have been others than those of this request. What is known of its blob stays
    if the blob couldn't be read again.
    """
    if not old or new.finished != old.finished:
        return replace(new, estimated_size=old.estimated_size if old else None)
    return replace(
        new,
        estimated_size=old.estimated_size,
        blob_size=old.blob_size if new.blob_size is None else new.blob_size,
        blob_md5=new.blob_md5 or old.blob_md5,
        catalog_digest=new.catalog_digest or old.catalog_digest,
    )


def _entry(old: Entry | None, new: Entry, origin: Origin, *, is_overwritten: bool) -> Entry:
    """Return the entry of an artifact in a run; ``is_overwritten`` is about the blob of the old."""
    if origin is Origin.EXISTING:
        if not old:  # what it contained when that run moved it isn't known
            return replace(new, result=Result.UNKNOWN, run=None, error=None)
        is_open = old.run == new.run and old.result is Result.UNKNOWN
        return replace(new, descriptor=old.descriptor) if is_open else old
    if not old or old.digest != new.digest:
        return new
    if origin is Origin.REFUSED:
        return old
    is_kept = _is_certain(old, new) and new.result is not Result.EXPORTED and not is_overwritten
    return old if is_kept else new


def _is_certain(old: Entry, new: Entry) -> bool:
    """Whether the content of an entry is known to be in a blob or in the target."""
    return old.result in _IN_TARGET_OR_BLOB and old.digest == new.digest


def without(
    manifest: TransferManifest, plan: TransferManifest, earlier: TransferManifest
) -> TransferManifest:
    """Take a plan back that was merged into an earlier manifest, but for what changed since."""
    runs = {run.key: run for run in earlier.runs}
    entries = {entry.artifact: entry for entry in earlier.entries}
    planned_runs, planned_entries = set(plan.runs), set(plan.entries)
    left_runs = (runs.get(run.key) if run in planned_runs else run for run in manifest.runs)
    left_entries = (
        entries.get(entry.artifact) if entry in planned_entries else entry
        for entry in manifest.entries
    )
    return replace(
        manifest, runs=tuple(filter(None, left_runs)), entries=tuple(filter(None, left_entries))
    )


def mark_moved(
    manifest: TransferManifest,
    records: Sequence[RunRecord],
    moved: Mapping[Artifact, Descriptor],
) -> TransferManifest:
    """Add what tags name now to the artifacts that these runs exported."""
    runs = {record.run.name for record in records}
    entries = (
        replace(entry, moved_to=moved[entry.artifact])
        if entry.run in runs and entry.artifact in moved
        else entry
        for entry in manifest.entries
    )
    return replace(manifest, entries=tuple(entries))
