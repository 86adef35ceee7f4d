"""Many things at once: never too many, results in order, nothing left hanging."""

from __future__ import annotations

import threading

import pytest

from azext_acrtransfer.service.concurrency import MAX_WORKERS, run_concurrently


def test_as_many_at_once_as_allowed_and_results_in_order() -> None:
    together = threading.Barrier(MAX_WORKERS, timeout=30)
    lock = threading.Lock()
    running: list[int] = []
    most: list[int] = []

    def work(number: int) -> int:
        with lock:
            running.append(number)
            most.append(len(running))
        together.wait()  # until as many are there
        with lock:
            running.remove(number)
        return number * number

    numbers = range(3 * MAX_WORKERS)
    assert list(run_concurrently(work, numbers)) == [number * number for number in numbers]
    assert max(most) == MAX_WORKERS


def test_one_needs_no_thread() -> None:
    assert list(run_concurrently(lambda _: threading.current_thread(), ["it"])) == [
        threading.main_thread()
    ]


def test_nothing_is_done_with_nothing() -> None:
    assert list(run_concurrently(str, [])) == []


def test_an_error_is_raised_and_what_hangs_is_not_waited_for() -> None:
    free = threading.Event()

    def work(number: int) -> None:
        if number == 0:
            raise KeyError(number)
        free.wait(60)

    try:
        with pytest.raises(KeyError):
            list(run_concurrently(work, range(100)))
        assert not free.is_set()
    finally:
        free.set()
