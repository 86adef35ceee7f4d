"""Blob Storage, as a test writes its answers."""

from __future__ import annotations


def page(*names: str, following: str = "") -> str:
    listed = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in names)
    return (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults '
        f'ServiceEndpoint="https://mystorage.blob.core.windows.net/" ContainerName="transfer">'
        f"<Blobs>{listed}</Blobs><NextMarker>{following}</NextMarker></EnumerationResults>"
    )
