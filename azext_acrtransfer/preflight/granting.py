"""--grant-access: give the identity of a pipeline the access that it needs.

Everything is looked up and changed with the caller's permissions. Access that the identity has
already, also through a role above the resource or a group, is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from azure.cli.core.azclierror import AzCLIError, AzureResponseError, ManualInterrupt
from azure.core.exceptions import AzureError, HttpResponseError
from knack.log import get_logger
from knack.util import CLIError

from azext_acrtransfer.command_lines import Command
from azext_acrtransfer.diagnostics.diagnosis import message_of
from azext_acrtransfer.diagnostics.facts import (
    GRANT_SECRET,
    Facts,
    assign_role,
    custom_domain,
    facts_of_pipeline,
    known_options,
    required_access,
    uses_sas,
    what_is_left,
)
from azext_acrtransfer.kinds import PipelineKind
from azext_acrtransfer.preflight.azure_reader import (
    AUTHORIZATION,
    KEY_VAULT,
    ROLES,
    STORAGE_ACCOUNT,
    Json,
    Reader,
)
from azext_acrtransfer.preflight.grants import (
    READ_SECRETS,
    Right,
    container_scope,
    principals_that_read_secrets,
    right_to_blobs,
    secret_scope,
    suffice,
)
from azext_acrtransfer.preflight.lookups import Absent, Found, Unreadable, missing_permission, read
from azext_acrtransfer.preflight.networks import BLOB_ENDPOINT, VAULT_ENDPOINT, other_endpoint
from azext_acrtransfer.service.http import MALFORMED
from azext_acrtransfer.service.interrupts import sigterm_interrupts
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.polling import Waiting

logger = get_logger(__name__)

#: Seconds until a new identity exists in the directory, and until a new assignment can be read.
_LONGEST_WAIT = 180
#: Error codes of Resource Manager.
_EXISTS, _NO_PRINCIPAL = "RoleAssignmentExists", "PrincipalNotFound"


class _Writer(Reader):
    """A reader that can change a resource, too."""

    def put(self, path: str, version: str, properties: Json) -> None:
        """Create or replace a resource."""
        body = {"properties": properties}
        self._arm_json(self._arm_request("PUT", path, {"api-version": version}, body))


@dataclass(frozen=True)
class _ByRole:
    """A role on a storage account or a key vault.

    ``scope`` is the part of the resource that the pipeline uses: a role there is enough.
    """

    writer: _Writer
    principal: str
    right: Right
    resource_id: str
    scope: str
    name: str
    permission: str = "Microsoft.Authorization/roleAssignments/write"

    @property
    def command(self) -> Command:
        """The command that grants the access."""
        return assign_role(self.right.role.name, self.resource_id)

    def exists(self) -> bool:
        """Whether the identity has the access."""
        roles = self.writer.roles(self.principal, self.scope)
        return suffice((role for role in roles if not role.has_condition), self.right.actions)

    def grant(self) -> bool:
        """Grant the access; return False if the role turns out to be assigned."""
        role = self.right.role.id
        # The same name for the same assignment: a repeated request creates no second one.
        name = uuid5(NAMESPACE_URL, f"{self.resource_id}|{self.principal}|{role}".lower())
        subscription = "/".join(self.resource_id.split("/")[:3])
        properties = {
            "roleDefinitionId": f"{subscription}/{AUTHORIZATION}/roleDefinitions/{role}",
            "principalId": self.principal,
            # Otherwise, a new identity isn't accepted until it's in every copy of the directory.
            "principalType": "ServicePrincipal",
        }
        path = f"{self.resource_id}/{AUTHORIZATION}/roleAssignments/{name}"
        try:
            self.writer.put(path, ROLES, properties)
        except HttpResponseError as error:
            if not _has_code(error, _EXISTS):
                raise
            return False
        return True


@dataclass(frozen=True)
class _ByPolicy:
    """An access policy of a key vault."""

    writer: _Writer
    principal: str
    vault: Json
    name: str
    permission: str = "Microsoft.KeyVault/vaults/accessPolicies/write"

    @property
    def command(self) -> Command:
        """The command that grants the access."""
        subscription = self.vault["id"].split("/")[2]
        if subscription.lower() == self.writer.subscription.lower():
            return GRANT_SECRET
        return GRANT_SECRET.in_subscription(subscription)

    def exists(self) -> bool:
        """Whether the identity has the access."""
        vault = self.writer.arm(self.vault["id"], KEY_VAULT[1])
        return self.principal.lower() in principals_that_read_secrets(vault)

    def grant(self) -> bool:
        """Grant the access, next to what the identity and others may do already."""
        policy = {
            "tenantId": get_path(self.vault, "properties", "tenantId"),
            "objectId": self.principal,
            "permissions": {"secrets": ["get"]},
        }
        path = f"{self.vault['id']}/accessPolicies/add"
        self.writer.put(path, KEY_VAULT[1], {"accessPolicies": [policy]})
        return True


_Access = _ByRole | _ByPolicy


def grant_access(
    cli_ctx: Any, pipeline: Any, kind: PipelineKind, waiting: Waiting
) -> AzCLIError | None:
    """Grant the identity of a pipeline access to its storage account, or to its secret.

    Waits until the access can be read, as ``check`` does it. Returns the error if it couldn't be
    granted, with the command for somebody who can.
    """
    access: _Access | None = None
    try:
        with sigterm_interrupts():
            access = _required(_Writer(cli_ctx), pipeline, kind)
            done = _grant(access, waiting)
    except KeyboardInterrupt:
        return ManualInterrupt(
            f"Stopped. The {kind.noun} '{pipeline.name}' exists, perhaps without access.",
            recommendation=_remedy(pipeline, kind, access),
        )
    except (AzureError, CLIError, *MALFORMED) as error:
        return AzureResponseError(
            f"The {kind.noun} '{pipeline.name}' exists, but its identity was granted no access: "
            f"{_reason(error, access)}",
            recommendation=_remedy(pipeline, kind, access),
        )
    facts = facts_of_pipeline(pipeline, kind)
    by_sas = uses_sas(getattr(pipeline, kind.side))
    logger.warning("%s\n%s", facts.fill(done), what_is_left(facts, by_sas=by_sas))
    return None


def _required(writer: _Writer, pipeline: Any, kind: PipelineKind) -> _Access:
    """Return the access that a pipeline needs; raise an error if its resource isn't found."""
    storage, facts = getattr(pipeline, kind.side), facts_of_pipeline(pipeline, kind)
    principal = facts.get("principal-id")
    if not principal:
        raise CLIError("The service returned no identity of the pipeline.")
    if reason := custom_domain(storage):
        raise CLIError(reason)
    if not uses_sas(storage):
        name = f"storage account '{facts['account']}'"
        account = _by_name(writer, STORAGE_ACCOUNT, facts["account"], name)
        _require_endpoint(account, BLOB_ENDPOINT, storage.uri, name)
        scope = container_scope(account["id"], facts["container"])
        right = right_to_blobs(kind, known_options(pipeline))
        return _ByRole(writer, principal, right, account["id"], scope, name)
    name = f"key vault '{facts['vault']}'"
    vault = _by_name(writer, KEY_VAULT, facts["vault"], name)
    _require_endpoint(vault, VAULT_ENDPOINT, storage.key_vault_uri, name)
    if not get_path(vault, "properties", "enableRbacAuthorization"):
        return _ByPolicy(writer, principal, vault, name)
    scope = secret_scope(vault["id"], facts["secret"])
    return _ByRole(writer, principal, READ_SECRETS, vault["id"], scope, name)


def _by_name(writer: _Writer, resource_type: tuple[str, str], name: str, noun: str) -> Json:
    lookup = writer.named(*resource_type, name)
    if isinstance(lookup, Unreadable):
        raise CLIError(f"The {noun} can't be read. {lookup.reason}")
    if isinstance(lookup, Absent):
        raise CLIError(f"The {noun} doesn't exist.")
    return lookup.value


def _require_endpoint(resource: Json, path: tuple[str, ...], uri: str, noun: str) -> None:
    if other := other_endpoint(resource, path, uri):
        raise CLIError(f"The {noun} isn't the pipeline's. {other}")


def _grant(access: _Access, waiting: Waiting) -> str:
    """Grant access unless it exists; return what was done."""
    if _exists(access):
        return (
            f"The pipeline's identity ({{principal-id}}) already has access to the {access.name}."
        )
    refusals: list[HttpResponseError] = []

    def grant() -> bool | None:
        try:
            return access.grant()
        except HttpResponseError as error:
            if not _has_code(error, _NO_PRINCIPAL):
                raise
            refusals.append(error)
            return None

    is_new = waiting.poll(grant, "Waiting for the identity in Microsoft Entra ID", _LONGEST_WAIT)
    if is_new is None:
        raise refusals.pop()
    done = f"Granted the pipeline's identity ({{principal-id}}) access to the {access.name}."
    # Whoever can grant access can't necessarily read it.
    if is_new and not waiting.poll(
        lambda: None if _exists(access) is False else True,
        "Waiting until the new access can be read",
        _LONGEST_WAIT,
    ):
        return f"{done} It can take a few more minutes to propagate."
    return done


def _exists(access: _Access) -> bool | None:
    """Whether the identity has access, or None if the caller can't read that."""
    lookup = read(access.exists)
    return lookup.value if isinstance(lookup, Found) else None


def _has_code(error: HttpResponseError, code: str) -> bool:
    return bool(error.error and error.error.code == code)


def _reason(error: Exception, access: _Access | None) -> str:
    if access and isinstance(error, HttpResponseError):
        required = missing_permission(error, access.permission)
        if required:
            return f"You don't have permission to grant it. Required: {required}."
    return message_of(error)


def _remedy(pipeline: Any, kind: PipelineKind, access: _Access | None) -> list[str]:
    if not access:
        return required_access(pipeline, kind).splitlines()
    facts: Facts = facts_of_pipeline(pipeline, kind)
    by_sas = uses_sas(getattr(pipeline, kind.side))
    return [
        f"The pipeline's identity needs access to the {access.name}. To grant it, run:",
        facts.fill(access.command),
        *what_is_left(facts, by_sas=by_sas).splitlines(),
    ]
