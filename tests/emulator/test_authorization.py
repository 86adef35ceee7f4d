"""What a pipeline's identity and the caller of ARM may do, by role and policy, at each scope."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.runs.pipelines import EXPORT, IMPORT, PipelineKind

from tests.emulator.guests import Guest
from tests.emulator.run_world import (
    ACCOUNT,
    CONTAINER,
    CONTAINER_ID,
    CONTRIBUTOR,
    READER,
    URI,
    VAULT,
    World,
    registry,
    run_body,
    run_path,
)
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Json
from tests.support.emulator_wording import NOT_AUTHORIZED, STORAGE_STATUS

ACCOUNT_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
VAULT_ID = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}"
OTHER_ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}2"
OTHER_GROUP = f"{GROUP}2"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
TRANSFER = "bf94e731-3a51-4a7c-8c54-a1ab9971dfc1"
OWNER, EVERYTHING_BUT_ROLES = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
)
READING = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


@pytest.fixture(autouse=True)
def _as_before(world: World) -> Iterator[None]:
    """Take back every assignment and every change to vault and account."""
    yield
    emulator = world.emulator
    assignments = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments"
    for item in emulator.ok("GET", assignments)["value"]:
        emulator.ok("DELETE", item["id"])
    emulator.ok("PATCH", ACCOUNT_ID, {"properties": {"networkAcls": {"defaultAction": "Allow"}}})


def outcome(world: World, kind: PipelineKind, blob: str) -> str:
    """Run the pipeline; "" if it went well, else what is reported of the failure."""
    path = run_path(kind, "rightsrun")
    world.emulator.ok("DELETE", path)
    response = world.run(kind, "rights", "rightsrun", blob)["response"]
    return str(response.get("pipelineRunErrorMessage", ""))


STORAGE_REFUSES = f"{STORAGE_STATUS}403 ({NOT_AUTHORIZED} using this permission)"


@pytest.mark.parametrize(
    ("scope", "enough"),
    [
        (CONTAINER_ID, True),
        (ACCOUNT_ID, True),
        (ACCOUNT_ID.upper(), True),
        (GROUP, True),
        (SUBSCRIPTION, True),
        (CONTAINER_ID.replace(CONTAINER, "another"), False),
        (f"{ACCOUNT_ID}2", False),
        (VAULT_ID, False),
        (OTHER_GROUP, False),
    ],
)
def test_a_role_counts_at_its_scope_and_below(world: World, scope: str, *, enough: bool) -> None:
    world.emulator.ok("PUT", OTHER_GROUP, {"location": "westus"})
    principal = world.pipeline(EXPORT, "rights", "OverwriteBlobs")
    world.emulator.grant(principal, CONTRIBUTOR, scope)
    assert outcome(world, EXPORT, "scoped") == ("" if enough else STORAGE_REFUSES)


@pytest.mark.parametrize(
    ("kind", "option", "role", "enough"),
    [
        (EXPORT, "OverwriteBlobs", READER, False),
        (IMPORT, "OverwriteTags", READER, True),
        (IMPORT, "DeleteSourceBlobOnSuccess", READER, False),
        (IMPORT, "DeleteSourceBlobOnSuccess", CONTRIBUTOR, True),
        (EXPORT, "OverwriteBlobs", OWNER, False),
    ],
)
def test_a_role_allows_what_its_data_actions_say(
    world: World, kind: PipelineKind, option: str, role: str, *, enough: bool
) -> None:
    world.allowed(EXPORT, "rights", "OverwriteBlobs")
    assert outcome(world, EXPORT, "roled") == ""
    principal = world.pipeline(kind, "rights", option)
    for item in world.emulator.ok(
        "GET", f"{GROUP}/providers/Microsoft.Authorization/roleAssignments"
    )["value"]:
        world.emulator.ok("DELETE", item["id"])
    world.emulator.grant(principal, role, ACCOUNT_ID)
    assert outcome(world, kind, "roled") == ("" if enough else STORAGE_REFUSES)


def user_assigned(world: World, name: str) -> tuple[str, str]:
    """Id and principal of a separate identity."""
    path = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    identity = world.emulator.ok("PUT", path, {"location": "westus"})
    return str(identity["id"]), str(identity["properties"]["principalId"])


def put(world: World, identity: Json, **container: str) -> None:
    """Put an export pipeline with some identity."""
    location = {"uri": URI, "storageAccessMode": "ManagedIdentity", **container}
    properties = {"target": location, "options": ["OverwriteBlobs"]}
    body = {"identity": identity, "properties": properties}
    world.emulator.ok("PUT", "runsource/exportPipelines/rights", body)


def test_a_user_assigned_identity_has_its_own_rights(world: World) -> None:
    identity_id, principal = user_assigned(world, "mover")
    identity = {"type": "UserAssigned", "userAssignedIdentities": {identity_id: {}}}
    put(world, identity)
    assert outcome(world, EXPORT, "user") == STORAGE_REFUSES
    world.emulator.grant(principal, CONTRIBUTOR, CONTAINER_ID)
    assert outcome(world, EXPORT, "user") == ""

    uri = world.secret("user", world.sas("ralw"))
    put(world, identity, keyVaultUri=uri, storageAccessMode="SasToken")
    assert "Status: 403 (Forbidden)" in outcome(world, EXPORT, "user")
    world.emulator.vault(VAULT, principal)
    assert outcome(world, EXPORT, "user") == ""


def with_sas(world: World) -> str:
    """An export pipeline with a SAS in the vault; its principal."""
    uri = world.secret("rights", world.sas("ralw"))
    return world.pipeline(
        EXPORT, "rights", "OverwriteBlobs", keyVaultUri=uri, storageAccessMode="SasToken"
    )


def change_vault(world: World, **properties: Any) -> None:
    world.emulator.ok("PATCH", VAULT_ID, {"properties": properties})


@pytest.mark.parametrize("scope", [VAULT_ID, f"{VAULT_ID}/secrets/rights", GROUP, SUBSCRIPTION])
def test_a_vault_by_roles_goes_by_roles_at_each_scope(world: World, scope: str) -> None:
    principal = with_sas(world)
    world.emulator.vault(VAULT, principal)
    assert outcome(world, EXPORT, "vaulted") == ""
    change_vault(world, enableRbacAuthorization=True)
    assert "Status: 403 (Forbidden)" in outcome(world, EXPORT, "vaulted")
    world.emulator.grant(principal, SECRETS_USER, scope)
    assert outcome(world, EXPORT, "vaulted") == ""


@pytest.mark.parametrize(
    "scope", [f"{VAULT_ID}/secrets/another", f"{VAULT_ID}2", ACCOUNT_ID, REGISTRIES]
)
def test_a_role_elsewhere_opens_no_vault(world: World, scope: str) -> None:
    principal = with_sas(world)
    change_vault(world, enableRbacAuthorization=True)
    world.emulator.grant(principal, SECRETS_USER, scope)
    assert "Status: 403 (Forbidden)" in outcome(world, EXPORT, "vaulted")


def test_a_vault_by_policies_does_not_go_by_roles(world: World) -> None:
    principal = with_sas(world)
    world.emulator.grant(principal, SECRETS_USER, VAULT_ID)
    assert "Status: 403 (Forbidden)" in outcome(world, EXPORT, "vaulted")


@pytest.mark.parametrize(
    "closed",
    [
        {"networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices"}},
        {"publicNetworkAccess": "Disabled"},
    ],
    ids=["firewall", "no public access"],
)
def test_a_closed_account_refuses_every_role_but_a_closed_vault_does_not(
    world: World, closed: Json
) -> None:
    principal = with_sas(world)
    world.emulator.vault(VAULT, principal)
    change_vault(world, **closed)
    assert outcome(world, EXPORT, "closed") == ""
    world.emulator.grant(principal, CONTRIBUTOR, ACCOUNT_ID)
    world.emulator.ok("PATCH", ACCOUNT_ID, {"properties": closed})
    refused = outcome(world, EXPORT, "closed")
    world.emulator.ok("PATCH", ACCOUNT_ID, {"properties": {"publicNetworkAccess": "Enabled"}})
    assert refused == f"{STORAGE_STATUS}403 ({NOT_AUTHORIZED})"


RUN = f"{REGISTRIES}/runsource/pipelineRuns/guestrun"
ASSIGNMENT = (
    f"{RUN.rpartition('/pipelineRuns')[0]}/providers/Microsoft.Authorization/roleAssignments/one"
)


def test_a_caller_without_a_role_is_refused_with_what_it_lacks(world: World) -> None:
    guest = Guest.arrives(world.emulator)
    answer = guest.arm("PUT", RUN, {"properties": {}})
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "code": "AuthorizationFailed",
        "message": (
            f"The client '{guest.login['appId']}' with object id '{guest.login['id']}' does not"
            " have authorization to perform action"
            f" 'Microsoft.ContainerRegistry/registries/pipelineRuns/write' over scope '{RUN}' or"
            " the scope is invalid. If access was recently granted, please refresh your"
            " credentials."
        ),
    }


@pytest.mark.parametrize(
    ("role", "run", "read", "assign"),
    [
        (TRANSFER, 201, 200, 403),
        (EVERYTHING_BUT_ROLES, 201, 200, 403),
        (OWNER, 201, 200, 201),
        (READING, 403, 200, 403),
        (CONTRIBUTOR, 403, 403, 403),
    ],
    ids=["transfer", "contributor", "owner", "reader", "data only"],
)
def test_a_callers_role_says_what_it_may_do(
    world: World, role: str, run: int, read: int, assign: int
) -> None:
    world.allowed(EXPORT, "rights", "OverwriteBlobs")
    guest = Guest.arrives(world.emulator)
    world.emulator.grant(guest.login["id"], role, f"{REGISTRIES}/{registry(EXPORT)}")
    body = run_body(EXPORT, "rights", "guest", forceUpdateTag=role)
    assert guest.arm("PUT", RUN, body).status_code == run
    if run == 201:
        world.emulator.finished(RUN)  # the next case puts the same run
    definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    properties = {"roleDefinitionId": definition, "principalId": guest.login["id"]}
    assert guest.arm("PUT", ASSIGNMENT, {"properties": properties}).status_code == assign
    assert guest.arm("GET", f"{REGISTRIES}/runsource/pipelineRuns").status_code == read
    assert guest.arm("GET", VAULT_ID).status_code == 403


@pytest.mark.parametrize(
    "parent",
    [
        "Microsoft.ContainerRegistry/registries/fertile",
        "Microsoft.Storage/storageAccounts/fertile",
        "Microsoft.KeyVault/vaults/fertile",
        "Microsoft.ManagedIdentity/userAssignedIdentities/fertile",
        "",
    ],
)
def test_who_may_delete_a_parent_deletes_what_is_below_it(world: World, parent: str) -> None:
    emulator, group = world.emulator, f"{SUBSCRIPTION}/resourceGroups/parents"
    emulator.ok("PUT", group, {"location": "westus"})
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/fertile"
    path = f"{group}/providers/{parent}" if parent else group
    body = {
        "location": "westus",
        "sku": {"name": "Premium_LRS" if "Storage" in parent else "Premium"},
        "properties": {"tenantId": PUBLIC.tenant_id, "sku": {"family": "A", "name": "standard"}},
    }
    emulator.ok("PUT", path if parent else identity, body)
    guest = Guest.arrives(emulator)
    emulator.grant(guest.login["id"], EVERYTHING_BUT_ROLES, path)
    assignments = f"{path}/providers/Microsoft.Authorization/roleAssignments"
    assert len(emulator.instance.store.list(f"{assignments}/")) == 1
    assert guest.arm("DELETE", path).status_code in (200, 202)
    assert emulator.instance.store.list(f"{path}/") == []


def test_a_caller_gets_its_permissions_at_a_scope(world: World) -> None:
    guest = Guest.arrives(world.emulator)
    path = f"{REGISTRIES}/runsource/providers/Microsoft.Authorization/permissions"
    [everything] = world.emulator.ok("GET", path)["value"]
    assert everything["actions"] == ["*"]
    assert guest.arm("GET", path).status_code == 403
    world.emulator.grant(guest.login["id"], READING, f"{REGISTRIES}/runsource")
    assert guest.arm("GET", path).json()["value"] == [
        {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    ]


def test_a_caller_reads_the_secrets_that_its_role_or_policy_allows(world: World) -> None:
    guest = Guest.arrives(world.emulator)
    uri = world.secret("guests", "value")

    def read() -> httpx.Response:
        bearer = {"Authorization": f"Bearer {guest.token(PUBLIC.vault_audience)}"}
        return world.emulator.http.get(uri, params={"api-version": "7.4"}, headers=bearer)

    refused = read()
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")
    world.emulator.vault(VAULT, guest.login["id"])
    assert read().json()["value"] == "value"
    change_vault(world, enableRbacAuthorization=True)
    assert read().status_code == 403
    world.emulator.grant(guest.login["id"], SECRETS_USER, f"{VAULT_ID}/secrets/guests")
    assert read().status_code == 200


def test_an_account_may_refuse_what_its_keys_signed(world: World) -> None:
    world.emulator.vault(VAULT, with_sas(world))
    world.emulator.ok("PATCH", ACCOUNT_ID, {"properties": {"allowSharedKeyAccess": False}})
    refused = outcome(world, EXPORT, "keyless")
    world.emulator.ok("PATCH", ACCOUNT_ID, {"properties": {"allowSharedKeyAccess": True}})
    assert refused == (
        f"{STORAGE_STATUS}403 (Key based authentication is not permitted on this storage account)"
    )
    assert outcome(world, EXPORT, "keyless") == ""
