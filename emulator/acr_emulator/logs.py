"""Where the log goes, and how much of it."""

import logging
import sys
from pathlib import Path


class LogError(Exception):
    """The log file can't be written."""


def configure(file: Path | None, *, verbose: bool) -> None:
    """Send warnings to stderr, and the whole log to a file; a verbose one has every request.

    Other packages log warnings only: some would log URLs with their signatures. Raises LogError.
    """
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setFormatter(logging.Formatter("acr-emulator: %(message)s"))
    handlers: list[logging.Handler] = [stderr]
    if file:
        stderr.setLevel(logging.WARNING)
        handlers.append(_to(file))
    logging.basicConfig(level=logging.WARNING, handlers=handlers)
    logging.getLogger("uvicorn.error").addFilter(_is_no_forced_stop)
    if file or verbose:
        own = logging.getLogger("acr_emulator")
        own.setLevel(logging.DEBUG if verbose else logging.INFO)


def _is_no_forced_stop(record: logging.LogRecord) -> bool:
    """Leave out that clients kept connections open at the end, which uvicorn calls an error."""
    return "graceful shutdown exceeded" not in record.getMessage()


def _to(file: Path) -> logging.Handler:
    try:
        handler = logging.FileHandler(file, encoding="utf-8")
    except OSError as error:
        raise LogError(f"The log file {file} can't be written: {error.strerror}.") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler
