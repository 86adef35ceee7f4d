"""State: what is kept, in which order, and that it outlives a restart."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from acr_emulator.emulator import Instance, StateInUseError
from acr_emulator.state.store import Store
from acr_emulator.state.whole_files import write_whole

GROUP = "/subscriptions/s/resourceGroups/rg"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state.db")
    yield store
    store.close()


def put(store: Store, *ids: str, kind: str = "Some/things") -> None:
    for item in ids:
        store.put(item, {"id": item, "type": kind})


def ids(store: Store, prefix: str = "", kind: str = "") -> list[str]:
    return [resource["id"] for resource in store.list(prefix, kind)]


def test_ids_match_whatever_their_case_and_keep_their_spelling(store: Store) -> None:
    put(store, f"{GROUP}/a")
    assert store.get(f"{GROUP.lower()}/A") == {"id": f"{GROUP}/a", "type": "Some/things"}
    assert ids(store, GROUP.upper()) == [f"{GROUP}/a"]
    assert store.delete(f"{GROUP.upper()}/A")
    assert store.get(f"{GROUP}/a") is None


def test_lists_are_in_order_of_creation_and_a_change_moves_nothing(store: Store) -> None:
    put(store, "/c", "/a", "/b")
    put(store, "/c")
    assert ids(store) == ["/c", "/a", "/b"]


def test_a_list_is_narrowed_by_prefix_and_type(store: Store) -> None:
    put(store, "/x/1", "/x_2", "/y/3")
    put(store, "/x/4", kind="Other/things")
    assert ids(store, "/x/") == ["/x/1", "/x/4"]
    assert ids(store, "/x_") == ["/x_2"]
    assert ids(store, "/x/", "some/THINGS") == ["/x/1"]


def test_deleting_what_does_not_exist_is_reported(store: Store) -> None:
    assert not store.delete("/nothing")
    assert not store.table("any").delete("nothing")


def test_tables_do_not_see_each_other_and_their_keys_have_a_case(store: Store) -> None:
    store.table("one").put("Key", 1)
    store.table("two").put("Key", [2])
    assert store.table("one").get("Key") == 1
    assert store.table("one").get("key") is None
    assert list(store.table("two").items("K")) == [("Key", [2])]
    assert store.list() == []


def test_everything_survives_a_reopen(tmp_path: Path) -> None:
    first = Store(tmp_path / "state.db")
    put(first, "/b", "/a")
    first.table("table").put("key", {"value": True})
    first.close()
    second = Store(tmp_path / "state.db")
    assert ids(second) == ["/b", "/a"]
    assert second.table("table").get("key") == {"value": True}
    second.close()


def test_an_instance_keeps_its_login_its_authority_and_its_tokens(tmp_path: Path) -> None:
    state = tmp_path / "a folder"
    first = Instance(state)
    operator = first.directory.operator()
    authority = first.certificates.ca_file.read_bytes()
    token = first.tokens.issue("https://vault.azure.net", operator[0])
    first.close()
    second = Instance(state)
    assert second.directory.operator() == operator
    assert second.certificates.ca_file.read_bytes() == authority
    claims = second.tokens.verify(token, "https://vault.azure.net")
    assert claims.principal.object_id == operator[0].object_id
    second.close()


def test_two_instances_share_neither_login_nor_authority_nor_key(tmp_path: Path) -> None:
    one, other = Instance(tmp_path / "one"), Instance(tmp_path / "other")
    assert one.directory.operator() != other.directory.operator()
    assert one.certificates.ca_file.read_bytes() != other.certificates.ca_file.read_bytes()
    assert one.tokens.key_set() != other.tokens.key_set()
    one.close()
    other.close()


def test_a_file_is_replaced_as_a_whole_or_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.key"
    write_whole(file, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device"):
            write_whole(file, b"new")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {file: b"old"}
    write_whole(file, b"new")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {file: b"new"}
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_state_directory_has_one_emulator_at_a_time(tmp_path: Path) -> None:
    first = Instance(tmp_path)
    with pytest.raises(StateInUseError, match="in use by another emulator"):
        Instance(tmp_path)
    first.close()
    Instance(tmp_path).close()


def test_the_state_directory_is_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    instance = Instance(state)
    instance.environment()
    assert state.stat().st_mode & 0o777 == 0o700
    for key in ("tls/ca.key", "tls/server.key", "tls/tokens.key"):
        assert (state / key).stat().st_mode & 0o777 == 0o600
    instance.close()


def test_the_bundle_that_clients_trust_has_our_authority_alone(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    bundle = Path(instance.environment()["REQUESTS_CA_BUNDLE"]).read_text()
    assert bundle.count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE" not in bundle
    instance.close()
