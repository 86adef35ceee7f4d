"""Export and import pipelines as data: everything in which the two kinds differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypeVar

#: Source: the service's prerequisites guide; more in one run is refused.
MAX_ARTIFACTS_PER_RUN = 50
#: Source: the script of a large user, which names 10 as the limit; the service documents none.
DEFAULT_CONCURRENT_RUNS = 10
MAX_CONCURRENT_RUNS = 50
T = TypeVar("T")


class PipelineOption(str, Enum):
    """An option of a pipeline, in the service's spelling."""

    OVERWRITE_BLOBS = "OverwriteBlobs"
    OVERWRITE_TAGS = "OverwriteTags"
    DELETE_SOURCE_BLOB = "DeleteSourceBlobOnSuccess"
    CONTINUE_ON_ERRORS = "ContinueOnErrors"


@dataclass(frozen=True)
class BuiltInRole:
    """A built-in role: its name, and its ID, which is the same in every cloud.

    Source: Azure's list of built-in roles.
    """

    name: str
    id: str


_BLOB_READER = BuiltInRole("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1")
_BLOB_CONTRIBUTOR = BuiltInRole(
    "Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
)
SECRETS_USER = BuiltInRole("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6")


@dataclass(frozen=True)
class ResourceKind:
    """A type of resource under a registry.

    ``noun`` is what messages call it, ``group`` its command group after ``az acr``,
    ``collection`` the SDK's name of its operations, and ``resource_type`` ARM's of the type.
    """

    noun: str
    group: str
    collection: str
    resource_type: str


@dataclass(frozen=True, eq=False)
class PipelineKind(ResourceKind):
    """A kind of pipeline: one direction of transfer.

    ``side`` is the property that holds the storage container (or, in a run, the blob), from the
    registry's point of view.
    """

    name: str
    side: str
    options: tuple[PipelineOption, ...]
    sas_permissions: Mapping[PipelineOption | None, str]
    storage_roles: Mapping[PipelineOption | None, BuiltInRole]

    def sas_permissions_for(self, options: tuple[PipelineOption, ...]) -> str:
        """Permission letters that a SAS needs, as ``az storage container generate-sas`` takes them.

        Source: the service's troubleshooting guide (export: read, write, list, add; import: read,
        list, and delete only to delete the blob afterwards).
        """
        return _most_demanding(self.sas_permissions, options)

    def storage_role_for(self, options: tuple[PipelineOption, ...]) -> BuiltInRole:
        """Return the built-in role with the fewest permissions that a managed identity needs."""
        return _most_demanding(self.storage_roles, options)


def _most_demanding(
    needs: Mapping[PipelineOption | None, T], options: tuple[PipelineOption, ...]
) -> T:
    return next((needs[option] for option in options if option in needs), needs[None])


RUN = ResourceKind(
    noun="pipeline run",
    group="pipeline-run",
    collection="pipeline_runs",
    resource_type="pipelineRuns",
)

EXPORT = PipelineKind(
    noun="export pipeline",
    group="export-pipeline",
    collection="export_pipelines",
    name="export",
    resource_type="exportPipelines",
    side="target",
    options=(PipelineOption.OVERWRITE_BLOBS, PipelineOption.CONTINUE_ON_ERRORS),
    sas_permissions=MappingProxyType({None: "alrw"}),
    storage_roles=MappingProxyType({None: _BLOB_CONTRIBUTOR}),
)

IMPORT = PipelineKind(
    noun="import pipeline",
    group="import-pipeline",
    collection="import_pipelines",
    name="import",
    resource_type="importPipelines",
    side="source",
    options=(
        PipelineOption.OVERWRITE_TAGS,
        PipelineOption.DELETE_SOURCE_BLOB,
        PipelineOption.CONTINUE_ON_ERRORS,
    ),
    sas_permissions=MappingProxyType({None: "lr", PipelineOption.DELETE_SOURCE_BLOB: "dlr"}),
    storage_roles=MappingProxyType(
        {None: _BLOB_READER, PipelineOption.DELETE_SOURCE_BLOB: _BLOB_CONTRIBUTOR}
    ),
)

KINDS: Mapping[str, PipelineKind] = MappingProxyType({kind.name: kind for kind in (EXPORT, IMPORT)})


def kind_of_pipeline(resource_id: str | None) -> PipelineKind | None:
    """Return the kind of a pipeline from its ID, ignoring case: Azure keeps the ID as typed."""
    resource_type = str(resource_id).rpartition("/")[0].rpartition("/")[2].lower()
    return next(
        (kind for kind in KINDS.values() if kind.resource_type.lower() == resource_type), None
    )
