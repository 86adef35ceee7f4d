"""Files that exist as a whole or not at all, whenever the emulator or its machine stops."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StateFileError(Exception):
    """A file of the state directory is of no use: the text says which one, and what to do."""


def write_whole(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read; an old one stays until the new one is complete."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    partial = Path(name)
    try:
        with open(descriptor, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _keep_names(file.parent)


def _keep_names(folder: Path) -> None:
    """Have the disk hold what the folder's files are called."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def reading(file: Path, advice: str) -> Iterator[None]:
    """Have what fails while a file is read and understood end in a StateFileError."""
    try:
        yield
    except OSError as error:
        raise StateFileError(f"{file} can't be read: {error.strerror}.") from error
    except (TypeError, ValueError) as error:
        raise StateFileError(f"{file} is damaged. {advice}") from error
