"""A registry's repositories, straight in distribution (OCI distribution specification)."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    contextmanager,
)
from functools import partial
from typing import Literal

import httpx

from acr_emulator.engine.artifact_references import Reference
from acr_emulator.engine.artifacts import MAX_MANIFEST_BYTES
from acr_emulator.engine.blob_source import read_blob
from acr_emulator.engine.descriptors import MANIFEST_TYPES, Descriptor, Manifest
from acr_emulator.engine.transfer_errors import LockedError, NotInRegistryError, TransferError
from acr_emulator.resource_locks import RepositoryLocks, holding_its_end

_ACCEPT = {"Accept": ", ".join(sorted(MANIFEST_TYPES))}
_TIMEOUT = httpx.Timeout(60, read=600)  # a registry may hash a whole layer before it answers


Operation = Literal["pull", "push"]
#: Whether something may be done with a tag or digest of a repository.
Allowed = Callable[[Operation, str, str], bool]
#: Raises TransferError if a tag must not be moved from one digest to another.
TagGuard = Callable[[Reference, str, str], None]


class Repositories:
    """The repositories of one registry: R of it is `<prefix>/R` at `base_url`."""

    def __init__(
        self,
        base_url: str,
        *,
        prefix: str,
        name: str = "",
        http: httpx.AsyncClient,
        locks: RepositoryLocks,
        allowed: Allowed = lambda *_: True,
        login: Mapping[str, str] | None = None,
    ) -> None:
        """Reach a registry, called `name` in errors; `login` are headers that it wants to see."""
        self._api = httpx.URL(f"{base_url}/v2/")
        self._prefix = prefix
        #: Its name in errors.
        self.registry = name or prefix
        self._http = http
        self._locks = locks
        self._allowed = allowed
        self._login = dict(login or {})

    def path(self, repository: str) -> str:
        """Where a repository is, seen from the base URL."""
        return f"{self._prefix}/{repository}" if self._prefix else repository

    def shares_blobs_with(self, other: "Repositories") -> bool:
        """Whether both are at one base URL: blobs can then be mounted instead of copied."""
        return self._api == other._api

    def check(self, operation: Operation, reference: Reference) -> None:
        """Refuse to read or write what is locked."""
        if not self._allowed(operation, reference.repository, reference.target):
            raise LockedError(operation, str(reference))

    def _shared(self, repository: str) -> AbstractAsyncContextManager[None]:
        return self._locks.shared(self.path(repository))

    def _exclusive(self, repository: str) -> AbstractAsyncContextManager[None]:
        return self._locks.exclusive(self.path(repository))

    async def manifest(self, repository: str, target: str) -> tuple[Descriptor, bytes]:
        """Get a manifest by tag or digest; raises NotInRegistryError."""
        url = self._url(repository, "manifests", target)
        with _registry_errors(self.registry):
            headers = _ACCEPT | self._login
            async with (
                self._shared(repository),
                self._http.stream("GET", url, headers=headers, timeout=_TIMEOUT) as answer,
            ):
                if answer.status_code == httpx.codes.NOT_FOUND:
                    raise NotInRegistryError(f"{repository} has no manifest {target}.")
                self._require(answer, httpx.codes.OK)
                content = bytearray()
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_MANIFEST_BYTES:
                        raise TransferError(
                            f"The manifest of {repository} at {target} is larger "
                            f"than {MAX_MANIFEST_BYTES} bytes."
                        )
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return Descriptor.of(bytes(content), media_type), bytes(content)

    async def check_tag(self, tag: Reference, digest: str, guard: TagGuard | None) -> None:
        """Have the guard look at a tag that is to stand for a digest; raises TransferError."""
        async with self._shared(tag.repository):
            await self._check_tag(tag, digest, guard)

    async def _check_tag(self, tag: Reference, digest: str, guard: TagGuard | None) -> None:
        if guard is None or tag.is_digest:
            return
        if existing := await self._digest_of(tag.repository, tag.target):
            guard(tag, existing, digest)

    async def _digest_of(self, repository: str, tag: str) -> str | None:
        answer = await self._send("HEAD", repository, "manifests", tag, headers=_ACCEPT)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        self._require(answer, httpx.codes.OK)
        digest: str | None = answer.headers.get("Docker-Content-Digest")
        return digest

    async def push_artifact(
        self, reference: Reference, root: Manifest, guard: TagGuard | None
    ) -> None:
        """Put a manifest by tag or digest; everything it refers to must be there.

        Its locks and the tag may have changed since they were checked first; raises TransferError.
        """
        async with self._writing(reference.repository, root):
            self.check("push", reference)
            await self._check_tag(reference, root.descriptor.digest, guard)
            await self._put_manifest(reference.repository, reference.target, root)

    async def push_manifest(self, repository: str, manifest: Manifest) -> None:
        """Put a manifest by its digest; everything it refers to must be there."""
        async with self._writing(repository, manifest):
            await self._put_manifest(repository, manifest.descriptor.digest, manifest)

    def _writing(self, repository: str, manifest: Manifest) -> AbstractAsyncContextManager[None]:
        return self._locks.writing(manifest.descriptor.digest, self.path(repository))

    async def _put_manifest(self, repository: str, target: str, manifest: Manifest) -> None:
        answer = await self._send(
            "PUT",
            repository,
            "manifests",
            target,
            content=manifest.content,
            headers={"Content-Type": manifest.descriptor.media_type},
        )
        self._require(answer, httpx.codes.CREATED)

    def blob(self, repository: str, blob: Descriptor) -> AsyncGenerator[bytes, None]:
        """Read a blob in large pieces; raises BrokenBlobError."""
        url = self._url(repository, "blobs", blob.digest)
        return read_blob(url, blob, self._login, self._shared(repository))

    async def has_blob(self, repository: str, digest: str) -> bool:
        async with self._shared(repository):
            answer = await self._send("HEAD", repository, "blobs", digest)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        self._require(answer, httpx.codes.OK)
        return True

    async def push_blob(
        self,
        repository: str,
        blob: Descriptor,
        content: AsyncIterator[bytes],
        *,
        mount_from: str | None,
    ) -> bool:
        """Bring a blob into the repository; return False if it could be mounted from another path.

        The registry checks the digest. An upload that breaks off shows nowhere; distribution
        refuses to delete it (its offset is no longer the one that we know) and purges it in time.
        """
        mount = {"mount": blob.digest, "from": mount_from} if mount_from else {}
        async with self._exclusive(repository):
            begun = await self._send("POST", repository, "blobs", "uploads/", params=mount)
        if mount_from and begun.status_code == httpx.codes.CREATED:
            return False
        self._require(begun, httpx.codes.ACCEPTED)
        upload = self._api.join(begun.headers["Location"].partition("/v2/")[2])
        async with AsyncExitStack() as held:
            hold = partial(held.enter_async_context, self._exclusive(repository))
            with _registry_errors(self.registry):
                answer = await self._http.put(
                    upload.copy_merge_params({"digest": blob.digest}),
                    content=holding_its_end(content, hold),
                    headers={
                        "Content-Length": str(blob.size),
                        "Content-Type": "application/octet-stream",
                    },
                    timeout=_TIMEOUT,
                )
        self._require(answer, httpx.codes.CREATED)
        return True

    def _require(self, answer: httpx.Response, status: int) -> None:
        if answer.status_code == status:
            return
        code, is_json = "", answer.headers.get("Content-Type", "").startswith("application/json")
        if answer.is_closed and is_json:
            errors = answer.json().get("errors") or [{}]
            code = f" ({errors[0].get('code')}: {errors[0].get('message')})"
        # As clients know it: what comes before the API is secret, and the prefix is distribution's.
        path = answer.request.url.path.partition("/v2/")[2].removeprefix(f"{self._prefix}/")
        request = f"{answer.request.method} /v2/{path}"
        raise TransferError(f"The registry answered {answer.status_code}{code} to {request}")

    def _url(self, repository: str, *path: str) -> httpx.URL:
        return self._api.join("/".join((self.path(repository), *path)))

    async def _send(
        self,
        method: str,
        repository: str,
        *path: str,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        with _registry_errors(self.registry):
            return await self._http.request(
                method,
                self._url(repository, *path),
                headers=(headers or {}) | self._login,
                params=params,
                content=content,
                timeout=_TIMEOUT,
            )


@contextmanager
def _registry_errors(registry: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise TransferError(
            f"Registry '{registry}' cannot be reached ({type(error).__name__})"
        ) from error
