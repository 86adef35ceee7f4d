"""Admission to a registry: which one a request is for, whether it is open, who may do what."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from acr_emulator.registry.acr_tokens import InvalidTokenError
from acr_emulator.registry.front.oci_errors import RegistryError, challenge
from acr_emulator.registry.logins import Logins, Registry, basic
from acr_emulator.registry.registries import Registries
from acr_emulator.registry.scopes import Scope, is_repository

VALID_TOKEN = Scope("registry", "", ())


@dataclass(frozen=True)
class Visit:
    """An admitted request: where it goes, and whether one of a scope's actions is allowed there."""

    registry: Registry
    #: The repository that the path names, or "".
    repository: str
    allows: Callable[[Scope], bool]

    @property
    def path(self) -> str:
        """What distribution calls the repository; the key of its lock."""
        return f"{self.registry.folder}/{self.repository}"


Handler = Callable[[Request, Visit], Awaitable[ASGIApp]]


@dataclass(frozen=True)
class GuardedRoute:
    """A path, its handler, and what a token needs for it; without that, it is closed to all.

    `{repository}` in the name of the scope is the one of the path. `VALID_TOKEN` needs no more than
    a token of this registry.
    """

    path: str
    handler: Handler
    needs: Scope | None = None
    methods: tuple[str, ...] = ("GET",)


class Gate:
    """Checks requests to any registry of the instance."""

    def __init__(self, registries: Registries, logins: Logins) -> None:
        self._registries = registries
        self._logins = logins

    def registry(self, request: Request) -> Registry:
        """Find the registry that the host name means, if its network is open."""
        host = (request.url.hostname or "").lower()
        resource = self._registries.get(host.partition(".")[0])
        if resource is None or resource["properties"]["loginServer"] != host:
            raise RegistryError(404, "NOT_FOUND", f"there is no registry '{host}'")
        registry = Registry.of(resource, self._registries.folder(resource["name"]))
        if not registry.public:
            client = request.client.host if request.client else "unknown"
            raise RegistryError(
                403,
                "DENIED",
                f"client with IP '{client}' is not allowed access."
                "  Refer https://aka.ms/acr/firewall to grant access.",
            )
        return registry

    def guard(self, route: GuardedRoute) -> Route:
        """The route, behind the check of what it declares."""

        async def enter(request: Request) -> ASGIApp:
            registry = self.registry(request)
            if route.needs is None:
                raise RegistryError(403, "DENIED", "requested access to the resource is denied")
            repository = request.path_params.get("repository", "")
            if repository and not is_repository(repository):
                raise RegistryError(400, "NAME_INVALID", f"invalid repository name '{repository}'")
            scope = replace(route.needs, name=route.needs.name.format(repository=repository))
            return await route.handler(request, self._admit(request, registry, repository, scope))

        return Route(route.path, enter, methods=list(route.methods))

    def _admit(self, request: Request, registry: Registry, repository: str, scope: Scope) -> Visit:
        """Check that the request's token allows one of the scope's actions."""
        requested = scope if scope.actions else None
        kind, _, credential = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() not in {"bearer", "basic"}:
            raise challenge(registry.login_server, requested)
        try:
            if kind.lower() == "bearer":
                access = self._logins.tokens.access(registry.login_server, credential)
                visit = Visit(registry, repository, lambda wanted: wanted.is_within(access))
            else:
                user = self._logins.log_in(registry, *basic(credential))
                visit = Visit(
                    registry,
                    repository,
                    lambda wanted: bool(self._logins.granted(registry, user, wanted)),
                )
        except InvalidTokenError as exc:
            raise challenge(registry.login_server, requested, error="invalid_token") from exc
        if requested and not visit.allows(requested):
            raise challenge(registry.login_server, requested, error="insufficient_scope")
        return visit
