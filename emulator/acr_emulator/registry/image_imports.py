"""Imports of images (`az acr import`): copies from other registries, made in the background."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from acr_emulator.bundled.child_process import StartError
from acr_emulator.engine import Repositories, TransferError, copy_artifact
from acr_emulator.engine.artifact_references import Reference
from acr_emulator.identity.rights import Rights
from acr_emulator.registry.acr_tokens import InvalidTokenError
from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.grants import Subject
from acr_emulator.registry.logins import Logins, Registry
from acr_emulator.registry.registries import TYPE, Registries
from acr_emulator.registry.resource_properties import exports_disabled
from acr_emulator.registry.scopes import on_repository
from acr_emulator.state.arm_errors import bad_request, failure
from acr_emulator.state.background import Background, until_written
from acr_emulator.state.operations import Operations
from acr_emulator.state.resource_ids import ResourceId
from acr_emulator.state.settings import Settings
from acr_emulator.state.store import Resource, Store

_PULL = f"{TYPE}/pull/read"
_INTERRUPTED = "The import was interrupted by a restart of the service."


@dataclass(frozen=True)
class ImageImport:
    """What is copied from where, and under which names."""

    image: Reference
    #: Either the id of a registry of this cloud, or the host name of any registry.
    registry_id: str
    host: str
    #: User and password for the host; without them, anybody's rights.
    login: tuple[str, str] | None
    tags: tuple[Reference, ...]
    #: Repositories that get the image without a tag.
    untagged: tuple[str, ...]
    overwrite: bool
    #: Object id of the principal that imports.
    caller: str


class ImageImports:
    """Every import of the instance."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        operations: Operations,
        registries: Registries,
        distribution: Distribution,
        rights: Rights,
        logins: Logins,
    ) -> None:
        self._settings = settings
        self._transaction = store.transaction
        self._operations = operations
        self._registries = registries
        self._distribution = distribution
        self._rights = rights
        self._logins = logins
        #: Operation -> target registry: one that exists at the start was interrupted.
        self._in_progress = store.table("image-import")
        self._background = Background("Image import")

    async def start(self) -> None:
        """Fail the imports that were in progress when the emulator ended."""
        for operation, registry_id in list(self._in_progress.items()):
            self._finish(operation, registry_id, _INTERRUPTED)

    async def stop(self) -> None:
        """Cancel the imports in progress; the next start fails them."""
        await self._background.stop()

    def begin(self, target: Resource, image_import: ImageImport) -> str:
        """Start an import; returns the name of its operation."""
        with self._transaction():
            operation = self._operations.begin("registries", status="Running", has_body=True)
            self._in_progress.put(operation, target["id"])

        async def failed(defect: Exception) -> None:
            await self._end(operation, target["id"], failure(defect))

        self._background.begin(
            operation, partial(self._carry_out, operation, target, image_import), failed
        )
        return operation

    async def end_all(self, registry_id: str) -> None:
        """Cancel the imports into a registry that is deleted."""
        for operation, target_id in self._in_progress.items():
            if target_id.lower() != registry_id.lower():
                continue
            await self._background.end(operation)
            with self._transaction():
                self._operations.cancel(operation)
                self._in_progress.delete(operation)

    async def _carry_out(self, operation: str, target: Resource, wanted: ImageImport) -> None:
        error = ""
        try:
            await copy_artifact(
                str(wanted.image),
                source=await self._source(wanted),
                target=await self._open(target["name"]),
                tags=wanted.tags,
                untagged=wanted.untagged,
                overwrite=wanted.overwrite,
            )
        except (TransferError, StartError) as refusal:
            error = str(refusal)
        await self._end(operation, target["id"], error)

    async def _open(self, name: str) -> Repositories:
        return await self._distribution.open(self._registries.folder(name), name.lower())

    async def _end(self, operation: str, registry_id: str, error: str) -> None:
        await until_written(operation, lambda: self._finish(operation, registry_id, error))

    def _finish(self, operation: str, registry_id: str, error: str) -> None:
        """End an operation; the frame of an error is ACR's, from reports."""
        message = f"Operation {operation} failed. Resource {registry_id} {error}"
        refusal = bad_request("InvalidParameters", message) if error else None
        with self._transaction():
            self._operations.finish(operation, error=refusal)
            self._in_progress.delete(operation)

    async def _source(self, wanted: ImageImport) -> Repositories:
        """The registry to read, if the caller or the login may; raises TransferError."""
        upstream = self._settings.upstreams.get(wanted.host)
        if upstream:
            return Repositories(
                upstream,
                prefix="",
                name=wanted.host,
                http=self._distribution.transfers,
                locks=self._distribution.repository_locks,
                login=_basic(wanted.login),
            )
        resource = self._resource(wanted)
        if wanted.registry_id:
            allowed = self._rights.allow(wanted.caller, _PULL, resource["id"])
        else:
            folder = self._registries.folder(resource["name"])
            allowed = self._is_granted(Registry.of(resource, folder), wanted)
        if not allowed or exports_disabled(resource):
            raise TransferError(f"Access to {resource['properties']['loginServer']} denied.")
        return await self._open(resource["name"])

    def _resource(self, wanted: ImageImport) -> Resource:
        """The registry of this cloud that an id or a host name means; raises TransferError."""
        if not wanted.registry_id:
            resource = self._registries.get(wanted.host.partition(".")[0])
            if resource is None or resource["properties"]["loginServer"] != wanted.host:
                raise TransferError(f"No such host is known. ({wanted.host}:443)")
            return resource
        wanted_id = ResourceId.parse(wanted.registry_id)
        resource = self._registries.get(wanted_id.name)
        if resource is None or ResourceId.parse(resource["id"]) != wanted_id:
            raise TransferError(f"Registry {wanted.registry_id} was not found.")
        return resource

    def _is_granted(self, registry: Registry, wanted: ImageImport) -> bool:
        """Whether the login, or anybody, may pull the image."""
        if wanted.login is None:
            if not registry.anonymous_pull:
                return False
            subject = Subject(kind="anonymous")
        else:
            try:
                subject = self._logins.log_in(registry, *wanted.login)
            except InvalidTokenError:
                return False
        scope = on_repository(wanted.image.repository, "pull")
        return self._logins.granted(registry, subject, scope) is not None


def _basic(login: tuple[str, str] | None) -> Mapping[str, str]:
    if login is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"}
