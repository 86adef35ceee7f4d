"""Comparison of a manifest with the content of a registry, by digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypedDict

from azure.cli.core.azclierror import AzureResponseError

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.manifest.model import (
    Entry,
    ManifestKind,
    Result,
    TransferManifest,
    rfc3339,
)
from azext_acrtransfer.redaction import headed, mask_sas
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.registry.referrer_tags import subject_of_tag

_WRONG = (Result.MISSING, Result.DIFFERENT, Result.UNLISTED)


class Describing(Protocol):
    """A registry that resolves references, and lists referrers."""

    def try_to_describe_all(
        self, artifacts: Sequence[Artifact]
    ) -> Mapping[Artifact, Descriptor | Exception | None]:
        """Return the descriptor of each artifact, None for a missing one, or what prevents it."""

    def try_to_list_referrers(
        self, subjects: Sequence[Artifact]
    ) -> Mapping[Artifact, tuple[Descriptor, ...] | Exception]:
        """Return what is listed as referrers of each digest, or what prevents it."""


class VerifiedArtifact(TypedDict):
    """The comparison of an artifact or a child as the user gets it: one item of ``verify``."""

    reference: str
    parent: str | None
    subject: str | None
    status: str
    expected: str
    found: str | None
    error: str | None


@dataclass(frozen=True)
class Finding:
    """The comparison of one artifact and its expected children."""

    artifact: Artifact
    expected: str
    content: Descriptor | Exception | None
    children: tuple[Finding, ...] = ()
    subject: str | None = None
    #: Whether it's listed as a referrer of its subject, or why that can't be read.
    is_listed: bool | Exception = True

    @property
    def actual(self) -> Descriptor | None:
        """The descriptor in the registry, if it could be read."""
        return None if isinstance(self.content, Exception) else self.content

    @property
    def error(self) -> str | None:
        """Why the artifact, or the list of referrers of its subject, could not be read."""
        is_present = self.actual and self.actual.digest == self.expected
        read = self.is_listed if is_present else self.content
        return mask_sas(str(read)) if isinstance(read, Exception) else None

    @property
    def status(self) -> Result:
        """The status of the artifact without its children."""
        if self.error is not None:
            return Result.UNKNOWN
        if not self.actual:
            return Result.MISSING
        if self.actual.digest != self.expected:
            return Result.DIFFERENT
        return Result.PRESENT if self.is_listed else Result.UNLISTED

    @property
    def result(self) -> Result:
        """The status of the artifact with all its children."""
        if self.gaps:
            return Result.MISSING
        if self.status is Result.PRESENT and self.unread:
            return Result.UNKNOWN
        return self.status

    @property
    def gaps(self) -> list[str]:
        """Digests of missing children of an artifact that is present."""
        if self.status is not Result.PRESENT:
            return []
        known = (Result.PRESENT, Result.UNKNOWN)
        return [child.expected for child in self.children if child.status not in known]

    @property
    def unread(self) -> list[str]:
        """Why the artifact, or children of it, could not be read."""
        return [finding.error for finding in (self, *self.children) if finding.error is not None]

    @property
    def rows(self) -> Iterator[VerifiedArtifact]:
        """One row for the artifact, then one for each child."""
        yield _row(self, None)
        for child in self.children:
            yield _row(child, str(self.artifact))


def _row(finding: Finding, parent: str | None) -> VerifiedArtifact:
    return {
        "reference": str(finding.artifact),
        "parent": parent,
        "subject": finding.subject,
        "status": finding.status.value,
        "expected": finding.expected,
        "found": finding.actual.digest if finding.actual else None,
        "error": finding.error,
    }


def compare(manifest: TransferManifest, registry: Describing) -> tuple[Finding, ...]:
    """Compare each artifact of a manifest with a registry, in one request for all."""
    wanted = [(entry, _contents(entry)) for entry in manifest.entries if entry.descriptor]
    references = [
        artifact
        for entry, contents in wanted
        for content in contents
        for artifact in (entry.artifact, *_children(entry.artifact, content))
    ]
    actual = registry.try_to_describe_all(tuple(dict.fromkeys(references)))
    subjects = [
        subject
        for entry, contents in wanted
        for content in contents
        if (subject := _listing_subject(entry.artifact, content))
    ]
    listed = _listed(tuple(dict.fromkeys(subjects)), registry)

    def finding(artifact: Artifact, contents: Sequence[Descriptor]) -> Finding:
        actual_content = actual[artifact]
        digest = actual_content.digest if isinstance(actual_content, Descriptor) else None
        expected = next(
            (descriptor for descriptor in contents if descriptor.digest == digest), contents[0]
        )
        children = _children(artifact, expected)
        subject = _listing_subject(artifact, expected)
        referrers = listed[subject] if subject else {expected.digest}
        return Finding(
            artifact,
            expected.digest,
            actual_content,
            tuple(Finding(child, child.reference, actual[child]) for child in children),
            expected.subject,
            referrers if isinstance(referrers, Exception) else expected.digest in referrers,
        )

    return tuple(finding(entry.artifact, contents) for entry, contents in wanted)


def _contents(entry: Entry) -> list[Descriptor]:
    """Return what an artifact can have been when it was exported: a tag can have moved."""
    return [content for content in (entry.descriptor, entry.moved_to) if content]


def _listing_subject(artifact: Artifact, content: Descriptor) -> Artifact | None:
    """Return the subject under which a registry has to list a referrer.

    One that refers to its subject by its tag is found by that.
    """
    if not content.subject or subject_of_tag(artifact.reference) == content.subject:
        return None
    return Artifact(artifact.repository, content.subject)


def _listed(
    subjects: Sequence[Artifact], registry: Describing
) -> dict[Artifact, set[str] | Exception]:
    """Return the digests of the referrers of each subject, or why they can't be read."""
    return {
        subject: listed if isinstance(listed, Exception) else {item.digest for item in listed}
        for subject, listed in registry.try_to_list_referrers(subjects).items()
    }


def _children(artifact: Artifact, content: Descriptor) -> tuple[Artifact, ...]:
    """Return the children of an index, and those of indexes in it."""
    _, *children = content.digests
    return tuple(dict.fromkeys(Artifact(artifact.repository, digest) for digest in children))


def to_manifest(findings: Iterable[Finding], login_server: str, now: datetime) -> TransferManifest:
    """Return the content of a registry as a manifest, without what could not be read."""
    entries = tuple(
        map(_entry, (finding for finding in findings if finding.result is not Result.UNKNOWN))
    )
    return TransferManifest(ManifestKind.VERIFICATION, rfc3339(now), login_server, entries=entries)


def _entry(finding: Finding) -> Entry:
    """Return the entry of an artifact; one that isn't listed under its subject isn't complete."""
    is_unlisted = finding.result is Result.UNLISTED
    gaps = [*finding.gaps, *([f"in the referrers of {finding.subject}"] if is_unlisted else [])]
    return Entry(
        finding.artifact,
        Result.MISSING if is_unlisted else finding.result,
        finding.actual,
        error=f"missing: {', '.join(gaps)}" if gaps else None,
    )


def failure(
    findings: Sequence[Finding], registry: str, written: Path | None
) -> AzureResponseError | None:
    """Return the error for artifacts that are missing, different or unknown, if there are any."""
    wrong = [finding for finding in findings if finding.result in _WRONG]
    unread = [finding for finding in findings if finding.result is Result.UNKNOWN]
    if not wrong and not unread:
        return None
    lines = [
        *headed(
            f"{len(wrong)} of {len(findings)} artifacts are not in registry '{registry}' as the "
            "manifest lists them:",
            [*map(_named, wrong)],
        ),
        *headed(
            f"{len(unread)} of {len(findings)} artifacts couldn't be read in registry "
            f"'{registry}':",
            [*map(_named, unread)],
        ),
        summary(findings),
    ]
    advice = list(_advice(wrong, written)) if wrong else []
    if unread:
        advice += [
            "Get permission to read them, and verify again. A manifest that --write writes "
            "doesn't contain them."
        ]
    return AzureResponseError("\n".join(lines), recommendation=advice)


def has_differences(findings: Iterable[Finding]) -> bool:
    """Whether an artifact is known to be missing or different."""
    return any(finding.result in _WRONG for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """Return how many artifacts have each result."""
    counts = Counter(finding.result for finding in findings)
    order = (Result.PRESENT, *_WRONG, Result.UNKNOWN)
    parts = ", ".join(f"{counts[result]} {result.value}" for result in order if counts[result])
    return f"Verified artifacts: {parts or 'none'}."


def _named(finding: Finding) -> str:
    return f"{finding.artifact}: {_words(finding)}"


def _words(finding: Finding) -> str:
    if finding.gaps:
        return f"{len(finding.gaps)} of its {len(finding.children)} children are missing"
    if finding.unread:
        return finding.unread[0]
    if finding.status is Result.UNLISTED:
        return f"not listed as a referrer of {finding.subject}"
    return str(finding.status.value)


def _advice(wrong: Sequence[Finding], written: Path | None) -> Iterator[str]:
    yield "If a blob wasn't imported completely, import it and verify again."
    if any(finding.result is Result.DIFFERENT for finding in wrong):
        yield "If a tag is different, the import pipeline needs the option OverwriteTags."
    if any(finding.result is Result.UNLISTED for finding in wrong):
        yield (
            "If a referrer isn't listed, clients don't find it by its subject. Delete it, and "
            "import it again."
        )
    file = str(written) if written else "FILE"
    how = "" if written else ", with the file that this command writes with --write FILE"
    command = az("acr pipeline-run create", pipeline_type="export", only_failed=file)
    # The registry to export from is another one, and so may its subscription be.
    yield f"To export only these again: {replace(command, is_elsewhere=True)} ...{how}"
