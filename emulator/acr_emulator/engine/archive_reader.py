"""Finding one's way in an archive that somebody else may have written."""

import asyncio
import tarfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, cast

from acr_emulator.engine import archive
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.artifacts import MAX_MANIFEST_BYTES
from acr_emulator.engine.blob_reader import BlobReader, HeaderFile
from acr_emulator.engine.descriptors import Descriptor, load_json
from acr_emulator.engine.transfer_errors import TransferError

MAX_ENTRIES = 100_000
MAX_ARTIFACTS = 1000
_MAX_NAME = 255
#: Of one header, and of all before one entry: sparse maps and names continue in others.
_MAX_HEADER_BYTES = 16 * 1024
_MAX_HEADERS_BYTES = 64 * 1024


@dataclass(frozen=True)
class Entry:
    """Where a file's content lies in the tar."""

    offset: int
    size: int


@dataclass(frozen=True)
class Archive:
    """The files of an archive by name, and the artifacts that its index names."""

    reader: BlobReader
    entries: Mapping[str, Entry]
    roots: Mapping[Reference, Descriptor]

    @classmethod
    async def open(cls, reader: BlobReader) -> "Archive":
        """Read the tar's headers, then index.json; raises TransferError."""
        entries = await asyncio.to_thread(list_entries, reader.file(), reader.snapshot.size)
        opened = cls(reader, entries, {})
        layout = load_json(await opened.read(archive.LAYOUT_NAME), archive.LAYOUT_NAME)
        if not str(layout.get("imageLayoutVersion")).startswith("1."):
            raise TransferError("The archive is not an OCI image layout of version 1.")
        roots = parse_index(await opened.read(archive.INDEX_NAME))
        return cls(reader, entries, roots)

    async def read(self, name: str) -> bytes:
        """Read a small file: metadata or a manifest."""
        entry = self._entry(name)
        if entry.size > MAX_MANIFEST_BYTES:
            raise TransferError(
                f"'{name}' is {entry.size} bytes; the limit is {MAX_MANIFEST_BYTES}."
            )
        return b"".join([piece async for piece in self.reader.stream(entry.offset, entry.size)])

    async def manifest(self, descriptor: Descriptor) -> bytes:
        self.check(descriptor)
        return await self.read(archive.blob_name(descriptor.digest))

    async def holds(self, blob: Descriptor) -> bool:
        return archive.blob_name(blob.digest) in self.entries

    def check(self, blob: Descriptor) -> None:
        """Check that a blob exists and has the size of its descriptor, without reading it."""
        size = self._entry(archive.blob_name(blob.digest)).size
        if size != blob.size:
            raise TransferError(
                f"Blob {blob.digest} is {size} bytes in the archive; it should be {blob.size}."
            )

    def stream(self, blob: Descriptor) -> AsyncGenerator[bytes, None]:
        entry = self._entry(archive.blob_name(blob.digest))
        return self.reader.stream(entry.offset, entry.size)

    def _entry(self, name: str) -> Entry:
        try:
            return self.entries[name]
        except KeyError:
            raise TransferError(f"The archive has no '{name}'.") from None


def list_entries(file: HeaderFile | IO[bytes], size: int) -> dict[str, Entry]:
    """Read the headers of a tar of this size."""
    entries: dict[str, Entry] = {}
    try:
        for count, member in enumerate(_members(_Headers(file))):
            if count >= MAX_ENTRIES:
                raise TransferError(f"The archive has more than {MAX_ENTRIES} entries.")
            if member.isdir():
                continue
            name = _safe_name(member)
            if name in entries:
                raise TransferError(f"The archive has '{name}' twice.")
            if member.size < 0 or member.offset_data + member.size > size:
                raise TransferError(f"The archive ends within '{name}'.")
            entries[name] = Entry(member.offset_data, member.size)
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise TransferError(f"The blob is not a tar archive, or is damaged ({error}).") from error
    return entries


class _Headers:
    """A file for `tarfile`, which takes the size in a header for true."""

    def __init__(self, file: HeaderFile | IO[bytes]) -> None:
        self.left = _MAX_HEADERS_BYTES
        self.seek = file.seek
        self.tell = file.tell
        self._read = file.read

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _MAX_HEADER_BYTES:
            raise TransferError(f"A tar header of {size} bytes is too large.")
        self.left -= size
        if self.left < 0:
            raise TransferError(f"Tar headers of more than {_MAX_HEADERS_BYTES} bytes follow.")
        return self._read(size)


def _members(headers: _Headers) -> Iterator[tarfile.TarInfo]:
    # tarfile.open uses less than IO[bytes] has: read, seek and tell.
    with tarfile.open(fileobj=cast(IO[bytes], headers), mode="r:") as tar:
        while member := tar.next():
            if tar.pax_headers:
                raise TransferError("The archive has a header for all of its entries.")
            yield member
            tar.members.clear()  # type: ignore[attr-defined] # it keeps all that it has read
            headers.left = _MAX_HEADERS_BYTES


def _safe_name(member: tarfile.TarInfo) -> str:
    if len(member.name) > _MAX_NAME:
        raise TransferError(f"The archive has a name of {len(member.name)} characters.")
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise TransferError(f"The archive's entry '{member.name}' leads out of it.")
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise TransferError(f"The archive's entry '{member.name}' is not a plain file.")
    return str(path)


def parse_index(content: bytes) -> dict[Reference, Descriptor]:
    """Read which artifacts index.json names."""
    roots: dict[Reference, Descriptor] = {}
    for value in _entries_of(load_json(content, archive.INDEX_NAME)):
        descriptor = Descriptor.parse(value, archive.INDEX_NAME)
        annotations = value.get("annotations")
        name = annotations.get(archive.REF_NAME) if isinstance(annotations, dict) else None
        if not isinstance(name, str):
            raise TransferError(
                f"index.json does not name {descriptor.digest} ('{archive.REF_NAME}')."
            )
        reference = Reference.parse(name)
        if reference.is_digest and reference.target != descriptor.digest:
            raise TransferError(f"index.json gives {descriptor.digest} the name '{name}'.")
        if roots.setdefault(reference, descriptor) != descriptor:
            raise TransferError(f"index.json has '{name}' twice.")
        if len(roots) > MAX_ARTIFACTS:
            raise TransferError(f"The archive names more than {MAX_ARTIFACTS} artifacts.")
    if not roots:
        raise TransferError("The archive holds no artifact.")
    return roots


def _entries_of(index: dict[str, object]) -> list[dict[str, object]]:
    manifests = index.get("manifests")
    if isinstance(manifests, list) and all(isinstance(value, dict) for value in manifests):
        return manifests
    raise TransferError("'manifests' in index.json is not a list of descriptors.")
