"""Read-only requests with the caller's permissions: to ARM, key vaults and blob storage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import ForbiddenError
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.cli.core.util import get_az_user_agent, should_disable_connection_verify
from azure.core import PipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HTTPPolicy,
    RetryPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from azext_acrtransfer.arguments import host_suffix
from azext_acrtransfer.preflight.lookups import ABSENT, Absent, Found, Lookup, Unreadable, read
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.api_version import ApiVersion
from azext_acrtransfer.service.http import AnswerPolicy
from azext_acrtransfer.service.registries import Registry

Json = dict[str, Any]
_RESOURCES, _BLOBS, _SECRETS = "2021-04-01", "2021-12-02", "7.4"
_STORAGE = "https://storage.azure.com"
_READER = "the role Reader on it, or it is in another subscription than the active one, or deleted"


class Reader:
    """Sends the requests; a refused or missing resource raises the error of azure-core.

    The SDKs' own clients and core's ``send_raw_request`` log bodies with --debug, and
    that of a secret is a SAS.
    """

    def __init__(self, cli_ctx: Any) -> None:
        profile = Profile(cli_ctx=cli_ctx)
        self.subscription = get_subscription_id(cli_ctx)
        #: As `az role assignment create --assignee` takes it.
        self.caller = str(profile.get_subscription(self.subscription)["user"]["name"])
        self._credential, _, _ = profile.get_login_credentials(self.subscription)
        self._version = ApiVersion.configured(cli_ctx).text
        self._cloud = cli_ctx.cloud
        self._transport = RequestsTransport(
            connection_timeout=10,
            read_timeout=30,
            connection_verify=not should_disable_connection_verify(),
        )
        self._transport.open()  # several threads use it

    def _send(self, request: HttpRequest, audience: str | None) -> HttpResponse:
        policies: list[HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]] = [
            UserAgentPolicy(get_az_user_agent()),
            RetryPolicy(retry_total=2, retry_connect=0),
        ]
        if audience:
            login = BearerTokenCredentialPolicy(self._credential, f"{audience}/.default")
            policies = [AnswerPolicy(), *policies, login]
        client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            "", policies=policies, transport=self._transport
        )
        return client.send_request(request)

    def _json(self, request: HttpRequest, audience: str) -> Json:
        document: Json = self._send(request, audience).json()
        return document

    def _check_host(self, uri: str, name: str) -> str:
        """Return the cloud's suffix of such hosts; other hosts get no token and no SAS."""
        host = urlsplit(uri).hostname or ""
        suffix = (host_suffix(self._cloud, name) or "").lstrip(".").lower()
        if not suffix or not host.endswith(f".{suffix}"):
            raise ForbiddenError(f"'{host}' is not known to be of the active cloud: not asked.")
        return suffix

    def _ask(self, method: str, path: str, query: Mapping[str, str], body: Any = None) -> Json:
        # With a slash in between, whatever an answer gives for an id: the host is ARM's.
        url = f"{self._cloud.endpoints.resource_manager.rstrip('/')}/{path.lstrip('/')}"
        request = HttpRequest(method, url, params=dict(query), json=body)
        return self._json(request, self._cloud.endpoints.active_directory_resource_id)

    def arm(self, path: str, version: str) -> Json:
        """A resource."""
        return self._ask("GET", path, {"api-version": version})

    def arm_list(self, path: str, version: str, wanted: str = "") -> list[Json]:
        """Return the first page of a list, with an OData filter."""
        query = {"$filter": wanted} if wanted else {}
        return self._ask("GET", path, query | {"api-version": version}).get("value") or []

    def id_of(self, registry: Registry) -> str:
        """The id of a registry."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{registry.resource_group}"
            f"/providers/Microsoft.ContainerRegistry/registries/{registry.name}"
        )

    def registry(self, registry: Registry) -> Json:
        """Return a registry, in the API version for pipelines."""
        return self.arm(self.id_of(registry), self._version)

    def named(self, resource_type: str, version: str, name: str) -> Lookup[Json]:
        """Look up a resource of a type whose names are unique in Azure, in any resource group."""
        wanted = f"resourceType eq '{resource_type}' and name eq '{name}'"
        path = f"/subscriptions/{self.subscription}/resources"

        def find() -> Json | None:
            items = self.arm_list(path, _RESOURCES, wanted)
            return items[0] | self.arm(items[0]["id"], version) if items else None

        lookup = read(find, _READER)
        if isinstance(lookup, Absent):
            return self._elsewhere(resource_type, version, name)
        return lookup

    def _elsewhere(self, resource_type: str, version: str, name: str) -> Absent | Unreadable:
        """Look up whether a name is in use where the caller can't read it."""
        namespace = resource_type.partition("/")[0]
        path = f"/subscriptions/{self.subscription}/providers/{namespace}/checkNameAvailability"
        body = {"name": name, "type": resource_type}
        availability = read(
            lambda: self._ask("POST", path, {"api-version": version}, body), _READER
        )
        if isinstance(availability, Unreadable):
            return availability
        if isinstance(availability, Found) and availability.value.get("reason") == "AlreadyExists":
            return Unreadable(f"There is one, but you do not see it: you lack {_READER}.")
        return ABSENT

    def secret(self, uri: str) -> Json:
        """Return a secret with its value, or only its attributes if it's disabled."""
        try:
            return self._vault(uri)
        except HttpResponseError as error:
            if "disabled" in str(error.message):
                return {"attributes": {"enabled": False}}
            raise

    def deleted_secret(self, uri: str, name: str) -> Json:
        """Return a deleted secret of the same vault."""
        return self._vault(f"https://{urlsplit(uri).netloc}/deletedsecrets/{quote(name)}")

    def _vault(self, uri: str) -> Json:
        suffix = self._check_host(uri, "keyvault_dns")
        request = HttpRequest("GET", uri, params={"api-version": _SECRETS})
        return self._json(request, f"https://{suffix}")

    def blob(self, container_uri: str, name: str) -> Mapping[str, str]:
        """The headers of a blob."""
        self._check_host(container_uri, "storage_endpoint")
        url = f"{container_uri.rstrip('/')}/{quote(name)}"
        request = HttpRequest("HEAD", url, headers={"x-ms-version": _BLOBS})
        return self._send(request, _STORAGE).headers

    def storage_on_sas(self, container_uri: str, sas: str) -> str:
        """Return the response of storage to a SAS that lists the container."""
        self._check_host(container_uri, "storage_endpoint")
        url = f"{container_uri.rstrip('/')}?restype=container&comp=list&maxresults=1&{sas}"
        with _signatures_masked():
            return self._send(HttpRequest("GET", url), None).text()


@contextmanager
def _signatures_masked() -> Iterator[None]:
    """Keep the query out of the log that urllib3 writes with --debug."""

    def mask(record: logging.LogRecord) -> bool:
        record.msg, record.args = mask_sas(record.getMessage()), ()
        return True

    log = logging.getLogger("urllib3.connectionpool")
    log.addFilter(mask)
    try:
        yield
    finally:
        log.removeFilter(mask)
