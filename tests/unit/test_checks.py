"""The rules of the preflight check, each broken in every way that it knows."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer.checks.readings import Reading
from azext_acrtransfer.checks.seen import Content, Layer, Seen
from azext_acrtransfer.checks.table import RULES, failure, judge
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.known_failures import KNOWN_FAILURES
from azext_acrtransfer.values import Artifact
from tests.unit.checked import (
    ARTIFACT,
    BLOBS,
    PRINCIPAL,
    account,
    blob,
    grant,
    registry,
    sas,
    secret,
    seen,
    there,
    vault,
)

UNKNOWN = Reading[Any](why_not="You lack the right to read it: some/read")
GONE = Reading[Any]()
MANAGED = {"mode": "ManagedIdentity"}
SETUP = [
    *("RegistryFound", "RegistryPremium", "RegistryExports", "RegistryNetwork", "CallerAllowed"),
    *("PipelineFound", "PipelineProvisioned", "PipelineIdentity"),
    *("AccountFound", "ContainerFound", "StorageNetwork"),
]
BY_SAS = [
    *("VaultFound", "SecretFound", "SecretEnabled", "SecretCurrent", "SecretReadable", "SasWhole"),
    *("SasKind", "SasProtocol", "SasAddresses", "SasStarted", "SasNotExpired", "SasPermissions"),
    *("SasAccepted", "SharedKeyAllowed"),
]
OF_THE_SAS = [code for code in BY_SAS if code.startswith("Sas") and code != "SasAccepted"]
OF_THE_SAS += ["SasServices", "SasResourceTypes"]
CONTENT = {
    EXPORT: ["BlobsFree", "ArtifactsFound", "ArtifactsPerRun", "LayerSizes", "LayersHere"],
    IMPORT: [
        *("BlobsFound", "TagsFree"),
        *("TriggerEnabled", "TriggerAge", "TriggerMd5", "TriggerCategory"),
    ],
}


def verdicts(found: Seen) -> dict[str, str]:
    return {check["code"]: check["verdict"] for check in judge(found)}


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
@pytest.mark.parametrize("mode", ["SasToken", "ManagedIdentity"])
def test_everything_passes_if_all_is_in_order(kind: PipelineKind, mode: str) -> None:
    access = BY_SAS if mode == "SasToken" else ["StorageRole"]
    codes = [*SETUP, *access, *CONTENT[kind]]
    if kind is IMPORT:
        codes.remove("RegistryExports")
    checks = judge(seen(kind, mode))
    assert [(check["code"], check["verdict"]) for check in checks] == [
        (code, "pass") for code in codes
    ]
    assert {check["mend"] for check in checks} == {""}
    assert failure(checks) is None


def large(size: int, *, foreign: bool = False) -> dict[str, Any]:
    layers = (Layer("sha256:0c", size, foreign), Layer("sha256:0d", 1))
    return {"contents": {ARTIFACT: there(Content("sha256:0a", layers))}}


OTHER = {"type": "userAssigned", "userAssignedIdentities": {"/one": {"principalId": PRINCIPAL}}}
ACCOUNT_SAS = {"sr": "", "ss": "b", "srt": "sco"}
CONDITIONAL = grant(f"{BLOBS}/*", condition=True)
GETS = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
NOTHING = dict.fromkeys(
    (*("registry", "pipeline", "account", "container"), *("vault", "secret", "sas_answer")), GONE
)
MANY = tuple(Artifact("samples/hello", str(number)) for number in range(51))
BY_ROLES = {"vault": vault(enableRbacAuthorization=True)}
NOT_EXPIRING = secret(sas(se="", sp="", si="mypolicy"))

# What is changed, and which check that is for: its verdict, and what it says.
CASES: list[tuple[PipelineKind, dict[str, Any], str, str, str]] = [
    (EXPORT, {"registry": GONE}, "RegistryFound", "fail", "There is no such registry"),
    (EXPORT, {"registry": registry(sku="Basic")}, "RegistryPremium", "fail", "The SKU is Basic."),
    (
        EXPORT,
        {"registry": registry(policies={"exportPolicy": {"status": "disabled"}})},
        *("RegistryExports", "fail", "The export policy is disabled."),
    ),
    (
        EXPORT,
        {"registry": registry(publicNetworkAccess="Disabled")},
        *("RegistryNetwork", "warning", "Public network access is disabled."),
    ),
    (
        IMPORT,
        {"registry": registry(networkRuleSet={"defaultAction": "Deny"})},
        *("RegistryNetwork", "warning", "The firewall lets only some networks in."),
    ),
    (
        IMPORT,
        {"caller": there((grant(actions=["*/read"]),))},
        *("CallerAllowed", "fail", "Microsoft.ContainerRegistry/registries/pipelineRuns/write"),
    ),
    (EXPORT, {"pipeline": GONE}, "PipelineFound", "fail", "no export pipeline of that name"),
    (EXPORT, {"state": "Failed"}, "PipelineProvisioned", "fail", "It is Failed;"),
    (EXPORT, {"state": "Creating"}, "PipelineProvisioned", "warning", "It is still Creating."),
    (
        EXPORT,
        {"identity": OTHER, "identities": {"/one": GONE}},
        *("PipelineIdentity", "fail", "does not exist any more: /one."),
    ),
    (
        EXPORT,
        {"identity": OTHER, "identities": {"/one": there({}), "/two": GONE}},
        *("PipelineIdentity", "warning", "Another is gone: /two."),
    ),
    (EXPORT, {"identity": {"type": "None"}}, "PipelineIdentity", "fail", "has no identity"),
    (EXPORT, {"account": GONE}, "AccountFound", "fail", "no storage account 'mystorage'"),
    (
        EXPORT,
        {"account": account(primaryEndpoints={"blob": "https://mystorage.z1.blob.example/"})},
        *("AccountFound", "fail", "not at the pipeline's mystorage.blob.core.windows.net."),
    ),
    (EXPORT, {"container": GONE}, "ContainerFound", "fail", "no container 'transfer'"),
    (
        EXPORT,
        {"account": account(networkAcls={"defaultAction": "Deny"})},
        *("StorageNetwork", "warning", "Storage does not trust the service."),
    ),
    (
        EXPORT,
        {"storage_roles": there(()), **MANAGED},
        *("StorageRole", "fail", "allows to read, write blobs. It has: none."),
    ),
    (
        IMPORT,
        {
            "storage_roles": there((grant(f"{BLOBS}/READ"),)),
            "options": ("DeleteSourceBlobOnSuccess",),
            **MANAGED,
        },
        *("StorageRole", "fail", "allows to delete, read blobs."),
    ),
    (
        EXPORT,
        {"storage_roles": there((grant("*", notDataActions=[f"{BLOBS}/write"]),)), **MANAGED},
        *("StorageRole", "fail", "My role at /subscriptions/"),
    ),
    (
        EXPORT,
        {"storage_roles": there((CONDITIONAL,)), **MANAGED},
        *("StorageRole", "warning", "A role has a condition"),
    ),
    (EXPORT, {"denials": there(("No",)), **MANAGED}, "StorageRole", "warning", "denied by: No."),
    (EXPORT, {"vault": GONE}, "VaultFound", "fail", "no key vault 'myvault'"),
    (
        EXPORT,
        {"vault": vault(vaultUri="https://myvault.vault.azure.cn/")},
        *("VaultFound", "fail", "not at the pipeline's myvault.vault.azure.net."),
    ),
    (EXPORT, {"secret": GONE}, "SecretFound", "fail", "has no secret 'sas'"),
    (
        EXPORT,
        {"secret": GONE, "deleted_secret": there({})},
        *("SecretFound", "fail", "The secret 'sas' was deleted."),
    ),
    (
        EXPORT,
        {"secret": there({"attributes": {"enabled": False}})},
        *("SecretEnabled", "fail", "It is disabled."),
    ),
    (EXPORT, {"secret": secret(exp=1)}, "SecretCurrent", "warning", "at 1970-01-01T00:00:01Z."),
    (
        EXPORT,
        {"secret": secret(nbf=1999999999)},
        *("SecretCurrent", "warning", "It starts at 2033-05-18T03:33:19Z."),
    ),
    (
        EXPORT,
        {"vault": vault(accessPolicies=[])},
        *("SecretReadable", "fail", "by policies; the identity's allows: nothing."),
    ),
    (
        EXPORT,
        {"vault_roles": there(()), **BY_ROLES},
        *("SecretReadable", "fail", "goes by roles; the identity has: none."),
    ),
    (
        EXPORT,
        {"vault_roles": there((grant(GETS, condition=True),)), **BY_ROLES},
        *("SecretReadable", "warning", "A role has a condition"),
    ),
    (
        EXPORT,
        {"vault_roles": there((grant(GETS),)), **BY_ROLES},
        *("SecretReadable", "pass", "goes by roles; the identity has: My role."),
    ),
    (EXPORT, {"secret": secret("a password")}, "SasWhole", "fail", "is no SAS"),
    (
        EXPORT,
        {"secret": secret(sas())},
        "SasWhole",
        "pass",
        "A SAS; for: container; permissions: racwdl; expiry: 2026-05-01T00:00:00Z.",
    ),
    (EXPORT, {"secret": NOT_EXPIRING}, "SasWhole", "pass", "container; stored policy: mypolicy."),
    (EXPORT, {"secret": secret(sas(sr="b"))}, "SasKind", "fail", "It is for: blob."),
    (
        EXPORT,
        {"secret": secret(sas(**ACCOUNT_SAS | {"ss": "qt"}))},
        *("SasServices", "fail", "Its services are 'qt'."),
    ),
    (
        EXPORT,
        {"secret": secret(sas(**ACCOUNT_SAS))},
        *("SasServices", "pass", "Its services are 'b'."),
    ),
    (
        EXPORT,
        {"secret": secret(sas(**ACCOUNT_SAS | {"srt": "sc"}))},
        *("SasResourceTypes", "fail", "Its types are 'sc'."),
    ),
    (
        EXPORT,
        {"secret": secret(sas(**ACCOUNT_SAS))},
        *("SasResourceTypes", "pass", "Its types are 'sco'."),
    ),
    (EXPORT, {"secret": secret(sas(spr="http"))}, "SasProtocol", "fail", "It allows: http."),
    (EXPORT, {"secret": secret(sas(spr=""))}, "SasProtocol", "pass", "It allows: https,http."),
    (
        EXPORT,
        {"secret": secret(sas(sip="203.0.113.7"))},
        *("SasAddresses", "warning", "It is for 203.0.113.7 only"),
    ),
    (
        EXPORT,
        {"secret": secret(sas(st="2026-03-05"))},
        *("SasStarted", "fail", "It starts at 2026-03-05T00:00:00Z."),
    ),
    (
        EXPORT,
        {"secret": secret(sas(st="2026-03-04T10:00Z"))},
        *("SasStarted", "pass", "It started at 2026-03-04T10:00:00Z."),
    ),
    (
        EXPORT,
        {"secret": secret(sas(se="2026-03-04T12:00:00Z"))},
        *("SasNotExpired", "fail", "It expired at 2026-03-04T12:00:00Z."),
    ),
    (
        EXPORT,
        {"secret": secret(sas(se="2026-03-11T12:00:00Z"))},
        *("SasNotExpired", "warning", "It expires at 2026-03-11T12:00:00Z."),
    ),
    (EXPORT, {"secret": secret(sas(se="soon"))}, "SasNotExpired", "unknown", "illegible"),
    (EXPORT, {"secret": NOT_EXPIRING}, "SasNotExpired", "unknown", "getAcl/action"),
    (
        EXPORT,
        {"secret": secret(sas(sp="rl"))},
        *("SasPermissions", "fail", "It has 'rl' and lacks 'aw'."),
    ),
    (
        IMPORT,
        {"secret": secret(sas(sp="rl")), "options": ("DeleteSourceBlobOnSuccess",)},
        *("SasPermissions", "fail", "It has 'rl' and lacks 'd'."),
    ),
    (EXPORT, {"secret": NOT_EXPIRING}, "SasPermissions", "unknown", "stored policy 'mypolicy'"),
    (
        EXPORT,
        {"sas_answer": there("<Message>Server failed to authenticate the request.")},
        *("SasAccepted", "fail", "Storage does not accept its signature."),
    ),
    (
        EXPORT,
        {"sas_answer": there("<Code>AuthorizationFailure</Code>")},
        *("SasAccepted", "unknown", "its firewall must let you in"),
    ),
    (
        EXPORT,
        {"account": account(allowSharedKeyAccess=False)},
        *("SharedKeyAllowed", "fail", "nothing that was signed with its keys"),
    ),
    (
        EXPORT,
        {"account": account(allowSharedKeyAccess=False), "secret": secret(sas(skoid="you"))},
        *("SharedKeyAllowed", "pass", "a user signed this SAS"),
    ),
    (IMPORT, {"blobs": {"myblob": GONE}}, "BlobsFound", "fail", "Not there: myblob."),
    (EXPORT, {"blobs": {"myblob": blob()}}, "BlobsFree", "fail", "There already: myblob."),
    (
        EXPORT,
        {"blobs": {"myblob": blob()}, "options": ("OverwriteBlobs",)},
        *("BlobsFree", "pass", "The pipeline may overwrite blobs."),
    ),
    (
        EXPORT,
        {"contents": {ARTIFACT: GONE}},
        *("ArtifactsFound", "fail", "Not there: samples/hello:1.0."),
    ),
    (
        EXPORT,
        {"asked": {"artifacts": MANY}},
        *("ArtifactsPerRun", "warning", "51. The service takes at most 50 artifacts in one run."),
    ),
    (
        EXPORT,
        large(8 * 1024**3 + 1),
        *("LayerSizes", "fail", "8 GB: sha256:0c of samples/hello:1.0 (8589934593 bytes)."),
    ),
    (EXPORT, large(8 * 1024**3), "LayerSizes", "pass", "None is larger than 8 GB."),
    (EXPORT, large(9 * 1024**3, foreign=True), "LayerSizes", "pass", "None is larger than 8 GB."),
    (
        EXPORT,
        large(1, foreign=True),
        *("LayersHere", "warning", "not carried: sha256:0c of samples/hello:1.0 (1 bytes)."),
    ),
    (EXPORT, {"contents": {ARTIFACT: UNKNOWN}}, "LayerSizes", "unknown", "some/read"),
    (
        IMPORT,
        {"contents": {ARTIFACT: there(Content("sha256:0a"))}},
        *("TagsFree", "warning", "There already: samples/hello:1.0."),
    ),
    (
        IMPORT,
        {
            "contents": {ARTIFACT: there(Content("sha256:0a"))},
            "asked": {"digests": {ARTIFACT: "sha256:0b"}},
        },
        *("TagsFree", "fail", "There with other content: samples/hello:1.0."),
    ),
    (
        IMPORT,
        {
            "contents": {ARTIFACT: there(Content("sha256:0a"))},
            "asked": {"digests": {ARTIFACT: "sha256:0a"}},
        },
        *("TagsFree", "pass", "No tag is in the way."),
    ),
    (
        IMPORT,
        {"contents": {ARTIFACT: there(Content("sha256:0a"))}, "options": ("OverwriteTags",)},
        *("TagsFree", "pass", "The pipeline may overwrite tags."),
    ),
    (IMPORT, {"trigger": "Disabled"}, "TriggerEnabled", "warning", "The source trigger is off"),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"last-modified": "Fri, 02 Jan 2026 12:00:00 GMT"})}},
        *("TriggerAge", "fail", "Last modified more than 60 days ago: myblob."),
    ),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"content-md5": None})}},
        *("TriggerMd5", "fail", "Without ContentMD5: myblob."),
    ),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"x-ms-meta-category": None})}},
        *("TriggerCategory", "fail", "Without category=acr-transfer-blob: myblob."),
    ),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"x-ms-meta-category": "mine"})}},
        *("TriggerCategory", "fail", "Without category=acr-transfer-blob: myblob."),
    ),
]


@pytest.mark.parametrize(("kind", "change", "code", "verdict", "found"), CASES)
def test_a_rule_finds(
    kind: PipelineKind, change: dict[str, Any], code: str, verdict: str, found: str
) -> None:
    checks = judge(seen(kind, **change))
    [check] = [check for check in checks if check["code"] == code]
    assert check["verdict"] == verdict
    assert found in check["found"]
    if verdict == "fail":
        assert check["mend"]
    else:
        assert verdict == "warning" or not check["mend"]


def test_every_rule_is_broken_here() -> None:
    broken = {code for _, _, code, verdict, _ in CASES if verdict in ("fail", "warning")}
    assert [rule.code for rule in RULES if rule.code not in broken] == []
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert {code for rule in RULES for code in rule.foresees} <= {
        row.code for row in KNOWN_FAILURES
    }


@pytest.mark.parametrize(
    ("kind", "change", "unknown"),
    [
        (EXPORT, {"registry": UNKNOWN}, SETUP[:4] + ["PipelineFound"]),
        (EXPORT, {"caller": UNKNOWN}, ["CallerAllowed"]),
        (
            IMPORT,
            {"account": UNKNOWN, "container": UNKNOWN},
            ["AccountFound", "ContainerFound", "StorageNetwork", "SharedKeyAllowed"],
        ),
        (
            EXPORT,
            {"account": UNKNOWN, "container": UNKNOWN, "storage_roles": UNKNOWN, **MANAGED},
            ["AccountFound", "ContainerFound", "StorageNetwork", "StorageRole"],
        ),
        (EXPORT, {"denials": UNKNOWN, **MANAGED}, ["StorageRole"]),
        (EXPORT, {"vault": UNKNOWN}, ["VaultFound", "SecretReadable"]),
        (EXPORT, {"vault_roles": UNKNOWN, **BY_ROLES}, ["SecretReadable"]),
        (
            EXPORT,
            {"secret": UNKNOWN, "sas_answer": GONE},
            ["SecretFound", "SecretEnabled", "SecretCurrent", *OF_THE_SAS],
        ),
        (EXPORT, {"sas_answer": UNKNOWN}, ["SasAccepted"]),
        (EXPORT, {"identity": OTHER, "identities": {"/one": UNKNOWN}}, ["PipelineIdentity"]),
        (EXPORT, {"blobs": {"myblob": UNKNOWN}}, ["BlobsFree"]),
        (IMPORT, {"blobs": {"myblob": UNKNOWN}}, ["BlobsFound", *CONTENT[IMPORT][3:]]),
        (
            EXPORT,
            {"contents": {ARTIFACT: UNKNOWN}},
            ["ArtifactsFound", "LayerSizes", "LayersHere"],
        ),
        (IMPORT, {"contents": {ARTIFACT: UNKNOWN}}, ["TagsFree"]),
    ],
)
def test_what_may_not_be_read_is_unknown_and_names_the_right(
    kind: PipelineKind, change: dict[str, Any], unknown: list[str]
) -> None:
    checks = judge(seen(kind, **change))
    told = [check for check in checks if check["verdict"] != "pass"]
    assert [check["code"] for check in told] == sorted(unknown, key=[r.code for r in RULES].index)
    assert {(each["verdict"], each["found"], each["mend"]) for each in told} == {
        ("unknown", UNKNOWN.why_not, "")
    }
    assert failure(checks) is None


def test_what_an_answer_leaves_out_is_unknown() -> None:
    checks = judge(seen(EXPORT, vault=there({"id": "/subscriptions/s/vaults/myvault"})))
    told = {check["code"]: check for check in checks if check["verdict"] != "pass"}
    assert told["SecretReadable"]["found"] == "The answer lacks 'properties'."
    assert {check["verdict"] for check in told.values()} == {"unknown"}
    assert failure(checks) is None


@pytest.mark.parametrize(
    ("kind", "change", "left_out"),
    [
        (EXPORT, NOTHING, {*SETUP[1:4], *SETUP[5:], *BY_SAS, *CONTENT[EXPORT]}),
        (EXPORT, {"account": GONE, "container": GONE}, {"ContainerFound", "StorageNetwork"}),
        (EXPORT, {"vault": GONE, "secret": GONE}, {"SecretFound", "SasWhole", "SecretReadable"}),
        (
            EXPORT,
            {"asked": {"artifacts": (), "blobs": ()}, "contents": {}, "blobs": {}},
            {*CONTENT[EXPORT]},
        ),
        (
            IMPORT,
            {"asked": {"artifacts": (), "blobs": ()}, "contents": {}, "blobs": {}},
            {*CONTENT[IMPORT]},
        ),
        (IMPORT, {"blobs": {"myblob": GONE}}, {*CONTENT[IMPORT][3:]}),
        (IMPORT, {"trigger": "Disabled"}, {*CONTENT[IMPORT][3:]}),
        (EXPORT, {"secret": secret(sas(se="2026-01-01"))}, {"SasAccepted"}),
        (EXPORT, {"secret": secret(sas(st="2026-04-01"))}, {"SasAccepted"}),
        (IMPORT, {"asked": {"is_planned": True}}, {*CONTENT[IMPORT][2:]}),
        (EXPORT, {"asked": {"is_planned": True}}, {"ArtifactsPerRun"}),
    ],
)
def test_a_rule_whose_subject_is_not_there_is_left_out(
    kind: PipelineKind, change: dict[str, Any], left_out: set[str]
) -> None:
    assert left_out & verdicts(seen(kind, **change)).keys() == set()


NEW_SAS = (
    "sas=$(az storage container generate-sas --account-name mystorage --name transfer "
    "--permissions alrw --https-only --expiry 2026-04-03 --output tsv) && az keyvault secret set "
    '--vault-name myvault --name sas --value "?$sas" --output none'
)


@pytest.mark.parametrize(
    ("change", "code", "mend"),
    [
        ({"secret": GONE}, "SecretFound", NEW_SAS),
        (
            {"secret": GONE, "deleted_secret": there({})},
            "SecretFound",
            "az keyvault secret recover --vault-name myvault --name sas",
        ),
        ({"secret": secret(sas(se="2026-01-01"))}, "SasNotExpired", NEW_SAS),
        (
            {"vault": vault(accessPolicies=[])},
            "SecretReadable",
            "az keyvault set-policy --name myvault --secret-permissions get --object-id "
            + PRINCIPAL,
        ),
        (
            {"vault_roles": there(()), **BY_ROLES},
            "SecretReadable",
            'az role assignment create --role "Key Vault Secrets User" --assignee-object-id '
            f"{PRINCIPAL} --assignee-principal-type ServicePrincipal "
            "--scope $(az keyvault show --name myvault --query id --output tsv)",
        ),
        (large(9 * 1024**3), "LayerSizes", "# Build the image with smaller layers."),
    ],
)
def test_what_mends_it_is_told(change: dict[str, Any], code: str, mend: str) -> None:
    [check] = [check for check in judge(seen(EXPORT, **change)) if check["code"] == code]
    assert check["mend"] == mend


def test_a_failure_names_each_failed_check_and_what_mends_them() -> None:
    error = failure(judge(seen(EXPORT, container=GONE, contents=large(9 * 1024**3)["contents"])))
    assert error is not None
    assert error.error_msg == (
        "2 of 30 checks failed:\nContainerFound: The account has no container 'transfer'.\n"
        "LayerSizes: Larger than 8 GB: sha256:0c of samples/hello:1.0 (9663676416 bytes)."
    )
    assert error.recommendations == [
        "az storage container create --account-name mystorage --name transfer",
        "# Build the image with smaller layers.",
    ]
