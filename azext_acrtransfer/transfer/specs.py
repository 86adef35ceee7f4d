"""Specs of transfers and of their runs: every rule about two options of ``create`` is here."""

from __future__ import annotations

from dataclasses import dataclass

from azure.cli.core.azclierror import (
    ArgumentUsageError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_acrtransfer.arguments import (
    invalid,
)
from azext_acrtransfer.kinds import DEFAULT_CONCURRENT_RUNS, EXPORT, PipelineKind
from azext_acrtransfer.manifest.files import ManifestFile
from azext_acrtransfer.manifest.model import TransferManifest
from azext_acrtransfer.registry.patterns import Reference, is_glob
from azext_acrtransfer.registry.references import Artifact


@dataclass(frozen=True)
class Manifests:
    """The manifest that an export writes, and those that limit what it exports."""

    written: ManifestFile | None = None
    skip: TransferManifest | None = None
    only_failed: TransferManifest | None = None


@dataclass(frozen=True)
class Schedule:
    """How many runs are in progress at a time, and how many seconds the command waits for them."""

    submit_only: bool = False
    timeout: int | None = None
    max_concurrent_runs: int | None = None

    def __post_init__(self) -> None:
        only_waiting = {
            "--timeout": self.timeout,
            "--max-concurrent-runs": self.max_concurrent_runs,
        }
        for option, given in only_waiting.items():
            if given and self.submit_only:
                raise MutuallyExclusiveArgumentError(
                    f"{option} doesn't go with --no-wait, which creates all runs at once and "
                    "doesn't wait for their end.",
                    recommendation=f"Omit {option}, or --no-wait.",
                )

    @property
    def runs_at_a_time(self) -> int:
        """Number of runs that are in progress at a time."""
        return self.max_concurrent_runs or DEFAULT_CONCURRENT_RUNS


@dataclass(frozen=True)
class TransferSpec:  # pylint: disable=too-many-instance-attributes  # one for each option
    """A transfer: artifacts to export into a blob, or blobs to import, in one or more runs.

    Artifacts and the blobs of an import can be patterns.
    """

    kind: PipelineKind
    name: str
    blobs: tuple[str, ...]
    artifacts: tuple[Reference, ...] = ()
    exclude: tuple[Reference, ...] = ()
    force_update_tag: str | None = None
    manifests: Manifests = Manifests()
    include_referrers: bool = False
    #: The most bytes that one blob may have, by estimation.
    max_blob_size: int | None = None

    def __post_init__(self) -> None:
        if self.kind is EXPORT:
            self._check_export()
            return
        exports_only = {
            Artifact.OPTION: self.artifacts,
            "--exclude": self.exclude,
            "--manifest": self.manifests.written,
            "--skip": self.manifests.skip,
            "--only-failed": self.manifests.only_failed,
            "--include-referrers": self.include_referrers,
            "--max-blob-size": self.max_blob_size,
        }
        for option, given in exports_only.items():
            if given:
                raise ArgumentUsageError(
                    f"{option} applies only to --pipeline-type export. An import always imports "
                    "the whole blob.",
                    recommendation=f"Omit {option}.",
                )

    def _check_export(self) -> None:
        by_manifest = self.manifests.only_failed
        if self.artifacts and by_manifest:
            raise MutuallyExclusiveArgumentError(
                f"{Artifact.OPTION} doesn't apply to --only-failed, whose manifest selects the "
                "artifacts.",
                recommendation=f"Omit {Artifact.OPTION}, or --only-failed.",
            )
        if not (self.artifacts or by_manifest):
            raise RequiredArgumentMissingError(
                "--pipeline-type export requires --artifacts, the artifacts to export.",
                recommendation="Specify --artifacts with one or more references. "
                f"{Artifact.ADVICE}",
            )
        if len(self.blobs) > 1 or is_glob(self.blobs[0]):
            raise invalid(
                " ".join(self.blobs),
                "--storage-blob",
                "an export writes one blob with this name, or several numbered blobs",
                "Specify one name without '*'.",
            )


@dataclass(frozen=True)
class RunSpec:
    """A run to be created: an export of artifacts into a blob, or the import of a blob."""

    kind: PipelineKind
    name: str
    blob: str
    artifacts: tuple[Artifact, ...] = ()
    force_update_tag: str | None = None
    #: Estimated bytes of the blob, if they're known.
    size: int | None = None
