"""What blob storage accepts and refuses where Azurite by itself does otherwise than Azure."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    AccessPolicy,
    BlobSasPermissions,
    ContainerClient,
    StandardBlobTier,
    UserDelegationKey,
    _shared_access_signature,
    generate_blob_sas,
    generate_container_sas,
)
from azure.storage.blob._shared import constants

from tests.emulator.running import GROUP, Emulator, Json

ACCOUNT, CONTAINER = "rulesaccount", "rules"
ACCOUNTS = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
THIS = f"{ACCOUNTS}/{ACCOUNT}/blobServices/default/containers/{CONTAINER}"
#: With two more fields to sign, without them, and without those of the version before.
SAS_VERSIONS = ["2026-06-06", "2026-04-06", "2025-11-05", "2025-07-05", "2024-11-04", "2020-02-10"]


@pytest.fixture(scope="module")
def container(emulator: Emulator) -> ContainerClient:
    return emulator.container(ACCOUNT, CONTAINER)


@pytest.fixture
def blob(container: ContainerClient) -> str:
    """The name of a new blob."""
    name = uuid.uuid4().hex
    container.upload_blob(name, b"content")
    return name


def get(emulator: Emulator, blob: str, sas: str) -> httpx.Response:
    """The answer to whoever reads a blob with a SAS."""
    return emulator.http.get(f"https://{ACCOUNT}.{PUBLIC.blob_suffix}/{CONTAINER}/{blob}?{sas}")


def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    """The status and the code of a refused call."""
    with pytest.raises(HttpResponseError) as refused:
        call()
    code = getattr(refused.value, "error_code", "")
    return refused.value.status_code or 0, str(getattr(code, "value", code))


def with_policy(container: ContainerClient, **fields: Any) -> None:
    """Have one stored access policy with these fields."""
    container.set_container_access_policy({"policy": AccessPolicy(**fields)})


def policy_sas(emulator: Emulator, **fields: Any) -> str:
    """A SAS with that policy, and with its own fields."""
    key = emulator.account_key(ACCOUNT)
    return generate_container_sas(ACCOUNT, CONTAINER, key, policy_id="policy", **fields)


SOON = datetime.now(timezone.utc) + timedelta(hours=1)
PAST = datetime.now(timezone.utc) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("stored", "own"),
    [
        ({"permission": "r", "expiry": SOON}, {}),
        ({"expiry": SOON}, {"permission": "r"}),
        ({"permission": "r"}, {"expiry": SOON}),
        ({"start": PAST}, {"permission": "r", "expiry": SOON}),
    ],
)
def test_fields_of_a_sas_can_be_in_its_stored_policy(
    emulator: Emulator, container: ContainerClient, blob: str, stored: Json, own: Json
) -> None:
    with_policy(container, **stored)
    answer = get(emulator, blob, policy_sas(emulator, **own))
    assert (answer.status_code, answer.content) == (200, b"content")


@pytest.mark.parametrize(
    ("stored", "own", "detail"),
    [
        (
            {"permission": "r", "expiry": SOON},
            {"permission": "r"},
            "Access policy fields can be associated with signature or SAS identifier but not both",
        ),
        (
            {"permission": "r", "expiry": SOON},
            {"expiry": SOON},
            "Access policy fields can be associated with signature or SAS identifier but not both",
        ),
        ({"expiry": SOON}, {}, "sp is mandatory. Cannot be empty"),
        ({"permission": "r"}, {}, "se is mandatory. Cannot be empty"),
    ],
)
def test_fields_in_both_or_in_neither_are_refused(
    emulator: Emulator, container: ContainerClient, blob: str, stored: Json, own: Json, detail: str
) -> None:
    with_policy(container, **stored)
    answer = get(emulator, blob, policy_sas(emulator, **own))
    assert answer.status_code == 403
    assert "<Code>AuthenticationFailed</Code>" in answer.text
    assert f"<AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail>" in answer.text


def test_an_expired_policy_and_a_missing_one_are_refused(
    emulator: Emulator, container: ContainerClient, blob: str
) -> None:
    with_policy(container, permission="r", start=PAST, expiry=PAST)
    assert get(emulator, blob, policy_sas(emulator)).status_code == 403
    container.set_container_access_policy({})
    answer = get(emulator, blob, policy_sas(emulator))
    assert answer.status_code == 403
    assert "SAS identifier cannot be found for specified signed identifier" in answer.text


@pytest.mark.parametrize("version", SAS_VERSIONS)
def test_a_user_delegation_sas_of_each_version_is_accepted(
    emulator: Emulator, blob: str, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    answer = get(emulator, blob, delegated(emulator, blob, monkeypatch, version))
    assert (answer.status_code, answer.content) == (200, b"content"), answer.text


@pytest.mark.parametrize("version", SAS_VERSIONS)
def test_a_changed_user_delegation_sas_is_refused(
    emulator: Emulator, blob: str, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    sas = delegated(emulator, blob, monkeypatch, version)
    assert get(emulator, blob, sas.replace("sp=r&", "sp=rw&")).status_code == 403


def delegated(emulator: Emulator, blob: str, monkeypatch: pytest.MonkeyPatch, version: str) -> str:
    """A SAS that the built-in administrator signs, as the SDK of that service version does."""
    token = emulator.entra_token(PUBLIC.storage_audience)
    times = (PAST, SOON)
    start, expiry = (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times)
    answer = emulator.http.post(
        f"https://{ACCOUNT}.{PUBLIC.blob_suffix}/?restype=service&comp=userdelegationkey",
        headers={"Authorization": f"Bearer {token}", "x-ms-version": "2025-11-05"},
        content=f"<KeyInfo><Start>{start}</Start><Expiry>{expiry}</Expiry></KeyInfo>",
    )
    assert answer.status_code == 200, answer.text
    text = answer.text

    def member(name: str) -> str:
        return text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]

    key = UserDelegationKey()  # type: ignore[no-untyped-call]
    key.signed_oid, key.signed_tid = member("SignedOid"), member("SignedTid")
    key.signed_start, key.signed_expiry = member("SignedStart"), member("SignedExpiry")
    key.signed_service, key.signed_version = "b", member("SignedVersion")
    key.value = member("Value")
    monkeypatch.setattr(_shared_access_signature, "X_MS_VERSION", version)
    assert constants.X_MS_VERSION >= "2026-04-06"
    sign = vars(_shared_access_signature)["sign_string"]

    def sign_as_of_then(value: str, text: str) -> str:
        fields = text.split("\n")
        if version < "2026-04-06":
            del fields[-7:-5]  # signed headers and query
        if version < "2025-07-05":
            del fields[12:14]  # the delegated user's tenant and object id
        if version < "2020-12-06":
            del fields[-6]  # the encryption scope
        return str(sign(value, "\n".join(fields)))

    monkeypatch.setattr(_shared_access_signature, "sign_string", sign_as_of_then)
    return generate_blob_sas(
        ACCOUNT,
        CONTAINER,
        blob,
        user_delegation_key=key,
        permission=BlobSasPermissions(read=True),
        expiry=SOON,
    )


def attempts(container: ContainerClient, name: str) -> dict[str, Callable[[], Any]]:
    """Everything that changes or deletes a blob."""
    blob = container.get_blob_client(name)
    return {
        "overwrite": lambda: blob.upload_blob(b"other", overwrite=True),
        "commit": lambda: blob.commit_block_list([]),
        "metadata": lambda: blob.set_blob_metadata({"a": "b"}),
        "headers": lambda: blob.set_http_headers(),
        "delete": lambda: blob.delete_blob(),
    }


CHANGES = ["overwrite", "commit", "metadata", "headers", "delete"]


@pytest.mark.parametrize("change", CHANGES)
def test_a_legal_hold_keeps_blobs_as_they_are(
    emulator: Emulator, container: ContainerClient, blob: str, change: str
) -> None:
    held = emulator.ok("POST", f"{THIS}/setLegalHold", {"tags": ["audit2026", "audit2026"]})
    assert held == {"hasLegalHold": True, "tags": ["audit2026"]}
    attempt = attempts(container, blob)[change]
    assert refusal(attempt) == (409, "BlobImmutableDueToLegalHold")
    container.upload_blob(f"{blob}-new", b"what is new can be written")
    assert refusal(container.delete_container) == (409, "ContainerProtectedFromDeletion")
    answer = emulator.arm("DELETE", THIS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        409,
        "ContainerProtectedFromDeletion",
    )
    cleared = emulator.ok("POST", f"{THIS}/clearLegalHold", {"tags": ["audit2026"]})
    assert cleared == {"hasLegalHold": False, "tags": []}
    attempt()


def test_a_retention_policy_keeps_blobs_until_it_is_deleted(
    emulator: Emulator, container: ContainerClient, blob: str
) -> None:
    path = f"{THIS}/immutabilityPolicies/default"
    days = {"properties": {"immutabilityPeriodSinceCreationInDays": 3}}
    policy = emulator.ok("PUT", path, days)
    assert policy["properties"] == {
        "immutabilityPeriodSinceCreationInDays": 3,
        "state": "Unlocked",
    }
    assert refusal(attempts(container, blob)["delete"]) == (409, "BlobImmutableDueToPolicy")
    assert refusal(attempts(container, blob)["overwrite"]) == (409, "BlobImmutableDueToPolicy")
    shown = emulator.ok("GET", THIS)["properties"]
    assert shown["hasImmutabilityPolicy"] is True
    assert emulator.arm("DELETE", path).status_code == 412  # without its etag
    headers = {"If-Match": policy["etag"]}
    assert arm(emulator, "DELETE", path, headers).status_code == 200
    attempts(container, blob)["delete"]()


def test_a_locked_policy_can_only_be_extended(emulator: Emulator) -> None:
    emulator.container("lockedaccount", "locked")
    path = (
        f"{ACCOUNTS}/lockedaccount/blobServices/default/containers/locked"
        "/immutabilityPolicies/default"
    )
    days = {"properties": {"immutabilityPeriodSinceCreationInDays": 2}}
    etag = emulator.ok("PUT", path, days)["etag"]
    locked = arm(emulator, "POST", f"{path}/lock", {"If-Match": etag}).json()
    assert locked["properties"]["state"] == "Locked"
    etag = {"If-Match": locked["etag"]}
    assert arm(emulator, "DELETE", path, etag).status_code == 409
    assert arm(emulator, "PUT", path, {}, days).status_code == 409
    shorter = {"properties": {"immutabilityPeriodSinceCreationInDays": 1}}
    longer = {"properties": {"immutabilityPeriodSinceCreationInDays": 5}}
    assert arm(emulator, "POST", f"{path}/extend", etag, shorter).status_code == 409
    assert arm(emulator, "POST", f"{path}/extend", etag, longer).status_code == 200
    assert emulator.ok("GET", path)["properties"]["immutabilityPeriodSinceCreationInDays"] == 5


def arm(
    emulator: Emulator, method: str, path: str, headers: Json, body: Json | None = None
) -> httpx.Response:
    """Call ARM with headers."""
    token = emulator.entra_token(PUBLIC.arm_audience)
    return emulator.http.request(
        method,
        f"{PUBLIC.arm_url}{path}",
        params={"api-version": "2023-05-01"},
        headers={"Authorization": f"Bearer {token}", **headers},
        json=body,
    )


def test_rules_hold_after_a_restart_of_azurite(emulator: Emulator) -> None:
    emulator.container("restartaccount", "held").upload_blob("blob", b"content")
    held = f"{ACCOUNTS}/restartaccount/blobServices/default/containers/held"
    emulator.ok("POST", f"{held}/setLegalHold", {"tags": ["restart"]})
    emulator.ok("POST", f"{ACCOUNTS}/restartaccount/regenerateKey", {"keyName": "key2"})
    again = emulator.container("restartaccount", "held")
    assert refusal(attempts(again, "blob")["delete"]) == (409, "BlobImmutableDueToLegalHold")
    emulator.ok("POST", f"{held}/clearLegalHold", {"tags": ["restart"]})
    attempts(again, "blob")["delete"]()


@pytest.mark.parametrize("change", ["metadata", "headers"])
def test_an_archived_blob_is_not_read_or_changed(emulator: Emulator, change: str) -> None:
    container = emulator.container("archiveaccount", "archive")
    container.upload_blob(change, b"cold", standard_blob_tier=StandardBlobTier.ARCHIVE)
    client = container.get_blob_client(change)
    assert refusal(client.download_blob) == (409, "BlobArchived")
    assert refusal(attempts(container, change)[change]) == (409, "BlobArchived")
    assert client.get_blob_properties().blob_tier == "Archive"
    client.set_standard_blob_tier(StandardBlobTier.HOT)
    assert client.download_blob().readall() == b"cold"


@pytest.mark.parametrize(
    ("kind", "sku", "types"),
    [
        ("StorageV2", "Standard_LRS", ["AppendBlob", "BlockBlob", "PageBlob"]),
        ("StorageV2", "Premium_LRS", ["PageBlob"]),
        ("BlobStorage", "Standard_LRS", ["AppendBlob", "BlockBlob"]),
        ("BlockBlobStorage", "Premium_LRS", ["AppendBlob", "BlockBlob"]),
    ],
)
def test_an_account_holds_the_blobs_of_its_kind(
    emulator: Emulator, kind: str, sku: str, types: list[str]
) -> None:
    name = f"kind{kind}{sku[:4]}".lower()
    account = {"location": "westus", "kind": kind, "sku": {"name": sku}}
    emulator.ok("PUT", GROUP, {"location": "westus"})
    emulator.ok("PUT", f"{ACCOUNTS}/{name}", account)
    path = f"{ACCOUNTS}/{name}/blobServices/default/containers/some"
    emulator.ok("PUT", path, {})
    container = ContainerClient(
        f"https://127.0.0.1:{emulator.run(emulator.instance.storage.port(name))}/{name}",
        "some",
        credential={"account_name": name, "account_key": emulator.account_key(name)},
        connection_verify=emulator.ca_file,
        use_env_settings=False,
    )
    for blob_type in ("AppendBlob", "BlockBlob", "PageBlob"):

        def upload(blob_type: str = blob_type) -> None:
            container.upload_blob(blob_type, bytes(512), blob_type)

        if blob_type in types:
            upload()
        else:
            assert refusal(upload) == (400, "BlobTypeNotSupported")


def test_an_account_for_files_has_no_blobs(emulator: Emulator) -> None:
    account = {"location": "westus", "kind": "FileStorage", "sku": {"name": "Premium_LRS"}}
    emulator.ok("PUT", GROUP, {"location": "westus"})
    emulator.ok("PUT", f"{ACCOUNTS}/filesaccount", account)
    shown = emulator.ok("GET", f"{ACCOUNTS}/filesaccount")["properties"]
    assert list(shown["primaryEndpoints"]) == ["file"]
    answer = emulator.arm("PUT", f"{ACCOUNTS}/filesaccount/blobServices/default/containers/a", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        400,
        "FeatureNotSupportedForAccount",
    )
    with pytest.raises(httpx.ProxyError, match="Storage account filesaccount has no blob service"):
        emulator.http.get(f"https://filesaccount.{PUBLIC.blob_suffix}/")


@pytest.mark.parametrize("change", CHANGES)
def test_a_leased_blob_is_not_changed_without_its_lease(
    container: ContainerClient, blob: str, change: str
) -> None:
    lease = container.get_blob_client(blob).acquire_lease()
    attempt = attempts(container, blob)[change]
    assert refusal(attempt) == (412, "LeaseIdMissing")
    lease.release()
    attempt()
