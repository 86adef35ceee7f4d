"""Read everything that the rules evaluate; nothing is changed or evaluated here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from azext_acrtransfer.diagnostics.facts import (
    Facts,
    expiry_of_new_sas,
    facts_of_id,
    facts_of_pipeline,
    host_of,
    uses_sas,
)
from azext_acrtransfer.hosts import KEY_VAULTS, STORAGE_ACCOUNTS, Hosts
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.preflight.azure_reader import (
    AUTHORIZATION,
    KEY_VAULT,
    ROLES,
    STORAGE_ACCOUNT,
    Reader,
)
from azext_acrtransfer.preflight.grants import (
    Grant,
    container_scope,
    principals_that_read_secrets,
    secret_scope,
)
from azext_acrtransfer.preflight.lookups import (
    ABSENT,
    Absent,
    Found,
    Lookup,
    Unreadable,
    and_then,
    read,
)
from azext_acrtransfer.preflight.needs import CONTAINER_ACCESS, SAS
from azext_acrtransfer.preflight.snapshot import (
    Content,
    Grants,
    Headers,
    PipelineLookups,
    RegistryLookups,
    Resource,
    SecretLookups,
    Snapshot,
    StorageLookups,
    Subject,
    VaultLookups,
)
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.resources import Resources

_IDENTITIES = "2023-01-31"
_READ = "the role Reader on it"
_READ_BLOBS = "the role Storage Blob Data Reader on the container, and access through its firewall"
_READ_DIRECTORY = "the role Directory Readers in Microsoft Entra ID"
_READ_SECRETS = "the permission get on secrets, or the role Key Vault Secrets User on the vault"

Contents = Callable[[tuple[Artifact, ...]], Mapping[Artifact, Lookup[Content]]]
Referrers = Callable[[Mapping[Artifact, Lookup[Content]]], Lookup[tuple[Artifact, ...]]]


def gather(
    reader: Reader,
    resources: Resources,
    name: str,
    subject: Subject,
    *,
    contents: Contents,
    referrers: Referrers,
) -> Snapshot:
    """Take a snapshot of a pipeline and of what it is to transfer, in concurrent requests."""
    snapshot = _pipeline_snapshot(reader, resources, name, subject)
    access = CONTAINER_ACCESS.lookup(snapshot)
    if not isinstance(access, Found):
        return replace(
            snapshot,
            storage=StorageLookups(access, access),
            blobs=dict.fromkeys(subject.blobs, access),
        )

    def content() -> dict[str, Any]:
        artifact_contents = contents(subject.artifacts) if subject.artifacts else {}
        # A run names its referrers itself.
        is_wanted = artifact_contents and subject.kind is EXPORT and not subject.is_planned
        return {
            "contents": artifact_contents,
            "referrers": referrers(artifact_contents) if is_wanted else ABSENT,
        }

    about = _About(reader, snapshot, access.value)
    pipeline, storage, vault, secret, blobs, artifacts = _concurrently(
        about.pipeline,
        about.storage,
        about.vault,
        about.secret,
        about.blobs,
        content,
    )
    lookups = {"account": storage.account, "vault": vault.resource}
    snapshot = replace(
        snapshot,
        facts=Facts(snapshot.facts | other_subscriptions(reader.subscription, lookups)),
        pipeline=pipeline,
        storage=storage,
        vault=vault,
        secret=secret,
        blobs=blobs,
        **artifacts,
    )
    return replace(snapshot, sas_answer=about.sas_answer(snapshot))


def _pipeline_snapshot(
    reader: Reader, resources: Resources, name: str, subject: Subject
) -> Snapshot:
    """Take a snapshot of the registry and the pipeline."""
    location, kind = resources.registry, subject.kind
    registry, caller, answer = _concurrently(
        lambda: read(lambda: reader.registry(location), _READ),
        lambda: _permissions(reader, reader.id_of(location)),
        lambda: read(lambda: resources.get(name), _READ),
    )
    facts = Facts(
        {
            "registry": location.name,
            "group": location.resource_group,
            "subscription": reader.subscription,
        }
        | {"pipeline-group": kind.group}
        | reader.caller
        | ({"blob": subject.blobs[0]} if len(subject.blobs) == 1 else {})
    )
    now = datetime.now(timezone.utc)
    if isinstance(answer, Found):
        facts |= facts_of_pipeline(answer.value.resource, kind)
        now = answer.value.sent_at or now
    facts["expiry"] = expiry_of_new_sas(now)
    return Snapshot(
        now,
        subject,
        facts,
        RegistryLookups(registry, caller),
        PipelineLookups(and_then(answer, lambda value: Found(value.resource))),
    )


def _concurrently(*requests: Callable[[], Any]) -> list[Any]:
    return list(run_concurrently(lambda request: request(), requests))


def _permissions(reader: Reader, scope: str) -> Lookup[Grants]:
    """Return the caller's permissions on a resource."""

    def request() -> Grants:
        items = reader.arm_list(f"{scope}/{AUTHORIZATION}/permissions", ROLES)
        return tuple(Grant((item,)) for item in items)

    return read(request, _READ)


def other_subscriptions(active: str, lookups: Mapping[str, Lookup[Resource]]) -> dict[str, str]:
    """Return the facts about subscriptions of resources that aren't in the active one."""
    known = {
        f"{fact}-subscription": facts_of_id(lookup.value["id"]).get("subscription", active)
        for fact, lookup in lookups.items()
        if isinstance(lookup, Found)
    }
    return {fact: value for fact, value in known.items() if value.lower() != active.lower()}


class _About:
    """Reads the surroundings of a pipeline; every group is independent of the others."""

    def __init__(self, reader: Reader, snapshot: Snapshot, access: Any) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._facts = snapshot.facts
        self._access = access
        self._uses_sas = uses_sas(access)

    def pipeline(self) -> PipelineLookups:
        """Return the pipeline with its user-assigned identities."""
        resource: Any = self._snapshot.pipeline.resource  # found, as its access is
        identity = resource.value.identity
        ids = (identity and identity.user_assigned_identities) or {}
        return PipelineLookups(resource, {item: self._arm(item, _IDENTITIES) for item in ids})

    def _arm(self, resource_id: str, version: str) -> Lookup[Resource]:
        return read(lambda: self._reader.arm(resource_id, version), _READ)

    def _named(
        self, fact: str, hosts: Hosts, uri: str | None, resource_type: tuple[str, str]
    ) -> Lookup[Resource]:
        """Look up the account or the vault of a URI by the name in its host."""
        if reason := hosts.unknown_resource(host_of(uri)):
            return Unreadable(reason)
        return self._reader.named(*resource_type, self._facts.get(fact))

    def storage(self) -> StorageLookups:
        """Return the account, the container, and the roles on it."""
        account = self._named("account", STORAGE_ACCOUNTS, self._access.uri, STORAGE_ACCOUNT)
        if not isinstance(account, Found):
            return StorageLookups(account, account, account)
        name = self._facts.get("container")
        if not name:  # its ID would be that of all containers
            return StorageLookups(account)
        scope = container_scope(account.value["id"], name)
        container = self._arm(scope, STORAGE_ACCOUNT[1])
        if self._uses_sas:
            return StorageLookups(account, container)
        return StorageLookups(account, container, self._roles(scope), self._denials(scope))

    def vault(self) -> VaultLookups:
        """Return the vault, and the roles or groups that could let the identity read the secret."""
        if not self._uses_sas:
            return VaultLookups()
        vault = self._named("vault", KEY_VAULTS, self._access.key_vault_uri, KEY_VAULT)
        if not isinstance(vault, Found):
            return VaultLookups(vault)
        if not get_path(vault.value, "properties", "enableRbacAuthorization"):
            return VaultLookups(vault, groups=self._groups(vault.value))
        return VaultLookups(
            vault, self._roles(secret_scope(vault.value["id"], self._facts["secret"]))
        )

    def _groups(self, vault: Resource) -> Lookup[tuple[str, ...]]:
        """Return the groups that may read secrets, unless there is no identity or it may itself."""
        principals = principals_that_read_secrets(vault)
        identity = self._principal.lower()
        if not principals or not identity or identity in principals:
            return ABSENT
        return read(lambda: self._reader.groups(sorted(principals)), _READ_DIRECTORY)

    def _roles(self, scope: str) -> Lookup[Grants]:
        """Return the roles of the identity at a scope."""
        return read(lambda: self._reader.roles(self._principal, scope), _READ)

    def _denials(self, scope: str) -> Lookup[tuple[str, ...]]:
        return read(lambda: self._reader.denials(self._principal, scope), _READ)

    @property
    def _principal(self) -> str:
        return self._facts.get("principal-id", "")

    def secret(self) -> SecretLookups:
        """Return the secret, or the deleted one."""
        if not self._uses_sas:
            return SecretLookups()
        name = self._facts.get("secret")
        if not name:  # its URI would be that of all secrets
            return SecretLookups()
        uri = self._access.key_vault_uri
        secret = read(lambda: self._reader.secret(uri), _READ_SECRETS)
        if not isinstance(secret, Absent):
            return SecretLookups(secret)
        deleted = read(lambda: self._reader.deleted_secret(uri, name))
        return SecretLookups(secret, deleted if isinstance(deleted, Found) else ABSENT)

    def sas_answer(self, snapshot: Snapshot) -> Lookup[str]:
        """Return the response of storage to the SAS, which is sent to an existing account only."""
        sas = SAS.where(lambda token: token.is_for_anybody).lookup(snapshot)
        if not isinstance(sas, Found):
            return ABSENT
        query = sas.value.query
        return and_then(
            snapshot.storage.account,
            lambda _: read(lambda: self._reader.storage_on_sas(self._access.uri, query)),
        )

    def blobs(self) -> dict[str, Lookup[Headers]]:
        """Return the headers of every blob."""

        def look_up(name: str) -> tuple[str, Lookup[Headers]]:
            return name, read(lambda: self._reader.blob(self._access.uri, name), _READ_BLOBS)

        return dict(run_concurrently(look_up, self._snapshot.subject.blobs))
