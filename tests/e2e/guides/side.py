"""One side of a transfer between clouds: its terminal, and what exists to work with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from acr_emulator.cloud.clouds import PUBLIC

from tests.e2e.guides.shell import GuideShell
from tests.e2e.releases import build_release
from tests.support.cloud import Json, eventually
from tests.support.oci import INDEX, MANIFEST
from tests.support.site import ACCOUNT, GROUP, Site
from tests.support.terminal import Terminal

BLOB = "myblob"
_REPOSITORY = "hello-world"


@dataclass(frozen=True)
class Side:
    """Where a guide test continues when it crosses to the other cloud."""

    az: Terminal
    site: Site
    #: What pipelines show in SAS mode; older API versions have no word for it.
    sas_mode: str | None = "SasToken"

    @property
    def names(self) -> dict[str, str]:
        """What the guides' variables stand for here."""
        return {
            "MySubID": PUBLIC.subscription_id,
            "MyRG": GROUP,
            "MyReg": self.site.registry,
            "MyRegistry": self.site.registry,
            "MyRepository": _REPOSITORY,
            "MyKV": self.site.vault,
            "MyKeyvault": self.site.vault,
            "MySecret": self.site.secret,
            "MyStorage": ACCOUNT,
            "MyStorageAccount": ACCOUNT,
            "MyContainer": self.site.name,
            "MyBlob": BLOB,
            "MyIdentity": "myidentity",
        }

    def enter(self, shell: GuideShell, **names: str) -> None:
        """Have the next lines typed here, with more names filled in."""
        shell.az = self.az
        shell.variables |= self.names | names

    def create_identity(self) -> Json:
        """Make the user-assigned identity that the guides take for granted."""
        name = self.names["MyIdentity"]
        identity: Json = self.az.ok(f"identity create --resource-group {GROUP} --name {name}").json
        return identity

    def publish_release(self) -> str:
        """Put a release into a public blob container; the URL of its index."""
        container = Site(self.site.cloud, "downloads").container
        container.create_container(public_access="blob")
        with TemporaryDirectory() as folder:
            files = build_release(Path(folder), url=container.url)
            urls = [container.upload_blob(file.name, file.read_bytes()).url for file in files]
        return str(urls[-1])

    def fill(self) -> dict[str, str]:
        """Push hello-world for two platforms, and at last an image that no tag leads to.

        Returns the digest of each tag and digest.
        """
        registry = self.site.registry_client
        platforms = {
            architecture: registry.push(_REPOSITORY, layer=architecture.encode() * 9999)
            for architecture in ("amd64", "arm64")
        }
        manifests = [
            {
                "mediaType": MANIFEST,
                "digest": digest,
                "size": len(registry.manifest(_REPOSITORY, digest) or b""),
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture, digest in platforms.items()
        ]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        latest = registry.push_manifest(_REPOSITORY, index, "latest")
        untagged = registry.push(_REPOSITORY, layer=b"no tag leads here")
        return {"latest": latest, **{digest: digest for digest in (*platforms.values(), untagged)}}

    def held(self, pushed: dict[str, str]) -> dict[str, str | None]:
        """The same, as the registry holds it now."""
        registry = self.site.registry_client
        return {reference: registry.digest(_REPOSITORY, reference) for reference in pushed}

    def receive(self, other: Side) -> None:
        """Carry the blob here, with all that the source trigger needs to see in it."""
        blob = other.site.container.get_blob_client(BLOB).download_blob()
        self.site.container.upload_blob(
            BLOB,
            blob.readall(),
            metadata=blob.properties.metadata,
            content_settings=blob.properties.content_settings,
        )

    def triggered(self) -> Json:
        """The run that the service starts by itself, once it is over, as az shows it."""

        def look() -> str | None:
            runs = self.site.resource("pipelineRuns")["value"]
            return str(runs[0]["name"]) if runs else None

        run = f"{self.site.args} --name {eventually(look)}"
        self.az.ok(f"acr pipeline-run wait --created {run}")
        shown: Json = self.az.ok(f"acr pipeline-run show {run}").json
        return shown
