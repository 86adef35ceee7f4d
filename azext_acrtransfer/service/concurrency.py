"""Concurrent requests in a limited number of threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future
    from queue import SimpleQueue

# Enough to hide the time of an answer; few enough not to be throttled at once.
MAX_WORKERS = 8
# On Windows, Ctrl-C doesn't end a wait without a limit.
_LONGEST_WAIT = 0.5

T = TypeVar("T")
R = TypeVar("R")


def run_concurrently(
    work: Callable[[T], R],
    items: Iterable[T],
    *,
    max_workers: int = MAX_WORKERS,
    on_error: Callable[[T, Exception], R] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Iterator[R]:
    """Return the results for the items in their order, as soon as they are available.

    With ``on_error``, it makes the result for an item whose work raised an error, whatever error
    that is: one item doesn't lose the results for the others.

    ``on_wait`` is called about twice a second while a result isn't available, and can raise an
    error to stop. When the caller stops, even by Ctrl-C, no more work starts, and hanging work is
    left alone.
    """
    todo = list(items)
    if on_error:
        work = _always_with_result(work, on_error)
    if len(todo) == 1 and not on_wait:  # needs no thread
        yield from map(work, todo)
        return
    # Deferred: not everything needs it.
    from concurrent.futures import Future, wait
    from queue import SimpleQueue

    futures: list[Future[R]] = []
    jobs: SimpleQueue[tuple[Future[R], T] | None] = SimpleQueue()
    for item in todo:
        futures.append(Future())
        jobs.put((futures[-1], item))
    try:
        for _ in range(min(max_workers, len(todo))):
            jobs.put(None)
            _start_worker(work, jobs)
        for future in futures:
            while not future.done():
                (on_wait or _do_nothing)()
                wait([future], timeout=_LONGEST_WAIT)
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


class Background(Generic[R]):  # pylint: disable=too-few-public-methods  # it has one result
    """Work in a thread of the background, which ends with the work or with the process."""

    def __init__(self, work: Callable[[], R]) -> None:
        # Deferred: not everything needs it.
        from concurrent.futures import Future
        from queue import SimpleQueue

        self._future: Future[R] = Future()
        jobs: SimpleQueue[tuple[Future[R], None] | None] = SimpleQueue()
        jobs.put((self._future, None))
        jobs.put(None)
        _start_worker(lambda _: work(), jobs)

    def result(self, timeout: float) -> R:
        """Return the result; raises TimeoutError if it isn't available after so many seconds."""
        # Deferred: not everything needs it.
        from concurrent.futures import wait

        end = time.monotonic() + timeout
        while not self._future.done():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("The result isn't available yet.")
            wait([self._future], timeout=min(left, _LONGEST_WAIT))
        return self._future.result()


def _do_nothing() -> None:
    pass


def _always_with_result(
    work: Callable[[T], R], on_error: Callable[[T, Exception], R]
) -> Callable[[T], R]:
    def do(item: T) -> R:
        try:
            return work(item)
        # An error that nobody thought of is the outcome of this item, too.
        except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
            return on_error(item, error)

    return do


def _start_worker(work: Callable[[T], R], jobs: SimpleQueue[tuple[Future[R], T] | None]) -> None:
    """Start a thread that ends with the jobs, or with the process.

    Python joins the threads of a ThreadPoolExecutor at exit, whatever they wait for themselves.
    """
    # Deferred: not everything needs it.
    from threading import Thread

    Thread(target=_do_jobs, args=(work, jobs), daemon=True).start()


def _do_jobs(work: Callable[[T], R], jobs: SimpleQueue[tuple[Future[R], T] | None]) -> None:
    for future, item in iter(jobs.get, None):
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(work(item))
        # The caller raises it.
        except BaseException as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
            future.set_exception(error)
