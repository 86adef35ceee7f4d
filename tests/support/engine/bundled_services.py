"""The real registry and the real blob server, running for a while."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.tokens import Tokens
from acr_emulator.network.certificates import Certificates
from acr_emulator.registry.distribution import Distribution
from acr_emulator.resource_locks import RepositoryLocks, ResourceLocks
from acr_emulator.storage.azurite import Azurite

ACCOUNT = "account"
KEY = "YSBrZXkgZm9yIHRlc3RzIG9ubHkh"


@dataclass(frozen=True)
class BundledServices:
    """The running servers, and the event loop that they belong to."""

    loop: asyncio.AbstractEventLoop
    registry: str
    registry_storage: Path
    storage: str
    ca_file: str


@contextmanager
def running_services(folder: Path) -> Iterator[BundledServices]:
    """Run a registry and a storage account that keep their data in the folder."""
    certificates = Certificates(folder / "tls", PUBLIC)
    tokens = Tokens(folder / "tokens.key", PUBLIC)
    azurite = Azurite(ACCOUNT, folder / "azurite", certificates, tokens)
    distribution = Distribution(
        folder, secret="", locks=RepositoryLocks(ResourceLocks())
    )  # skopeo, too, comes straight to it
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(azurite.start([KEY], proxy_port=0))
        loop.run_until_complete(distribution.start())
        yield BundledServices(
            loop=loop,
            registry=distribution.url,
            registry_storage=folder / "storage",
            storage=f"https://127.0.0.1:{azurite.port}",
            ca_file=str(certificates.ca_file),
        )
    finally:
        loop.run_until_complete(azurite.stop())
        loop.run_until_complete(distribution.stop())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
