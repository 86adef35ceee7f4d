"""Finding an artifact of a registry by its name."""

from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.artifacts import Artifact, Bounds, load_artifact
from acr_emulator.engine.descriptors import Descriptor
from acr_emulator.engine.repositories import Repositories
from acr_emulator.engine.transfer_errors import NotInRegistryError, TransferError


async def resolve(text: str, repositories: Repositories, bounds: Bounds) -> Artifact:
    """Read the manifests of a named artifact of a registry; raises TransferError."""
    reference = Reference.parse(text)
    repositories.check("pull", reference)
    repository = reference.repository
    try:
        root, content = await repositories.manifest(repository, reference.target)
    except NotInRegistryError as error:
        raise TransferError(
            f"Artifact '{text}' was not found in registry '{repositories.registry}'."
        ) from error

    async def fetch(descriptor: Descriptor) -> bytes:
        if descriptor.digest == root.digest:
            return content
        return (await repositories.manifest(repository, descriptor.digest))[1]

    async def holds(blob: Descriptor) -> bool:
        return await repositories.has_blob(repository, blob.digest)

    try:
        return await load_artifact(reference, root, fetch, holds, bounds)
    except NotInRegistryError as error:
        raise TransferError(f"Artifact '{text}' is not complete: {error}") from error
