"""ACR's own API beside the OCI one: `/acr/v1`, repositories, tags and manifests with attributes."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.gate import GuardedRoute, Visit
from acr_emulator.registry.front.listings import unknown_repository
from acr_emulator.registry.front.oci_errors import RegistryError
from acr_emulator.registry.front.paging import order_of, page
from acr_emulator.registry.front.scopes import on_its_repository
from acr_emulator.registry.stored_repositories import StoredManifest, StoredRepositories, StoredTag
from acr_emulator.state.clock import timestamp

#: Locking is not emulated: everything may always be changed.
_CHANGEABLE = {
    "deleteEnabled": True,
    "writeEnabled": True,
    "readEnabled": True,
    "listEnabled": True,
}


class Attributes:
    """What `az acr repository` and `az acr manifest` read and delete."""

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution

    def routes(self) -> list[GuardedRoute]:
        """Where clients find them."""
        root = "/acr/v1/{repository:path}"
        read, delete = on_its_repository("metadata_read"), on_its_repository("delete")
        return [
            GuardedRoute(f"{root}/_tags", self._tags, read),
            GuardedRoute(f"{root}/_tags/{{tag}}", self._tag, read),
            GuardedRoute(f"{root}/_tags/{{tag}}", self._untag, delete, ("DELETE",)),
            GuardedRoute(f"{root}/_manifests", self._manifests, read),
            GuardedRoute(f"{root}/_manifests/{{digest}}", self._manifest, read),
            GuardedRoute(root, self._repository, read),
            GuardedRoute(root, self._delete, delete, ("DELETE",)),
        ]

    async def _repository(self, _request: Request, visit: Visit) -> Response:
        stored, repository, head = self._enter(visit)
        tags, manifests = stored.tags(repository), stored.manifests(repository)
        times = [manifest.created for manifest in manifests] + [tag.updated for tag in tags]
        body = {
            **head,
            "createdTime": timestamp(min(times), zone="Z"),
            "lastUpdateTime": timestamp(max(times), zone="Z"),
            "manifestCount": len(manifests),
            "tagCount": len(tags),
            "changeableAttributes": _CHANGEABLE,
        }
        return JSONResponse(body)

    async def _delete(self, _request: Request, visit: Visit) -> Response:
        stored, repository, _ = self._enter(visit)
        body = {
            "manifestsDeleted": [manifest.digest for manifest in stored.manifests(repository)],
            "tagsDeleted": [tag.name for tag in stored.tags(repository)],
        }
        stored.delete(repository)
        return JSONResponse(body, 202)

    async def _tags(self, request: Request, visit: Visit) -> Response:
        stored, repository, head = self._enter(visit)
        tags = order_of(request).sort(stored.tags(repository), lambda tag: tag.updated)
        chosen, headers = page(request, tags, lambda tag: tag.name)
        return JSONResponse({**head, "tags": [_tag(tag) for tag in chosen]}, headers=headers)

    async def _tag(self, request: Request, visit: Visit) -> Response:
        stored, repository, head = self._enter(visit)
        return JSONResponse({**head, "tag": _tag(_named(request, stored.tags(repository)))})

    async def _untag(self, request: Request, visit: Visit) -> Response:
        stored, repository, _ = self._enter(visit)
        stored.untag(repository, _named(request, stored.tags(repository)).name)
        return Response(status_code=202)

    async def _manifests(self, request: Request, visit: Visit) -> Response:
        stored, repository, head = self._enter(visit)
        tags = stored.tags(repository)
        manifests = order_of(request).sort(
            stored.manifests(repository), lambda manifest: manifest.created
        )
        chosen, headers = page(request, manifests, lambda manifest: manifest.digest)
        body = {**head, "manifests": [_manifest(manifest, tags) for manifest in chosen]}
        return JSONResponse(body, headers=headers)

    async def _manifest(self, request: Request, visit: Visit) -> Response:
        stored, repository, head = self._enter(visit)
        digest = request.path_params["digest"]
        for manifest in stored.manifests(repository):
            if manifest.digest == digest:
                return JSONResponse(
                    {**head, "manifest": _manifest(manifest, stored.tags(repository))}
                )
        raise RegistryError(
            404, "MANIFEST_UNKNOWN", f'manifest "{digest}" is not found', detail={"Digest": digest}
        )

    def _enter(self, visit: Visit) -> tuple[StoredRepositories, str, dict[str, Any]]:
        """What is stored, the repository, and the first keys of the response."""
        registry, repository = visit.registry, visit.repository
        stored = self._distribution.repositories(registry.name)
        if not stored.exists(repository):
            raise unknown_repository(repository)
        return stored, repository, {"registry": registry.login_server, "imageName": repository}


def _named(request: Request, tags: Sequence[StoredTag]) -> StoredTag:
    name = request.path_params["tag"]
    for tag in tags:
        if tag.name == name:
            return tag
    raise RegistryError(
        404, "TAG_UNKNOWN", f'the specified tag "{name}" does not exist', detail={"name": name}
    )


def _tag(tag: StoredTag) -> dict[str, Any]:
    return {
        "name": tag.name,
        "digest": tag.digest,
        "createdTime": timestamp(tag.created, zone="Z"),
        "lastUpdateTime": timestamp(tag.updated, zone="Z"),
        "signed": False,
        "changeableAttributes": _CHANGEABLE,
    }


def _manifest(manifest: StoredManifest, tags: Sequence[StoredTag]) -> dict[str, Any]:
    content = manifest.content
    of_manifest = [tag for tag in tags if tag.digest == manifest.digest]
    body = {
        "digest": manifest.digest,
        "imageSize": manifest.size,
        "createdTime": timestamp(manifest.created, zone="Z"),
        "lastUpdateTime": timestamp(manifest.created, zone="Z"),
        "mediaType": content.get("mediaType") or "application/vnd.oci.image.manifest.v1+json",
        "changeableAttributes": _CHANGEABLE,
    }
    if config := content.get("config"):
        body["configMediaType"] = config.get("mediaType")
    if of_manifest:
        body["tags"] = [tag.name for tag in of_manifest]
    return body
