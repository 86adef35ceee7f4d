"""The emulator's clock, which a control can set, and timestamps as Azure writes them."""

import asyncio
from datetime import datetime, timedelta, timezone

#: A thousand years, both ways: every time that is derived from the clock's has its four digits.
_LONGEST = timedelta(days=365_000)


class Clock:
    """Real time plus what it was advanced by; a restart forgets the advance."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        #: What it was set forward by in all: who sleeps doesn't notice that it was set back.
        self._forward = timedelta()
        self._advances: list[tuple[datetime, timedelta]] = []
        self._advanced = asyncio.Event()

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(timezone.utc) + self._ahead

    def steady(self) -> datetime:
        """A time that only moves forward, to measure how long something takes."""
        return datetime.now(timezone.utc) + self._forward

    def from_real_time(self, real: datetime) -> datetime:
        """What this clock showed at a real time, such as that of a blob."""
        advances = (by for since, by in self._advances if since <= real)
        return real + sum(advances, timedelta())

    def advance(self, seconds: float) -> None:
        """Set the clock forward, or back if it is negative.

        Every sleeper wakes and looks at the time again. Raises ValueError if so much can't be added
        to every time that is derived from it.
        """
        if not abs(self._ahead.total_seconds() + seconds) <= _LONGEST.total_seconds():
            raise ValueError(f"the clock can be {_LONGEST.days} days ahead or behind at most")
        by = timedelta(seconds=seconds)
        self._ahead += by
        self._forward += max(by, timedelta())
        self._advances.append((datetime.now(timezone.utc), by))
        self._advanced.set()
        self._advanced = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the clock was set forward by the rest."""
        end = self.steady() + timedelta(seconds=seconds)
        while (left := (end - self.steady()).total_seconds()) > 0:
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
