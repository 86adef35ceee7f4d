"""Blob -> registry."""

from collections.abc import Callable

from acr_emulator.engine.archive_reader import Archive
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.artifacts import Artifact, Bounds, load_artifact
from acr_emulator.engine.blob_reader import BlobReader
from acr_emulator.engine.container import Container, Snapshot
from acr_emulator.engine.descriptors import Descriptor
from acr_emulator.engine.failures import Failures
from acr_emulator.engine.progress import Progress
from acr_emulator.engine.pushing import Pusher
from acr_emulator.engine.repositories import Repositories
from acr_emulator.engine.result import TransferResult
from acr_emulator.engine.transfer_errors import TransferError


async def import_blob(
    source: Snapshot,
    *,
    repositories: Repositories,
    container: Container,
    overwrite_tags: bool = False,
    continue_on_errors: bool = False,
    progress: Callable[[int], None],
) -> TransferResult:
    """Push every artifact that a blob carries; raises TransferError, also if it is replaced.

    All of them are looked through before the first byte is pushed.
    """
    archive = await Archive.open(BlobReader(container, source))
    guard = None if overwrite_tags else _keep_tag
    failures = Failures(continue_on_errors=continue_on_errors)
    bounds = Bounds()
    plan: dict[str, Artifact] = {}
    for reference, root in archive.roots.items():
        with failures.of(str(reference)):
            repositories.check("push", reference)
            artifact = await _inspect(archive, reference, root, bounds)
            await repositories.check_tag(reference, root.digest, guard)
            plan[str(reference)] = artifact
    total = sum(blob.size for artifact in plan.values() for blob in artifact.blobs.values())
    pusher = Pusher(archive.stream, repositories, guard, Progress(total, progress))
    transferred: list[str] = []
    for name, artifact in plan.items():
        with failures.of(name):
            await pusher.push(artifact)
            transferred.append(name)
    pusher.progress.finish()
    return TransferResult(source.metadata.get("catalogdigest", ""), transferred, failures.messages)


async def _inspect(
    archive: Archive, reference: Reference, root: Descriptor, bounds: Bounds
) -> Artifact:
    artifact = await load_artifact(reference, root, archive.manifest, archive.holds, bounds)
    artifact.check_limits()
    for blob in artifact.blobs.values():
        archive.check(blob)
    return artifact


def _keep_tag(tag: Reference, existing: str, imported: str) -> None:
    if existing != imported:
        raise TransferError(
            f"Tag '{tag}' already exists with digest {existing}; "
            "the pipeline does not have the OverwriteTags option."
        )
