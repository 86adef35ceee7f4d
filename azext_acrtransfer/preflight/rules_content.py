"""Rules about the content of a transfer: blobs, artifacts, and the source trigger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from azext_acrtransfer.diagnostics.catalog import TOO_MANY_ARTIFACTS
from azext_acrtransfer.kinds import MAX_ARTIFACTS_PER_RUN, PipelineOption
from azext_acrtransfer.preflight import needs
from azext_acrtransfer.preflight.lookups import Found, Lookup, all_or_none
from azext_acrtransfer.preflight.rule import Finding, Rule, evaluate_lookup, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Content, Headers, Layer, Subject
from azext_acrtransfer.registry.references import Artifact

LARGEST_LAYER = 8 * 1024**3
_METADATA, _CATEGORY = "x-ms-meta-category", "acr-transfer-blob"
_OLDEST = timedelta(days=60)

_Blobs = Mapping[str, "Headers | None"]
_Contents = Mapping[Artifact, "Content | None"]
_ContentLookups = Mapping[Artifact, Lookup[Content]]


def _blobs_exist(blobs: _Blobs) -> Finding:
    missing = [name for name, headers in blobs.items() if headers is None]
    return fails(f"Not there: {', '.join(missing)}.") if missing else passes("All are there.")


def _blobs_free(options: tuple[PipelineOption, ...], blobs: Lookup[_Blobs]) -> Finding | None:
    if PipelineOption.OVERWRITE_BLOBS in options:
        return passes("The pipeline may overwrite blobs.")
    return evaluate_lookup(blobs, _no_blobs_exist)


def _no_blobs_exist(blobs: _Blobs) -> Finding:
    existing = [name for name, headers in blobs.items() if headers is not None]
    if existing:
        return fails(f"There already: {', '.join(existing)}.")
    return passes("None is in the way.")


def _artifacts_exist(contents: _Contents) -> Finding:
    missing = [str(artifact) for artifact, content in contents.items() if content is None]
    if missing:
        return fails(f"Not there: {', '.join(missing)}.")
    return passes(f"All {len(contents)} are there.")


def _artifacts_per_run(subject: Subject) -> Finding:
    count = len(subject.artifacts)
    if count > MAX_ARTIFACTS_PER_RUN:
        return warns(f"{count}. {TOO_MANY_ARTIFACTS}")
    return passes(f"{count}.")


def _layer_sizes(contents: _ContentLookups) -> Finding | None:
    return _layers(
        contents,
        lambda layer: layer.size > LARGEST_LAYER and not layer.is_foreign,
        lambda large: fails(f"Larger than 8 GB: {large}."),
        "None is larger than 8 GB.",
    )


def _no_foreign_layers(contents: _ContentLookups) -> Finding | None:
    return _layers(
        contents,
        lambda layer: layer.is_foreign,
        lambda foreign: warns(f"Kept outside of the registry, so not carried: {foreign}."),
        "All layers are in the registry.",
    )


def _layers(
    contents: _ContentLookups,
    is_affected: Callable[[Layer], bool],
    report: Callable[[str], Finding],
    otherwise: str,
) -> Finding | None:
    """Report the affected layers; without any, artifacts that are unreadable count."""
    affected = [
        f"{layer.digest} of {artifact} ({layer.size} bytes)"
        for artifact, lookup in contents.items()
        if isinstance(lookup, Found)
        for layer in lookup.value.layers
        if is_affected(layer)
    ]
    if affected:
        return report(", ".join(affected))
    return evaluate_lookup(all_or_none(contents), lambda _: passes(otherwise))


def _tags_free(
    subject: Subject, options: tuple[PipelineOption, ...], contents: Lookup[_Contents]
) -> Finding | None:
    if PipelineOption.OVERWRITE_TAGS in options:
        return passes("The pipeline may overwrite tags.")
    return evaluate_lookup(contents, lambda known: _no_other_content(known, subject.digests))


def _no_other_content(contents: _Contents, digests: Mapping[Artifact, str]) -> Finding:
    other = [
        artifact
        for artifact, content in contents.items()
        if content and content.digest != digests.get(artifact)
    ]
    names = ", ".join(map(str, other))
    if any(artifact in digests for artifact in other):
        return fails(f"There with other content: {names}.")
    return warns(f"There already: {names}.") if other else passes("No tag is in the way.")


def _trigger_enabled(pipeline: Any) -> Finding:
    if needs.is_triggered(pipeline):
        return passes("The source trigger is on.")
    return warns("The source trigger is off: the pipeline imports when it is run.")


def _trigger_age(blobs: Mapping[str, Headers], now: datetime) -> Finding:
    oldest = now - _OLDEST
    old = _names(blobs, lambda headers: parsedate_to_datetime(headers["last-modified"]) < oldest)
    if old:
        return fails(f"Last modified more than 60 days ago: {old}.")
    return passes("Modified within 60 days; a new blob is seen within 15 minutes.")


def _trigger_md5(blobs: Mapping[str, Headers]) -> Finding:
    without = _names(blobs, lambda headers: not headers.get("content-md5"))
    return fails(f"Without ContentMD5: {without}.") if without else passes("There is a ContentMD5.")


def _trigger_category(blobs: Mapping[str, Headers]) -> Finding:
    other = _names(blobs, lambda headers: headers.get(_METADATA) != _CATEGORY)
    metadata = f"category={_CATEGORY}"
    return fails(f"Without {metadata}: {other}.") if other else passes(f"There is {metadata}.")


def _names(blobs: Mapping[str, Headers], is_ignored: Callable[[Headers], bool]) -> str:
    """Return the blobs that the source trigger ignores."""
    return ", ".join(name for name, headers in blobs.items() if is_ignored(headers))


_EXPORTED_ARTIFACTS = (needs.EXPORTED_ARTIFACTS, needs.PIPELINE)
_IMPORTED_BLOBS = (needs.IMPORTED_BLOBS, needs.PIPELINE, needs.NO_PLAN)
_TRIGGERING_BLOBS = (needs.IMPORTED_BLOBS, needs.TRIGGERED_PIPELINE, needs.NO_PLAN)

RULES = (
    Rule(
        "BlobsFound",
        "For an import with `--storage-blob`: it exists.",
        (needs.BLOBS.where(bool),),
        _blobs_exist,
        ("blob-missing",),
        when=(needs.IMPORTING,),
    ),
    Rule(
        "NoBlobConflicts",
        "For an export with `--storage-blob`: it does not exist, or may be overwritten.",
        (needs.OPTIONS, needs.BLOBS.deferred),
        _blobs_free,
        ("blob-exists",),
        when=(needs.EXPORTED_BLOBS, needs.POSSIBLE_CONTAINER),
    ),
    Rule(
        "ArtifactsFound",
        "For an export with `--artifacts`: they exist.",
        (needs.CONTENTS,),
        _artifacts_exist,
        ("artifact-missing",),
        when=_EXPORTED_ARTIFACTS,
    ),
    Rule(
        "ArtifactCount",
        "They are at most 50.",
        (needs.SUBJECT,),
        _artifacts_per_run,
        ("too-many-artifacts",),
        when=(*_EXPORTED_ARTIFACTS, needs.NO_PLAN),
    ),
    Rule(
        "LayerSizes",
        "No layer is larger than 8 GB.",
        (needs.CONTENT_LOOKUPS,),
        _layer_sizes,
        ("layer-too-large",),
        when=_EXPORTED_ARTIFACTS,
    ),
    Rule(
        "NoForeignLayers",
        "No layer is kept outside of the registry.",
        (needs.CONTENT_LOOKUPS,),
        _no_foreign_layers,
        when=_EXPORTED_ARTIFACTS,
    ),
    Rule(
        "NoTagConflicts",
        "For an import with `--artifacts`, what it is to bring: no such tag exists, or it may be "
        "overwritten.",
        (needs.SUBJECT, needs.OPTIONS, needs.CONTENTS.deferred),
        _tags_free,
        ("tag-exists",),
        when=(needs.IMPORTED_ARTIFACTS,),
    ),
    Rule(
        "TriggerEnabled",
        "For an import with `--storage-blob`: the source trigger is on.",
        (needs.PIPELINE,),
        _trigger_enabled,
        ("trigger-disabled",),
        when=_IMPORTED_BLOBS,
    ),
    Rule(
        "TriggerAge",
        "With the trigger on: the blob was modified within 60 days.",
        (needs.EXISTING_BLOBS, needs.NOW),
        _trigger_age,
        ("trigger-too-old",),
        when=_TRIGGERING_BLOBS,
    ),
    Rule(
        "TriggerMd5",
        "Likewise: it has a ContentMD5.",
        (needs.EXISTING_BLOBS,),
        _trigger_md5,
        ("trigger-no-md5",),
        when=_TRIGGERING_BLOBS,
    ),
    Rule(
        "TriggerCategory",
        "Likewise: its metadata have category=acr-transfer-blob.",
        (needs.EXISTING_BLOBS,),
        _trigger_category,
        ("trigger-metadata-lost",),
        when=_TRIGGERING_BLOBS,
    ),
)
