"""What is judged of what is to be moved: the blob, the artifacts, and what the trigger wants."""

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
from azext_acrtransfer.preflight.lookups import NothingThereError
from azext_acrtransfer.preflight.rule import Finding, Rule, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Headers, Layer, Seen
from azext_acrtransfer.service.json_values import dig

LARGEST_LAYER = 8 * 1024**3
_METADATA, _CATEGORY = "x-ms-meta-category", "acr-transfer-blob"
_OLDEST = timedelta(days=60)


def _blobs_found(seen: Seen) -> Finding:
    _of(seen, IMPORT, seen.blobs)
    missing = [name for name, read in seen.blobs.items() if read.is_missing]
    return fails(f"Not there: {', '.join(missing)}.") if missing else passes("All are there.")


def _blobs_free(seen: Seen) -> Finding:
    _of(seen, EXPORT, seen.asked.blobs)
    if PipelineOption.OVERWRITE_BLOBS in seen.options:
        return passes("The pipeline may overwrite blobs.")
    there = [name for name, read in seen.blobs.items() if not read.is_missing]
    return fails(f"There already: {', '.join(there)}.") if there else passes("None is in the way.")


def _of(seen: Seen, kind: PipelineKind, subjects: Sized) -> None:
    """Leave a rule out that is for the other direction, or for what was not asked about."""
    if seen.kind is not kind or not subjects or seen.pipeline.value is None:
        raise NothingThereError


def _artifacts_found(seen: Seen) -> Finding:
    _of(seen, EXPORT, seen.asked.artifacts)
    missing = [str(each) for each, read in seen.contents.items() if read.is_missing]
    if missing:
        return fails(f"Not there: {', '.join(missing)}.")
    return passes(f"All {len(seen.contents)} are there.")


def _artifacts_a_run(seen: Seen) -> Finding:
    _of(seen, EXPORT, seen.asked.artifacts)
    if seen.asked.is_planned:
        raise NothingThereError
    count = len(seen.asked.artifacts)
    if count > MAX_ARTIFACTS_PER_RUN:
        return warns(f"{count}. {TOO_MANY_ARTIFACTS}")
    return passes(f"{count}.")


def _layers(seen: Seen, wanted: Callable[[Layer], bool]) -> str:
    """The layers of the artifacts for which something holds, each with its artifact."""
    _of(seen, EXPORT, seen.asked.artifacts)
    found = [
        f"{layer.digest} of {artifact} ({layer.size} bytes)"
        for artifact, content in seen.found_contents
        for layer in content.layers
        if wanted(layer)
    ]
    if not found:  # then those that could not be read count
        _ = [read.is_missing for read in seen.contents.values()]
    return ", ".join(found)


def _layer_sizes(seen: Seen) -> Finding:
    large = _layers(seen, lambda each: each.size > LARGEST_LAYER and not each.is_foreign)
    return fails(f"Larger than 8 GB: {large}.") if large else passes("None is larger than 8 GB.")


def _no_foreign_layers(seen: Seen) -> Finding:
    foreign = _layers(seen, lambda each: each.is_foreign)
    if foreign:
        return warns(f"Kept outside of the registry, so not carried: {foreign}.")
    return passes("All layers are in the registry.")


def _tags_free(seen: Seen) -> Finding:
    _of(seen, IMPORT, seen.asked.artifacts)
    if PipelineOption.OVERWRITE_TAGS in seen.options:
        return passes("The pipeline may overwrite tags.")
    known = seen.asked.digests
    there = [each for each, read in seen.contents.items() if not read.is_missing]
    other = [
        (str(each), each in known)
        for each in there
        if known.get(each) != seen.contents[each].value.digest
    ]
    names = ", ".join(name for name, _ in other)
    if any(certain for _, certain in other):
        return fails(f"There with other content: {names}.")
    return warns(f"There already: {names}.") if other else passes("No tag is in the way.")


def _trigger_enabled(seen: Seen) -> Finding:
    _of(seen, IMPORT, seen.asked.blobs)
    if seen.asked.is_planned:
        raise NothingThereError
    if _is_triggered(seen):
        return passes("The source trigger is on.")
    return warns("The source trigger is off: the pipeline imports when it is run.")


def _is_triggered(seen: Seen) -> bool:
    status = dig(seen.pipeline.value, "properties", "trigger", "sourceTrigger", "status")
    return str(status).lower() != "disabled"


def _not_triggering(seen: Seen, wanted: Callable[[Headers], bool]) -> str:
    """Blobs that the trigger passes over, for they are not as wanted."""
    _of(seen, IMPORT, seen.asked.blobs)
    if seen.asked.is_planned or not _is_triggered(seen):
        raise NothingThereError
    there = {name: read.value for name, read in seen.blobs.items() if not read.is_missing}
    if not there:
        raise NothingThereError
    return ", ".join(name for name, headers in there.items() if not wanted(headers))


def _trigger_age(seen: Seen) -> Finding:
    def is_recent(headers: Headers) -> bool:
        return seen.now - parsedate_to_datetime(headers["last-modified"]) <= _OLDEST

    old = _not_triggering(seen, is_recent)
    if old:
        return fails(f"Last modified more than 60 days ago: {old}.")
    return passes("Modified within 60 days; a new blob is seen within 15 minutes.")


def _trigger_md5(seen: Seen) -> Finding:
    without = _not_triggering(seen, lambda headers: bool(headers.get("content-md5")))
    return fails(f"Without ContentMD5: {without}.") if without else passes("There is a ContentMD5.")


def _trigger_category(seen: Seen) -> Finding:
    other = _not_triggering(seen, lambda headers: headers.get(_METADATA) == _CATEGORY)
    found = f"category={_CATEGORY}"
    return fails(f"Without {found}: {other}.") if other else passes(f"There is {found}.")


RULES = (
    Rule(
        "BlobsFound",
        "For an import with `--storage-blob`: it exists.",
        _blobs_found,
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
        _artifacts_found,
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
