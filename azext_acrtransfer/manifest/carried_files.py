"""Comparison of carried blobs, as files in a folder, with a manifest: by size and MD5."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypedDict

from azure.cli.core.azclierror import AzureResponseError

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.manifest.model import WRITTEN, ManifestRun, Result, TransferManifest
from azext_acrtransfer.redaction import escape, headed

#: Bytes that are read at a time.
_CHUNK = 1024 * 1024
_UNFINISHED = "the manifest doesn't contain how its run ended"
#: Receives the number of bytes that were read since the last call.
Advance = Callable[[int], None]


class FileStatus(str, Enum):
    """The status of a carried blob."""

    PRESENT = "present"
    MISSING = "missing"
    TRUNCATED = "truncated"
    DIFFERENT = "different"
    EXTRA = "extra"
    UNKNOWN = "unknown"


class VerifiedBlob(TypedDict):
    """The comparison of a blob as the user gets it: one item of ``verify --blobs``."""

    blob: str
    status: str
    expectedSize: int | None
    foundSize: int | None
    expectedMd5: str | None
    foundMd5: str | None
    error: str | None


@dataclass(frozen=True)
class CarriedBlob:
    """The comparison of a file with a blob of the manifest; ``expected`` is None for an extra."""

    blob: str
    status: FileStatus
    expected: ManifestRun | None = None
    size: int | None = None
    md5: str | None = None
    error: str | None = None

    @property
    def row(self) -> VerifiedBlob:
        """The comparison as a row of the result."""
        expected = self.expected
        return {
            "blob": self.blob,
            "status": self.status.value,
            "expectedSize": expected.blob_size if expected else None,
            "foundSize": self.size,
            "expectedMd5": expected.blob_md5 if expected else None,
            "foundMd5": self.md5,
            "error": self.error,
        }

    def __str__(self) -> str:
        """Return the blob and what is wrong with its file."""
        words = self.error or self.status.value
        if self.status is FileStatus.TRUNCATED and self.expected:
            words = f"truncated, {self.size} of {self.expected.blob_size} bytes"
        elif self.status is FileStatus.EXTRA:
            words = "not a blob of the manifest"
        return escape(f"{self.blob}: {words}")


@dataclass(frozen=True)
class CarriedFiles:
    """The files in a folder, and the blobs of a manifest that it should contain.

    A blob whose name has slashes is a file in subfolders, as `az storage blob download-batch`
    writes it.
    """

    folder: Path
    files: Mapping[str, Path]
    expected: Mapping[str, ManifestRun]
    #: Blobs of runs without a known end.
    unfinished: Mapping[str, ManifestRun]
    #: Blobs of the manifest that no run is known to have written.
    unwritten: frozenset[str]

    @classmethod
    def of(cls, manifest: TransferManifest, folder: Path, manifest_file: Path) -> CarriedFiles:
        """List the files; that of the manifest can be in the folder, too."""
        files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.resolve() != manifest_file.resolve()
        }
        exported = {entry.run for entry in manifest.entries if entry.result is Result.EXPORTED}
        expected: dict[str, ManifestRun] = {}
        for run in manifest.runs:
            if run.status in WRITTEN or run.name in exported:
                # The last run that wrote a blob counts, and isn't always the last in the manifest.
                last = expected.get(run.blob, run)
                expected[run.blob] = max(run, last, key=lambda run: run.finished or "")
        unfinished = {run.blob: run for run in manifest.open_runs if run.blob not in expected}
        unwritten = frozenset(run.blob for run in manifest.runs) - expected.keys()
        return cls(folder, files, expected, unfinished, unwritten)

    @property
    def size(self) -> int:
        """Bytes of the files that are compared."""
        files = (self.files[blob] for blob in self.expected if blob in self.files)
        return sum(file.stat().st_size for file in files)

    def compare(self, advance: Advance) -> Iterator[CarriedBlob]:
        """Compare each blob of the manifest, then list the other files."""
        for blob, run in self.expected.items():
            file = self.files.get(blob)
            if file:
                yield _compared(run, file, advance)
            else:
                yield CarriedBlob(blob, FileStatus.MISSING, run)
        for blob, run in self.unfinished.items():
            file = self.files.get(blob)
            size = file.stat().st_size if file else None
            yield CarriedBlob(blob, FileStatus.UNKNOWN, run, size, error=_UNFINISHED)
        for name in self.files:
            if name not in self.expected and name not in self.unwritten:
                yield CarriedBlob(name, FileStatus.EXTRA, size=self.files[name].stat().st_size)


def _compared(run: ManifestRun, file: Path, advance: Advance) -> CarriedBlob:
    try:
        size = file.stat().st_size
        # Of a file that is too short or too long, the size says enough.
        if run.blob_size is not None and size != run.blob_size:
            advance(size)
            is_shorter = size < run.blob_size
            status = FileStatus.TRUNCATED if is_shorter else FileStatus.DIFFERENT
            return CarriedBlob(run.blob, status, run, size)
        md5 = _md5_of(file, advance)
    except OSError as error:
        return CarriedBlob(run.blob, FileStatus.UNKNOWN, run, error=error.strerror)
    if run.blob_md5 is None:
        error_text = "the manifest doesn't contain its MD5"
        return CarriedBlob(run.blob, FileStatus.UNKNOWN, run, size, md5, error_text)
    status = FileStatus.PRESENT if md5 == run.blob_md5 else FileStatus.DIFFERENT
    return CarriedBlob(run.blob, status, run, size, md5)


def _md5_of(file: Path, advance: Advance) -> str:
    """Return the MD5 of a file as Content-MD5 has it."""
    md5 = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            md5.update(chunk)
            advance(len(chunk))
    return b64encode(md5.digest()).decode()


def has_differences(blobs: Iterable[CarriedBlob]) -> bool:
    """Whether a file is known to be missing, wrong or extra."""
    return any(blob.status not in (FileStatus.PRESENT, FileStatus.UNKNOWN) for blob in blobs)


def failure(blobs: Sequence[CarriedBlob], folder: Path) -> AzureResponseError | None:
    """Return the error for files that are wrong or unknown, if there are any."""
    unknown = [blob for blob in blobs if blob.status is FileStatus.UNKNOWN]
    wrong = [blob for blob in blobs if blob.status not in (FileStatus.PRESENT, FileStatus.UNKNOWN)]
    if not wrong and not unknown:
        return None
    lines = [
        *headed(
            f"{len(wrong)} of {len(blobs)} blobs in '{folder}' aren't as the manifest lists them:",
            wrong,
        ),
        *headed(
            f"{len(unknown)} of {len(blobs)} blobs in '{folder}' couldn't be compared:", unknown
        ),
        summary(blobs),
    ]
    advice = []
    if wrong:
        advice.append(
            "Copy missing, truncated and different files again before you upload the blobs."
        )
    if unknown:
        advice += [
            "A manifest contains sizes and MD5 hashes if whoever exports may read the blobs, such "
            "as by the role 'Storage Blob Data Reader' on the container.",
            "To complete the manifest, whoever exports runs "
            f"'{az('acr pipeline-run wait', manifest='FILE')}'.",
        ]
    return AzureResponseError("\n".join(lines), recommendation=advice)


def summary(blobs: Iterable[CarriedBlob]) -> str:
    """Return how many files have each status."""
    counts = Counter(blob.status for blob in blobs)
    parts = ", ".join(f"{counts[status]} {status.value}" for status in FileStatus if counts[status])
    return f"Verified blobs: {parts or 'none'}."
