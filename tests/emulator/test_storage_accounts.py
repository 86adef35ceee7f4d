"""Blob storage: a real server for each account, and the keys that it goes by."""

from pathlib import Path

import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.storage.accounts import UnknownAccountError
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import ContainerClient

from tests.emulator.running import GROUP, Emulator

ACCOUNTS = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"


def blobs(container: ContainerClient) -> dict[str, bytes]:
    return {name: container.download_blob(name).readall() for name in container.list_blob_names()}


def with_key(emulator: Emulator, account: str, key: str) -> ContainerClient:
    endpoint = emulator.run(emulator.instance.storage.reach(account))
    return ContainerClient(
        f"{endpoint.url}/{account}",
        "container",
        credential={"account_name": account, "account_key": key},
        connection_verify=emulator.ca_file,
        use_env_settings=False,
        retry_total=0,
    )


def test_the_engines_endpoint_and_the_public_name_are_one_account(emulator: Emulator) -> None:
    container = emulator.container("oneaccount", "container")
    container.upload_blob("blob", b"content")
    endpoint = emulator.run(emulator.instance.storage.reach("oneaccount"))
    assert endpoint.url == f"https://127.0.0.1:{container.url.split(':')[2].split('/')[0]}"
    sas = emulator.sas("oneaccount", "container", "r")
    answer = emulator.http.get(f"https://oneaccount.{PUBLIC.blob_suffix}/container/blob?{sas}")
    assert answer.content == b"content"


def test_a_replaced_key_is_refused_and_the_blobs_stay(emulator: Emulator) -> None:
    emulator.container("rekeyed", "container").upload_blob("blob", b"content")
    old, other = (key["value"] for key in emulator.instance.storage.keys("rekeyed"))
    emulator.ok("POST", f"{ACCOUNTS}/rekeyed/regenerateKey", {"keyName": "key1"})
    with pytest.raises(ClientAuthenticationError):
        blobs(with_key(emulator, "rekeyed", old))
    for key in (emulator.account_key("rekeyed"), other):
        assert blobs(with_key(emulator, "rekeyed", key)) == {"blob": b"content"}


def test_a_server_that_died_is_started_again(emulator: Emulator) -> None:
    container = emulator.container("fragile", "container")
    container.upload_blob("blob", b"content")
    server = emulator.instance.storage._servers["fragile"]
    emulator.run(server.stop())
    assert blobs(with_key(emulator, "fragile", emulator.account_key("fragile"))) == {
        "blob": b"content"
    }


def test_accounts_do_not_see_each_other(emulator: Emulator) -> None:
    emulator.container("first", "container").upload_blob("blob", b"content")
    second = emulator.container("second", "container")
    assert blobs(second) == {}
    with pytest.raises(ClientAuthenticationError):
        blobs(with_key(emulator, "second", emulator.account_key("first")))


def test_an_account_goes_with_its_blobs(emulator: Emulator) -> None:
    emulator.container("passing", "container").upload_blob("blob", b"content")
    emulator.ok("DELETE", f"{ACCOUNTS}/passing")
    with pytest.raises(UnknownAccountError):
        emulator.run(emulator.instance.storage.reach("passing"))
    assert not (emulator.instance.state_dir / "blobs" / "passing").exists()
    assert blobs(emulator.container("passing", "container")) == {}


def test_blobs_outlive_the_emulator(tmp_path: Path) -> None:
    state = tmp_path / "with a blank"
    first = Emulator(state)
    first.container("lasting", "container").upload_blob("blob", b"content")
    first.stop()
    second = Emulator(state)
    try:
        key = second.account_key("lasting")
        assert blobs(with_key(second, "lasting", key)) == {"blob": b"content"}
    finally:
        second.stop()


def test_an_entra_token_is_taken_for_a_login(emulator: Emulator) -> None:
    emulator.container("bylogin", "container").upload_blob("blob", b"content")
    token = emulator.entra_token(PUBLIC.storage_audience)
    answer = emulator.http.get(
        f"https://bylogin.{PUBLIC.blob_suffix}/container/blob",
        headers={"authorization": f"Bearer {token}", "x-ms-version": "2026-02-06"},
    )
    assert answer.content == b"content"


def test_no_signature_is_written_down(emulator: Emulator) -> None:
    emulator.container("discreet", "container")
    sas = emulator.sas("discreet", "container", "rl")
    emulator.http.get(f"https://discreet.{PUBLIC.blob_suffix}/container/none?{sas}")
    signature = sas.partition("sig=")[2].partition("&")[0]
    key = emulator.account_key("discreet")
    logs = list(emulator.instance.state_dir.rglob("*.log"))
    assert logs
    for log in logs:
        assert signature not in log.read_text()
        assert key not in log.read_text()
