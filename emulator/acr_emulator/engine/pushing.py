"""Pushing artifacts into a registry."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from acr_emulator.engine.artifacts import Artifact
from acr_emulator.engine.descriptors import Descriptor
from acr_emulator.engine.progress import Progress
from acr_emulator.engine.repositories import Repositories, TagGuard

Content = Callable[[Descriptor], AsyncGenerator[bytes, None]]


@dataclass
class Pusher:
    """Pushes what is missing: blobs first, the named manifest last: no tag is ever half there."""

    content: Content
    """Reads a blob where it comes from."""
    repositories: Repositories
    guard: TagGuard | None
    progress: Progress
    known: dict[str, str] = field(default_factory=dict)
    """Blob -> path of a repository that has it, to mount it from."""

    async def push(self, artifact: Artifact) -> None:
        """Push an artifact under its name."""
        repository = artifact.reference.repository
        for blob in artifact.blobs.values():
            await self._push_blob(repository, blob)
        *children, root = artifact.manifests
        for child in children:
            await self.repositories.push_manifest(repository, child)
        await self.repositories.push_artifact(artifact.reference, root, self.guard)

    async def _push_blob(self, repository: str, blob: Descriptor) -> None:
        uploaded = False
        if not await self.repositories.has_blob(repository, blob.digest):
            async with aclosing(self._counted(blob)) as content:
                uploaded = await self.repositories.push_blob(
                    repository, blob, content, mount_from=self.known.get(blob.digest)
                )
        if not uploaded:
            self.progress.add(blob.size)
        self.known[blob.digest] = self.repositories.path(repository)

    async def _counted(self, blob: Descriptor) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.content(blob)) as pieces:
            async for piece in pieces:
                yield piece
                self.progress.add(len(piece))
