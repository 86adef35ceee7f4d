"""The session with a registry: a login, then a token for each scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

from azure.cli.core.azclierror import AzureConnectionError, AzureResponseError, ForbiddenError
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest, HttpResponse

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.registry.answers import advice, has, message_of
from azext_acrtransfer.registry.login import SECRET_BODIES, Login, log_in
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.http import Client, make_client

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
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


class RegistrySession:
    """An authenticated session with a registry: one login, and as few tokens as it takes."""

    def __init__(
        self, cmd: Any, registry_name: str, resource_group_name: str | None = None
    ) -> None:
        self._arguments = (cmd, registry_name, resource_group_name)
        self._registry_name = registry_name
        self._tokens: dict[Right, str] = {}

    @cached_property
    def _client(self) -> Client:
        # Its resource says where it is: the host can have another suffix than the cloud's.
        return make_client((self.log_in().login_server,), check=None)

    def log_in(self) -> Login:
        """Log in once, before several threads would do it at the same time."""
        return self._login

    @cached_property
    def _login(self) -> Login:
        return log_in(*self._arguments)

    def get(
        self, path: str, right: Right, key: str = "", *, is_optional: bool = False
    ) -> HttpResponse | None:
        """Read a JSON object that must have a key; None if it doesn't exist.

        Registries can lack an API that ``is_optional``, and answer its path with any 404.
        """
        had_token = right in self._tokens
        response = self._get(path, right, self._secret_for(right))
        if had_token and response.status_code == HTTPStatus.UNAUTHORIZED:
            # It may have become too old.
            response = self._get(path, right, self._new_token(right))
        is_missing = response.status_code == HTTPStatus.NOT_FOUND
        if is_missing and (is_optional or has(response, "errors")):
            return None
        return self._accepted(response, right, key)

    def prepare(self, rights: Iterable[Right]) -> None:
        """Request tokens before several threads need them; one token serves many rights."""
        missing = [right for right in dict.fromkeys(rights) if right not in self._tokens]
        if missing and not self.log_in().is_admin:
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
        if self.log_in().is_admin:
            return self.log_in().password
        return self._tokens.get(right) or self._new_token(right)

    def _new_token(self, right: Right) -> str:
        token = self._tokens[right] = self._ask_for_token(right)
        return token

    def _get(self, path: str, right: Right, secret: str) -> HttpResponse:
        # Deferred: it loads much of azure-cli.
        from azure.cli.command_modules.acr._docker_utils import get_manifest_authorization_header

        login = self.log_in()
        headers = get_manifest_authorization_header(login.user, secret)
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
        # A token can be requested again.
        response = self._send(request, rights[0], **SECRET_BODIES, retry_on_methods={"POST"})
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
        if response.status_code == HTTPStatus.OK and has(response, key):
            return response
        what = f"{right.verb} in registry '{self._registry_name}'"
        if response.status_code in _REFUSED:
            mode = az("acr show", "-n", self._registry_name, query="roleAssignmentMode")
            raise ForbiddenError(
                f"You don't have permission to {what}. The registry said: {message_of(response)}",
                recommendation=[
                    f"The role '{right.role}' allows it, or AcrPull if '{mode}' doesn't print "
                    "AbacRepositoryPermissions.",
                    *right.advice,
                ],
            )
        raise AzureResponseError(
            f"Couldn't {what}. The registry said: {message_of(response)}",
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
