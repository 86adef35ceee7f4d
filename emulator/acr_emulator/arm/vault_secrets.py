"""Microsoft.KeyVault/vaults/secrets: how templates write secrets. Their values are never shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from acr_emulator.arm.body_forms import SECRET
from acr_emulator.arm.collection import Collection
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.keyvault.vaults import SECRET_NAME, TYPE, Secret, SecretMissingError, Secrets
from acr_emulator.network.responses import JsonAnswer
from acr_emulator.state.arm_errors import ArmError, bad_request, resource_not_found
from acr_emulator.state.clock import Clock
from acr_emulator.state.store import Resource, Store

_SECRETS = f"{TYPE}/secrets"
#: Those of a secret that a template sets.
_ATTRIBUTES = ("enabled", "nbf", "exp")


@dataclass(frozen=True, kw_only=True)
class VaultSecrets:
    """Secrets by Resource Manager, which needs no right within the vault."""

    cloud: Cloud
    clock: Clock
    store: Store

    @property
    def vaults(self) -> Collection:
        return Collection(self.store, TYPE)

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        every = f"{self.vaults.one}/secrets"
        one = f"{every}/{{secret}}"
        return [
            Route("GET", every, self.list, Right(f"{_SECRETS}/read", self.vaults.one)),
            Route("GET", one, self.get, Right(f"{_SECRETS}/read", one)),
            Route("PUT", one, self.put, Right(f"{_SECRETS}/write", one), body=SECRET),
            Route("PATCH", one, self.patch, Right(f"{_SECRETS}/write", one), body=SECRET),
        ]

    async def list(self, request: ArmRequest) -> Response:
        vault = self.vaults.existing(request)
        secrets = Secrets(self.store, vault["name"]).newest()
        return JsonAnswer({"value": [self._shown(vault, secret) for secret in secrets]})

    async def get(self, request: ArmRequest) -> Response:
        vault, secret = self._existing(request)
        return JsonAnswer(self._shown(vault, secret))

    async def put(self, request: ArmRequest) -> Response:
        """A new version, also where a template is deployed again."""
        vault, name = self.vaults.existing(request), request["secret"]
        properties = request.body.get("properties") or {}
        if not SECRET_NAME.fullmatch(name):
            raise bad_request("BadRequest", f"The secret name '{name}' is invalid.")
        if "value" not in properties:
            raise bad_request("BadRequest", "The property 'value' of a secret is required.")
        secrets = Secrets(self.store, vault["name"])
        if secrets.deleted(name):
            raise ArmError(
                409,
                "ConflictError",
                f"Secret {name} is currently in a deleted but recoverable state, and its name"
                " cannot be reused; in this state, the secret can only be recovered or purged.",
            )
        return JsonAnswer(self._shown(vault, secrets.set(name, _content(request), self.clock)))

    async def patch(self, request: ArmRequest) -> Response:
        vault, secret = self._existing(request)
        secrets = Secrets(self.store, vault["name"])
        changed = secrets.update(secret["name"], "", _content(request), self.clock)
        return JsonAnswer(self._shown(vault, changed))

    def _existing(self, request: ArmRequest) -> tuple[Resource, Secret]:
        vault, name = self.vaults.existing(request), request["secret"]
        try:
            return vault, Secrets(self.store, vault["name"]).get(name)
        except SecretMissingError as error:
            path = f"{vault['name']}/{name}"
            raise resource_not_found(_SECRETS, path, request["group"]) from error

    def _shown(self, vault: Resource, secret: Secret) -> Resource:
        name = secret["name"]
        uri = f"{self.cloud.vault_url(vault['name'])}/secrets/{name}"
        shown = ("enabled", "nbf", "exp", "created", "updated")
        properties: dict[str, Any] = {
            "attributes": {
                key: secret["attributes"][key] for key in shown if key in secret["attributes"]
            },
            "secretUri": uri,
            "secretUriWithVersion": f"{uri}/{secret['version']}",
        }
        if secret["contentType"]:
            properties["contentType"] = secret["contentType"]
        return {
            "id": f"{vault['id']}/secrets/{name}",
            "name": name,
            "type": _SECRETS,
            "location": vault["location"],
            "tags": secret["tags"] or {},
            "properties": properties,
        }


def _content(request: ArmRequest) -> dict[str, Any]:
    """What a request says of a secret, as the data plane takes it."""
    properties = request.body.get("properties") or {}
    attributes = properties.get("attributes") or {}
    content = {
        "value": properties.get("value"),
        "contentType": properties.get("contentType"),
        "tags": request.body.get("tags"),
        "attributes": {key: attributes[key] for key in _ATTRIBUTES if key in attributes},
    }
    return {key: value for key, value in content.items() if value is not None}
