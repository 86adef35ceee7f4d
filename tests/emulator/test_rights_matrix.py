"""Every route with every role: what each declares is what it requests, and roles allow as in Azure.

The calls are made from the declarations; which role allows which action stands here once more.
"""

from __future__ import annotations

import re
from collections import defaultdict

import httpx
import jwt
import pytest
from acr_emulator.arm.request import Anyone, Readable, Right, Route
from acr_emulator.registry.front.gate import VALID_TOKEN, GuardedRoute
from acr_emulator.registry.front.login_server import guarded_routes

from tests.emulator.declared_routes import VALUES, routes
from tests.emulator.guests import TRANSFER_CONTRIBUTOR, Guest
from tests.emulator.running import GROUP, SUBSCRIPTION, Emulator, Json

ROLES = ("", "Reader", "AcrPull", "AcrPush", "Contributor", "Owner", TRANSFER_CONTRIBUTOR)
REGISTRY = "Microsoft.ContainerRegistry/registries"
ALL_BUT_ROLES = {"Contributor", "Owner"}
READERS = {"Reader", *ALL_BUT_ROLES}
TRANSFERS = {TRANSFER_CONTRIBUTOR, *ALL_BUT_ROLES}
#: Who may do what, by the first pattern that an action fits.
ALLOWED: list[tuple[str, set[str]]] = [
    (r"Microsoft\.Authorization/\w+/(write|delete)", {"Owner"}),
    (f"{REGISTRY}/read", READERS | TRANSFERS),
    (f"{REGISTRY}/(exportPipelines|importPipelines|pipelineRuns)/.*read", READERS | TRANSFERS),
    (f"{REGISTRY}/(exportPipelines|importPipelines|pipelineRuns)/.*", TRANSFERS),
    (".*/read", READERS),
    (".*", ALL_BUT_ROLES),
]
#: The routes for which no role is needed.
OPEN = {
    "GET /tenants",
    "GET /subscriptions",
    "GET /subscriptions/{subscription}",
    "GET /subscriptions/{subscription}/locations",
    "GET /subscriptions/{subscription}/providers",
    "GET /subscriptions/{subscription}/providers/{namespace}",
    "GET /subscriptions/{subscription}/providers/{namespace}/locations/{location}"
    "/operationResults/{operation}",
    "GET /subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}"
    "/asyncoperations/{operation}",
}
#: The lists that show what the caller may read, and nothing to somebody without a role.
FILTERED = {
    "/subscriptions/{subscription}/resourceGroups",
    "/subscriptions/{subscription}/resources",
    "/subscriptions/{subscription}/resourceGroups/{group}/resources",
    *(
        f"/subscriptions/{{subscription}}{group}/providers/{type_}"
        for group in ("", "/resourceGroups/{group}")
        for type_ in (
            REGISTRY,
            "Microsoft.KeyVault/vaults",
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "Microsoft.Storage/storageAccounts",
        )
    ),
}


@pytest.fixture(scope="module")
def arm_routes(emulator: Emulator) -> list[Route]:
    emulator.registry("matrix")
    return routes(emulator.instance)


@pytest.fixture(scope="module")
def guests(emulator: Emulator) -> dict[str, Guest]:
    """Somebody for each role, which is assigned for the whole subscription."""
    return {role: Guest.with_role(emulator, role, SUBSCRIPTION) for role in ROLES}


def path_of(route: Route) -> str:
    path = re.sub(r"{(\w+)}", lambda name: VALUES.get(name[1], f"missing{name[1]}"), route.template)
    # A registry's own calls go to one that doesn't exist either.
    is_child = re.search("Pipelines|pipelineRuns|{scope}", route.template)
    return path if is_child else path.replace("/matrix", "/missing")


def name_of(route: Route) -> str:
    return f"{route.method} {route.template}"


def allowed_by(action: str) -> set[str]:
    return next(roles for pattern, roles in ALLOWED if re.fullmatch(pattern, action))


def test_every_route_declares_what_it_needs(arm_routes: list[Route]) -> None:
    assert [name_of(route) for route in arm_routes if route.needs is None] == []
    anyone = {name_of(route) for route in arm_routes if isinstance(route.needs, Anyone)}
    assert anyone == OPEN
    readable = {route.template for route in arm_routes if isinstance(route.needs, Readable)}
    assert readable == FILTERED


def test_every_declaration_is_of_its_own_route(arm_routes: list[Route]) -> None:
    for route in arm_routes:
        if not isinstance(route.needs, Right):
            continue
        verb = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write"}.get(route.method)
        expected = verb or ("delete" if route.method == "DELETE" else "action")
        is_check = route.template.endswith("NameAvailability")
        assert route.needs.action.endswith(f"/{'read' if is_check else expected}"), route
        # az uses an older path of a deployment's operations.
        path = re.sub("}(?=/deployments/)", "}/providers/Microsoft.Resources", route.template)
        scope = route.needs.scope.split("/")
        assert path.split("/")[: len(scope)] == scope, route


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "no role")
def test_every_route_allows_those_whom_its_action_is_for(
    arm_routes: list[Route], guests: dict[str, Guest], role: str
) -> None:
    wrong = []
    for route in arm_routes:
        answer = call(guests[role], route)
        is_allowed = not isinstance(route.needs, Right) or role in allowed_by(
            route.needs.action.format(**VALUES)
        )
        if (answer.status_code == 403) is is_allowed or answer.status_code >= 500:
            wrong.append((name_of(route), answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", ["Owner", "Contributor", "Reader"])
def test_a_role_on_another_group_opens_no_route(
    emulator: Emulator, arm_routes: list[Route], role: str
) -> None:
    elsewhere = f"{SUBSCRIPTION}/resourceGroups/elsewhere"
    emulator.ok("PUT", elsewhere, {"location": "westus"})
    guest = Guest.with_role(emulator, role, elsewhere)
    answers = {name_of(route): call(guest, route) for route in arm_routes}
    shown = defaultdict(list)
    for route in arm_routes:
        if isinstance(route.needs, Readable):
            for item in answers[name_of(route)].json()["value"]:
                shown[route.template].append(item["name"])
    assert shown == {"/subscriptions/{subscription}/resourceGroups": ["elsewhere"]}
    opened = [
        name
        for route in arm_routes
        if isinstance(route.needs, Right) and answers[name := name_of(route)].status_code != 403
    ]
    assert opened == []


def call(guest: Guest, route: Route) -> httpx.Response:
    body: Json | None = {} if route.method in ("PUT", "PATCH", "POST") else None
    return guest.arm(route.method, path_of(route), body)


# --- registries ---

#: What of a repository and of the catalog roles allow, at the registry.
FRONT = {
    "": set(),
    "Reader": {"pull", "metadata_read", "*"},
    "AcrPull": {"pull", "metadata_read", "*"},
    "AcrPush": {"pull", "metadata_read", "*", "push", "metadata_write"},
    "Contributor": {"pull", "metadata_read", "*", "push", "metadata_write", "delete"},
    "Owner": {"pull", "metadata_read", "*", "push", "metadata_write", "delete"},
    TRANSFER_CONTRIBUTOR: set(),
}
FRONT_ROUTES = guarded_routes(None)  # type: ignore[arg-type] # nothing is called of it
EVERYTHING = ("registry:catalog:*", "repository:missing:*")


def front_path(route: GuardedRoute) -> str:
    return re.sub(r"{\w+(:path)?}", "missing", route.path)


def test_every_route_of_a_registry_declares_what_it_needs() -> None:
    assert [route.path for route in FRONT_ROUTES if route.needs is None] == []
    no_scope = [route.path for route in FRONT_ROUTES if route.needs is VALID_TOKEN]
    assert no_scope == ["/v2", "/v2/", "/acr/v1/_deleted/{rest:path}"]  # which refuses everybody


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "no role")
def test_every_route_of_a_registry_allows_those_whom_it_is_for(
    emulator: Emulator, role: str
) -> None:
    emulator.registry("matrix")
    its = Guest.with_role(emulator, role, GROUP).registry("matrix")
    token = its.token(*EVERYTHING)
    claims = jwt.decode(token, options={"verify_signature": False})
    granted = {action for entry in claims["access"] for action in entry["actions"]}
    assert granted == FRONT[role]
    wrong = []
    for route in FRONT_ROUTES:
        assert route.needs is not None
        needed = set(route.needs.actions)
        for method in route.methods:
            answer = its.call(
                method, front_path(route), headers={"Authorization": f"Bearer {token}"}
            )
            is_allowed = bool(needed & FRONT[role]) or not needed
            if (answer.status_code == 401) is is_allowed or answer.status_code >= 500:
                wrong.append((method, route.path, answer.status_code))
    assert wrong == []


def test_no_route_of_a_registry_is_open(emulator: Emulator) -> None:
    emulator.registry("matrix")
    client = emulator.client("matrix")
    answers = {
        (method, route.path): client.call(method, front_path(route)).status_code
        for route in FRONT_ROUTES
        for method in route.methods
    }
    assert set(answers.values()) == {401}
