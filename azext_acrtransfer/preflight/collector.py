"""Read everything that the rules evaluate; nothing is changed or evaluated here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.diagnostics.facts import Facts, expiry_of_new_sas, facts_of_pipeline
from azext_acrtransfer.preflight.azure_reader import Reader
from azext_acrtransfer.preflight.grants import Grant
from azext_acrtransfer.preflight.lookups import Lookup, read
from azext_acrtransfer.preflight.snapshot import Content, Headers, Resource, Snapshot, Subject
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.resources import Resources
from azext_acrtransfer.storage.sas_token import Sas

_ACCOUNT = ("Microsoft.Storage/storageAccounts", "2023-05-01")
_VAULT = ("Microsoft.KeyVault/vaults", "2023-07-01")
_IDENTITIES, _ROLES = "2023-01-31", "2022-04-01"
_AUTHORIZATION = "providers/Microsoft.Authorization"
_READ = "the role Reader on it"
_READ_BLOBS = "the role Storage Blob Data Reader on the container, and a way past its firewall"
_READ_SECRETS = "the permission get on secrets, or the role Key Vault Secrets User on the vault"

Parts = dict[str, Any]
Contents = Callable[[tuple[Artifact, ...]], dict[Artifact, Lookup[Content]]]


def gather(
    reader: Reader, resources: Resources, name: str, subject: Subject, *, contents: Contents
) -> Snapshot:
    """Take a snapshot of a pipeline and of what it is to transfer, in concurrent requests."""
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
        | {"pipeline-group": kind.group, "you": reader.caller, "expiry": expiry_of_new_sas()}
        | ({"blob": subject.blobs[0]} if len(subject.blobs) == 1 else {})
    )
    parts: Parts = {}
    pipeline = answer.result and answer.result.resource
    storage = getattr(pipeline, kind.side, None)
    if pipeline:
        facts |= facts_of_pipeline(pipeline, kind)
    if storage:
        about = _About(reader, facts, storage, subject)
        for part in _concurrently(
            lambda: {"identities": about.identities(pipeline)},
            about.storage,
            about.vault,
            about.secret,
            about.blobs,
            lambda: {"contents": contents(subject.artifacts) if subject.artifacts else {}},
        ):
            parts |= part
        if "secret" in parts:
            parts["sas_answer"] = about.sas_answer(parts["account"], parts["secret"])
    return Snapshot(
        (answer.result and answer.result.sent_at) or datetime.now(timezone.utc),
        subject,
        facts,
        registry,
        caller,
        answer.then(lambda value: Lookup(value.resource)),
        **parts,
    )


def _concurrently(*asks: Callable[[], Any]) -> list[Any]:
    return list(run_concurrently(lambda ask: ask(), asks))


def _permissions(reader: Reader, scope: str) -> Lookup[tuple[Grant, ...]]:
    """Return the caller's permissions on a resource."""

    def ask() -> tuple[Grant, ...]:
        items = reader.arm_list(f"{scope}/{_AUTHORIZATION}/permissions", _ROLES)
        return tuple(Grant((item,)) for item in items)

    return read(ask, _READ)


class _About:
    """Reads the surroundings of a pipeline; every method is independent of the others."""

    def __init__(self, reader: Reader, facts: Facts, storage: Any, subject: Subject) -> None:
        self._reader = reader
        self._facts = facts
        self._storage = storage
        self._subject = subject
        self._sas_mode = storage.storage_access_mode != StorageAccessMode.MANAGED_IDENTITY.value

    def identities(self, pipeline: Any) -> dict[str, Lookup[Resource]]:
        """Return the user-assigned identities by their IDs."""
        ids = (pipeline.identity and pipeline.identity.user_assigned_identities) or {}
        return {item: self._arm(item, _IDENTITIES) for item in ids}

    def _arm(self, resource_id: str, version: str) -> Lookup[Resource]:
        return read(lambda: self._reader.arm(resource_id, version), _READ)

    def storage(self) -> Parts:
        """Return the account, the container, and the roles on it."""
        account = self._reader.named(*_ACCOUNT, self._facts["account"])
        scope = account.then(
            lambda resource: Lookup(
                f"{resource['id']}/blobServices/default/containers/{self._facts['container']}"
            )
        )
        parts: Parts = {
            "account": account,
            "container": scope.then(lambda resource: self._arm(resource, _ACCOUNT[1])),
        }
        if not self._sas_mode:
            parts["storage_roles"] = scope.then(self._roles)
            parts["denials"] = scope.then(self._denials)
        return parts

    def vault(self) -> Parts:
        """Return the vault, and the roles on the secret if the vault uses roles."""
        if not self._sas_mode:
            return {}
        vault = self._reader.named(*_VAULT, self._facts["vault"])
        if not (vault.result and get_path(vault.result, "properties", "enableRbacAuthorization")):
            return {"vault": vault}
        roles = self._roles(f"{vault.result['id']}/secrets/{self._facts['secret']}")
        return {"vault": vault, "vault_roles": roles}

    def _roles(self, scope: str) -> Lookup[tuple[Grant, ...]]:
        """Return the roles of the identity at a scope, assigned directly or through a group."""

        def ask() -> tuple[Grant, ...]:
            items = self._assigned(scope, "roleAssignments")
            definitions = {item["roleDefinitionId"] for item in items}
            known = {item: self._reader.arm(item, _ROLES)["properties"] for item in definitions}
            return tuple(_grant(item, known[item["roleDefinitionId"]]) for item in items)

        return read(ask, _READ)

    def _denials(self, scope: str) -> Lookup[tuple[str, ...]]:
        def ask() -> tuple[str, ...]:
            items = self._assigned(scope, "denyAssignments")
            return tuple(item["denyAssignmentName"] for item in items)

        return read(ask, _READ)

    def _assigned(self, scope: str, what: str) -> list[Any]:
        principal = self._facts.get("principal-id")
        wanted = f"atScope() and assignedTo('{principal}')"
        path = f"{scope}/{_AUTHORIZATION}/{what}"
        items = self._reader.arm_list(path, _ROLES, wanted) if principal else []
        return [item["properties"] for item in items]

    def secret(self) -> Parts:
        """Return the secret, or the deleted one."""
        if not self._sas_mode:
            return {}
        uri = self._storage.key_vault_uri
        secret = read(lambda: self._reader.secret(uri), _READ_SECRETS)
        if secret.result or secret.why_not:
            return {"secret": secret}
        name = self._facts["secret"]
        deleted = read(lambda: self._reader.deleted_secret(uri, name), _READ_SECRETS)
        return {"secret": secret, "deleted_secret": Lookup(deleted.result)}

    def sas_answer(self, account: Lookup[Resource], secret: Lookup[Resource]) -> Lookup[str]:
        """Return the response of storage to the SAS, which is sent to an existing account only."""
        sas = Sas.parse(str(get_path(secret.result or {}, "value")))
        if not (sas and sas.is_for_anybody):
            return Lookup()
        query = sas.query
        return account.then(
            lambda _: read(
                lambda: self._reader.storage_on_sas(self._storage.uri, query), _READ_BLOBS
            )
        )

    def blobs(self) -> Parts:
        """Return the headers of every blob."""

        def ask(name: str) -> Lookup[Headers]:
            return read(lambda: self._reader.blob(self._storage.uri, name), _READ_BLOBS)

        names = self._subject.blobs
        return {"blobs": dict(zip(names, run_concurrently(ask, names), strict=True))}


def _grant(assignment: Resource, role: Resource) -> Grant:
    return Grant(
        tuple(role["permissions"]),
        role["roleName"],
        assignment["scope"],
        has_condition=bool(assignment.get("condition")),
    )
