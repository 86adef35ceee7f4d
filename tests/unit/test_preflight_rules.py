"""The rules of the preflight check, each broken in every way that it knows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.diagnostics.facts import Facts
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.preflight.lookups import ABSENT, Unreadable
from azext_acrtransfer.preflight.rules import RULES, evaluate, failure
from azext_acrtransfer.preflight.snapshot import Content, Layer, Snapshot
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.storage.sas_token import Sas
from tests.unit.conftest import REGISTRY
from tests.unit.preflight_snapshots import (
    ACCOUNT,
    ARTIFACT,
    BLOBS,
    NOW,
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

OWNER, MY_ROLE = f"Owner of blobs at {ACCOUNT}", f"My role at {ACCOUNT}"
RUN_PIPELINES = "Microsoft.ContainerRegistry/registries/pipelineRuns/write"
NEEDS_ROLE = "The identity needs a role that allows to"
LEFT_TO_POLICY = (
    "It is left to the stored policy 'mypolicy', which is not read: you would need "
    "Microsoft.Storage/storageAccounts/blobServices/containers/getAcl/action."
)
UNKNOWN = Unreadable("You lack the right to read it: some/read")
GONE = ABSENT
MANAGED = {"mode": "ManagedIdentity"}
# What is told where all is in order.
SETUP = {
    "RegistryFound": "myregistry.azurecr.io",
    "RegistryPremium": "The SKU is Premium.",
    "RegistryExports": "The export policy is not set.",
    "RegistryNetwork": "It is open to all networks.",
    "CallerAllowed": "You may run pipelines here.",
    "PipelineFound": f"{REGISTRY}/{{kind.resource_type}}/mypipeline",
    "PipelineProvisioned": "It is Succeeded.",
    "PipelineIdentity": f"systemAssigned, with the principal {PRINCIPAL}.",
    "AccountFound": ACCOUNT,
    "ContainerFound": "transfer",
    "StorageNetwork": "It is open to all networks.",
}
BY_SAS = {
    "VaultFound": "/subscriptions/s/vaults/myvault",
    "SecretFound": "sas",
    "SecretEnabled": "It is enabled.",
    "SecretCurrent": "It is within its time.",
    "SecretReadable": "The vault goes by policies; the identity's allows: get.",
    "SasWhole": "A SAS; for: container; permissions: racwdl; expiry: 2026-05-01T00:00:00Z.",
    "SasKind": "It is for: container.",
    "SasProtocol": "It allows: https.",
    "SasAddresses": "It is for all addresses.",
    "SasStarted": "It has no start.",
    "SasNotExpired": "It expires at 2026-05-01T00:00:00Z.",
    "SasPermissions": "It has 'racwdl'; '{needed}' are needed.",
    "SasAccepted": "Storage accepts its signature.",
    "SharedKeyAllowed": "The account takes what its keys signed.",
}
OF_THE_SAS = [code for code in BY_SAS if code.startswith("Sas") and code != "SasAccepted"]
OF_THE_SAS += ["SasServices", "SasResourceTypes"]
OF_THE_REGISTRY = [code for code in SETUP if code.startswith("Registry")]
OF_THE_BLOB = ["TriggerAge", "TriggerMd5", "TriggerCategory"]
CONTENT = {
    EXPORT: {
        "BlobsFree": "None is in the way.",
        "ArtifactsFound": "All 1 are there.",
        "ArtifactsPerRun": "1.",
        "LayerSizes": "None is larger than 8 GB.",
        "LayersHere": "All layers are in the registry.",
    },
    IMPORT: {
        "BlobsFound": "All are there.",
        "TagsFree": "No tag is in the way.",
        "TriggerEnabled": "The source trigger is on.",
        "TriggerAge": "Modified within 60 days; a new blob is seen within 15 minutes.",
        "TriggerMd5": "There is a ContentMD5.",
        "TriggerCategory": "There is category=acr-transfer-blob.",
    },
}


@pytest.fixture(autouse=True)
def _far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every time is told in UTC, wherever the user is."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


def verdicts(found: Snapshot) -> dict[str, str]:
    return {check["code"]: check["verdict"] for check in evaluate(found)}


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
@pytest.mark.parametrize("mode", ["SasToken", "ManagedIdentity"])
def test_everything_passes_if_all_is_in_order(kind: PipelineKind, mode: str) -> None:
    found = SETUP | (BY_SAS if mode == "SasToken" else {"StorageRole": OWNER}) | CONTENT[kind]
    if kind is IMPORT:
        del found["RegistryExports"]
    facts = {"kind": kind, "needed": kind.sas_permissions_for(())}
    checks = evaluate(seen(kind, mode))
    assert checks == [
        {"code": code, "verdict": "pass", "found": text.format(**facts), "mend": ""}
        for code, text in found.items()
    ]
    assert failure(checks) is None


def large(size: int, *, foreign: bool = False) -> dict[str, Any]:
    layers = (Layer("sha256:0c", size, foreign), Layer("sha256:0d", 1))
    return {"contents": {ARTIFACT: there(Content("sha256:0a", layers))}}


ANOTHER = Artifact("samples/other", "2")
[FOREIGN] = large(1, foreign=True)["contents"].values()
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

# What is changed, and what the check says that is for it.
CASES: list[tuple[PipelineKind, dict[str, Any], str]] = [
    (
        EXPORT,
        {"registry": GONE},
        "RegistryFound fail: There is no such registry in the resource group.",
    ),
    (EXPORT, {"registry": registry(sku="Basic")}, "RegistryPremium fail: The SKU is Basic."),
    (
        EXPORT,
        {"registry": registry(policies={"exportPolicy": {"status": "disabled"}})},
        "RegistryExports fail: The export policy is disabled.",
    ),
    (
        EXPORT,
        {"registry": registry(publicNetworkAccess="Disabled")},
        "RegistryNetwork warning: Public network access is disabled. You may be unable to "
        "check its artifacts.",
    ),
    (
        IMPORT,
        {"registry": registry(networkRuleSet={"defaultAction": "Deny"})},
        "RegistryNetwork warning: The firewall lets only some networks in. You may be unable "
        "to check its artifacts.",
    ),
    (
        IMPORT,
        {"caller": there((grant(actions=["*/read"]),))},
        f"CallerAllowed fail: You may not: your roles lack {RUN_PIPELINES}.",
    ),
    (
        EXPORT,
        {"pipeline": GONE},
        "PipelineFound fail: The registry has no export pipeline of that name.",
    ),
    (
        EXPORT,
        {"state": "Failed"},
        "PipelineProvisioned fail: It is Failed; an update that changes nothing tries again.",
    ),
    (EXPORT, {"state": "Creating"}, "PipelineProvisioned warning: It is still Creating."),
    (
        EXPORT,
        {"identity": OTHER, "identities": {"/one": GONE, "/two": GONE}},
        "PipelineIdentity fail: The user-assigned identity does not exist any more: /one, /two.",
    ),
    (
        EXPORT,
        {"identity": OTHER, "identities": {"/one": there({}), "/two": GONE, "/three": GONE}},
        f"PipelineIdentity warning: userAssigned, with the principal {PRINCIPAL}. Another is "
        "gone: /two, /three.",
    ),
    (
        EXPORT,
        {"identity": {"type": "None"}},
        "PipelineIdentity fail: The pipeline has no identity.",
    ),
    (EXPORT, {"account": GONE}, "AccountFound fail: There is no storage account 'mystorage'."),
    (
        EXPORT,
        {"account": account(primaryEndpoints={"blob": "https://mystorage.z1.blob.example/"})},
        "AccountFound fail: Its blobs are at https://mystorage.z1.blob.example/, not at the "
        "pipeline's mystorage.blob.core.windows.net.",
    ),
    (EXPORT, {"container": GONE}, "ContainerFound fail: The account has no container 'transfer'."),
    (
        EXPORT,
        {"account": account(networkAcls={"defaultAction": "Deny"})},
        "StorageNetwork warning: The firewall lets only some networks in. Storage does not "
        "trust the service.",
    ),
    (
        EXPORT,
        {"storage_roles": there(()), **MANAGED},
        f"StorageRole fail: {NEEDS_ROLE} read, write blobs. It has: none.",
    ),
    (
        IMPORT,
        {
            "storage_roles": there((grant(f"{BLOBS}/READ"),)),
            "options": ("DeleteSourceBlobOnSuccess",),
            **MANAGED,
        },
        f"StorageRole fail: {NEEDS_ROLE} delete, read blobs. It has: {MY_ROLE}.",
    ),
    (
        EXPORT,
        {"storage_roles": there((grant("*", notDataActions=[f"{BLOBS}/write"]),)), **MANAGED},
        f"StorageRole fail: {NEEDS_ROLE} read, write blobs. It has: {MY_ROLE}.",
    ),
    (
        EXPORT,
        {"storage_roles": there((CONDITIONAL, CONDITIONAL)), **MANAGED},
        f"StorageRole warning: A role has a condition, which is not judged here: {MY_ROLE}, "
        f"{MY_ROLE}.",
    ),
    (
        EXPORT,
        {"denials": there(("No", "Never")), **MANAGED},
        f"StorageRole warning: {OWNER}, but also denied by: No, Never.",
    ),
    (EXPORT, {"vault": GONE}, "VaultFound fail: There is no key vault 'myvault'."),
    (
        EXPORT,
        {"vault": vault(vaultUri="https://myvault.vault.azure.cn/")},
        "VaultFound fail: It is at https://myvault.vault.azure.cn/, not at the pipeline's "
        "myvault.vault.azure.net.",
    ),
    (
        EXPORT,
        {"secret": GONE},
        "SecretFound fail: The vault has no secret 'sas', or not in that version.",
    ),
    (
        EXPORT,
        {"secret": GONE, "deleted_secret": there({})},
        "SecretFound fail: The secret 'sas' was deleted.",
    ),
    (
        EXPORT,
        {"secret": there({"attributes": {"enabled": False}})},
        "SecretEnabled fail: It is disabled.",
    ),
    (
        EXPORT,
        {"secret": secret(exp=NOW.timestamp())},
        "SecretCurrent warning: It expired at 2026-03-04T12:00:00Z.",
    ),
    (EXPORT, {"secret": secret(nbf=NOW.timestamp())}, "SecretCurrent pass: It is within its time."),
    (
        EXPORT,
        {"secret": secret(nbf=1999999999)},
        "SecretCurrent warning: It starts at 2033-05-18T03:33:19Z.",
    ),
    (
        EXPORT,
        {"vault": vault(accessPolicies=[])},
        "SecretReadable fail: The vault goes by policies; the identity's allows: nothing.",
    ),
    (
        EXPORT,
        {
            "identity": {"type": "SystemAssigned", "principalId": "an-ID"},
            "vault": vault(
                accessPolicies=[{"objectId": "AN-id", "permissions": {"secrets": ["List", "All"]}}]
            ),
        },
        "SecretReadable pass: The vault goes by policies; the identity's allows: list all.",
    ),
    (
        EXPORT,
        {"vault_roles": there(()), **BY_ROLES},
        "SecretReadable fail: The vault goes by roles; the identity has: none.",
    ),
    (
        EXPORT,
        {"vault_roles": there((grant(GETS, condition=True), grant(role="Another"))), **BY_ROLES},
        "SecretReadable warning: A role has a condition, which is not judged here: My role, "
        "Another.",
    ),
    (
        EXPORT,
        {"vault_roles": there((grant(GETS),)), **BY_ROLES},
        "SecretReadable pass: The vault goes by roles; the identity has: My role.",
    ),
    *(
        (
            EXPORT,
            {"secret": secret(value)},
            "SasWhole fail: The secret's value is no SAS, or not the whole of one.",
        )
        for value in ("a password", sas(sig=""), sas(sv=""), sas(se=""))
    ),
    (
        EXPORT,
        {"secret": secret(sas())},
        "SasWhole pass: A SAS; for: container; permissions: racwdl; expiry: 2026-05-01T00:00:00Z.",
    ),
    (
        EXPORT,
        {"secret": NOT_EXPIRING},
        "SasWhole pass: A SAS; for: container; stored policy: mypolicy.",
    ),
    (EXPORT, {"secret": secret(sas(sr="b"))}, "SasKind fail: It is for: blob."),
    (EXPORT, {"secret": secret(sas(**ACCOUNT_SAS))}, "SasKind pass: It is for: account."),
    (
        EXPORT,
        {"secret": secret(sas(**ACCOUNT_SAS | {"ss": "qt"}))},
        "SasServices fail: Its services are 'qt'.",
    ),
    (EXPORT, {"secret": secret(sas(**ACCOUNT_SAS))}, "SasServices pass: Its services are 'b'."),
    (
        EXPORT,
        {"secret": secret(sas(**ACCOUNT_SAS | {"srt": "sc"}))},
        "SasResourceTypes fail: Its types are 'sc'.",
    ),
    (EXPORT, {"secret": secret(sas(**ACCOUNT_SAS))}, "SasResourceTypes pass: Its types are 'sco'."),
    (EXPORT, {"secret": secret(sas(spr="http"))}, "SasProtocol fail: It allows: http."),
    (EXPORT, {"secret": secret(sas(spr=""))}, "SasProtocol pass: It allows: https,http."),
    (EXPORT, {"secret": secret(sas(spr="https,http"))}, "SasProtocol pass: It allows: https,http."),
    (EXPORT, {"secret": secret(sas(spr="nohttps"))}, "SasProtocol fail: It allows: nohttps."),
    (
        EXPORT,
        {"secret": secret(sas(sip="203.0.113.7"))},
        "SasAddresses warning: It is for 203.0.113.7 only; the service's may not be among them.",
    ),
    (
        EXPORT,
        {"secret": secret(sas(st="2026-03-05"))},
        "SasStarted fail: It starts at 2026-03-05T00:00:00Z.",
    ),
    (
        EXPORT,
        {"secret": secret(sas(st="2026-03-04T12:00Z"))},
        "SasStarted pass: It started at 2026-03-04T12:00:00Z.",
    ),
    (
        EXPORT,
        {"secret": secret(sas(st="2026-03-04T12:00Z"))},
        "SasAccepted pass: Storage accepts its signature.",
    ),
    (
        EXPORT,
        {"secret": secret(sas(st="2026-03-04T12:00:00%2B02:00"))},
        "SasStarted pass: It started at 2026-03-04T10:00:00Z.",
    ),
    (
        EXPORT,
        {"secret": secret(sas(se="2026-03-04T12:00:00Z"))},
        "SasNotExpired fail: It expired at 2026-03-04T12:00:00Z.",
    ),
    (
        EXPORT,
        {"secret": secret(sas(se="2026-03-11T12:00:00Z"))},
        "SasNotExpired warning: It expires at 2026-03-11T12:00:00Z.",
    ),
    (EXPORT, {"secret": secret(sas(se="soon"))}, "SasNotExpired unknown: Its time is illegible."),
    (EXPORT, {"secret": NOT_EXPIRING}, f"SasNotExpired unknown: {LEFT_TO_POLICY}"),
    (EXPORT, {"secret": secret(sas(sp="rl"))}, "SasPermissions fail: It has 'rl' and lacks 'aw'."),
    (
        IMPORT,
        {"secret": secret(sas(sp="rl")), "options": ("DeleteSourceBlobOnSuccess",)},
        "SasPermissions fail: It has 'rl' and lacks 'd'.",
    ),
    (EXPORT, {"secret": NOT_EXPIRING}, f"SasPermissions unknown: {LEFT_TO_POLICY}"),
    *(
        (
            EXPORT,
            {"sas_answer": there(answer)},
            "SasAccepted fail: Storage does not accept its signature.",
        )
        for answer in (
            "<Code>AuthenticationFailed</Code>",
            "<Code>AuthorizationFailure</Code><Message>Server failed to authenticate the request.",
        )
    ),
    *(
        (
            EXPORT,
            {"sas_answer": there(f"<Code>{code}</Code>")},
            "SasAccepted unknown: Storage did not look at it: its firewall must let you in to "
            "tell.",
        )
        for code in ("AuthorizationFailure", "KeyBasedAuthenticationNotPermitted")
    ),
    (
        EXPORT,
        {"account": account(allowSharedKeyAccess=False)},
        "SharedKeyAllowed fail: The account takes nothing that was signed with its keys, as "
        "the SAS is.",
    ),
    (
        EXPORT,
        {"account": account(allowSharedKeyAccess=False), "secret": secret(sas(skoid="you"))},
        "SharedKeyAllowed pass: The account takes no keys, but a user signed this SAS.",
    ),
    (IMPORT, {"blobs": {"one": GONE, "two": GONE}}, "BlobsFound fail: Not there: one, two."),
    (EXPORT, {"blobs": {"one": blob(), "two": blob()}}, "BlobsFree fail: There already: one, two."),
    (
        EXPORT,
        {"blobs": {"myblob": blob()}, "options": ("OverwriteBlobs",)},
        "BlobsFree pass: The pipeline may overwrite blobs.",
    ),
    (
        EXPORT,
        {"contents": {ARTIFACT: GONE, ANOTHER: GONE}},
        "ArtifactsFound fail: Not there: samples/hello:1.0, samples/other:2.",
    ),
    (
        EXPORT,
        {"asked": {"artifacts": MANY}},
        "ArtifactsPerRun warning: 51. The service takes at most 50 artifacts in one run.",
    ),
    (EXPORT, {"asked": {"artifacts": MANY[1:]}}, "ArtifactsPerRun pass: 50."),
    (
        EXPORT,
        large(8 * 1024**3 + 1),
        "LayerSizes fail: Larger than 8 GB: sha256:0c of samples/hello:1.0 (8589934593 bytes).",
    ),
    (EXPORT, large(8 * 1024**3), "LayerSizes pass: None is larger than 8 GB."),
    (EXPORT, large(9 * 1024**3, foreign=True), "LayerSizes pass: None is larger than 8 GB."),
    (
        EXPORT,
        {"contents": {each: FOREIGN for each in (ARTIFACT, ANOTHER)}},
        "LayersHere warning: Kept outside of the registry, so not carried: sha256:0c of "
        "samples/hello:1.0 (1 bytes), sha256:0c of samples/other:2 (1 bytes).",
    ),
    (EXPORT, {"contents": {ARTIFACT: UNKNOWN}}, f"LayerSizes unknown: {UNKNOWN.reason}"),
    (
        IMPORT,
        {"contents": {each: there(Content("sha256:0a")) for each in (ARTIFACT, ANOTHER)}},
        "TagsFree warning: There already: samples/hello:1.0, samples/other:2.",
    ),
    (
        IMPORT,
        {
            "contents": {ARTIFACT: there(Content("sha256:0a"))},
            "asked": {"digests": {ARTIFACT: "sha256:0b"}},
        },
        "TagsFree fail: There with other content: samples/hello:1.0.",
    ),
    (
        IMPORT,
        {
            "contents": {ARTIFACT: there(Content("sha256:0a"))},
            "asked": {"digests": {ARTIFACT: "sha256:0a"}},
        },
        "TagsFree pass: No tag is in the way.",
    ),
    (
        IMPORT,
        {"contents": {ARTIFACT: there(Content("sha256:0a"))}, "options": ("OverwriteTags",)},
        "TagsFree pass: The pipeline may overwrite tags.",
    ),
    (
        IMPORT,
        {"trigger": "Disabled"},
        "TriggerEnabled warning: The source trigger is off: the pipeline imports when it is run.",
    ),
    (
        IMPORT,
        {
            "blobs": {
                each: blob(**{"last-modified": "Sat, 03 Jan 2026 11:59:59 GMT"})
                for each in ("one", "two")
            }
        },
        "TriggerAge fail: Last modified more than 60 days ago: one, two.",
    ),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"last-modified": "Sat, 03 Jan 2026 12:00:00 GMT"})}},
        f"TriggerAge pass: {CONTENT[IMPORT]['TriggerAge']}",
    ),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"content-md5": None})}},
        "TriggerMd5 fail: Without ContentMD5: myblob.",
    ),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"x-ms-meta-category": None})}},
        "TriggerCategory fail: Without category=acr-transfer-blob: myblob.",
    ),
    (
        IMPORT,
        {"blobs": {"myblob": blob(**{"x-ms-meta-category": "mine"})}},
        "TriggerCategory fail: Without category=acr-transfer-blob: myblob.",
    ),
]


@pytest.mark.parametrize(("kind", "change", "told"), CASES)
def test_a_rule_finds(kind: PipelineKind, change: dict[str, Any], told: str) -> None:
    [check] = [
        each for each in evaluate(seen(kind, **change)) if told.startswith(f"{each['code']} ")
    ]
    verdict = check["verdict"]
    assert f"{check['code']} {verdict}: {check['found']}" == told
    assert verdict == "warning" or bool(check["mend"]) == (verdict == "fail")


def test_every_rule_is_broken_here() -> None:
    verdicts = [told.partition(":")[0].split() for _, _, told in CASES]
    broken = {code for code, verdict in verdicts if verdict in ("fail", "warning")}
    assert [rule.code for rule in RULES if rule.code not in broken] == []
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert {code for rule in RULES for code in rule.foresees} <= {
        row.code for row in KNOWN_FAILURES
    }


@pytest.mark.parametrize(
    ("kind", "change", "unknown"),
    [
        (EXPORT, {"registry": UNKNOWN}, [*OF_THE_REGISTRY, "PipelineFound"]),
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
        (IMPORT, {"blobs": {"myblob": UNKNOWN}}, ["BlobsFound", *OF_THE_BLOB]),
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
    checks = evaluate(seen(kind, **change))
    told = [check for check in checks if check["verdict"] != "pass"]
    assert [check["code"] for check in told] == sorted(unknown, key=[r.code for r in RULES].index)
    assert {(each["verdict"], each["found"], each["mend"]) for each in told} == {
        ("unknown", UNKNOWN.reason, "")
    }
    assert failure(checks) is None


def test_what_an_answer_leaves_out_is_unknown() -> None:
    checks = evaluate(seen(EXPORT, vault=there({"id": "/subscriptions/s/vaults/myvault"})))
    told = {check["code"]: check for check in checks if check["verdict"] != "pass"}
    assert told["SecretReadable"]["found"] == "The answer lacks 'properties'."
    assert {(check["verdict"], check["mend"]) for check in told.values()} == {("unknown", "")}
    assert failure(checks) is None


@pytest.mark.parametrize(
    ("kind", "change", "left_out"),
    [
        (EXPORT, NOTHING, {*SETUP, *BY_SAS, *CONTENT[EXPORT]} - {"RegistryFound", "CallerAllowed"}),
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
        (IMPORT, {"blobs": {"myblob": GONE}}, {*OF_THE_BLOB}),
        (IMPORT, {"trigger": "Disabled"}, {*OF_THE_BLOB}),
        (EXPORT, {"secret": secret(sas(se="2026-03-04T12:00Z"))}, {"SasAccepted"}),
        (EXPORT, {"secret": secret(sas(st="2026-04-01"))}, {"SasAccepted"}),
        (IMPORT, {"asked": {"is_planned": True}}, {"TriggerEnabled", *OF_THE_BLOB}),
        (EXPORT, {"asked": {"is_planned": True}}, {"ArtifactsPerRun"}),
    ],
)
def test_a_rule_whose_subject_is_not_there_is_left_out(
    kind: PipelineKind, change: dict[str, Any], left_out: set[str]
) -> None:
    assert left_out & verdicts(seen(kind, **change)).keys() == set()


WAIT = "az acr export-pipeline wait --created -g mygroup -r myregistry -n mypipeline"
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
        (
            {
                "secret": secret(sas(se="2026-01-01")),
                "facts": Facts(seen().facts | {"newest-secret-uri": "https://v.example/s"}),
            },
            "SasNotExpired",
            f"{NEW_SAS}\naz acr export-pipeline update --resource-group mygroup "
            "--registry myregistry --name mypipeline --secret-uri https://v.example/s",
        ),
        # Of warnings: by a command of their own, by the rule's, and by none.
        ({"state": "Creating"}, "PipelineProvisioned", WAIT),
        ({"secret": secret(exp=1)}, "SecretCurrent", EXPIRE_LATER),
        ({"storage_roles": there((CONDITIONAL,)), **MANAGED}, "StorageRole", ""),
        ({"denials": there(("No",)), **MANAGED}, "StorageRole", ""),
        (
            {"vault_roles": there((grant(GETS, condition=True),)), **BY_ROLES},
            *("SecretReadable", ""),
        ),
        (large(1, foreign=True), "LayersHere", ""),
    ],
)
def test_what_mends_it_is_told(change: dict[str, Any], code: str, mend: str) -> None:
    [check] = [check for check in evaluate(seen(EXPORT, **change)) if check["code"] == code]
    assert check["mend"] == mend


@pytest.mark.parametrize("secret_value", [sas(), sas()[1:], f" {sas()}\n"])
def test_a_sas_is_read_with_and_without_its_question_mark(secret_value: str) -> None:
    fields = {"sv": "2026-02-06", "se": "2026-05-01T00:00:00Z", "sr": "c"}
    fields |= {"sp": "racwdl", "spr": "https"}
    assert Sas.parse(secret_value) == Sas(fields, sas()[1:])


def test_a_failure_names_each_failed_check_and_what_mends_them() -> None:
    error = failure(evaluate(seen(EXPORT, container=GONE, contents=large(9 * 1024**3)["contents"])))
    assert error is not None
    assert error.error_msg == (
        "2 of 30 checks failed:\nContainerFound: The account has no container 'transfer'.\n"
        "LayerSizes: Larger than 8 GB: sha256:0c of samples/hello:1.0 (9663676416 bytes)."
    )
    assert error.recommendations == [
        "az storage container create --account-name mystorage --name transfer",
        "# Build the image with smaller layers.",
    ]
