"""Somebody who is not the built-in administrator, and what its roles let it do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import httpx
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.authorization import ROLES
from acr_emulator.identity.tokens import Principal

from tests.emulator.running import SUBSCRIPTION, VERSION, Emulator, Json
from tests.support.entra import request_token
from tests.support.oci import RegistryClient

#: The ids of the built-in roles by their names.
ROLE_IDS = {role.name: role.id for role in ROLES}
TRANSFER_CONTRIBUTOR = "Container Registry Transfer Pipeline Contributor"


@dataclass
class Guest:
    """A service principal without rights, made by a control."""

    emulator: Emulator
    login: Json
    _tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def arrives(cls, emulator: Emulator) -> Guest:
        url = f"{emulator.instance.environment()['ACR_EMULATOR_CONTROL']}/principals"
        return cls(emulator, httpx.post(url, json={"displayName": "guest"}, trust_env=False).json())

    @classmethod
    def with_role(cls, emulator: Emulator, role: str, scope: str) -> Guest:
        """Have a guest with a built-in role, by its name; "" for none."""
        guest = cls.arrives(emulator)
        if role:
            emulator.grant(guest.id, ROLE_IDS[role], scope)
        return guest

    @property
    def id(self) -> str:
        """Its object id."""
        return str(self.login["id"])

    def token(self, audience: str = PUBLIC.arm_url) -> str:
        """An Entra token from the login host, which lasts as long as any test."""
        if audience not in self._tokens:
            self._tokens[audience] = request_token(
                self.emulator.http,
                f"https://{PUBLIC.login}/{self.login['tenant']}",
                self.login["appId"],
                self.login["password"],
                audience,
            )
        return self._tokens[audience]

    def arm(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        return self.emulator.http.request(
            method,
            f"{PUBLIC.arm_url}{path}",
            params={"api-version": VERSION},
            headers={"Authorization": f"Bearer {self.token()}"},
            json=body,
        )

    def vault(self, method: str, vault: str, path: str, body: Json | None = None) -> httpx.Response:
        return self.emulator.http.request(
            method,
            f"{PUBLIC.vault_url(vault)}/{path}",
            params={"api-version": "7.4"},
            headers={"Authorization": f"Bearer {self.token(PUBLIC.vault_audience)}"},
            json=body,
        )

    def registry(self, name: str) -> RegistryClient:
        principal = Principal(self.id, self.login["appId"], self.login["displayName"])
        return self.emulator.client(name, principal)


def role_assignment(role: str, **properties: str) -> Json:
    """The body that assigns a built-in role, by its name."""
    definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
    return {"properties": {"roleDefinitionId": f"{definition}/{ROLE_IDS[role]}", **properties}}


def assignment_at(scope: str) -> str:
    """The id of a new role assignment."""
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
