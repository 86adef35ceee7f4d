"""Locks by key: who holds one together, who alone, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from acr_emulator.resource_locks import ResourceLocks, holding_its_end


async def _settle() -> None:
    """Let every task continue until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


class _Scene:
    """Tasks that take a lock; `log` shows who got it, and who let go of it."""

    def __init__(self) -> None:
        self.locks = ResourceLocks()
        self.log: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._leave: dict[str, asyncio.Event] = {}

    def enter(self, name: str, how: str, key: str = "key") -> None:
        self._leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, how, key))

    async def _hold(self, name: str, how: str, key: str) -> None:
        async with getattr(self.locks, how)(key):
            self.log.append(f"+{name}")
            await self._leave[name].wait()
        self.log.append(f"-{name}")

    async def leave(self, name: str) -> None:
        self._leave[name].set()
        await _settle()


def test_a_lock_is_shared_or_held_alone_in_the_order_of_arrival() -> None:
    async def scenario() -> None:
        scene = _Scene()
        for name, how in (("a", "shared"), ("b", "shared"), ("W", "exclusive"), ("c", "shared")):
            scene.enter(name, how)
            await _settle()
        scene.enter("other", "exclusive", "another key")
        await _settle()
        assert scene.log == ["+a", "+b", "+other"]
        assert scene.locks.is_exclusive("key")
        await scene.leave("a")
        await scene.leave("b")
        assert scene.log == ["+a", "+b", "+other", "-a", "-b", "+W"]
        await scene.leave("W")
        assert scene.log[-2:] == ["-W", "+c"]
        assert not scene.locks.is_exclusive("key")
        await scene.leave("c")
        await scene.leave("other")
        scene.tasks.clear()
        assert len(scene.locks._locks) == 0

    asyncio.run(scenario())


def test_whoever_gives_up_waiting_holds_up_nobody() -> None:
    async def scenario() -> None:
        scene = _Scene()
        scene.enter("a", "shared")
        await _settle()
        scene.enter("W", "exclusive")
        await _settle()
        scene.enter("b", "shared")
        await _settle()
        scene.tasks["W"].cancel()
        await _settle()
        assert scene.log == ["+a", "+b"]
        scene.tasks["a"].cancel()
        await scene.leave("b")
        scene.enter("X", "exclusive")
        await _settle()
        assert scene.log == ["+a", "+b", "-b", "+X"]
        await scene.leave("X")

    asyncio.run(scenario())


def test_a_body_takes_its_lock_before_its_last_piece() -> None:
    async def body(*pieces: bytes) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def pieces_of(*pieces: bytes) -> list[bytes]:
        events: list[bytes] = []

        async def hold() -> None:
            events.append(b"held")

        async for piece in holding_its_end(body(*pieces), hold):
            events.append(piece)
        return events

    assert asyncio.run(pieces_of(b"1", b"2", b"3")) == [b"1", b"2", b"held", b"3"]
    assert asyncio.run(pieces_of(b"1", b"")) == [b"held", b"1"]
    assert asyncio.run(pieces_of()) == asyncio.run(pieces_of(b"")) == [b"held"]
