"""Comparison of a manifest with the content of a registry, by digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact

_NAMED = 20


class Describing(Protocol):  # pylint: disable=too-few-public-methods  # there is no more to ask
    """A registry that resolves references."""

    def describe_all(self, artifacts: Sequence[Artifact]) -> Sequence[Descriptor | None]:
        """Return the descriptor of each artifact, or None for a missing one."""


class VerifiedArtifact(TypedDict):
    """The comparison of an artifact or a child as the user gets it: one item of ``verify``."""

    reference: str
    parent: str | None
    status: str
    expected: str
    found: str | None


@dataclass(frozen=True)
class Finding:
    """The comparison of one artifact and its expected children."""

    artifact: Artifact
    expected: str
    actual: Descriptor | None
    children: tuple[Finding, ...] = ()

    @property
    def status(self) -> Result:
        """The status of the artifact without its children."""
        if not self.actual:
            return Result.MISSING
        return Result.PRESENT if self.actual.digest == self.expected else Result.DIFFERENT

    @property
    def result(self) -> Result:
        """The status of the artifact with all its children."""
        return Result.MISSING if self.gaps else self.status

    @property
    def gaps(self) -> list[str]:
        """Digests of missing children of an artifact that is present."""
        if self.status is not Result.PRESENT:
            return []
        return [child.expected for child in self.children if child.status is not Result.PRESENT]

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
        "status": finding.status.value,
        "expected": finding.expected,
        "found": finding.actual.digest if finding.actual else None,
    }


def compare(manifest: TransferManifest, registry: Describing) -> tuple[Finding, ...]:
    """Compare each artifact of a manifest with a registry, in one request for all."""
    wanted = [
        (entry.artifact, entry.descriptor, _children(entry.artifact, entry.descriptor))
        for entry in manifest.entries
        if entry.descriptor
    ]
    references = [artifact for top, _, children in wanted for artifact in (top, *children)]
    artifacts = tuple(dict.fromkeys(references))
    actual = dict(zip(artifacts, registry.describe_all(artifacts), strict=True))
    return tuple(
        Finding(
            top,
            expected.digest,
            actual[top],
            tuple(Finding(child, child.reference, actual[child]) for child in children),
        )
        for top, expected, children in wanted
    )


def _children(artifact: Artifact, content: Descriptor) -> tuple[Artifact, ...]:
    """Return the children of an index, and those of indexes in it."""
    deep = (Artifact(artifact.repository, digest) for digest in _digests(content.children))
    return tuple(dict.fromkeys(deep))


def _digests(contents: Iterable[Descriptor]) -> Iterator[str]:
    for content in contents:
        yield content.digest
        yield from _digests(content.children)


def to_manifest(findings: Iterable[Finding], login_server: str, now: datetime) -> TransferManifest:
    """Return the content of a registry as a manifest."""
    entries = tuple(
        Entry(
            finding.artifact,
            finding.result,
            finding.actual,
            error=f"missing: {', '.join(finding.gaps)}" if finding.gaps else None,
        )
        for finding in findings
    )
    return TransferManifest(ManifestKind.VERIFICATION, rfc3339(now), login_server, entries=entries)


def failure(
    findings: Sequence[Finding], registry: str, written: Path | None
) -> AzureResponseError | None:
    """Return the error for missing and different artifacts, if there are any."""
    wrong = [finding for finding in findings if finding.result is not Result.PRESENT]
    if not wrong:
        return None
    lines = [f"{finding.artifact}: {_words(finding)}" for finding in wrong[:_NAMED]]
    if len(wrong) > _NAMED:
        lines.append(f"and {len(wrong) - _NAMED} more")
    return AzureResponseError(
        f"{len(wrong)} of {len(findings)} artifacts are not in registry '{registry}' as the "
        "manifest lists them:\n" + "\n".join(lines),
        recommendation=list(_advice(wrong, written)),
    )


def _words(finding: Finding) -> str:
    if finding.gaps:
        return f"{len(finding.gaps)} of its {len(finding.children)} children are missing"
    return str(finding.status.value)


def _advice(wrong: Sequence[Finding], written: Path | None) -> Iterator[str]:
    yield "If a blob was not imported, or not all of it, import it and verify again."
    if any(finding.result is Result.DIFFERENT for finding in wrong):
        yield "Where a tag is different, the import pipeline needs the option OverwriteTags."
    file = str(written) if written else "FILE"
    how = "" if written else ", with the file that --write FILE of this command writes"
    command = az("acr pipeline-run create", pipeline_type="export", only_failed=file)
    # The registry to export from is another one, and so may its subscription be.
    yield f"To export just these again: {replace(command, is_here=False)} ...{how}"
