"""An artifact: a manifest with all that hangs on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.descriptors import Descriptor, Holds, Manifest, parse_manifest
from acr_emulator.engine.transfer_errors import TransferError

MAX_MANIFEST_BYTES = 4 * 1024 * 1024  # what registries take (distribution specification)
MAX_LAYER_BYTES = 8 * 1024**3  # the service's documented limit
MAX_DEPTH = 8
MAX_DESCRIPTORS = 100_000
MAX_MANIFESTS_BYTES = 64 * 1024 * 1024

Fetch = Callable[[Descriptor], Awaitable[bytes]]


@dataclass(frozen=True)
class Artifact:
    """A named manifest; `manifests` has children before their index, and the root last."""

    reference: Reference
    manifests: tuple[Manifest, ...]

    @property
    def root(self) -> Descriptor:
        return self.manifests[-1].descriptor

    @property
    def blobs(self) -> dict[str, Descriptor]:
        """Every blob once, by digest."""
        return {blob.digest: blob for manifest in self.manifests for blob in manifest.blobs}

    def check_limits(self) -> None:
        """Refuse a layer that the service would not carry."""
        for blob in self.blobs.values():
            if blob.size > MAX_LAYER_BYTES:
                raise TransferError(
                    f"Layer {blob.digest} of '{self.reference}' is {blob.size} bytes; "
                    f"the limit is {MAX_LAYER_BYTES}."
                )


@dataclass
class Bounds:
    """Holds what all artifacts of one run bring into memory to a bound."""

    descriptors: int = 0
    manifests_bytes: int = 0

    def take(self, manifest: Manifest) -> None:
        """Count a manifest; raises TransferError."""
        self.descriptors += 1 + len(manifest.children) + len(manifest.blobs)
        self.manifests_bytes += len(manifest.content)
        self.check()

    def check(self) -> None:
        """Raise TransferError if a bound is exceeded."""
        if self.descriptors > MAX_DESCRIPTORS:
            raise TransferError(f"The artifacts have more than {MAX_DESCRIPTORS} descriptors.")
        if self.manifests_bytes > MAX_MANIFESTS_BYTES:
            raise TransferError(
                f"The artifacts have more than {MAX_MANIFESTS_BYTES} bytes of manifests."
            )


async def load_artifact(
    reference: Reference, root: Descriptor, fetch: Fetch, holds: Holds, bounds: Bounds
) -> Artifact:
    """Read the manifests under `root`, each once, by `fetch`."""
    loader = _Loader(fetch, holds, bounds)
    await loader.load(root, depth=0)
    return Artifact(reference, tuple(loader.manifests.values()))


@dataclass
class _Loader:
    fetch: Fetch
    holds: Holds
    bounds: Bounds
    manifests: dict[str, Manifest] = field(default_factory=dict)

    async def load(self, descriptor: Descriptor, *, depth: int) -> None:
        if descriptor.digest in self.manifests:
            return
        if depth > MAX_DEPTH:
            raise TransferError(f"Indexes are nested more than {MAX_DEPTH} deep.")
        if descriptor.size > MAX_MANIFEST_BYTES:
            raise TransferError(
                f"The manifest {descriptor.digest} is {descriptor.size} bytes; "
                f"the limit is {MAX_MANIFEST_BYTES}."
            )
        self.bounds.check()
        manifest = parse_manifest(descriptor, await self.fetch(descriptor))
        self.bounds.take(manifest)
        for child in manifest.children:
            await self.load(child, depth=depth + 1)
        self.manifests[descriptor.digest] = await manifest.as_held(self.holds)
