"""The check of a pipeline: take a snapshot of its surroundings, and evaluate every rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from knack.log import get_logger

from azext_acrtransfer.kinds import IMPORT, PipelineKind
from azext_acrtransfer.manifest.model import TransferManifest
from azext_acrtransfer.preflight.artifact_contents import read_contents, read_referrers
from azext_acrtransfer.preflight.azure_reader import Reader
from azext_acrtransfer.preflight.collector import gather
from azext_acrtransfer.preflight.lookups import ABSENT
from azext_acrtransfer.preflight.rule import Check, CheckStatus
from azext_acrtransfer.preflight.rules import evaluate, failure
from azext_acrtransfer.preflight.snapshot import Subject
from azext_acrtransfer.registry.references import Artifact
from azext_acrtransfer.service.resources import Resources

if TYPE_CHECKING:
    from azext_acrtransfer.registry.client import RegistryClient

logger = get_logger(__name__)

#: Log messages of checks that don't stop a run, by status.
_LOG_FORMATS = {
    CheckStatus.WARNING.value: "%s: %s",
    CheckStatus.UNKNOWN.value: "%s is unknown: %s",
}


class Preflight:
    """Checks the pipelines of one kind in one registry."""

    def __init__(
        self,
        cmd: Any,
        pipelines: Resources,
        kind: PipelineKind,
        content: Callable[[], RegistryClient] | None = None,
    ) -> None:
        self._cmd = cmd
        self._pipelines = pipelines
        self._kind = kind
        self._content = content

    @cached_property
    def registry(self) -> RegistryClient:
        """The content of the registry: the given one, which may have logged in already."""
        if self._content:
            return self._content()
        # Deferred: it loads azure-cli's own module, which a check without artifacts can do without.
        from azext_acrtransfer.registry.client import RegistryClient

        location = self._pipelines.registry
        return RegistryClient(self._cmd, location.name, location.resource_group)

    def subject(
        self,
        artifacts: Sequence[Artifact],
        blobs: tuple[str, ...],
        manifest: TransferManifest | None,
    ) -> Subject:
        """Return what to check for, from the options and a manifest."""
        entries = manifest.entries if manifest else ()
        if manifest and self._kind is IMPORT:
            entries = tuple(entry for entry in entries if not entry.is_left)
            blobs = blobs or tuple(run.blob for run in manifest.runs)
        digests = {entry.artifact: entry.descriptor.digest for entry in entries if entry.descriptor}
        chosen = dict.fromkeys((*artifacts, *(entry.artifact for entry in entries)))
        return Subject(self._kind, tuple(chosen), blobs, digests)

    def check(self, name: str, subject: Subject) -> list[Check]:
        """Return the result of every check of a pipeline and of what it is to transfer."""
        reader = Reader(self._cmd.cli_ctx)
        snapshot = gather(
            reader,
            self._pipelines,
            name,
            subject,
            contents=lambda artifacts: read_contents(self.registry, artifacts),
            referrers=lambda contents: read_referrers(self.registry, contents),
        )
        if snapshot.registry.resource is ABSENT:
            logger.warning(self._pipelines.registry.advice)
        return evaluate(snapshot)

    def require(self, name: str, artifacts: Sequence[Artifact], blobs: Sequence[str]) -> None:
        """Check runs before they are created: raise for a failed check, warn of other results."""
        subject = Subject(self._kind, tuple(artifacts), tuple(blobs), is_planned=True)
        checks = self.check(name, subject)
        for check in checks:
            if text := _LOG_FORMATS.get(check["status"]):
                logger.warning(text, check["code"], check["message"])
        error = failure(checks)
        if error:
            raise error
