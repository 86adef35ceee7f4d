"""The transfer manifest as a value, and its JSON document."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from azext_acrtransfer.arguments import RunStatus
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact

# docs/reference/transfer-manifest.schema.json describes it, and a test holds the two together.
SCHEMA_VERSION = 1


class ManifestKind(str, Enum):
    """The kind of a manifest: of exports, or of a registry that was compared with one."""

    EXPORT = "export"
    VERIFICATION = "verification"


class Result(str, Enum):
    """The result of an artifact: of its export, or of its verification in a registry."""

    EXPORTED = "exported"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    PRESENT = "present"
    MISSING = "missing"
    DIFFERENT = "different"
    #: The registry has it, but doesn't list it as a referrer of its subject; not in a manifest.
    UNLISTED = "unlisted"


RESULTS = {
    ManifestKind.EXPORT: (Result.EXPORTED, Result.FAILED, Result.SKIPPED, Result.UNKNOWN),
    ManifestKind.VERIFICATION: (Result.PRESENT, Result.MISSING, Result.DIFFERENT),
}
#: Statuses of runs that wrote a blob.
WRITTEN = (RunStatus.SUCCEEDED.value, RunStatus.PARTLY_FAILED.value)
_LEFT = (Result.FAILED, Result.UNKNOWN, Result.MISSING, Result.DIFFERENT)


@dataclass(frozen=True)
class ManifestRun:  # pylint: disable=too-many-instance-attributes  # the fields of the document
    """A run as the service last returned it."""

    name: str
    blob: str
    status: str | None = None
    started: str | None = None
    finished: str | None = None
    error: str | None = None
    #: Bytes of all manifests, configurations and layers of its artifacts.
    estimated_size: int | None = None
    #: Bytes of the blob, its MD5 as in Content-MD5, and the digest of its catalog: what Azure
    #: returned after the run, if the caller could read it.
    blob_size: int | None = None
    blob_md5: str | None = None
    catalog_digest: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the manifest contains how the run ended; earlier versions used Azure's words.

        A status that the service didn't explain is read again.
        """
        open_ = (RunStatus.IN_PROGRESS, RunStatus.UNKNOWN)
        return self.status in {status.value for status in RunStatus if status not in open_}

    @property
    def key(self) -> tuple[str, str]:
        """What no other run of a manifest has: a name can be used again for another blob."""
        return self.name, self.blob


@dataclass(frozen=True)
class Entry:
    """An artifact, its content and its result."""

    artifact: Artifact
    result: Result
    descriptor: Descriptor | None = None
    run: str | None = None
    error: str | None = None
    #: What the tag named after the runs, if another one than before: the blob has one of both.
    moved_to: Descriptor | None = None

    @property
    def digest(self) -> str | None:
        """Digest of the artifact, if its content is known."""
        return self.descriptor.digest if self.descriptor else None

    @property
    def is_left(self) -> bool:
        """Whether the artifact isn't known to have arrived."""
        return self.result in _LEFT


@dataclass(frozen=True)
class TransferManifest:
    """The content of a manifest."""

    kind: ManifestKind
    created: str
    registry: str
    pipeline: str | None = None
    runs: tuple[ManifestRun, ...] = ()
    entries: tuple[Entry, ...] = ()
    #: Version of the extension that wrote the document; earlier ones than 3.0.0 left it out.
    written_by: str | None = field(default=None, compare=False)

    @property
    def left(self) -> tuple[Artifact, ...]:
        """Artifacts that aren't known to have arrived."""
        return tuple(entry.artifact for entry in self.entries if entry.is_left)

    @property
    def open_runs(self) -> tuple[ManifestRun, ...]:
        """Runs whose end isn't known, but not those that were refused."""
        unknown = {entry.run for entry in self.entries if entry.result is Result.UNKNOWN}
        return tuple(
            run for run in self.runs if not run.has_ended and (run.name in unknown or not run.error)
        )

    def to_json(self) -> str:
        """Return the document; those of equal manifests differ in the version at most."""
        document = {
            "schemaVersion": SCHEMA_VERSION,
            "kind": self.kind.value,
            "created": self.created,
            "extensionVersion": self.written_by,
            "registry": self.registry,
            "pipeline": self.pipeline,
            "runs": [_run_document(run) for run in self.runs],
            "artifacts": [_entry_document(entry) for entry in self.entries],
        }
        return json.dumps(_without_nones(document), indent=2) + "\n"


def rfc3339(time: datetime) -> str:
    """Format a time as in a manifest."""
    return time.isoformat()


def _without_nones(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _run_document(run: ManifestRun) -> dict[str, Any]:
    fields = {
        "name": run.name,
        "blob": run.blob,
        "estimatedSize": run.estimated_size,
        "blobSize": run.blob_size,
        "blobMd5": run.blob_md5,
        "catalogDigest": run.catalog_digest,
        "status": run.status,
        "started": run.started,
        "finished": run.finished,
        "error": run.error,
    }
    return _without_nones(fields)


def _entry_document(entry: Entry) -> dict[str, Any]:
    content = _descriptor_document(entry.descriptor) if entry.descriptor else {}
    moved_to = _descriptor_document(entry.moved_to) if entry.moved_to else None
    fields = {
        "movedTo": moved_to,
        "run": entry.run,
        "result": entry.result.value,
        "error": entry.error,
    }
    return {"reference": str(entry.artifact)} | content | _without_nones(fields)


def _descriptor_document(content: Descriptor) -> dict[str, Any]:
    children = [_descriptor_document(child) for child in content.children]
    fields = {
        "digest": content.digest,
        "mediaType": content.media_type,
        "size": content.size,
        "subject": content.subject,
    }
    return _without_nones(fields) | ({"children": children} if children else {})
