"""Tags by which artifacts refer to a digest, where their manifests don't.

Sources: OCI distribution-spec 1.1, "Referrers Tag Schema"; cosign's signature specification.
"""

from __future__ import annotations

import re

#: cosign's signatures, attestations and SBOMs.
_SUFFIXES = (".sig", ".att", ".sbom")
_TAG = re.compile(r"sha256-(?P<digest>[0-9a-f]{64})(?P<suffix>\.sig|\.att|\.sbom)?")


def list_tag(digest: str) -> str:
    """Return the tag of OCI's list of what refers to a digest."""
    return digest.replace(":", "-")


def referrer_tags(digest: str) -> tuple[str, ...]:
    """Return the tags that refer to a digest, with that of the list."""
    return list_tag(digest), *(list_tag(digest) + suffix for suffix in _SUFFIXES)


def subject_of_tag(tag: str) -> str | None:
    """Return the digest that a tag refers to, if it's one of these."""
    match = _TAG.fullmatch(tag)
    return f"sha256:{match['digest']}" if match else None


def is_list_tag(tag: str) -> bool:
    """Whether a tag names a list of referrers, and not a referrer itself."""
    match = _TAG.fullmatch(tag)
    return bool(match and not match["suffix"])
