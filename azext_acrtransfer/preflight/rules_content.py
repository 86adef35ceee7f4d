"""Rules about the content of a transfer: blobs, artifacts, and the source trigger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from azext_acrtransfer.diagnostics.catalog import TOO_MANY_ARTIFACTS
from azext_acrtransfer.kinds import EXPORT, MAX_ARTIFACTS_PER_RUN, PipelineKind, PipelineOption
from azext_acrtransfer.preflight import needs
from azext_acrtransfer.preflight.lookups import Found, Lookup, all_or_none
from azext_acrtransfer.preflight.rule import Finding, Rule, evaluate_lookup, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Content, Headers, Layer, Resource, Subject
from azext_acrtransfer.redaction import enumerated
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.storage.blob_states import (
    IN_ARCHIVE,
    LEASED,
    REHYDRATED,
    is_immutable,
    why_unchangeable,
    why_unreadable,
)

LARGEST_LAYER = 8 * 1024**3
_METADATA, _CATEGORY = "x-ms-meta-category", "acr-transfer-blob"
_RETENTION_PERIOD = (
    *("properties", "immutabilityPolicy", "properties"),
    "immutabilityPeriodSinceCreationInDays",
)
_UPLOAD_AGAIN = ("Upload the blob again, as a block blob and without a customer-provided key.",)
_OTHER_NAME = ("Use another blob name, or wait until a pending copy has ended.",)
_OTHER_CONTAINER = ("Use a container without retention, or a pipeline without this option.",)
_OLDEST = timedelta(days=60)

_Blobs = Mapping[str, "Headers | None"]
_Contents = Mapping[Artifact, "Content | None"]
_ContentLookups = Mapping[Artifact, Lookup[Content]]


def _blobs_exist(blobs: _Blobs) -> Finding:
    missing = [name for name, headers in blobs.items() if headers is None]
    return fails(f"Not found: {enumerated(missing)}.") if missing else passes("All exist.")


def _blobs_free(options: tuple[PipelineOption, ...], blobs: Lookup[_Blobs]) -> Finding | None:
    if PipelineOption.OVERWRITE_BLOBS in options:
        return passes("The pipeline overwrites blobs.")
    return evaluate_lookup(blobs, _no_blobs_exist)


def _no_blobs_exist(blobs: _Blobs) -> Finding:
    existing = [name for name, headers in blobs.items() if headers is not None]
    if existing:
        return fails(f"Already exist: {enumerated(existing)}.")
    return passes("No conflicts.")


def _blobs_readable(blobs: Mapping[str, Headers]) -> Finding:
    states = _states(blobs, why_unreadable)
    if not states:
        return passes("All are readable.")
    is_archived = set(states.values()) <= {IN_ARCHIVE, REHYDRATED}
    return fails(f"Not readable: {_listed(states)}.", None if is_archived else _UPLOAD_AGAIN)


def _blobs_changeable(
    blobs: Mapping[str, Headers], container: Lookup[Resource], subject: Subject, now: datetime
) -> Finding | None:
    if states := _states(blobs, why_unchangeable):
        is_leased = set(states.values()) == {LEASED}
        return fails(f"Not changeable: {_listed(states)}.", None if is_leased else _OTHER_NAME)

    def unless_immutable(container: Resource) -> Finding:
        if get_path(container, "properties", "immutableStorageWithVersioning", "enabled"):
            # Not the blob but its versions are kept, so storage might not refuse it.
            kept = [name for name, headers in blobs.items() if is_immutable(headers, now)]
            evaluate = warns
        else:
            kept, evaluate = _kept(blobs, container, subject.kind, now), fails
        if kept:
            return evaluate(f"Immutable: {enumerated(kept)}.", _OTHER_CONTAINER)
        return passes("All are changeable.")

    return evaluate_lookup(container, unless_immutable)


def _kept(
    blobs: Mapping[str, Headers], container: Resource, kind: PipelineKind, now: datetime
) -> list[str]:
    """Return the blobs that a legal hold or the retention policy of a container protects.

    A blob can be deleted after its period of retention, but never be overwritten.
    """
    if get_path(container, "properties", "hasLegalHold"):
        return list(blobs)
    if not get_path(container, "properties", "hasImmutabilityPolicy"):
        return []
    period = timedelta(days=get_path(container, *_RETENTION_PERIOD) or 0)
    return [
        name
        for name, headers in blobs.items()
        if kind is EXPORT or parsedate_to_datetime(headers["x-ms-creation-time"]) + period > now
    ]


def _states(blobs: Mapping[str, Headers], state_of: Callable[[Headers], str]) -> dict[str, str]:
    """Return the states of the blobs that are in one."""
    states = {name: state_of(headers) for name, headers in blobs.items()}
    return {name: state for name, state in states.items() if state}


def _listed(states: Mapping[str, str]) -> str:
    return enumerated(f"{name} ({state})" for name, state in states.items())


def _artifacts_exist(contents: _Contents) -> Finding:
    missing = [artifact for artifact, content in contents.items() if content is None]
    if missing:
        return fails(f"Not found: {enumerated(missing)}.")
    return passes(f"All {len(contents)} exist.")


def _indexes_complete(contents: _ContentLookups) -> Finding | None:
    return _parts(
        contents,
        lambda content: content.missing,
        lambda missing: fails(f"Not in the registry: {missing}."),
        "All manifests exist.",
    )


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
        lambda foreign: warns(f"Stored outside of the registry, so not transferred: {foreign}."),
        "All layers are in the registry.",
    )


def _layers(
    contents: _ContentLookups,
    is_affected: Callable[[Layer], bool],
    report: Callable[[str], Finding],
    otherwise: str,
) -> Finding | None:
    def affected(content: Content) -> Iterator[str]:
        for layer in filter(is_affected, content.layers):
            yield f"{layer.digest} ({layer.size} bytes)"

    return _parts(contents, affected, report, otherwise)


def _parts(
    contents: _ContentLookups,
    affected: Callable[[Content], Iterable[str]],
    report: Callable[[str], Finding],
    otherwise: str,
) -> Finding | None:
    """Report the affected parts; without any, artifacts that are unreadable count."""
    parts = [
        f"{part} of {artifact}"
        for artifact, lookup in contents.items()
        if isinstance(lookup, Found)
        for part in affected(lookup.value)
    ]
    if parts:
        return report(enumerated(parts))
    return evaluate_lookup(all_or_none(contents), lambda _: passes(otherwise))


def _referrers_included(others: tuple[Artifact, ...]) -> Finding:
    if others:
        return warns(f"Not among the artifacts, so not transferred: {enumerated(others)}.")
    return passes("No other referrers exist.")


def _tags_free(
    subject: Subject, options: tuple[PipelineOption, ...], contents: Lookup[_Contents]
) -> Finding | None:
    if PipelineOption.OVERWRITE_TAGS in options:
        return passes("The pipeline overwrites tags.")
    return evaluate_lookup(contents, lambda known: _no_other_content(known, subject.digests))


def _no_other_content(contents: _Contents, digests: Mapping[Artifact, str]) -> Finding:
    other = [
        artifact
        for artifact, content in contents.items()
        if content and content.digest != digests.get(artifact)
    ]
    names = enumerated(other)
    if any(artifact in digests for artifact in other):
        return fails(f"Exist with other content: {names}.")
    return warns(f"Already exist: {names}.") if other else passes("No conflicts.")


def _trigger_enabled(pipeline: Any) -> Finding:
    if needs.is_triggered(pipeline):
        return passes("The source trigger is enabled.")
    return warns("The source trigger is disabled: the pipeline imports only when it's run.")


def _trigger_age(blobs: Mapping[str, Headers], now: datetime) -> Finding:
    oldest = now - _OLDEST
    old = _names(blobs, lambda headers: parsedate_to_datetime(headers["last-modified"]) < oldest)
    if old:
        return fails(f"Last modified more than 60 days ago: {old}.")
    return passes("Modified within 60 days. The trigger finds a new blob within 15 minutes.")


def _trigger_md5(blobs: Mapping[str, Headers]) -> Finding:
    without = _names(blobs, lambda headers: not headers.get("content-md5"))
    return fails(f"Without ContentMD5: {without}.") if without else passes("There is a ContentMD5.")


def _trigger_category(blobs: Mapping[str, Headers]) -> Finding:
    other = _names(blobs, lambda headers: headers.get(_METADATA) != _CATEGORY)
    metadata = f"category={_CATEGORY}"
    return fails(f"Without {metadata}: {other}.") if other else passes(f"There is {metadata}.")


def _names(blobs: Mapping[str, Headers], is_ignored: Callable[[Headers], bool]) -> str:
    """Return the blobs that the source trigger ignores."""
    return enumerated(name for name, headers in blobs.items() if is_ignored(headers))


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
        "For an export with `--storage-blob`: it doesn't exist, or the pipeline overwrites blobs.",
        (needs.OPTIONS, needs.BLOBS.deferred),
        _blobs_free,
        ("blob-exists",),
        when=(needs.EXPORTED_BLOBS, needs.POSSIBLE_CONTAINER),
    ),
    Rule(
        "BlobsReadable",
        "For an import with `--storage-blob`: it is in no state in which storage refuses to read "
        "it, such as the archive tier.",
        (needs.EXISTING_BLOBS,),
        _blobs_readable,
        ("blob-archived",),
        when=(needs.IMPORTED_BLOBS, needs.PIPELINE),
    ),
    Rule(
        "BlobsChangeable",
        "With `OverwriteBlobs` or `DeleteSourceBlobOnSuccess`: a blob that exists is in no state "
        "in which storage refuses that, such as a lease.",
        (needs.EXISTING_BLOBS, needs.CONTAINER.deferred, needs.SUBJECT, needs.NOW),
        _blobs_changeable,
        ("blob-leased",),
        when=(needs.CHANGES_BLOBS,),
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
        "IndexComplete",
        "All manifests that an index lists are in the registry.",
        (needs.CONTENT_LOOKUPS,),
        _indexes_complete,
        ("artifact-incomplete",),
        when=_EXPORTED_ARTIFACTS,
    ),
    Rule(
        "ArtifactCount",
        "A run transfers at most 50.",
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
        "No layer is stored outside of the registry.",
        (needs.CONTENT_LOOKUPS,),
        _no_foreign_layers,
        when=_EXPORTED_ARTIFACTS,
    ),
    Rule(
        "ReferrersIncluded",
        "For an export with `--artifacts`: the signatures, SBOMs and other artifacts that refer to "
        "them are among them.",
        (needs.REFERRERS,),
        _referrers_included,
        recommendation=("To export them, too, add --include-referrers to the export.",),
        when=_EXPORTED_ARTIFACTS,
    ),
    Rule(
        "NoTagConflicts",
        "For an import with `--artifacts`: no such tag exists, or the pipeline overwrites tags.",
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
        "Likewise: its metadata contains category=acr-transfer-blob.",
        (needs.EXISTING_BLOBS,),
        _trigger_category,
        ("trigger-metadata-lost",),
        when=_TRIGGERING_BLOBS,
    ),
)
