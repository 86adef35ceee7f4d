"""Rules about the content of a transfer: blobs, artifacts, and the source trigger."""

from __future__ import annotations

from collections.abc import Callable, Sized
from datetime import timedelta
from email.utils import parsedate_to_datetime

from azext_acrtransfer.diagnostics.catalog import TOO_MANY_ARTIFACTS
from azext_acrtransfer.kinds import (
    EXPORT,
    IMPORT,
    MAX_ARTIFACTS_PER_RUN,
    PipelineKind,
    PipelineOption,
)
from azext_acrtransfer.preflight.lookups import NotApplicableError
from azext_acrtransfer.preflight.rule import Finding, Rule, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Headers, Layer, Snapshot
from azext_acrtransfer.service.json_values import get_path

LARGEST_LAYER = 8 * 1024**3
_METADATA, _CATEGORY = "x-ms-meta-category", "acr-transfer-blob"
_OLDEST = timedelta(days=60)


def _blobs_exist(snapshot: Snapshot) -> Finding:
    _of(snapshot, IMPORT, snapshot.blobs)
    missing = [name for name, read in snapshot.blobs.items() if read.is_missing]
    return fails(f"Not there: {', '.join(missing)}.") if missing else passes("All are there.")


def _blobs_free(snapshot: Snapshot) -> Finding:
    _of(snapshot, EXPORT, snapshot.subject.blobs)
    if PipelineOption.OVERWRITE_BLOBS in snapshot.options:
        return passes("The pipeline may overwrite blobs.")
    there = [name for name, read in snapshot.blobs.items() if not read.is_missing]
    return fails(f"There already: {', '.join(there)}.") if there else passes("None is in the way.")


def _of(snapshot: Snapshot, kind: PipelineKind, subjects: Sized) -> None:
    """Skip a rule that is for the other direction, or has no subject."""
    if snapshot.kind is not kind or not subjects or snapshot.pipeline.value is None:
        raise NotApplicableError


def _artifacts_exist(snapshot: Snapshot) -> Finding:
    _of(snapshot, EXPORT, snapshot.subject.artifacts)
    missing = [str(artifact) for artifact, read in snapshot.contents.items() if read.is_missing]
    if missing:
        return fails(f"Not there: {', '.join(missing)}.")
    return passes(f"All {len(snapshot.contents)} are there.")


def _artifacts_a_run(snapshot: Snapshot) -> Finding:
    _of(snapshot, EXPORT, snapshot.subject.artifacts)
    if snapshot.subject.is_planned:
        raise NotApplicableError
    count = len(snapshot.subject.artifacts)
    if count > MAX_ARTIFACTS_PER_RUN:
        return warns(f"{count}. {TOO_MANY_ARTIFACTS}")
    return passes(f"{count}.")


def _layers(snapshot: Snapshot, wanted: Callable[[Layer], bool]) -> str:
    """Return the layers of the artifacts that meet a condition, with their artifacts."""
    _of(snapshot, EXPORT, snapshot.subject.artifacts)
    layers = [
        f"{layer.digest} of {artifact} ({layer.size} bytes)"
        for artifact, content in snapshot.readable_contents
        for layer in content.layers
        if wanted(layer)
    ]
    if not layers:  # then those that could not be read count
        _ = [read.is_missing for read in snapshot.contents.values()]
    return ", ".join(layers)


def _layer_sizes(snapshot: Snapshot) -> Finding:
    large = _layers(snapshot, lambda layer: layer.size > LARGEST_LAYER and not layer.is_foreign)
    return fails(f"Larger than 8 GB: {large}.") if large else passes("None is larger than 8 GB.")


def _no_foreign_layers(snapshot: Snapshot) -> Finding:
    foreign = _layers(snapshot, lambda layer: layer.is_foreign)
    if foreign:
        return warns(f"Kept outside of the registry, so not carried: {foreign}.")
    return passes("All layers are in the registry.")


def _tags_free(snapshot: Snapshot) -> Finding:
    _of(snapshot, IMPORT, snapshot.subject.artifacts)
    if PipelineOption.OVERWRITE_TAGS in snapshot.options:
        return passes("The pipeline may overwrite tags.")
    known = snapshot.subject.digests
    there = [artifact for artifact, read in snapshot.contents.items() if not read.is_missing]
    other = [
        (str(artifact), artifact in known)
        for artifact in there
        if known.get(artifact) != snapshot.contents[artifact].value.digest
    ]
    names = ", ".join(name for name, _ in other)
    if any(certain for _, certain in other):
        return fails(f"There with other content: {names}.")
    return warns(f"There already: {names}.") if other else passes("No tag is in the way.")


def _trigger_enabled(snapshot: Snapshot) -> Finding:
    _of(snapshot, IMPORT, snapshot.subject.blobs)
    if snapshot.subject.is_planned:
        raise NotApplicableError
    if _is_triggered(snapshot):
        return passes("The source trigger is on.")
    return warns("The source trigger is off: the pipeline imports when it is run.")


def _is_triggered(snapshot: Snapshot) -> bool:
    status = get_path(snapshot.pipeline.value, "properties", "trigger", "sourceTrigger", "status")
    return str(status).lower() != "disabled"


def _not_triggering(snapshot: Snapshot, wanted: Callable[[Headers], bool]) -> str:
    """Return the blobs that the source trigger ignores because they don't meet a condition."""
    _of(snapshot, IMPORT, snapshot.subject.blobs)
    if snapshot.subject.is_planned or not _is_triggered(snapshot):
        raise NotApplicableError
    there = {name: read.value for name, read in snapshot.blobs.items() if not read.is_missing}
    if not there:
        raise NotApplicableError
    return ", ".join(name for name, headers in there.items() if not wanted(headers))


def _trigger_age(snapshot: Snapshot) -> Finding:
    def is_recent(headers: Headers) -> bool:
        return snapshot.now - parsedate_to_datetime(headers["last-modified"]) <= _OLDEST

    old = _not_triggering(snapshot, is_recent)
    if old:
        return fails(f"Last modified more than 60 days ago: {old}.")
    return passes("Modified within 60 days; a new blob is seen within 15 minutes.")


def _trigger_md5(snapshot: Snapshot) -> Finding:
    without = _not_triggering(snapshot, lambda headers: bool(headers.get("content-md5")))
    return fails(f"Without ContentMD5: {without}.") if without else passes("There is a ContentMD5.")


def _trigger_category(snapshot: Snapshot) -> Finding:
    other = _not_triggering(snapshot, lambda headers: headers.get(_METADATA) == _CATEGORY)
    metadata = f"category={_CATEGORY}"
    return fails(f"Without {metadata}: {other}.") if other else passes(f"There is {metadata}.")


RULES = (
    Rule(
        "BlobsFound",
        "For an import with `--storage-blob`: it exists.",
        _blobs_exist,
        ("blob-missing",),
    ),
    Rule(
        "BlobsFree",
        "For an export with `--storage-blob`: it does not exist, or may be overwritten.",
        _blobs_free,
        ("blob-exists",),
    ),
    Rule(
        "ArtifactsFound",
        "For an export with `--artifacts`: they exist.",
        _artifacts_exist,
        ("artifact-missing",),
    ),
    Rule("ArtifactsPerRun", "They are at most 50.", _artifacts_a_run, ("too-many-artifacts",)),
    Rule("LayerSizes", "No layer is larger than 8 GB.", _layer_sizes, ("layer-too-large",)),
    Rule("LayersHere", "No layer is kept outside of the registry.", _no_foreign_layers),
    Rule(
        "TagsFree",
        "For an import with `--artifacts`, what it is to bring: no such tag exists, or it may be "
        "overwritten.",
        _tags_free,
        ("tag-exists",),
    ),
    Rule(
        "TriggerEnabled",
        "For an import with `--storage-blob`: the source trigger is on.",
        _trigger_enabled,
        ("trigger-disabled",),
    ),
    Rule(
        "TriggerAge",
        "With the trigger on: the blob was modified within 60 days.",
        _trigger_age,
        ("trigger-too-old",),
    ),
    Rule("TriggerMd5", "Likewise: it has a ContentMD5.", _trigger_md5, ("trigger-no-md5",)),
    Rule(
        "TriggerCategory",
        "Likewise: its metadata have category=acr-transfer-blob.",
        _trigger_category,
        ("trigger-metadata-lost",),
    ),
)
