"""The registry's own tokens: a refresh token for an identity, access tokens for scopes."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import jwt

from acr_emulator.registry.registries import Registries
from acr_emulator.registry.scopes import AccessEntry, Scope
from acr_emulator.state.clock import Clock

# Both are the lifetimes of real tokens (Azure/acr docs/AAD-OAuth.md for their claims).
REFRESH_LIFETIME = timedelta(hours=3)
ACCESS_LIFETIME = timedelta(minutes=75)

_ISSUER = "Azure Container Registry"


class InvalidTokenError(Exception):
    """A token is not this registry's, or not valid any more."""


class RegistryTokens:
    """Signs and checks the tokens of every registry of the instance, each with its own key."""

    def __init__(self, registries: Registries, clock: Clock) -> None:
        self._registries = registries
        self._clock = clock

    def _key(self, login_server: str) -> str:
        return self._registries.token_key(login_server.partition(".")[0])

    def refresh_token(self, login_server: str, subject: str, tenant: str) -> str:
        """Issue what `az acr login --expose-token` prints."""
        permissions = {"actions": ["read", "write", "delete"], "notActions": []}
        return self._sign(
            login_server,
            REFRESH_LIFETIME,
            sub=subject,
            grant_type="refresh_token",
            tenant=tenant,
            permissions=permissions,
            roles=[],
        )

    def access_token(self, login_server: str, subject: str, scopes: Iterable[Scope]) -> str:
        """Issue a token that allows the scopes."""
        access = [scope.entry() for scope in scopes]
        return self._sign(
            login_server,
            ACCESS_LIFETIME,
            sub=subject,
            grant_type="access_token",
            access=access,
            roles=[],
        )

    def subject(self, login_server: str, refresh_token: str) -> str:
        """Tell whose refresh token it is; raises InvalidTokenError."""
        return str(self._verify(login_server, refresh_token, "refresh_token")["sub"])

    def access(self, login_server: str, access_token: str) -> list[AccessEntry]:
        """Tell what an access token allows; raises InvalidTokenError."""
        granted: list[AccessEntry] = self._verify(login_server, access_token, "access_token")[
            "access"
        ]
        return granted

    def _sign(self, login_server: str, lifetime: timedelta, **claims: Any) -> str:
        now = self._clock.now()
        registered = {
            "jti": str(uuid.uuid4()),
            "iss": _ISSUER,
            "aud": login_server,
            "version": "1.0",
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        return jwt.encode({**registered, **claims}, self._key(login_server), algorithm="HS256")

    def _verify(self, login_server: str, token: str, grant_type: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(login_server),
                algorithms=["HS256"],
                audience=login_server,
                issuer=_ISSUER,
                # Time is the instance's, which tests advance.
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as exc:
            raise InvalidTokenError(str(exc)) from exc
        if claims["grant_type"] != grant_type or claims["exp"] <= self._clock.now().timestamp():
            raise InvalidTokenError(f"not a valid {grant_type}")
        return claims
