"""Many things at once: never too many, results in order, nothing left hanging."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from azext_acrtransfer.service.concurrency import MAX_WORKERS, Background, run_concurrently


def test_as_many_at_once_as_allowed_and_results_in_order() -> None:
    together = threading.Barrier(MAX_WORKERS, timeout=30)
    lock = threading.Lock()
    running: list[int] = []
    most: list[int] = []

    def work(number: int) -> int:
        with lock:
            running.append(number)
            most.append(len(running))
        together.wait()  # until as many wait
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


def test_no_more_threads_start_than_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def count(thread: threading.Thread) -> None:
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", count)
    assert list(run_concurrently(str, [1, 2])) == ["1", "2"]
    assert len(started) == 2


@pytest.mark.parametrize("numbers", [[0], [0, 1, 2]])
def test_any_error_is_a_result_where_errors_make_results(numbers: list[int]) -> None:
    def work(number: int) -> str:
        if number == 0:
            raise ZeroDivisionError("an error that nobody thinks of")
        return str(number)

    results = run_concurrently(
        work, numbers, on_error=lambda number, error: f"{number}: {type(error).__name__}"
    )
    assert list(results) == ["0: ZeroDivisionError", "1", "2"][: len(numbers)]


def test_no_work_starts_after_an_error() -> None:
    workers: list[threading.Thread] = []
    done: list[int] = []
    is_raised = threading.Event()

    def work(number: int) -> None:
        workers.append(threading.current_thread())
        if number == 0:
            raise KeyError(number)
        assert is_raised.wait(30)
        done.append(number)

    with pytest.raises(KeyError):
        list(run_concurrently(work, range(9), max_workers=1))
    is_raised.set()
    workers[0].join(30)
    assert len(done) <= 1


def test_work_in_the_background_has_a_result() -> None:
    is_free = threading.Event()
    work = Background(lambda: is_free.wait(60) and threading.current_thread())
    with pytest.raises(TimeoutError):
        work.result(0.01)
    is_free.set()
    worker = work.result(60)
    assert isinstance(worker, threading.Thread)
    assert worker is not threading.main_thread()
    assert work.result(0) is worker


def test_an_error_in_the_background_is_raised_with_its_result() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    work = Background(fail)
    with pytest.raises(ZeroDivisionError):
        work.result(60)


HANGING = """
import os, signal, threading
from azext_acrtransfer.service.concurrency import Background, run_concurrently

# A job that a shell runs in the background ignores it, and so would this process.
signal.signal(signal.SIGINT, signal.default_int_handler)

def hang(number):
    os.write(1, b"started\\n")  # print writes the end of the line apart
    threading.Event().wait()

Background(lambda: hang(0))
try:
    list(run_concurrently(hang, range(20)))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_ends_the_process_although_its_threads_hang() -> None:
    process = subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout
            threads = MAX_WORKERS + 1
            assert [process.stdout.readline() for _ in range(threads)] == ["started\n"] * threads
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (output, process.returncode) == ("interrupted\n", 0)
