"""Storage accounts, vaults, identities and roles: what a transfer needs next to its registry."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.arm_samples import (
    ACCOUNT,
    CONTRIBUTOR,
    GROUP,
    IDENTITIES,
    ROLES,
    STORAGE,
    VAULT,
    VAULTS,
    assign,
)
from tests.emulator.running import GROUP as RUNNING
from tests.emulator.running import SUBSCRIPTION, Emulator, Json


@pytest.fixture(autouse=True)
def group(emulator: Emulator) -> Iterator[None]:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    yield
    emulator.delete_group(GROUP)


def test_an_account_is_accepted_and_its_location_followed(emulator: Emulator) -> None:
    answer = emulator.arm("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    assert (answer.status_code, answer.content) == (202, b"")
    path = answer.headers["location"].removeprefix(PUBLIC.arm_url).partition("?")[0]
    made = emulator.ok("GET", path)
    assert made == emulator.ok("GET", f"{STORAGE}/armaccount")
    assert made["properties"]["primaryEndpoints"]["blob"] == (
        "https://armaccount.blob.core.windows.net/"
    )
    assert emulator.arm("PUT", f"{STORAGE}/armaccount", ACCOUNT).status_code == 200


def test_an_account_name_is_taken_in_every_group(emulator: Emulator) -> None:
    check = f"{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability"
    assert emulator.ok("POST", check, {"name": "armaccount"}) == {"nameAvailable": True}
    emulator.ok("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    assert emulator.ok("POST", check, {"name": "armaccount"})["reason"] == "AlreadyExists"
    other = f"{SUBSCRIPTION}/resourceGroups/arm-other"
    emulator.ok("PUT", other, {"location": "westus"})
    answer = emulator.arm("PUT", f"{STORAGE}/armaccount".replace(GROUP, other), ACCOUNT)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "StorageAccountAlreadyTaken"
    emulator.ok("DELETE", other)


def test_a_vault_name_is_taken_in_every_group(emulator: Emulator) -> None:
    path = f"{VAULTS}/armtaken"
    emulator.ok("PUT", path, VAULT)
    other = f"{SUBSCRIPTION}/resourceGroups/arm-other"
    emulator.ok("PUT", other, {"location": "westus"})
    answer = emulator.arm("PUT", path.replace(GROUP, other), VAULT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "VaultAlreadyExists")
    assert emulator.arm("GET", path.replace(GROUP, other)).status_code == 404
    emulator.ok("DELETE", other)


def test_a_bad_account_name_is_no_error_of_its_check(emulator: Emulator) -> None:
    check = f"{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability"
    answer = emulator.ok("POST", check, {"name": "Bad_Name"})
    assert (answer["nameAvailable"], answer["reason"]) == (False, "AccountNameInvalid")
    assert answer["message"].startswith("Bad_Name is not a valid storage account name.")


def test_an_account_gets_another_sku(emulator: Emulator) -> None:
    emulator.ok("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    changed = emulator.ok("PATCH", f"{STORAGE}/armaccount", {"sku": {"name": "Standard_GRS"}})
    assert changed["sku"] == {"name": "Standard_GRS", "tier": "Standard"}
    assert emulator.ok("GET", f"{STORAGE}/armaccount") == changed


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{STORAGE}/armaccount", ACCOUNT),
        (
            f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/armregistry",
            {"location": "westus", "sku": {"name": "Basic"}},
        ),
    ],
    ids=["storage account", "registry"],
)
def test_a_resource_has_the_identities_that_it_is_given(
    emulator: Emulator, path: str, body: Json
) -> None:
    user = emulator.ok("PUT", f"{IDENTITIES}/armidentity", {"location": "westus"})
    emulator.arm("PUT", path, body)
    assert "identity" not in emulator.ok("GET", path)
    both = {"type": "systemassigned,UserAssigned", "userAssignedIdentities": {user["id"]: {}}}
    identity = emulator.ok("PATCH", path, {"identity": both})["identity"]
    assert identity["type"] == "SystemAssigned, UserAssigned"
    keys = ("principalId", "clientId")
    assert identity["userAssignedIdentities"] == {
        user["id"]: {key: user["properties"][key] for key in keys}
    }
    assert emulator.ok("PATCH", path, {"tags": {"a": "b"}})["identity"] == identity
    alone = emulator.ok("PATCH", path, {"identity": {"type": "SystemAssigned"}})["identity"]
    assert alone == {
        "principalId": identity["principalId"],
        "tenantId": PUBLIC.tenant_id,
        "type": "SystemAssigned",
    }
    assert emulator.instance.directory.find(alone["principalId"]) is not None
    emulator.ok("DELETE", path)
    assert emulator.instance.directory.find(alone["principalId"]) is None
    absent = {"type": "UserAssigned", "userAssignedIdentities": {f"{user['id']}none": {}}}
    refused = emulator.arm("PUT", path, {**body, "identity": absent})
    assert refused.json()["error"]["code"] == "FailedIdentityOperation"


@pytest.mark.parametrize("name", ["a group", "group!", "group.", "g" * 91])
def test_a_bad_name_of_a_group_is_refused(emulator: Emulator, name: str) -> None:
    path = f"{SUBSCRIPTION}/resourceGroups/{name}"
    answer = emulator.arm("PUT", path, {"location": "westus"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidResourceGroup"
    assert emulator.arm("GET", path).status_code == 404


def test_providers_are_listed(emulator: Emulator) -> None:
    listed = emulator.ok("GET", f"{SUBSCRIPTION}/providers")["value"]
    name = "Microsoft.ContainerRegistry"
    shown = emulator.ok("GET", f"{SUBSCRIPTION}/providers/{name}")
    assert [provider for provider in listed if provider["namespace"] == name] == [shown]
    assert {provider["registrationState"] for provider in listed} == {"Registered"}


def test_network_rules_of_an_account_are_kept(emulator: Emulator) -> None:
    emulator.ok("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    change = {"properties": {"networkAcls": {"defaultAction": "Deny"}}, "tags": {"a": "b"}}
    emulator.ok("PATCH", f"{STORAGE}/armaccount", change)
    changed = emulator.ok("GET", f"{STORAGE}/armaccount")
    assert changed["properties"]["networkAcls"]["defaultAction"] == "Deny"
    assert changed["properties"]["networkAcls"]["bypass"] == "AzureServices"
    assert changed["tags"] == {"a": "b"}


def test_a_key_is_replaced_alone(emulator: Emulator) -> None:
    emulator.ok("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    before = emulator.ok("POST", f"{STORAGE}/armaccount/listKeys")["keys"]
    after = emulator.ok("POST", f"{STORAGE}/armaccount/regenerateKey", {"keyName": "key2"})["keys"]
    assert [key["keyName"] for key in after] == ["key1", "key2"]
    assert after[0] == before[0]
    assert after[1]["value"] != before[1]["value"]
    answer = emulator.arm("POST", f"{STORAGE}/armaccount/regenerateKey", {"keyName": "key3"})
    assert answer.status_code == 400


def test_deleting_twice_is_no_content(emulator: Emulator) -> None:
    for path, body in [
        (f"{STORAGE}/armaccount", ACCOUNT),
        (f"{VAULTS}/arm-vault", VAULT),
        (f"{IDENTITIES}/arm-id", {"location": "westus"}),
    ]:
        emulator.ok("PUT", path, body)
        assert emulator.arm("DELETE", path).status_code == 200
        assert emulator.arm("DELETE", path).status_code == 204


def test_an_identity_is_answered_as_its_provider_does(emulator: Emulator) -> None:
    answer = emulator.arm("PUT", f"{IDENTITIES}/arm-id", {"location": "westus", "tags": {"a": "b"}})
    body = answer.json()
    assert answer.status_code == 201
    assert body["id"] == f"{IDENTITIES}/arm-id".replace("resourceGroups", "resourcegroups")
    assert answer.headers["location"] == body["id"]
    assert list(body) == ["location", "tags", "id", "name", "type", "properties"]
    again = emulator.arm("PUT", f"{IDENTITIES}/arm-id", {"location": "westus"})
    assert again.status_code == 200
    assert again.json()["properties"] == body["properties"]


def policy(object_id: str, *rights: str) -> Json:
    return {
        "tenantId": PUBLIC.tenant_id,
        "objectId": object_id,
        "permissions": {"secrets": list(rights)},
    }


POLICY_CHANGES: list[tuple[str, Json, list[Json]]] = [
    ("add", policy("two", "get"), [policy("one", "get"), policy("two", "get")]),
    ("add", policy("one", "list"), [policy("one", "get", "list")]),
    ("replace", policy("two", "get"), [policy("two", "get")]),
    ("remove", policy("one"), []),
]


@pytest.mark.parametrize(("operation", "change", "result"), POLICY_CHANGES)
def test_access_policies_are_added_replaced_and_removed(
    emulator: Emulator, operation: str, change: Json, result: list[Json]
) -> None:
    made = {
        **VAULT,
        "properties": {**VAULT["properties"], "accessPolicies": [policy("one", "get")]},
    }
    emulator.ok("PUT", f"{VAULTS}/arm-vault", made)
    body = {"properties": {"accessPolicies": [change]}}
    emulator.ok("PUT", f"{VAULTS}/arm-vault/accessPolicies/{operation}", body)
    vault = emulator.ok("GET", f"{VAULTS}/arm-vault")
    assert vault["properties"]["accessPolicies"] == result


@pytest.mark.parametrize(("version", "by_roles"), [("2025-05-01", False), ("2026-02-01", True)])
def test_a_vault_goes_by_roles_unless_specified_from_2026_on(
    emulator: Emulator, version: str, by_roles: bool
) -> None:
    properties = {**VAULT["properties"], "enableRbacAuthorization": None}
    answer = emulator.arm(
        "PUT", f"{VAULTS}/arm-vault", {**VAULT, "properties": properties}, version
    )
    assert answer.json()["properties"]["enableRbacAuthorization"] is by_roles


def test_a_patch_of_a_vault_changes_what_it_names(emulator: Emulator) -> None:
    emulator.ok("PUT", f"{VAULTS}/arm-vault", VAULT)
    emulator.ok("PATCH", f"{VAULTS}/arm-vault", {"properties": {"enableRbacAuthorization": True}})
    properties = emulator.ok("GET", f"{VAULTS}/arm-vault")["properties"]
    assert properties["enableRbacAuthorization"] is True
    assert properties["sku"] == {"family": "A", "name": "standard"}


def test_a_role_is_found_by_its_name(emulator: Emulator) -> None:
    token = emulator.entra_token(PUBLIC.arm_audiences[0])
    answer = emulator.http.get(
        f"{PUBLIC.arm_url}{GROUP}/{ROLES}/roleDefinitions",
        params={
            "api-version": "2022-05-01-preview",
            "$filter": "roleName eq 'Storage Blob Data Contributor'",
        },
        headers={"authorization": f"Bearer {token}"},
    )
    assert [role["name"] for role in answer.json()["value"]] == [CONTRIBUTOR]


def test_a_role_is_given_once(emulator: Emulator) -> None:
    someone = emulator.principal("someone")
    assert assign(emulator, GROUP, someone).status_code == 201
    again = assign(emulator, GROUP, someone, "another-name")
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "RoleAssignmentExists"
    listed = emulator.ok("GET", f"{GROUP}/{ROLES}/roleAssignments")["value"]
    assert [item["properties"]["principalId"] for item in listed] == [someone]
    emulator.ok("DELETE", listed[0]["id"])
    assert emulator.arm("DELETE", listed[0]["id"]).status_code == 204


def test_a_vaults_name_is_taken_in_every_group(emulator: Emulator) -> None:
    check = f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/checkNameAvailability"
    body = {"name": "ARMvault", "type": "Microsoft.KeyVault/vaults"}
    assert emulator.ok("POST", check, body) == {"nameAvailable": True}
    emulator.ok("PUT", f"{VAULTS}/armvault", VAULT)
    assert emulator.ok("POST", check, body)["reason"] == "AlreadyExists"


@pytest.mark.parametrize("name", ["ab", "1vault", "vault-", "a--vault", "v" * 25, "my_vault"])
def test_a_bad_name_of_a_vault_is_refused(emulator: Emulator, name: str) -> None:
    check = f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/checkNameAvailability"
    answer = emulator.ok("POST", check, {"name": name, "type": "Microsoft.KeyVault/vaults"})
    assert (answer["nameAvailable"], answer["reason"]) == (False, "AccountNameInvalid")
    refused = emulator.arm("PUT", f"{VAULTS}/{name}", VAULT)
    assert refused.status_code == 400
    error = {"code": "VaultNameNotValid", "message": answer["message"]}
    assert refused.json()["error"] == error
    assert f"The vault name '{name}' is invalid." in error["message"]


def test_the_generic_list_takes_a_name(emulator: Emulator) -> None:
    for name in ("armaccount", "armaccount2"):
        emulator.ok("PUT", f"{STORAGE}/{name}", ACCOUNT)
    emulator.ok("PUT", f"{VAULTS}/armaccount", VAULT)

    def listed(wanted: str) -> list[str]:
        headers = {"Authorization": f"Bearer {emulator.entra_token(PUBLIC.arm_audience)}"}
        answer = emulator.http.get(
            f"{PUBLIC.arm_url}{SUBSCRIPTION}/resources",
            params={"api-version": "2021-04-01", "$filter": wanted},
            headers=headers,
        )
        return [item["id"] for item in answer.json()["value"]]

    of_storage = "resourceType eq 'Microsoft.Storage/storageAccounts'"
    assert listed(f"{of_storage} and name eq 'ARMAccount'") == [f"{STORAGE}/armaccount"]
    assert listed(f"{of_storage} and name eq 'another'") == []
    assert listed(of_storage) == [f"{STORAGE}/armaccount", f"{STORAGE}/armaccount2"]


def test_arm_shows_a_container_that_is_in_blob_storage(emulator: Emulator) -> None:
    emulator.container("shownaccount", "transfer").close()
    account = f"{RUNNING}/providers/Microsoft.Storage/storageAccounts/shownaccount"
    path = f"{account}/blobServices/default/containers/transfer"
    shown = emulator.ok("GET", path)
    assert (shown["id"], shown["properties"]["publicAccess"]) == (path, "None")
    missing = emulator.arm("GET", f"{path}s")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ContainerNotFound")
    nowhere = emulator.arm("GET", path.replace("shownaccount", "another"))
    assert nowhere.json()["error"]["code"] == "ResourceNotFound"


def test_nothing_is_denied(emulator: Emulator) -> None:
    path = f"{GROUP}/providers/Microsoft.Authorization/denyAssignments"
    assert emulator.ok("GET", path) == {"value": []}


def test_arm_returns_the_time_of_the_emulators_clock(emulator: Emulator) -> None:
    reported = emulator.arm("GET", GROUP).headers.get_list("date")
    emulator.instance.clock.advance(3600)
    later = emulator.arm("GET", GROUP).headers.get_list("date")
    [before], [after] = (
        [parsedate_to_datetime(date) for date in dates] for dates in (reported, later)
    )
    assert timedelta(hours=1) <= after - before < timedelta(hours=1, minutes=1)
