"""One running emulator: its state, its parts, and the environment that leads a client to it."""

import fcntl
import json
import logging
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from acr_emulator.arm.operations import Operations
from acr_emulator.behaviour import Behaviour
from acr_emulator.certificates import Certificates
from acr_emulator.clock import Clock
from acr_emulator.cloud import PUBLIC, Cloud
from acr_emulator.controls import controls_app
from acr_emulator.deployments import Deployments
from acr_emulator.directory import Directory
from acr_emulator.hosts import HostRouter, hosts
from acr_emulator.parts.distribution import Distribution
from acr_emulator.parts.process import StartError
from acr_emulator.pipeline_access import PipelineAccess
from acr_emulator.ports import Ports
from acr_emulator.proxy import Proxy, RefusedError
from acr_emulator.registries import Registries
from acr_emulator.runs import Runs
from acr_emulator.serving import WebServer
from acr_emulator.storage import BlobStorage, UnknownAccountError
from acr_emulator.store import Store
from acr_emulator.tokens import Tokens
from acr_emulator.transfers import Transfers
from acr_emulator.trigger import SourceTrigger
from acr_emulator.vaults import vault_named

_LOOPBACK = "127.0.0.1,localhost"
_logger = logging.getLogger(__name__)


class StateInUseError(Exception):
    """Another emulator works on this state directory."""


class OtherCloudError(Exception):
    """The state directory holds another cloud."""


class Service(Protocol):
    """Something that runs while the emulator does."""

    async def start(self) -> None:
        """Come up."""

    async def stop(self) -> None:
        """Go down; also called when `start` failed."""


class Instance:
    """Everything an app or a service needs is an attribute here; nothing is kept in modules."""

    def __init__(
        self, state_dir: Path, cloud: Cloud = PUBLIC, ports: Mapping[str, int] | None = None
    ) -> None:
        self.state_dir = state_dir.resolve()
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state_dir.chmod(0o700)
        self._lock = _lock(self.state_dir / "lock")
        self._running = AsyncExitStack()
        self.cloud = cloud
        self.clock = Clock()
        self.behaviour = Behaviour()
        self.store = Store(self.state_dir / "state.db")
        self._keep_to_one_cloud()
        self.certificates = Certificates(self.state_dir / "tls", cloud)
        self.tokens = Tokens(self.state_dir / "tls" / "tokens.key", cloud)
        self.directory = Directory(self.store)
        self.operations = Operations(self.store, self.clock, self.behaviour)
        listen = Ports(self.store, ports or {}).listen
        self.proxy = Proxy(self._backend, partial(listen, "proxy"))
        self.storage = BlobStorage(
            self.state_dir / "blobs",
            store=self.store,
            certificates=self.certificates,
            tokens=self.tokens,
            clock=self.clock,
            proxy=self.proxy,
        )
        self.registries = Registries(self.store)
        self.distribution = Distribution(self.state_dir / "registries")
        self.access = PipelineAccess(self)
        self.runs = Runs(
            self.store,
            self.clock,
            self.behaviour,
            self.operations,
            Transfers(self.access, self.distribution),
        )
        self.trigger = SourceTrigger(self)
        self.deployments = Deployments(self.store, self.clock)
        self.hosts = HostRouter(hosts(self), self.behaviour, self.clock)
        self.web = WebServer(self.hosts, self.certificates)
        self.controls = WebServer(controls_app(self), listening=partial(listen, "controls"))
        #: Started in this order, stopped in the opposite one.
        self.services: tuple[Service, ...] = (
            self.storage,
            self.distribution,
            self.proxy,
            self.runs,
            self.trigger,
            self.deployments,
            self.web,
            self.controls,
        )

    def _keep_to_one_cloud(self) -> None:
        """What a state directory holds has the host names of its cloud all over it."""
        table = self.store.table("cloud")
        kept = table.get("name")
        if kept is None:
            table.put("name", self.cloud.name)
        elif kept != self.cloud.name:
            self.close()
            raise OtherCloudError(
                f"{self.state_dir} holds the cloud {kept}, not {self.cloud.name}:"
                " give that one as --cloud, or another --state."
            )

    async def start(self) -> None:
        """Start every service; if one fails, stop those before it."""
        async with AsyncExitStack() as stack:
            stack.callback(self.close)
            for service in self.services:
                stack.push_async_callback(service.stop)
                await service.start()
            self._running = stack.pop_all()
        _logger.info("Ready: proxy on port %d, controls on %d", self.proxy.port, self.controls.port)

    async def stop(self) -> None:
        """Stop every service and let go of the state directory."""
        await self._running.aclose()
        _logger.info("Stopped")

    def close(self) -> None:
        """Let go of the state directory without ever having started."""
        self.store.close()
        os.close(self._lock)

    async def _backend(self, host: str) -> int:
        """The loopback port behind a host name; a name without a resource has none, as in DNS."""
        name, _, suffix = host.partition(".")
        if suffix == self.cloud.blob_suffix:
            return await self._blob_port(name)
        if not self.hosts.find(host):
            raise self._unknown(f"Host {host} is unknown to")
        if suffix == self.cloud.registry_suffix and self.registries.get(name) is None:
            raise self._unknown(f"Registry {name} doesn't exist in")
        if suffix == self.cloud.vault_suffix and vault_named(self.store, name) is None:
            raise self._unknown(f"Key vault {name} doesn't exist in")
        return self.web.port

    async def _blob_port(self, account: str) -> int:
        try:
            return await self.storage.port(account)
        except UnknownAccountError as error:
            raise self._unknown(f"Storage account {account} doesn't exist in") from error
        except StartError as error:
            reason = f"Azurite of storage account {account} didn't start"
            raise RefusedError(HTTPStatus.BAD_GATEWAY, reason, str(error)) from error

    def _unknown(self, what: str) -> RefusedError:
        return RefusedError(HTTPStatus.FORBIDDEN, f"{what} {self.cloud.name}")

    def environment(self) -> dict[str, str]:
        """What a client needs: the way here, whom to trust, a configuration of its own, a login."""
        proxy = f"http://127.0.0.1:{self.proxy.port}"
        ca_file = str(self.certificates.ca_file)
        principal, secret = self.directory.operator()
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": _LOOPBACK,
            "no_proxy": _LOOPBACK,  # clients prefer the user's own in lower case
            "REQUESTS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
            "CURL_CA_BUNDLE": ca_file,
            "NODE_EXTRA_CA_CERTS": ca_file,
            "AZURE_CONFIG_DIR": str(self._az_configuration()),
            "AZURE_CORE_COLLECT_TELEMETRY": "0",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
            "AZURE_AUTHORITY_HOST": self.cloud.login_url,
            "AZURE_TENANT_ID": self.cloud.tenant_id,
            "AZURE_CLIENT_ID": principal.application_id,
            "AZURE_CLIENT_SECRET": secret,
            "AZURE_SUBSCRIPTION_ID": self.cloud.subscription_id,
            "ACR_EMULATOR_CONTROL": f"http://127.0.0.1:{self.controls.port}/_emulator",
        }

    def _az_configuration(self) -> Path:
        """The AZURE_CONFIG_DIR, prepared so that az does not look for its newest version."""
        folder = self.state_dir / "azure"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "versionCheck.json").write_text(
            json.dumps({"versions": {"core": {"local": "2.91.0"}}})
        )
        return folder


def _lock(file: Path) -> int:
    """Hold the state directory for this process, for as long as the descriptor is open."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StateInUseError(f"{file.parent} is in use by another emulator.") from error
    return descriptor
