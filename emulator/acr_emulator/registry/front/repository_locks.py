"""Handlers that read or change the files of a repository by themselves, under its lock."""

from starlette.requests import Request
from starlette.types import ASGIApp

from acr_emulator.registry.distribution import Distribution
from acr_emulator.registry.front.gate import Handler, Visit


def reading(distribution: Distribution, handler: Handler) -> Handler:
    """The handler, while nobody writes to the repository."""

    async def locked(request: Request, visit: Visit) -> ASGIApp:
        async with distribution.repository_locks.shared(visit.path):
            return await handler(request, visit)

    return locked


def writing(distribution: Distribution, handler: Handler) -> Handler:
    """The handler, while nobody else reads the repository or writes to it."""

    async def locked(request: Request, visit: Visit) -> ASGIApp:
        await request.body()  # not under the lock: it takes as long as the client likes
        async with distribution.repository_locks.exclusive(visit.path):
            return await handler(request, visit)

    return locked
