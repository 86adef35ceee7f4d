"""Rules about the key vault, its secret, and the SAS token in it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.diagnostics.catalog import RECOVER_SECRET
from azext_acrtransfer.diagnostics.facts import GRANT_SECRET_BY_ROLE
from azext_acrtransfer.preflight.grants import GET_SECRET, suffice
from azext_acrtransfer.preflight.lookups import Lookup, NotApplicableError, UnreadableError
from azext_acrtransfer.preflight.rule import Finding, Rule, fails, passes, warns
from azext_acrtransfer.preflight.snapshot import Snapshot
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.storage.sas_token import Sas

_SOON = timedelta(days=7)


def _vault_exists(snapshot: Snapshot) -> Finding | None:
    if not snapshot.uses_sas:
        return None
    if snapshot.vault.is_missing:
        return fails(f"There is no key vault '{snapshot.facts['vault']}'.")
    uri, host = (
        get_path(snapshot.vault.value, "properties", "vaultUri"),
        urlsplit(snapshot.storage.key_vault_uri),
    )
    if uri and urlsplit(uri).hostname != host.hostname:
        return fails(f"It is at {uri}, not at the pipeline's {host.hostname}.")
    return passes(str(snapshot.vault.value["id"]))


def _secret_exists(snapshot: Snapshot) -> Finding | None:
    if not snapshot.uses_sas or snapshot.vault == Lookup():
        return None
    if not snapshot.secret.is_missing:
        return passes(f"{snapshot.facts['secret']}")
    if not snapshot.deleted_secret.is_missing:
        return fails(f"The secret '{snapshot.facts['secret']}' was deleted.", RECOVER_SECRET)
    return fails(f"The vault has no secret '{snapshot.facts['secret']}', or not in that version.")


def _secret_enabled(snapshot: Snapshot) -> Finding:
    enabled = get_path(snapshot.secret.value, "attributes", "enabled") is not False
    return passes("It is enabled.") if enabled else fails("It is disabled.")


def _secret_current(snapshot: Snapshot) -> Finding:
    now, attributes = snapshot.now.timestamp(), get_path(snapshot.secret.value, "attributes") or {}
    if (expiry := attributes.get("exp")) and expiry <= now:
        return warns(f"It expired at {_shown(datetime.fromtimestamp(expiry, timezone.utc))}.")
    if (start := attributes.get("nbf")) and start > now:
        return warns(f"It starts at {_shown(datetime.fromtimestamp(start, timezone.utc))}.")
    return passes("It is within its time.")


def _secret_readable(snapshot: Snapshot) -> Finding:
    properties = snapshot.vault.value["properties"]
    principal = snapshot.facts["principal-id"].lower()
    if properties.get("enableRbacAuthorization"):
        grants = snapshot.vault_roles.value
        names = ", ".join(grant.role for grant in grants) or "none"
        sure = [grant for grant in grants if not grant.has_condition]
        if suffice(grants, (GET_SECRET,)) and not suffice(sure, (GET_SECRET,)):
            return warns(f"A role has a condition, which is not judged here: {names}.", "")
        message = f"The vault goes by roles; the identity has: {names}."
        readable = suffice(sure, (GET_SECRET,))
        return passes(message) if readable else fails(message, GRANT_SECRET_BY_ROLE)
    rights = [
        right.lower()
        for policy in properties.get("accessPolicies") or ()
        if str(policy.get("objectId")).lower() == principal
        for right in get_path(policy, "permissions", "secrets") or ()
    ]
    message = f"The vault goes by policies; the identity's allows: {' '.join(rights) or 'nothing'}."
    return passes(message) if {"get", "all"} & set(rights) else fails(message)


def _sas_whole(snapshot: Snapshot) -> Finding | None:
    value = snapshot.secret.value.get("value")
    if value is None:
        return None
    sas = Sas.parse(value)
    if sas is None:
        return fails("The secret's value is no SAS, or not the whole of one.")
    fields = [("for", sas.kind), ("permissions", sas["sp"]), ("expiry", sas["se"])]
    fields.append(("stored policy", sas["si"]))
    return passes(f"A SAS; {'; '.join(f'{name}: {text}' for name, text in fields if text)}.")


def _sas_kind(snapshot: Snapshot) -> Finding:
    kind = snapshot.sas.kind
    return (passes if kind in ("account", "container") else fails)(f"It is for: {kind}.")


def _account_sas(snapshot: Snapshot) -> Sas:
    if snapshot.sas.kind != "account":
        raise NotApplicableError
    return snapshot.sas


def _sas_services(snapshot: Snapshot) -> Finding:
    sas = _account_sas(snapshot)
    return (fails if sas.lacks("ss", "b") else passes)(f"Its services are '{sas['ss']}'.")


def _sas_resource_types(snapshot: Snapshot) -> Finding:
    sas = _account_sas(snapshot)
    return (fails if sas.lacks("srt", "sco") else passes)(f"Its types are '{sas['srt']}'.")


def _sas_protocol(snapshot: Snapshot) -> Finding:
    protocols = snapshot.sas["spr"]
    secure = not protocols or "https" in protocols.split(",")
    return (passes if secure else fails)(f"It allows: {protocols or 'https,http'}.")


def _sas_addresses(snapshot: Snapshot) -> Finding:
    if addresses := snapshot.sas["sip"]:
        return warns(f"It is for {addresses} only; the service's may not be among them.")
    return passes("It is for all addresses.")


def _sas_started(snapshot: Snapshot) -> Finding:
    start = snapshot.sas.timestamp("st")
    if start and start > snapshot.now:
        return fails(f"It starts at {_shown(start)}.")
    return passes(f"It started at {_shown(start)}." if start else "It has no start.")


def _sas_not_expired(snapshot: Snapshot) -> Finding:
    expiry = snapshot.sas.timestamp("se")
    if expiry is None:
        raise UnreadableError(
            _by_policy(snapshot.sas) if snapshot.sas["si"] else "Its time is illegible."
        )
    if expiry <= snapshot.now:
        return fails(f"It expired at {_shown(expiry)}.")
    judge = warns if expiry <= snapshot.now + _SOON else passes
    return judge(f"It expires at {_shown(expiry)}.")


def _sas_permissions(snapshot: Snapshot) -> Finding:
    sas, needed = snapshot.sas, snapshot.sas_permissions
    if not (lacking := sas.lacks("sp", needed)):
        return passes(f"It has '{sas['sp']}'; '{needed}' are needed.")
    if sas["si"]:
        raise UnreadableError(_by_policy(sas))
    return fails(f"It has '{sas['sp']}' and lacks '{lacking}'.")


def _by_policy(sas: Sas) -> str:
    return (
        f"It is left to the stored policy '{sas['si']}', which is not read: you would need "
        "Microsoft.Storage/storageAccounts/blobServices/containers/getAcl/action."
    )


def _sas_accepted(snapshot: Snapshot) -> Finding | None:
    answer, sas = snapshot.sas_answer.value, snapshot.sas
    start, expiry = sas.timestamp("st"), sas.timestamp("se")
    if (start and start > snapshot.now) or (expiry and expiry <= snapshot.now):
        return None  # storage accepts none outside of its time, which is told already
    if "to authenticate" in answer or "AuthenticationFailed" in answer:
        return fails("Storage does not accept its signature.")
    if "AuthorizationFailure" in answer or "KeyBasedAuthenticationNotPermitted" in answer:
        raise UnreadableError("Storage did not look at it: its firewall must let you in to tell.")
    return passes("Storage accepts its signature.")


def _shared_key_allowed(snapshot: Snapshot) -> Finding | None:
    if not snapshot.uses_sas:
        return None
    if get_path(snapshot.account.value, "properties", "allowSharedKeyAccess") is not False:
        return passes("The account takes what its keys signed.")
    if snapshot.sas.is_delegated:
        return passes("The account takes no keys, but a user signed this SAS.")
    return fails("The account takes nothing that was signed with its keys, as the SAS is.")


def _shown(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


RULES = (
    Rule("VaultFound", "The vault of its secret URI exists.", _vault_exists, ("vault-unknown",)),
    Rule("SecretFound", "The secret is in it.", _secret_exists, ("secret-missing",)),
    Rule("SecretEnabled", "The secret is enabled.", _secret_enabled, ("secret-disabled",)),
    Rule(
        "SecretCurrent",
        "The secret's own expiry, which bars nobody from reading it, lies ahead.",
        _secret_current,
        mend=(
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
        "The identity may read it: by access policy or role, whichever the vault goes by.",
        _secret_readable,
        ("secret-not-readable",),
    ),
    Rule(
        "SasWhole",
        "Its value is a SAS, with or without `?`.",
        _sas_whole,
        ("sas-not-authenticated",),
    ),
    Rule("SasKind", "The SAS is for a container or an account.", _sas_kind, ("sas-resource-type",)),
    Rule("SasServices", "An account SAS is for blobs.", _sas_services, ("sas-service",)),
    Rule(
        "SasResourceTypes",
        "An account SAS has the types service, container and object.",
        _sas_resource_types,
        ("sas-resource-type",),
    ),
    Rule("SasProtocol", "It allows https.", _sas_protocol, ("sas-protocol",)),
    Rule("SasAddresses", "It is for all addresses.", _sas_addresses, ("sas-source-ip",)),
    Rule("SasStarted", "Its time has begun.", _sas_started, ("sas-not-yet-valid",)),
    Rule(
        "SasNotExpired",
        "It has not expired, and will not within seven days.",
        _sas_not_expired,
        ("sas-expired",),
    ),
    Rule(
        "SasPermissions",
        "It has the permissions for this direction and these options; the source trigger needs l.",
        _sas_permissions,
        ("sas-permission", "trigger-no-list"),
    ),
    Rule(
        "SasAccepted",
        "Storage accepts its signature: it is of this account, and the key was not rotated.",
        _sas_accepted,
        ("sas-not-authenticated",),
    ),
    Rule(
        "SharedKeyAllowed",
        "The account takes what its keys signed.",
        _shared_key_allowed,
        ("shared-key-off",),
    ),
)
