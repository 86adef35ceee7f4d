"""The emulator's clock, which a control can set forward, and timestamps as Azure writes them."""

import asyncio
from datetime import datetime, timedelta, timezone


class Clock:
    """Real time plus what it was advanced by; a restart forgets the advance."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._advances: list[tuple[datetime, timedelta]] = []
        self._advanced = asyncio.Event()

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(timezone.utc) + self._ahead

    def from_real_time(self, real: datetime) -> datetime:
        """What this clock showed at a real time, such as that of a blob."""
        advances = (by for since, by in self._advances if since <= real)
        return real + sum(advances, timedelta())

    def advance(self, seconds: float) -> None:
        """Set the clock forward and wake every sleeper, each of which looks at the time again."""
        by = timedelta(seconds=seconds)
        self._ahead += by
        self._advances.append((datetime.now(timezone.utc), by))
        self._advanced.set()
        self._advanced = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Return when the clock shows `seconds` more than now."""
        end = self.now() + timedelta(seconds=seconds)
        while (left := (end - self.now()).total_seconds()) > 0:
            try:
                await asyncio.wait_for(self._advanced.wait(), timeout=left)
            except asyncio.TimeoutError:
                continue


def timestamp(time: datetime, *, zone: str = "+00:00") -> str:
    """Write a UTC time as ARM providers do: seven fraction digits, trailing zeros dropped.

    `+00:00` in systemData, `Z` in creationDate (recorded: `2026-01-20T15:49:43.88458+00:00`).
    """
    fraction = f".{time.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{time:%Y-%m-%dT%H:%M:%S}{fraction}{zone}"
