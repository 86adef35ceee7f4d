"""The plan of a transfer: its artifacts or blobs, and the runs for them."""

from __future__ import annotations

from collections.abc import Sequence

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
from azext_acrtransfer.transfer.selection import Selection, resolve_blobs
from azext_acrtransfer.transfer.specs import RunSpec, TransferSpec

logger = get_logger(__name__)


def choose(
    spec: TransferSpec, context: TransferContext
) -> tuple[tuple[RunSpec, ...], Recorder | None, Sequence[Artifact]]:
    """Return the runs of a transfer, the recorder of its manifest, and all selected artifacts.

    Reads the registry or the container for patterns, and for the entries of a manifest.
    """
    if spec.kind is not EXPORT:
        return splitting.plan(spec, resolve_blobs(spec.blobs, context)), None, ()
    artifacts, manifests = _artifacts(spec, context), spec.manifests
    if manifests.written and (current := manifests.written.read()):
        _require_of_registry(current, manifests.written.option, context)
    there = _in_target(manifests.skip, context) if manifests.skip else {}
    contents = _describe(artifacts, context) if manifests.written or manifests.skip else {}
    to_go = [
        artifact
        for artifact in artifacts
        if not (artifact in there and contents[artifact].digest == there[artifact])
    ]
    if not to_go:
        skipped = enumerated(artifacts)
        logger.warning(
            "No run was created: no artifacts are left to export.%s",
            f" The target registry has: {skipped}" if skipped else "",
        )
    recorder = None
    if manifests.written:
        server = context.content.login_server
        recorder = Recorder(
            manifests.written, server, context.pipeline.id, contents, manifests.only_failed
        )
    return splitting.plan(spec, spec.blobs, to_go), recorder, artifacts


def _artifacts(spec: TransferSpec, context: TransferContext) -> tuple[Artifact, ...]:
    earlier = spec.manifests.only_failed
    if earlier and earlier.kind is ManifestKind.EXPORT:
        _require_of_registry(earlier, "--only-failed", context)
    chosen = earlier.left if earlier else spec.artifacts
    return Selection(chosen, spec.exclude).resolve(context)


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
    pairs = zip(artifacts, context.content.describe_all(artifacts), strict=True)
    contents = {artifact: content for artifact, content in pairs if content}
    missing = [artifact for artifact in artifacts if artifact not in contents]
    if missing:
        raise InvalidArgumentValueError(
            f"{len(missing)} of {len(artifacts)} artifacts are not in registry "
            f"'{context.runs.registry.name}':\n  " + "\n  ".join(shortened(missing)),
            recommendation="Nothing was exported. Push them, or leave them out with --exclude.",
        )
    return contents


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
