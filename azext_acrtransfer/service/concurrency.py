"""Concurrent requests in a limited number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

# Enough to hide the time of an answer; few enough not to be throttled at once.
MAX_WORKERS = 8

T = TypeVar("T")
R = TypeVar("R")


def run_concurrently(
    work: Callable[[T], R], items: Iterable[T], *, max_workers: int = MAX_WORKERS
) -> Iterator[R]:
    """Return the results for the items in their order, as soon as they are available.

    When the caller stops, even by Ctrl-C, no more work starts, and hanging work is left alone.
    """
    todo = list(items)
    if len(todo) == 1:  # needs no thread
        yield from map(work, todo)
        return
    # Deferred: not everything needs it. Its threads end with the process, those of
    # concurrent.futures are waited for, with whatever they wait for themselves.
    from multiprocessing.pool import ThreadPool

    with ThreadPool(max_workers) as pool:
        yield from pool.imap(work, todo)
