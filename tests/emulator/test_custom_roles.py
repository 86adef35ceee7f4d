"""Custom roles: kept, listed, assigned, and part of every decision about rights."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import jwt
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.authorization import BLOBS, SECRETS

from tests.emulator.guests import ROLE_IDS, Guest, assignment_at
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Emulator, Json

REGISTRY = "Microsoft.ContainerRegistry/registries"
ACCOUNT_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/customaccount"
OTHER = f"{SUBSCRIPTION}/resourceGroups/custom-other"
NOTHING: Json = {"actions": [], "notActions": [], "dataActions": [], "notDataActions": []}


@pytest.fixture(scope="module", autouse=True)
def resources(emulator: Emulator) -> None:
    emulator.registry("custom")
    emulator.ok("PUT", OTHER, {"location": "westus"})
    emulator.container("customaccount", "blobs").upload_blob("blob", b"content", overwrite=True)


def definition_of(role: str, scope: str = SUBSCRIPTION) -> str:
    return f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}"


def body(name: str, *scopes: str, **permissions: list[str]) -> Json:
    return {
        "properties": {
            "roleName": name,
            "type": "CustomRole",
            "description": "Runs pipelines.",
            "assignableScopes": list(scopes or [GROUP]),
            "permissions": [permissions],
        }
    }


def create(emulator: Emulator, *scopes: str, **permissions: list[str]) -> str:
    """A new role; its id."""
    role = str(uuid.uuid4())
    emulator.ok("PUT", definition_of(role), body(f"role {role}", *scopes, **permissions))
    return role


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_role_is_created_shown_listed_changed_and_deleted(emulator: Emulator) -> None:
    role = str(uuid.uuid4())
    created = emulator.arm("PUT", definition_of(role, GROUP), body("Operator", actions=["*/read"]))
    assert created.status_code == 201
    properties = created.json()["properties"]
    administrator = emulator.instance.directory.operator()[0].object_id
    assert (properties["createdBy"], properties["updatedBy"]) == (administrator, administrator)
    assert created.json() == {
        "id": definition_of(role),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role,
        "properties": {
            "roleName": "Operator",
            "type": "CustomRole",
            "description": "Runs pipelines.",
            "assignableScopes": [GROUP],
            "permissions": [{**NOTHING, "actions": ["*/read"]}],
            **{key: properties[key] for key in ("createdOn", "updatedOn")},
            **{key: properties[key] for key in ("createdBy", "updatedBy")},
        },
    }
    assert emulator.ok("GET", definition_of(role)) == created.json()
    for scope, filter_, expected in (
        (SUBSCRIPTION, "", True),
        (GROUP, "roleName eq 'Operator'", True),
        (f"{REGISTRIES}/custom", "type eq 'CustomRole'", True),
        (GROUP, "type eq 'BuiltInRole'", False),
        (OTHER, "", False),
    ):
        assert (role in listed(emulator, scope, filter_)) is expected
    changed = emulator.ok("PUT", definition_of(role), body("Operators", actions=["*"]))
    assert changed["properties"]["createdOn"] == properties["createdOn"]
    assert changed["properties"]["roleName"] == "Operators"
    assert emulator.ok("GET", definition_of(role.upper())) == changed
    assert emulator.ok("DELETE", definition_of(role)) == changed
    assert emulator.arm("DELETE", definition_of(role)).status_code == 204
    assert refusal(emulator.arm("GET", definition_of(role))) == (400, "RoleDefinitionDoesNotExist")


def listed(emulator: Emulator, scope: str, filter_: str = "") -> set[str]:
    answer = emulator.http.get(
        f"{PUBLIC.arm_url}{definition_of('', scope)}",
        params={"api-version": "2022-04-01", "$filter": filter_},
        headers={"Authorization": f"Bearer {emulator.entra_token(PUBLIC.arm_audience)}"},
    )
    assert answer.status_code == 200, answer.text
    return {definition["name"] for definition in answer.json()["value"]}


def test_actions_and_not_actions_decide_in_resource_manager(emulator: Emulator) -> None:
    role = create(
        emulator,
        actions=[f"{REGISTRY}/*/read", f"{REGISTRY}/READ", f"{REGISTRY}/pipelineRuns/*"],
        notActions=[f"{REGISTRY}/pipelineRuns/delete"],
    )
    guest = Guest.arrives(emulator)
    run = f"{REGISTRIES}/custom/pipelineRuns/none"
    assert guest.arm("GET", run).status_code == 403
    emulator.grant(guest.id, role, GROUP)
    assert guest.arm("GET", f"{REGISTRIES}/custom").status_code == 200
    assert guest.arm("GET", run).status_code == 404
    assert guest.arm("PUT", run, {"properties": {"request": {}}}).status_code == 400
    assert refusal(guest.arm("DELETE", run)) == (403, "AuthorizationFailed")
    assert refusal(guest.arm("DELETE", f"{REGISTRIES}/custom")) == (403, "AuthorizationFailed")
    permissions = guest.arm("GET", f"{GROUP}/providers/Microsoft.Authorization/permissions")
    assert permissions.status_code == 403
    emulator.ok("PUT", definition_of(role), body(f"role {role}", actions=[f"{REGISTRY}/read"]))
    assert guest.arm("GET", run).status_code == 403


def blob(guest: Guest, method: str, **more: Any) -> int:
    return guest.emulator.http.request(
        method,
        f"https://customaccount.{PUBLIC.blob_suffix}/blobs/blob",
        headers={
            "Authorization": f"Bearer {guest.token(PUBLIC.storage_audience)}",
            "x-ms-version": "2023-11-03",
            "x-ms-blob-type": "BlockBlob",
        },
        **more,
    ).status_code


def test_data_actions_decide_in_storage(emulator: Emulator) -> None:
    role = create(emulator, dataActions=["Microsoft.Storage/*"], notDataActions=[f"{BLOBS}/delete"])
    guest = Guest.arrives(emulator)
    emulator.grant(guest.id, role, ACCOUNT_ID)
    assert (blob(guest, "HEAD"), blob(guest, "PUT", content=b"new")) == (200, 201)
    assert blob(guest, "DELETE") == 403
    emulator.ok("PUT", definition_of(role), body(f"role {role}", dataActions=[f"{BLOBS}/read"]))
    assert (blob(guest, "HEAD"), blob(guest, "PUT", content=b"newer")) == (200, 403)
    emulator.ok("PUT", definition_of(role), body(f"role {role}", actions=["*"]))
    assert blob(guest, "HEAD") == 403


def test_data_actions_decide_in_a_vault(emulator: Emulator) -> None:
    emulator.vault("customvault")
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/customvault"
    emulator.secret("customvault", "secret", "value")
    emulator.ok("PATCH", vault, {"properties": {"enableRbacAuthorization": True}})
    role = create(emulator, vault, dataActions=[f"{SECRETS}/get*/action"])
    guest = Guest.arrives(emulator)
    assert guest.vault("GET", "customvault", "secrets/secret").status_code == 403
    emulator.grant(guest.id, role, vault)
    assert guest.vault("GET", "customvault", "secrets/secret").json()["value"] == "value"
    assert guest.vault("PUT", "customvault", "secrets/secret", {"value": "x"}).status_code == 403


def test_actions_decide_in_a_registry(emulator: Emulator) -> None:
    role = create(emulator, actions=[f"{REGISTRY}/pull/*", f"{REGISTRY}/artifacts/*"])
    guest = Guest.arrives(emulator)
    emulator.grant(guest.id, role, f"{REGISTRIES}/custom")
    token = guest.registry("custom").token("repository:app:*")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert [sorted(entry["actions"]) for entry in claims["access"]] == [
        ["delete", "metadata_read", "pull"]
    ]


def test_a_role_is_assigned_only_where_it_is_assignable(
    emulator: Emulator,
) -> None:
    role = create(emulator, f"{REGISTRIES}/custom", actions=["*"])
    guest = Guest.arrives(emulator)
    assignment = {"properties": {"roleDefinitionId": definition_of(role), "principalId": guest.id}}
    for scope in (GROUP, OTHER, SUBSCRIPTION):
        answer = emulator.arm("PUT", assignment_at(scope), assignment)
        assert refusal(answer) == (400, "RoleDefinitionNotAssignableAtScope")
    path = assignment_at(f"{REGISTRIES}/custom/exportPipelines/some")
    emulator.ok("PUT", path, assignment)
    answer = emulator.arm("DELETE", definition_of(role))
    assert refusal(answer) == (400, "RoleDefinitionHasAssignments")
    emulator.ok("DELETE", path)
    assert emulator.arm("DELETE", definition_of(role)).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"roleName": ""}, "'roleName' and 'assignableScopes' are required"),
        ({"assignableScopes": []}, "'roleName' and 'assignableScopes' are required"),
        ({"assignableScopes": ["/"]}, "the scope '/' isn't in the subscription"),
        (
            {"assignableScopes": ["/subscriptions/5f3e9f8e-0000-4000-8000-000000000000"]},
            "the scope '/subscriptions/5f3e9f8e-0000-4000-8000-000000000000' isn't in the"
            " subscription",
        ),
        (
            {"assignableScopes": [f"{GROUP}/a:b"]},
            f"the scope '{GROUP}/a:b' isn't valid: the segment 'a:b' isn't valid",
        ),
        ({"permissions": [NOTHING, NOTHING]}, "it can have one set of permissions"),
        ({"permissions": [{"actions": ["read"]}]}, "'read' isn't an action"),
        ({"permissions": [{"notDataActions": ["a//b"]}]}, "'a//b' isn't an action"),
    ],
)
def test_a_definition_that_is_not_valid_is_refused(
    emulator: Emulator, wrong: Json, reason: str
) -> None:
    role = str(uuid.uuid4())
    requested = body("Wrong")
    requested["properties"] |= wrong
    answer = emulator.arm("PUT", definition_of(role), requested)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "InvalidRoleDefinition",
        "message": f"The role definition isn't valid: {reason}.",
    }
    assert role not in listed(emulator, SUBSCRIPTION)


def test_a_name_is_used_once_and_built_in_roles_stay(emulator: Emulator) -> None:
    role = create(emulator)
    same_names = [f"ROLE {role}", "owner"]
    for name in same_names:
        answer = emulator.arm("PUT", definition_of(str(uuid.uuid4())), body(name))
        assert refusal(answer) == (409, "RoleDefinitionWithSameNameExists")
    owner = definition_of(ROLE_IDS["Owner"].upper())
    answer = emulator.arm("PUT", owner, body("Mine", actions=[]))
    assert refusal(answer) == (400, "RoleDefinitionUpdateNotPermitted")
    assert emulator.arm("DELETE", owner).status_code == 204
    assert ROLE_IDS["Owner"] in listed(emulator, SUBSCRIPTION)


def test_a_change_needs_the_right_at_every_assignable_scope(
    emulator: Emulator,
) -> None:
    """Else an Owner of one group could become one of another by changing what is assigned there."""
    role = create(emulator, GROUP, actions=["*/read"])
    guest = Guest.with_role(emulator, "Owner", OTHER)
    path = definition_of(role, OTHER)
    linked = (403, "LinkedAuthorizationFailed")
    assert refusal(guest.arm("PUT", path, body("taken", OTHER, actions=["*"]))) == linked
    assert refusal(guest.arm("DELETE", path)) == linked
    own = definition_of(str(uuid.uuid4()), OTHER)
    assert refusal(guest.arm("PUT", own, body("wide", OTHER, GROUP))) == linked
    assert guest.arm("PUT", own, body("own", OTHER)).status_code == 201
    assert guest.arm("DELETE", own).status_code == 200
    contributor = Guest.with_role(emulator, "Contributor", GROUP)
    answer = contributor.arm("PUT", definition_of(role, GROUP), body("mine", actions=["*"]))
    assert refusal(answer) == (403, "AuthorizationFailed")


def test_a_role_is_no_resource_of_a_group(emulator: Emulator) -> None:
    group = f"{SUBSCRIPTION}/resourceGroups/custom-gone"
    emulator.ok("PUT", group, {"location": "westus"})
    role = str(uuid.uuid4())
    emulator.ok("PUT", definition_of(role, group), body(f"role {role}", group))
    for scope in (SUBSCRIPTION, group):
        resources = emulator.ok("GET", f"{scope}/resources")["value"]
        assert role not in {resource["name"] for resource in resources}
    emulator.delete_group(group)
    assert role in listed(emulator, SUBSCRIPTION)
