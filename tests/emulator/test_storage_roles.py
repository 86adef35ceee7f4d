"""What roles allow in blob storage: to an Entra token, and to a SAS that its holder signed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from acr_emulator.bundled.tools import AZURITE, path_of
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.storage.blob_operations import NEEDS
from azure.storage.blob import UserDelegationKey, generate_blob_sas

from tests.emulator.guests import ROLE_IDS, Guest
from tests.emulator.running import GROUP, SUBSCRIPTION, Emulator

ACCOUNT, CONTAINER, BLOB = "rolesaccount", "roles", "folder/blob"
ACCOUNT_ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
CONTAINERS = f"{ACCOUNT_ID}/blobServices/default/containers"
MISMATCH = "AuthorizationPermissionMismatch"
READER, CONTRIBUTOR, OWNER = (
    f"Storage Blob Data {kind}" for kind in ("Reader", "Contributor", "Owner")
)
DELEGATOR = "Storage Blob Delegator"
VERSION = "2023-11-03"


@pytest.fixture(scope="module", autouse=True)
def blob(emulator: Emulator) -> None:
    emulator.container(ACCOUNT, CONTAINER).upload_blob(BLOB, b"content", overwrite=True)


@pytest.fixture
def guest(emulator: Emulator) -> Guest:
    return Guest.arrives(emulator)


def delegated(guest: Guest) -> str:
    """A SAS to read and write the blob, signed with a key that the guest was given."""
    answer = CALLS["user delegation key"](guest)
    assert answer.is_success, answer.text
    fields = {
        name: ElementTree.fromstring(answer.content).findtext(tag)
        for name, tag in {
            "signed_oid": "SignedOid",
            "signed_tid": "SignedTid",
            "signed_start": "SignedStart",
            "signed_expiry": "SignedExpiry",
            "signed_service": "SignedService",
            "signed_version": "SignedVersion",
            "value": "Value",
        }.items()
    }
    key = UserDelegationKey()  # type: ignore[no-untyped-call]
    vars(key).update(fields)
    return generate_blob_sas(
        ACCOUNT,
        CONTAINER,
        BLOB,
        user_delegation_key=key,
        permission="rw",
        expiry=datetime.now(timezone.utc) + timedelta(hours=1),
    )


def storage(guest: Guest, method: str, path: str, **more: Any) -> httpx.Response:
    """A call with the guest's Entra token."""
    headers = {
        "Authorization": f"Bearer {guest.token(PUBLIC.storage_audience)}",
        "x-ms-version": VERSION,
        **more.pop("headers", {}),
    }
    url = f"https://{ACCOUNT}.{PUBLIC.blob_suffix}/{path}"
    return guest.emulator.http.request(method, url, headers=headers, **more)


THIS = f"{CONTAINER}/{BLOB}"
BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}
TIMES = (
    f"{datetime.now(timezone.utc) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (-1, 1)
)
KEY_INFO = "<KeyInfo><Start>{}</Start><Expiry>{}</Expiry></KeyInfo>".format(*TIMES)
TAGS = "<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>"

Call = Callable[[Guest], httpx.Response]
CALLS: dict[str, Call] = {
    "list containers": lambda guest: storage(guest, "GET", "?comp=list"),
    "user delegation key": lambda guest: storage(
        guest, "POST", "?restype=service&comp=userdelegationkey", content=KEY_INFO
    ),
    "container": lambda guest: storage(guest, "GET", f"{CONTAINER}?restype=container"),
    "container metadata": lambda guest: storage(
        guest, "PUT", f"{CONTAINER}?restype=container&comp=metadata"
    ),
    "list": lambda guest: storage(guest, "GET", f"{CONTAINER}?restype=container&comp=list"),
    "read": lambda guest: storage(guest, "GET", THIS),
    "properties": lambda guest: storage(guest, "HEAD", THIS),
    "write": lambda guest: storage(guest, "PUT", THIS, headers=BLOCK_BLOB, content=b"content"),
    "block": lambda guest: storage(guest, "PUT", f"{THIS}2?comp=block&blockid=MDE=", content=b"c"),
    "metadata": lambda guest: storage(guest, "PUT", f"{THIS}?comp=metadata"),
    "set tags": lambda guest: storage(guest, "PUT", f"{THIS}?comp=tags", content=TAGS),
    "get tags": lambda guest: storage(guest, "GET", f"{THIS}?comp=tags"),
}
READS = {"list", "read", "properties"}
WRITES = {"write", "block", "metadata"}
#: What roles allow if they are assigned at the account or above.
ALLOWED = {
    "": set(),
    "Reader": {"list containers", "container"},
    "Contributor": {
        *("list containers", "container", "container metadata", "user delegation key"),
    },
    READER: {"list containers", "container", "user delegation key", *READS},
    CONTRIBUTOR: {
        *("list containers", "container", "container metadata", "user delegation key"),
        *(READS | WRITES),
    },
    OWNER: set(CALLS),
    DELEGATOR: {"user delegation key"},
}


@pytest.mark.parametrize("role", ALLOWED, ids=lambda role: role or "no role")
@pytest.mark.parametrize("scope", [ACCOUNT_ID, SUBSCRIPTION], ids=["account", "subscription"])
def test_each_operation_needs_its_action(emulator: Emulator, role: str, scope: str) -> None:
    guest = Guest.with_role(emulator, role, scope)
    answers = {name: call(guest) for name, call in CALLS.items()}
    allowed = {name for name, answer in answers.items() if answer.is_success}
    assert allowed == ALLOWED[role]
    refused = {name: answers[name] for name in answers.keys() - allowed}
    assert {answer.status_code for answer in refused.values()} <= {403}
    for answer in refused.values():
        assert answer.headers["x-ms-error-code"] == MISMATCH


def test_the_administrator_needs_no_role(emulator: Emulator) -> None:
    principal, _ = emulator.instance.directory.operator()
    login = {"id": principal.object_id}
    admin = Guest(
        emulator, login, {PUBLIC.storage_audience: emulator.entra_token(PUBLIC.storage_audience)}
    )
    refused = {name for name, call in CALLS.items() if not call(admin).is_success}
    assert refused == set()


def test_a_role_at_a_container_is_for_that_container(emulator: Emulator, guest: Guest) -> None:
    emulator.container(ACCOUNT, "other").upload_blob("blob", b"other", overwrite=True)
    emulator.grant(guest.id, ROLE_IDS[CONTRIBUTOR], f"{CONTAINERS}/{CONTAINER}".upper())
    allowed = {name for name, call in CALLS.items() if call(guest).is_success}
    assert allowed == {"container", "container metadata", *READS, *WRITES}
    assert storage(guest, "GET", "other/blob").status_code == 403
    assert storage(guest, "GET", "other?restype=container&comp=list").status_code == 403


@pytest.mark.parametrize("elsewhere", [f"{CONTAINERS}/another", f"{ACCOUNT_ID}2", GROUP + "2"])
def test_a_role_elsewhere_allows_nothing(emulator: Emulator, guest: Guest, elsewhere: str) -> None:
    emulator.ok("PUT", f"{GROUP}2", {"location": "westus"})
    emulator.grant(guest.id, ROLE_IDS[OWNER], elsewhere)
    assert [name for name, call in CALLS.items() if call(guest).is_success] == []


def test_a_role_counts_from_its_assignment_to_its_end(emulator: Emulator, guest: Guest) -> None:
    assert storage(guest, "HEAD", THIS).status_code == 403
    emulator.grant(guest.id, ROLE_IDS[READER], GROUP)
    assert storage(guest, "HEAD", THIS).status_code == 200
    assignments = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments"
    [its] = [
        assignment
        for assignment in emulator.ok("GET", assignments)["value"]
        if assignment["properties"]["principalId"] == guest.id
    ]
    emulator.ok("DELETE", its["id"])
    assert storage(guest, "HEAD", THIS).status_code == 403


def test_roles_hold_after_a_restart_of_azurite(emulator: Emulator, guest: Guest) -> None:
    emulator.grant(guest.id, ROLE_IDS[READER], ACCOUNT_ID)
    emulator.ok("POST", f"{ACCOUNT_ID}/regenerateKey", {"keyName": "key2"})
    assert storage(guest, "HEAD", THIS).status_code == 200
    assert storage(Guest.arrives(emulator), "HEAD", THIS).status_code == 403


def test_the_source_of_a_copy_needs_the_right_to_read(emulator: Emulator, guest: Guest) -> None:
    emulator.container("rolestarget", "copies")
    target = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/rolestarget"
    emulator.grant(guest.id, ROLE_IDS[CONTRIBUTOR], target)

    def copy() -> httpx.Response:
        token = f"Bearer {guest.token(PUBLIC.storage_audience)}"
        return emulator.http.put(
            f"https://rolestarget.{PUBLIC.blob_suffix}/copies/copy",
            headers={
                "Authorization": token,
                "x-ms-version": VERSION,
                "x-ms-blob-type": "BlockBlob",
                "x-ms-copy-source": f"https://{ACCOUNT}.{PUBLIC.blob_suffix}/{THIS}",
                "x-ms-copy-source-authorization": token,
            },
        )

    refused = copy()
    assert refused.status_code == 403
    assert refused.headers["x-ms-copy-source-error-code"] == MISMATCH
    emulator.grant(guest.id, ROLE_IDS[READER], ACCOUNT_ID)
    assert copy().status_code == 201


def test_a_user_delegation_sas_has_the_rights_of_its_signer_at_most(
    emulator: Emulator, guest: Guest
) -> None:
    emulator.grant(guest.id, ROLE_IDS[DELEGATOR], ACCOUNT_ID)
    url = f"https://{ACCOUNT}.{PUBLIC.blob_suffix}/{THIS}?{delegated(guest)}"
    answer = emulator.http.get(url)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, MISMATCH)
    emulator.grant(guest.id, ROLE_IDS[READER], f"{CONTAINERS}/{CONTAINER}")
    assert emulator.http.get(url).content == b"content"
    writing = emulator.http.put(url, headers=BLOCK_BLOB, content=b"other")
    assert (writing.status_code, writing.headers["x-ms-error-code"]) == (403, MISMATCH)


def test_every_operation_of_azurite_is_declared() -> None:
    program = Path(path_of(AZURITE)).resolve()
    source = program.parent / "generated" / "artifacts" / "operation.js"
    operations = re.findall(r'Operation\["(\w+)"\] =', source.read_text())
    assert sorted(NEEDS) == sorted(operations)
