"""Who a client of a registry is, and what it may do there."""

import base64
import binascii
import secrets
from dataclasses import dataclass

from acr_emulator.identity.directory import Directory
from acr_emulator.identity.rights import Rights
from acr_emulator.registry.acr_tokens import InvalidTokenError, RegistryTokens
from acr_emulator.registry.grants import Subject, granted
from acr_emulator.registry.registries import Registries
from acr_emulator.registry.scopes import Scope
from acr_emulator.state.store import Resource

#: The user name that goes with a token instead of a password.
TOKEN_USER = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Registry:
    """A registry as its clients see it."""

    id: str
    name: str
    #: What distribution knows it by.
    folder: str
    login_server: str
    admin_enabled: bool
    anonymous_pull: bool
    public: bool

    @classmethod
    def of(cls, resource: Resource, folder: str) -> "Registry":
        """Read what matters here from the ARM resource."""
        properties = resource["properties"]
        return cls(
            id=resource["id"],
            name=resource["name"].lower(),
            folder=folder,
            login_server=properties["loginServer"],
            admin_enabled=properties["adminUserEnabled"],
            anonymous_pull=properties["anonymousPullEnabled"],
            public=properties["publicNetworkAccess"] == "Enabled",
        )


class Logins:
    """Checks users and passwords, and grants scopes."""

    def __init__(
        self, registries: Registries, tokens: RegistryTokens, rights: Rights, directory: Directory
    ) -> None:
        self.tokens = tokens
        self._registries = registries
        self._rights = rights
        self._directory = directory

    def granted(self, registry: Registry, subject: Subject, scope: Scope) -> Scope | None:
        """What of a scope an identity may have there."""
        return granted(self._rights, subject, registry.id, scope)

    def log_in(self, registry: Registry, username: str, password: str) -> Subject:
        """Check a user and password and return who it is; raises InvalidTokenError.

        The user is the admin, if enabled, a service principal by its application id and secret, or
        the empty GUID with a refresh token for its password.
        """
        if username == TOKEN_USER:
            return Subject(self.tokens.subject(registry.login_server, password))
        if application := self._directory.logged_in(username, password):
            return Subject(application.object_id)
        known = self._registries.passwords(registry.name) if registry.admin_enabled else []
        if username != registry.name or not any(
            secrets.compare_digest(valid.encode(), password.encode()) for valid in known
        ):
            raise InvalidTokenError("wrong user or password")
        return Subject(username, "admin")


def basic(credential: str) -> tuple[str, str]:
    """Read a Basic credential; raises InvalidTokenError."""
    try:
        username, colon, password = base64.b64decode(credential).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise InvalidTokenError("not base64") from exc
    if not colon:
        raise InvalidTokenError("no password")
    return username, password
