"""One fact is kept as a whole or not at all, wherever the disk is full."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.deployments.deployment_service import Deployments
from acr_emulator.runs.run_service import Runs
from acr_emulator.state.store import Store, Table

from tests.emulator.good_bodies import BODIES, SOMEBODY
from tests.emulator.running import GROUP, Emulator, Json
from tests.support.emulator_wording import STATE_NOT_WRITTEN

FULL = "database or disk is full"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state.db")
    yield store
    store.close()


def test_a_transaction_is_kept_as_a_whole_or_not_at_all(store: Store) -> None:
    one, other = store.table("one"), store.table("other")
    one.put("key", "old")
    with store.transaction(), store.transaction():
        other.put("kept", 1)
    with pytest.raises(KeyError), store.transaction():  # noqa: PT012
        one.put("key", "new")
        with store.transaction():
            other.delete("kept")
            other.delete_all("k")
        assert (one.get("key"), other.get("kept")) == ("new", None)
        raise KeyError
    assert (one.get("key"), other.get("kept")) == ("old", 1)
    other.delete_all("k")
    assert list(other.items()) == []


def test_a_transaction_that_awaits_is_a_defect(store: Store) -> None:
    table = store.table("table")

    async def other() -> None:
        table.put("key", 1)

    async def scenario() -> None:
        with store.transaction():
            await asyncio.create_task(other())

    with pytest.raises(AssertionError, match="must not await"):
        asyncio.run(scenario())
    assert list(table.items()) == []


@contextmanager
def full_disk_at_write(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Let the disk be full at the write of that number; yields the numbers of all writes."""
    writes: list[int] = []

    def failing(name: str) -> Any:
        original = getattr(Table, name)

        def write(self: Table, *args: Any) -> Any:
            writes.append(len(writes))
            if writes[-1] == number:
                raise sqlite3.OperationalError(FULL)
            return original(self, *args)

        return write

    with monkeypatch.context() as patched:
        for name in ("put", "delete", "delete_all"):
            patched.setattr(Table, name, failing(name))
        yield writes


def entries(emulator: Emulator) -> list[Any]:
    """Everything that the emulator keeps."""

    async def look() -> list[Any]:
        database = emulator.instance.store._database
        return database.execute("SELECT kind, key, value FROM entries ORDER BY 1, 2").fetchall()

    return emulator.run(look())


def refusals(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, call: Callable[[], httpx.Response]
) -> list[httpx.Response]:
    """Call, with the disk full at one write after the other, until it is at none of them."""
    before = entries(emulator)
    refused: list[httpx.Response] = []
    while True:
        with full_disk_at_write(len(refused), monkeypatch) as writes:
            answer = call()
        if len(refused) not in writes:
            assert answer.is_success, answer.text
            return refused
        assert answer.status_code == 500
        assert entries(emulator) == before
        refused.append(answer)


def refused_by_arm(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Json | None
) -> int:
    """How many writes a call of ARM has; each is refused with its reason."""
    refused = refusals(emulator, monkeypatch, lambda: emulator.arm(method, path, body))
    messages = {answer.json()["error"]["message"] for answer in refused}
    assert messages <= {f"{STATE_NOT_WRITTEN} {FULL}."}
    return len(refused)


async def _nothing(*_: object) -> None:
    """Work that doesn't end by itself."""
    await asyncio.Event().wait()


def test_a_full_disk_at_any_write_leaves_nothing_half_made(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in (Runs, Deployments):
        monkeypatch.setattr(service, "_carry_out", _nothing)
    emulator.instance.directory.admit(SOMEBODY)
    made = {
        path: refused_by_arm(emulator, monkeypatch, "PUT", path, body)
        for path, body in BODIES.items()
    }
    kinds = {path.split("/")[-2]: writes for path, writes in made.items()}
    assert kinds["registries"] >= 3
    assert kinds["storageAccounts"] >= 4
    assert kinds["pipelineRuns"] == 3
    gone = {
        path: refused_by_arm(emulator, monkeypatch, "DELETE", path, None)
        for path in reversed(BODIES)
        if path.split("/")[-2] not in ("accessPolicies", "deployments", "resourceGroups")
    }
    assert all(gone.values()), gone
    emulator.ok("DELETE", GROUP)  # with a deployment in progress
    left = {kind for kind, _, _ in entries(emulator)}
    assert not left & {"resource", "registry", "storage-keys", "run-operation", "deployment"}


def test_an_application_goes_with_its_principal_and_passwords_or_stays(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(method: str, path: str, body: Json | None = None) -> httpx.Response:
        return emulator.http.request(
            method,
            f"https://{PUBLIC.graph}/v1.0/{path}",
            headers={"Authorization": f"Bearer {emulator.entra_token(f'https://{PUBLIC.graph}')}"},
            json=body,
        )

    before = entries(emulator)
    made = call("POST", "applications", {"displayName": "bot"}).json()
    call("POST", "servicePrincipals", {"appId": made["appId"]})
    call("POST", f"applications/{made['id']}/addPassword", {"passwordCredential": {}})
    path = f"applications/{made['id']}"
    assert len(refusals(emulator, monkeypatch, lambda: call("DELETE", path))) == 3
    assert entries(emulator) == before
