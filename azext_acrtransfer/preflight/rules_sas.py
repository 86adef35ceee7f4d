"""Rules about the key vault, its secret, and the SAS token in it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.diagnostics.catalog import RECOVER_SECRET
from azext_acrtransfer.diagnostics.facts import GRANT_SECRET_BY_ROLE, Facts
from azext_acrtransfer.kinds import PipelineOption
from azext_acrtransfer.preflight import needs
from azext_acrtransfer.preflight.grants import (
    READ_SECRETS,
    principals_that_read_secrets,
    suffice,
)
from azext_acrtransfer.preflight.lookups import Found, Lookup, or_none
from azext_acrtransfer.preflight.networks import (
    OPEN,
    VAULT_ENDPOINT,
    other_endpoint,
    why_closed,
)
from azext_acrtransfer.preflight.rule import (
    Finding,
    Rule,
    evaluate_lookup,
    fails,
    passes,
    unknown,
    warns,
)
from azext_acrtransfer.preflight.snapshot import Grants, Resource, Subject
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.storage.answers import AUTHENTICATION_FAILED
from azext_acrtransfer.storage.sas_token import Sas, fault_of

#: Storage's error codes after it accepted a signature.
_SIGNATURE_ACCEPTED = frozenset(
    {
        "AuthorizationPermissionMismatch",
        "AuthorizationResourceTypeMismatch",
        "AuthorizationServiceMismatch",
    }
)
#: Storage's error codes before it evaluates a signature.
_NOT_EVALUATED = {
    "AuthorizationFailure": "The storage firewall blocks you",
    "KeyBasedAuthenticationNotPermitted": "The account accepts no shared keys",
}
_SOON = timedelta(days=7)
_PERIOD = re.compile(r"(?:([0-9]{1,5})\.)?([0-9]{1,2}):([0-9]{2}):([0-9]{2})")
_SHORTER_SAS = ("Store a SAS token with a start and an expiry that the SAS policy allows.",)


def _vault_exists(access: Any, vault: Resource | None, facts: Facts) -> Finding:
    if vault is None:
        return fails(f"The key vault '{facts['vault']}' doesn't exist.")
    other = other_endpoint(vault, VAULT_ENDPOINT, access.key_vault_uri)
    return fails(other) if other else passes(str(vault["id"]))


def _vault_network(vault: Resource) -> Finding:
    closed = why_closed(vault, "networkAcls")
    if not closed:
        return passes(OPEN)
    if get_path(vault, "properties", "networkAcls", "bypass") == "None":
        return warns(f"{closed} It admits no trusted services, such as ACR Transfer.")
    return passes(f"{closed} It admits trusted services, such as ACR Transfer.")


def _secret_exists(secret: Resource | None, deleted: Resource | None, facts: Facts) -> Finding:
    if secret is not None:
        return passes(f"{facts['secret']}")
    if deleted is not None:
        return fails(f"The secret '{facts['secret']}' was deleted.", (RECOVER_SECRET,))
    return fails(f"The secret '{facts['secret']}' doesn't exist, or not in this version.")


def _secret_enabled(secret: Resource) -> Finding:
    enabled = get_path(secret, "attributes", "enabled") is not False
    return passes("Enabled.") if enabled else fails("Disabled.")


def _secret_current(secret: Resource, now: datetime) -> Finding:
    attributes = get_path(secret, "attributes") or {}
    if (expiry := attributes.get("exp")) and expiry <= now.timestamp():
        return warns(f"Expired at {_shown(datetime.fromtimestamp(expiry, timezone.utc))}.")
    if (start := attributes.get("nbf")) and start > now.timestamp():
        return warns(f"Starts at {_shown(datetime.fromtimestamp(start, timezone.utc))}.")
    return passes("Valid now.")


def _secret_readable(
    vault: Resource, roles: Lookup[Grants], groups: Lookup[tuple[str, ...]], facts: Facts
) -> Finding | None:
    if vault["properties"].get("enableRbacAuthorization"):
        return evaluate_lookup(roles, _readable_by_role)
    if facts["principal-id"].lower() in principals_that_read_secrets(vault):
        return passes("An access policy allows the identity to read secrets.")
    return evaluate_lookup(or_none(groups), _readable_by_group)


def _readable_by_group(groups: tuple[str, ...] | None) -> Finding:
    if groups:
        return unknown(
            f"Access policies allow groups to read secrets: {', '.join(groups)}. Whether the "
            "identity is a member isn't evaluated."
        )
    return fails("No access policy allows the identity to read secrets.")


def _readable_by_role(roles: Grants) -> Finding:
    names = ", ".join(grant.role for grant in roles) or "none"
    actions = READ_SECRETS.actions
    readable = suffice((grant for grant in roles if not grant.has_condition), actions)
    if suffice(roles, actions) and not readable:
        return warns(f"A role has a condition, which isn't evaluated: {names}.", ())
    message = f"Assigned roles: {names}."
    return passes(message) if readable else fails(message, (GRANT_SECRET_BY_ROLE,))


def _sas_whole(secret: Resource) -> Finding | None:
    value = secret.get("value")
    if value is None:
        return None
    sas = Sas.parse(value)
    if sas is None:
        return fails(f"The secret's value isn't a SAS token. {fault_of(value)}")
    fields = [("for", sas.kind), ("permissions", sas["sp"]), ("expiry", sas["se"])]
    fields.append(("stored policy", sas["si"]))
    return passes(f"A SAS; {'; '.join(f'{name}: {text}' for name, text in fields if text)}.")


def _sas_kind(sas: Sas) -> Finding:
    evaluate = passes if sas.kind in ("account", "container") else fails
    return evaluate(f"Type: {sas.kind}.")


def _sas_services(sas: Sas) -> Finding:
    return (fails if sas.lacks("ss", "b") else passes)(f"Services: {sas['ss']}.")


def _sas_resource_types(sas: Sas) -> Finding:
    return (fails if sas.lacks("srt", "sco") else passes)(f"Resource types: {sas['srt']}.")


def _sas_protocol(sas: Sas) -> Finding:
    protocols = sas["spr"]
    secure = not protocols or "https" in protocols.split(",")
    return (passes if secure else fails)(f"Protocols: {protocols or 'https,http'}.")


def _sas_addresses(sas: Sas) -> Finding:
    if addresses := sas["sip"]:
        return warns(f"For {addresses} only, which might not include ACR Transfer.")
    return passes("All addresses.")


def _sas_started(sas: Sas, now: datetime) -> Finding:
    start = sas.timestamp("st")
    if start and start > now:
        return fails(f"Starts at {_shown(start)}.")
    return passes(f"Started at {_shown(start)}." if start else "No start time.")


def _sas_not_expired(sas: Sas, now: datetime, account: Lookup[Resource]) -> Finding:
    expiry = sas.timestamp("se")
    if expiry is None:
        return unknown(_by_policy(sas) if sas["si"] else "The expiry can't be parsed.")
    if expiry <= now:
        return fails(f"Expired at {_shown(expiry)}.")
    longest = _longest_period(account.value) if isinstance(account, Found) else None
    if longest is not None:
        start = sas.timestamp("st")
        period = f"Valid for {expiry - start}" if start else "No start time"
        if not start or expiry - start > longest:
            return warns(
                f"{period}. The account's SAS policy blocks more than {longest}.", _SHORTER_SAS
            )
    evaluate = warns if expiry <= now + _SOON else passes
    return evaluate(f"Expires at {_shown(expiry)}.")


def _longest_period(account: Resource) -> timedelta | None:
    """Return how long a SAS token can be valid, if the account's SAS policy blocks longer ones.

    Source: Azure's specification of storage accounts, which has the period as DD.HH:MM:SS.
    """
    policy = get_path(account, "properties", "sasPolicy")
    if str(get_path(policy, "expirationAction")).lower() != "block":
        return None
    match = _PERIOD.fullmatch(text := policy["sasExpirationPeriod"])
    if not match:
        raise ValueError(f"the period '{text}' of the account's SAS policy")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days, hours=hours, minutes=minutes, seconds=seconds)


def _sas_permissions(sas: Sas, subject: Subject, options: tuple[PipelineOption, ...]) -> Finding:
    needed = subject.kind.sas_permissions_for(options)
    if not (lacking := sas.lacks("sp", needed)):
        return passes(f"Permissions: {sas['sp']}. Required: {needed}.")
    if sas["si"]:
        return unknown(_by_policy(sas))
    return fails(f"Permissions: {sas['sp']}. Missing: {lacking}.")


def _by_policy(sas: Sas) -> str:
    return (
        f"Defined by the stored access policy '{sas['si']}', which isn't read. Required: "
        "Microsoft.Storage/storageAccounts/blobServices/containers/getAcl/action."
    )


def _sas_accepted(code: str, sas: Sas, now: datetime) -> Finding | None:
    start, expiry = sas.timestamp("st"), sas.timestamp("se")
    if (start and start > now) or (expiry and expiry <= now):
        return None  # storage accepts none outside of its time, which other checks report
    if code == AUTHENTICATION_FAILED:
        return fails("Storage rejects the SAS token.")
    if not code or code in _SIGNATURE_ACCEPTED:
        return passes("Storage accepts its signature.")
    if code in _NOT_EVALUATED:
        return unknown(f"{_NOT_EVALUATED[code]}: the signature wasn't evaluated.")
    return unknown(f"Storage answered {code}.")


def _shared_key_allowed(account: Resource, sas: Lookup[Sas]) -> Finding | None:
    if get_path(account, "properties", "allowSharedKeyAccess") is not False:
        return passes("Shared keys are allowed.")
    return evaluate_lookup(sas, _signed_without_key)


def _signed_without_key(sas: Sas) -> Finding:
    if sas.is_delegated:
        return passes("Shared keys aren't allowed, but a user signed the SAS token.")
    return fails("Shared keys aren't allowed, and one signed the SAS token.")


def _shown(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


RULES = (
    Rule(
        "KeyVaultFound",
        "The vault of its secret URI exists.",
        (needs.ACCESS_BY_SAS, needs.VAULT.if_any, needs.FACTS),
        _vault_exists,
        ("vault-unknown",),
    ),
    Rule(
        "KeyVaultNetwork",
        "The vault is open to all networks, or admits trusted services.",
        (needs.VAULT,),
        _vault_network,
        recommendation=(az("keyvault update", name="{vault}", bypass="AzureServices"),),
    ),
    Rule(
        "SecretFound",
        "The vault contains the secret.",
        (needs.SECRET_OF_VAULT, needs.DELETED_SECRET.if_any, needs.FACTS),
        _secret_exists,
        ("secret-missing",),
        when=(needs.ACCESS_BY_SAS,),
    ),
    Rule(
        "SecretEnabled",
        "The secret is enabled.",
        (needs.SECRET,),
        _secret_enabled,
        ("secret-disabled",),
    ),
    Rule(
        "SecretNotExpired",
        "The secret's own period of validity includes now; it can be read in any case.",
        (needs.SECRET, needs.NOW),
        _secret_current,
        recommendation=(
            az(
                "keyvault secret set-attributes",
                vault_name="{vault}",
                name="{secret}",
                expires="{expiry}T00:00:00Z",
            ),
        ),
    ),
    Rule(
        "SecretReadable",
        "The identity has permission to read it, by an access policy or role of the vault.",
        (needs.VAULT, needs.VAULT_ROLES.deferred, needs.VAULT_GROUPS.deferred, needs.FACTS),
        _secret_readable,
        ("secret-not-readable",),
    ),
    Rule(
        "SasFormatValid",
        "Its value is a SAS, with or without `?`.",
        (needs.SECRET,),
        _sas_whole,
        ("sas-not-authenticated",),
    ),
    Rule(
        "SasType",
        "The SAS is for a container or an account.",
        (needs.SAS,),
        _sas_kind,
        ("sas-resource-type",),
    ),
    Rule(
        "SasServices",
        "An account SAS is for blobs.",
        (needs.ACCOUNT_SAS,),
        _sas_services,
        ("sas-service",),
    ),
    Rule(
        "SasResourceTypes",
        "An account SAS has the types service, container and object.",
        (needs.ACCOUNT_SAS,),
        _sas_resource_types,
        ("sas-resource-type",),
    ),
    Rule(
        "SasProtocol",
        "The SAS allows https.",
        (needs.SAS,),
        _sas_protocol,
        ("sas-protocol",),
    ),
    Rule(
        "SasIpAddresses",
        "The SAS isn't limited to IP addresses.",
        (needs.SAS,),
        _sas_addresses,
        ("sas-source-ip",),
    ),
    Rule(
        "SasStarted",
        "Its start time has passed.",
        (needs.SAS, needs.NOW),
        _sas_started,
        ("sas-not-yet-valid",),
    ),
    Rule(
        "SasNotExpired",
        "It doesn't expire within seven days, and the account's SAS policy doesn't block its "
        "period.",
        (needs.SAS, needs.NOW, needs.ACCOUNT.deferred),
        _sas_not_expired,
        ("sas-expired",),
    ),
    Rule(
        "SasPermissions",
        "It has the permissions for this direction and these options; the source trigger needs l.",
        (needs.SAS, needs.SUBJECT, needs.OPTIONS),
        _sas_permissions,
        ("sas-permission", "trigger-no-list"),
    ),
    Rule(
        "SasAccepted",
        "Storage accepts its signature: it is of this account, and the key was not rotated.",
        (needs.SAS_ANSWER, needs.SAS, needs.NOW),
        _sas_accepted,
        ("sas-not-authenticated", "sas-policy-missing"),
    ),
    Rule(
        "SharedKeyAllowed",
        "The account allows shared keys, if one signed the SAS.",
        (needs.ACCOUNT, needs.SAS.deferred),
        _shared_key_allowed,
        ("shared-key-off",),
        when=(needs.ACCESS_BY_SAS,),
    ),
)
