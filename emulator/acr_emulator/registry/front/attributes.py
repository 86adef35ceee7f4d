"""ACR's own API next to the OCI API: `/acr/v1`, repositories, tags, manifests and attributes."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.gate import VALID_TOKEN, GuardedRoute, Visit
from acr_emulator.registry.front.listings import unknown_repository
from acr_emulator.registry.front.oci_errors import RegistryError, disallowed
from acr_emulator.registry.front.paging import order_of, page
from acr_emulator.registry.front.repository_locks import reading, writing
from acr_emulator.registry.locks import LIST, NAMES, LockAttributes, Locks
from acr_emulator.registry.scopes import on_its_repository
from acr_emulator.registry.stored_repositories import StoredManifest, StoredRepositories, StoredTag
from acr_emulator.state.clock import timestamp


class Attributes:
    """What `az acr repository` and `az acr manifest` read, lock and delete."""

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution

    def routes(self) -> list[GuardedRoute]:
        """Where clients find them."""
        root = "/acr/v1/{repository:path}"
        tag, manifest = f"{root}/_tags/{{tag}}", f"{root}/_manifests/{{digest}}"
        read, delete = on_its_repository("metadata_read"), on_its_repository("delete")
        lock = on_its_repository("metadata_write")
        reads = partial(reading, self._distribution)
        writes = partial(writing, self._distribution)
        return [
            GuardedRoute("/acr/v1/_deleted/{rest:path}", _deleted, VALID_TOKEN, ("GET", "POST")),
            GuardedRoute(f"{root}/_tags", reads(self._tags), read),
            GuardedRoute(tag, reads(self._tag), read),
            GuardedRoute(tag, writes(self._lock_tag), lock, ("PATCH",)),
            GuardedRoute(tag, writes(self._untag), delete, ("DELETE",)),
            GuardedRoute(f"{root}/_manifests", reads(self._manifests), read),
            GuardedRoute(manifest, reads(self._manifest), read),
            GuardedRoute(manifest, writes(self._lock_manifest), lock, ("PATCH",)),
            GuardedRoute(root, reads(self._repository), read),
            GuardedRoute(root, writes(self._lock_repository), lock, ("PATCH",)),
            GuardedRoute(root, writes(self._delete), delete, ("DELETE",)),
        ]

    async def _repository(self, _request: Request, visit: Visit) -> Response:
        stored = self._enter(visit)
        repository = visit.repository
        tags, manifests = stored.tags(repository), stored.manifests(repository)
        times = [manifest.created for manifest in manifests] + [tag.updated for tag in tags]
        body = {
            "createdTime": timestamp(min(times), zone="Z"),
            "lastUpdateTime": timestamp(max(times), zone="Z"),
            "manifestCount": len(manifests),
            "tagCount": len(tags),
            "changeableAttributes": self._locks(visit).attributes(repository),
        }
        return _answer(visit, body)

    async def _lock_repository(self, request: Request, visit: Visit) -> Response:
        self._enter(visit)
        self._locks(visit).change(await _changes(request), visit.repository)
        return await self._repository(request, visit)

    async def _delete(self, _request: Request, visit: Visit) -> Response:
        stored, repository = self._enter(visit), visit.repository
        if not self._locks(visit).allow_deletion(repository):
            raise disallowed()
        body = {
            "manifestsDeleted": [manifest.digest for manifest in stored.manifests(repository)],
            "tagsDeleted": [tag.name for tag in stored.tags(repository)],
        }
        stored.delete(repository)
        return JSONResponse(body, 202)

    async def _tags(self, request: Request, visit: Visit) -> Response:
        stored, locks = self._enter(visit), self._locks(visit)
        tags = order_of(request).sort(stored.tags(visit.repository), lambda tag: tag.updated)
        attributes = partial(locks.attributes, visit.repository)
        chosen, headers = page(
            request, tags, lambda tag: tag.name, lambda tag: attributes(tag)[LIST]
        )
        return _answer(
            visit, {"tags": [_tag(tag, attributes(tag.name)) for tag in chosen]}, headers
        )

    async def _tag(self, request: Request, visit: Visit) -> Response:
        tag = _named(request, self._enter(visit).tags(visit.repository))
        attributes = self._locks(visit).attributes(visit.repository, tag.name)
        return _answer(visit, {"tag": _tag(tag, attributes)})

    async def _lock_tag(self, request: Request, visit: Visit) -> Response:
        tag = _named(request, self._enter(visit).tags(visit.repository))
        self._locks(visit).change(await _changes(request), visit.repository, tag.name)
        return await self._tag(request, visit)

    async def _untag(self, request: Request, visit: Visit) -> Response:
        stored, repository = self._enter(visit), visit.repository
        tag = _named(request, stored.tags(repository)).name
        if not self._locks(visit).allow_deletion(repository, tag):
            raise disallowed()
        stored.untag(repository, tag)
        return Response(status_code=202)

    async def _manifests(self, request: Request, visit: Visit) -> Response:
        stored, locks = self._enter(visit), self._locks(visit)
        tags = stored.tags(visit.repository)
        manifests = order_of(request).sort(
            stored.manifests(visit.repository), lambda manifest: manifest.created
        )
        attributes = partial(locks.attributes, visit.repository)
        chosen, headers = page(
            request,
            manifests,
            lambda manifest: manifest.digest,
            lambda name: attributes(name)[LIST],
        )
        shown = [_manifest(manifest, tags, attributes(manifest.digest)) for manifest in chosen]
        return _answer(visit, {"manifests": shown}, headers)

    async def _manifest(self, request: Request, visit: Visit) -> Response:
        stored, repository = self._enter(visit), visit.repository
        digest = request.path_params["digest"]
        for manifest in stored.manifests(repository):
            if manifest.digest == digest:
                attributes = self._locks(visit).attributes(repository, digest)
                shown = _manifest(manifest, stored.tags(repository), attributes)
                return _answer(visit, {"manifest": shown})
        raise RegistryError(
            404, "MANIFEST_UNKNOWN", f'manifest "{digest}" is not found', detail={"Digest": digest}
        )

    async def _lock_manifest(self, request: Request, visit: Visit) -> Response:
        changes = await _changes(request)
        await self._manifest(request, visit)  # refuses one that doesn't exist
        digest = request.path_params["digest"]
        self._locks(visit).change(changes, visit.repository, digest)
        return await self._manifest(request, visit)

    def _enter(self, visit: Visit) -> StoredRepositories:
        """What is stored, with the repository in it."""
        stored = self._distribution.repositories(visit.registry.folder)
        if not stored.exists(visit.repository):
            raise unknown_repository(visit.repository)
        return stored

    def _locks(self, visit: Visit) -> Locks:
        return self._distribution.locks(visit.registry.folder)


async def _deleted(_: Request, __: Visit) -> Response:
    message = "the emulator keeps no deleted artifacts: none can be listed or restored"
    raise RegistryError(405, "UNSUPPORTED", message)


def _answer(
    visit: Visit, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    head = {"registry": visit.registry.login_server, "imageName": visit.repository}
    return JSONResponse({**head, **body}, headers=headers)


async def _changes(request: Request) -> dict[str, bool]:
    """Read the attributes to change; others of the body are ignored."""
    try:
        content = json.loads(await request.body())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise RegistryError(400, "INVALID_PARAMETER", "the body must be a JSON object")
    changes = {name: content[name] for name in NAMES if content.get(name) is not None}
    for name, value in changes.items():
        if not isinstance(value, bool):
            raise RegistryError(400, "INVALID_PARAMETER", f"{name} must be true or false")
    return changes


def _named(request: Request, tags: Sequence[StoredTag]) -> StoredTag:
    name = request.path_params["tag"]
    for tag in tags:
        if tag.name == name:
            return tag
    raise RegistryError(
        404, "TAG_UNKNOWN", f'the specified tag "{name}" does not exist', detail={"name": name}
    )


def _tag(tag: StoredTag, attributes: LockAttributes) -> dict[str, Any]:
    return {
        "name": tag.name,
        "digest": tag.digest,
        "createdTime": timestamp(tag.created, zone="Z"),
        "lastUpdateTime": timestamp(tag.updated, zone="Z"),
        "signed": False,
        "changeableAttributes": attributes,
    }


def _manifest(
    manifest: StoredManifest, tags: Sequence[StoredTag], attributes: LockAttributes
) -> dict[str, Any]:
    content = manifest.content
    of_manifest = [tag for tag in tags if tag.digest == manifest.digest]
    body = {
        "digest": manifest.digest,
        "imageSize": manifest.size,
        "createdTime": timestamp(manifest.created, zone="Z"),
        "lastUpdateTime": timestamp(manifest.created, zone="Z"),
        "mediaType": content.get("mediaType") or "application/vnd.oci.image.manifest.v1+json",
        "changeableAttributes": attributes,
    }
    if config := content.get("config"):
        body["configMediaType"] = config.get("mediaType")
    if of_manifest:
        body["tags"] = [tag.name for tag in of_manifest]
    return body
