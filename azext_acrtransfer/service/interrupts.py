"""Signals that interrupt a command while the service works."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM, which ends a cancelled CI job, do what Ctrl-C does."""
    is_ignored = signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    with _handled_by(signal.default_int_handler, *([] if is_ignored else [signal.SIGTERM])):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM during a step that is short and must not be lost."""
    with _handled_by(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM):
        yield


@contextmanager
def _handled_by(handler: Any, *signals: signal.Signals) -> Iterator[None]:
    before = {}
    try:
        for number in signals:
            before[number] = signal.signal(number, handler)
    except ValueError:  # only the main thread can do that, and gets the signals
        pass
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous or signal.SIG_DFL)
