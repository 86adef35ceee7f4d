"""Entra: who gets a token, how a refusal reads, and which tokens are accepted."""

from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.tokens import Principal, Tokens, UnauthorizedError

from tests.emulator.running import SUBSCRIPTION, Emulator, Json

LOGIN = f"https://{PUBLIC.login}"
TENANT = f"{LOGIN}/{PUBLIC.tenant_id}"
ARM = "https://management.core.windows.net/"
SOMEONE = Principal("0b0e8d5c-6d0c-4a44-9b53-1f0a4c8e7d11", "2b0e8d5c-6d0c-4a44-9b53-1f0a4c8e7d11")


def request_token(
    emulator: Emulator, path: str = "oauth2/v2.0/token", **form: Any
) -> httpx.Response:
    principal, secret = emulator.instance.directory.operator()
    requested = {
        "grant_type": "client_credentials",
        "client_id": principal.application_id,
        "client_secret": secret,
        **form,
    }
    return emulator.http.post(f"{TENANT}/{path}", data=requested)


@pytest.mark.parametrize(
    ("path", "form", "audience"),
    [
        ("oauth2/v2.0/token", {"scope": f"{ARM}/.default"}, ARM),
        (
            "oauth2/v2.0/token",
            {"scope": "https://vault.azure.net/.default"},
            "https://vault.azure.net",
        ),
        (
            "oauth2/v2.0/token",
            {"scope": "https://storage.azure.com/.default openid offline_access profile"},
            "https://storage.azure.com",
        ),
        (
            "oauth2/v2.0/token",
            {"scope": "openid profile https://storage.azure.com//.default offline_access"},
            "https://storage.azure.com/",
        ),
        ("oauth2/token", {"resource": ARM}, ARM),
        (
            "oauth2/token",
            {"resource": "https://containerregistry.azure.net"},
            "https://containerregistry.azure.net",
        ),
    ],
)
def test_a_token_is_what_entra_issues_and_the_published_key_verifies_it(
    emulator: Emulator, path: str, form: Json, audience: str
) -> None:
    answer = request_token(emulator, path, **form)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    configuration = emulator.http.get(f"{TENANT}/v2.0/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(emulator.http.get(configuration["jwks_uri"]).json())
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    claims = jwt.decode(token, keys[header["kid"]].key, ["RS256"], audience=audience)
    principal, _ = emulator.instance.directory.operator()
    assert claims["tid"] == PUBLIC.tenant_id
    assert claims["oid"] == principal.object_id
    assert claims["appid"] == principal.application_id
    assert claims["exp"] - claims["iat"] == int(answer.json()["expires_in"])


REFUSALS: list[tuple[Json, int, str, int]] = [
    ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
    ({"client_secret": ""}, 401, "invalid_client", 7000215),
    ({"client_id": SOMEONE.application_id}, 400, "unauthorized_client", 700016),
    ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ({"scope": ARM}, 400, "invalid_scope", 1002012),
    ({"scope": ""}, 400, "invalid_scope", 1002012),
    ({"scope": "openid offline_access profile"}, 400, "invalid_scope", 1002012),
    ({"scope": f"{ARM}/.default {ARM}user_impersonation"}, 400, "invalid_scope", 1002012),
    ({"scope": f"{ARM}/.default https://vault.azure.net/.default"}, 400, "invalid_scope", 28000),
    ({"scope": "https://example.com/.default"}, 400, "invalid_resource", 500011),
]


@pytest.mark.parametrize(("form", "status", "error", "number"), REFUSALS)
def test_a_refusal_has_entras_status_and_number(
    emulator: Emulator, form: Json, status: int, error: str, number: int
) -> None:
    answer = request_token(emulator, **{"scope": f"{ARM}/.default", **form})
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert "access_token" not in body


def test_a_managed_identity_cannot_log_in_with_any_secret(emulator: Emulator) -> None:
    identity = emulator.instance.directory.add("identity")
    answer = request_token(
        emulator, client_id=identity.application_id, client_secret="", scope=f"{ARM}/.default"
    )
    assert answer.status_code == 401


def test_another_tenant_is_not_found(emulator: Emulator) -> None:
    foreign = f"{LOGIN}/72f988bf-86f1-41af-91ab-2d7cd011db47"
    for path in ("v2.0/.well-known/openid-configuration", "discovery/keys"):
        answer = emulator.http.get(f"{foreign}/{path}")
        assert answer.status_code == 400
        assert answer.json()["error_codes"] == [90002]


def test_the_clouds_own_login_host_is_the_only_alias(emulator: Emulator) -> None:
    answer = emulator.http.get(f"{LOGIN}/common/discovery/instance?api-version=1.1")
    assert [entry["aliases"] for entry in answer.json()["metadata"]] == [[PUBLIC.login]]


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "key", PUBLIC)


def test_a_token_says_who_and_for_what_with_or_without_a_slash(tokens: Tokens) -> None:
    claims = tokens.verify(tokens.issue(ARM, SOMEONE), ARM.rstrip("/"))
    assert (claims.principal, claims.audience) == (SOMEONE, ARM)
    assert claims.tenant_id == PUBLIC.tenant_id


def foreign_key(tmp_path: Path) -> str:
    return Tokens(tmp_path / "other", PUBLIC).issue(ARM, SOMEONE)


def unsigned() -> str:
    return jwt.encode({"aud": ARM, "oid": "x", "tid": PUBLIC.tenant_id}, "", algorithm="none")


def test_foreign_expired_and_misdirected_tokens_are_refused(tokens: Tokens, tmp_path: Path) -> None:
    elsewhere = Tokens(tmp_path / "key", _other_tenant())
    cases = [
        (tokens.issue("https://vault.azure.net", SOMEONE), "audience"),
        (tokens.issue(ARM, SOMEONE, lifetime=-1), "expired"),
        (foreign_key(tmp_path), "invalid"),
        (elsewhere.issue(ARM, SOMEONE), "invalid"),
        (unsigned(), "invalid"),
        ("no.jwt", "invalid"),
    ]
    for token, reason in cases:
        with pytest.raises(UnauthorizedError) as refusal:
            tokens.verify(token, ARM)
        assert refusal.value.reason == reason


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc"])
def test_a_header_without_a_bearer_token_is_missing_one(tokens: Tokens, header: str | None) -> None:
    with pytest.raises(UnauthorizedError) as refusal:
        tokens.verify_header(header, ARM)
    assert refusal.value.reason == "missing"


def _other_tenant() -> Any:
    return type(PUBLIC)(**{**vars(PUBLIC), "tenant_id": "72f988bf-86f1-41af-91ab-2d7cd011db47"})


ARM_REFUSALS = [
    (None, "AuthenticationFailed"),
    ("vault", "InvalidAuthenticationTokenAudience"),
    ("expired", "ExpiredAuthenticationToken"),
    ("garbage", "InvalidAuthenticationToken"),
]


@pytest.mark.parametrize(("kind", "code"), ARM_REFUSALS)
def test_arm_says_why_a_token_was_refused(emulator: Emulator, kind: str | None, code: str) -> None:
    tokens = emulator.instance.tokens
    made = {
        "vault": tokens.issue(PUBLIC.vault_audience, SOMEONE),
        "expired": tokens.issue(ARM, SOMEONE, lifetime=-1),
        "garbage": "garbage",
    }
    headers = {"authorization": f"Bearer {made[kind]}"} if kind else {}
    answer = emulator.http.get(
        f"{PUBLIC.arm_url}{SUBSCRIPTION}?api-version=2022-12-01", headers=headers
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == code
    assert TENANT in answer.headers["www-authenticate"]


def graph(emulator: Emulator, path: str, principal: Principal, **more: Any) -> httpx.Response:
    token = emulator.instance.tokens.issue(f"https://{PUBLIC.graph}", principal)
    method = "POST" if "json" in more else "GET"
    return emulator.http.request(
        method,
        f"https://{PUBLIC.graph}/v1.0/{path}",
        headers={"authorization": f"Bearer {token}"},
        **more,
    )


def test_graph_finds_principals_the_ways_that_az_looks_for_them(emulator: Emulator) -> None:
    identity = emulator.instance.directory.add("my-identity")
    by_name = {"$filter": f"servicePrincipalNames/any(c:c eq '{identity.application_id}')"}
    actual = [
        graph(emulator, "servicePrincipals", SOMEONE, params=by_name).json()["value"],
        [graph(emulator, f"servicePrincipals/{identity.object_id}", SOMEONE).json()],
        graph(
            emulator,
            "directoryObjects/getByIds",
            SOMEONE,
            json={"ids": [identity.object_id], "types": ["servicePrincipal"]},
        ).json()["value"],
    ]
    for answer in actual:
        assert [(item["id"], item["displayName"]) for item in answer] == [
            (identity.object_id, "my-identity")
        ]
    nobody = {"$filter": "servicePrincipalNames/any(c:c eq 'nobody')"}
    assert graph(emulator, "servicePrincipals", SOMEONE, params=nobody).json()["value"] == []
    assert graph(emulator, "servicePrincipals/nobody", SOMEONE).status_code == 404


def test_graph_has_no_me_for_an_application(emulator: Emulator) -> None:
    answer = graph(emulator, "me", SOMEONE)
    assert answer.status_code == 400
    assert "delegated authentication flow" in answer.json()["error"]["message"]


def test_graph_wants_a_token_of_its_own(emulator: Emulator) -> None:
    token = emulator.entra_token(ARM)
    answer = emulator.http.get(
        f"https://{PUBLIC.graph}/v1.0/users", headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401
