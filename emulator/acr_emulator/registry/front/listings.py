"""The lists of the OCI API: repositories, tags of a repository, referrers of a manifest."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.gate import GuardedRoute, Visit
from acr_emulator.registry.front.oci_errors import RegistryError
from acr_emulator.registry.front.paging import page
from acr_emulator.registry.front.repository_locks import reading
from acr_emulator.registry.locks import LIST
from acr_emulator.registry.referrers import INDEX_TYPE, index, is_digest
from acr_emulator.registry.scopes import CATALOG, on_its_repository


def unknown_repository(repository: str) -> RegistryError:
    """The 404 of a repository that holds nothing."""
    return RegistryError(
        404,
        "NAME_UNKNOWN",
        f'repository "{repository}" is not found',
        detail={"name": repository},
    )


class Listings:
    """What distribution lists for all registries as one, or not at all."""

    def __init__(self, distribution: Distribution) -> None:
        self._distribution = distribution

    def routes(self) -> list[GuardedRoute]:
        """Where clients find them."""
        readable, pull = on_its_repository("pull", "metadata_read"), on_its_repository("pull")
        read = partial(reading, self._distribution)
        return [
            GuardedRoute("/v2/_catalog", self._catalog, CATALOG),
            GuardedRoute("/acr/v1/_catalog", self._catalog, CATALOG),
            GuardedRoute("/v2/{repository:path}/tags/list", read(self._tags), readable),
            GuardedRoute("/v2/{repository:path}/referrers/{digest}", read(self._referrers), pull),
        ]

    async def _catalog(self, request: Request, visit: Visit) -> Response:
        folder = visit.registry.folder
        locks = self._distribution.locks(folder)
        names = self._distribution.repositories(folder).names()
        chosen, headers = page(request, names, str, lambda name: locks.attributes(name)[LIST])
        return JSONResponse({"repositories": chosen}, headers=headers)

    async def _tags(self, request: Request, visit: Visit) -> Response:
        repository = visit.repository
        stored = self._distribution.repositories(visit.registry.folder)
        if not stored.exists(repository):
            raise unknown_repository(repository)
        locks = self._distribution.locks(visit.registry.folder)
        tags = [tag.name for tag in stored.tags(repository)]
        chosen, headers = page(
            request, tags, str, lambda tag: locks.attributes(repository, tag)[LIST]
        )
        return JSONResponse({"name": repository, "tags": chosen}, headers=headers)

    async def _referrers(self, request: Request, visit: Visit) -> Response:
        """Never 404: the specification keeps it for registries without this API."""
        subject = request.path_params["digest"]
        if not is_digest(subject):
            raise RegistryError(
                400, "DIGEST_INVALID", f'invalid digest "{subject}"', detail={"Digest": subject}
            )
        artifact_type = request.query_params.get("artifactType", "")
        stored = self._distribution.repositories(visit.registry.folder)
        content = index(stored.referrers(visit.repository, subject), artifact_type)
        headers = {"OCI-Filters-Applied": "artifactType"} if artifact_type else {}
        return JSONResponse(content, headers=headers, media_type=INDEX_TYPE)
