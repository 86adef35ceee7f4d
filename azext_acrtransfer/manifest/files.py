"""Files of manifests: replaced as a whole, and by one command at a time."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_hex

from azure.cli.core.azclierror import AzCLIError, FileOperationError
from knack.log import get_logger

from azext_acrtransfer.arguments import invalid
from azext_acrtransfer.command_lines import az
from azext_acrtransfer.manifest.document import parse
from azext_acrtransfer.manifest.model import ManifestKind, TransferManifest
from azext_acrtransfer.version import VERSION

logger = get_logger(__name__)
_WRITTEN_BY = {
    ManifestKind.EXPORT: az("acr pipeline-run create", "-t", "export", manifest="FILE"),
    ManifestKind.VERIFICATION: az("acr pipeline-run verify", write="FILE"),
}


@dataclass(frozen=True)
class ManifestFile:
    """A file to write a manifest of one kind to, tested for write access."""

    path: Path
    option: str
    kind: ManifestKind

    @classmethod
    def parse(cls, text: str, option: str, kind: ManifestKind) -> ManifestFile:
        """Test that the file can be written, and has nothing else: hours of work come first."""
        # A link stays one, and the file that it leads to is replaced.
        file = cls(Path(os.path.realpath(text)), option, kind)
        try:
            if file.path.exists() and not file.path.is_file():
                raise invalid(text, option, "it exists, but isn't a file", "Name a file.")
            with tempfile.TemporaryFile(dir=file.path.parent):
                pass
        except OSError as error:
            raise file._not_written(error) from error
        file.read()
        return file

    def read(self) -> TransferManifest | None:
        """Return what the file contains: None if it's empty or doesn't exist.

        Raises InvalidArgumentValueError if that is anything but a manifest of this kind.
        """
        if not (self.path.exists() and self.path.stat().st_size):
            return None
        advice = (
            f"It would be overwritten by a manifest of kind '{self.kind.value}'. Name another file."
        )
        return _read(str(self.path), self.option, (self.kind,), advice)

    def require(self) -> TransferManifest:
        """Return what the file contains; an error if it's empty or doesn't exist."""
        return read(str(self.path), self.option, self.kind)

    def update(
        self, change: Callable[[TransferManifest | None], TransferManifest]
    ) -> TransferManifest:
        """Replace what the file contains by what ``change`` makes of it, and return that.

        Other commands that update the file wait meanwhile. It's written completely or not at all.
        """
        try:
            with _locked(self.path):
                current = self.read()
                manifest = change(current)
                if manifest != current:
                    manifest = replace(manifest, written_by=VERSION)
                    _replace(self.path, manifest.to_json().encode())
        except OSError as error:
            raise self._not_written(error) from error
        return manifest

    def try_to_write(self, manifest: TransferManifest) -> AzCLIError | None:
        """Write a manifest, and return the error instead of raising it."""
        try:
            self.update(lambda _: manifest)
        except AzCLIError as error:
            return error
        return None

    def _not_written(self, error: OSError) -> FileOperationError:
        return FileOperationError(
            f"The manifest of {self.option} can't be written to '{self.path}': {error.strerror}.",
            recommendation="Specify a file in an existing folder that you have permission to "
            "write to.",
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # Deferred: only writing needs it.
    from msal_extensions.cache_lock import CrossPlatLock, LockError

    lock = CrossPlatLock(str(path.with_name(f".{path.name}.lock")))
    try:
        lock.__enter__()  # pylint: disable=unnecessary-dunder-call  # its exit may fail
    except LockError as error:
        raise OSError(None, "another command is writing it") from error
    try:
        yield
    finally:
        with suppress(OSError):  # what is written, is
            lock.__exit__(None, None, None)


def _replace(path: Path, content: bytes) -> None:
    """Replace the content of a file, whose mode stays."""
    new = path.with_name(f".{token_hex()}.tmp")
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    try:
        # It's never more readable than it will be.
        with open(new, "xb", opener=partial(os.open, mode=mode or 0o666)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:  # opening applied the umask
            new.chmod(mode)
        new.replace(path)
    except BaseException:
        with suppress(OSError):  # the first error is the one that matters
            new.unlink()
        raise


def read(text: str, option: str, *kinds: ManifestKind) -> TransferManifest:
    """Read a manifest of one of these kinds from the file of an option; warn of a newer one."""
    advice = " ".join(f"'{_WRITTEN_BY[kind]}' writes one." for kind in kinds)
    manifest = _read(text, option, kinds, advice)
    if _is_newer(manifest.written_by):
        logger.warning(
            "The manifest of %s was written by version %s of the extension. This is version %s, "
            "which ignores what it doesn't know.",
            option,
            manifest.written_by,
            VERSION,
        )
    return manifest


def _is_newer(written_by: str | None) -> bool:
    # Deferred: only a manifest needs it.
    from packaging.version import Version

    return bool(written_by) and Version(str(written_by)) > Version(VERSION)


def _read(text: str, option: str, kinds: tuple[ManifestKind, ...], advice: str) -> TransferManifest:
    try:
        manifest = parse(Path(text).read_bytes())
    except OSError as error:
        raise FileOperationError(
            f"The manifest of {option} can't be read from '{text}': {error.strerror}.",
            recommendation=advice,
        ) from error
    except ValueError as error:
        raise invalid(text, option, f"it isn't a transfer manifest: {error}", advice) from error
    if manifest.kind not in kinds:
        raise invalid(text, option, f"it is a manifest of kind '{manifest.kind.value}'", advice)
    return manifest
