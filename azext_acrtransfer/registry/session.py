"""The session with a registry: login by azure-cli, then a token for each scope."""

from __future__ import annotations

import io
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

from azure.cli.core.azclierror import AzureConnectionError, AzureResponseError, ForbiddenError
from azure.cli.core.util import get_error_type_by_azure_error
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest, HttpResponse
from knack.log import get_logger
from knack.prompting import NoTTYException
from knack.util import CLIError

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.http import MALFORMED, Client, make_client, reason_of
from azext_acrtransfer.service.registries import Registry

logger = get_logger(__name__)

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_PAUSES = (1, 2, 4, 8, 16, 32)
# A token is sent in a header, where servers take 8 KiB, and is a third longer than its claims.
_LONGEST_TOKEN = 3_000
# What the claim of a scope adds to it: {"type":"repository","name":"","actions":[""]}.
_LENGTH_OF_ENTRY = 40


@dataclass(frozen=True)
class Right:
    """What a request needs: the scope of the token, a verb for messages, and the role."""

    scope: str
    verb: str
    role: str
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Login:
    """The login; the password is a refresh token, or the admin user's if there is no other."""

    login_server: str
    user: str
    password: str = field(repr=False)


class RegistrySession:
    """An authenticated session with a registry.

    azure-cli finds its login server and logs in, once. Its functions for more
    than that would log in anew for each repository, try a refusal three times in 15 s, and fail
    when they are throttled.
    """

    def __init__(
        self, cmd: Any, registry_name: str, resource_group_name: str | None = None
    ) -> None:
        self._arguments = (cmd, registry_name, resource_group_name)
        self._registry_name = registry_name
        self._login: Login | None = None
        self._tokens: dict[Right, str] = {}

    @cached_property
    def _client(self) -> Client:
        # Its resource says where it is: the host can have another suffix than the cloud's.
        return make_client((self.log_in().login_server,), check=None)

    def log_in(self) -> Login:
        """Log in once, before several threads would do it at the same time."""
        if not self._login:
            self._login = _log_in(*self._arguments)
        return self._login

    def get(
        self, path: str, right: Right, key: str = "", *, is_optional: bool = False
    ) -> HttpResponse | None:
        """Read a JSON object that must have a key; None if it doesn't exist.

        Registries can lack an API that ``is_optional``, and answer its path with any 404.
        """
        had_token = right in self._tokens
        response = self._get(path, right)
        if had_token and response.status_code == HTTPStatus.UNAUTHORIZED:
            self._tokens[right] = self._ask_for_token(right)  # it may have become too old
            response = self._get(path, right)
        is_missing = response.status_code == HTTPStatus.NOT_FOUND
        if is_missing and (is_optional or _has(response, "errors")):
            return None
        return self._accepted(response, right, key)

    def prepare(self, rights: Iterable[Right]) -> None:
        """Request tokens before several threads need them; one token serves many rights."""
        missing = [right for right in dict.fromkeys(rights) if right not in self._tokens]
        if missing and not self._is_admin:
            list(run_concurrently(self._request_shared_token, _batches(missing)))

    def _request_shared_token(self, rights: Sequence[Right]) -> None:
        """Request one token for several rights, or one for each if the registry refuses that.

        A token that lacks one of them is replaced when it's refused.
        """
        try:
            token = self._ask_for_token(*rights)
        except (ForbiddenError, AzureResponseError):
            if len(rights) == 1:
                raise
            for right in rights:
                self._secret_for(right)
        else:
            self._tokens.update(dict.fromkeys(rights, token))

    def _secret_for(self, right: Right) -> str:
        """Return the admin user's password, or a token, which is requested once."""
        if self._is_admin:
            return self.log_in().password
        token = self._tokens.get(right)
        if token is None:
            token = self._tokens[right] = self._ask_for_token(right)
        return token

    @property
    def _is_admin(self) -> bool:
        # Deferred: it loads much of azure-cli.
        from azure.cli.command_modules.acr._docker_utils import EMPTY_GUID

        return bool(self.log_in().user != EMPTY_GUID)

    def _get(self, path: str, right: Right) -> HttpResponse:
        # Deferred: it loads much of azure-cli.
        from azure.cli.command_modules.acr._docker_utils import get_manifest_authorization_header

        login = self.log_in()
        headers = get_manifest_authorization_header(login.user, self._secret_for(right))
        url = f"https://{login.login_server}{path}"
        return self._send(HttpRequest("GET", url, headers=headers), right)

    def _ask_for_token(self, *rights: Right) -> str:
        login = self.log_in()
        form = {
            "grant_type": "refresh_token",
            "service": login.login_server,
            "scope": [right.scope for right in rights],
            "refresh_token": login.password,
        }
        request = HttpRequest("POST", f"https://{login.login_server}/oauth2/token", data=form)
        # Both bodies are secrets, which --debug is not to show; a token can be requested again.
        response = self._send(request, rights[0], logging_enable=False, retry_on_methods={"POST"})
        return str(self._accepted(response, rights[0], "access_token").json()["access_token"])

    def _send(self, request: HttpRequest, right: Right, **options: Any) -> HttpResponse:
        try:
            return self._client.send_request(request, **options)
        except AzureError as error:
            reason = error.message.partition("\n")[0]
            raise AzureConnectionError(
                f"Couldn't {right.verb} in registry '{self._registry_name}': {reason}",
                recommendation=advice(self._registry_name),
            ) from error

    def _accepted(self, response: HttpResponse, right: Right, key: str) -> HttpResponse:
        if response.status_code == HTTPStatus.OK and _has(response, key):
            return response
        what = f"{right.verb} in registry '{self._registry_name}'"
        if response.status_code in _REFUSED:
            mode = az("acr show", "-n", self._registry_name, query="roleAssignmentMode")
            raise ForbiddenError(
                f"You don't have permission to {what}. The registry said: {_said(response)}",
                recommendation=[
                    f"The role '{right.role}' allows it, or AcrPull if '{mode}' doesn't print "
                    "AbacRepositoryPermissions.",
                    *right.advice,
                ],
            )
        raise AzureResponseError(
            f"Couldn't {what}. The registry said: {_said(response)}",
            recommendation=advice(self._registry_name),
        )


def _batches(rights: Iterable[Right]) -> Iterator[list[Right]]:
    """Return the rights in groups whose tokens fit into the header of a request."""
    batch: list[Right] = []
    length = 0
    for right in rights:
        needed = len(right.scope) + _LENGTH_OF_ENTRY
        if batch and length + needed > _LONGEST_TOKEN:
            yield batch
            batch, length = [], 0
        batch.append(right)
        length += needed
    yield batch


def advice(registry_name: str) -> str:
    """Return what helps with a registry that can't be reached, or that isn't one."""
    return (
        f"Run '{az('acr check-health', '-n', registry_name)}', and try again. A proxy or captive "
        "portal might have answered instead."
    )


def _log_in(cmd: Any, registry_name: str, resource_group_name: str | None) -> Login:
    pauses = iter(_PAUSES)
    while True:
        try:
            return _ask_azure_cli(cmd, registry_name, resource_group_name)
        except AzureResponseError:  # its word for a 429, without what Retry-After says
            pause = next(pauses, None)
            if pause is None:
                raise
            time.sleep(pause)


def _ask_azure_cli(cmd: Any, registry_name: str, resource_group_name: str | None) -> Login:
    # Deferred: it loads much of azure-cli, which exact references don't need.
    # It sends the caller's token to the realm of the registry's challenge. A check of the realm
    # here would hold nothing: azure-cli requests the challenge again, and uses that answer.
    from azure.cli.command_modules.acr._docker_utils import get_login_credentials

    warnings: list[str] = []
    try:
        with _nobody_to_ask(), _no_trace_logged(), _warnings_of_core(warnings):
            return Login(
                *get_login_credentials(cmd, registry_name, resource_group_name=resource_group_name)
            )
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
    except CLIError as error:
        if not isinstance(error.__context__, NoTTYException):
            raise
        raise ForbiddenError(
            "\n".join([f"You couldn't log in to registry '{registry_name}'.", *warnings]),
            recommendation=[
                "To log in again, and to the registry, run:",
                str(az("login")),
                str(az("acr login", "--expose-token", "-n", registry_name)),
            ],
        ) from error


@contextmanager
def _nobody_to_ask() -> Iterator[None]:
    """Keep az from prompting for a user name, as if there were no terminal."""
    stdin, sys.stdin = sys.stdin, io.StringIO()
    try:
        yield
    finally:
        sys.stdin = stdin


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


@contextmanager
def _warnings_of_core(warnings: list[str]) -> Iterator[None]:
    """Collect the warnings of core's login, which say why it fails; print them if it doesn't."""
    core = logging.getLogger("cli.azure.cli.command_modules.acr._docker_utils")

    def collect(record: logging.LogRecord) -> bool:
        if record.levelno == logging.WARNING:
            warnings.append(mask_sas(record.getMessage()))
        return record.levelno != logging.WARNING

    core.addFilter(collect)
    try:
        yield
    finally:
        core.removeFilter(collect)
    for warning in warnings:
        logger.warning(warning)


def _has(response: HttpResponse, key: str) -> bool:
    try:
        document = response.json()
    except ValueError:
        return False
    return isinstance(document, dict) and (not key or key in document)


def _said(response: HttpResponse) -> str:
    try:
        return str(response.json()["errors"][0]["message"])
    except (ValueError, LookupError, TypeError):
        return f"{response.status_code} {response.reason}, with {response.content_type}"
