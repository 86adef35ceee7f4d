"""Doing many things at once, but not too many: the one place with threads."""

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
    """Results of the work on each item, in the order of the items, as soon as they are there.

    When the caller stops, by Ctrl-C too, nothing more is begun, and what hangs is not waited for.
    """
    todo = list(items)
    if len(todo) == 1:  # needs no thread
        yield from map(work, todo)
        return
    # Late: not everything needs it. Its threads end with the process, those of
    # concurrent.futures are waited for, with whatever they wait for themselves.
    from multiprocessing.pool import ThreadPool

    with ThreadPool(max_workers) as pool:
        yield from pool.imap(work, todo)
