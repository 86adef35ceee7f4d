"""The progress of a long command: a line on a terminal, or one a minute in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from knack.log import get_logger

logger = get_logger(__name__)
_SECONDS_PER_LINE = 60


@contextmanager
def progress(
    cli_ctx: Any, *, now: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str], None]]:
    """Return a function that shows a text and the time passed.

    Where there is no terminal, or no progress bar is wanted, it logs a line a minute.
    """
    started = now()
    if not _wants_bar(cli_ctx):
        yield _log_each_minute(now)
        return
    # Deferred: it loads a terminal library that is needed on a terminal only.
    from azure.cli.core.commands.progress import IndeterminateProgressBar

    line = IndeterminateProgressBar(cli_ctx)
    texts: list[str] = []  # what takes no time has none, and no line

    def show(text: str) -> None:
        if not texts:
            line.begin()
        texts[:] = [f"{text}, {now() - started:.0f} s"]
        line.update_progress_with_msg(texts[0])

    try:
        yield show
    finally:
        if texts:
            line.end()


@contextmanager
def byte_progress(
    cli_ctx: Any, text: str, total: int, *, now: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """Return a function that is called with the number of further bytes, and shows their share.

    Where there is no terminal, or no progress bar is wanted, it logs a line a minute.
    """
    done = 0
    if not _wants_bar(cli_ctx):
        log = _log_each_minute(now)

        def log_share(count: int) -> None:
            nonlocal done
            done += count
            log(f"{text}: {done} of {total} bytes")

        yield log_share
        return
    hook = cli_ctx.get_progress_controller(det=True)
    hook.begin(message=text, value=0, total_val=total)

    def show_share(count: int) -> None:
        nonlocal done
        done = min(done + count, total)  # a file can grow meanwhile
        hook.add(message=text, value=done, total_val=total)

    try:
        yield show_share
    finally:
        hook.end(message=text)


def _wants_bar(cli_ctx: Any) -> bool:
    return not (
        cli_ctx.only_show_errors
        or cli_ctx.config.getboolean("core", "disable_progress_bar", False)
        or not sys.stderr.isatty()
    )


def _log_each_minute(now: Callable[[], float]) -> Callable[[str], None]:
    started = logged = now()

    def log(text: str) -> None:
        nonlocal logged
        if now() - logged >= _SECONDS_PER_LINE:
            logged = now()
            # Not shown with --only-show-errors.
            logger.warning("%s, %.0f s", text, logged - started)

    return log
