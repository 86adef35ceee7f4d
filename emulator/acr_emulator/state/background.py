"""Work in the background: none ends without a trace, and what has to continue starts again."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0

_AGAIN_SECONDS = 1.0

_logger = logging.getLogger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]


class Background:
    """The supervisor of one service's tasks."""

    def __init__(self, what: str) -> None:
        #: What the tasks are, for the log.
        self._what = what
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, key: str, work: Work, failed: Callable[[Exception], Awaitable[None]]) -> None:
        """Start a task; `failed` is called with an error that it didn't handle."""

        async def carry_out() -> None:
            try:
                await work()
            except Exception as defect:
                _logger.exception("%s %s met a defect of the emulator", self._what, key)
                await failed(defect)

        self._start(key, carry_out)

    def repeat(self, key: str, work: Work) -> None:
        """Start a task that works over and over; after an error, it waits longer each time."""

        async def repeat() -> None:
            pause = _FIRST_PAUSE_SECONDS
            while True:
                try:
                    await work()
                    pause = _FIRST_PAUSE_SECONDS
                except Exception:
                    _logger.exception("%s %s failed, again in %d s", self._what, key, pause)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

        self._start(key, repeat)

    def _start(self, key: str, work: Work) -> None:
        task = asyncio.create_task(work())
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._forget(key, task))

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]

    async def wait(self, key: str) -> None:
        """Return when the task is over."""
        if task := self._tasks.get(key):
            await asyncio.wait([task])

    async def end(self, key: str) -> None:
        """Cancel the task, and wait for its end."""
        if task := self._tasks.get(key):
            task.cancel()
            await asyncio.wait([task])

    async def stop(self) -> None:
        """Cancel every task."""
        await asyncio.gather(*map(self.end, list(self._tasks)))


async def until_written(what: str, write: Callable[[], None]) -> None:
    """Write how something ended, as soon as that can be written."""
    while True:
        try:
            return write()
        except sqlite3.OperationalError as error:
            _logger.warning("The end of %s cannot be written yet: %s", what, error)
            await asyncio.sleep(_AGAIN_SECONDS)
