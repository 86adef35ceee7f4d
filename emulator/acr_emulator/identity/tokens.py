"""Entra access tokens: signed by a key of this emulator's own, and checked like Entra's."""

import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.state.whole_files import reading, write_whole

_ALGORITHM = "RS256"
#: What Entra gives a service principal; the clients that keep a token live in real time, so
#: tokens do too: the emulator's clock does not touch them.
LIFETIME = 86399


@dataclass(frozen=True)
class Principal:
    """Someone who can log in: a service principal has an application id, a user a name."""

    object_id: str
    application_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Claims:
    """What a checked token says."""

    principal: Principal
    audience: str
    tenant_id: str


class UnauthorizedError(Exception):
    """A token was not accepted; `reason` is one of `missing`, `expired`, `audience`, `invalid`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Tokens:
    """Issues and checks tokens of one tenant."""

    def __init__(self, key_file: Path, cloud: Cloud) -> None:
        self._cloud = cloud
        self._key = _key(key_file)
        self._public = self._key.public_key()
        numbers = self._public.public_numbers()
        self.key_id = f"{numbers.n % 16**32:032x}"

    @property
    def issuer(self) -> str:
        """The issuer of version 1 tokens; Azurite insists on its form."""
        return f"{self._cloud.issuer}/{self._cloud.tenant_id}/"

    @property
    def tenant_id(self) -> str:
        """Whose tokens these are."""
        return self._cloud.tenant_id

    @property
    def public_key(self) -> str:
        """The key that verifies them, as PEM."""
        return self._public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def key_set(self) -> dict[str, Any]:
        """The JWKS document."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._public, as_dict=True)
        return {"keys": [key | {"kid": self.key_id, "use": "sig", "alg": _ALGORITHM}]}

    def issue(self, audience: str, principal: Principal, *, lifetime: int = LIFETIME) -> str:
        """Sign a token for the audience."""
        now = int(time.time())
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "appid": principal.application_id,
            "idtyp": "app" if principal.application_id else "user",
            "name": principal.name,
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self._cloud.tenant_id,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"kid": self.key_id})

    def verify(self, token: str, audience: str | Collection[str]) -> Claims:
        """Check signature, time, tenant and audience; a slash behind the audience is ignored."""
        try:
            claims = jwt.decode(
                token,
                self._public,
                [_ALGORITHM],
                issuer=self.issuer,
                options={"verify_aud": False, "require": ["exp", "aud", "tid", "oid"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise UnauthorizedError("expired", str(error)) from error
        except jwt.InvalidTokenError as error:
            raise UnauthorizedError("invalid", str(error)) from error
        if claims["tid"] != self._cloud.tenant_id:
            raise UnauthorizedError("invalid", f"the token is of tenant {claims['tid']}")
        accepted = [audience] if isinstance(audience, str) else audience
        if claims["aud"].rstrip("/") not in {name.rstrip("/") for name in accepted}:
            raise UnauthorizedError("audience", f"the token is for {claims['aud']}")
        principal = Principal(claims["oid"], claims.get("appid", ""), claims.get("name", ""))
        return Claims(principal, claims["aud"], claims["tid"])

    def verify_header(self, authorization: str | None, audience: str | Collection[str]) -> Claims:
        """Check the value of an Authorization header."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthorizedError("missing", "there is no bearer token")
        return self.verify(token.strip(), audience)


def _key(file: Path) -> rsa.RSAPrivateKey:
    """Read the signing key, or make one. Raises StateFileError."""
    if file.exists():
        with reading(file, "Delete it: the next start makes a new key, and clients log in again."):
            kept = serialization.load_pem_private_key(file.read_bytes(), password=None)
            if not isinstance(kept, rsa.RSAPrivateKey):
                raise ValueError
        return kept
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_whole(file, content)
    return key
