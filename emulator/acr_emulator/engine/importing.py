"""Blob -> registry."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from acr_emulator.engine.archive_reader import Archive
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.artifacts import Artifact, Bounds, load_artifact
from acr_emulator.engine.blob_reader import BlobReader
from acr_emulator.engine.container import Container
from acr_emulator.engine.descriptors import Descriptor
from acr_emulator.engine.failures import Failures
from acr_emulator.engine.progress import Progress
from acr_emulator.engine.repositories import Repositories
from acr_emulator.engine.result import TransferResult
from acr_emulator.engine.transfer_errors import TransferError


async def import_blob(
    blob: str,
    *,
    repositories: Repositories,
    container: Container,
    overwrite_tags: bool = False,
    continue_on_errors: bool = False,
    progress: Callable[[int], None],
) -> TransferResult:
    """Push every artifact that the blob carries; raises TransferError.

    All of them are looked through before the first byte is pushed.
    """
    snapshot = await container.snapshot(blob)
    archive = await Archive.open(BlobReader(container, snapshot))
    failures = Failures(continue_on_errors=continue_on_errors)
    bounds = Bounds()
    plan: dict[str, Artifact] = {}
    for reference, root in archive.roots.items():
        with failures.of(str(reference)):
            repositories.check("push", reference)
            artifact = await _inspect(archive, reference, root, bounds)
            if not overwrite_tags:
                await _check_tag(artifact, repositories)
            plan[str(reference)] = artifact
    total = sum(blob.size for artifact in plan.values() for blob in artifact.blobs.values())
    pusher = _Pusher(archive, repositories, Progress(total, progress))
    transferred: list[str] = []
    for name, artifact in plan.items():
        with failures.of(name):
            await pusher.push(artifact)
            transferred.append(name)
    pusher.progress.finish()
    return TransferResult(
        snapshot.metadata.get("catalogdigest", ""), transferred, failures.messages
    )


async def _inspect(
    archive: Archive, reference: Reference, root: Descriptor, bounds: Bounds
) -> Artifact:
    artifact = await load_artifact(reference, root, archive.manifest, archive.holds, bounds)
    artifact.check_limits()
    for blob in artifact.blobs.values():
        archive.check(blob)
    return artifact


async def _check_tag(artifact: Artifact, repositories: Repositories) -> None:
    reference = artifact.reference
    if reference.is_digest:
        return
    digest = await repositories.digest_of(reference.repository, reference.target)
    if digest not in (None, artifact.root.digest):
        raise TransferError(
            f"Tag '{reference}' already exists with digest {digest}; "
            "the pipeline does not have the OverwriteTags option."
        )


@dataclass
class _Pusher:
    """Pushes what is missing: blobs first, the named manifest last: no tag is ever half there."""

    archive: Archive
    repositories: Repositories
    progress: Progress
    known: dict[str, str] = field(default_factory=dict)
    """Blob -> a repository that has it, to mount it from."""

    async def push(self, artifact: Artifact) -> None:
        repository = artifact.reference.repository
        for blob in artifact.blobs.values():
            await self._push_blob(repository, blob)
        *children, root = artifact.manifests
        for child in children:
            await self.repositories.push_manifest(repository, child.descriptor.digest, child)
        await self.repositories.push_manifest(repository, artifact.reference.target, root)

    async def _push_blob(self, repository: str, blob: Descriptor) -> None:
        uploaded = False
        if not await self.repositories.has_blob(repository, blob.digest):
            async with aclosing(self._content(blob)) as content:
                uploaded = await self.repositories.push_blob(
                    repository, blob, content, mount_from=self.known.get(blob.digest)
                )
        if not uploaded:
            self.progress.add(blob.size)
        self.known[blob.digest] = repository

    async def _content(self, blob: Descriptor) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.archive.stream(blob)) as pieces:
            async for piece in pieces:
                yield piece
                self.progress.add(len(piece))
