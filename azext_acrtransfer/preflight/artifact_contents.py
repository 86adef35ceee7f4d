"""The layers of artifacts, from their manifests in the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from azext_acrtransfer.preflight.lookups import Found, Lookup, Unreadable, all_or_none, read
from azext_acrtransfer.preflight.snapshot import Content, Layer
from azext_acrtransfer.registry.descriptors import is_foreign
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.registry.referrers import find_referrers
from azext_acrtransfer.service.concurrency import run_concurrently

if TYPE_CHECKING:
    from azext_acrtransfer.registry.client import RegistryClient


def read_contents(
    registry: RegistryClient, artifacts: Sequence[Artifact]
) -> dict[Artifact, Lookup[Content]]:
    """Return each artifact with the layers of all its platforms."""

    def look_up(artifact: Artifact) -> tuple[Artifact, Lookup[Content]]:
        return artifact, read(lambda: _content(registry, artifact))

    ready: Lookup[None] = read(lambda: registry.prepare_to_pull(artifacts))
    if isinstance(ready, Unreadable):
        return dict.fromkeys(artifacts, ready)
    return dict(run_concurrently(look_up, artifacts))


def read_referrers(
    registry: RegistryClient, contents: Mapping[Artifact, Lookup[Content]]
) -> Lookup[tuple[Artifact, ...]]:
    """Return the referrers of artifacts, which were read, that aren't among these."""

    def others() -> tuple[Artifact, ...]:
        all_referrers = find_referrers(list(contents), registry)
        return tuple(
            referrer.artifact
            for referrer in all_referrers
            if not (referrer.is_chosen or referrer.is_list)
        )

    known = all_or_none(contents)
    return read(others) if isinstance(known, Found) else known


def _content(registry: RegistryClient, artifact: Artifact) -> Content | None:
    manifest = registry.manifest(artifact)
    if manifest is None:
        return None
    parts = list(_parts(registry, artifact.repository, manifest.document))
    return Content(
        manifest.digest,
        tuple(part for part in parts if isinstance(part, Layer)),
        tuple(part for part in parts if isinstance(part, str)),
    )


def _parts(registry: RegistryClient, repository: str, manifest: Any) -> Iterator[Layer | str]:
    """Return the layers of a manifest, and the digests of manifests that are missing.

    An index can't contain itself: its digest, which is verified, depends on what it lists.
    """
    for layer in manifest.get("layers") or manifest.get("blobs") or ():
        yield layer_of(layer)
    for child in manifest.get("manifests") or ():
        child_manifest = registry.manifest(Artifact(repository, child["digest"]))
        if child_manifest:
            yield from _parts(registry, repository, child_manifest.document)
        else:
            yield child["digest"]


def layer_of(descriptor: Any) -> Layer:
    """Return a layer."""
    return Layer(descriptor["digest"], int(descriptor["size"]), is_foreign(descriptor))
