"""Archives that somebody else wrote, or damaged."""

import io
import json
import tarfile
import tracemalloc
from contextlib import suppress

import pytest
from acr_emulator.engine import TransferError, archive, archive_reader
from acr_emulator.engine.archive_reader import Entry, list_entries
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import oci
from tests.support.engine.world import World, tar_of
from tests.support.oci import digest_of

CONFIG = b"{}"
LAYER = b"layer"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "config": {"mediaType": oci.CONFIG, "digest": digest_of(CONFIG), "size": len(CONFIG)},
        "layers": [{"mediaType": "text/plain", "digest": digest_of(LAYER), "size": len(LAYER)}],
    }
).encode()


def named(name: object, **change: object) -> dict[str, object]:
    root = {"mediaType": oci.MANIFEST, "digest": digest_of(MANIFEST), "size": len(MANIFEST)}
    return root | {"annotations": {archive.REF_NAME: name}} | change


def index_of(*entries: object) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": entries}).encode()


def path(data: bytes) -> str:
    return f"blobs/sha256/{digest_of(data).removeprefix('sha256:')}"


GOOD = {
    "oci-layout": archive.LAYOUT,
    "index.json": index_of(named("app:v1")),
    path(MANIFEST): MANIFEST,
    path(CONFIG): CONFIG,
    path(LAYER): LAYER,
}


def without(name: str) -> bytes:
    return tar_of({key: value for key, value in GOOD.items() if key != name})


def with_entry(kind: bytes, name: str, link: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, link
        tar.addfile(entry)
    return stream.getvalue()[: tarfile.BLOCKSIZE] + tar_of(GOOD)


def headers(kind: bytes, content: bytes = b"", size: int | None = None, number: int = 1) -> bytes:
    """Tar headers alone, which may claim a size that they do not have."""
    entry = tarfile.TarInfo("header")
    entry.type, entry.size = kind, len(content) if size is None else size
    padding = bytes(-len(content) % tarfile.BLOCKSIZE)
    return (entry.tobuf(tarfile.GNU_FORMAT) + content + padding) * number


def pax(**values: str) -> bytes:
    """What a pax header says about the entry after it."""
    return b"".join(
        f"{len(record) + 4} {record}\n".encode()  # two digits, a blank, a line end
        for record in (f"{name}={value}" for name, value in values.items())
    )


def sparse() -> bytes:
    """An entry whose map of holes never ends."""
    entry = bytearray(headers(tarfile.GNUTYPE_SPARSE))
    entry[482] = 1  # the map is continued in the next block, and so is that one
    more = bytearray(tarfile.BLOCKSIZE)
    more[504] = 1
    entry[148:156] = b" " * 8
    entry[148:156] = f"{sum(entry):06o}\0 ".encode()
    return bytes(entry) + bytes(more) * 1000


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not a tar archive"),
    "no tar": (b"something else" * 100, "not a tar archive"),
    "gzip": (b"\x1f\x8b" + bytes(2000), "not a tar archive"),
    "cut in the head": (tar_of(GOOD)[:700], "not a tar archive, or is damaged"),
    "cut in a blob": (
        tar_of({"oci-layout": archive.LAYOUT, "x": bytes(9000)})[:3000],
        "ends within 'x'",
    ),
    "cut between": (tar_of(GOOD)[: 6 * 512], f"The archive has no '{path(CONFIG)}'"),
    "no layout": (without("oci-layout"), "The archive has no 'oci-layout'"),
    "other layout": (tar_of(GOOD | {"oci-layout": b'{"imageLayoutVersion":"2"}'}), "version 1"),
    "no index": (without("index.json"), "The archive has no 'index.json'"),
    "index is text": (tar_of(GOOD | {"index.json": b"text"}), "Index.json is not a JSON object"),
    "index is empty": (tar_of(GOOD | {"index.json": index_of()}), "holds no artifact"),
    "index of texts": (tar_of(GOOD | {"index.json": index_of("a")}), "not a list of descriptors"),
    "no name": (tar_of(GOOD | {"index.json": index_of(named(None))}), "does not name sha256:"),
    "bad name": (tar_of(GOOD | {"index.json": index_of(named("../x"))}), "'../x' is not the name"),
    "wrong digest name": (
        tar_of(GOOD | {"index.json": index_of(named("app@sha256:" + "a" * 64))}),
        "index.json gives sha256:",
    ),
    "one name for two": (
        tar_of(GOOD | {"index.json": index_of(named("app:v1"), named("app:v1", size=1))}),
        "index.json has 'app:v1' twice",
    ),
    "index of thousands": (
        tar_of(GOOD | {"index.json": index_of(*(named(f"app:{item}") for item in range(1001)))}),
        "The archive names more than 1000 artifacts",
    ),
    "huge index": (tar_of(GOOD | {"index.json": bytes(4 * 1024**2 + 1)}), "the limit is 4194304"),
    "no manifest": (without(path(MANIFEST)), f"The archive has no '{path(MANIFEST)}'"),
    "no config": (without(path(CONFIG)), f"The archive has no '{path(CONFIG)}'"),
    "no layer": (without(path(LAYER)), f"The archive has no '{path(LAYER)}'"),
    "changed manifest": (
        tar_of(GOOD | {path(MANIFEST): MANIFEST.replace(b"text", b"TEXT")}),
        "does not match its digest",
    ),
    "longer layer": (
        tar_of(GOOD | {path(LAYER): LAYER + b"!"}),
        f"Blob {digest_of(LAYER)} is 6 bytes in the archive; it should be 5",
    ),
    "root called an index": (
        tar_of(GOOD | {"index.json": index_of(named("app:v1", mediaType="text/html"))}),
        "has media type 'text/html'",
    ),
    "twice": (tar_of({"x": b"1"})[:1024] + tar_of({"./x": b"2"}), "The archive has 'x' twice"),
    "absolute": (with_entry(tarfile.REGTYPE, "/etc/passwd"), "'/etc/passwd' leads out of it"),
    "parent": (with_entry(tarfile.REGTYPE, "blobs/../../x"), "leads out of it"),
    "symbolic link": (with_entry(tarfile.SYMTYPE, path(b"x"), "/etc/passwd"), "not a plain file"),
    "hard link": (with_entry(tarfile.LNKTYPE, path(b"x"), "oci-layout"), "is not a plain file"),
    "device": (with_entry(tarfile.CHRTYPE, "dev"), "is not a plain file"),
    "named pipe": (with_entry(tarfile.FIFOTYPE, "pipe"), "is not a plain file"),
    "long header": (
        headers(tarfile.XHDTYPE, bytes(1024**2)) + tar_of(GOOD),
        "A tar header of 1048576 bytes is too large",
    ),
    "header without an end": (
        headers(tarfile.XHDTYPE, size=-512) + tar_of(GOOD),
        "A tar header of -512 bytes is too large",
    ),
    "headers without an end": (
        headers(tarfile.GNUTYPE_LONGNAME, b"x", number=3000) + tar_of(GOOD),
        "Tar headers of more than 65536 bytes follow",
    ),
    "sparse map without an end": (sparse(), "Tar headers of more than 65536 bytes follow"),
    "sparse by pax": (
        headers(tarfile.XHDTYPE, pax(**{"GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}))
        + tar_of(GOOD),
        "is not a plain file",
    ),
    "pax leads out": (
        headers(tarfile.XHDTYPE, pax(path="../../x")) + tar_of(GOOD),
        "entry '../../x' leads out of it",
    ),
    "pax for all": (
        headers(tarfile.XGLTYPE, pax(path="index.json")) + tar_of(GOOD),
        "has a header for all of its entries",
    ),
    "pax makes it huge": (
        headers(tarfile.XHDTYPE, pax(size="9" * 30)) + tar_of(GOOD),
        "The archive ends within 'oci-layout'",
    ),
    "pax makes it negative": (
        headers(tarfile.XHDTYPE, pax(size="-1024")) + tar_of(GOOD),
        "The archive ends within 'oci-layout'",
    ),
    "huge": (headers(tarfile.REGTYPE, size=2**80), "The archive ends within 'header'"),
    "negative": (headers(tarfile.REGTYPE, size=-512), "The archive ends within 'header'"),
    "long name": (
        headers(tarfile.GNUTYPE_LONGNAME, b"x" * 300) + tar_of(GOOD),
        "The archive has a name of 300 characters",
    ),
    "name that is no text": (
        headers(tarfile.GNUTYPE_LONGNAME, b"/\xff\n\0") + tar_of(GOOD),
        r"The archive's entry '/\\udcff\\n' leads out of it",
    ),
    "media type that is no text": (
        tar_of(GOOD | {"index.json": index_of(named("app:v1", mediaType="\ud800" * 2000))}),
        r"has media type '(\\ud800)+$",
    ),
}


@pytest.mark.parametrize("data", [tar_of(GOOD), with_entry(tarfile.DIRTYPE, "blobs")])
def test_a_foreign_archive_imports(world: World, data: bytes) -> None:
    world.upload(data)
    assert world.import_().transferred == ["app:v1"]
    assert world.manifest(world.target_registry, "app", "v1") == MANIFEST


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_archive_is_refused_by_what_is_wrong_with_it(world: World, case: str) -> None:
    data, message = BROKEN[case]
    world.upload(data)
    with pytest.raises(TransferError, match=message):
        world.import_()
    assert world.manifest(world.target_registry, "app", "v1") is None
    assert world.progress == []
    world.upload(tar_of(GOOD))
    assert world.import_().transferred == ["app:v1"]


def test_one_broken_artifact_does_not_stop_the_others(world: World) -> None:
    lost = named("lost:v1", digest="sha256:" + "a" * 64)
    world.upload(tar_of(GOOD | {"index.json": index_of(lost, named("app:v1"))}))
    result = world.import_(continue_on_errors=True)
    assert result.transferred == ["app:v1"]
    assert result.failures == {
        "lost:v1": f"Artifact 'lost:v1': The archive has no 'blobs/sha256/{'a' * 64}'."
    }


def test_an_index_that_repeats_a_large_manifest_takes_little_memory(
    world: World,
) -> None:
    manifest = json.dumps({**json.loads(MANIFEST), "annotations": {"x": "x" * 4_000_000}}).encode()
    root = {"digest": digest_of(manifest), "size": len(manifest)}
    names = [named(f"app:{number}", **root) for number in range(1000)]
    files = {path(manifest): manifest, "index.json": index_of(*names)}
    world.upload(tar_of(GOOD | files))
    tracemalloc.start()
    try:
        result = world.import_(continue_on_errors=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(result.transferred) == 16
    assert result.failures["app:999"] == (
        "Artifact 'app:999': The artifacts have more than 67108864 bytes of manifests."
    )
    assert peak < 200 * 1024**2


def test_the_number_of_entries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_reader, "MAX_ENTRIES", 4)
    data = tar_of(GOOD)
    with pytest.raises(TransferError, match="more than 4 entries"):
        list_entries(io.BytesIO(data), len(data))


file_names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1).filter(
    lambda name: name not in (".", "..")
)
some_files = st.dictionaries(file_names, st.binary(max_size=2000), min_size=1, max_size=8)


@given(some_files, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
@settings(deadline=None)
def test_every_file_of_a_tar_is_found_where_it_lies(files: dict[str, bytes], form: int) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    data = stream.getvalue()
    entries = list_entries(io.BytesIO(data), len(data))
    actual = [data[item.offset : item.offset + item.size] for item in entries.values()]
    assert actual == list(files.values())


@given(some_files, st.data())
@settings(deadline=None)
def test_a_damaged_tar_never_leads_outside_itself(
    files: dict[str, bytes], draw: st.DataObject
) -> None:
    data = bytearray(tar_of(files))
    for _ in range(draw.draw(st.integers(0, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = bytes(data[: draw.draw(st.integers(0, len(data)))])
    entries: dict[str, Entry] = {}
    with suppress(TransferError):
        entries = list_entries(io.BytesIO(cut), len(cut))
    assert all(0 <= item.offset + item.size <= len(cut) for item in entries.values())


@given(st.integers(0, 9 * 1024**3))
@settings(deadline=None)
def test_a_header_of_ours_says_name_and_size_to_any_reader(size: int) -> None:
    header = archive.header(archive.blob_name("sha256:" + "a" * 64), size)
    entry = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    assert (entry.name, entry.size) == (f"blobs/sha256/{'a' * 64}", size)
    assert archive.entry_size(size) == 512 + -(-size // 512) * 512
