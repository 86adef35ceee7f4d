"""A source registry, a target registry and a storage container for one test."""

import hashlib
import io
import json
import os
import tarfile
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

import httpx
from acr_emulator.engine import (
    Container,
    Repositories,
    Sas,
    TransferResult,
    export_artifacts,
    import_blob,
)
from acr_emulator.resource_locks import RepositoryLocks, ResourceLocks
from azure.storage.blob import (
    ContainerClient,
    ContainerSasPermissions,
    generate_container_sas,
)

from tests.support.engine.bundled_services import ACCOUNT, KEY, BundledServices
from tests.support.oci import (
    CONFIG,
    DOCKER_MANIFEST,
    INDEX,
    LAYER,
    MANIFEST,
    RegistryClient,
    digest_of,
)

ALL = frozenset({"read", "write", "delete", "list"})

GZIP_MAGIC = b"\x1f\x8b\x08"
MIB = 1024 * 1024

Json = dict[str, Any]
T = TypeVar("T")


class Seed:
    """Pushes content to the source registry."""

    def __init__(self, client: RegistryClient, registry: str) -> None:
        self._client = client
        self._registry = registry

    def blob(self, repository: str, data: bytes, media_type: str = LAYER) -> Json:
        descriptor = self._client.push_blob(f"{self._registry}/{repository}", data)
        return {"mediaType": media_type, **descriptor}

    def large_blob(self, repository: str, size: int) -> Json:
        """A layer of distinct blocks that is never whole in memory.

        It passes for compressed, as layers are: skopeo would compress it, and change its digest.
        """
        seed, sha256 = os.urandom(MIB), hashlib.sha256()

        def blocks() -> Iterator[bytes]:
            for number in range(size // MIB):
                block = GZIP_MAGIC + number.to_bytes(8, "big")
                block += seed[len(block) :]
                sha256.update(block)
                yield block

        call = self._client.call
        begun = call("POST", f"/v2/{self._registry}/{repository}/blobs/uploads/")
        octets = {"Content-Type": "application/octet-stream"}
        sent = call("PATCH", begun.headers["Location"], headers=octets, content=blocks())
        digest = f"sha256:{sha256.hexdigest()}"
        upload = httpx.URL(sent.headers["Location"])
        answer = call("PUT", str(upload.copy_merge_params({"digest": digest})))
        assert answer.status_code == 201, answer.text
        return {"mediaType": f"{LAYER}+gzip", "digest": digest, "size": size}

    def large_image(self, repository: str, target: str, size: int) -> Json:
        content = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(repository, b"{}", CONFIG),
            "layers": [self.large_blob(repository, size)],
        }
        return self.manifest(repository, target, content)

    def manifest(self, repository: str, target: str | None, content: Json) -> Json:
        data = json.dumps(content, indent=3).encode()  # an odd layout: it must stay as it is
        tags = [target] if target else []
        digest = self._client.push_manifest(f"{self._registry}/{repository}", data, *tags)
        return {"mediaType": content["mediaType"], "digest": digest, "size": len(data)}

    def image(
        self,
        repository: str,
        target: str | None,
        *layers: bytes,
        media_type: str = MANIFEST,
        more: Mapping[str, Any] | None = None,
    ) -> Json:
        docker = media_type == DOCKER_MANIFEST
        config_type = "application/vnd.docker.container.image.v1+json" if docker else CONFIG
        layer_type = "application/vnd.docker.image.rootfs.diff.tar" if docker else LAYER
        config = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        }
        content = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": self.blob(repository, json.dumps(config).encode(), config_type),
            "layers": [self.blob(repository, layer, layer_type) for layer in layers],
            **(more or {}),
        }
        return self.manifest(repository, target, content)

    def index(
        self, repository: str, target: str | None, *children: Json, media_type: str = INDEX
    ) -> Json:
        content = {"schemaVersion": 2, "mediaType": media_type, "manifests": list(children)}
        return self.manifest(repository, target, content)


class World:
    """What a test needs, under names that no other test uses."""

    def __init__(
        self, services: BundledServices, http: httpx.AsyncClient, client: httpx.Client, folder: Path
    ) -> None:
        self.services = services
        self.folder = folder
        unique = uuid.uuid4().hex[:12]
        self.container_name = f"transfer{unique}"
        self.registry, self.target_registry = f"source{unique}", f"target{unique}"
        url, locks = services.registry, RepositoryLocks(ResourceLocks())
        self.source = Repositories(url, prefix=self.registry, http=http, locks=locks)
        self.target = Repositories(url, prefix=self.target_registry, http=http, locks=locks)
        self._registries = RegistryClient(client, services.registry)
        self.seed = Seed(self._registries, self.registry)
        #: Another client of the registry that imports push to.
        self.rival = Seed(self._registries, self.target_registry)
        with self.storage_client() as storage:
            storage.create_container()
        self.progress: list[int] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.services.loop.run_until_complete(work)

    def storage_client(self) -> ContainerClient:
        """Storage's own client with the account key, to look at what the engine did."""
        return ContainerClient(
            f"{self.services.storage}/{ACCOUNT}",
            self.container_name,
            credential={"account_name": ACCOUNT, "account_key": KEY},
            connection_verify=self.services.ca_file,
        )

    @property
    def storage(self) -> dict[str, str]:
        """How the container is reached with the account key."""
        return {
            "endpoint": self.services.storage,
            "account": ACCOUNT,
            "name": self.container_name,
            "account_key": KEY,
            "ca_file": self.services.ca_file,
        }

    def container(self, actions: frozenset[str] = ALL, name: str | None = None) -> Container:
        settings = self.storage | ({"name": name} if name else {})
        return Container.with_identity(**settings, actions=actions)

    def sas(self, permissions: str, *, hours: float = 1) -> str:
        return generate_container_sas(
            ACCOUNT,
            self.container_name,
            KEY,
            permission=ContainerSasPermissions.from_string(permissions),
            expiry=datetime.now(timezone.utc) + timedelta(hours=hours),
            protocol="https",
        )

    def container_by_sas(self, sas: str) -> Container:
        return Container.with_sas(
            self.services.storage,
            ACCOUNT,
            self.container_name,
            Sas.parse(sas),
            ca_file=self.services.ca_file,
        )

    async def exporting(
        self, *artifacts: str, container: Container | None = None, blob: str = "b", **options: bool
    ) -> TransferResult:
        async with container or self.container() as storage:
            return await export_artifacts(
                artifacts,
                repositories=self.source,
                container=storage,
                blob=blob,
                progress=self.progress.append,
                **options,
            )

    async def importing(
        self,
        *,
        container: Container | None = None,
        blob: str = "b",
        progress: Callable[[int], None] | None = None,
        **options: bool,
    ) -> TransferResult:
        async with container or self.container() as storage:
            return await import_blob(
                await storage.snapshot(blob),
                repositories=self.target,
                container=storage,
                progress=progress or self.progress.append,
                **options,
            )

    def export(self, *artifacts: str, **options: Any) -> TransferResult:
        return self.run(self.exporting(*artifacts, **options))

    def import_(self, **options: Any) -> TransferResult:
        return self.run(self.importing(**options))

    def blobs(self) -> list[str]:
        with self.storage_client() as storage:
            return [blob.name for blob in storage.list_blobs()]

    def download(self, blob: str = "b") -> bytes:
        with self.storage_client() as storage:
            return storage.download_blob(blob).readall()

    def upload(self, data: bytes, blob: str = "b") -> None:
        with self.storage_client() as storage:
            storage.upload_blob(blob, data, overwrite=True)

    def manifest(self, registry: str, repository: str, target: str) -> bytes | None:
        """A manifest's bytes; None if it doesn't exist."""
        return self._registries.manifest(f"{registry}/{repository}", target)

    def blob(self, registry: str, repository: str, digest: str) -> bytes | None:
        """A blob's bytes; None if it doesn't exist."""
        return self._registries.blob(f"{registry}/{repository}", digest)

    def assert_equal(self, repository: str, *targets: str) -> None:
        """The target registry has these manifests byte for byte, and every blob of theirs."""
        for target in targets:
            content = self.manifest(self.registry, repository, target)
            assert content is not None
            assert self.manifest(self.target_registry, repository, target) == content
            document = json.loads(content)
            self.assert_equal(repository, *(m["digest"] for m in document.get("manifests", [])))
            carried = [document.get("config"), *document.get("layers", [])]
            for descriptor in filter(None, carried):
                if "urls" not in descriptor:
                    digest = descriptor["digest"]
                    moved = self.blob(self.target_registry, repository, digest)
                    assert moved is not None
                    assert digest_of(moved) == digest


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar by Python's own writer."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def files_of(archive: bytes) -> dict[str, bytes]:
    """The files of a tar by Python's own reader, in their order."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


@contextmanager
def world_of(services: BundledServices, folder: Path) -> Iterator[World]:
    """A fresh world on running services; the folder is for files."""
    http = httpx.AsyncClient()
    with httpx.Client(timeout=60) as client:
        yield World(services, http, client, folder)
    services.loop.run_until_complete(http.aclose())
