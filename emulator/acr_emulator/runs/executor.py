"""Executes the request of a run: opens the pipeline's storage, then calls the transfer engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from acr_emulator.bundled.child_process import StartError
from acr_emulator.engine import (
    Container,
    Repositories,
    TransferError,
    TransferResult,
    export_artifacts,
    import_blob,
)
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.registries import Registries
from acr_emulator.runs.access import PipelineAccess
from acr_emulator.runs.pipelines import EXPORT, Pipeline


@dataclass(frozen=True)
class Outcome:
    """How a run ended; it failed if there is an error."""

    transferred: tuple[str, ...] = ()
    catalog_digest: str = ""
    error: str = ""
    #: The error in its long form, if it has one.
    details: str = ""

    @classmethod
    def of(cls, result: TransferResult) -> "Outcome":
        """Whether a partial failure fails a run of Azure is not known; here it does."""
        error = "\n".join(result.failures.values())
        return cls(tuple(result.transferred), result.catalog_digest, error)


class Transfers:
    """Exports and imports for every registry of the instance."""

    def __init__(
        self, access: PipelineAccess, registries: Registries, distribution: Distribution
    ) -> None:
        self._access = access
        self._registries = registries
        self._distribution = distribution

    async def carry_out(
        self, pipeline: Pipeline, request: Mapping[str, Any], progress: Callable[[int], None]
    ) -> Outcome:
        """Move the artifacts of a run's request."""
        try:
            name = pipeline.registry
            repositories = await self._distribution.open(self._registries.folder(name), name)
            async with await self._access.open(pipeline) as container:
                move = _export if pipeline.kind is EXPORT else _import
                return await move(pipeline, request, repositories, container, progress)
        except (TransferError, StartError) as exc:
            return Outcome(error=str(exc), details=getattr(exc, "details", ""))


async def _export(
    pipeline: Pipeline,
    request: Mapping[str, Any],
    repositories: Repositories,
    container: Container,
    progress: Callable[[int], None],
) -> Outcome:
    return Outcome.of(
        await export_artifacts(
            request["artifacts"],
            repositories=repositories,
            container=container,
            blob=request["target"]["name"],
            overwrite="OverwriteBlobs" in pipeline.options,
            continue_on_errors="ContinueOnErrors" in pipeline.options,
            progress=progress,
        )
    )


async def _import(
    pipeline: Pipeline,
    request: Mapping[str, Any],
    repositories: Repositories,
    container: Container,
    progress: Callable[[int], None],
) -> Outcome:
    source = await container.snapshot(request["source"]["name"])
    outcome = Outcome.of(
        await import_blob(
            source,
            repositories=repositories,
            container=container,
            overwrite_tags="OverwriteTags" in pipeline.options,
            continue_on_errors="ContinueOnErrors" in pipeline.options,
            progress=progress,
        )
    )
    if "DeleteSourceBlobOnSuccess" in pipeline.options and not outcome.error:
        try:
            await container.delete(source)
        except TransferError as exc:
            return replace(outcome, error=str(exc), details=exc.details)
    return outcome
