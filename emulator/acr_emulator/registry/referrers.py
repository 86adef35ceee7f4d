"""Referrers: manifests that name another one as their `subject` (OCI image specification 1.1).

Nothing keeps an index of them. They are read from the stored manifests, so that pushes, deletions,
imports and a restart need no bookkeeping.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")


@dataclass(frozen=True)
class Referrer:
    """A manifest with a subject."""

    subject: str
    descriptor: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return str(self.descriptor["digest"])


def is_digest(text: str) -> bool:
    """Whether a text has the form of a digest."""
    return bool(_DIGEST.fullmatch(text))


def referrer(digest: str, text: bytes) -> Referrer | None:
    """Read a stored manifest; None if it has no subject.

    Distribution doesn't check the properties that version 1.1 added: any of them can be anything.
    """
    content: dict[str, Any] = json.loads(text)
    subject = _object(content, "subject").get("digest")
    if not isinstance(subject, str) or not is_digest(subject):
        return None
    media_type = content.get("mediaType") or _MANIFEST_TYPE
    descriptor = {"mediaType": media_type, "digest": digest, "size": len(text)}
    # The distribution specification has the media type of the configuration stand for it.
    artifact_type = content.get("artifactType") or _object(content, "config").get("mediaType")
    if isinstance(artifact_type, str):
        descriptor["artifactType"] = artifact_type
    if annotations := _object(content, "annotations"):
        descriptor["annotations"] = annotations
    return Referrer(subject, descriptor)


def index(referrers: Sequence[Referrer], artifact_type: str) -> dict[str, Any]:
    """The image index that lists them, all if no artifact type is named."""
    descriptors = [referrer.descriptor for referrer in referrers]
    if artifact_type:
        descriptors = [one for one in descriptors if one.get("artifactType") == artifact_type]
    return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": descriptors}


def _object(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}
