"""Registry -> registry, without a blob in between."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.artifacts import Bounds
from acr_emulator.engine.descriptors import Descriptor
from acr_emulator.engine.progress import Progress
from acr_emulator.engine.pushing import Pusher
from acr_emulator.engine.repositories import Repositories
from acr_emulator.engine.resolving import resolve
from acr_emulator.engine.transfer_errors import TransferError


async def copy_artifact(
    name: str,
    *,
    source: Repositories,
    target: Repositories,
    tags: Sequence[Reference],
    untagged: Sequence[str] = (),
    overwrite: bool,
) -> None:
    """Copy an artifact under each of the tags, and by its digest; raises TransferError."""
    artifact = await resolve(name, source, Bounds())
    origin, digest = artifact.reference.repository, artifact.root.digest
    references = [*tags, *(Reference(repository, digest) for repository in untagged)]
    guard = None if overwrite else _refuse_tag
    for reference in references:
        target.check("push", reference)
        await target.check_tag(reference, digest, guard)

    def content(blob: Descriptor) -> AsyncGenerator[bytes, None]:
        return source.blob(origin, blob)

    shared = artifact.blobs if source.shares_blobs_with(target) else ()
    known = dict.fromkeys(shared, source.path(origin))
    pusher = Pusher(content, target, guard, Progress(0, lambda _: None), known)
    for reference in references:
        await pusher.push(replace(artifact, reference=reference))


def _refuse_tag(tag: Reference, *_: str) -> None:
    raise TransferError(f"Tag '{tag}' already exists in the target registry.")
