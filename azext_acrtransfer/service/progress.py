"""The progress line on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress(
    cli_ctx: Any, *, now: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str], None]]:
    """Return a function that shows a text and the time passed; quiet without a terminal."""
    quiet = (
        cli_ctx.only_show_errors
        or cli_ctx.config.getboolean("core", "disable_progress_bar", False)
        or not sys.stderr.isatty()
    )
    if quiet:
        yield lambda _: None
        return
    # Deferred: it loads a terminal library that a quiet wait does not need.
    from azure.cli.core.commands.progress import IndeterminateProgressBar

    started = now()
    line = IndeterminateProgressBar(cli_ctx)
    line.begin()
    try:
        yield lambda text: line.update_progress_with_msg(f"{text}, {now() - started:.0f} s")
    finally:
        line.end()
