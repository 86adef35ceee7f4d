"""The file that tells other processes how to reach a running emulator."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from acr_emulator.state.whole_files import write_whole

_OWN_NAME = "ACR_EMULATOR_CONTROL="


class EnvFileError(Exception):
    """The file can't be written."""


class EnvFile:
    """Exists while its emulator is ready: it has a secret, and a proxy that ends with it."""

    def __init__(self, file: Path | None) -> None:
        """Remove what an emulator that was killed left. Raises EnvFileError."""
        self._file = file
        try:
            if file and file.exists():
                if _OWN_NAME not in file.read_text():
                    raise EnvFileError(f"{file} already exists and isn't an emulator's env file.")
                file.unlink()
            if file and not file.parent.is_dir():
                raise EnvFileError(f"{file} can't be written: its folder doesn't exist.")
        except (OSError, UnicodeError) as error:
            raise EnvFileError(f"{file} can't be written: {error}.") from error

    @contextmanager
    def written(self, environment: Mapping[str, str]) -> Iterator[None]:
        """Have the file, if one is wanted; only our own is removed. Raises EnvFileError."""
        if self._file is None:
            yield
            return
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items())
        try:
            write_whole(self._file, text.encode())
        except OSError as error:
            raise EnvFileError(f"{self._file} can't be written: {error.strerror}.") from error
        try:
            yield
        finally:
            if self._file.exists() and self._file.read_text() == text:
                self._file.unlink()
