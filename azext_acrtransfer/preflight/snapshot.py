"""The snapshot that the rules evaluate: what to check for, and what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azext_acrtransfer.diagnostics.facts import Facts
from azext_acrtransfer.kinds import PipelineKind
from azext_acrtransfer.preflight.grants import Grant
from azext_acrtransfer.preflight.lookups import ABSENT, Lookup
from azext_acrtransfer.registry.references import Artifact

Resource = Mapping[str, Any]
Headers = Mapping[str, str]
Grants = tuple[Grant, ...]


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
    """An artifact in the registry, with the layers of all its platforms.

    ``missing`` are digests of manifests that an index lists and the registry doesn't have.
    """

    digest: str
    layers: tuple[Layer, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegistryLookups:
    """The registry, and the caller's permissions on it."""

    resource: Lookup[Resource] = ABSENT
    caller: Lookup[Grants] = ABSENT


@dataclass(frozen=True)
class PipelineLookups:
    """The pipeline, and its user-assigned identities by their IDs."""

    resource: Lookup[Any] = ABSENT
    identities: Mapping[str, Lookup[Resource]] = field(default_factory=dict)


@dataclass(frozen=True)
class StorageLookups:
    """The storage account and the container, and what the identity may do there."""

    account: Lookup[Resource] = ABSENT
    container: Lookup[Resource] = ABSENT
    roles: Lookup[Grants] = ABSENT
    denials: Lookup[tuple[str, ...]] = ABSENT


@dataclass(frozen=True)
class VaultLookups:
    """The key vault, and what could let the identity read its secret.

    That is its roles if the vault uses roles. Otherwise it's the groups whose access policies allow
    it, unless the identity has a separate one.
    """

    resource: Lookup[Resource] = ABSENT
    roles: Lookup[Grants] = ABSENT
    groups: Lookup[tuple[str, ...]] = ABSENT


@dataclass(frozen=True)
class SecretLookups:
    """The secret in the vault, and the deleted one of its name."""

    resource: Lookup[Resource] = ABSENT
    deleted: Lookup[Resource] = ABSENT


@dataclass(frozen=True)
class Snapshot:  # pylint: disable=too-many-instance-attributes  # one for each group of lookups
    """Everything that was read; a group that wasn't requested is absent."""

    now: datetime
    subject: Subject
    facts: Facts = field(default_factory=Facts)
    registry: RegistryLookups = RegistryLookups()
    pipeline: PipelineLookups = PipelineLookups()
    storage: StorageLookups = StorageLookups()
    vault: VaultLookups = VaultLookups()
    secret: SecretLookups = SecretLookups()
    sas_answer: Lookup[str] = ABSENT
    blobs: Mapping[str, Lookup[Headers]] = field(default_factory=dict)
    contents: Mapping[Artifact, Lookup[Content]] = field(default_factory=dict)
    #: Referrers of the artifacts that aren't among them.
    referrers: Lookup[tuple[Artifact, ...]] = ABSENT
