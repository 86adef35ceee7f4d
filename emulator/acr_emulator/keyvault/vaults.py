"""Secrets of key vaults, and who may read them; what the data plane and the runs both need."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from acr_emulator.identity.authorization import SECRETS, allows_data
from acr_emulator.state.clock import Clock
from acr_emulator.state.store import Resource, Store

TYPE = "Microsoft.KeyVault/vaults"
SECRET_NAME = re.compile("[0-9a-zA-Z-]{1,127}")
_RECOVERY = {"recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}

Secret = dict[str, Any]


class SecretError(Exception):
    """A secret cannot be read; `status` and the text are those of the data plane."""

    status = 404
    reason = "Secret not found"

    def __init__(self, secret: str) -> None:
        super().__init__(self.reason)
        #: What was requested: a name, `name/version` or a URI.
        self.secret = secret


class SecretMissingError(SecretError):
    """There is no such vault, secret or version."""


class SecretDisabledError(SecretError):
    """The secret exists and is disabled."""

    status = 403
    reason = "Operation get is not allowed on a disabled secret"


@dataclass(frozen=True)
class SecretUri:
    """`https://{vault}.{suffix}/secrets/{name}[/{version}]`, taken apart."""

    vault: str
    name: str
    version: str = ""

    @classmethod
    def parse(cls, uri: str) -> SecretUri:
        """Take a URI apart; raises SecretMissingError if it names no secret."""
        try:
            url = urlsplit(uri)
        except ValueError as error:
            raise SecretMissingError(uri) from error
        collection, _, path = url.path.strip("/").partition("/")
        name, _, version = path.partition("/")
        is_secret = collection.lower() == "secrets" and SECRET_NAME.fullmatch(name)
        if not is_secret or not url.hostname:
            raise SecretMissingError(uri)
        return cls(url.hostname.partition(".")[0], name, version)


def vault_named(store: Store, name: str) -> Resource | None:
    """The vault of that name; names are unique whatever their case."""
    return store.named(TYPE, name)


@dataclass(frozen=True)
class SecretRight:
    """Something to do with secrets, as access policies and as roles name it."""

    permission: str
    data_action: str


GET = SecretRight("get", f"{SECRETS}/getSecret/action")
LIST = SecretRight("list", f"{SECRETS}/readMetadata/action")
GET_DELETED = SecretRight("get", f"{SECRETS}/readMetadata/action")
SET = SecretRight("set", f"{SECRETS}/setSecret/action")
UPDATE = SecretRight("set", f"{SECRETS}/update/action")
DELETE = SecretRight("delete", f"{SECRETS}/delete")
RECOVER = SecretRight("recover", f"{SECRETS}/recover/action")
PURGE = SecretRight("purge", f"{SECRETS}/purge/action")
BACK_UP = SecretRight("backup", f"{SECRETS}/backup/action")
RESTORE = SecretRight("restore", f"{SECRETS}/restore/action")


def has_right(
    store: Store, vault: str, principal_id: str | None, right: SecretRight, secret: str = ""
) -> bool:
    """Whether a principal may do something with secrets, by role or policy as the vault has it."""
    resource = vault_named(store, vault)
    if resource is None or not principal_id:
        return False
    properties = resource["properties"]
    if properties["enableRbacAuthorization"]:
        scope = f"{resource['id']}/secrets/{secret}" if secret else resource["id"]
        return allows_data(store, principal_id, right.data_action, scope)
    return any(
        {right.permission, "all"}
        & {granted.lower() for granted in policy["permissions"].get("secrets") or []}
        for policy in properties["accessPolicies"]
        if policy["objectId"].lower() == principal_id.lower()
    )


def secret_value(store: Store, secret_uri: str) -> str:
    """The value behind a secret URI, the newest version if it names none.

    Raises SecretMissingError or SecretDisabledError. An expired secret can be read: in Key Vault
    `exp` and `nbf` inform, they do not bar `get`.
    """
    uri = SecretUri.parse(secret_uri)
    if vault_named(store, uri.vault) is None:
        raise SecretMissingError(secret_uri)
    secret = Secrets(store, uri.vault).get(uri.name, uri.version)
    if not secret["attributes"]["enabled"]:
        raise SecretDisabledError(secret_uri)
    value: str = secret["value"]
    return value


class DeletedVaults:
    """Vaults that were deleted and can be recovered, until their retention is over."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        #: Vault name -> the vault, and when it was deleted.
        self._table = store.table("deleted-vault")

    def add(self, vault: Resource) -> None:
        """Keep a vault that is being deleted; its secrets stay where they are."""
        kept = {"vault": vault, "deleted": self._clock.now().isoformat()}
        self._table.put(vault["name"].lower(), kept)

    def all(self) -> list[DeletedVault]:
        """Those that can still be recovered; purges the others."""
        deleted = []
        for name, kept in list(self._table.items()):
            vault = DeletedVault(kept["vault"], datetime.fromisoformat(kept["deleted"]))
            if vault.purge_date > self._clock.now():
                deleted.append(vault)
            else:
                self.purge(name)
        return deleted

    def find(self, name: str) -> DeletedVault | None:
        """The deleted vault of that name."""
        return next((item for item in self.all() if item.name.lower() == name.lower()), None)

    def recover(self, name: str) -> Resource | None:
        """Take a vault out of the deleted ones; None if it isn't among them."""
        deleted = self.find(name)
        if deleted is None:
            return None
        self._table.delete(name.lower())
        return deleted.vault

    def purge(self, name: str) -> None:
        """Remove a deleted vault and its secrets for good."""
        with self._store.transaction():
            Secrets(self._store, name).clear()
            self._table.delete(name.lower())


@dataclass(frozen=True)
class DeletedVault:
    """A vault that can be recovered."""

    vault: Resource
    deleted: datetime

    @property
    def name(self) -> str:
        """The name, which nobody else can use meanwhile."""
        return str(self.vault["name"])

    @property
    def purge_date(self) -> datetime:
        """When its retention is over."""
        days = self.vault["properties"]["softDeleteRetentionInDays"]
        return self.deleted + timedelta(days=days)


class Secrets:
    """The secrets of one vault: each a list of versions, the newest last."""

    def __init__(self, store: Store, vault: str) -> None:
        self._transaction = store.transaction
        self._live = store.table("secret")
        self._deleted = store.table("deleted-secret")
        self._deletions = store.table("deleted-secret-date")
        self._prefix = f"{vault.lower()}/"

    def _key(self, name: str) -> str:
        return self._prefix + name.lower()

    def versions(self, name: str) -> list[Secret]:
        """Every version, oldest first; raises SecretMissingError."""
        versions: list[Secret] | None = self._live.get(self._key(name))
        if versions is None:
            raise SecretMissingError(name)
        return versions

    def get(self, name: str, version: str = "") -> Secret:
        """One version, the newest if none is named."""
        versions = self.versions(name)
        if not version:
            return versions[-1]
        for secret in versions:
            if secret["version"] == version.lower():
                return secret
        raise SecretMissingError(f"{name}/{version}")

    def newest(self) -> list[Secret]:
        """The newest version of every secret, oldest secret first."""
        return [versions[-1] for _, versions in self._live.items(self._prefix)]

    def set(self, name: str, content: dict[str, Any], clock: Clock) -> Secret:
        """Add a version with a `value`, and perhaps `attributes`, `tags` and a `contentType`."""
        now = int(clock.now().timestamp())
        attributes = {"enabled": True, "created": now, "updated": now, **_RECOVERY}
        secret = {
            "name": name,
            "version": uuid.uuid4().hex,
            "value": content["value"],
            "attributes": attributes | (content.get("attributes") or {}),
            "tags": content.get("tags"),
            "contentType": content.get("contentType"),
        }
        versions = self._live.get(self._key(name)) or []
        self._live.put(self._key(name), [*versions, secret])
        return secret

    def update(self, name: str, version: str, content: dict[str, Any], clock: Clock) -> Secret:
        """Change what is not the value of one version."""
        changed = self.get(name, version)
        changed["attributes"] |= content.get("attributes") or {}
        changed["attributes"]["updated"] = int(clock.now().timestamp())
        for key in ("tags", "contentType"):
            changed[key] = content.get(key, changed[key])
        versions = [
            changed if secret["version"] == changed["version"] else secret
            for secret in self.versions(name)
        ]
        self._live.put(self._key(name), versions)
        return changed

    def delete(self, name: str, clock: Clock) -> Secret:
        """Move a secret to the deleted ones; returns its newest version."""
        versions = self.versions(name)
        with self._transaction():
            self._deleted.put(self._key(name), versions)
            self._deletions.put(self._key(name), int(clock.now().timestamp()))
            self._live.delete(self._key(name))
        return versions[-1]

    def deleted(self, name: str) -> Secret | None:
        """The newest version of a deleted secret."""
        versions: list[Secret] | None = self._deleted.get(self._key(name))
        return versions[-1] if versions else None

    def all_deleted(self) -> list[Secret]:
        """The newest version of every deleted secret."""
        return [versions[-1] for _, versions in self._deleted.items(self._prefix)]

    def deleted_at(self, name: str) -> int:
        """When a deleted secret was deleted, in seconds since 1970."""
        return int(self._deletions.get(self._key(name)) or 0)

    def restore(self, versions: list[Secret]) -> Secret | None:
        """Bring back all versions of a secret; None if its name is in use."""
        name = versions[-1]["name"]
        if self.deleted(name) or self._live.get(self._key(name)):
            return None
        self._live.put(self._key(name), versions)
        return versions[-1]

    def recover(self, name: str) -> Secret | None:
        """Bring a deleted secret back."""
        versions: list[Secret] | None = self._deleted.get(self._key(name))
        if versions is None:
            return None
        with self._transaction():
            self._live.put(self._key(name), versions)
            self._deleted.delete(self._key(name))
        return versions[-1]

    def purge(self, name: str) -> bool:
        """Remove a deleted secret for good; False if there was none."""
        return self._deleted.delete(self._key(name))

    def clear(self) -> None:
        """Remove everything, for the end of the vault."""
        with self._transaction():
            for table in (self._live, self._deleted, self._deletions):
                table.delete_all(self._prefix)
