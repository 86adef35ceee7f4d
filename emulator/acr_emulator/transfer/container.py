"""A storage container, reached with a SAS or with an identity's rights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class StoredBlob:
    """A blob as a listing shows it."""

    name: str
    etag: str
    last_modified: datetime
    content_md5: bytes | None
    metadata: Mapping[str, str]


class Container:
    """One container of a storage account; close it after use (`async with`)."""

    @classmethod
    def with_sas(
        cls, endpoint: str, account: str, name: str, sas: str, *, ca_file: str | None = None
    ) -> "Container":
        """Reach the container with a SAS, with or without its leading `?`; storage enforces it."""
        raise NotImplementedError

    @classmethod
    def with_identity(
        cls,
        endpoint: str,
        account: str,
        name: str,
        account_key: str,
        *,
        actions: frozenset[str],
        ca_file: str | None = None,
    ) -> "Container":
        """Reach it with the account key, but only do what `actions` (of a role) allow."""
        raise NotImplementedError

    async def __aenter__(self) -> "Container":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""

    async def list(self) -> Sequence[StoredBlob]:
        """List every blob; raises StorageError."""
        raise NotImplementedError

    async def delete(self, blob: str) -> None:
        """Delete one blob; raises StorageError."""
        raise NotImplementedError
