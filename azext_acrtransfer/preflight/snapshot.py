"""The snapshot that the rules evaluate: what to check for, and what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.diagnostics.facts import Facts, known_options
from azext_acrtransfer.kinds import PipelineKind, PipelineOption
from azext_acrtransfer.preflight.grants import Grant
from azext_acrtransfer.preflight.lookups import Lookup, NotApplicableError, UnreadableError
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.storage.sas_token import Sas

Resource = Mapping[str, Any]
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Subject:
    """What to check in addition to the pipeline.

    ``digests`` are known digests of artifacts; a transfer that ``is_planned`` is split into runs
    already, and doesn't depend on a source trigger.
    """

    kind: PipelineKind
    artifacts: tuple[Artifact, ...] = ()
    blobs: tuple[str, ...] = ()
    digests: Mapping[Artifact, str] = field(default_factory=dict)
    is_planned: bool = False


@dataclass(frozen=True)
class Layer:
    """A layer in a manifest."""

    digest: str
    size: int
    is_foreign: bool = False


@dataclass(frozen=True)
class Content:
    """An artifact in the registry, with the layers of all its platforms."""

    digest: str
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Snapshot:  # pylint: disable=too-many-instance-attributes  # one for each thing that is looked at
    """Everything that was read; a part that wasn't requested counts as missing."""

    now: datetime
    subject: Subject
    facts: Facts = field(default_factory=Facts)
    registry: Lookup[Resource] = Lookup()
    caller: Lookup[tuple[Grant, ...]] = Lookup()
    pipeline: Lookup[Any] = Lookup()
    identities: Mapping[str, Lookup[Resource]] = field(default_factory=dict)
    account: Lookup[Resource] = Lookup()
    container: Lookup[Resource] = Lookup()
    storage_roles: Lookup[tuple[Grant, ...]] = Lookup()
    denials: Lookup[tuple[str, ...]] = Lookup()
    vault: Lookup[Resource] = Lookup()
    vault_roles: Lookup[tuple[Grant, ...]] = Lookup()
    secret: Lookup[Resource] = Lookup()
    deleted_secret: Lookup[Resource] = Lookup()
    sas_answer: Lookup[str] = Lookup()
    blobs: Mapping[str, Lookup[Headers]] = field(default_factory=dict)
    contents: Mapping[Artifact, Lookup[Content]] = field(default_factory=dict)

    @property
    def kind(self) -> PipelineKind:
        """The kind of the pipeline."""
        return self.subject.kind

    @property
    def options(self) -> tuple[PipelineOption, ...]:
        """The options of the pipeline."""
        return known_options(self.pipeline.value)

    @property
    def storage(self) -> Any:
        """The storage properties of the pipeline."""
        storage = getattr(self.pipeline.value, self.kind.side)
        if storage is None:
            raise UnreadableError("The service does not tell the pipeline's container.")
        return storage

    @property
    def uses_sas(self) -> bool:
        """Whether the pipeline reads a SAS from a vault, as one without an access mode does."""
        mode: str | None = self.storage.storage_access_mode
        return mode != StorageAccessMode.MANAGED_IDENTITY.value

    @property
    def sas(self) -> Sas:
        """The SAS in the secret, if that holds one."""
        sas = Sas.parse(str(self.secret.value.get("value", "")))
        if sas is None:
            raise NotApplicableError
        return sas

    @property
    def sas_permissions(self) -> str:
        """The permissions that a SAS needs for this direction and these options."""
        return self.kind.sas_permissions_for(self.options)

    @property
    def readable_contents(self) -> Iterable[tuple[Artifact, Content]]:
        """The artifacts that exist and that the caller can read."""
        return [(artifact, read.result) for artifact, read in self.contents.items() if read.result]
