"""A storage container, reached with a SAS or with an identity's rights."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobBlock, ContainerClient, ContentSettings, LinearRetry

from acr_emulator.engine.sas import Sas
from acr_emulator.engine.transfer_errors import (
    BlobExistsError,
    BlobReplacedError,
    StorageError,
    TransferError,
)

ACTIONS = frozenset({"read", "write", "delete", "list"})
_THREADS = 8  # several block uploads or ranged reads at a time, and a listing at the same time
_CHUNK_BYTES = 256 * 1024  # a read from the socket; the default, 4 KiB, costs twice the time

Result = TypeVar("Result")


@dataclass(frozen=True)
class StoredBlob:
    """A blob as a listing shows it."""

    name: str
    etag: str
    last_modified: datetime
    content_md5: bytes | None
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Snapshot:
    """The state of a blob: later reads fail if it has been replaced since."""

    blob: str
    etag: str
    size: int
    metadata: Mapping[str, str]


class Container:
    """One container of a storage account; close it after use (`async with`).

    The synchronous client in threads takes a sixth of the asynchronous one's processor time for an
    upload (measured, with TLS), and leaves the event loop to the other services.
    """

    def __init__(self, client: ContainerClient, actions: frozenset[str]) -> None:
        self._client = client
        self._actions = actions
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="storage")

    @classmethod
    def with_sas(
        cls, endpoint: str, account: str, name: str, sas: Sas, *, ca_file: str | None = None
    ) -> "Container":
        """Reach the container with a SAS; storage enforces what it allows."""
        logging.getLogger("urllib3.connectionpool").addFilter(_mask_signature)
        credential = AzureSasCredential(sas.query)
        return cls(_connect(endpoint, account, name, credential, ca_file), ACTIONS)

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
        credential = AzureNamedKeyCredential(account, account_key)
        return cls(_connect(endpoint, account, name, credential, ca_file), actions)

    async def __aenter__(self) -> "Container":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, after what is still on its way."""
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    async def list(self) -> Sequence[StoredBlob]:
        """List every blob; raises StorageError."""
        return await self._run("list", self._list)

    async def policies(self) -> Sequence[str]:
        """Return the identifiers of its stored access policies; raises StorageError."""
        access = await self._run("read", self._client.get_container_access_policy)
        return [identifier.id for identifier in access["signed_identifiers"]]

    async def delete(self, snapshot: Snapshot) -> None:
        """Delete a blob unless it was replaced since; raises StorageError or BlobReplacedError."""
        client = self._client.get_blob_client(snapshot.blob)
        try:
            await self._run(
                "delete",
                lambda: client.delete_blob(
                    etag=snapshot.etag, match_condition=MatchConditions.IfNotModified
                ),
            )
        except StorageError as error:
            if error.code == "ConditionNotMet":
                raise BlobReplacedError(snapshot.blob) from error
            raise

    async def exists(self, blob: str) -> bool:
        """Return whether the blob exists; raises StorageError, also for a missing container."""
        try:
            await self.snapshot(blob)
        except StorageError as error:
            if error.code == "BlobNotFound":
                return False
            raise
        return True

    async def snapshot(self, blob: str) -> Snapshot:
        """Read the blob's properties by reading its first byte: a refused HEAD gives no reason."""
        return await self._run("read", lambda: self._snapshot(blob))

    async def read(self, snapshot: Snapshot, offset: int, size: int) -> bytes:
        """Read a range."""
        return await self._run("read", lambda: self._read(snapshot, offset, size))

    def read_now(self, snapshot: Snapshot, offset: int, size: int) -> bytes:
        """Read a range, for a caller in a separate thread."""
        self._authorize("read")
        with _storage_errors():
            return self._read(snapshot, offset, size)

    async def stage(self, blob: str, block_id: str, data: bytes) -> None:
        """Upload one block; nothing shows of it before the commit."""
        await self._run(
            "write", lambda: self._client.get_blob_client(blob).stage_block(block_id, data)
        )

    async def commit(
        self,
        blob: str,
        block_ids: Sequence[str],
        *,
        md5: bytes,
        metadata: Mapping[str, str],
        overwrite: bool,
    ) -> None:
        """Make the blob of its blocks, at once and whole."""
        condition = None if overwrite else MatchConditions.IfMissing
        settings = ContentSettings(content_type="application/x-tar", content_md5=bytearray(md5))
        blocks = [BlobBlock(block_id) for block_id in block_ids]
        client = self._client.get_blob_client(blob)
        try:
            await self._run(
                "write",
                lambda: client.commit_block_list(
                    blocks,
                    content_settings=settings,
                    metadata=dict(metadata),
                    match_condition=condition,
                ),
            )
        except StorageError as error:
            # Another run was faster: then either the condition fails, or our blocks are gone.
            if not overwrite and error.code != "AuthorizationFailure" and await self.exists(blob):
                raise BlobExistsError(blob) from error
            raise

    async def _run(self, action: str, call: Callable[[], Result]) -> Result:
        self._authorize(action)

        def guarded() -> Result:
            with _storage_errors():
                return call()

        return await asyncio.get_running_loop().run_in_executor(self._threads, guarded)

    def _authorize(self, action: str) -> None:
        if action not in self._actions:
            raise StorageError(
                403,
                "This request is not authorized to perform this operation using this permission.",
                "AuthorizationPermissionMismatch",
            )

    def _list(self) -> Sequence[StoredBlob]:
        return [
            StoredBlob(
                name=blob.name,
                etag=blob.etag,
                last_modified=blob.last_modified,
                content_md5=bytes(md5) if (md5 := blob.content_settings.content_md5) else None,
                metadata=_metadata(blob.metadata),
            )
            for blob in self._client.list_blobs(include=["metadata"])
        ]

    def _snapshot(self, blob: str) -> Snapshot:
        ranges: list[str | None] = []
        client = self._client.get_blob_client(blob)
        properties = client.download_blob(
            offset=0,
            length=1,
            decompress=False,
            raw_response_hook=lambda answer: ranges.append(
                answer.http_response.headers.get("Content-Range")
            ),
        ).properties
        # An empty blob has no range at all.
        size = int(ranges[-1].rpartition("/")[2]) if ranges[-1] else 0
        return Snapshot(blob, properties.etag, size, _metadata(properties.metadata))

    def _read(self, snapshot: Snapshot, offset: int, size: int) -> bytes:
        client = self._client.get_blob_client(snapshot.blob)
        content: bytes = client.download_blob(
            offset=offset,
            length=size,
            decompress=False,  # whatever Content-Encoding says: the blob is what was written
            etag=snapshot.etag,
            match_condition=MatchConditions.IfNotModified,
        ).readall()
        if len(content) != size:
            raise TransferError(f"Blob '{snapshot.blob}' ends too early.")
        return content


def _connect(
    endpoint: str,
    account: str,
    name: str,
    credential: AzureSasCredential | AzureNamedKeyCredential,
    ca_file: str | None,
) -> ContainerClient:
    return ContainerClient(
        f"{endpoint.rstrip('/')}/{account}",
        name,
        credential=credential,
        connection_verify=ca_file or True,
        use_env_settings=False,  # the way to a local service leads through no proxy
        connection_data_block_size=_CHUNK_BYTES,
        retry_policy=LinearRetry(backoff=1, retry_total=2, random_jitter_range=0),
    )


def _metadata(stored: Mapping[str, str] | None) -> Mapping[str, str]:
    """Names are in lower case: storage ignores theirs, and azcopy capitalizes them."""
    return {name.lower(): value for name, value in (stored or {}).items()}


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except HttpResponseError as error:
        reason = (error.message or "").partition("\n")[0].strip()  # what follows are ids
        known = getattr(error, "error_code", None) or ""
        code = str(getattr(known, "value", known))  # the SDK has an enumeration of most
        raise StorageError(error.status_code or 0, reason, code) from error
    except AzureError as error:
        # Its text can hold the URL, and with it the SAS.
        raise TransferError(
            f"Failed to access storage.  It cannot be reached ({type(error).__name__})"
        ) from None


def _mask_signature(record: logging.LogRecord) -> bool:
    """Keep SAS signatures out of urllib3's log of requests."""
    record.msg = re.sub(r"sig=[^&\s\"]*", "sig=***", record.getMessage())
    record.args = ()
    return True
