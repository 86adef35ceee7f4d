"""What the pages presuppose: two sides of a transfer by the names that the pages print."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.guides.arm_setting import Setting
from tests.support.cloud import Cloud

IMAGES = (
    "charts/web:0.1.0",
    "samples/hello-world:v1",
    "samples/hello:latest",
    "samples/nginx:1.25",
    "samples/nginx:1.25-debug",
    "samples/nginx:v1",
    "team/app:v1.0",
    "team/app:v2.0",
    "team/deep/app:v2.1",
)


@dataclass(frozen=True)
class PrintedSide(Setting):
    """`sourceregistry`, `sourcestorage`, `sourcevault` in `sourcegroup`; the same of `target`."""

    @property
    def group(self) -> str:
        return f"{self.side}group"

    @property
    def registry(self) -> str:
        return f"{self.side}registry"

    @property
    def vault(self) -> str:
        return f"{self.side}vault"

    @property
    def account(self) -> str:
        return f"{self.side}storage"

    def write_secret(self, name: str, value: str) -> None:
        """Write a secret of the vault."""
        hosts = self.cloud.hosts
        token = self.cloud.token(hosts.vault_audience)
        self.cloud.http.put(
            f"{hosts.vault_url(self.vault)}/secrets/{name}",
            params={"api-version": "7.4"},
            headers={"Authorization": f"Bearer {token}"},
            json={"value": value},
        ).raise_for_status()

    def digests(self) -> dict[str, str | None]:
        """Digest of each image that this registry has."""
        client = self.registry_client
        references = {reference: reference.split(":") for reference in IMAGES}
        held = {name: client.digest(*parts) for name, parts in references.items()}
        return {name: digest for name, digest in held.items() if digest}


@dataclass(frozen=True)
class PrintedWorld:
    """A cloud with both sides; only the source has images."""

    cloud: Cloud
    source: PrintedSide
    target: PrintedSide

    @classmethod
    def prepare(cls, cloud: Cloud) -> PrintedWorld:
        """Have everything that a page doesn't create itself."""
        source = PrintedSide.prepare(cloud, "source")
        target = PrintedSide.prepare(cloud, "target")
        source.write_secret("acrexportsas", source.sas("alrw"))
        target.write_secret("acrimportsas", target.sas("dlr"))
        client = source.registry_client
        for reference in IMAGES:
            client.push(*reference.split(":"), layer=reference.encode())
        image = client.push("signed/web", "1.0", layer=b"signed")
        client.attach("signed/web", image, "application/vnd.cncf.notary.signature", b"me")
        client.attach_by_tag("signed/web", image, "sig", b"me")
        return cls(cloud, source, target)
