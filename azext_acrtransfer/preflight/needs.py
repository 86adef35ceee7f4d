"""What a rule can need from a snapshot; a rule without something that it needs doesn't apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

from azext_acrtransfer.diagnostics.facts import Facts, known_options, uses_sas
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind, PipelineOption
from azext_acrtransfer.preflight.lookups import (
    ABSENT,
    Absent,
    Found,
    Lookup,
    Unreadable,
    all_or_none,
    and_then,
    or_none,
)
from azext_acrtransfer.preflight.snapshot import (
    Content,
    Grants,
    Headers,
    Resource,
    Snapshot,
    Subject,
)
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.storage.sas_token import Sas

_CHANGES_BLOBS = {
    EXPORT: PipelineOption.OVERWRITE_BLOBS,
    IMPORT: PipelineOption.DELETE_SOURCE_BLOB,
}
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Need(Generic[T]):
    """A value that is looked up in a snapshot."""

    lookup: Callable[[Snapshot], Lookup[T]]

    def then(self, dependent: Callable[[T], Lookup[U]]) -> Need[U]:
        """Return what is looked up with the value."""
        return Need(lambda snapshot: and_then(self.lookup(snapshot), dependent))

    def where(self, condition: Callable[[T], bool]) -> Need[T]:
        """Return the value if it meets a condition."""
        return self.then(lambda value: Found(value) if condition(value) else ABSENT)

    @property
    def if_any(self) -> Need[T | None]:
        """The value, or None where it's known that nothing exists."""
        return Need(lambda snapshot: or_none(self.lookup(snapshot)))

    @property
    def deferred(self) -> Need[Lookup[T]]:
        """The lookup itself, for a rule that uses its value in some cases only."""
        return Need(lambda snapshot: Found(self.lookup(snapshot)))


def all_of(needs: Iterable[Need[Any]], snapshot: Snapshot) -> Lookup[list[Any]]:
    """Return all the values, or the first lookup that has none."""
    values = []
    for need in needs:
        lookup = need.lookup(snapshot)
        if not isinstance(lookup, Found):
            return lookup
        values.append(lookup.value)
    return Found(values)


def is_triggered(pipeline: Any) -> bool:
    """Whether the source trigger of an import pipeline is on."""
    status = get_path(pipeline, "properties", "trigger", "sourceTrigger", "status")
    return str(status).lower() != "disabled"


def _container_access(snapshot: Snapshot) -> Lookup[Any]:
    def access(pipeline: Any) -> Lookup[Any]:
        properties = getattr(pipeline, snapshot.subject.kind.side)
        if not properties:
            return Unreadable("The service doesn't return the pipeline's container.")
        return Found(properties)

    return and_then(snapshot.pipeline.resource, access)


def _secret_of_vault(snapshot: Snapshot) -> Lookup[Resource | None]:
    no_vault = isinstance(snapshot.vault.resource, Absent)
    return ABSENT if no_vault else or_none(snapshot.secret.resource)


def _sas_of(secret: Resource) -> Lookup[Sas]:
    sas = Sas.parse(str(secret.get("value")))
    return Found(sas) if sas else ABSENT


def _existing_blobs(blobs: Mapping[str, Headers | None]) -> Lookup[dict[str, Headers]]:
    existing = {name: headers for name, headers in blobs.items() if headers is not None}
    return Found(existing) if existing else ABSENT


def _changes_blobs(snapshot: Snapshot) -> Lookup[None]:
    option = _CHANGES_BLOBS[snapshot.subject.kind]
    return and_then(
        OPTIONS.lookup(snapshot), lambda options: Found(None) if option in options else ABSENT
    )


def _specifies(kind: PipelineKind, name: str, subject: Subject) -> bool:
    """Whether a pipeline of this kind is to transfer artifacts or blobs that are specified."""
    return subject.kind is kind and bool(getattr(subject, name))


NOW: Need[datetime] = Need(lambda snapshot: Found(snapshot.now))
FACTS: Need[Facts] = Need(lambda snapshot: Found(snapshot.facts))

SUBJECT: Need[Subject] = Need(lambda snapshot: Found(snapshot.subject))
EXPORTING = SUBJECT.where(lambda subject: subject.kind is EXPORT)
IMPORTING = SUBJECT.where(lambda subject: subject.kind is IMPORT)
EXPORTED_ARTIFACTS = SUBJECT.where(partial(_specifies, EXPORT, "artifacts"))
IMPORTED_ARTIFACTS = SUBJECT.where(partial(_specifies, IMPORT, "artifacts"))
EXPORTED_BLOBS = SUBJECT.where(partial(_specifies, EXPORT, "blobs"))
IMPORTED_BLOBS = SUBJECT.where(partial(_specifies, IMPORT, "blobs"))
NO_PLAN = SUBJECT.where(lambda subject: not subject.is_planned)

REGISTRY: Need[Resource] = Need(lambda snapshot: snapshot.registry.resource)
#: What is in a registry, unless it is known not to exist.
POSSIBLE_REGISTRY = Need(
    lambda snapshot: ABSENT if isinstance(snapshot.registry.resource, Absent) else Found(None)
)
CALLER: Need[Grants] = Need(lambda snapshot: snapshot.registry.caller)

PIPELINE: Need[Any] = Need(lambda snapshot: snapshot.pipeline.resource)
TRIGGERED_PIPELINE = PIPELINE.where(is_triggered)
OPTIONS: Need[tuple[PipelineOption, ...]] = PIPELINE.then(
    lambda pipeline: Found(known_options(pipeline))
)
IDENTITIES = Need(lambda snapshot: all_or_none(snapshot.pipeline.identities))
#: The storage properties of the pipeline.
CONTAINER_ACCESS = Need(_container_access)
ACCESS_BY_SAS = CONTAINER_ACCESS.where(uses_sas)
ACCESS_BY_IDENTITY = CONTAINER_ACCESS.where(lambda access: not uses_sas(access))

ACCOUNT: Need[Resource] = Need(lambda snapshot: snapshot.storage.account)
CONTAINER: Need[Resource] = Need(lambda snapshot: snapshot.storage.container)
#: What is in a container, unless it is known not to exist.
POSSIBLE_CONTAINER = Need(
    lambda snapshot: ABSENT if isinstance(snapshot.storage.container, Absent) else Found(None)
)
STORAGE_ROLES: Need[Grants] = Need(lambda snapshot: snapshot.storage.roles)
DENIALS: Need[tuple[str, ...]] = Need(lambda snapshot: snapshot.storage.denials)

VAULT: Need[Resource] = Need(lambda snapshot: snapshot.vault.resource)
VAULT_ROLES: Need[Grants] = Need(lambda snapshot: snapshot.vault.roles)
VAULT_GROUPS: Need[tuple[str, ...]] = Need(lambda snapshot: snapshot.vault.groups)
SECRET: Need[Resource] = Need(lambda snapshot: snapshot.secret.resource)
#: The secret, or None if an existing vault doesn't have it.
SECRET_OF_VAULT = Need(_secret_of_vault)
DELETED_SECRET: Need[Resource] = Need(lambda snapshot: snapshot.secret.deleted)
SAS = SECRET.then(_sas_of)
ACCOUNT_SAS = SAS.where(lambda sas: sas.kind == "account")
SAS_ANSWER: Need[str] = Need(lambda snapshot: snapshot.sas_answer)

BLOBS = Need(lambda snapshot: all_or_none(snapshot.blobs))
#: Whether the pipeline overwrites or deletes blobs.
CHANGES_BLOBS = Need(_changes_blobs)
EXISTING_BLOBS = BLOBS.then(_existing_blobs)
CONTENT_LOOKUPS: Need[Mapping[Artifact, Lookup[Content]]] = Need(
    lambda snapshot: Found(snapshot.contents)
)
REFERRERS: Need[tuple[Artifact, ...]] = Need(lambda snapshot: snapshot.referrers)
CONTENTS: Need[dict[Artifact, Content | None]] = Need(
    lambda snapshot: all_or_none(snapshot.contents)
)
