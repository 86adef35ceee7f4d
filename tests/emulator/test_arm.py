"""The ARM protocol as a table of calls, and the providers that a transfer needs around it."""

from collections.abc import Iterator

import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.arm_samples import (
    ACCOUNT,
    GROUP,
    IDENTITIES,
    ROLES,
    STORAGE,
    VAULT,
    VAULTS,
    assign,
)
from tests.emulator.running import SUBSCRIPTION, Emulator, Json
from tests.support.emulator_wording import ABOUT_NOT_FOUND


@pytest.fixture(autouse=True)
def group(emulator: Emulator) -> Iterator[None]:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    yield
    emulator.delete_group(GROUP)


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
        "The Resource 'Microsoft.KeyVault/vaults/kv000005' under resource group 'arm-group' was "
        f"not found. {ABOUT_NOT_FOUND}"
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
    [GROUP.lower(), GROUP.replace("resourceGroups", "RESOURCEGROUPS"), f"{GROUP}/", f"/{GROUP}"]
    + [GROUP.replace("/", "//")],
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


def test_a_group_is_made_once_and_found_by_head(emulator: Emulator) -> None:
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
    emulator.delete_group(GROUP)
    assert emulator.instance.store.list(GROUP) == []
    assert emulator.instance.directory.find(identity["properties"]["principalId"]) is None
    emulator.ok("PUT", GROUP, {"location": "westus"})
    assert emulator.ok("GET", f"{GROUP}/resources") == {"value": []}


def test_the_generic_list_finds_by_type_and_leaves_out_children(emulator: Emulator) -> None:
    emulator.ok("PUT", f"{STORAGE}/armaccount", ACCOUNT)
    emulator.ok("PUT", f"{VAULTS}/arm-vault", VAULT)
    assign(emulator, GROUP, emulator.principal("someone"))

    def actual(**query: str) -> list[str]:
        token = emulator.entra_token(PUBLIC.arm_audiences[0])
        answer = emulator.http.get(
            f"{PUBLIC.arm_url}{SUBSCRIPTION}/resources",
            params={"api-version": "2024-11-01", **query},
            headers={"authorization": f"Bearer {token}"},
        )
        return [item["name"] for item in answer.json()["value"]]

    assert actual() == ["armaccount", "arm-vault"]
    assert actual(**{"$filter": "resourceType eq 'microsoft.keyvault/VAULTS'"}) == ["arm-vault"]
    assert actual(**{"$filter": "resourceType eq 'Microsoft.X/y'"}) == []


def test_the_subscription_and_tenant_are_the_clouds_own(emulator: Emulator) -> None:
    subscriptions = emulator.ok("GET", "/subscriptions")["value"]
    assert [item["subscriptionId"] for item in subscriptions] == [PUBLIC.subscription_id]
    tenants = emulator.ok("GET", "/tenants")["value"]
    assert [item["tenantId"] for item in tenants] == [PUBLIC.tenant_id]


def test_providers_are_registered_and_list_their_types(emulator: Emulator) -> None:
    provider = emulator.ok("GET", f"{SUBSCRIPTION}/providers/microsoft.containerregistry")
    assert provider["registrationState"] == "Registered"
    types = [item["resourceType"] for item in provider["resourceTypes"]]
    assert types == [
        "registries",
        "registries/exportPipelines",
        "registries/importPipelines",
        "registries/pipelineRuns",
    ]
