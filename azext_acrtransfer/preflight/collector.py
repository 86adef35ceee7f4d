"""Reading all that the rules judge; nothing is changed, and nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.diagnostics.command_lines import Facts, expiry_of_new_sas, facts_of_pipeline
from azext_acrtransfer.preflight.azure_reader import Reader
from azext_acrtransfer.preflight.grants import Grant
from azext_acrtransfer.preflight.lookups import Reading, read
from azext_acrtransfer.preflight.snapshot import Asked, Content, Headers, Resource, Seen
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.concurrency import each
from azext_acrtransfer.service.json_values import dig
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
Contents = Callable[[tuple[Artifact, ...]], dict[Artifact, Reading[Content]]]


def gather(
    reader: Reader, resources: Resources, name: str, asked: Asked, *, contents: Contents
) -> Seen:
    """Read everything about a pipeline and what is to be moved, at once as far as can be."""
    at, kind = resources.registry, asked.kind
    registry, caller, answer = _at_once(
        lambda: read(lambda: reader.registry(at), _READ),
        lambda: _permissions(reader, reader.id_of(at)),
        lambda: read(lambda: resources.get(name), _READ),
    )
    facts = Facts(
        {"registry": at.name, "group": at.resource_group, "subscription": reader.subscription}
        | {"pipeline-group": kind.group, "you": reader.caller, "expiry": expiry_of_new_sas()}
        | ({"blob": asked.blobs[0]} if len(asked.blobs) == 1 else {})
    )
    parts: Parts = {}
    pipeline = answer.found and answer.found.resource
    place = getattr(pipeline, kind.side, None)
    if pipeline:
        facts |= facts_of_pipeline(pipeline, kind)
    if place:
        about = _About(reader, facts, place, asked)
        for part in _at_once(
            lambda: {"identities": about.identities(pipeline)},
            about.storage,
            about.vault,
            about.secret,
            about.blobs,
            lambda: {"contents": contents(asked.artifacts) if asked.artifacts else {}},
        ):
            parts |= part
        if "secret" in parts:
            parts["sas_answer"] = about.sas_answer(parts["account"], parts["secret"])
    return Seen(
        (answer.found and answer.found.sent_at) or datetime.now(timezone.utc),
        asked,
        facts,
        registry,
        caller,
        answer.then(lambda told: Reading(told.resource)),
        **parts,
    )


def _at_once(*asks: Callable[[], Any]) -> list[Any]:
    return list(each(lambda ask: ask(), asks))


def _permissions(reader: Reader, scope: str) -> Reading[tuple[Grant, ...]]:
    """What the caller may do with a resource."""

    def ask() -> tuple[Grant, ...]:
        told = reader.arm_list(f"{scope}/{_AUTHORIZATION}/permissions", _ROLES)
        return tuple(Grant((each,)) for each in told)

    return read(ask, _READ)


class _About:
    """What is read of a pipeline's surroundings, each method on its own."""

    def __init__(self, reader: Reader, facts: Facts, place: Any, asked: Asked) -> None:
        self._reader = reader
        self._facts = facts
        self._place = place
        self._asked = asked
        self._sas_mode = place.storage_access_mode != StorageAccessMode.MANAGED_IDENTITY.value

    def identities(self, pipeline: Any) -> dict[str, Reading[Resource]]:
        """The user-assigned identities, by their ids."""
        ids = (pipeline.identity and pipeline.identity.user_assigned_identities) or {}
        return {each: self._arm(each, _IDENTITIES) for each in ids}

    def _arm(self, resource_id: str, version: str) -> Reading[Resource]:
        return read(lambda: self._reader.arm(resource_id, version), _READ)

    def storage(self) -> Parts:
        """The account, the container, and who may do what there."""
        account = self._reader.named(*_ACCOUNT, self._facts["account"])
        scope = account.then(
            lambda found: Reading(
                f"{found['id']}/blobServices/default/containers/{self._facts['container']}"
            )
        )
        parts: Parts = {
            "account": account,
            "container": scope.then(lambda found: self._arm(found, _ACCOUNT[1])),
        }
        if not self._sas_mode:
            parts["storage_roles"] = scope.then(self._roles)
            parts["denials"] = scope.then(self._denials)
        return parts

    def vault(self) -> Parts:
        """The vault, and the roles on the secret if it goes by roles."""
        if not self._sas_mode:
            return {}
        vault = self._reader.named(*_VAULT, self._facts["vault"])
        if not (vault.found and dig(vault.found, "properties", "enableRbacAuthorization")):
            return {"vault": vault}
        roles = self._roles(f"{vault.found['id']}/secrets/{self._facts['secret']}")
        return {"vault": vault, "vault_roles": roles}

    def _roles(self, scope: str) -> Reading[tuple[Grant, ...]]:
        """The roles that the identity has at a scope, itself or through a group."""

        def ask() -> tuple[Grant, ...]:
            told = self._assigned(scope, "roleAssignments")
            definitions = {each["roleDefinitionId"] for each in told}
            known = {each: self._reader.arm(each, _ROLES)["properties"] for each in definitions}
            return tuple(_grant(each, known[each["roleDefinitionId"]]) for each in told)

        return read(ask, _READ)

    def _denials(self, scope: str) -> Reading[tuple[str, ...]]:
        def ask() -> tuple[str, ...]:
            told = self._assigned(scope, "denyAssignments")
            return tuple(each["denyAssignmentName"] for each in told)

        return read(ask, _READ)

    def _assigned(self, scope: str, what: str) -> list[Any]:
        principal = self._facts.get("principal-id")
        wanted = f"atScope() and assignedTo('{principal}')"
        path = f"{scope}/{_AUTHORIZATION}/{what}"
        told = self._reader.arm_list(path, _ROLES, wanted) if principal else []
        return [each["properties"] for each in told]

    def secret(self) -> Parts:
        """The secret, or what is left of it if it was deleted."""
        if not self._sas_mode:
            return {}
        uri = self._place.key_vault_uri
        secret = read(lambda: self._reader.secret(uri), _READ_SECRETS)
        if secret.found or secret.why_not:
            return {"secret": secret}
        name = self._facts["secret"]
        deleted = read(lambda: self._reader.deleted_secret(uri, name), _READ_SECRETS)
        return {"secret": secret, "deleted_secret": Reading(deleted.found)}

    def sas_answer(self, account: Reading[Resource], secret: Reading[Resource]) -> Reading[str]:
        """What storage says to the SAS; it is sent nowhere but to an account that is there."""
        sas = Sas.parse(str(dig(secret.found or {}, "value")))
        if not (sas and sas.is_for_anybody):
            return Reading()
        query = sas.query
        return account.then(
            lambda _: read(lambda: self._reader.storage_on_sas(self._place.uri, query), _READ_BLOBS)
        )

    def blobs(self) -> Parts:
        """What storage tells of each blob."""

        def ask(name: str) -> Reading[Headers]:
            return read(lambda: self._reader.blob(self._place.uri, name), _READ_BLOBS)

        names = self._asked.blobs
        return {"blobs": dict(zip(names, each(ask, names), strict=True))}


def _grant(assignment: Resource, role: Resource) -> Grant:
    return Grant(
        tuple(role["permissions"]),
        role["roleName"],
        assignment["scope"],
        has_condition=bool(assignment.get("condition")),
    )
