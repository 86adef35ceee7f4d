"""What templates make before a transfer, by Resource Manager: containers, SAS tokens, secrets."""

from __future__ import annotations

import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.running import GROUP, Emulator, Json

ACCOUNT, VAULT = "prerequisites", "prerequisites"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
SERVICE = f"{STORAGE}/blobServices/default"
SECRETS = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{VAULT}/secrets"
EXPIRY = "2099-01-01T00:00:00Z"
OF_ACCOUNT: Json = {
    "signedServices": "b",
    "signedResourceTypes": "sco",
    "signedPermission": "rl",
    "signedExpiry": EXPIRY,
}
OF_CONTAINER: Json = {
    "canonicalizedResource": f"/blob/{ACCOUNT}/transfer",
    "signedPermission": "r",
    "signedExpiry": EXPIRY,
    "keyToSign": "key2",
}


@pytest.fixture(autouse=True)
def all_is_there(emulator: Emulator) -> None:
    emulator.container(ACCOUNT, "transfer").upload_blob("blob", b"content", overwrite=True)
    emulator.vault(VAULT)


def refused(emulator: Emulator, method: str, path: str, body: Json) -> tuple[int, str]:
    answer = emulator.arm(method, path, body)
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("action", "body", "member"),
    [
        ("listAccountSas", OF_ACCOUNT, "accountSasToken"),
        ("listServiceSas", OF_CONTAINER, "serviceSasToken"),
        (
            "listServiceSas",
            OF_CONTAINER | {"canonicalizedResource": f"/blob/{ACCOUNT}/transfer/blob"},
            "serviceSasToken",
        ),
    ],
)
def test_a_signed_sas_opens_a_blob(
    emulator: Emulator, action: str, body: Json, member: str
) -> None:
    sas = emulator.ok("POST", f"{STORAGE}/{action}", body)[member]
    answer = emulator.http.get(f"https://{ACCOUNT}.{PUBLIC.blob_suffix}/transfer/blob?{sas}")
    assert answer.content == b"content"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("listAccountSas", OF_ACCOUNT | {"signedExpiry": ""}),
        ("listAccountSas", OF_ACCOUNT | {"keyToSign": "key3"}),
        ("listServiceSas", OF_CONTAINER | {"canonicalizedResource": "/blob/other/transfer"}),
        ("listServiceSas", OF_CONTAINER | {"canonicalizedResource": f"/file/{ACCOUNT}/transfer"}),
        ("listServiceSas", OF_CONTAINER | {"canonicalizedResource": ""}),
        ("listServiceSas", OF_CONTAINER | {"signedPermission": ""}),
    ],
)
def test_a_sas_that_cannot_be_signed_is_refused(
    emulator: Emulator, action: str, body: Json
) -> None:
    expected = (400, "InvalidValuesForRequestParameters")
    assert refused(emulator, "POST", f"{STORAGE}/{action}", body) == expected


def test_a_container_is_made_changed_and_deleted(emulator: Emulator) -> None:
    path = f"{SERVICE}/containers/made"
    made = emulator.arm("PUT", path, {"properties": {"metadata": {"side": "source"}}})
    assert made.status_code == 201
    assert made.json()["properties"]["metadata"] == {"side": "source"}
    assert emulator.arm("PUT", path, {}).status_code == 200
    changed = emulator.ok("PATCH", path, {"properties": {"metadata": {"side": "target"}}})
    assert changed["properties"]["metadata"] == {"side": "target"}
    names = [item["name"] for item in emulator.ok("GET", f"{SERVICE}/containers")["value"]]
    assert names == ["made", "transfer"]
    assert emulator.arm("DELETE", path).status_code == 200
    assert emulator.arm("DELETE", path).status_code == 204
    assert refused(emulator, "PATCH", path, {}) == (404, "ContainerNotFound")


def test_public_access_needs_an_account_that_allows_it(emulator: Emulator) -> None:
    path = f"{SERVICE}/containers/public"
    public = {"properties": {"publicAccess": "blob"}}
    assert refused(emulator, "PUT", path, public) == (409, "PublicAccessNotPermitted")
    emulator.ok("PATCH", STORAGE, {"properties": {"allowBlobPublicAccess": True}})
    assert emulator.ok("PUT", path, public)["properties"]["publicAccess"] == "Blob"
    closed = emulator.ok("PUT", path, {"properties": {"publicAccess": "None"}})
    assert closed["properties"]["publicAccess"] == "None"
    assert refused(emulator, "PUT", path, {"properties": {"publicAccess": "all"}})[0] == 400
    emulator.ok("DELETE", path)


def test_properties_of_the_blob_service_are_kept(emulator: Emulator) -> None:
    kept = {"deleteRetentionPolicy": {"enabled": True, "days": 7}}
    assert emulator.ok("GET", SERVICE)["properties"]["deleteRetentionPolicy"]["enabled"] is False
    assert emulator.ok("PUT", SERVICE, {"properties": kept})["properties"] == {
        "cors": {"corsRules": []},
        **kept,
    }
    [shown] = emulator.ok("GET", f"{STORAGE}/blobServices")["value"]
    assert shown["properties"]["deleteRetentionPolicy"] == {"enabled": True, "days": 7}


def test_a_secret_is_written_and_never_shown(emulator: Emulator) -> None:
    path = f"{SECRETS}/sas"
    body = {"tags": {"of": "transfer"}, "properties": {"value": "?sig=1", "contentType": "sas"}}
    first = emulator.ok("PUT", path, body)
    uri = f"{PUBLIC.vault_url(VAULT)}/secrets/sas"
    assert first["properties"]["secretUri"] == uri
    assert first["properties"]["contentType"] == "sas"
    assert first["tags"] == {"of": "transfer"}
    second = emulator.ok("PUT", path, {"properties": {"value": "?sig=2"}})
    versions = [item["properties"]["secretUriWithVersion"] for item in (first, second)]
    assert len(set(versions)) == 2
    off = {"properties": {"attributes": {"enabled": False}}}
    assert emulator.ok("PATCH", path, off)["properties"]["attributes"]["enabled"] is False
    [shown] = emulator.ok("GET", SECRETS)["value"]
    assert shown == emulator.ok("GET", path)
    assert "sig=" not in str(shown)


@pytest.mark.parametrize(
    ("method", "name", "body", "expected"),
    [
        ("PUT", "a_b", {"properties": {"value": "x"}}, (400, "BadRequest")),
        ("PUT", "sas", {"properties": {}}, (400, "BadRequest")),
        (
            "PUT",
            "sas",
            {"properties": {"value": "x", "attributes": 1}},
            (400, "InvalidRequestContent"),
        ),
        ("PATCH", "missing", {}, (404, "ResourceNotFound")),
        ("GET", "missing", {}, (404, "ResourceNotFound")),
    ],
)
def test_secrets_are_refused(
    emulator: Emulator, method: str, name: str, body: Json, expected: tuple[int, str]
) -> None:
    assert refused(emulator, method, f"{SECRETS}/{name}", body) == expected
