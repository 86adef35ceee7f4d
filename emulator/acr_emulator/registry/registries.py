"""Registries by name: names are unique in a cloud, and each has an admin user's passwords."""

import secrets
import string

from acr_emulator.state.store import Resource, Store

TYPE = "Microsoft.ContainerRegistry/registries"

_PASSWORD_ALPHABET = string.ascii_letters + string.digits + "+/"
_PASSWORD_LENGTH = 52


class Registries:
    """Finds registries, and keeps what their resources do not contain."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids = store.table("registry")
        self._folders = store.table("registry-folder")
        self._passwords = store.table("registry-passwords")
        self._token_keys = store.table("registry-token-key")

    def get(self, name: str) -> Resource | None:
        """The resource of that name, wherever it is."""
        resource_id = self._ids.get(name.lower())
        return self._store.get(resource_id) if resource_id else None

    def create(self, resource: Resource) -> None:
        """Write a new registry."""
        name = resource["name"].lower()
        with self._store.transaction():
            self._ids.put(name, resource["id"])
            self._folders.put(name, f"{name}-{secrets.token_hex(4)}")
            self._store.put(resource["id"], resource)

    def delete(self, resource: Resource) -> None:
        """Remove a registry, not what lies under it."""
        name = resource["name"].lower()
        with self._store.transaction():
            for table in (self._ids, self._folders, self._passwords, self._token_keys):
                table.delete(name)
            self._store.delete(resource["id"])

    def folder(self, name: str) -> str:
        """What distribution knows a registry by.

        It is another one whenever the name is taken again: what is still on its way to a registry
        that was deleted, such as a push, never arrives in the next one.
        """
        return str(self._folders.get(name.lower()) or name.lower())

    def folders(self) -> set[str]:
        """The folders of all registries."""
        return {self.folder(name) for name, _ in self._ids.items()}

    def token_key(self, name: str) -> str:
        """The key that signs the registry's tokens: they end with it, also if its name returns."""
        key: str | None = self._token_keys.get(name.lower())
        if key is None:
            key = secrets.token_hex(32)
            self._token_keys.put(name.lower(), key)
        return key

    def passwords(self, name: str) -> list[str]:
        """The two passwords of the admin user, made on the first call."""
        passwords: list[str] | None = self._passwords.get(name.lower())
        if passwords is None:
            passwords = [_password(), _password()]
            self._passwords.put(name.lower(), passwords)
        return passwords

    def regenerate(self, name: str, index: int) -> None:
        """Replace one of the two passwords."""
        passwords = self.passwords(name)
        passwords[index] = _password()
        self._passwords.put(name.lower(), passwords)


def _password() -> str:
    return "".join(secrets.choice(_PASSWORD_ALPHABET) for _ in range(_PASSWORD_LENGTH))
