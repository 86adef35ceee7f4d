"""Locks: what may be done with a repository, a tag or a manifest (its changeable attributes).

They are kept in the folder of what they are of, so that they end with it.
"""

import json
from collections.abc import Iterator, Mapping

from acr_emulator.registry.stored_repositories import StoredRepositories
from acr_emulator.state.whole_files import write_whole

LockAttributes = Mapping[str, bool]

DELETE, WRITE, READ, LIST = NAMES = ("deleteEnabled", "writeEnabled", "readEnabled", "listEnabled")
_UNLOCKED: LockAttributes = dict.fromkeys(NAMES, True)
_FILE = "attributes.json"


class Locks:
    """The locks of one registry."""

    def __init__(self, stored: StoredRepositories) -> None:
        self._stored = stored

    def attributes(self, repository: str, reference: str = "") -> LockAttributes:
        """What may be done with a repository, or with a tag or manifest in it."""
        file = self._stored.folder(repository, reference) / _FILE
        try:
            return {**_UNLOCKED, **json.loads(file.read_bytes())}
        except FileNotFoundError:
            return _UNLOCKED

    def change(self, changes: LockAttributes, repository: str, reference: str = "") -> None:
        """Change what may be done with something that exists."""
        attributes = {**self.attributes(repository, reference), **changes}
        file = self._stored.folder(repository, reference) / _FILE
        write_whole(file, json.dumps(attributes).encode())

    def allow(self, operation: str, repository: str, reference: str = "") -> bool:
        """Whether neither a repository nor a tag or manifest in it is locked for an operation.

        What locks a manifest locks its tags.
        """
        touched = {"", reference, self._stored.digest(repository, reference)}
        return all(self.attributes(repository, name)[operation] for name in touched)

    def allow_deletion(self, repository: str, reference: str = "") -> bool:
        """Whether it may be deleted with all that ends with it; what can't be written stays."""
        manifest = self._stored.digest(repository, reference)
        ending = {"", reference, manifest, *self._ending_with(repository, reference)}
        return all(
            self.attributes(repository, name)[operation]
            for name in ending
            for operation in (DELETE, WRITE)
        )

    def _ending_with(self, repository: str, reference: str) -> Iterator[str]:
        """What else ends: all of a repository; tags and referrers of a manifest."""
        tags = self._stored.tags(repository)
        if not reference:
            yield from (tag.name for tag in tags)
            yield from (manifest.digest for manifest in self._stored.manifests(repository))
            return
        yield from (tag.name for tag in tags if tag.digest == reference)
        for referrer in self._stored.referrers(repository, reference):
            yield referrer.digest
            yield from self._ending_with(repository, referrer.digest)
