"""Resource groups and the resources right below them while they are deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from acr_emulator.resource_locks import ResourceLocks
from acr_emulator.state.resource_ids import ResourceId

#: How many segments the ids of a group and of a resource in it have.
_ROOTS = (4, 8)


class Deletions:
    """Nothing is created or changed in what is being deleted, and its name stays taken."""

    def __init__(self, locks: ResourceLocks) -> None:
        self._locks = locks

    def of(self, root: ResourceId) -> AbstractAsyncContextManager[None]:
        """Mark a group or a root resource; waits for another deletion of the same."""
        return self._locks.exclusive(root)

    def around(self, path: ResourceId) -> ResourceId | None:
        """The group or root resource that is being deleted and that a path is in."""
        roots = (path.first(length) for length in _ROOTS)
        return next((root for root in roots if self._locks.is_exclusive(root)), None)

    @asynccontextmanager
    async def held_off(self, path: ResourceId) -> AsyncIterator[None]:
        """Have deletions of what a path is in wait, after those that have begun."""
        group, root = (self._locks.shared(path.first(length)) for length in _ROOTS)
        async with group, root:
            yield
