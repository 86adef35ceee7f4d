"""The rules of the preflight check, each broken in every way that it knows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

import pytest

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.diagnostics.facts import Facts
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.preflight.lookups import ABSENT, Found, Unreadable
from azext_acrtransfer.preflight.rules import RULES, evaluate, failure
from azext_acrtransfer.preflight.snapshot import Content, Layer, Snapshot
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.storage.sas_token import Sas
from tests.support.wording import (
    NO_POLICY,
    NO_SECRET,
    NOT_TRANSFERRED,
    POLICIES_OF_GROUPS,
    READ_REFUSED,
    SAS_REJECTED,
    TO_EXPORT_REFERRERS,
    UNKNOWN_MEMBER,
    UNUSABLE_ANSWER,
)
from tests.unit.conftest import REGISTRY
from tests.unit.preflight_snapshots import (
    ACCOUNT,
    ARTIFACT,
    BLOBS,
    NOW,
    PRINCIPAL,
    account,
    blob,
    container,
    exports,
    grant,
    imports,
    registry,
    sas,
    secret,
    snapshot,
    vault,
)

OWNER, MY_ROLE = f"Owner of blobs at {ACCOUNT}", f"My role at {ACCOUNT}"
RUN_PIPELINES = "Microsoft.ContainerRegistry/registries/pipelineRuns/write"
NEEDS_ROLE = "The identity needs a role that allows it to"
LEFT_TO_POLICY = (
    "Defined by the stored access policy 'mypolicy', which isn't read. Required: "
    "Microsoft.Storage/storageAccounts/blobServices/containers/getAcl/action."
)
UNKNOWN = Unreadable(f"{READ_REFUSED} Required: some/read.")
MANAGED: dict[str, Any] = {"mode": "ManagedIdentity"}
A_URL = "A URL: store only the part after its question mark."
AN_ACCESS_TOKEN = "An access token of Microsoft Entra ID: store a SAS token."
# The messages where everything passes.
SETUP = {
    "RegistryFound": "myregistry.azurecr.io",
    "RegistryPremium": "SKU: Premium.",
    "ExportsAllowed": "Export policy: not set.",
    "RegistryNetwork": "Open to all networks.",
    "CallerAuthorized": "You have permission to run pipelines.",
    "PipelineFound": f"{REGISTRY}/{{kind.resource_type}}/mypipeline",
    "PipelineProvisioned": "State: Succeeded.",
    "PipelineIdentity": f"systemAssigned, principal ID {PRINCIPAL}.",
    "StorageAccountFound": ACCOUNT,
    "StorageAccountKind": "Kind: not set.",
    "ContainerFound": "transfer",
    "StorageNetwork": "Open to all networks.",
}
BY_SAS = {
    "KeyVaultFound": "/subscriptions/s/vaults/myvault",
    "KeyVaultNetwork": "Open to all networks.",
    "SecretFound": "sas",
    "SecretEnabled": "Enabled.",
    "SecretNotExpired": "Valid now.",
    "SecretReadable": "An access policy allows the identity to read secrets.",
    "SasFormatValid": "A SAS; for: container; permissions: racwdl; expiry: 2026-05-01T00:00:00Z.",
    "SasType": "Type: container.",
    "SasProtocol": "Protocols: https.",
    "SasIpAddresses": "All addresses.",
    "SasStarted": "No start time.",
    "SasNotExpired": "Expires at 2026-05-01T00:00:00Z.",
    "SasPermissions": "Permissions: racwdl. Required: {needed}.",
    "SasAccepted": "Storage accepts its signature.",
    "SharedKeyAllowed": "Shared keys are allowed.",
}
A_MONTH = "2026-04-01T00:00:00Z"
TOO_LONG = "warning: Valid for 30 days, 0:00:00. The account's SAS policy blocks more than {}."
NOT_EXPIRED = "pass: Expires at 2026-05-01T00:00:00Z."
IMMUTABLE, CHANGEABLE = "fail: Immutable: myblob.", "pass: All are changeable."
#: What people store in the secret, and what is wrong with it.
NOT_A_SAS = [
    ("empty", " \n", "Empty."),
    ("password", "a password", "Not a SAS token: it has none of its fields."),
    ("other query", "?name=value&key=c2VjcmV0", "Not a SAS token: it has none of its fields."),
    ("no signature", sas(sig=""), "Incomplete: it lacks sig."),
    ("no version", sas(sv=""), "Incomplete: it lacks sv."),
    ("no expiry", sas(se=""), "Incomplete: it lacks se."),
    ("two fields", "?sp=r&sr=c", "Incomplete: it lacks sv, se, sig."),
    ("line break", sas().replace("&sr", "\n&sr"), "It contains a space or a line break."),
    *(
        (f"{name} URL", f"{question_mark}{url}", A_URL)
        for name, question_mark, url in (
            ("container", "", "https://mystorage.blob.core.windows.net/transfer"),
            ("SAS", "", f"https://mystorage.blob.core.windows.net/transfer{sas()}"),
            ("late SAS", "?", f"http://mystorage.blob.core.windows.net/transfer{sas()}"),
        )
    ),
    *(
        (f"connection string, {name}", text, "A connection string: store a SAS token.")
        for name, text in (
            ("key", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0"),
            ("SAS", f"BlobEndpoint=https://a.example/;SharedAccessSignature={sas()[1:]}"),
            ("short", "accountname=a;accountkey=c2VjcmV0"),
        )
    ),
    ("account key", f"{'c2VjcmV0' * 10}c2VjcA==", "An account key: store a SAS token."),
    ("login", "eyJhbGci.eyJhdWQi.c2VjcmV0", AN_ACCESS_TOKEN),
    ("header", "Bearer eyJhbGci.eyJhdWQi.c2VjcmV0", AN_ACCESS_TOKEN),
    *(
        (f"JSON {name}", text, "JSON: store the SAS token alone, such as with --output tsv.")
        for name, text in (("object", f'{{"sas": "{sas()}"}}'), ("list", f'["{sas()}"]'))
    ),
    *(
        (f"quoted by {quote}", text, "In quotation marks: store the SAS token without them.")
        for quote in "\"'`"
        for text in (f"{quote}{sas()}{quote}", f"{sas()}{quote}")
    ),
    ("HTML", sas().replace("&", "&amp;"), "HTML-escaped: '&amp;' must be '&'."),
    *(
        (f"encoded {name}", text, "Percent-encoded twice: store the SAS token as it was generated.")
        for name, text in (
            ("signature", sas(sig="c2VjcmV0%253D")),
            ("time", sas(se="2026-05-01T00%253A00%253A00Z")),
            ("whole", quote_plus(sas()[1:])),
        )
    ),
    *(
        (
            f"cut at & after {field}",
            field,
            "Truncated at its first '&': enclose the value in quotation marks when you store it.",
        )
        for field in ("se=2026-05-01", "?sv=2026-02-06")
    ),
]
OF_THE_SAS = [code for code in BY_SAS if code.startswith("Sas") and code != "SasAccepted"]
OF_THE_SAS += ["SasServices", "SasResourceTypes"]
OF_THE_REGISTRY = ["RegistryFound", "RegistryPremium", "ExportsAllowed", "RegistryNetwork"]
OF_THE_BLOB = ["TriggerAge", "TriggerMd5", "TriggerCategory"]
CONTENT = {
    EXPORT: {
        "NoBlobConflicts": "No conflicts.",
        "ArtifactsFound": "All 1 exist.",
        "IndexComplete": "All manifests exist.",
        "ArtifactCount": "1.",
        "LayerSizes": "None is larger than 8 GB.",
        "NoForeignLayers": "All layers are in the registry.",
        "ReferrersIncluded": "No other referrers exist.",
    },
    IMPORT: {
        "BlobsFound": "All exist.",
        "BlobsReadable": "All are readable.",
        "NoTagConflicts": "No conflicts.",
        "TriggerEnabled": "The source trigger is enabled.",
        "TriggerAge": "Modified within 60 days. The trigger finds a new blob within 15 minutes.",
        "TriggerMd5": "There is a ContentMD5.",
        "TriggerCategory": "There is category=acr-transfer-blob.",
    },
}


@pytest.fixture(autouse=True)
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every time is shown in UTC, wherever the user is."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


def statuses(snapshot: Snapshot) -> dict[str, str]:
    return {check["code"]: check["status"] for check in evaluate(snapshot)}


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
@pytest.mark.parametrize("mode", ["SasToken", "ManagedIdentity"])
def test_everything_passes_if_all_is_in_order(kind: PipelineKind, mode: str) -> None:
    messages = SETUP | (BY_SAS if mode == "SasToken" else {"StorageRole": OWNER}) | CONTENT[kind]
    if kind is IMPORT:
        del messages["ExportsAllowed"]
    facts = {"kind": kind, "needed": kind.sas_permissions_for(())}
    checks = evaluate(snapshot(kind, mode=mode))
    assert checks == [
        {"code": code, "status": "pass", "message": text.format(**facts), "recommendation": []}
        for code, text in messages.items()
    ]
    assert failure(checks) is None


def large(size: int, *, foreign: bool = False) -> dict[str, Any]:
    layers = (Layer("sha256:0c", size, foreign), Layer("sha256:0d", 1))
    return {"contents": {ARTIFACT: Found(Content("sha256:0a", layers))}}


ANOTHER = Artifact("samples/other", "2")
[FOREIGN] = large(1, foreign=True)["contents"].values()
OTHER = {"type": "userAssigned", "userAssignedIdentities": {"/one": {"principalId": PRINCIPAL}}}
ACCOUNT_SAS = {"sr": "", "ss": "b", "srt": "sco"}
CONDITIONAL = grant(f"{BLOBS}/*", condition=True)
GETS = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
NOTHING: dict[str, Any] = dict.fromkeys(
    (*("registry", "pipeline", "account", "container"), *("vault", "secret", "sas_answer")), ABSENT
)
MANY = tuple(Artifact("samples/hello", str(number)) for number in range(51))
BY_ROLES: dict[str, Any] = {"vault": vault(enableRbacAuthorization=True)}
NOT_EXPIRING = secret(sas(se="", sp="", si="mypolicy"))


UPLOAD_AGAIN = ["# Upload the blob again, as a block blob and without a customer-provided key."]
OTHER_NAME = ["# Use another blob name, or wait until a pending copy has ended."]
OTHER_CONTAINER = ["# Use a container without retention, or a pipeline without this option."]
SHORTER_SAS = ["# Store a SAS token with a start and an expiry that the SAS policy allows."]
# What is recommended in cases that begin so, in place of what the rule recommends otherwise.
RECOMMENDED = {
    "PipelineProvisioned: in progress": [
        "az acr export-pipeline wait --created -g mygroup -r myregistry -n mypipeline"
    ],
    "StorageAccountKind: in progress": [],
    "StorageAccountKind: failover": [],
    "StorageAccountKind: unavailable": [],
    "StorageRole: only with a condition": [],
    "StorageRole: denied": [],
    "SecretFound: deleted": ["az keyvault secret recover --vault-name myvault --name sas"],
    "SecretReadable: by roles, none": [
        'az role assignment create --role "Key Vault Secrets User" --assignee-object-id '
        f"{PRINCIPAL} --assignee-principal-type ServicePrincipal "
        "--scope $(az keyvault show --name myvault --query id --output tsv)"
    ],
    "SecretReadable: by roles, only with a condition": [],
    "SasNotExpired: too long": SHORTER_SAS,
    "SasNotExpired: hours too long": SHORTER_SAS,
    "SasNotExpired: without a start": SHORTER_SAS,
    "BlobsReadable: copy": UPLOAD_AGAIN,
    "BlobsReadable: encrypted": UPLOAD_AGAIN,
    "BlobsReadable: a directory": UPLOAD_AGAIN,
    **{
        f"BlobsChangeable: {kind.name}, {state}": recommendation
        for kind in (EXPORT, IMPORT)
        for state, recommendation in (
            ("copy pending", OTHER_NAME),
            ("a directory", OTHER_NAME),
            ("legal hold", OTHER_CONTAINER),
            ("retention of a version", OTHER_CONTAINER),
            ("within its retention", OTHER_CONTAINER),
        )
    },
    "BlobsChangeable: export, retention": OTHER_CONTAINER,
}


def case(name: str, snapshot: Snapshot, expected: str) -> Any:
    """A snapshot, and the status on it with its text; the name begins with the code of a rule."""
    code = name.partition(":")[0]
    [rule] = [rule for rule in RULES if rule.code == code]
    recommendation: list[str] = []
    if expected.startswith(("fail:", "warning:")):
        recommendation = next(
            (commands for start, commands in RECOMMENDED.items() if name.startswith(start)),
            rule.recommended_commands(snapshot.facts),
        )
    return pytest.param(snapshot, code, expected, recommendation, id=name)


CASES = [
    case(
        "RegistryFound: missing",
        exports(registry=ABSENT),
        "fail: The resource group doesn't contain the registry.",
    ),
    case(
        "RegistryPremium: Basic tier",
        exports(registry=registry(sku="Basic")),
        "fail: SKU: Basic.",
    ),
    case(
        "ExportsAllowed: disabled by its policy",
        exports(registry=registry(policies={"exportPolicy": {"status": "disabled"}})),
        "fail: Export policy: disabled.",
    ),
    case(
        "RegistryNetwork: no public access",
        exports(registry=registry(publicNetworkAccess="Disabled")),
        "warning: Public network access: Disabled. You may be unable to check its artifacts.",
    ),
    case(
        "StorageNetwork: perimeter",
        exports(account=account(publicNetworkAccess="SecuredByPerimeter")),
        "warning: Public network access: SecuredByPerimeter. Storage doesn't trust ACR Transfer.",
    ),
    case(
        "RegistryNetwork: firewall",
        imports(registry=registry(networkRuleSet={"defaultAction": "Deny"})),
        "warning: The firewall admits selected networks only. You may be unable "
        "to check its artifacts.",
    ),
    case(
        "CallerAuthorized: role that only reads",
        imports(caller=Found((grant(actions=["*/read"]),))),
        f"fail: You don't have permission to run pipelines. Your roles lack {RUN_PIPELINES}.",
    ),
    case(
        "PipelineFound: missing",
        exports(pipeline=ABSENT),
        "fail: The registry has no export pipeline of that name.",
    ),
    case(
        "PipelineProvisioned: failed",
        exports(state="Failed"),
        "fail: State: Failed. An update without changes tries again.",
    ),
    case(
        "PipelineProvisioned: in progress",
        exports(state="Creating"),
        "warning: State: Creating.",
    ),
    case(
        "PipelineIdentity: all are gone",
        exports(identity=OTHER, identities={"/one": ABSENT, "/two": ABSENT}),
        "fail: The user-assigned identity doesn't exist: /one, /two.",
    ),
    case(
        "PipelineIdentity: some are gone",
        exports(identity=OTHER, identities={"/one": Found({}), "/two": ABSENT, "/three": ABSENT}),
        f"warning: userAssigned, principal ID {PRINCIPAL}. Another one doesn't exist: /two, "
        "/three.",
    ),
    case(
        "PipelineIdentity: none",
        exports(identity={"type": "None"}),
        "fail: The pipeline has no identity.",
    ),
    case(
        "StorageAccountFound: missing",
        exports(account=ABSENT),
        "fail: The storage account 'mystorage' doesn't exist.",
    ),
    case(
        "StorageAccountFound: in another DNS zone",
        exports(account=account(primaryEndpoints={"blob": "https://mystorage.z1.blob.example/"})),
        "fail: Its endpoint is https://mystorage.z1.blob.example/, the pipeline's is "
        "mystorage.blob.core.windows.net.",
    ),
    case(
        "ContainerFound: missing",
        exports(container=ABSENT),
        "fail: The container 'transfer' doesn't exist.",
    ),
    case(
        "StorageNetwork: firewall",
        exports(account=account(networkAcls={"defaultAction": "Deny"})),
        "warning: The firewall admits selected networks only. Storage doesn't trust ACR Transfer.",
    ),
    case(
        "StorageRole: no role",
        exports(storage_roles=Found(()), **MANAGED),
        f"fail: {NEEDS_ROLE} read and write blobs. Assigned roles: none.",
    ),
    case(
        "StorageRole: role that cannot delete",
        imports(
            storage_roles=Found((grant(f"{BLOBS}/READ"),)),
            options=("DeleteSourceBlobOnSuccess",),
            **MANAGED,
        ),
        f"fail: {NEEDS_ROLE} delete and read blobs. Assigned roles: {MY_ROLE}.",
    ),
    case(
        "StorageRole: role with an exception",
        exports(storage_roles=Found((grant("*", notDataActions=[f"{BLOBS}/write"]),)), **MANAGED),
        f"fail: {NEEDS_ROLE} read and write blobs. Assigned roles: {MY_ROLE}.",
    ),
    case(
        "StorageRole: only with a condition",
        exports(storage_roles=Found((CONDITIONAL, CONDITIONAL)), **MANAGED),
        f"warning: A role has a condition, which isn't evaluated: {MY_ROLE}, {MY_ROLE}.",
    ),
    case(
        "StorageRole: denied",
        exports(denials=Found(("No", "Never")), **MANAGED),
        f"warning: {OWNER}. Denied by: No, Never.",
    ),
    case(
        "KeyVaultFound: missing",
        exports(vault=ABSENT),
        "fail: The key vault 'myvault' doesn't exist.",
    ),
    case(
        "KeyVaultFound: in another cloud",
        exports(vault=vault(vaultUri="https://myvault.vault.azure.cn/")),
        "fail: Its endpoint is https://myvault.vault.azure.cn/, the pipeline's is "
        "myvault.vault.azure.net.",
    ),
    case(
        "SecretFound: missing",
        exports(secret=ABSENT),
        f"fail: {NO_SECRET}",
    ),
    case(
        "SecretFound: deleted",
        exports(secret=ABSENT, deleted_secret=Found({})),
        "fail: The secret 'sas' was deleted.",
    ),
    case(
        "SecretEnabled: disabled",
        exports(secret=Found({"attributes": {"enabled": False}})),
        "fail: Disabled.",
    ),
    case(
        "SecretNotExpired: expires now",
        exports(secret=secret(exp=NOW.timestamp())),
        "warning: Expired at 2026-03-04T12:00:00Z.",
    ),
    case(
        "SecretNotExpired: starts now",
        exports(secret=secret(nbf=NOW.timestamp())),
        "pass: Valid now.",
    ),
    case(
        "SecretNotExpired: starts later",
        exports(secret=secret(nbf=1999999999)),
        "warning: Starts at 2033-05-18T03:33:19Z.",
    ),
    case(
        "SecretReadable: no policy",
        exports(vault=vault(accessPolicies=[])),
        f"fail: {NO_POLICY}",
    ),
    case(
        "SecretReadable: policy of others",
        exports(vault=vault(accessPolicies=[]), groups=Found(())),
        f"fail: {NO_POLICY}",
    ),
    case(
        "SecretReadable: policies of groups",
        exports(vault=vault(accessPolicies=[]), groups=Found(("Movers", "All"))),
        f"unknown: {POLICIES_OF_GROUPS} Movers, All. {UNKNOWN_MEMBER}",
    ),
    case(
        "SecretReadable: policies of nobody knows whom",
        exports(vault=vault(accessPolicies=[]), groups=UNKNOWN),
        f"unknown: {UNKNOWN.reason}",
    ),
    case(
        "SecretReadable: policy that names the identity in other letters",
        exports(
            identity={"type": "SystemAssigned", "principalId": "an-ID"},
            vault=vault(
                accessPolicies=[{"objectId": "AN-id", "permissions": {"secrets": ["List", "All"]}}]
            ),
        ),
        "pass: An access policy allows the identity to read secrets.",
    ),
    case(
        "SecretReadable: by roles, none",
        exports(vault_roles=Found(()), **BY_ROLES),
        "fail: Assigned roles: none.",
    ),
    case(
        "SecretReadable: by roles, only with a condition",
        exports(
            vault_roles=Found((grant(GETS, condition=True), grant(role="Another"))), **BY_ROLES
        ),
        "warning: A role has a condition, which isn't evaluated: My role, Another.",
    ),
    case(
        "SecretReadable: by roles",
        exports(vault_roles=Found((grant(GETS),)), **BY_ROLES),
        "pass: Assigned roles: My role.",
    ),
    *(
        case(
            f"SasFormatValid: {name}",
            exports(secret=secret(value)),
            f"fail: The secret's value isn't a SAS token. {fault}",
        )
        for name, value, fault in NOT_A_SAS
    ),
    case(
        "SasFormatValid: container SAS",
        exports(secret=secret(sas())),
        "pass: A SAS; for: container; permissions: racwdl; expiry: 2026-05-01T00:00:00Z.",
    ),
    case(
        "SasFormatValid: stored policy",
        exports(secret=NOT_EXPIRING),
        "pass: A SAS; for: container; stored policy: mypolicy.",
    ),
    case("SasType: SAS of a blob", exports(secret=secret(sas(sr="b"))), "fail: Type: blob."),
    case(
        "SasType: SAS of an account",
        exports(secret=secret(sas(**ACCOUNT_SAS))),
        "pass: Type: account.",
    ),
    case(
        "SasServices: not for blobs",
        exports(secret=secret(sas(**ACCOUNT_SAS | {"ss": "qt"}))),
        "fail: Services: qt.",
    ),
    case(
        "SasServices: for blobs",
        exports(secret=secret(sas(**ACCOUNT_SAS))),
        "pass: Services: b.",
    ),
    case(
        "SasResourceTypes: no objects",
        exports(secret=secret(sas(**ACCOUNT_SAS | {"srt": "sc"}))),
        "fail: Resource types: sc.",
    ),
    case(
        "SasResourceTypes: all types",
        exports(secret=secret(sas(**ACCOUNT_SAS))),
        "pass: Resource types: sco.",
    ),
    case(
        "SasProtocol: only http", exports(secret=secret(sas(spr="http"))), "fail: Protocols: http."
    ),
    case(
        "SasProtocol: no protocol",
        exports(secret=secret(sas(spr=""))),
        "pass: Protocols: https,http.",
    ),
    case(
        "SasProtocol: both protocols",
        exports(secret=secret(sas(spr="https,http"))),
        "pass: Protocols: https,http.",
    ),
    case(
        "SasProtocol: another word",
        exports(secret=secret(sas(spr="nohttps"))),
        "fail: Protocols: nohttps.",
    ),
    case(
        "SasIpAddresses: one address",
        exports(secret=secret(sas(sip="203.0.113.7"))),
        "warning: For 203.0.113.7 only, which might not include ACR Transfer.",
    ),
    case(
        "SasStarted: starts later",
        exports(secret=secret(sas(st="2026-03-05"))),
        "fail: Starts at 2026-03-05T00:00:00Z.",
    ),
    case(
        "SasStarted: starts now",
        exports(secret=secret(sas(st="2026-03-04T12:00Z"))),
        "pass: Started at 2026-03-04T12:00:00Z.",
    ),
    case(
        "SasAccepted: of a SAS that starts now",
        exports(secret=secret(sas(st="2026-03-04T12:00Z"))),
        "pass: Storage accepts its signature.",
    ),
    case(
        "SasStarted: starts now, in another time zone",
        exports(secret=secret(sas(st="2026-03-04T12:00:00%2B02:00"))),
        "pass: Started at 2026-03-04T10:00:00Z.",
    ),
    case(
        "SasNotExpired: expires now",
        exports(secret=secret(sas(se="2026-03-04T12:00:00Z"))),
        "fail: Expired at 2026-03-04T12:00:00Z.",
    ),
    case(
        "SasNotExpired: expires in seven days",
        exports(secret=secret(sas(se="2026-03-11T12:00:00Z"))),
        "warning: Expires at 2026-03-11T12:00:00Z.",
    ),
    case(
        "SasNotExpired: illegible",
        exports(secret=secret(sas(se="soon"))),
        "unknown: The expiry can't be parsed.",
    ),
    case(
        "SasNotExpired: left to a stored policy",
        exports(secret=NOT_EXPIRING),
        f"unknown: {LEFT_TO_POLICY}",
    ),
    *(
        case(
            f"SasNotExpired: {name}, with a SAS policy",
            exports(
                secret=secret(sas(st=start)),
                account=account(
                    sasPolicy={"expirationAction": action, "sasExpirationPeriod": period}
                ),
            ),
            expected,
        )
        for name, start, action, period, expected in (
            ("too long", A_MONTH, "Block", "29.23:59:59", TOO_LONG.format("29 days, 23:59:59")),
            ("hours too long", A_MONTH, "block", "12:30:15", TOO_LONG.format("12:30:15")),
            ("not too long", A_MONTH, "Block", "30.00:00:00", NOT_EXPIRED),
            ("only logged", A_MONTH, "Log", "1.00:00:00", NOT_EXPIRED),
            (
                *("without a start", "", "Block", "1.00:00:00"),
                "warning: No start time. The account's SAS policy blocks more than 1 day, 0:00:00.",
            ),
            (
                *("of another form", A_MONTH, "Block", "1.00"),
                f"unknown: {UNUSABLE_ANSWER} the period '1.00' of the account's SAS policy",
            ),
        )
    ),
    case(
        "SasPermissions: export",
        exports(secret=secret(sas(sp="rl"))),
        "fail: Permissions: rl. Missing: aw.",
    ),
    case(
        "SasPermissions: import that deletes the blob",
        imports(secret=secret(sas(sp="rl")), options=("DeleteSourceBlobOnSuccess",)),
        "fail: Permissions: rl. Missing: d.",
    ),
    case(
        "SasPermissions: left to a stored policy",
        exports(secret=NOT_EXPIRING),
        f"unknown: {LEFT_TO_POLICY}",
    ),
    case(
        "SasAccepted: wrong signature",
        exports(sas_answer=Found("AuthenticationFailed")),
        f"fail: {SAS_REJECTED}",
    ),
    case(
        "SharedKeyAllowed: no shared keys",
        exports(account=account(allowSharedKeyAccess=False)),
        "fail: Shared keys aren't allowed, and one signed the SAS token.",
    ),
    case(
        "SharedKeyAllowed: no shared keys, but signed by a user",
        exports(account=account(allowSharedKeyAccess=False), secret=secret(sas(skoid="you"))),
        "pass: Shared keys aren't allowed, but a user signed the SAS token.",
    ),
    case(
        "BlobsFound: missing",
        imports(blobs={"one": ABSENT, "two": ABSENT}),
        "fail: Not found: one, two.",
    ),
    case(
        "NoBlobConflicts: exist already",
        exports(blobs={"one": blob(), "two": blob()}),
        "fail: Already exist: one, two.",
    ),
    case(
        "NoBlobConflicts: exist already, but overwritten",
        exports(blobs={"myblob": blob()}, options=("OverwriteBlobs",)),
        "pass: The pipeline overwrites blobs.",
    ),
    case(
        "ArtifactsFound: missing",
        exports(contents={ARTIFACT: ABSENT, ANOTHER: ABSENT}),
        "fail: Not found: samples/hello:1.0, samples/other:2.",
    ),
    case(
        "ArtifactCount: 51",
        exports(subject={"artifacts": MANY}),
        "warning: 51. A run exports at most 50 artifacts.",
    ),
    case(
        "ArtifactsFound: many are missing",
        exports(contents=dict.fromkeys(MANY, ABSENT)),
        f"fail: Not found: {', '.join(map(str, MANY[:20]))}, and 31 more.",
    ),
    case("ArtifactCount: 50", exports(subject={"artifacts": MANY[1:]}), "pass: 50."),
    case(
        "LayerSizes: more than 8 GB",
        exports(**large(8 * 1024**3 + 1)),
        "fail: Larger than 8 GB: sha256:0c (8589934593 bytes) of samples/hello:1.0.",
    ),
    case("LayerSizes: 8 GB", exports(**large(8 * 1024**3)), "pass: None is larger than 8 GB."),
    case(
        "LayerSizes: more than 8 GB, but foreign",
        exports(**large(9 * 1024**3, foreign=True)),
        "pass: None is larger than 8 GB.",
    ),
    case(
        "NoForeignLayers: foreign",
        exports(contents={artifact: FOREIGN for artifact in (ARTIFACT, ANOTHER)}),
        "warning: Stored outside of the registry, so not transferred: sha256:0c "
        "(1 bytes) of samples/hello:1.0, sha256:0c (1 bytes) of samples/other:2.",
    ),
    case(
        "ReferrersIncluded: others",
        exports(referrers=Found((ARTIFACT, ANOTHER))),
        f"warning: {NOT_TRANSFERRED} samples/hello:1.0, samples/other:2.",
    ),
    case(
        "LayerSizes: unreadable",
        exports(contents={ARTIFACT: UNKNOWN}),
        f"unknown: {UNKNOWN.reason}",
    ),
    case(
        "NoTagConflicts: exist already",
        imports(
            contents={artifact: Found(Content("sha256:0a")) for artifact in (ARTIFACT, ANOTHER)}
        ),
        "warning: Already exist: samples/hello:1.0, samples/other:2.",
    ),
    case(
        "NoTagConflicts: exist with other content",
        imports(
            contents={ARTIFACT: Found(Content("sha256:0a"))},
            subject={"digests": {ARTIFACT: "sha256:0b"}},
        ),
        "fail: Exist with other content: samples/hello:1.0.",
    ),
    case(
        "NoTagConflicts: exist with the same content",
        imports(
            contents={ARTIFACT: Found(Content("sha256:0a"))},
            subject={"digests": {ARTIFACT: "sha256:0a"}},
        ),
        "pass: No conflicts.",
    ),
    case(
        "NoTagConflicts: exist already, but overwritten",
        imports(contents={ARTIFACT: Found(Content("sha256:0a"))}, options=("OverwriteTags",)),
        "pass: The pipeline overwrites tags.",
    ),
    case(
        "TriggerEnabled: off",
        imports(trigger="Disabled"),
        "warning: The source trigger is disabled: the pipeline imports only when it's run.",
    ),
    case(
        "TriggerAge: 61 days",
        imports(
            blobs={
                name: blob(**{"last-modified": "Sat, 03 Jan 2026 11:59:59 GMT"})
                for name in ("one", "two")
            }
        ),
        "fail: Last modified more than 60 days ago: one, two.",
    ),
    case(
        "TriggerAge: 60 days",
        imports(blobs={"myblob": blob(**{"last-modified": "Sat, 03 Jan 2026 12:00:00 GMT"})}),
        f"pass: {CONTENT[IMPORT]['TriggerAge']}",
    ),
    case(
        "TriggerMd5: none",
        imports(blobs={"myblob": blob(**{"content-md5": None})}),
        "fail: Without ContentMD5: myblob.",
    ),
    case(
        "TriggerCategory: none",
        imports(blobs={"myblob": blob(**{"x-ms-meta-category": None})}),
        "fail: Without category=acr-transfer-blob: myblob.",
    ),
    case(
        "TriggerCategory: another",
        imports(blobs={"myblob": blob(**{"x-ms-meta-category": "mine"})}),
        "fail: Without category=acr-transfer-blob: myblob.",
    ),
]


OVERWRITE: dict[str, Any] = {"options": ("OverwriteBlobs",)}
DELETE: dict[str, Any] = {"options": ("DeleteSourceBlobOnSuccess",)}
LEASE: dict[str, Any] = {"x-ms-lease-status": "locked"}
ARCHIVED: dict[str, Any] = {"x-ms-access-tier": "Archive"}
REHYDRATING: dict[str, Any] = ARCHIVED | {"x-ms-archive-status": "rehydrate-pending-to-hot"}
FAILED_COPY: dict[str, Any] = {"x-ms-copy-status": "failed"}
WEEK = {"immutabilityPolicy": {"properties": {"immutabilityPeriodSinceCreationInDays": 7}}}
RETAINING: dict[str, Any] = {"hasImmutabilityPolicy": True} | WEEK
BY_VERSION: dict[str, Any] = {"immutableStorageWithVersioning": {"enabled": True}}


def of_blob(kind: PipelineKind, properties: Mapping[str, Any], **headers: str) -> Snapshot:
    """A transfer that changes a blob with these headers, in a container with these properties."""
    changes = OVERWRITE if kind is EXPORT else DELETE
    blobs = {"myblob": blob(**headers)}
    return snapshot(kind, blobs=blobs, container=container(**properties), **changes)


def closed(**rules: str) -> dict[str, Any]:
    return {"networkAcls": {"defaultAction": "Deny"} | rules}


#: States of accounts, containers, blobs and vaults in which a transfer fails.
STORAGE_CASES = [
    *(
        case(
            f"StorageAccountKind: {kind} {tier}",
            exports(account=Found({"id": ACCOUNT, "kind": kind, "sku": {"tier": tier}})),
            f"fail: An account of kind {kind} and tier {tier} stores no block blobs.",
        )
        for kind, tier in (
            ("FileStorage", "Premium"),
            ("StorageV2", "Premium"),
            ("Storage", "Premium"),
        )
    ),
    *(
        case(
            f"StorageAccountKind: {kind} {tier}",
            exports(
                account=Found(
                    {"id": ACCOUNT, "kind": kind, "sku": {"tier": tier}, "properties": {}}
                )
            ),
            f"pass: Kind: {kind}.",
        )
        for kind, tier in (
            ("StorageV2", "Standard"),
            ("BlockBlobStorage", "Premium"),
            ("BlobStorage", "Standard"),
        )
    ),
    case(
        "StorageAccountKind: in progress",
        exports(account=account(provisioningState="Creating")),
        "warning: State: Creating.",
    ),
    *(
        case(
            f"StorageAccountKind: {name}",
            exports(account=account(**properties)),
            "warning: Its primary location isn't available.",
        )
        for name, properties in (
            ("failover", {"failoverInProgress": True}),
            ("unavailable", {"statusOfPrimary": "unavailable"}),
        )
    ),
    case(
        "ContainerFound: deleted",
        exports(container=container(deleted=True)),
        "fail: The container 'transfer' is deleted.",
    ),
    *(
        case(
            f"KeyVaultNetwork: {name}",
            exports(vault=vault(**properties)),
            expected,
        )
        for name, properties, expected in (
            (
                "trusted services",
                closed(bypass="AzureServices"),
                "pass: The firewall admits selected networks only. It admits trusted services, "
                "such as ACR Transfer.",
            ),
            (
                "bypass not set",
                {"publicNetworkAccess": "Disabled"},
                "pass: Public network access: Disabled. It admits trusted services, such as ACR "
                "Transfer.",
            ),
            (
                "closed to all",
                closed(bypass="None"),
                "warning: The firewall admits selected networks only. It admits no trusted "
                "services, such as ACR Transfer.",
            ),
        )
    ),
    case(
        "IndexComplete: missing platforms",
        exports(
            contents={ARTIFACT: Found(Content("sha256:0a", missing=("sha256:0c", "sha256:0d")))}
        ),
        "fail: Not in the registry: sha256:0c of samples/hello:1.0, sha256:0d of "
        "samples/hello:1.0.",
    ),
    *(
        case(
            f"BlobsReadable: {state}",
            imports(blobs={"myblob": blob(**headers)}),
            f"fail: Not readable: myblob ({state}).",
        )
        for state, headers in (
            ("in the archive tier", ARCHIVED),
            ("being rehydrated", REHYDRATING),
            ("copy pending", {"x-ms-copy-status": "pending"}),
            ("copy failed", FAILED_COPY),
            ("copy aborted", {"x-ms-copy-status": "aborted"}),
            (
                "encrypted with a customer-provided key",
                {"x-ms-encryption-key-sha256": "c2VjcmV0"},
            ),
            ("a directory", {"x-ms-resource-type": "directory"}),
            ("a directory", {"x-ms-meta-hdi_isfolder": "true"}),
        )
    ),
    case(
        "BlobsReadable: one in the archive tier, one being rehydrated",
        imports(blobs={"one": blob(**ARCHIVED), "two": blob(**REHYDRATING)}),
        "fail: Not readable: one (in the archive tier), two (being rehydrated).",
    ),
    case(
        "BlobsReadable: copy failed, and one in the archive tier",
        imports(blobs={"one": blob(**FAILED_COPY), "two": blob(**ARCHIVED)}),
        "fail: Not readable: one (copy failed), two (in the archive tier).",
    ),
    case(
        "BlobsReadable: copied, in the cool tier, leased",
        imports(
            blobs={
                "myblob": blob(
                    **{"x-ms-access-tier": "Cool", "x-ms-copy-status": "success"}, **LEASE
                )
            }
        ),
        "pass: All are readable.",
    ),
    *(
        case(
            f"BlobsChangeable: {kind.name}, {state}",
            of_blob(kind, {}, **headers),
            f"fail: Not changeable: myblob ({state}).",
        )
        for kind in (EXPORT, IMPORT)
        for state, headers in (
            ("leased", LEASE),
            ("copy pending", {"x-ms-copy-status": "pending"}),
            ("a directory", {"x-ms-resource-type": "directory"}),
        )
    ),
    *(
        case(
            f"BlobsChangeable: {kind.name}, {name}",
            of_blob(kind, properties, **headers),
            expected,
        )
        for kind, name, properties, headers, expected in (
            (EXPORT, "a failed copy", {}, {"x-ms-copy-status": "failed"}, CHANGEABLE),
            (EXPORT, "legal hold", {"hasLegalHold": True}, {}, IMMUTABLE),
            (IMPORT, "legal hold", {"hasLegalHold": True}, {}, IMMUTABLE),
            (EXPORT, "retention", RETAINING, {}, IMMUTABLE),
            (
                IMPORT,
                "within its retention",
                RETAINING,
                {"x-ms-creation-time": "Wed, 25 Feb 2026 12:00:01 GMT"},
                IMMUTABLE,
            ),
            (
                IMPORT,
                "after its retention",
                RETAINING,
                {"x-ms-creation-time": "Wed, 25 Feb 2026 12:00:00 GMT"},
                CHANGEABLE,
            ),
            (
                IMPORT,
                "retention without a period",
                {"hasImmutabilityPolicy": True},
                {"x-ms-creation-time": "Wed, 04 Mar 2026 11:59:59 GMT"},
                CHANGEABLE,
            ),
            (
                IMPORT,
                "retention without a creation time",
                RETAINING,
                {},
                "unknown: The answer lacks 'x-ms-creation-time'.",
            ),
            (
                IMPORT,
                "legal hold of a version",
                BY_VERSION,
                {"x-ms-legal-hold": "true"},
                f"warning{IMMUTABLE.removeprefix('fail')}",
            ),
            (
                IMPORT,
                "retention of a version",
                BY_VERSION,
                {"x-ms-immutability-policy-until-date": "Wed, 04 Mar 2026 12:00:01 GMT"},
                f"warning{IMMUTABLE.removeprefix('fail')}",
            ),
            (
                IMPORT,
                "past retention of a version",
                BY_VERSION | RETAINING,
                {"x-ms-immutability-policy-until-date": "Wed, 04 Mar 2026 12:00:00 GMT"},
                CHANGEABLE,
            ),
        )
    ),
    case(
        "BlobsChangeable: unreadable container",
        imports(container=UNKNOWN, **DELETE),
        f"unknown: {UNKNOWN.reason}",
    ),
]


@pytest.mark.parametrize(
    ("snapshot", "code", "expected", "recommendation"), [*CASES, *STORAGE_CASES]
)
def test_a_rule_finds(
    snapshot: Snapshot, code: str, expected: str, recommendation: list[str]
) -> None:
    [check] = [check for check in evaluate(snapshot) if check["code"] == code]
    status = check["status"]
    assert f"{status}: {check['message']}" == expected
    assert check["recommendation"] == recommendation
    assert recommendation or status != "fail"


def test_every_rule_is_broken_here() -> None:
    cases = (case.values for case in [*CASES, *STORAGE_CASES])
    results = [(str(code), str(expected)) for _, code, expected, _ in cases]
    broken = {code for code, text in results if text.startswith(("fail:", "warning:"))}
    assert [rule.code for rule in RULES if rule.code not in broken] == []
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert {code for rule in RULES for code in rule.predicts} <= {
        row.code for row in KNOWN_FAILURES
    }


@pytest.mark.parametrize(
    ("snapshot", "unknown"),
    [
        pytest.param(exports(registry=UNKNOWN), OF_THE_REGISTRY, id="registry"),
        pytest.param(
            imports(registry=UNKNOWN),
            [code for code in OF_THE_REGISTRY if code != "ExportsAllowed"],
            id="registry of an import",
        ),
        pytest.param(exports(caller=UNKNOWN), ["CallerAuthorized"], id="caller"),
        pytest.param(
            imports(account=UNKNOWN, container=UNKNOWN),
            [
                *("StorageAccountFound", "StorageAccountKind", "ContainerFound"),
                *("StorageNetwork", "SharedKeyAllowed"),
            ],
            id="account",
        ),
        pytest.param(
            exports(account=UNKNOWN, container=UNKNOWN, storage_roles=UNKNOWN, **MANAGED),
            [
                *("StorageAccountFound", "StorageAccountKind", "ContainerFound"),
                *("StorageNetwork", "StorageRole"),
            ],
            id="account, with a managed identity",
        ),
        pytest.param(exports(denials=UNKNOWN, **MANAGED), ["StorageRole"], id="denials"),
        pytest.param(
            exports(vault=UNKNOWN),
            ["KeyVaultFound", "KeyVaultNetwork", "SecretReadable"],
            id="vault",
        ),
        pytest.param(
            exports(vault_roles=UNKNOWN, **BY_ROLES), ["SecretReadable"], id="roles on the secret"
        ),
        pytest.param(
            exports(secret=UNKNOWN, sas_answer=ABSENT),
            ["SecretFound", "SecretEnabled", "SecretNotExpired", *OF_THE_SAS],
            id="secret",
        ),
        pytest.param(exports(sas_answer=UNKNOWN), ["SasAccepted"], id="response to the SAS"),
        pytest.param(
            exports(identity=OTHER, identities={"/one": UNKNOWN}),
            ["PipelineIdentity"],
            id="identity",
        ),
        pytest.param(
            exports(blobs={"myblob": UNKNOWN}), ["NoBlobConflicts"], id="blob of an export"
        ),
        pytest.param(
            imports(blobs={"myblob": UNKNOWN}),
            ["BlobsFound", "BlobsReadable", *OF_THE_BLOB],
            id="blob of an import",
        ),
        pytest.param(
            exports(contents={ARTIFACT: UNKNOWN}),
            ["ArtifactsFound", "IndexComplete", "LayerSizes", "NoForeignLayers"],
            id="artifact of an export",
        ),
        pytest.param(exports(referrers=UNKNOWN), ["ReferrersIncluded"], id="referrers"),
        pytest.param(
            imports(contents={ARTIFACT: UNKNOWN}), ["NoTagConflicts"], id="artifact of an import"
        ),
    ],
)
def test_what_may_not_be_read_is_unknown_and_names_the_right(
    snapshot: Snapshot, unknown: list[str]
) -> None:
    checks = evaluate(snapshot)
    others = [check for check in checks if check["status"] != "pass"]
    assert [check["code"] for check in others] == sorted(unknown, key=[r.code for r in RULES].index)
    assert {(check["status"], check["message"]) for check in others} == {
        ("unknown", UNKNOWN.reason)
    }
    assert [check["recommendation"] for check in others] == [[] for _ in others]
    assert failure(checks) is None


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
def test_every_rule_is_unknown_if_nothing_is_readable(kind: PipelineKind) -> None:
    lookups: dict[str, Any] = dict.fromkeys((*NOTHING, "caller"), UNKNOWN)
    content: dict[str, Any] = {"contents": {ARTIFACT: UNKNOWN}, "blobs": {"myblob": UNKNOWN}}
    checks = evaluate(snapshot(kind, **lookups, **content))
    assert len(checks) > 20
    assert {(check["status"], check["message"]) for check in checks} == {
        ("unknown", UNKNOWN.reason)
    }


def test_what_an_answer_leaves_out_is_unknown() -> None:
    checks = evaluate(exports(vault=Found({"id": "/subscriptions/s/vaults/myvault"})))
    others = {check["code"]: check for check in checks if check["status"] != "pass"}
    assert others["SecretReadable"]["message"] == "The answer lacks 'properties'."
    assert {check["status"] for check in others.values()} == {"unknown"}
    assert [check["recommendation"] for check in others.values()] == [[] for _ in others]
    assert failure(checks) is None


@pytest.mark.parametrize(
    ("snapshot", "left_out"),
    [
        pytest.param(
            exports(**NOTHING),
            {*SETUP, *BY_SAS, *CONTENT[EXPORT]} - {"RegistryFound", "CallerAuthorized"},
            id="nothing",
        ),
        pytest.param(
            exports(account=ABSENT, container=ABSENT),
            {"ContainerFound", "StorageNetwork"},
            id="no account",
        ),
        pytest.param(
            exports(vault=ABSENT, secret=ABSENT),
            {"SecretFound", "SasFormatValid", "SecretReadable"},
            id="no vault",
        ),
        pytest.param(
            exports(subject={"artifacts": (), "blobs": ()}, contents={}, blobs={}),
            {*CONTENT[EXPORT]},
            id="export of nothing",
        ),
        pytest.param(
            imports(subject={"artifacts": (), "blobs": ()}, contents={}, blobs={}),
            {*CONTENT[IMPORT]},
            id="import of nothing",
        ),
        pytest.param(exports(container=ABSENT), {"NoBlobConflicts"}, id="no container"),
        pytest.param(
            imports(blobs={"myblob": ABSENT}, **DELETE),
            {"BlobsReadable", "BlobsChangeable", *OF_THE_BLOB},
            id="no blob",
        ),
        pytest.param(imports(), {"BlobsChangeable"}, id="import that deletes nothing"),
        pytest.param(
            exports(blobs={"myblob": blob()}), {"BlobsChangeable"}, id="export without overwriting"
        ),
        pytest.param(imports(trigger="Disabled"), {*OF_THE_BLOB}, id="trigger off"),
        pytest.param(
            exports(secret=secret(sas(se="2026-03-04T12:00Z"))), {"SasAccepted"}, id="expired SAS"
        ),
        pytest.param(
            exports(secret=secret(sas(st="2026-04-01"))), {"SasAccepted"}, id="SAS of later"
        ),
        pytest.param(
            imports(subject={"is_planned": True}),
            {"TriggerEnabled", *OF_THE_BLOB},
            id="planned import",
        ),
        pytest.param(exports(subject={"is_planned": True}), {"ArtifactCount"}, id="planned export"),
    ],
)
def test_a_rule_whose_subject_does_not_exist_is_left_out(
    snapshot: Snapshot, left_out: set[str]
) -> None:
    assert left_out & statuses(snapshot).keys() == set()


EXPIRE_LATER = (
    "az keyvault secret set-attributes --vault-name myvault --name sas "
    "--expires 2026-04-03T00:00:00Z"
)
NEW_SAS = (
    "sas=$(az storage container generate-sas --account-name mystorage --name transfer "
    "--permissions alrw --https-only --expiry 2026-04-03 --output tsv) && az keyvault secret set "
    '--vault-name myvault --name sas --value "?$sas" --output none'
)


@pytest.mark.parametrize(
    ("snapshot", "code", "recommendation"),
    [
        pytest.param(exports(secret=ABSENT), "SecretFound", [NEW_SAS], id="no secret"),
        pytest.param(
            exports(secret=secret(sas(se="2026-01-01"))),
            "SasNotExpired",
            [NEW_SAS],
            id="expired SAS",
        ),
        pytest.param(
            exports(vault=vault(accessPolicies=[])),
            "SecretReadable",
            [
                "az keyvault set-policy --name myvault --secret-permissions get --object-id "
                + PRINCIPAL
            ],
            id="no policy",
        ),
        pytest.param(
            exports(**large(9 * 1024**3)),
            "LayerSizes",
            ["# Build the image with smaller layers."],
            id="large layer",
        ),
        pytest.param(
            exports(
                secret=secret(sas(se="2026-01-01")),
                facts=Facts(exports().facts | {"newest-secret-uri": "https://v.example/s"}),
            ),
            "SasNotExpired",
            [
                NEW_SAS,
                "az acr export-pipeline update --resource-group mygroup --registry myregistry "
                "--name mypipeline --secret-uri https://v.example/s",
            ],
            id="versioned secret URI",
        ),
        pytest.param(
            exports(secret=secret(exp=1)), "SecretNotExpired", [EXPIRE_LATER], id="expired secret"
        ),
        pytest.param(exports(**large(1, foreign=True)), "NoForeignLayers", [], id="foreign layer"),
        pytest.param(
            exports(referrers=Found((ANOTHER,))),
            "ReferrersIncluded",
            [f"# {TO_EXPORT_REFERRERS} to the export."],
            id="referrer",
        ),
    ],
)
def test_a_check_recommends_commands(
    snapshot: Snapshot, code: str, recommendation: list[str]
) -> None:
    [check] = [check for check in evaluate(snapshot) if check["code"] == code]
    assert check["recommendation"] == recommendation


@pytest.mark.parametrize("secret_value", [sas(), sas()[1:], f" {sas()}\n"])
def test_a_sas_is_read_with_and_without_its_question_mark(secret_value: str) -> None:
    fields = {"sv": "2026-02-06", "se": "2026-05-01T00:00:00Z", "sr": "c"}
    fields |= {"sp": "racwdl", "spr": "https"}
    assert Sas.parse(secret_value) == Sas(fields, sas()[1:])


def test_a_failure_names_each_failed_check_and_its_fix() -> None:
    error = failure(evaluate(exports(container=ABSENT, contents=large(9 * 1024**3)["contents"])))
    assert error is not None
    assert error.error_msg == (
        "2 of 33 checks failed:\nContainerFound: The container 'transfer' doesn't exist.\n"
        "LayerSizes: Larger than 8 GB: sha256:0c (9663676416 bytes) of samples/hello:1.0."
    )
    assert error.recommendations == [
        "az storage container create --account-name mystorage --name transfer",
        "# Build the image with smaller layers.",
    ]
