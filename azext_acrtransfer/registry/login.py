"""The login to a registry: the caller's Entra token is exchanged for a refresh token.

azure-cli's own login sends the Entra token to the host that the registry's challenge names. This
one sends it to the login server, which Azure Resource Manager returns, or which ends in the suffix
of the active cloud's registries.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NoReturn

from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import AzureConnectionError, AzureResponseError, ForbiddenError
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.cli.core.util import get_error_type_by_azure_error
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest, HttpResponse
from knack.log import get_logger

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.hosts import host_suffix
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.registry.answers import advice, has, message_of
from azext_acrtransfer.service.http import MALFORMED, make_client, reason_of
from azext_acrtransfer.service.registries import Registry

logger = get_logger(__name__)

#: The user name that goes with a token. Source: azure-cli.
TOKEN_USER = "00000000-0000-0000-0000-000000000000"
#: For requests and answers whose bodies are secrets, which --debug is not to show.
SECRET_BODIES: dict[str, Any] = {"logging_enable": False}
_PAUSES = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Login:
    """The login; the password is a refresh token, or the admin user's if there is no other."""

    login_server: str
    user: str
    password: str = field(repr=False)

    @property
    def is_admin(self) -> bool:
        """Whether it's the login of the admin user."""
        return self.user != TOKEN_USER


def log_in(cmd: Any, registry_name: str, resource_group_name: str | None) -> Login:
    """Log in as the caller, or as the admin user if that fails and the registry has one."""
    try:
        with _no_trace_logged():
            return _log_in(cmd.cli_ctx, registry_name, resource_group_name)
    except (AzureError, OSError, *MALFORMED) as error:
        refused = isinstance(error, HttpResponseError)
        error_type = get_error_type_by_azure_error(error) if refused else AzureConnectionError
        is_missing = isinstance(error, ResourceNotFoundError)
        raise error_type(
            mask_sas(f"Couldn't log in to registry '{registry_name}': {reason_of(error)}"),
            recommendation=Registry(resource_group_name, registry_name).advice
            if is_missing and resource_group_name
            else advice(registry_name),
        ) from error


def _log_in(cli_ctx: Any, name: str, group: str | None) -> Login:
    # Deferred: it loads much of azure-cli, which exact references don't need.
    from azure.cli.command_modules.acr._client_factory import cf_acr_registries

    registries = cf_acr_registries(cli_ctx)
    registry = registries.get(group, name) if group else _find(registries, name)
    # A caller can have permission to pull, but not to read the resource.
    suffix = host_suffix(cli_ctx.cloud, "acr_login_server_endpoint")
    login_server = registry.login_server if registry else suffix and f"{name}{suffix}".lower()
    if not login_server:
        raise AzureError("Azure Resource Manager returns no login server.")
    response = _exchange(cli_ctx, login_server)
    if response.status_code == HTTPStatus.OK and has(response, "refresh_token"):
        return Login(login_server, TOKEN_USER, response.json()["refresh_token"])
    if response.status_code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        _fail(response, name)
    refusal = f"Registry '{name}' rejects your login. The registry said: {message_of(response)}"
    if not (registry and registry.admin_user_enabled):
        raise ForbiddenError(
            refusal,
            recommendation=[
                "To log in again, and to the registry, run:",
                str(az("login")),
                str(az("acr login", "--expose-token", "-n", name)),
            ],
        )
    logger.warning("%s\nUsing the admin user of the registry.", refusal)
    group = Registry.of_resource(registry.id).resource_group
    keys = registries.list_credentials(group, registry.name)
    return Login(login_server, keys.username, keys.passwords[0].value)


def _find(registries: Any, name: str) -> Any:
    """Return a registry of the subscription, or None if the caller can't read one of that name."""
    return next((item for item in registries.list() if item.name.lower() == name.lower()), None)


def _exchange(cli_ctx: Any, login_server: str) -> HttpResponse:
    """Request a refresh token; a login that is throttled is tried for a minute."""
    # The registry can be in another tenant than the one that the caller is in by default.
    (_, token, *_), _, tenant = Profile(cli_ctx=cli_ctx).get_raw_token(
        subscription=get_subscription_id(cli_ctx), resource=_audience(cli_ctx)
    )
    form = {
        "grant_type": "access_token",
        "service": login_server,
        "tenant": tenant,
        "access_token": token,
    }
    client = make_client((login_server,), check=None)
    pauses = iter(_PAUSES)
    while True:
        request = HttpRequest("POST", f"https://{login_server}/oauth2/exchange", data=form)
        response = client.send_request(request, **SECRET_BODIES)
        pause = next(pauses, None)
        if pause is None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return response
        time.sleep(pause)


def _audience(cli_ctx: Any) -> str:
    """Return the resource of the token, which a disconnected cloud can configure for azure-cli."""
    configured = str(cli_ctx.config.get("acr", "audience_resource", fallback="containerregistry"))
    return configured if configured.startswith("https://") else f"https://{configured}.azure.net"


def _fail(response: HttpResponse, name: str) -> NoReturn:
    reason = f"Couldn't log in to registry '{name}'. The registry said: {message_of(response)}"
    if response.status_code == HTTPStatus.FORBIDDEN:
        rules = az("acr show", "-n", name, query="[publicNetworkAccess, networkRuleSet]")
        raise ForbiddenError(reason, recommendation=["To see its firewall rules, run:", str(rules)])
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise AzureResponseError(reason, recommendation="Try again later.")
    raise AzureConnectionError(reason, recommendation=advice(name))


@contextmanager
def _no_trace_logged() -> Iterator[None]:
    """Keep the SDK from logging why it can't parse a proxy's page; the error is reported."""
    sdk = logging.getLogger("azure.mgmt.containerregistry")
    level = sdk.level
    sdk.setLevel(logging.ERROR)
    try:
        yield
    finally:
        sdk.setLevel(level)
