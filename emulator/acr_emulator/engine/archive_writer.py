"""Streaming artifacts from a registry into one archive."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from acr_emulator.engine import archive
from acr_emulator.engine.artifacts import Artifact
from acr_emulator.engine.descriptors import Descriptor
from acr_emulator.engine.digester import Digester
from acr_emulator.engine.repositories import Repositories
from acr_emulator.engine.transfer_errors import BrokenBlobError


class ArchiveWriter:
    """The archive of some artifacts: its size is known before its first byte.

    Everything small comes first, index.json at the head, so that a reader can start on the stream;
    content that artifacts share is stored once.
    """

    def __init__(self, artifacts: Sequence[Artifact], repositories: Repositories) -> None:
        self._repositories = repositories
        self._small = {
            archive.LAYOUT_NAME: archive.LAYOUT,
            archive.INDEX_NAME: archive.index(artifacts),
        }
        self._blobs: dict[str, tuple[str, Descriptor]] = {}
        for artifact in artifacts:
            for manifest in artifact.manifests:
                self._small[archive.blob_name(manifest.descriptor.digest)] = manifest.content
            for digest, blob in artifact.blobs.items():
                self._blobs.setdefault(digest, (artifact.reference.repository, blob))
        # Content can be a manifest to one artifact and a blob to another.
        for name in self._small:
            self._blobs.pop(name.removeprefix("blobs/").replace("/", ":"), None)

    @property
    def size(self) -> int:
        sizes = [len(content) for content in self._small.values()]
        sizes += [blob.size for _, blob in self._blobs.values()]
        return sum(map(archive.entry_size, sizes)) + len(archive.TRAILER)

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the archive; raises BrokenBlobError."""
        for name, content in self._small.items():
            yield archive.header(name, len(content)) + content + archive.padding(len(content))
        for repository, blob in self._blobs.values():
            yield archive.header(archive.blob_name(blob.digest), blob.size)
            async with aclosing(self._repositories.blob(repository, blob)) as pieces:
                async for piece in _verified(pieces, blob):
                    yield piece
            yield archive.padding(blob.size)
        yield archive.TRAILER


async def _verified(pieces: AsyncIterator[bytes], blob: Descriptor) -> AsyncIterator[bytes]:
    sha256 = Digester("sha256")
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > blob.size:
            break
        await sha256.update(piece)
        yield piece
    if size != blob.size:
        raise BrokenBlobError(
            blob.digest, f"Blob {blob.digest} does not have the {blob.size} bytes that it should."
        )
    if f"sha256:{(await sha256.digest()).hex()}" != blob.digest:
        raise BrokenBlobError(blob.digest, f"Blob {blob.digest} does not match its digest.")
