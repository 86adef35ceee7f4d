"""The ARM protocol as a table of calls, and the providers that a transfer needs around it."""

from collections.abc import Iterator
from typing import Any

import pytest
from acr_emulator.cloud import PUBLIC

from tests.emulator.running import SUBSCRIPTION, Emulator, Json

GROUP = f"{SUBSCRIPTION}/resourceGroups/arm-group"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
VAULTS = f"{GROUP}/providers/Microsoft.KeyVault/vaults"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
ROLES = "providers/Microsoft.Authorization"
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
ACCOUNT: Json = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
VAULT: Json = {
    "location": "westus",
    "properties": {
        "tenantId": PUBLIC.tenant_id,
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
        "enableRbacAuthorization": False,
    },
}


@pytest.fixture(autouse=True)
def group(emulator: Emulator) -> Iterator[None]:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    yield
    emulator.ok("DELETE", GROUP)


ERRORS: list[tuple[str, str, Json | None, int, str]] = [
    # method, path, body, status, code
    ("GET", "/subscriptions/none", None, 404, "SubscriptionNotFound"),
    ("GET", f"{SUBSCRIPTION}/resourceGroups/none", None, 404, "ResourceGroupNotFound"),
    ("DELETE", f"{SUBSCRIPTION}/resourceGroups/none", None, 404, "ResourceGroupNotFound"),
    ("PUT", f"{SUBSCRIPTION}/resourceGroups/new", {}, 400, "LocationRequired"),
    ("GET", STORAGE.replace("arm-group", "none"), None, 404, "ResourceGroupNotFound"),
    ("PUT", f"{VAULTS.replace('arm-group', 'none')}/v", VAULT, 404, "ResourceGroupNotFound"),
    ("GET", f"{STORAGE}/none", None, 404, "ResourceNotFound"),
    ("GET", f"{VAULTS}/none", None, 404, "ResourceNotFound"),
    ("GET", f"{IDENTITIES}/none", None, 404, "ResourceNotFound"),
    ("PATCH", f"{STORAGE}/none", {}, 404, "ResourceNotFound"),
    ("POST", f"{STORAGE}/none/listKeys", None, 404, "ResourceNotFound"),
    ("PUT", f"{STORAGE}/Not-Valid", ACCOUNT, 400, "AccountNameInvalid"),
    ("PUT", f"{STORAGE}/nolocation", {}, 400, "LocationRequired"),
    ("PUT", f"{VAULTS}/nosku", {"location": "westus"}, 400, "BadRequest"),
    ("GET", f"{STORAGE}/a/nothing/there", None, 501, "NotImplemented"),
    ("GET", "/", None, 501, "NotImplemented"),
    ("GET", f"{GROUP}/{ROLES}/roleDefinitions/none", None, 400, "RoleDefinitionDoesNotExist"),
    ("GET", f"{GROUP}/{ROLES}/roleAssignments/none", None, 404, "RoleAssignmentNotFound"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), ERRORS)
def test_a_refusal_has_arms_status_and_envelope(
    emulator: Emulator, method: str, path: str, body: Json | None, status: int, code: str
) -> None:
    answer = emulator.arm(method, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"]["message"]


def test_a_missing_resource_is_named_as_recorded(emulator: Emulator) -> None:
    answer = emulator.arm("GET", f"{VAULTS}/kv000005")
    assert answer.json()["error"]["message"] == (
        "The Resource 'Microsoft.KeyVault/vaults/kv000005' under resource group 'arm-group' was"
        " not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    assert answer.headers["x-ms-failure-cause"] == "gateway"


def test_a_call_needs_an_api_version(emulator: Emulator) -> None:
    answer = emulator.arm("GET", GROUP, version="")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "MissingApiVersionParameter"


@pytest.mark.parametrize("content", ["{", "[]", '"text"'])
def test_a_body_that_is_no_object_is_refused(emulator: Emulator, content: str) -> None:
    token = emulator.entra_token(PUBLIC.arm_audiences[0])
    answer = emulator.http.put(
        f"{PUBLIC.arm_url}{GROUP}?api-version=2024-11-01",
        headers={"authorization": f"Bearer {token}"},
        content=content,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidRequestContent"


@pytest.mark.parametrize(
    "path",
    [GROUP.lower(), GROUP.replace("resourceGroups", "RESOURCEGROUPS"), f"{GROUP}/", f"/{GROUP}"],
)
def test_a_path_matches_whatever_its_case_and_slashes(emulator: Emulator, path: str) -> None:
    answer = emulator.arm("GET", path)
    assert answer.json()["id"] == GROUP
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-ms-request-id"]


def test_an_id_keeps_the_spelling_that_it_was_made_with(emulator: Emulator) -> None:
    typed = f"{VAULTS}/MyVault".replace("resourceGroups", "resourcegroups")
    assert emulator.ok("PUT", typed, VAULT)["id"] == typed
    assert emulator.ok("GET", f"{VAULTS}/myvault")["id"] == typed


def test_a_group_is_made_once_and_seen_by_head(emulator: Emulator) -> None:
    path = f"{SUBSCRIPTION}/resourceGroups/seen"
    assert emulator.arm("HEAD", path).status_code == 404
    assert emulator.arm("PUT", path, {"location": "westus"}).status_code == 201
    assert emulator.arm("PUT", path, {"location": "westus"}).status_code == 200
    assert emulator.arm("HEAD", path).status_code == 204
    emulator.ok("DELETE", path)
    assert emulator.arm("HEAD", path).status_code == 404


def test_a_group_goes_with_everything_in_it(emulator: Emulator) -> None:
    emulator.ok("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    emulator.ok("PUT", f"{VAULTS}/arm-vault", VAULT)
    identity = emulator.ok("PUT", f"{IDENTITIES}/arm-id", {"location": "westus"})
    assign(emulator, f"{STORAGE}/armaccount", identity["properties"]["principalId"])
    emulator.ok("DELETE", GROUP)
    assert emulator.instance.store.list(GROUP) == []
    assert emulator.instance.directory.find(identity["properties"]["principalId"]) is None
    emulator.ok("PUT", GROUP, {"location": "westus"})
    assert emulator.ok("GET", f"{GROUP}/resources") == {"value": []}


def test_the_generic_list_finds_by_type_and_leaves_out_children(emulator: Emulator) -> None:
    emulator.ok("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    emulator.ok("PUT", f"{VAULTS}/arm-vault", VAULT)
    assign(emulator, GROUP, "someone")

    def found(**query: str) -> list[str]:
        token = emulator.entra_token(PUBLIC.arm_audiences[0])
        answer = emulator.http.get(
            f"{PUBLIC.arm_url}{SUBSCRIPTION}/resources",
            params={"api-version": "2024-11-01", **query},
            headers={"authorization": f"Bearer {token}"},
        )
        return [each["name"] for each in answer.json()["value"]]

    assert found() == ["armaccount", "arm-vault"]
    assert found(**{"$filter": "resourceType eq 'microsoft.keyvault/VAULTS'"}) == ["arm-vault"]
    assert found(**{"$filter": "resourceType eq 'Microsoft.X/y'"}) == []


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
def test_a_vault_goes_by_roles_unless_told_otherwise_from_2026_on(
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


def assign(emulator: Emulator, scope: str, principal: str, name: str = "assigned") -> Any:
    definition = f"{SUBSCRIPTION}/{ROLES}/roleDefinitions/{CONTRIBUTOR}"
    properties = {"roleDefinitionId": definition, "principalId": principal}
    return emulator.arm(
        "PUT", f"{scope}/{ROLES}/roleAssignments/{name}", {"properties": properties}
    )


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
    assert assign(emulator, GROUP, "someone").status_code == 201
    again = assign(emulator, GROUP, "someone", "another-name")
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "RoleAssignmentExists"
    listed = emulator.ok("GET", f"{GROUP}/{ROLES}/roleAssignments")["value"]
    assert [each["properties"]["principalId"] for each in listed] == ["someone"]
    emulator.ok("DELETE", listed[0]["id"])
    assert emulator.arm("DELETE", listed[0]["id"]).status_code == 204


def test_the_subscription_and_tenant_are_the_clouds_own(emulator: Emulator) -> None:
    subscriptions = emulator.ok("GET", "/subscriptions")["value"]
    assert [each["subscriptionId"] for each in subscriptions] == [PUBLIC.subscription_id]
    tenants = emulator.ok("GET", "/tenants")["value"]
    assert [each["tenantId"] for each in tenants] == [PUBLIC.tenant_id]


def test_providers_are_registered_and_tell_their_types(emulator: Emulator) -> None:
    provider = emulator.ok("GET", f"{SUBSCRIPTION}/providers/microsoft.containerregistry")
    assert provider["registrationState"] == "Registered"
    types = [each["resourceType"] for each in provider["resourceTypes"]]
    assert types == [
        "registries",
        "registries/exportPipelines",
        "registries/importPipelines",
        "registries/pipelineRuns",
    ]
