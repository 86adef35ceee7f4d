"""Two registries of one cloud, a container between them, and the runs that go that way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import httpx
from azure.storage.blob import ContainerClient

from tests.support.cloud import Cloud, Json
from tests.support.oci import digest_of
from tests.support.site import Kind, Site

KINDS: tuple[Kind, ...] = ("export", "import")
_OPTIONS: dict[Kind, str] = {"export": "OverwriteBlobs", "import": "OverwriteTags"}
_ARTIFACT = "app:v1"
_BLOB = "app"


class Route:
    """Carries `app:v1` in the blob `app`, and replaces what exists."""

    def __init__(self, cloud: Cloud) -> None:
        names: dict[Kind, str] = {"export": "source", "import": "target"}
        self.sites = {kind: Site.prepare(cloud, name, kind) for kind, name in names.items()}
        self._pipelines = {kind: self._pipeline(kind) for kind in KINDS}

    def _pipeline(self, kind: Kind) -> Json:
        storage = {
            "uri": self.sites["export"].container_uri,
            "storageAccessMode": "ManagedIdentity",
        }
        properties: Json = {"options": [_OPTIONS[kind]]}
        if kind == "export":
            properties |= {"target": storage}
        else:
            properties |= {
                "source": storage,
                "trigger": {"sourceTrigger": {"status": "Disabled"}},
            }
        body = {"identity": {"type": "SystemAssigned"}, "properties": properties}
        site = self.sites[kind]
        pipeline = site.resource(f"{kind}Pipelines/route", "PUT", body)
        site.grant_storage(pipeline)
        return pipeline

    @property
    def container(self) -> ContainerClient:
        """The container; the way to it is another one after each start of the cloud."""
        return self.sites["export"].container

    def push(self, layer: bytes) -> str:
        """Push a new image to carry; its digest."""
        return self.sites["export"].registry_client.push("app", "v1", layer=layer)

    def start(self, kind: Kind, run: str) -> None:
        """Begin a run."""
        artifacts = [_ARTIFACT] if kind == "export" else []
        self.sites[kind].run(run, self._pipelines[kind], _BLOB, *artifacts)

    def end(self, kind: Kind, run: str) -> Json:
        """Wait for a run's end; its response."""
        response: Json = self.sites[kind].finished(run)["response"]
        return response

    def transfer(self, kind: Kind, run: str) -> str:
        """Run, and wait; why it failed, or nothing."""
        self.start(kind, run)
        response = self.end(kind, run)
        message: str = response.get("pipelineRunErrorMessage", "")
        return message or ("" if response["status"] == "Succeeded" else response["status"])

    def arrived(self) -> str | None:
        """The digest of the image at its end."""
        return self.sites["import"].registry_client.digest("app", "v1")

    def half_blobs(self) -> Iterator[str]:
        """What in the container is not what a run wrote."""
        container = self.container
        for blob in container.list_blobs(include=["metadata"]):
            content = container.download_blob(blob.name).readall()
            md5 = bytes(blob.content_settings.content_md5 or b"")
            if hashlib.md5(content).digest() != md5:
                yield f"the blob '{blob.name}' does not have its MD5"
            if digest_of(content) != blob.metadata["catalogdigest"]:
                yield f"the blob '{blob.name}' is not its catalog"

    def half_images(self) -> Iterator[str]:
        """What is missing or wrong of the images that tags of the two registries name."""
        for site in self.sites.values():
            client = site.registry_client
            for tag in client.tags("app"):
                try:
                    manifest = json.loads(client.manifest("app", tag) or b"")
                    parts = [part["digest"] for part in (manifest["config"], *manifest["layers"])]
                    blobs = {digest: client.blob("app", digest) or b"" for digest in parts}
                except (ValueError, httpx.HTTPError) as error:
                    yield f"{site.registry}: app:{tag} is not complete ({error})"
                else:
                    for digest, content in blobs.items():
                        if digest_of(content) != digest:
                            yield f"{site.registry}: {digest} is missing or something else"
