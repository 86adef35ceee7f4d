"""Durable state: ARM resources keyed by id, and small tables for everything that is no resource."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from acr_emulator.state.whole_files import StateFileError

Resource = dict[str, Any]

#: As sqlite takes it.
_NO_LIMIT = -1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS entries_by_type
ON entries (kind, lower(json_extract(value, '$.type')));
"""


class _Transactions:
    """The transactions of one connection; each write is at least one."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._open = False
        self._task: asyncio.Task[Any] | None = None
        #: What is called once at the end of the transaction that is open.
        self._followers: dict[Callable[[], None], None] = {}

    def follow(self, follower: Callable[[], None]) -> None:
        """Call this before the open transaction commits; it rolls back if that raises."""
        self._followers[follower] = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the outermost block, or roll back if it raises.

        The block must not await: what other tasks write meanwhile would be a part of it.
        """
        if self._open:
            assert self._task is _current_task(), "A transaction must not await."
            yield
            return
        self._open, self._task = True, _current_task()
        try:
            with self._database:
                yield
                for follower in self._followers:
                    follower()
        finally:
            self._open, self._task = False, None
            self._followers.clear()


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop runs
        return None


class Table:
    """JSON values of one kind under a key; keys are case-sensitive here. Each write is durable."""

    def __init__(
        self, database: sqlite3.Connection, transactions: _Transactions, kind: str
    ) -> None:
        self._database = database
        self._transactions = transactions
        self._kind = kind

    def get(self, key: str) -> Any | None:
        """The value, or None."""
        row = self._database.execute(
            "SELECT value FROM entries WHERE kind = ? AND key = ?", (self._kind, key)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, key: str, value: Any) -> None:
        """Write a value; one that is written again keeps its position."""
        with self._transactions.transaction():
            self._database.execute(
                "INSERT INTO entries (kind, key, value) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                (self._kind, key, json.dumps(value)),
            )

    def delete(self, key: str) -> bool:
        """Remove a value; False if there was none."""
        with self._transactions.transaction():
            cursor = self._database.execute(
                "DELETE FROM entries WHERE kind = ? AND key = ?", (self._kind, key)
            )
        return cursor.rowcount > 0

    def delete_all(self, prefix: str) -> None:
        """Remove every value whose key starts with the prefix."""
        with self._transactions.transaction():
            self._database.execute(
                "DELETE FROM entries WHERE kind = ? AND substr(key, 1, ?) = ?",
                (self._kind, len(prefix), prefix),
            )

    def items(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Keys that start with the prefix and their values, in order of creation."""
        rows = self._database.execute(
            "SELECT key, value FROM entries WHERE kind = ? AND substr(key, 1, ?) = ?"
            " ORDER BY sequence",
            (self._kind, len(prefix), prefix),
        ).fetchall()
        return ((key, json.loads(value)) for key, value in rows)


class Store:
    """All state of one emulator in one sqlite file. ARM ids match whatever their case."""

    def __init__(self, path: Path) -> None:
        """Raises StateFileError."""
        try:
            self._database = _opened(path)
        except sqlite3.OperationalError as error:  # the disk is full, or the file is not ours
            raise StateFileError(f"{path} can't be used: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise StateFileError(
                f"{path} is damaged ({error}). Put a copy of it back, or delete {path.parent}"
                " and with it all that the emulator keeps there."
            ) from error
        self._transactions = _Transactions(self._database)
        self._resources = self.table("resource")
        self._watched: dict[str, Callable[[], None]] = {}

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Keep all writes of a `with` block, which must not await, or none of them."""
        return self._transactions.transaction()

    def table(self, kind: str) -> Table:
        """The table of that name; it comes into being with its first value."""
        return Table(self._database, self._transactions, kind)

    def get(self, resource_id: str) -> Resource | None:
        """The resource, or None."""
        resource: Resource | None = self._resources.get(resource_id.lower())
        return resource

    def put(self, resource_id: str, resource: Resource) -> None:
        """Write a resource; the id's own spelling is whatever the resource's `id` says."""
        with self.transaction():
            self._resources.put(resource_id.lower(), resource)
            self._follow(resource_id)

    def delete(self, resource_id: str) -> bool:
        """Remove a resource, not what lies under it; False if there was none."""
        with self.transaction():
            self._follow(resource_id)
            return self._resources.delete(resource_id.lower())

    def watch(self, provider: str, follower: Callable[[], None]) -> None:
        """Have this called in each transaction that changed a resource of the provider, at its end.

        It must not write.
        """
        self._watched[f"/providers/{provider}/".lower()] = follower

    def _follow(self, resource_id: str) -> None:
        for part, follower in self._watched.items():
            if part in resource_id.lower():
                self._transactions.follow(follower)

    def put_all(self, resources: Iterable[Resource]) -> None:
        """Write many new resources in one go, each under its `id`."""
        rows = ((resource["id"].lower(), json.dumps(resource)) for resource in resources)
        with self.transaction():
            self._database.executemany(
                "INSERT INTO entries (kind, key, value) VALUES ('resource', ?, ?)", rows
            )

    def ids(self, prefix: str = "") -> Sequence[str]:
        """Ids that start with the prefix, oldest first."""
        rows = self._database.execute(
            "SELECT json_extract(value, '$.id') FROM entries WHERE kind = 'resource'"
            " AND substr(key, 1, ?) = ? ORDER BY sequence",
            (len(prefix), prefix.lower()),
        )
        return [resource_id for (resource_id,) in rows]

    def page(
        self, prefix: str, resource_type: str, *, after: int, size: int
    ) -> tuple[Sequence[Resource], int | None]:
        """Some of a list from a position on, and the position after them if there are more.

        A position stays the same whatever is written or deleted before the next request.
        """
        rows = self._typed(prefix, resource_type, after, size + 1)
        shown = [json.loads(value) for _, value in rows[:size]]
        return shown, rows[size - 1][0] if len(rows) > size else None

    def list(self, prefix: str = "", resource_type: str = "") -> list[Resource]:
        """Resources whose id starts with the prefix, of that type if given, oldest first."""
        if not resource_type:
            return [resource for _, resource in self._resources.items(prefix.lower())]
        return [json.loads(value) for _, value in self._typed(prefix, resource_type)]

    def named(self, resource_type: str, name: str) -> Resource | None:
        """The resource of that name in any group, where names are unique in all of Azure."""
        resources = self.list("", resource_type)
        return next(
            (resource for resource in resources if resource["name"].lower() == name.lower()), None
        )

    def _typed(
        self, prefix: str, resource_type: str, after: int = 0, limit: int = _NO_LIMIT
    ) -> Sequence[tuple[int, str]]:
        # By the index: there may be thousands of runs among a handful of everything else.
        return self._database.execute(
            "SELECT sequence, value FROM entries WHERE kind = 'resource'"
            " AND lower(json_extract(value, '$.type')) = ? AND sequence > ?"
            " AND substr(key, 1, ?) = ? ORDER BY sequence LIMIT ?",
            (resource_type.lower(), after, len(prefix), prefix.lower(), limit),
        ).fetchall()


def _opened(path: Path) -> sqlite3.Connection:
    # ASGI apps run on one event loop; starlette's TestClient runs that loop in another thread.
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        # A write-ahead log outlives the process without a sync for each write; only a power cut
        # could take the last writes with it.
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
        [result] = database.execute("PRAGMA quick_check(1)").fetchone()
        if result != "ok":
            raise sqlite3.DatabaseError(result)
    except BaseException:
        database.close()
        raise
    return database
