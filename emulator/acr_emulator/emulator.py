"""The composition root: builds, starts and stops every part of one emulator."""

import fcntl
import json
import logging
import os
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from acr_emulator.arm.dispatcher import ArmApp
from acr_emulator.arm.providers import provider_routes
from acr_emulator.bundled.child_process import StartError
from acr_emulator.cloud.clouds import PUBLIC, Cloud
from acr_emulator.control.controls import PATH, USER, controls_app
from acr_emulator.deployments.deployment_service import Deployments
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.entra import entra_app
from acr_emulator.identity.graph import graph_app
from acr_emulator.identity.rights import Rights
from acr_emulator.identity.tokens import Tokens
from acr_emulator.keyvault.data_plane import key_vault_app
from acr_emulator.keyvault.vaults import vault_named
from acr_emulator.network.certificates import Certificates
from acr_emulator.network.ports import Ports
from acr_emulator.network.proxy import Proxy, RefusedError
from acr_emulator.network.router import Host, HostRouter
from acr_emulator.network.serving import WebServer
from acr_emulator.registry.acr_tokens import RegistryTokens
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front import registry_front
from acr_emulator.registry.image_imports import ImageImports
from acr_emulator.registry.logins import Logins
from acr_emulator.registry.registries import Registries
from acr_emulator.resource_locks import RepositoryLocks, ResourceLocks
from acr_emulator.runs.access import PipelineAccess
from acr_emulator.runs.executor import Transfers
from acr_emulator.runs.run_service import Runs
from acr_emulator.runs.trigger import SourceTrigger
from acr_emulator.state.clock import Clock
from acr_emulator.state.deletions import Deletions
from acr_emulator.state.operations import Operations
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Store
from acr_emulator.state.whole_files import write_whole
from acr_emulator.storage.accounts import BlobStorage, NoBlobServiceError, UnknownAccountError

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
    """One emulator: every app and service, built from the collaborators that it uses."""

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
        self.settings = Settings()
        self.store = Store(self.state_dir / "state.db")
        locks = ResourceLocks()
        self.deletions = Deletions(locks)
        self._keep_to_one_cloud()
        self._control_secret = self._kept_secret()
        self.certificates = Certificates(self.state_dir / "tls", cloud)
        self.tokens = Tokens(self.state_dir / "tls" / "tokens.key", cloud)
        self.directory = Directory(self.store)
        self.rights = Rights(self.store, self.directory)
        self.operations = Operations(self.store, self.clock)
        listen = Ports(self.store, ports or {}).listen
        self.proxy = Proxy(self._backend, partial(listen, "proxy"))
        self.storage = BlobStorage(
            self.state_dir / "blobs",
            store=self.store,
            certificates=self.certificates,
            tokens=self.tokens,
            clock=self.clock,
            proxy=self.proxy,
            locks=locks,
            rights=self.rights,
        )
        self.registries = Registries(self.store)
        self.registry_logins = Logins(
            self.registries,
            RegistryTokens(self.registries, self.clock),
            self.rights,
            self.directory,
        )
        self.distribution = Distribution(
            self.state_dir / "registries",
            secret=secrets.token_urlsafe(),
            locks=RepositoryLocks(locks),
        )
        self.image_imports = ImageImports(
            settings=self.settings,
            store=self.store,
            operations=self.operations,
            registries=self.registries,
            distribution=self.distribution,
            rights=self.rights,
            logins=self.registry_logins,
        )
        self.access = PipelineAccess(self.cloud, self.clock, self.store, self.storage)
        self.runs = Runs(
            self.store,
            self.clock,
            self.settings,
            self.operations,
            Transfers(self.access, self.registries, self.distribution),
        )
        self.trigger = SourceTrigger(
            store=self.store,
            clock=self.clock,
            settings=self.settings,
            access=self.access,
            runs=self.runs,
            deletions=self.deletions,
        )
        self.deployments = Deployments(self.store, self.clock)
        self.hosts = HostRouter(self._hosts(), self.settings, self.clock)
        self.web = WebServer(self.hosts, self.certificates)
        self.controls = WebServer(
            controls_app(
                secret=self._control_secret,
                cloud=self.cloud,
                clock=self.clock,
                settings=self.settings,
                store=self.store,
                directory=self.directory,
                trigger=self.trigger,
                storage=self.storage,
                distribution=self.distribution,
            ),
            listening=partial(listen, "controls"),
        )
        #: Started in this order, stopped in the opposite one.
        self.services: tuple[Service, ...] = (
            self.storage,
            self.distribution,
            self.proxy,
            self.image_imports,
            self.runs,
            self.trigger,
            self.deployments,
            self.web,
            self.controls,
        )

    def _hosts(self) -> tuple[Host, ...]:
        """Every emulated host; blob storage is a server that the proxy tunnels to."""
        cloud = self.cloud
        entra = entra_app(cloud, self.tokens, self.directory)
        graph = graph_app(cloud, self.tokens, self.directory, self.store)
        vaults = key_vault_app(cloud, self.clock, self.store, self.tokens, self.directory)
        registries = registry_front(
            cloud=cloud,
            entra=self.tokens,
            logins=self.registry_logins,
            registries=self.registries,
            distribution=self.distribution,
        )
        return (
            Host(cloud.login, entra, disturbed=False),
            Host(cloud.graph, graph, disturbed=False),
            Host(cloud.arm, self._resource_manager()),
            Host(f"*.{cloud.vault_suffix}", vaults),
            Host(f"*.{cloud.registry_suffix}", registries),
        )

    def _resource_manager(self) -> ArmApp:
        routes = provider_routes(
            cloud=self.cloud,
            clock=self.clock,
            settings=self.settings,
            store=self.store,
            directory=self.directory,
            rights=self.rights,
            operations=self.operations,
            deletions=self.deletions,
            storage=self.storage,
            registries=self.registries,
            distribution=self.distribution,
            image_imports=self.image_imports,
            runs=self.runs,
            deployments=self.deployments,
        )
        return ArmApp(
            routes,
            cloud=self.cloud,
            store=self.store,
            tokens=self.tokens,
            rights=self.rights,
            deletions=self.deletions,
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

    def _kept_secret(self) -> str:
        """The controls' secret: a shell that has the environment can use it after a restart."""
        table = self.store.table("control-secret")
        if table.get(USER) is None:
            table.put(USER, secrets.token_urlsafe())
        return str(table.get(USER))

    async def start(self) -> None:
        """Start every service; if one fails, stop those before it."""
        async with AsyncExitStack() as stack:
            stack.callback(self.close)
            self.distribution.keep_only(self.registries.folders())
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
        except NoBlobServiceError as error:
            raise self._unknown(f"Storage account {account} has no blob service in") from error
        except StartError as error:
            reason = f"Azurite of storage account {account} didn't start"
            raise RefusedError(HTTPStatus.BAD_GATEWAY, reason, str(error)) from error

    def _unknown(self, what: str) -> RefusedError:
        return RefusedError(HTTPStatus.FORBIDDEN, f"{what} {self.cloud.name}")

    def environment(self) -> dict[str, str]:
        """What a client needs: proxy, certificate authority, configuration folder and login."""
        proxy = f"http://127.0.0.1:{self.proxy.port}"
        ca_file = str(self.certificates.ca_file)
        principal, secret = self.directory.operator()
        controls = f"{USER}:{self._control_secret}@127.0.0.1:{self.controls.port}"
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
            "ACR_EMULATOR_CONTROL": f"http://{controls}{PATH}",
        }

    def _az_configuration(self) -> Path:
        """The AZURE_CONFIG_DIR, prepared so that az does not look for its newest version."""
        folder = self.state_dir / "azure"
        folder.mkdir(mode=0o700, exist_ok=True)
        versions = {"versions": {"core": {"local": "2.91.0"}}}
        write_whole(folder / "versionCheck.json", json.dumps(versions).encode())
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
