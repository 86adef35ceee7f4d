"""The plan of a transfer: its artifacts or blobs, and the runs for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.log import get_logger

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.manifest.model import ManifestKind, Result, TransferManifest
from azext_acrtransfer.manifest.recorder import Recorder
from azext_acrtransfer.redaction import enumerated, shortened
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer import splitting
from azext_acrtransfer.transfer.context import TransferContext
from azext_acrtransfer.transfer.preview import sizes_if_readable
from azext_acrtransfer.transfer.referrers import with_referrers
from azext_acrtransfer.transfer.selection import Selection, resolve_blobs
from azext_acrtransfer.transfer.specs import RunSpec, TransferSpec

logger = get_logger(__name__)


@dataclass(frozen=True)
class Plan:
    """The runs of a transfer, and what they were planned from."""

    runs: tuple[RunSpec, ...]
    #: Adds the runs to a manifest, if one is written.
    recorder: Recorder | None = None
    #: The selected artifacts, with those that are skipped.
    selected: Sequence[Artifact] = ()
    #: Digests of artifacts that the target or the blob of an earlier export has.
    arrived: Mapping[Artifact, str] = field(default_factory=dict)


def choose(spec: TransferSpec, context: TransferContext) -> Plan:
    """Return the plan of a transfer.

    Reads the registry or the container for patterns, for referrers, and for the entries of a
    manifest.
    """
    if spec.kind is not EXPORT:
        return Plan(splitting.plan(spec, resolve_blobs(spec.blobs, context)))
    chosen, manifests = _artifacts(spec, context), spec.manifests
    if manifests.written and (current := manifests.written.read()):
        _require_of_registry(current, manifests.written.option, context)
    there = _in_target(manifests.skip, context) if manifests.skip else {}
    arrived = _arrived(manifests.only_failed) | there
    groups: Sequence[splitting.Group] = [[artifact] for artifact in chosen]
    if spec.include_referrers:
        groups = with_referrers(chosen, spec.exclude, arrived, context)
    artifacts = [artifact for group in groups for artifact in group]
    contents = _describe(artifacts, context) if manifests.written or manifests.skip else {}
    skipped = {
        artifact
        for artifact in artifacts
        if artifact in there and contents[artifact].digest == there[artifact]
    }
    left = [[artifact for artifact in group if artifact not in skipped] for group in groups]
    to_go = list(filter(None, left))
    if not to_go:
        named = enumerated(artifacts)
        logger.warning(
            "No run was created: no artifacts are left to export.%s",
            f" The target registry has: {named}" if named else "",
        )
    recorder = None
    if manifests.written:
        server = context.content.login_server
        recorder = Recorder(
            manifests.written, server, context.pipeline.id, contents, manifests.only_failed
        )
    sizes = _sizes([artifact for group in to_go for artifact in group], spec, context)
    return Plan(splitting.plan(spec, spec.blobs, to_go, sizes), recorder, artifacts, arrived)


def _artifacts(spec: TransferSpec, context: TransferContext) -> tuple[Artifact, ...]:
    earlier = spec.manifests.only_failed
    if earlier and earlier.kind is ManifestKind.EXPORT:
        _require_of_registry(earlier, "--only-failed", context)
    if earlier:
        return Selection(earlier.left, spec.exclude, "--only-failed").resolve(context)
    return Selection(spec.artifacts, spec.exclude).resolve(context)


def _require_of_registry(manifest: TransferManifest, option: str, context: TransferContext) -> None:
    registry = context.runs.registry.name
    # A login server may have a hash after a hyphen, which no name has.
    its_name = manifest.registry.partition(".")[0].partition("-")[0]
    if its_name.lower() != registry.lower():
        raise InvalidArgumentValueError(
            f"{option} has a manifest of '{manifest.registry}', and not of registry '{registry}'.",
            recommendation="Specify that registry with --registry, or another manifest.",
        )


def _describe(
    artifacts: Sequence[Artifact], context: TransferContext
) -> dict[Artifact, Descriptor]:
    all_ = context.content.describe_all(artifacts)
    contents = {artifact: content for artifact, content in all_.items() if content}
    _require_all(artifacts, contents, context)
    return contents


def _sizes(
    artifacts: Sequence[Artifact], spec: TransferSpec, context: TransferContext
) -> splitting.Contents | None:
    """Return the sizes of artifacts if something depends on them.

    Only a limit must have them: a manifest without them is one.
    """
    if spec.max_blob_size is not None:
        all_ = context.sizes_of(artifacts)
        contents = {artifact: sizes for artifact, sizes in all_.items() if sizes is not None}
        _require_all(artifacts, contents, context)
        return contents
    if not spec.manifests.written:
        return None
    sizes = sizes_if_readable(artifacts, context)
    if sizes is None:
        return None
    return {artifact: contents or {} for artifact, contents in sizes.items()}


def _require_all(
    artifacts: Sequence[Artifact], existing: Iterable[Artifact], context: TransferContext
) -> None:
    missing = dict.fromkeys(artifacts).keys() - set(existing)
    if missing:
        raise InvalidArgumentValueError(
            f"{len(missing)} of {len(artifacts)} artifacts are not in registry "
            f"'{context.runs.registry.name}':\n  "
            + "\n  ".join(shortened(artifact for artifact in artifacts if artifact in missing)),
            recommendation="Nothing was exported. Push them, or leave them out with --exclude.",
        )


def _arrived(earlier: TransferManifest | None) -> dict[Artifact, str]:
    """Return the digests of artifacts that needn't be exported again."""
    entries = earlier.entries if earlier else ()
    return {entry.artifact: entry.digest for entry in entries if entry.digest and not entry.is_left}


def _in_target(skip: TransferManifest, context: TransferContext) -> dict[Artifact, str]:
    """Return the digests of artifacts that are complete in the target."""
    if skip.registry.lower() == context.content.login_server.lower():
        raise InvalidArgumentValueError(
            f"--skip has a manifest of '{skip.registry}', the registry to export from.",
            recommendation="Specify the manifest that "
            f"'{az('acr pipeline-run verify', '--write')}' wrote of the target.",
        )
    return {
        entry.artifact: entry.descriptor.digest
        for entry in skip.entries
        if entry.result is Result.PRESENT and entry.descriptor
    }
