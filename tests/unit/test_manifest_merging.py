"""Merging: what a run adds to a manifest, and what it must not take back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.manifest.merging import Origin, RunRecord, merge, without
from azext_acrtransfer.manifest.model import (
    Entry,
    ManifestKind,
    ManifestRun,
    Result,
    TransferManifest,
)
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.transfer.records import planned_records
from azext_acrtransfer.transfer.specs import RunSpec
from docs.generators.manifest_page import IMAGE

MOVED = Descriptor(f"sha256:{'9' * 64}", IMAGE.media_type, 1)
HELLO = Artifact("samples/hello", "v1")
OTHER = Artifact("samples/other", "v1")
EARLIER = ManifestRun("earlier", "blob-1", "Succeeded")
NEW, SAME_BLOB = ManifestRun("new", "blob-2"), ManifestRun("new", "blob-1")
EXPORTED, SKIPPED, FAILED, UNKNOWN = (
    Result.EXPORTED,
    Result.SKIPPED,
    Result.FAILED,
    Result.UNKNOWN,
)


def manifest(*entries: Entry, runs: tuple[ManifestRun, ...] = (EARLIER,)) -> TransferManifest:
    return TransferManifest(ManifestKind.EXPORT, "", "myregistry.azurecr.io", None, runs, entries)


def record(run: ManifestRun, result: Result, origin: Origin) -> RunRecord:
    return RunRecord(run, {HELLO: (result, "Why." if result is FAILED else None)}, origin)


def before(result: Result, run: ManifestRun | None = EARLIER) -> Entry:
    return Entry(HELLO, result, IMAGE, run.name if run else None)


def after(result: Result, content: Descriptor = IMAGE, run: ManifestRun | None = NEW) -> Entry:
    name = run.name if run else None
    return Entry(HELLO, result, content, name, "Why." if result is FAILED and run else None)


def merged(old: Entry | None, new: RunRecord, content: Descriptor = IMAGE) -> Entry:
    """The entry after a run, whose artifact has this content now."""
    [entry] = merge(manifest(*[old] if old else []), [new], {HELLO: content}).entries
    return entry


@pytest.mark.parametrize(("force", "status"), [(None, "Succeeded"), ("mine", None)])
def test_only_a_plan_to_force_a_run_replaces_what_is_known_of_it(
    force: str | None, status: str | None
) -> None:
    [planned] = planned_records([RunSpec(EXPORT, "earlier", "blob-1", (HELLO,), force)])
    [run] = merge(manifest(before(EXPORTED)), [planned], {HELLO: IMAGE}).runs
    assert (run.name, run.status) == ("earlier", status)


@pytest.mark.parametrize("origin", [Origin.PLANNED, Origin.NEW, Origin.REFUSED])
@pytest.mark.parametrize("result", [EXPORTED, FAILED, UNKNOWN])
def test_an_artifact_that_is_new_is_added(result: Result, origin: Origin) -> None:
    assert merged(None, record(NEW, result, origin)) == after(result)


@pytest.mark.parametrize("origin", [Origin.PLANNED, Origin.NEW])
@pytest.mark.parametrize(
    ("old", "new", "run", "is_kept"),
    [
        (EXPORTED, FAILED, NEW, True),
        (EXPORTED, UNKNOWN, NEW, True),
        (EXPORTED, FAILED, SAME_BLOB, False),
        (EXPORTED, UNKNOWN, SAME_BLOB, False),
        (EXPORTED, EXPORTED, NEW, False),
        (SKIPPED, FAILED, NEW, True),
        (SKIPPED, EXPORTED, NEW, False),
        (FAILED, UNKNOWN, NEW, False),
        (UNKNOWN, FAILED, NEW, False),
    ],
)
def test_what_is_in_a_blob_stays_unless_it_is_written_again(
    old: Result, new: Result, run: ManifestRun, origin: Origin, is_kept: bool
) -> None:
    entry = before(old, None if old is SKIPPED else EARLIER)
    expected = entry if is_kept else after(new)
    assert merged(entry, record(run, new, origin)) == expected


@pytest.mark.parametrize("origin", [Origin.PLANNED, Origin.NEW, Origin.REFUSED])
@pytest.mark.parametrize("old", [EXPORTED, SKIPPED, FAILED, UNKNOWN])
def test_a_moved_tag_replaces_what_was_known_of_its_content(old: Result, origin: Origin) -> None:
    assert merged(before(old), record(NEW, FAILED, origin), MOVED) == after(FAILED, MOVED)


@pytest.mark.parametrize("old", [EXPORTED, SKIPPED, FAILED, UNKNOWN])
def test_a_refused_run_changes_nothing_of_the_same_content(old: Result) -> None:
    assert merged(before(old), record(SAME_BLOB, FAILED, Origin.REFUSED)) == before(old)


@pytest.mark.parametrize("origin", [Origin.EXISTING, Origin.PLANNED])
@pytest.mark.parametrize("result", [EXPORTED, FAILED, UNKNOWN])
def test_a_run_that_existed_completes_what_is_unknown_of_it(result: Result, origin: Origin) -> None:
    expected = after(result, IMAGE, EARLIER)
    assert merged(before(UNKNOWN), record(EARLIER, result, origin), MOVED) == expected


@pytest.mark.parametrize("run", [EARLIER, NEW])
@pytest.mark.parametrize("old", [EXPORTED, SKIPPED, FAILED])
def test_a_run_that_existed_changes_nothing_else(old: Result, run: ManifestRun) -> None:
    assert merged(before(old), record(run, FAILED, Origin.EXISTING), MOVED) == before(old)


def test_another_run_that_existed_does_not_complete_it() -> None:
    assert merged(before(UNKNOWN), record(NEW, EXPORTED, Origin.EXISTING)) == before(UNKNOWN)


@pytest.mark.parametrize("result", [EXPORTED, FAILED])
def test_what_a_run_moved_before_it_was_recorded_is_unknown(result: Result) -> None:
    expected = Entry(HELLO, UNKNOWN, IMAGE)
    assert merged(None, record(NEW, result, Origin.EXISTING)) == expected


@pytest.mark.parametrize(
    ("old", "content", "result"),
    [(EXPORTED, IMAGE, EXPORTED), (EXPORTED, MOVED, SKIPPED), (UNKNOWN, IMAGE, SKIPPED)],
)
def test_what_is_in_no_run_is_skipped(old: Result, content: Descriptor, result: Result) -> None:
    merged = merge(manifest(before(old)), [], {HELLO: content, OTHER: IMAGE})
    expected = before(old) if result is EXPORTED else Entry(HELLO, SKIPPED, content)
    assert merged.entries == (expected, Entry(OTHER, SKIPPED, IMAGE))


AGAIN = ManifestRun("earlier", "blob-1")


@pytest.mark.parametrize(
    ("origin", "runs"),
    [
        (Origin.PLANNED, (EARLIER,)),
        (Origin.REFUSED, (EARLIER,)),
        (Origin.EXISTING, (AGAIN,)),
        (Origin.NEW, (AGAIN,)),
    ],
)
def test_a_run_is_replaced_by_its_newer_state(
    origin: Origin, runs: tuple[ManifestRun, ...]
) -> None:
    assert merge(manifest(), [RunRecord(AGAIN, {}, origin)], {}).runs == runs


@pytest.mark.parametrize("origin", [Origin.PLANNED, Origin.REFUSED])
def test_a_run_that_may_not_run_is_added(origin: Origin) -> None:
    assert merge(manifest(), [RunRecord(NEW, {}, origin)], {}).runs == (EARLIER, NEW)


KNOWN = replace(
    EARLIER,
    finished="2026-01-20T12:00:00Z",
    estimated_size=1,
    blob_size=2,
    blob_md5="known",
    catalog_digest="known",
)
UNREAD = replace(KNOWN, estimated_size=3, blob_size=None, blob_md5=None, catalog_digest=None)
READ = replace(UNREAD, blob_size=0, blob_md5="read", catalog_digest="read")
LATER = replace(UNREAD, finished="2026-01-21T12:00:00Z")


@pytest.mark.parametrize(
    ("old", "origin", "new", "expected"),
    [
        (KNOWN, Origin.EXISTING, UNREAD, KNOWN),
        (KNOWN, Origin.EXISTING, READ, replace(READ, estimated_size=1)),
        (KNOWN, Origin.EXISTING, LATER, replace(LATER, estimated_size=1)),
        (None, Origin.EXISTING, READ, replace(READ, estimated_size=None)),
        (KNOWN, Origin.NEW, UNREAD, UNREAD),
    ],
    ids=["unread", "read", "run again", "unknown", "new"],
)
def test_a_known_blob_stays_until_it_is_read_or_written_again(
    old: ManifestRun | None, origin: Origin, new: ManifestRun, expected: ManifestRun
) -> None:
    before = manifest(runs=(old,) if old else ())
    assert merge(before, [RunRecord(new, {}, origin)], {}).runs == (expected,)


def test_a_name_that_is_used_again_for_another_blob_is_another_run() -> None:
    other = replace(AGAIN, blob="blob-2")
    assert merge(manifest(), [RunRecord(other, {}, Origin.NEW)], {}).runs == (EARLIER, other)


def test_a_plan_is_taken_back_but_for_what_changed_since() -> None:
    earlier = manifest(before(EXPORTED), runs=(AGAIN, EARLIER))
    records = [
        RunRecord(SAME_BLOB, {HELLO: (UNKNOWN, None), OTHER: (UNKNOWN, None)}, Origin.NEW),
    ]
    plan = merge(earlier, records, {HELLO: IMAGE, OTHER: IMAGE})
    assert [entry.result for entry in plan.entries] == [UNKNOWN, UNKNOWN]
    assert without(plan, plan, earlier) == replace(earlier, runs=(EARLIER,))

    finished = replace(SAME_BLOB, status="Succeeded")
    exported = Entry(OTHER, EXPORTED, IMAGE, "another")
    current = replace(plan, runs=(EARLIER, finished), entries=(plan.entries[0], exported))
    assert without(current, plan, earlier) == replace(
        earlier, runs=(EARLIER, finished), entries=(before(EXPORTED), exported)
    )
