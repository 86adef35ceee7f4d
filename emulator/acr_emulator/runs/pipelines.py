"""Transfer pipelines: what import and export have in common, and their differences as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acr_emulator.registry.registries import TYPE as REGISTRY_TYPE
from acr_emulator.state.store import Resource


@dataclass(frozen=True)
class PipelineKind:
    """One of the two kinds."""

    #: Its segment in resource ids and types.
    collection: str
    #: The property that holds the storage container, from the registry's point of view.
    side: str
    options: tuple[str, ...]
    #: Whether a blob that arrives in the container starts a run.
    triggered: bool

    @property
    def type(self) -> str:
        """The full resource type."""
        return f"{REGISTRY_TYPE}/{self.collection}"


EXPORT = PipelineKind(
    "exportPipelines", "target", ("OverwriteBlobs", "ContinueOnErrors"), triggered=False
)
IMPORT = PipelineKind(
    "importPipelines",
    "source",
    ("OverwriteTags", "DeleteSourceBlobOnSuccess", "ContinueOnErrors"),
    triggered=True,
)
KINDS = (EXPORT, IMPORT)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's resource, read once."""

    kind: PipelineKind
    id: str
    name: str
    registry_id: str
    container_uri: str
    access_mode: str
    secret_uri: str
    options: frozenset[str]
    #: The `identity` of the resource; {} when it has none.
    identity: Mapping[str, Any]
    trigger_enabled: bool

    @classmethod
    def of(cls, resource: Resource) -> "Pipeline":
        """Read the resource."""
        kind = next(kind for kind in KINDS if kind.type == resource["type"])
        properties = resource["properties"]
        container = properties[kind.side]
        trigger = properties.get("trigger", {}).get("sourceTrigger", {})
        return cls(
            kind=kind,
            id=resource["id"],
            name=resource["name"],
            registry_id=resource["id"].rpartition(f"/{kind.collection}/")[0],
            container_uri=container["uri"],
            access_mode=container["storageAccessMode"],
            secret_uri=container.get("keyVaultUri", ""),
            options=frozenset(properties.get("options", ())),
            identity=resource.get("identity", {}),
            trigger_enabled=trigger.get("status") == "Enabled",
        )

    @property
    def registry(self) -> str:
        """The name of its registry, as a prefix of repositories."""
        return self.registry_id.rpartition("/")[2].lower()
