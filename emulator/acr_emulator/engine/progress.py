"""How far a transfer is."""

from collections.abc import Callable


class Progress:
    """Turns bytes into per cent, which only grow; 100 is kept for the end."""

    def __init__(self, total: int, report: Callable[[int], None]) -> None:
        self._total = max(total, 1)
        self._report = report
        self._done = 0
        self._percent = 0

    def add(self, size: int) -> None:
        self._done += size
        self._advance(min(99, self._done * 100 // self._total))

    def finish(self) -> None:
        self._advance(100)

    def _advance(self, percent: int) -> None:
        if percent > self._percent:
            self._percent = percent
            self._report(percent)
