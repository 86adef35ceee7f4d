"""A manifest compared with a registry: what is present, missing and different, and what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import pytest

from azext_acrtransfer.command_lines import Terminal
from azext_acrtransfer.manifest import verification
from azext_acrtransfer.manifest.model import Entry, ManifestKind, Result, TransferManifest
from azext_acrtransfer.manifest.verification import compare
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from docs.generators.manifest_page import IMAGE, INDEX
from tests.support.wording import (
    EXPORT_AGAIN,
    FILE_OF_WRITE,
    TO_VERIFY_AGAIN,
    TO_VERIFY_THE_UNREAD,
    UNLISTED,
    not_in_registry,
)

NOW = datetime(2026, 1, 21, 8, tzinfo=timezone.utc)
NGINX = Artifact("samples/nginx", "1.25")
HELLO = Artifact("samples/hello", "1.0")
BY_DIGEST = Artifact("samples/hello", IMAGE.digest)
[FIRST, SECOND] = [Artifact(NGINX.repository, child.digest) for child in INDEX.children]
OTHER = Descriptor(f"sha256:{'9' * 64}", IMAGE.media_type, 1)
WHOLE = {NGINX: INDEX, FIRST: INDEX.children[0], SECOND: INDEX.children[1], HELLO: IMAGE}


@dataclass
class Registry:
    """A registry that has what it was given, or an error in place of it."""

    has: Mapping[Artifact, Descriptor | Exception]
    lists: Mapping[Artifact, tuple[Descriptor, ...] | Exception] = field(default_factory=dict)
    requested: list[Artifact] = field(default_factory=list)

    def try_to_describe_all(
        self, artifacts: Sequence[Artifact]
    ) -> dict[Artifact, Descriptor | Exception | None]:
        self.requested += artifacts
        return {artifact: self.has.get(artifact) for artifact in artifacts}

    def try_to_list_referrers(
        self, subjects: Sequence[Artifact]
    ) -> dict[Artifact, tuple[Descriptor, ...] | Exception]:
        self.requested += subjects
        return {subject: self.lists.get(subject, ()) for subject in subjects}


def exported(contents: Mapping[Artifact, Descriptor]) -> TransferManifest:
    """The manifest of an export of these."""
    entries = tuple(
        Entry(artifact, Result.EXPORTED, content, "run01") for artifact, content in contents.items()
    )
    return TransferManifest(ManifestKind.EXPORT, "", "source.azurecr.io", entries=entries)


def row(
    artifact: Artifact,
    status: str,
    expected: str,
    actual: str | None,
    parent: str | None = None,
    subject: str | None = None,
    error: str | None = None,
) -> dict[str, str | None]:
    return {
        "reference": str(artifact),
        "parent": parent,
        "subject": subject,
        "status": status,
        "expected": expected,
        "found": actual,
        "error": error,
    }


def test_each_artifact_and_each_child_is_compared_and_requested_once() -> None:
    registry = Registry(WHOLE)
    again = Artifact(NGINX.repository, "latest")
    registry = Registry(WHOLE | {again: INDEX})
    findings = compare(exported({NGINX: INDEX, HELLO: IMAGE, again: INDEX}), registry)
    rows = [each for finding in findings for each in finding.rows]
    children = [
        row(child, "present", child.reference, child.reference, str(NGINX))
        for child in (FIRST, SECOND)
    ]
    assert rows == [
        row(NGINX, "present", INDEX.digest, INDEX.digest),
        *children,
        row(HELLO, "present", IMAGE.digest, IMAGE.digest),
        row(again, "present", INDEX.digest, INDEX.digest),
        *(child | {"parent": str(again)} for child in children),
    ]
    assert registry.requested == [NGINX, FIRST, SECOND, HELLO, again]
    assert verification.failure(findings, "target", None) is None


def test_children_of_an_index_in_an_index_are_compared_too() -> None:
    outer = Descriptor(OTHER.digest, INDEX.media_type, 300, (INDEX,))
    top = Artifact(NGINX.repository, "all")
    inner = Artifact(NGINX.repository, INDEX.digest)
    [finding] = compare(
        exported({top: outer}), Registry({top: outer, inner: INDEX, FIRST: INDEX.children[0]})
    )
    assert [each["status"] for each in finding.rows] == ["present", "present", "present", "missing"]
    assert finding.result is Result.MISSING


@pytest.mark.parametrize(
    ("wanted", "has", "status", "actual"),
    [
        (HELLO, {}, "missing", None),
        (HELLO, {HELLO: OTHER}, "different", OTHER.digest),
        (BY_DIGEST, {HELLO: IMAGE}, "missing", None),
        (BY_DIGEST, {BY_DIGEST: IMAGE}, "present", IMAGE.digest),
    ],
)
def test_an_artifact_by_itself(
    wanted: Artifact, has: Mapping[Artifact, Descriptor], status: str, actual: str | None
) -> None:
    [finding] = compare(exported({wanted: IMAGE}), Registry(has))
    assert list(finding.rows) == [row(wanted, status, IMAGE.digest, actual)]


def test_what_failed_in_the_export_is_compared_all_the_same() -> None:
    failed = Entry(HELLO, Result.FAILED, IMAGE, "run01", "It was not found.")
    manifest = TransferManifest(ManifestKind.EXPORT, "", "source.azurecr.io", entries=(failed,))
    [finding] = compare(manifest, Registry({}))
    assert finding.status is Result.MISSING


def test_the_manifest_of_a_registry_says_what_it_contains() -> None:
    has = {NGINX: INDEX, HELLO: OTHER}
    listed = exported({NGINX: INDEX, HELLO: IMAGE, BY_DIGEST: IMAGE})
    manifest = verification.to_manifest(compare(listed, Registry(has)), "target.azurecr.io", NOW)
    assert manifest == TransferManifest(
        ManifestKind.VERIFICATION,
        "2026-01-21T08:00:00+00:00",
        "target.azurecr.io",
        entries=(
            Entry(
                NGINX,
                Result.MISSING,
                INDEX,
                error=f"missing: {FIRST.reference}, {SECOND.reference}",
            ),
            Entry(HELLO, Result.DIFFERENT, OTHER),
            Entry(BY_DIGEST, Result.MISSING),
        ),
    )


def test_the_failure_names_what_is_wrong() -> None:
    has = {NGINX: INDEX, FIRST: INDEX.children[0], HELLO: OTHER}
    listed = exported({NGINX: INDEX, HELLO: IMAGE, BY_DIGEST: IMAGE, FIRST: INDEX.children[0]})
    error = verification.failure(compare(listed, Registry(has)), "target", None)
    assert error
    assert str(error) == (
        f"{not_in_registry(3, 4, 'target')} as the manifest lists them:\n"
        "samples/nginx:1.25: 1 of its 2 children are missing\n"
        "samples/hello:1.0: different\n"
        f"samples/hello@{IMAGE.digest}: missing\n"
        "Verified artifacts: 1 present, 2 missing, 1 different."
    )
    assert error.recommendations == [
        *TO_VERIFY_AGAIN,
        f"{EXPORT_AGAIN} FILE ..., {FILE_OF_WRITE}",
    ]


def test_the_failure_quotes_the_file_that_was_written() -> None:
    findings = compare(exported({HELLO: IMAGE}), Registry({}))
    error = verification.failure(findings, "target", Path("/tmp/what is there.json"))
    assert error
    assert error.recommendations[1:] == [f'{EXPORT_AGAIN} "/tmp/what is there.json" ...']


@pytest.mark.parametrize(
    ("count", "lines", "last"),
    [(20, 22, "samples/many:19: missing"), (21, 23, "and 1 more"), (23, 23, "and 3 more")],
)
def test_the_failure_names_twenty_and_counts_the_rest(count: int, lines: int, last: str) -> None:
    listed = exported({Artifact("samples/many", str(number)): IMAGE for number in range(count)})
    error = verification.failure(compare(listed, Registry({})), "target", None)
    message = str(error).splitlines()
    assert (len(message), message[1], message[-2]) == (lines, "samples/many:0: missing", last)
    assert message[-1] == f"Verified artifacts: {count} missing."


REFUSED = RuntimeError("You may not. https://u:secret@target.azurecr.io")
SHOWN = "You may not. https://***@target.azurecr.io"


def test_an_artifact_that_cannot_be_read_is_unknown() -> None:
    findings = compare(exported({NGINX: INDEX, HELLO: IMAGE}), Registry(WHOLE | {HELLO: REFUSED}))
    assert list(findings[1].rows) == [row(HELLO, "unknown", IMAGE.digest, None, error=SHOWN)]
    assert [finding.result for finding in findings] == [Result.PRESENT, Result.UNKNOWN]
    assert not verification.has_differences(findings)
    error = verification.failure(findings, "target", None)
    assert error
    assert str(error) == (
        "1 of 2 artifacts couldn't be read in registry 'target':\n"
        f"samples/hello:1.0: {SHOWN}\n"
        "Verified artifacts: 1 present, 1 unknown."
    )
    assert error.recommendations == [TO_VERIFY_THE_UNREAD]


def test_the_failure_names_missing_artifacts_before_unread_ones() -> None:
    findings = compare(exported({NGINX: IMAGE, HELLO: IMAGE}), Registry({HELLO: REFUSED}))
    error = verification.failure(findings, "target", Path("target.json"))
    assert error
    assert str(error) == (
        f"{not_in_registry(1, 2, 'target')} as the manifest lists them:\n"
        "samples/nginx:1.25: missing\n"
        "1 of 2 artifacts couldn't be read in registry 'target':\n"
        f"samples/hello:1.0: {SHOWN}\n"
        "Verified artifacts: 1 missing, 1 unknown."
    )
    assert error.recommendations == [
        "If a blob wasn't imported completely, import it and verify again.",
        "To export only these again: az acr pipeline-run create --pipeline-type export "
        "--only-failed target.json ...",
        "Get permission to read them, and verify again. A manifest that --write writes doesn't "
        "contain them.",
    ]


def test_an_index_with_a_child_that_cannot_be_read_is_unknown() -> None:
    [finding] = compare(exported({NGINX: INDEX}), Registry(WHOLE | {SECOND: REFUSED}))
    assert (finding.status, finding.result) == (Result.PRESENT, Result.UNKNOWN)
    error = verification.failure([finding], "target", None)
    assert str(error).splitlines()[1] == f"samples/nginx:1.25: {SHOWN}"


def test_a_missing_child_counts_more_than_one_that_cannot_be_read() -> None:
    [finding] = compare(exported({NGINX: INDEX}), Registry({NGINX: INDEX, SECOND: REFUSED}))
    assert (finding.result, finding.gaps) == (Result.MISSING, [FIRST.reference])
    assert verification.has_differences([finding])


def test_what_cannot_be_read_is_not_written_down() -> None:
    findings = compare(exported({NGINX: INDEX, HELLO: IMAGE}), Registry(WHOLE | {HELLO: REFUSED}))
    manifest = verification.to_manifest(findings, "target.azurecr.io", NOW)
    assert manifest.entries == (Entry(NGINX, Result.PRESENT, INDEX),)


SIGNATURE = Descriptor(f"sha256:{'5' * 64}", IMAGE.media_type, 9, subject=INDEX.digest)
SIGNED = Artifact(NGINX.repository, INDEX.digest)
BY_ITS_DIGEST = Artifact(NGINX.repository, SIGNATURE.digest)
BY_ITS_TAG = Artifact(NGINX.repository, f"{INDEX.digest.replace(':', '-')}.sig")


def test_a_referrer_has_to_be_listed_under_its_subject() -> None:
    registry = Registry({BY_ITS_DIGEST: SIGNATURE}, {SIGNED: (OTHER, SIGNATURE)})
    [finding] = compare(exported({BY_ITS_DIGEST: SIGNATURE}), registry)
    digest = SIGNATURE.digest
    assert list(finding.rows) == [
        row(BY_ITS_DIGEST, "present", digest, digest, subject=INDEX.digest)
    ]
    assert registry.requested == [BY_ITS_DIGEST, SIGNED]


def test_a_referrer_that_is_not_listed_is_a_difference() -> None:
    findings = compare(
        exported({BY_ITS_DIGEST: SIGNATURE, HELLO: IMAGE}),
        Registry({BY_ITS_DIGEST: SIGNATURE, HELLO: IMAGE}, {SIGNED: (OTHER,)}),
    )
    assert [each.status for each in findings] == [Result.UNLISTED, Result.PRESENT]
    assert verification.has_differences(findings)
    error = verification.failure(findings, "target", None)
    assert error
    assert str(error) == (
        f"{not_in_registry(1, 2, 'target')} as the manifest lists them:\n"
        f"{BY_ITS_DIGEST}: {UNLISTED} {INDEX.digest}\n"
        "Verified artifacts: 1 present, 1 unlisted."
    )
    assert error.recommendations[1] == (
        "If a referrer isn't listed, clients don't find it by its subject. Delete it, and "
        "import it again."
    )
    manifest = verification.to_manifest(findings, "target.azurecr.io", NOW)
    assert manifest.entries[0] == Entry(
        BY_ITS_DIGEST,
        Result.MISSING,
        SIGNATURE,
        error=f"missing: in the referrers of {INDEX.digest}",
    )


def test_a_missing_referrer_is_missing() -> None:
    [finding] = compare(exported({BY_ITS_DIGEST: SIGNATURE}), Registry({}))
    assert finding.result is Result.MISSING


def test_a_tag_that_refers_to_a_subject_needs_no_list() -> None:
    registry = Registry({BY_ITS_TAG: SIGNATURE})
    [finding] = compare(exported({BY_ITS_TAG: SIGNATURE}), registry)
    assert (finding.result, finding.subject) == (Result.PRESENT, INDEX.digest)
    assert registry.requested == [BY_ITS_TAG]


def test_a_referrer_whose_list_cannot_be_read_is_unknown() -> None:
    listed = exported({BY_ITS_DIGEST: SIGNATURE})
    findings = compare(listed, Registry({BY_ITS_DIGEST: SIGNATURE}, {SIGNED: REFUSED}))
    digest = SIGNATURE.digest
    assert list(findings[0].rows) == [
        row(BY_ITS_DIGEST, "unknown", digest, digest, subject=INDEX.digest, error=SHOWN)
    ]
    assert not verification.has_differences(findings)
    [finding] = compare(listed, Registry({BY_ITS_DIGEST: OTHER}, {SIGNED: REFUSED}))
    assert finding.result is Result.DIFFERENT


def test_a_manifest_of_nothing_is_verified() -> None:
    assert verification.summary(compare(exported({}), Registry({}))) == "Verified artifacts: none."


def test_the_command_to_export_again_names_no_subscription_of_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Terminal, "subscription", "of-the-target")
    error = verification.failure(compare(exported(WHOLE), Registry({})), "target", None)
    assert error
    assert error.recommendations[-1] == f"{EXPORT_AGAIN} FILE ..., {FILE_OF_WRITE}"
