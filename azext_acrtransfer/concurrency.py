"""Doing many things at once, but not too many: the one place with threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

# Enough to hide the time of an answer; few enough not to be throttled at once.
AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T], *, at_once: int = AT_ONCE) -> Iterator[R]:
    """Results of the work on each item, in the order of the items, as soon as they are there.

    What has not begun when the caller stops is not begun any more. A single item is worked on
    without a thread, so that Ctrl-C ends even a request that hangs.
    """
    waiting = list(items)
    if len(waiting) == 1:
        yield from map(work, waiting)
        return
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(work, waiting)
