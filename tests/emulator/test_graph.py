"""Microsoft Graph: applications and service principals that are made, log in, and are deleted."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.tokens import Principal

from tests.emulator.running import Emulator, Json

MISSING = "00000000-0000-0000-0000-000000000009"


def call(
    emulator: Emulator,
    method: str,
    path: str,
    body: Any = None,
    *,
    principal: Principal | None = None,
    text: str = "",
) -> httpx.Response:
    """Call Graph as the built-in administrator, or as somebody else."""
    token = emulator.entra_token(f"https://{PUBLIC.graph}", principal)
    return emulator.http.request(
        method,
        f"https://{PUBLIC.graph}/v1.0/{path}",
        params={"$filter": text} if text else {},
        headers={"Authorization": f"Bearer {token}"},
        json=body,
    )


def application(emulator: Emulator, name: str) -> Json:
    answer = call(emulator, "POST", "applications", {"displayName": name})
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


def log_in(emulator: Emulator, application_id: str, secret: str) -> int:
    """The status of the answer to a login."""
    return emulator.http.post(
        f"{PUBLIC.login_url}/{PUBLIC.tenant_id}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": application_id,
            "client_secret": secret,
            "scope": f"{PUBLIC.arm_audience}/.default",
        },
    ).status_code


def password(emulator: Emulator, path: str, **requested: Any) -> Json:
    answer = call(emulator, "POST", f"{path}/addPassword", {"passwordCredential": requested})
    assert answer.status_code == 200, answer.text
    added: Json = answer.json()
    return added


def test_an_application_with_a_principal_and_a_password_logs_in(emulator: Emulator) -> None:
    made = application(emulator, "bot")
    added = password(emulator, f"applications/{made['id']}", displayName="rbac")
    assert log_in(emulator, made["appId"], added["secretText"]) == 400  # without a principal
    principal = call(emulator, "POST", "servicePrincipals", {"appId": made["appId"]}).json()
    assert principal["displayName"] == "bot"
    assert log_in(emulator, made["appId"], added["secretText"]) == 200
    shown = call(emulator, "GET", f"applications/{made['id']}").json()["passwordCredentials"]
    assert shown == [{key: value for key, value in added.items() if key not in NEW}]
    second = password(emulator, f"servicePrincipals/{principal['id']}")
    assert log_in(emulator, made["appId"], second["secretText"]) == 200
    key = {"keyId": added["keyId"]}
    path = f"applications/{made['id']}/removePassword"
    assert call(emulator, "POST", path, key).status_code == 204
    assert call(emulator, "POST", path, key).status_code == 400
    assert log_in(emulator, made["appId"], added["secretText"]) == 401
    assert call(emulator, "DELETE", f"applications/{made['id']}").status_code == 204
    assert log_in(emulator, made["appId"], second["secretText"]) == 400
    assert call(emulator, "GET", f"servicePrincipals/{principal['id']}").status_code == 404


NEW = ("secretText", "@odata.context")


@pytest.mark.parametrize(
    "dates",
    [
        {"endDateTime": "2020-01-01T00:00:00Z"},
        {"startDateTime": "2099-01-01T00:00:00+02:00", "endDateTime": "2100-01-01T00:00:00Z"},
    ],
)
def test_a_password_outside_of_its_time_is_refused(emulator: Emulator, dates: Json) -> None:
    made = application(emulator, "dated")
    call(emulator, "POST", "servicePrincipals", {"appId": made["appId"]})
    added = password(emulator, f"applications/{made['id']}", **dates)
    assert log_in(emulator, made["appId"], added["secretText"]) == 401


def test_applications_are_found_changed_and_deleted(emulator: Emulator) -> None:
    uri = f"api://{uuid.uuid4()}"
    made = application(emulator, "Finder")
    path = f"applications/{made['id']}"
    change = {"identifierUris": [uri], "appId": "ignored"}
    assert call(emulator, "PATCH", path, change).status_code == 204
    for text in (
        f"appId eq '{made['appId']}'",
        f"identifierUris/any(s:s eq '{uri}')",
        "startswith(displayName,'find')",
    ):
        [listed] = call(emulator, "GET", "applications", text=text).json()["value"]
        assert listed["id"] == made["id"]
        assert listed["identifierUris"] == [uri]
    assert call(emulator, "DELETE", path).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        answer = call(emulator, method, path, {} if method == "PATCH" else None)
        assert answer.status_code == 404


@pytest.mark.parametrize("kind", ["users", "groups", "oauth2PermissionGrants"])
def test_there_are_no_users_groups_and_grants(emulator: Emulator, kind: str) -> None:
    assert call(emulator, "GET", kind).json()["value"] == []
    answer = call(emulator, "GET", kind, text="nonsense eq 'x'")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    "path",
    [
        "applications/x/owners",
        "applications/x/federatedIdentityCredentials",
        "servicePrincipals/x/owners",
    ],
)
def test_nobody_owns_anything(emulator: Emulator, path: str) -> None:
    assert call(emulator, "GET", path).json()["value"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "applications", {}, 400),
        ("POST", "applications", [], 400),
        ("POST", "applications", {"displayName": 5}, 400),
        ("POST", "applications", {"displayName": "x", "identifierUris": "y"}, 400),
        ("POST", "applications", {"displayName": "x", "keyCredentials": [{}]}, 501),
        ("POST", "servicePrincipals", {"appId": MISSING}, 400),
        ("POST", f"applications/{MISSING}/addPassword", {}, 404),
        ("POST", f"servicePrincipals/{MISSING}/removePassword", {"keyId": "x"}, 404),
        ("DELETE", f"servicePrincipals/{MISSING}", None, 404),
        ("GET", f"users/{MISSING}", None, 404),
        ("GET", f"groups/{MISSING}", None, 404),
        ("GET", "me/ownedObjects", None, 400),
        ("POST", "users", {}, 405),
        ("POST", "groups", {}, 405),
        ("GET", "devices", None, 404),
    ],
)
def test_what_cannot_be_done_is_refused_in_json(
    emulator: Emulator, method: str, path: str, body: Any, status: int
) -> None:
    answer = call(emulator, method, path, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_a_date_that_is_none_is_refused(emulator: Emulator) -> None:
    path = f"applications/{application(emulator, 'undated')['id']}/addPassword"
    answer = call(emulator, "POST", path, {"passwordCredential": {"endDateTime": "soon"}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_BadRequest")


def test_an_application_has_one_principal(emulator: Emulator) -> None:
    made = application(emulator, "single")
    body = {"appId": made["appId"]}
    assert call(emulator, "POST", "servicePrincipals", body).status_code == 201
    assert call(emulator, "POST", "servicePrincipals", body).status_code == 409


def test_the_built_in_administrator_is_not_deleted(emulator: Emulator) -> None:
    operator, _ = emulator.instance.directory.operator()
    answer = call(emulator, "DELETE", f"servicePrincipals/{operator.object_id}")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "applications"),
        ("PATCH", f"applications/{MISSING}"),
        ("DELETE", f"applications/{MISSING}"),
        ("POST", f"applications/{MISSING}/addPassword"),
        ("POST", f"applications/{MISSING}/removePassword"),
        ("POST", "servicePrincipals"),
        ("DELETE", f"servicePrincipals/{MISSING}"),
    ],
)
def test_only_the_administrator_changes_the_directory(
    emulator: Emulator, method: str, path: str
) -> None:
    guest, _ = emulator.instance.directory.add_application("guest")
    answer = call(emulator, method, path, {}, principal=guest)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "Authorization_RequestDenied"
