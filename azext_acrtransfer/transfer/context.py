"""The registry and the pipeline of a transfer, and what they contain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azext_acrtransfer.kinds import PipelineKind
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.registries import Registry
from azext_acrtransfer.service.resources import Resources, Service

if TYPE_CHECKING:
    from azext_acrtransfer.registry.client import RegistryClient


class TransferContext:
    """A registry, its pipeline and their contents, which are read when they're needed."""

    def __init__(
        self,
        cmd: Any,
        client: Service,
        kind: PipelineKind,
        *,
        registry_name: str,
        resource_group_name: str | None,
        pipeline_name: str,
    ) -> None:
        self._cmd = cmd
        self._client = client
        self._registry_names = (registry_name, resource_group_name)
        self._pipeline_name = pipeline_name
        self.cli_ctx = cmd.cli_ctx
        self.kind = kind

    @cached_property
    def runs(self) -> Resources:
        """The runs of the registry."""
        return self._client.of(*self._registry_names)

    @property
    def pipelines(self) -> Resources:
        """The pipelines of the registry that are of this kind."""
        return self.runs.of_kind(self.kind)

    @cached_property
    def pipeline(self) -> Any:
        """The pipeline as the service returns it; its ID has the service's spelling."""
        return self.pipelines.get(self._pipeline_name).resource

    @cached_property
    def content(self) -> RegistryClient:
        """The content of the registry when the runs are planned."""
        return self._content_of(Registry.of_resource(self.pipeline.id))

    def read_content(self) -> RegistryClient:
        """Log in to the registry, whose content is read anew, with or without the pipeline."""
        return self._content_of(self.runs.registry)

    def _content_of(self, registry: Registry) -> RegistryClient:
        # Deferred: only a glob or a manifest needs it, and it loads azure-cli's own module.
        from azext_acrtransfer.registry.client import RegistryClient

        return RegistryClient(self._cmd, registry.name, registry.resource_group)

    def repositories(self) -> Sequence[str]:
        """Repositories of the registry."""
        return self.content.repositories()

    def tags_of(self, repositories: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Repositories with the digests of their tags by their names."""
        return self.content.tags_of(repositories)

    def contains(self, artifact: Artifact) -> bool:
        """Whether the registry has an artifact."""
        return self.content.contains(artifact)

    def sizes_of(
        self, artifacts: Sequence[Artifact]
    ) -> Mapping[Artifact, Mapping[str, int] | None]:
        """Sizes of all that each artifact consists of, by digest; None for a missing one."""
        return self.content.sizes_of(artifacts)

    def blobs(self) -> Iterable[str]:
        """Blobs in the container of an import pipeline."""
        # Deferred: only a glob needs it, and it loads the storage client.
        from azext_acrtransfer.storage.client import blobs

        return blobs(self.cli_ctx, self.pipeline.source.uri)
