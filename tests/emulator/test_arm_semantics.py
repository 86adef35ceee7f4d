"""PUT and PATCH as Resource Manager has them: what changes, what stays, and under which name."""

import pytest

from tests.emulator.good_bodies import BODIES, SOMEBODY
from tests.emulator.running import GROUP, REGISTRIES, Emulator, Json

NAMED = [
    path
    for path in BODIES
    if not path.endswith("/add") and "deployments" not in path and "pipelineRuns" not in path
]
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"


@pytest.fixture(scope="module", autouse=True)
def _everything(emulator: Emulator) -> None:
    emulator.instance.directory.admit(SOMEBODY)
    for path, body in BODIES.items():
        emulator.ok("PUT", path, body)


@pytest.mark.parametrize("path", NAMED)
def test_another_case_is_no_other_name(emulator: Emulator, path: str) -> None:
    before = emulator.ok("GET", path)
    parent, _, name = path.rpartition("/")
    # Names of accounts have no capital letters.
    other = f"{parent.replace('resourceGroups', 'RESOURCEGROUPS')}/{name.upper()}"
    if "storageAccounts" in path:
        other = f"{parent.replace('resourceGroups', 'RESOURCEGROUPS')}/{name}"
    again = emulator.ok("PUT", other, BODIES[path])
    assert (again["id"], again["name"]) == (before["id"], before["name"])
    after = emulator.ok("GET", path)
    assert (after["id"], after["name"]) == (before["id"], before["name"])


@pytest.mark.parametrize(
    "path",
    [
        f"{IDENTITY}/absent",
        f"{REGISTRIES}/absent",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/absent",
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/absent",
        f"{GROUP}absent",
    ],
)
def test_a_patch_creates_nothing(emulator: Emulator, path: str) -> None:
    answer = emulator.arm("PATCH", path, {"location": "westus", "tags": {"a": "b"}})
    assert answer.status_code == 404
    assert emulator.arm("GET", path).status_code == 404


@pytest.mark.parametrize("path", [GROUP, f"{IDENTITY}/bodies", f"{REGISTRIES}/bodies"])
def test_a_patch_keeps_tags_that_it_does_not_name(emulator: Emulator, path: str) -> None:
    emulator.ok("PATCH", path, {"tags": {"kept": "yes"}})
    assert emulator.ok("PATCH", path, {})["tags"] == {"kept": "yes"}
    assert emulator.ok("PATCH", path, {"tags": {}})["tags"] == {}


ACCESS = [
    (f"{REGISTRIES}/bodies", {"publicNetworkAccess": "enabled"}, "Enabled"),
    (f"{REGISTRIES}/bodies", {"publicNetworkAccess": "DISABLED"}, "Disabled"),
    (
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/bodiesaccount",
        {"publicNetworkAccess": "disabled"},
        "Disabled",
    ),
    (
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/bodiesaccount",
        {"publicNetworkAccess": "securedbyperimeter"},
        "SecuredByPerimeter",
    ),
    (
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/bodiesvault",
        {"publicNetworkAccess": "disabled"},
        "Disabled",
    ),
]


@pytest.mark.parametrize(("path", "properties", "stored"), ACCESS)
def test_an_enumeration_has_the_services_spelling(
    emulator: Emulator, path: str, properties: Json, stored: str
) -> None:
    changed = emulator.ok("PATCH", path, {"properties": properties})["properties"]
    emulator.ok("PATCH", path, {"properties": {"publicNetworkAccess": "Enabled"}})
    assert changed["publicNetworkAccess"] == stored
    wrong = emulator.arm("PATCH", path, {"properties": {"publicNetworkAccess": "perhaps"}})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "InvalidParameter")


def test_a_firewall_closes_in_any_case(emulator: Emulator) -> None:
    path = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/bodiesaccount"
    for action, stored in (("deny", "Deny"), ("ALLOW", "Allow")):
        rules = {"networkAcls": {"defaultAction": action}}
        changed = emulator.ok("PATCH", path, {"properties": rules})["properties"]
        assert changed["networkAcls"]["defaultAction"] == stored


_STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
_VAULTS = f"{GROUP}/providers/Microsoft.KeyVault/vaults"


def test_a_kind_of_account_counts_in_any_case(emulator: Emulator) -> None:
    body = {"location": "westus", "kind": "filestorage", "sku": {"name": "premium_lrs"}}
    emulator.ok("PUT", f"{_STORAGE}/filesonly", body)
    account = emulator.ok("GET", f"{_STORAGE}/filesonly")
    assert (account["kind"], account["sku"]) == (
        "FileStorage",
        {"name": "Premium_LRS", "tier": "Premium"},
    )
    assert list(account["properties"]["primaryEndpoints"]) == ["file"]


@pytest.mark.parametrize(
    ("path", "wrong", "message"),
    [
        (
            f"{_STORAGE}/wrongwords",
            {"kind": "Blobs"},
            "The value 'Blobs' of 'kind' is none of StorageV2, Storage, FileStorage, BlobStorage,",
        ),
        (
            f"{_STORAGE}/wrongwords",
            {"sku": {"name": "Standard"}},
            "The value 'Standard' of 'sku.name' is none of Standard_LRS,",
        ),
        (
            f"{_VAULTS}/wrongwords",
            {"properties": {"sku": {"family": "B", "name": "standard"}}},
            "The value 'B' of 'properties.sku.family' is none of A.",
        ),
        (
            f"{_VAULTS}/wrongwords",
            {"properties": {"sku": {"family": "A", "name": "basic"}}},
            "The value 'basic' of 'properties.sku.name' is none of standard, premium.",
        ),
    ],
)
def test_a_word_that_is_no_value_of_an_enumeration_is_refused(
    emulator: Emulator, path: str, wrong: Json, message: str
) -> None:
    answer = emulator.arm("PUT", path, {"location": "westus"} | wrong)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidParameter"
    assert answer.json()["error"]["message"].startswith(message)
    assert emulator.arm("GET", path).status_code == 404
