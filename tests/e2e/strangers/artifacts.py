"""What a client exports and imports, and an identity for its pipelines."""

from __future__ import annotations

from tests.support.site import Site

ARTIFACTS = ["samples/hello:1.0", "samples/tools:2.0"]


def push_artifacts(site: Site) -> list[str | None]:
    """Have the artifacts in the registry; their digests."""
    for artifact in ARTIFACTS:
        repository, _, tag = artifact.partition(":")
        site.registry_client.push(repository, tag, layer=artifact.encode())
    return artifact_digests(site)


def artifact_digests(site: Site) -> list[str | None]:
    """The digests of the artifacts that the registry has."""
    registry = site.registry_client
    return [registry.digest(*artifact.split(":")) for artifact in ARTIFACTS]


def granted_identity(site: Site) -> str:
    """A user-assigned identity that may read the vault's secrets; its id."""
    path = f"Microsoft.ManagedIdentity/userAssignedIdentities/{site.name}identity"
    identity = site.arm("PUT", path, {"location": "westus"})
    site.grant_secret({"identity": identity["properties"]})
    return str(identity["id"])
