"""Signals: SIGTERM does what Ctrl-C does, and neither ends a step that must not be lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from azext_acrtransfer.service.interrupts import sigterm_interrupts, uninterrupted


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Handlers are left as they were found."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(each) for each in signals]
    yield
    assert [signal.getsignal(each) for each in signals] == before


def test_sigterm_does_what_ctrl_c_does() -> None:
    with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
        signal.raise_signal(signal.SIGTERM)


def test_sigterm_stays_ignored_where_it_is() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with sigterm_interrupts():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("each", [signal.SIGINT, signal.SIGTERM])
def test_a_step_that_must_not_be_lost_is_not_interrupted(each: signal.Signals) -> None:
    with sigterm_interrupts():
        with uninterrupted():
            signal.raise_signal(each)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_another_thread_than_the_main_one_changes_nothing() -> None:
    handlers = []

    def enter() -> None:
        with sigterm_interrupts(), uninterrupted():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGTERM)]
