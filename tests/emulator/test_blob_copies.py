"""Copies of blobs by URL: from one storage account to another, and who may make them."""

import hashlib
import os
import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobProperties,
    ContainerClient,
    ContentSettings,
)

from tests.emulator.running import Emulator, Json
from tests.support.emulator_wording import NOT_AUTHORIZED

CONTENT = bytes(range(256)) * 8
MD5 = bytearray(hashlib.md5(CONTENT).digest())
METADATA = {"category": "acr-transfer-blob", "Mixed": "Case"}
SETTINGS: Json = {
    "content_type": "application/x-tar",
    "content_encoding": "identity",
    "content_language": "en",
    "content_disposition": "attachment",
    "cache_control": "no-cache",
}
_MEBIBYTE = 1024 * 1024


@dataclass
class Accounts:
    """A source and a target container in two accounts; the target starts empty."""

    emulator: Emulator
    source: ContainerClient
    target: ContainerClient

    def url(self, blob: str = "blob", *, rights: str | None = "r", account: str = "nearby") -> str:
        """The source's URL, with a SAS unless its rights are None."""
        sas = f"?{self.emulator.sas('nearby', 'source', rights)}" if rights else ""
        return f"https://{account}.{PUBLIC.blob_suffix}/source/{blob}{sas}"

    def put(
        self,
        headers: Json,
        *,
        query: str = "",
        rights: str = "w",
        blob: str = "copy",
        account: str = "faraway",
    ) -> httpx.Response:
        """A PUT to a blob of the target, with a SAS of these rights."""
        sas = self.emulator.sas("faraway", "target", rights)
        url = f"https://{account}.{PUBLIC.blob_suffix}/target/{blob}?{query}&{sas}"
        return self.emulator.http.put(url, headers={"x-ms-version": "2025-11-05", **headers})

    def bearer(self, audience: str = PUBLIC.storage_audience) -> str:
        return f"Bearer {self.emulator.entra_token(audience)}"

    def copied(self, blob: str = "copy") -> tuple[BlobProperties, bytes]:
        client = self.target.get_blob_client(blob)
        return client.get_blob_properties(), client.download_blob().readall()


@pytest.fixture(scope="module")
def _accounts(emulator: Emulator) -> Accounts:
    source = emulator.container("nearby", "source")
    target = emulator.container("faraway", "target")
    settings = ContentSettings(content_md5=MD5, **SETTINGS)
    source.upload_blob("blob", CONTENT, metadata=METADATA, content_settings=settings)
    for kind in ("AppendBlob", "PageBlob"):
        source.upload_blob(
            kind, CONTENT, kind, metadata=METADATA, content_settings=ContentSettings(**SETTINGS)
        )
    return Accounts(emulator, source, target)


@pytest.fixture
def accounts(_accounts: Accounts) -> Iterator[Accounts]:
    yield _accounts
    for blob in _accounts.target.list_blobs(include=["uncommittedblobs"]):
        _accounts.target.delete_blob(blob.name)


def settings_of(properties: BlobProperties) -> Json:
    return {name: properties.content_settings[name] for name in SETTINGS}


@pytest.mark.parametrize("synchronous", [False, True])
def test_copy_blob_keeps_content_headers_md5_and_metadata(
    accounts: Accounts, synchronous: bool
) -> None:
    client = accounts.target.get_blob_client("copy")
    answer = client.start_copy_from_url(accounts.url(), requires_sync=synchronous or None)
    properties, content = accounts.copied()
    assert content == CONTENT
    assert answer["copy_status"] == "success"
    assert answer["etag"] == properties.etag
    assert properties.blob_type == "BlockBlob"
    assert properties.metadata == METADATA
    assert settings_of(properties) == SETTINGS
    assert properties.content_settings.content_md5 == MD5
    assert properties.copy.id == answer["copy_id"]
    assert properties.copy.status == "success"
    assert properties.copy.progress == f"{len(CONTENT)}/{len(CONTENT)}"
    assert properties.copy.source == accounts.url(rights=None)


@pytest.mark.parametrize("kind", ["AppendBlob", "PageBlob"])
def test_copy_blob_keeps_the_type_of_the_blob(accounts: Accounts, kind: str) -> None:
    answer = accounts.put({"x-ms-copy-source": accounts.url(kind)})
    assert (answer.status_code, answer.headers["x-ms-copy-status"]) == (202, "success")
    properties, content = accounts.copied()
    assert (properties.blob_type, content) == (kind, CONTENT)
    assert properties.metadata == METADATA
    assert properties.content_settings.content_md5 is None


def test_copy_blob_takes_the_metadata_and_tier_of_the_request(accounts: Accounts) -> None:
    given = {"x-ms-meta-mine": "yes", "x-ms-access-tier": "cool"}
    answer = accounts.put({"x-ms-copy-source": accounts.url(), **given})
    assert answer.status_code == 202
    properties, _ = accounts.copied()
    assert (properties.metadata, properties.blob_tier) == ({"mine": "yes"}, "Cool")


@pytest.mark.parametrize("size", [0, 1])
def test_a_short_blob_is_copied(accounts: Accounts, size: int) -> None:
    accounts.source.upload_blob("short", b"x" * size, overwrite=True)
    for kind in ({}, {"x-ms-blob-type": "BlockBlob"}):
        accounts.put({"x-ms-copy-source": accounts.url("short"), **kind}).raise_for_status()
        assert accounts.copied()[1] == b"x" * size


def test_put_blob_from_url_copies_content_headers(accounts: Accounts) -> None:
    client = accounts.target.get_blob_client("copy")
    answer = client.upload_blob_from_url(accounts.url(), metadata={"own": "word"})
    properties, content = accounts.copied()
    assert content == CONTENT
    assert answer["etag"] == properties.etag
    assert properties.metadata == {"own": "word"}
    assert settings_of(properties) == SETTINGS
    assert properties.content_settings.content_md5 == MD5
    assert properties.copy.id is None


def test_put_blob_from_url_prefers_the_headers_of_the_request(accounts: Accounts) -> None:
    client = accounts.target.get_blob_client("copy")
    settings = ContentSettings(content_type="text/plain")
    client.upload_blob_from_url(accounts.url(), content_settings=settings)
    assert accounts.copied()[0].content_settings.content_type == "text/plain"
    assert accounts.copied()[0].content_settings.content_language == "en"
    client.upload_blob_from_url(
        accounts.url(), overwrite=True, include_source_blob_properties=False
    )
    assert accounts.copied()[0].content_settings.content_type == "application/octet-stream"
    assert accounts.copied()[0].content_settings.content_language is None


def test_blocks_from_ranges_of_the_source_make_a_blob(accounts: Accounts) -> None:
    client = accounts.target.get_blob_client("copy")
    half = len(CONTENT) // 2
    for number, block in enumerate(("Mg==", "MQ==")):
        client.stage_block_from_url(
            block, accounts.url(), source_offset=number * half, source_length=half
        )
    client.commit_block_list([BlobBlock("MQ=="), BlobBlock("Mg==")])
    assert accounts.copied()[1] == CONTENT[half:] + CONTENT[:half]


def test_appended_blocks_and_pages_come_from_the_source(accounts: Accounts) -> None:
    appended = accounts.target.get_blob_client("appended")
    appended.create_append_blob()
    appended.append_block_from_url(accounts.url())
    appended.append_block_from_url(accounts.url(), source_offset=1, source_length=3)
    assert accounts.copied("appended")[1] == CONTENT + CONTENT[1:4]
    pages = accounts.target.get_blob_client("pages")
    pages.create_page_blob(len(CONTENT))
    pages.upload_pages_from_url(accounts.url(), offset=512, length=1024, source_offset=0)
    assert accounts.copied("pages")[1] == bytes(512) + CONTENT[:1024] + bytes(512)


# The operations by URL that a SAS allows, as raw requests.
COPY: tuple[Json, str] = ({}, "")
COPY_SYNC: tuple[Json, str] = ({"x-ms-requires-sync": "true"}, "")
PUT: tuple[Json, str] = ({"x-ms-blob-type": "BlockBlob"}, "")
BLOCK: tuple[Json, str] = ({}, "comp=block&blockid=MQ%3D%3D")
OPERATIONS = pytest.mark.parametrize(
    "operation", [COPY, COPY_SYNC, PUT, BLOCK], ids=["copy", "copy-sync", "put", "block"]
)


def attempt(
    accounts: Accounts, operation: tuple[Json, str], source: str, headers: Json | None = None
) -> httpx.Response:
    kind, query = operation
    return accounts.put({**kind, "x-ms-copy-source": source, **(headers or {})}, query=query)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("x-ms-error-code", "")


def is_empty(accounts: Accounts) -> bool:
    return list(accounts.target.list_blobs(include=["uncommittedblobs"])) == []


@OPERATIONS
def test_the_refusal_of_the_source_is_passed_on(
    accounts: Accounts, operation: tuple[Json, str]
) -> None:
    expired = accounts.emulator.sas("nearby", "source", "r", hours=-1)
    cases = [
        (accounts.url("nowhere"), 404, "BlobNotFound", "The specified blob does not exist."),
        (
            accounts.url(rights="w"),
            403,
            "AuthorizationPermissionMismatch",
            f"{NOT_AUTHORIZED} using this permission.",
        ),
        (accounts.url(rights=None), 403, "AuthorizationFailure", "Server failed to authenticate"),
        (
            f"{accounts.url(rights=None)}?{expired}",
            403,
            "AuthorizationFailure",
            "Server failed to authenticate",
        ),
    ]
    for source, status, code, message in cases:
        answer = attempt(accounts, operation, source)
        assert code_of(answer) == (status, "CannotVerifyCopySource")
        assert answer.headers["x-ms-copy-source-status-code"] == str(status)
        assert answer.headers["x-ms-copy-source-error-code"] == code
        assert f"<Message>{message}" in answer.text
        assert f"<CopySourceErrorCode>{code}</CopySourceErrorCode>" in answer.text
        assert is_empty(accounts)


@OPERATIONS
def test_a_source_outside_of_the_emulator_is_not_reached(
    accounts: Accounts, operation: tuple[Json, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0)
        here = f"127.0.0.1:{other.getsockname()[1]}"
        for source in (
            f"https://{here}/source/blob",
            f"http://{here}/source/blob",
            f"https://faraway.{PUBLIC.blob_suffix}:{other.getsockname()[1]}/source/blob",
            "https://example.com/source/blob",
            accounts.url(account="nobody"),
            accounts.url().replace("https:", "http:"),
        ):
            answer = attempt(accounts, operation, source)
            assert code_of(answer) == (500, "CannotVerifyCopySource")
            assert "Could not verify the copy source within the specified time." in answer.text
            assert is_empty(accounts)
        with pytest.raises(BlockingIOError):
            other.accept()


@OPERATIONS
def test_a_source_that_is_no_url_is_an_invalid_header(
    accounts: Accounts, operation: tuple[Json, str]
) -> None:
    assert code_of(attempt(accounts, operation, "blob")) == (400, "InvalidHeaderValue")


@OPERATIONS
def test_the_source_is_read_with_the_token_for_it(
    accounts: Accounts, operation: tuple[Json, str]
) -> None:
    def copy(authorization: str) -> tuple[int, str]:
        headers = {"x-ms-copy-source-authorization": authorization}
        return code_of(attempt(accounts, operation, accounts.url(rights=None), headers))

    for refused in ("Bearer invalid", accounts.bearer(PUBLIC.vault_audience)):
        assert copy(refused) == (403, "CannotVerifyCopySource")
        assert is_empty(accounts)
    assert copy(accounts.bearer()) == (202 if operation in (COPY, COPY_SYNC) else 201, "")


@OPERATIONS
@pytest.mark.parametrize("authorized", ["by another account", "by nobody", "to read"])
def test_only_who_may_write_to_the_target_copies(
    accounts: Accounts, operation: tuple[Json, str], authorized: str
) -> None:
    kind, query = operation
    headers = {**kind, "x-ms-copy-source": accounts.url(), "x-ms-version": "2025-11-05"}
    sas = {
        "by another account": accounts.emulator.sas("nearby", "target", "rwac"),
        "by nobody": "",
        "to read": accounts.emulator.sas("faraway", "target", "rl"),
    }[authorized]
    url = f"https://faraway.{PUBLIC.blob_suffix}/target/copy?{query}&{sas}"
    answer = accounts.emulator.http.put(url, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["x-ms-error-code"].startswith("Authorization")
    assert is_empty(accounts)


@pytest.mark.parametrize("operation", [COPY, COPY_SYNC, PUT], ids=["copy", "copy-sync", "put"])
def test_a_sas_that_may_only_create_overwrites_nothing(
    accounts: Accounts, operation: tuple[Json, str]
) -> None:
    headers = {**operation[0], "x-ms-copy-source": accounts.url()}
    assert accounts.put(headers, rights="c").is_success
    etag = accounts.copied()[0].etag
    refused = accounts.put(headers, rights="c")
    assert code_of(refused) == (403, "AuthorizationPermissionMismatch")
    assert accounts.copied()[0].etag == etag


def test_an_account_sas_allows_each_operation(accounts: Accounts) -> None:
    sas = accounts.emulator.account_sas("faraway", "o")
    for (kind, query), status in ((COPY, 202), (COPY_SYNC, 202), (PUT, 201), (BLOCK, 201)):
        url = f"https://faraway.{PUBLIC.blob_suffix}/target/copy?{query}&{sas}"
        headers = {**kind, "x-ms-copy-source": accounts.url(), "x-ms-version": "2025-11-05"}
        assert accounts.emulator.http.put(url, headers=headers).status_code == status


@OPERATIONS
def test_conditions_of_the_source_decide(accounts: Accounts, operation: tuple[Json, str]) -> None:
    properties = accounts.source.get_blob_client("blob").get_blob_properties()
    etag, modified = properties.etag, properties.last_modified

    def date(hours: int) -> str:
        return f"{modified + timedelta(hours=hours):%a, %d %b %Y %H:%M:%S} GMT"

    conditions = [
        ({"if-match": '"0x1"'}, {"if-match": etag}),
        ({"if-none-match": etag}, {"if-none-match": '"0x1"'}),
        ({"if-modified-since": date(1)}, {"if-modified-since": date(-1)}),
        ({"if-unmodified-since": date(-1)}, {"if-unmodified-since": date(1)}),
    ]
    for unmet, met in conditions:
        refused, done = (
            attempt(
                accounts,
                operation,
                accounts.url(),
                {f"x-ms-source-{name}": value for name, value in condition.items()},
            )
            for condition in (unmet, met)
        )
        assert code_of(refused) == (412, "SourceConditionNotMet"), unmet
        assert done.is_success, met


@pytest.mark.parametrize("operation", [COPY, COPY_SYNC, PUT], ids=["copy", "copy-sync", "put"])
def test_conditions_of_the_target_decide(accounts: Accounts, operation: tuple[Json, str]) -> None:
    accounts.target.upload_blob("copy", b"first")
    for condition, code in (
        ({"if-none-match": "*"}, (409, "BlobAlreadyExists")),
        ({"if-match": '"0x1"'}, (412, "ConditionNotMet")),
    ):
        assert code_of(attempt(accounts, operation, accounts.url(), condition)) == code
    assert accounts.copied()[1] == b"first"


def test_a_lease_of_the_target_is_honoured(accounts: Accounts) -> None:
    lease = accounts.target.upload_blob("copy", b"first").acquire_lease()
    try:
        refused = attempt(accounts, COPY, accounts.url())
        assert code_of(refused) == (412, "LeaseIdMissing")
        done = attempt(accounts, COPY, accounts.url(), {"x-ms-lease-id": lease.id})
        assert done.status_code == 202
        assert accounts.copied()[0].lease.state == "leased"
    finally:
        lease.release()


@pytest.mark.parametrize("operation", [COPY_SYNC, PUT, BLOCK], ids=["copy-sync", "put", "block"])
def test_the_md5_of_the_source_is_compared(accounts: Accounts, operation: tuple[Json, str]) -> None:
    def copy(md5: bytearray) -> tuple[int, str]:
        headers = {"x-ms-source-content-md5": b64encode(md5).decode()}
        return code_of(attempt(accounts, operation, accounts.url(), headers))

    assert copy(bytearray(16)) == (400, "Md5Mismatch")
    assert is_empty(accounts)
    assert copy(MD5)[1] == ""


def test_a_range_outside_of_the_source_is_refused(accounts: Accounts) -> None:
    outside = {"x-ms-source-range": "bytes=9999-10000"}
    answer = attempt(accounts, BLOCK, accounts.url(), outside)
    assert code_of(answer) == (416, "CannotVerifyCopySource")
    assert is_empty(accounts)


def test_a_missing_target_container_is_refused(accounts: Accounts) -> None:
    sas = accounts.emulator.account_sas("faraway", "o")
    for kind, query in (COPY, COPY_SYNC, PUT, BLOCK):
        url = f"https://faraway.{PUBLIC.blob_suffix}/absent/copy?{query}&{sas}"
        headers = {**kind, "x-ms-copy-source": accounts.url(), "x-ms-version": "2025-11-05"}
        answer = accounts.emulator.http.put(url, headers=headers)
        assert code_of(answer) == (404, "ContainerNotFound")


def test_an_invalid_tier_and_a_copy_of_tags_are_refused(accounts: Accounts) -> None:
    tier = attempt(accounts, COPY, accounts.url(), {"x-ms-access-tier": "Lukewarm"})
    assert code_of(tier) == (400, "InvalidHeaderValue")
    tags = attempt(accounts, PUT, accounts.url(), {"x-ms-copy-source-tag-option": "COPY"})
    assert code_of(tags) == (501, "APINotImplemented")
    assert is_empty(accounts)


# Within one account.


def own(accounts: Accounts, account: str = "faraway") -> BlobClient:
    """A blob of the target under its public name, with the account's key."""
    return BlobClient(
        f"https://{account}.{PUBLIC.blob_suffix}",
        "target",
        "copy",
        credential={"account_name": account, "account_key": accounts.emulator.account_key(account)},
        proxies={"https": accounts.emulator.instance.environment()["HTTPS_PROXY"]},
        connection_verify=accounts.emulator.ca_file,
        use_env_settings=False,
        retry_total=0,
    )


def test_the_key_of_an_account_reads_the_source_within_it_only(accounts: Accounts) -> None:
    accounts.target.upload_blob("original", CONTENT, metadata=METADATA)
    original = f"https://faraway.{PUBLIC.blob_suffix}/target/original"
    own(accounts).start_copy_from_url(original)
    assert accounts.copied()[0].metadata == METADATA
    with pytest.raises(HttpResponseError) as refusal:
        own(accounts).start_copy_from_url(accounts.url(rights=None))
    assert "CannotVerifyCopySource" in str(refusal.value)


@OPERATIONS
def test_a_sas_of_the_target_does_not_open_the_source(
    accounts: Accounts, operation: tuple[Json, str]
) -> None:
    accounts.target.upload_blob("original", CONTENT)
    original = f"https://faraway.{PUBLIC.blob_suffix}/target/original"
    assert code_of(attempt(accounts, operation, original)) == (403, "CannotVerifyCopySource")
    sas = accounts.emulator.sas("faraway", "target", "r")
    assert attempt(accounts, operation, f"{original}?{sas}").is_success


def test_a_signature_of_the_source_is_written_down_nowhere(accounts: Accounts) -> None:
    source = accounts.url()
    signature = source.partition("sig=")[2]
    attempt(accounts, COPY, source)
    attempt(accounts, PUT, f"{source}0")
    properties = own(accounts).get_blob_properties()
    assert signature not in str(properties)
    for file in (accounts.emulator.instance.state_dir / "blobs").rglob("*.log"):
        assert signature not in file.read_text()


def peak(emulator: Emulator, account: str) -> float:
    """The most memory that the account's server has had so far, in MiB."""
    child = emulator.instance.storage._servers[account]._child
    assert child is not None
    status = Path(f"/proc/{child._process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def test_a_copy_is_streamed(accounts: Accounts) -> None:
    size = 128 * _MEBIBYTE
    accounts.source.upload_blob("large", os.urandom(size), overwrite=True)
    attempt(accounts, COPY, accounts.url()).raise_for_status()
    before = peak(accounts.emulator, "nearby"), peak(accounts.emulator, "faraway")
    for operation in (COPY, PUT, BLOCK):
        attempt(accounts, operation, accounts.url("large")).raise_for_status()
    assert accounts.copied()[0].size == size
    after = peak(accounts.emulator, "nearby"), peak(accounts.emulator, "faraway")
    assert max(after[0] - before[0], after[1] - before[1]) < 96  # some 50 on a busy machine
