"""Registry -> blob."""

from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from acr_emulator.engine.archive_writer import ArchiveWriter
from acr_emulator.engine.artifacts import Artifact, Bounds
from acr_emulator.engine.block_upload import BlockUpload
from acr_emulator.engine.container import Container
from acr_emulator.engine.failures import Failures
from acr_emulator.engine.progress import Progress
from acr_emulator.engine.repositories import Repositories
from acr_emulator.engine.resolving import resolve
from acr_emulator.engine.result import TransferResult
from acr_emulator.engine.transfer_errors import BlobExistsError, BrokenBlobError


async def export_artifacts(
    artifacts: Iterable[str],
    *,
    repositories: Repositories,
    container: Container,
    blob: str,
    overwrite: bool = False,
    continue_on_errors: bool = False,
    progress: Callable[[int], None],
) -> TransferResult:
    """Write the artifacts into one blob; raises TransferError, and leaves no blob then.

    All of them are resolved before the first byte moves.
    """
    failures = Failures(continue_on_errors=continue_on_errors)
    bounds = Bounds()
    plan: dict[str, Artifact] = {}
    for text in artifacts:
        with failures.of(text):
            artifact = await resolve(text, repositories, bounds)
            artifact.check_limits()
            plan[str(artifact.reference)] = artifact
    if not overwrite and await container.exists(blob):
        raise BlobExistsError(blob)
    export = _Export(repositories, container, blob, overwrite, progress)
    while plan:
        try:
            digest = await export.write(list(plan.values()))
        except BrokenBlobError as error:
            # What it spoils cannot be taken out of a stream that has begun: start again without.
            spoilt = [name for name, artifact in plan.items() if error.digest in artifact.blobs]
            with failures.of(*spoilt):
                raise
            plan = {name: artifact for name, artifact in plan.items() if name not in spoilt}
        else:
            return TransferResult(digest, list(plan), failures.messages)
    return TransferResult("", [], failures.messages)


@dataclass(frozen=True)
class _Export:
    repositories: Repositories
    container: Container
    blob: str
    overwrite: bool
    report: Callable[[int], None]

    async def write(self, artifacts: list[Artifact]) -> str:
        """Write the blob and return its digest."""
        writer = ArchiveWriter(artifacts, self.repositories)
        progress = Progress(writer.size, self.report)
        async with (
            BlockUpload(self.container, self.blob, writer.size) as upload,
            aclosing(writer.stream()) as pieces,
        ):
            async for piece in pieces:
                await upload.write(piece)
                progress.add(len(piece))
            digest = await upload.commit(overwrite=self.overwrite)
        progress.finish()
        return digest
