"""Who may do what: rights are declared by routes, and nothing is allowed by its spelling."""

import dataclasses
from collections.abc import Iterator

import httpx
import jwt
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.runs.pipelines import EXPORT, KINDS, PipelineKind

from tests.emulator.declared_routes import routes
from tests.emulator.guests import (
    TRANSFER_CONTRIBUTOR,
    Guest,
    assignment_at,
    role_assignment,
)
from tests.emulator.run_world import ACCOUNT, CONTAINER_ID, URI, VAULT, World, registry
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Json
from tests.support.emulator_wording import VAULT_STATUS
from tests.support.oci import RegistryClient

ACCOUNT_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
REPOSITORY_ACTIONS = ["pull", "push", "delete", "metadata_read", "metadata_write"]


@pytest.fixture
def guest(world: World) -> Guest:
    """Somebody without a role."""
    return Guest.arrives(world.emulator)


@pytest.fixture(autouse=True)
def _assignments_as_before(world: World) -> Iterator[None]:
    yield
    path = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments"
    for item in world.emulator.ok("GET", path)["value"]:
        world.emulator.ok("DELETE", item["id"])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


FORBIDDEN = (403, "AuthorizationFailed")


@pytest.mark.parametrize("providers", ["providers", "Providers", "PROVIDERS", "p%72oviders"])
@pytest.mark.parametrize("groups", ["resourceGroups", "ResourceGroups", "resource%47roups"])
def test_no_spelling_of_a_path_opens_it(guest: Guest, providers: str, groups: str) -> None:
    path = ACCOUNT_ID.replace("providers", providers).replace("resourceGroups", groups)
    answer = guest.arm("POST", f"{path}/listKeys")
    assert refusal(answer) == FORBIDDEN
    assert "Microsoft.Storage/storageAccounts/listKeys/action" in answer.json()["error"]["message"]


@pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP, ACCOUNT_ID], ids=["all", "group", "one"])
def test_nobody_makes_himself_owner(guest: Guest, scope: str) -> None:
    body = role_assignment("Owner", principalId=guest.id)
    assert refusal(guest.arm("PUT", assignment_at(scope), body)) == FORBIDDEN
    assert guest.arm("GET", "/subscriptions").status_code == 200
    assert refusal(guest.arm("GET", ACCOUNT_ID)) == FORBIDDEN


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_resource_group_takes_a_right(guest: Guest, method: str) -> None:
    path = f"{SUBSCRIPTION}/resourceGroups/guarded"
    guest.emulator.ok("PUT", path, {"location": "westus"})
    body = {"location": "eastus"} if method.startswith("P") else None
    assert refusal(guest.arm(method, path, body)) == FORBIDDEN
    assert guest.emulator.ok("GET", path)["location"] == "westus"


def test_lists_show_what_the_caller_may_read(guest: Guest) -> None:
    registries = f"{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries"
    lists = [f"{SUBSCRIPTION}/resourceGroups", f"{SUBSCRIPTION}/resources", registries, REGISTRIES]

    def names(path: str) -> list[str]:
        return [item["name"] for item in guest.arm("GET", path).json()["value"]]

    assert [names(path) for path in lists] == [[], [], [], []]
    body = role_assignment("Reader", principalId=guest.id)
    guest.emulator.ok("PUT", assignment_at(f"{REGISTRIES}/runsource"), body)
    assert [names(path) for path in lists] == [[], ["runsource"], ["runsource"], ["runsource"]]


def granted(client: RegistryClient, *scopes: str) -> list[str]:
    claims = jwt.decode(client.token(*scopes), options={"verify_signature": False})
    return [":".join([e["type"], e["name"], ",".join(e["actions"])]) for e in claims["access"]]


STARS = [
    # role, what of `*` on a repository it has
    ("", []),
    (TRANSFER_CONTRIBUTOR, []),
    ("AcrPull", ["pull", "metadata_read"]),
    ("Reader", ["pull", "metadata_read"]),
    ("AcrPush", ["pull", "push", "metadata_read", "metadata_write"]),
    ("Contributor", REPOSITORY_ACTIONS),
]


@pytest.mark.parametrize(("role", "actions"), STARS)
def test_a_star_on_a_repository_is_what_the_role_allows(
    world: World, role: str, actions: list[str]
) -> None:
    its = Guest.with_role(world.emulator, role, f"{REGISTRIES}/runsource").registry("runsource")
    star = "repository:app:*"
    assert granted(its, star) == ([f"repository:app:{','.join(actions)}"] if actions else [])
    statuses = [
        its.call("GET", "/v2/app/tags/list", star).status_code,
        its.call("POST", "/v2/app/blobs/uploads/", star).status_code,
        its.call("DELETE", f"/v2/app/manifests/sha256:{'0' * 64}", star).status_code,
    ]
    expected = {"pull": 200, "push": 202, "delete": 404}
    assert statuses == [status if name in actions else 401 for name, status in expected.items()]


@pytest.mark.parametrize(
    "scope",
    [
        "repository:app:listCredentials/action",
        "repository:../runtarget/app:pull",
        "repository:app%2Fx:pull",
        "registry:runtarget:*",
        "registry:catalog:pull",
        "repository(plugin):app:pull",
    ],
)
def test_a_token_is_for_what_is_known_only(world: World, scope: str) -> None:
    for its in (
        world.emulator.client("runsource"),
        Guest.with_role(world.emulator, "Owner", GROUP).registry("runsource"),
    ):
        assert granted(its, scope) == []


@pytest.mark.parametrize("principal", [{}, {"principalId": ""}, {"principalId": "nobody"}])
def test_a_role_is_assigned_to_a_principal_of_the_tenant(world: World, principal: Json) -> None:
    answer = world.emulator.arm("PUT", assignment_at(GROUP), role_assignment("Reader", **principal))
    code = "PrincipalNotFound" if principal.get("principalId") else "InvalidPrincipalId"
    assert refusal(answer) == (400, code)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipeline_without_an_identity_has_no_right(world: World, kind: PipelineKind) -> None:
    emulator = world.emulator
    uri = world.secret("nobodys", world.sas("ralwd"))
    policy = {"objectId": "", "permissions": {"secrets": ["get"]}}
    path = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}/accessPolicies/add"
    emulator.arm("PUT", path, {"properties": {"accessPolicies": [policy]}})
    modes = {
        "ManagedIdentity": "Status: 403 (This request is not authorized to perform this",
        "SasToken": f"{VAULT_STATUS}403",
    }
    for mode, message in modes.items():
        location = {"uri": URI, "storageAccessMode": mode, "keyVaultUri": uri}
        properties: Json = {kind.side: location}
        if kind is not EXPORT:
            properties["trigger"] = {"sourceTrigger": {"status": "Disabled"}}
        name = f"nobody{mode}"
        collection = f"{registry(kind)}/{kind.collection}"
        emulator.ok("PUT", f"{collection}/{name}", {"properties": properties})
        response = world.run(kind, name, name, "blob")["response"]
        assert message in response["pipelineRunErrorMessage"]


def test_an_assignment_stays_with_its_principal(world: World, guest: Guest) -> None:
    emulator, path = world.emulator, assignment_at(GROUP)
    emulator.ok("PUT", path, role_assignment("Reader", principalId=guest.id))
    before = emulator.ok("GET", path)
    another = role_assignment("Reader", principalId=emulator.principal("another"))
    assert refusal(emulator.arm("PUT", path, another)) == (400, "RoleAssignmentUpdateNotPermitted")
    assert emulator.ok("GET", path) == before


def test_a_role_below_a_scope_is_not_one_at_it(world: World, guest: Guest) -> None:
    for scope in (ACCOUNT_ID, GROUP, SUBSCRIPTION):
        body = role_assignment("Reader", principalId=guest.id)
        assert world.emulator.arm("PUT", assignment_at(scope), body).status_code == 201


def test_a_contributor_deletes_what_others_have_roles_on(world: World) -> None:
    emulator = world.emulator
    emulator.registry("assigned")
    registry_id = f"{REGISTRIES}/assigned"
    target = {"uri": URI, "storageAccessMode": "ManagedIdentity"}
    pipeline = {"identity": {"type": "SystemAssigned"}, "properties": {"target": target}}
    emulator.ok("PUT", "assigned/exportPipelines/exporter", pipeline)
    contributor = Guest.with_role(emulator, "Contributor", registry_id)
    assert contributor.arm("DELETE", registry_id).status_code == 202
    assert emulator.instance.store.list(registry_id) == []


def test_no_token_outlives_its_registry(world: World) -> None:
    emulator = world.emulator
    emulator.registry("returning")
    before = emulator.client("returning")
    catalog = "registry:catalog:*"
    access = {"Authorization": f"Bearer {before.token(catalog)}"}
    assert before.call("GET", "/v2/_catalog", headers=access).status_code == 200
    emulator.ok("DELETE", "returning")
    emulator.registry("returning")
    assert before.call("GET", "/v2/_catalog", headers=access).status_code == 401
    form = {
        "grant_type": "refresh_token",
        "service": PUBLIC.login_server("returning"),
        "scope": catalog,
    }
    answer = before.call(
        "POST", "/oauth2/token", data={**form, "refresh_token": before.refresh_token}
    )
    assert answer.status_code == 401
    after = emulator.client("returning")
    assert after.call("GET", "/v2/_catalog", catalog).status_code == 200


def test_a_deleted_principal_is_not_taken_for_the_admin_user(world: World) -> None:
    guest = Guest.with_role(world.emulator, "AcrPull", GROUP)
    its = guest.registry("runsource")
    world.emulator.instance.directory.remove(guest.id)
    assert granted(its, "repository:app:*") == ["repository:app:pull,metadata_read"]
    someone = Guest.arrives(world.emulator)
    theirs = someone.registry("runsource")
    world.emulator.instance.directory.remove(someone.id)
    assert granted(theirs, "repository:app:*", "registry:catalog:*") == []


SECRET_CALLS: list[tuple[str, str, Json | None]] = [
    ("GET", "secrets", None),
    ("GET", "secrets/guarded", None),
    ("GET", "secrets/guarded/versions", None),
    ("PUT", "secrets/guarded", {"value": "of a guest"}),
    ("PATCH", "secrets/guarded", {"attributes": {"enabled": False}}),
    ("DELETE", "secrets/guarded", None),
    ("GET", "deletedsecrets/deleted", None),
    ("DELETE", "deletedsecrets/deleted", None),
    ("POST", "deletedsecrets/deleted/recover", None),
]
#: What each holds, in the order of the calls.
SECRET_ROLES = {
    "": [403] * 9,
    "Owner": [403] * 9,
    "Key Vault Secrets User": [200, 200, 200, 403, 403, 403, 200, 403, 403],
    "Key Vault Secrets Officer": [200, 200, 200, 200, 200, 200, 200, 204, 404],
}


@pytest.mark.parametrize("role", SECRET_ROLES)
def test_each_call_on_secrets_takes_a_right(world: World, role: str) -> None:
    emulator = world.emulator
    vault = f"vault{len(role)}"
    emulator.vault(vault)
    vault_id = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{vault}"
    emulator.ok("PATCH", vault_id, {"properties": {"enableRbacAuthorization": True}})
    for secret in ("guarded", "deleted"):
        emulator.secret(vault, secret, "of the operator")
    operator = {"Authorization": f"Bearer {emulator.entra_token(PUBLIC.vault_audience)}"}
    emulator.http.delete(
        f"{PUBLIC.vault_url(vault)}/secrets/deleted?api-version=7.4", headers=operator
    )
    guest = Guest.with_role(emulator, role, vault_id)
    answers = [guest.vault(method, vault, path, body) for method, path, body in SECRET_CALLS]
    assert [answer.status_code for answer in answers] == SECRET_ROLES[role]


def test_a_pipeline_gets_only_identities_that_its_author_may_assign(world: World) -> None:
    emulator = world.emulator
    identity = emulator.ok("PUT", f"{IDENTITIES}/powerful", {"location": "westus"})["id"]
    emulator.grant(
        emulator.ok("GET", identity)["properties"]["principalId"],
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        CONTAINER_ID,
    )
    guest = Guest.with_role(emulator, TRANSFER_CONTRIBUTOR, f"{REGISTRIES}/runsource")
    target = {"uri": URI, "storageAccessMode": "ManagedIdentity"}
    body = {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        "properties": {"target": target},
    }
    path = f"{REGISTRIES}/runsource/exportPipelines/borrowing"
    assert refusal(guest.arm("PUT", path, body)) == (403, "LinkedAuthorizationFailed")
    emulator.ok("PUT", assignment_at(identity), role_assignment("Owner", principalId=guest.id))
    assert guest.arm("PUT", path, body).status_code == 200


def test_a_route_without_a_declaration_is_closed(world: World) -> None:
    emulator = world.emulator
    declared = routes(emulator.instance)
    index, route = next(
        (index, route) for index, route in enumerate(declared) if route.template == "/subscriptions"
    )
    declared[index] = dataclasses.replace(route, needs=None)
    try:
        assert refusal(emulator.arm("GET", "/subscriptions")) == FORBIDDEN
    finally:
        declared[index] = route
    assert emulator.arm("GET", "/subscriptions").status_code == 200
