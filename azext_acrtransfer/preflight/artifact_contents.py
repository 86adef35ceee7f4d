"""What artifacts are made of, as their manifests in the registry say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from azext_acrtransfer.preflight.lookups import Reading, read
from azext_acrtransfer.preflight.snapshot import Content, Layer
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import each

if TYPE_CHECKING:
    from azext_acrtransfer.registry.client import RegistryContent

_DEEPEST = 8
_PULL = "AcrPull on the registry"


def read_contents(
    registry: RegistryContent, artifacts: Sequence[Artifact]
) -> dict[Artifact, Reading[Content]]:
    """Each artifact with the layers of all its platforms."""

    def ask(artifact: Artifact) -> Reading[Content]:
        return read(lambda: _content(registry, artifact), _PULL)

    ready: Reading[None] = read(lambda: registry.prepare_to_pull(artifacts), _PULL)
    if ready.why_not:
        return dict.fromkeys(artifacts, Reading(why_not=ready.why_not))
    return dict(zip(artifacts, each(ask, artifacts), strict=True))


def _content(registry: RegistryContent, artifact: Artifact) -> Content | None:
    found = registry.manifest(artifact)
    if found is None:
        return None
    return Content(found.digest, tuple(_layers(registry, artifact.repository, found.document)))


def _layers(
    registry: RegistryContent, repository: str, manifest: Any, depth: int = 0
) -> Iterator[Layer]:
    for layer in manifest.get("layers") or ():
        yield layer_of(layer)
    for child in (manifest.get("manifests") or ()) if depth < _DEEPEST else ():
        found = registry.manifest(Artifact(repository, child["digest"]))
        if found:
            yield from _layers(registry, repository, found.document, depth + 1)


def layer_of(descriptor: Any) -> Layer:
    """A layer; foreign is one that registries leave at its URLs."""
    foreign = bool(descriptor.get("urls")) or any(
        word in str(descriptor["mediaType"]) for word in ("foreign", "nondistributable")
    )
    return Layer(descriptor["digest"], int(descriptor["size"]), foreign)
