"""Key Vault: its secrets, and who may read them."""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.authorization import BLOBS, allows_data
from acr_emulator.keyvault.vaults import (
    GET,
    SecretDisabledError,
    SecretError,
    SecretMissingError,
    has_right,
    secret_value,
)

from tests.emulator.running import GROUP, SUBSCRIPTION, Emulator, Json

NAMES = (f"vault{number}" for number in itertools.count())
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


PROVIDER = f"{SUBSCRIPTION}/providers/Microsoft.KeyVault"
CREATED: Json = {
    "location": "westus",
    "properties": {"sku": {"family": "A", "name": "standard"}, "accessPolicies": []},
}
RECOVERED = CREATED | {"properties": CREATED["properties"] | {"createMode": "recover"}}


class Vault:
    def __init__(self, emulator: Emulator, name: str) -> None:
        self._emulator = emulator
        self.name = name
        self.id = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{name}"
        self.url = PUBLIC.vault_url(name)
        self.store = emulator.instance.store
        emulator.vault(name)

    def call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        token = self._emulator.entra_token(PUBLIC.vault_audience)
        return self._emulator.http.request(
            method,
            f"{self.url}/{path}?api-version=7.4",
            headers={"authorization": f"Bearer {token}"},
            json=body,
        )

    def set(self, name: str, value: str, **more: Any) -> Json:
        answer = self.call("PUT", f"secrets/{name}", {"value": value, **more})
        assert answer.status_code == 200, answer.text
        bundle: Json = answer.json()
        return bundle


@pytest.fixture
def vault(emulator: Emulator) -> Iterator[Vault]:
    vault = Vault(emulator, next(NAMES))
    yield vault
    emulator.ok("DELETE", vault.id)


def test_a_call_without_a_token_is_challenged_as_recorded(emulator: Emulator, vault: Vault) -> None:
    answer = emulator.http.put(f"{vault.url}/secrets/sas?api-version=7.4")
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "code": "Unauthorized",
            "message": "AKV10000: Request is missing a Bearer or PoP token.",
        }
    }
    assert answer.headers["www-authenticate"] == (
        f'Bearer authorization="https://login.microsoftonline.com/{PUBLIC.tenant_id}",'
        ' resource="https://vault.azure.net"'
    )


def test_a_token_for_something_else_is_challenged_too(emulator: Emulator, vault: Vault) -> None:
    token = emulator.entra_token(PUBLIC.arm_audiences[0])
    answer = emulator.http.get(
        f"{vault.url}/secrets?api-version=7.4", headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers


def test_a_secret_has_versions_and_the_newest_is_read(vault: Vault) -> None:
    first = vault.set("sas", "one")
    second = vault.set("sas", "two", contentType="text/plain", tags={"a": "b"})
    assert vault.call("GET", "secrets/sas").json() == second
    assert vault.call("GET", "secrets/sas/").json() == second
    version = first["id"].rpartition("/")[2]
    assert vault.call("GET", f"secrets/SAS/{version}").json()["value"] == "one"
    listed = vault.call("GET", "secrets/sas/versions").json()["value"]
    assert [item["id"] for item in listed] == [first["id"], second["id"]]
    assert "value" not in listed[0]


def test_the_list_has_every_secret_once_and_no_value(vault: Vault) -> None:
    vault.set("b", "1")
    vault.set("a", "2")
    vault.set("b", "3")
    listed = vault.call("GET", "secrets").json()["value"]
    assert [item["id"] for item in listed] == [f"{vault.url}/secrets/b", f"{vault.url}/secrets/a"]
    assert all("value" not in item for item in listed)


def test_a_disabled_secret_is_not_read(vault: Vault) -> None:
    vault.set("sas", "value")
    vault.call("PATCH", "secrets/sas/", {"attributes": {"enabled": False}})
    answer = vault.call("GET", "secrets/sas")
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "code": "Forbidden",
        "message": "Operation get is not allowed on a disabled secret.",
        "innererror": {"code": "SecretDisabled"},
    }


def test_a_deleted_secret_can_be_recovered_or_purged(vault: Vault) -> None:
    vault.set("sas", "value")
    deleted = vault.call("DELETE", "secrets/sas").json()
    assert deleted["recoveryId"] == f"{vault.url}/deletedsecrets/sas"
    assert vault.call("GET", "secrets/sas").json()["error"]["code"] == "SecretNotFound"
    assert vault.call("PUT", "secrets/sas", {"value": "new"}).status_code == 409
    assert vault.call("POST", "deletedsecrets/sas/recover").status_code == 200
    assert vault.call("GET", "secrets/sas").json()["value"] == "value"
    vault.call("DELETE", "secrets/sas")
    assert vault.call("GET", "deletedsecrets/sas").status_code == 200
    assert vault.call("DELETE", "deletedsecrets/sas").status_code == 204
    assert vault.call("GET", "deletedsecrets/sas").status_code == 404
    assert vault.set("sas", "new")["value"] == "new"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "secrets/none", None, 404),
        ("GET", "secrets/none/versions", None, 404),
        ("PATCH", "secrets/none", {}, 404),
        ("DELETE", "secrets/none", None, 404),
        ("POST", "deletedsecrets/none/recover", None, 404),
        ("DELETE", "deletedsecrets/none", None, 404),
        ("PUT", "secrets/none", {"tags": {}}, 400),
        ("PUT", "secrets/none", None, 400),
    ],
)
def test_what_cannot_be_done_is_refused(
    vault: Vault, method: str, path: str, body: Json | None, status: int
) -> None:
    answer = vault.call(method, path, body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def test_deleted_secrets_are_listed(vault: Vault) -> None:
    for name in ("a", "b"):
        vault.set(name, "value")
        vault.call("DELETE", f"secrets/{name}")
    listed = vault.call("GET", "deletedsecrets").json()["value"]
    assert [item["id"] for item in listed] == [f"{vault.url}/secrets/{name}" for name in "ab"]
    first = listed[0]
    assert first["recoveryId"] == f"{vault.url}/deletedsecrets/a"
    assert first["scheduledPurgeDate"] - first["deletedDate"] == 90 * 24 * 60 * 60
    assert vault.call("GET", "deletedsecrets/a").json()["deletedDate"] == first["deletedDate"]


def test_a_secret_is_restored_from_its_backup(emulator: Emulator, vault: Vault) -> None:
    versions = [vault.set("sas", value)["id"].rpartition("/")[2] for value in ("old", "new")]
    backup = vault.call("POST", "secrets/sas/backup").json()
    assert vault.call("POST", "secrets/restore", backup).status_code == 409
    vault.call("DELETE", "secrets/sas")
    assert vault.call("POST", "secrets/restore", backup).status_code == 409
    vault.call("DELETE", "deletedsecrets/sas")
    assert vault.call("POST", "secrets/restore", backup).status_code == 200
    assert vault.call("GET", "secrets/sas").json()["value"] == "new"
    assert vault.call("GET", f"secrets/sas/{versions[0]}").json()["value"] == "old"
    other = Vault(emulator, next(NAMES))
    assert other.call("POST", "secrets/restore", backup).status_code == 200
    assert other.call("GET", "secrets/sas").json()["value"] == "new"


@pytest.mark.parametrize("backup", ["", "bm90aGluZw", "\u00e9", None])
def test_what_is_no_backup_is_refused(vault: Vault, backup: str | None) -> None:
    answer = vault.call("POST", "secrets/restore", {"value": backup})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadParameter")


def test_a_deleted_vault_is_recovered_with_its_secrets(emulator: Emulator) -> None:
    vault = Vault(emulator, next(NAMES))
    vault.set("sas", "value")
    emulator.ok("DELETE", vault.id)
    deleted = f"{PROVIDER}/locations/westus/deletedVaults/{vault.name}"
    shown = emulator.ok("GET", deleted)
    assert shown["properties"]["vaultId"] == vault.id
    assert shown in emulator.ok("GET", f"{PROVIDER}/deletedVaults")["value"]
    assert emulator.ok("GET", f"{PROVIDER}/deletedManagedHSMs") == {"value": []}
    hsm = emulator.ok("POST", f"{PROVIDER}/checkMhsmNameAvailability", {"name": vault.name})
    assert hsm == {"nameAvailable": True}
    taken = emulator.ok("POST", f"{PROVIDER}/checkNameAvailability", {"name": vault.name})
    assert taken["nameAvailable"] is False
    created = emulator.arm("PUT", vault.id, CREATED)
    assert (created.status_code, created.json()["error"]["code"]) == (409, "ConflictError")
    recovered = emulator.ok("PUT", vault.id, RECOVERED)
    assert recovered["properties"]["accessPolicies"]
    assert vault.call("GET", "secrets/sas").json()["value"] == "value"
    assert emulator.arm("GET", deleted).json()["error"]["code"] == "DeletedVaultNotFound"
    other = emulator.arm("PUT", f"{vault.id}x", RECOVERED)
    assert (other.status_code, other.json()["error"]["code"]) == (404, "VaultNotFound")


def test_secrets_end_when_their_vault_is_purged(emulator: Emulator) -> None:
    vault = Vault(emulator, next(NAMES))
    vault.set("sas", "value")
    emulator.ok("DELETE", vault.id)
    purge = f"{PROVIDER}/locations/westus/deletedVaults/{vault.name}/purge"
    assert emulator.arm("POST", purge).status_code == 200
    assert emulator.arm("POST", purge).status_code == 404
    again = Vault(emulator, vault.name)
    assert again.call("GET", "secrets/sas").status_code == 404


def test_a_protected_vault_is_not_purged(emulator: Emulator) -> None:
    vault = Vault(emulator, next(NAMES))
    properties = CREATED["properties"] | {"enablePurgeProtection": True}
    emulator.ok("PUT", vault.id, CREATED | {"properties": properties})
    emulator.ok("DELETE", vault.id)
    purge = f"{PROVIDER}/locations/westus/deletedVaults/{vault.name}/purge"
    answer = emulator.arm("POST", purge)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("closed", "reason"),
    [
        ({"publicNetworkAccess": "disabled"}, "ForbiddenByConnection"),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, "ForbiddenByConnection"),
        ({"networkAcls": {"defaultAction": "Deny"}}, "ForbiddenByFirewall"),
    ],
)
def test_a_closed_vault_refuses_clients_and_admits_runs(
    emulator: Emulator, vault: Vault, closed: Json, reason: str
) -> None:
    vault.set("sas", "value")
    emulator.ok("PATCH", vault.id, {"properties": closed})
    answer = vault.call("GET", "secrets/sas")
    assert (answer.status_code, answer.json()["error"]["innererror"]) == (403, {"code": reason})
    assert secret_value(vault.store, f"{vault.url}/secrets/sas") == "value"


def test_network_rules_are_shown(emulator: Emulator, vault: Vault) -> None:
    rules = {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [{"value": "1.2.3.4"}]}
    properties = CREATED["properties"] | {"networkAcls": rules}
    shown = emulator.ok("PUT", vault.id, CREATED | {"properties": properties})["properties"]
    assert shown["networkAcls"]["ipRules"] == [{"value": "1.2.3.4/32"}]
    assert emulator.ok("GET", vault.id)["properties"]["networkAcls"] == shown["networkAcls"]
    none = CREATED["properties"] | {"networkAcls": rules | {"ipRules": []}}
    shown = emulator.ok("PUT", vault.id, CREATED | {"properties": none})["properties"]
    assert "networkAcls" not in shown  # recorded


def test_a_run_reads_a_secret_by_its_uri(vault: Vault) -> None:
    first = vault.set("sas", "one")["id"]
    vault.set("sas", "two", attributes={"exp": 1})
    assert secret_value(vault.store, f"{vault.url}/secrets/sas") == "two"
    assert secret_value(vault.store, first.replace("sas", "SAS")) == "one"


@pytest.mark.parametrize(
    "uri",
    [
        "https://nowhere.vault.azure.net/secrets/sas",
        "{vault}/secrets/none",
        "{vault}/secrets/sas/0123456789abcdef0123456789abcdef",
        "{vault}/keys/sas",
        "{vault}/secrets/",
        "no uri",
    ],
)
def test_a_uri_without_a_secret_behind_it_is_missing(vault: Vault, uri: str) -> None:
    vault.set("sas", "value")
    with pytest.raises(SecretMissingError, match="^Secret not found$") as missing:
        secret_value(vault.store, uri.format(vault=vault.url))
    assert missing.value.status == 404


def test_a_run_does_not_read_a_disabled_secret(vault: Vault) -> None:
    vault.set("sas", "value", attributes={"enabled": False})
    with pytest.raises(SecretDisabledError) as disabled:
        secret_value(vault.store, f"{vault.url}/secrets/sas")
    assert isinstance(disabled.value, SecretError)
    assert disabled.value.status == 403


def test_an_access_policy_allows_its_principal_to_read(emulator: Emulator, vault: Vault) -> None:
    def give(*rights: str) -> None:
        policy = {"objectId": "reader", "permissions": {"secrets": list(rights)}}
        body = {"properties": {"accessPolicies": [policy]}}
        emulator.ok("PUT", f"{vault.id}/accessPolicies/replace", body)

    may_read = {}
    for rights in ((), ("list",), ("Get",), ("all",)):
        give(*rights)
        may_read[rights] = has_right(vault.store, vault.name.upper(), "READER", GET)
    assert may_read == {(): False, ("list",): False, ("Get",): True, ("all",): True}
    assert not has_right(vault.store, vault.name, "someone-else", GET)
    assert not has_right(vault.store, "nowhere", "reader", GET)


def test_a_vault_goes_either_by_roles_or_by_policies(emulator: Emulator, vault: Vault) -> None:
    holder = emulator.principal("role-holder")
    emulator.grant(holder, SECRETS_USER, vault.id)
    operator, _ = emulator.instance.directory.operator()

    def readers() -> list[bool]:
        principals = (holder, operator.object_id)
        return [has_right(vault.store, vault.name, item, GET) for item in principals]

    assert readers() == [False, True]
    emulator.ok("PATCH", vault.id, {"properties": {"enableRbacAuthorization": True}})
    assert readers() == [True, False]


def test_a_role_on_one_secret_allows_reading_it(emulator: Emulator, vault: Vault) -> None:
    emulator.ok("PATCH", vault.id, {"properties": {"enableRbacAuthorization": True}})
    reader = emulator.principal("one-secret")
    emulator.grant(reader, SECRETS_USER, f"{vault.id}/secrets/sas")
    assert has_right(vault.store, vault.name, reader, GET, "sas")
    assert not has_right(vault.store, vault.name, reader, GET, "other")
    assert not has_right(vault.store, vault.name, reader, GET)


SCOPES = [
    (SUBSCRIPTION, True),
    (GROUP, True),
    (f"{GROUP}/providers/Microsoft.Storage/storageAccounts/roleaccount", True),
    (
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/roleaccount"
        "/blobServices/default/containers/transfer",
        True,
    ),
    (f"{GROUP}/providers/Microsoft.Storage/storageAccounts/roleaccou", False),
    (f"{GROUP}/providers/Microsoft.Storage/storageAccounts/other", False),
    (
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/roleaccount"
        "/blobServices/default/containers/other",
        False,
    ),
]


@pytest.mark.parametrize(("scope", "applies"), SCOPES)
def test_a_role_applies_at_its_scope_and_below(
    emulator: Emulator, scope: str, applies: bool
) -> None:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    reader = emulator.principal(f"at-{scope}")
    emulator.grant(reader, BLOB_READER, scope)
    container = SCOPES[3][0].upper()
    store = emulator.instance.store
    assert allows_data(store, reader, f"{BLOBS}/read", container) is applies
    assert not allows_data(store, reader, f"{BLOBS}/write", container)
    assert not allows_data(store, "someone-else", f"{BLOBS}/read", container)


@pytest.mark.parametrize("path", ["keys", "keys/k/create", "certificates", "storage"])
def test_what_is_no_secret_is_refused_in_json(vault: Vault, path: str) -> None:
    error = vault.call("GET", path).json()["error"]
    assert error["code"] == "NotFound"
    assert error["message"].startswith("The emulator imitates secrets of key vaults only.")
