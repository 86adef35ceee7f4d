"""Every kind of login of a registry: a user name with a password."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from acr_emulator.cloud.clouds import PUBLIC

from tests.support.site import Site
from tests.support.terminal import Terminal

#: The user name that goes with a refresh token of ACR.
NOBODY = "00000000-0000-0000-0000-000000000000"
_ROLE_DEFINITIONS = (
    f"/subscriptions/{PUBLIC.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
)
_ACR_PUSH = "8311e382-0749-4cb8-b61a-304f252e45ec"

Login = tuple[str, str]


def switch_on(site: Site, name: str) -> None:
    """Set a property of the registry to true."""
    path = f"Microsoft.ContainerRegistry/registries/{site.registry}"
    site.arm("PATCH", path, {"properties": {name: True}})


def admin_user(_: Terminal, site: Site) -> Login:
    """The registry's own user."""
    switch_on(site, "adminUserEnabled")
    shown = site.resource("listCredentials", "POST")
    return shown["username"], shown["passwords"][1]["value"]


def service_principal(az: Terminal, site: Site) -> Login:
    """A principal that may push, with its secret."""
    principal = az.cloud.control("principals", displayName="pusher")
    definition = f"{_ROLE_DEFINITIONS}/{_ACR_PUSH}"
    site.resource(
        f"providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}",
        "PUT",
        {"properties": {"roleDefinitionId": definition, "principalId": principal["id"]}},
    )
    return principal["appId"], principal["password"]


def exposed_token(az: Terminal, site: Site) -> Login:
    """What `az acr login --expose-token` prints."""
    printed = az.ok(f"acr login -n {site.registry} --expose-token --only-show-errors").json
    return NOBODY, printed["accessToken"]


def refresh_token(_: Terminal, site: Site) -> Login:
    """A refresh token of the registry, for a token of Entra."""
    return NOBODY, site.registry_client.refresh_token


LOGINS: dict[str, Callable[[Terminal, Site], Login]] = {
    "admin user": admin_user,
    "service principal": service_principal,
    "az acr login --expose-token": exposed_token,
    "refresh token": refresh_token,
}
