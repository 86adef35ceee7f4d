"""Read-only requests with the caller's permissions: to ARM, key vaults and blob storage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from azure.cli.core._profile import Profile
from azure.cli.core.auth.util import resource_to_scopes
from azure.cli.core.azclierror import ForbiddenError
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.cli.core.util import get_az_user_agent, should_disable_connection_verify
from azure.core import PipelineClient
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HTTPPolicy,
    RetryPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.tools import resource_id
from urllib3.util import Url, parse_url

from azext_acrtransfer.arguments import host_suffix
from azext_acrtransfer.preflight.lookups import ABSENT, Absent, Found, Lookup, Unreadable, read
from azext_acrtransfer.redaction import mask_sas
from azext_acrtransfer.service.api_version import ApiVersion
from azext_acrtransfer.service.http import AnswerPolicy
from azext_acrtransfer.service.registries import Registry

Json = dict[str, Any]
_RESOURCES, _BLOBS, _SECRETS = "2021-04-01", "2021-12-02", "7.4"
_READER = "the role Reader on it, or it is in another subscription than the active one, or deleted"


@dataclass(frozen=True)
class _Service:
    """A service of the active cloud: the domain of its hosts, and the audience of its tokens."""

    domain: str
    audience: str


def _arm(cloud: Any) -> _Service:
    domain = urlsplit(cloud.endpoints.resource_manager).hostname or ""
    return _Service(domain, cloud.endpoints.active_directory_resource_id)


def _vaults(cloud: Any) -> _Service:
    domain = _domain(cloud, "keyvault_dns")
    return _Service(domain, f"https://{domain}")


def _storage(cloud: Any) -> _Service:
    return _Service(_domain(cloud, "storage_endpoint"), "https://storage.azure.com")


def _domain(cloud: Any, suffix: str) -> str:
    return (host_suffix(cloud, suffix) or "").lstrip(".").lower()


class Reader:
    """Sends the requests; a refused or missing resource raises the error of azure-core.

    The SDKs' own clients and core's ``send_raw_request`` log bodies with --debug, and
    that of a secret is a SAS. Loading them would also take a third of a second.
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

    def _send(
        self, request: HttpRequest, service: _Service, *, with_token: bool = True
    ) -> HttpResponse:
        """Send a request, which must be to a host of the service."""
        _check_host(request.url, service.domain)
        policies: list[HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]] = [
            UserAgentPolicy(get_az_user_agent()),
            RetryPolicy(retry_total=2, retry_connect=0),
        ]
        if with_token:
            scopes = resource_to_scopes(service.audience)
            login = BearerTokenCredentialPolicy(self._credential, *scopes)
            policies = [AnswerPolicy(), *policies, login]
        client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            "", policies=policies, transport=self._transport
        )
        return client.send_request(request)

    def _json(self, request: HttpRequest, service: _Service) -> Json:
        document: Json = self._send(request, service).json()
        return document

    def _arm_json(self, request: HttpRequest) -> Json:
        return self._json(request, _arm(self._cloud))

    def _arm_request(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None
    ) -> HttpRequest:
        # With a slash in between, whatever an answer gives for an ID: the host is ARM's.
        url = f"{self._cloud.endpoints.resource_manager.rstrip('/')}/{path.lstrip('/')}"
        return HttpRequest(method, url, params=dict(query), json=body)

    def arm(self, path: str, version: str) -> Json:
        """A resource."""
        return self._arm_json(self._arm_request("GET", path, {"api-version": version}))

    def arm_list(self, path: str, version: str, wanted: str = "") -> list[Json]:
        """Return all pages of a list, with an OData filter."""
        query = {"$filter": wanted} if wanted else {}
        request = self._arm_request("GET", path, query | {"api-version": version})
        items: list[Json] = []
        links: set[str] = set()
        while True:
            page = self._arm_json(request)
            items += page.get("value") or []
            link = page.get("nextLink")
            if not link:
                return items
            if link in links:
                raise AzureError("The list has no end: a page leads back to an earlier one.")
            links.add(link)
            request = HttpRequest("GET", link)

    def id_of(self, registry: Registry) -> str:
        """The ID of a registry."""
        return str(
            resource_id(
                subscription=self.subscription,
                resource_group=registry.resource_group,
                namespace="Microsoft.ContainerRegistry",
                type="registries",
                name=registry.name,
            )
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
        request = self._arm_request("POST", path, {"api-version": version}, body)
        availability = read(lambda: self._arm_json(request), _READER)
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
        request = HttpRequest("GET", uri, params={"api-version": _SECRETS})
        return self._json(request, _vaults(self._cloud))

    def blob(self, container_uri: str, name: str) -> Mapping[str, str]:
        """The headers of a blob."""
        url = f"{container_uri.rstrip('/')}/{quote(name)}"
        request = HttpRequest("HEAD", url, headers={"x-ms-version": _BLOBS})
        return self._send(request, _storage(self._cloud)).headers

    def storage_on_sas(self, container_uri: str, sas: str) -> str:
        """Return the response of storage to a SAS that lists the container."""
        url = f"{container_uri.rstrip('/')}?restype=container&comp=list&maxresults=1&{sas}"
        with _signatures_masked():
            return self._send(
                HttpRequest("GET", url), _storage(self._cloud), with_token=False
            ).text()


def _check_host(url: str, domain: str) -> None:
    """Raise an error for a host outside of a domain: it gets no token and no SAS."""
    try:
        # The transport's own parser: others find a different host behind a backslash.
        target = parse_url(url)
    except ValueError:
        target = Url()
    host = target.host or ""
    if target.scheme != "https" or not domain or not f".{host}".endswith(f".{domain}"):
        raise ForbiddenError(f"'{host}' is not known to be of the active cloud: not asked.")


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
