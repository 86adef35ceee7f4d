"""The catalog, and the tags of a repository in the form of the OCI API."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.gate import Gate
from acr_emulator.registry.front.oci_errors import RegistryError
from acr_emulator.registry.front.paging import page
from acr_emulator.registry.front.repository_name import repository_of
from acr_emulator.registry.front.scopes import CATALOG, on_repository


def unknown_repository(repository: str) -> RegistryError:
    """The 404 of a repository that holds nothing."""
    return RegistryError(
        404,
        "NAME_UNKNOWN",
        f'repository "{repository}" is not found',
        detail={"name": repository},
    )


class Listings:
    """Distribution lists every registry's repositories as one, so these answer instead."""

    def __init__(self, gate: Gate, distribution: Distribution) -> None:
        self._gate = gate
        self._distribution = distribution

    def routes(self) -> list[Route]:
        """Where clients find them."""
        return [
            Route("/v2/_catalog", self._catalog),
            Route("/acr/v1/_catalog", self._catalog),
            Route("/v2/{repository:path}/tags/list", self._tags),
        ]

    async def _catalog(self, request: Request) -> Response:
        visit = self._gate.admit(request, CATALOG)
        names = self._distribution.repositories(visit.registry.name).names()
        chosen, headers = page(request, names, str)
        return JSONResponse({"repositories": chosen}, headers=headers)

    async def _tags(self, request: Request) -> Response:
        repository = repository_of(request)
        visit = self._gate.admit(request, on_repository(repository, "pull", "metadata_read"))
        stored = self._distribution.repositories(visit.registry.name)
        if not stored.exists(repository):
            raise unknown_repository(repository)
        chosen, headers = page(request, [tag.name for tag in stored.tags(repository)], str)
        return JSONResponse({"name": repository, "tags": chosen}, headers=headers)
