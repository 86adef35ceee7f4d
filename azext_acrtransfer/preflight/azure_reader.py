"""Read-only requests with the caller's permissions: to ARM, key vaults and blob storage."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from azure.cli.core._profile import Profile
from azure.cli.core.auth.util import resource_to_scopes
from azure.cli.core.commands.client_factory import get_subscription_id
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.tools import resource_id
from knack.util import CLIError

from azext_acrtransfer.hosts import storage_domains, vault_domains
from azext_acrtransfer.preflight.grants import Grant
from azext_acrtransfer.preflight.lookups import ABSENT, Absent, Found, Lookup, Unreadable, read
from azext_acrtransfer.service.api_version import ApiVersion
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.http import (
    MALFORMED,
    Check,
    check_arm,
    connection_options,
    list_arm,
    make_client,
)
from azext_acrtransfer.service.json_values import get_path
from azext_acrtransfer.service.registries import Registry
from azext_acrtransfer.storage.answers import check_blob, check_list, error_code
from azext_acrtransfer.storage.contents import AUDIENCE, head_of

Json = dict[str, Any]
# What can't be read soon is unknown.
_FEW_TRIES: Json = {"retry_total": 2, "connection_timeout": 10, "read_timeout": 30}
_RESOURCES, _SECRETS = "2021-04-01", "7.4"
#: Resource types with their API versions.
STORAGE_ACCOUNT = ("Microsoft.Storage/storageAccounts", "2023-05-01")
KEY_VAULT = ("Microsoft.KeyVault/vaults", "2023-07-01")
AUTHORIZATION, ROLES = "providers/Microsoft.Authorization", "2022-04-01"
_REFUSED_BY_FIREWALL = frozenset({"ForbiddenByConnection", "ForbiddenByFirewall"})
_CLOSED_VAULT = (
    "The firewall of the key vault blocks you. It might admit ACR Transfer, which is a trusted "
    "service."
)
_READER = "the role Reader on it, or it is in a subscription that you can't read, or deleted"


@dataclass(frozen=True)
class _Service:
    """A service of the active cloud: the domains of its hosts, and the audience of its tokens."""

    domains: tuple[str | None, ...]
    audience: str


def _arm(cloud: Any) -> _Service:
    domain = urlsplit(cloud.endpoints.resource_manager).hostname
    return _Service((domain,), cloud.endpoints.active_directory_resource_id)


def _vaults(cloud: Any) -> _Service:
    domains = vault_domains(cloud)
    return _Service(domains, f"https://{''.join(domains)}")


def _storage(cloud: Any) -> _Service:
    return _Service(storage_domains(cloud), AUDIENCE)


def _graph(cloud: Any) -> _Service:
    audience = cloud.endpoints.microsoft_graph_resource_id
    return _Service((urlsplit(audience).hostname,), audience)


class Reader:
    """Sends the requests; a refused or missing resource raises the error of azure-core.

    The SDKs' own clients and core's ``send_raw_request`` log bodies with --debug, and
    that of a secret is a SAS. Loading them would also take a third of a second.
    """

    def __init__(self, cli_ctx: Any) -> None:
        self._profile = Profile(cli_ctx=cli_ctx)
        self.subscription = get_subscription_id(cli_ctx)
        self._account = self._profile.get_subscription(self.subscription)
        self._credential, _, _ = self._profile.get_login_credentials(self.subscription)
        self._version = ApiVersion.configured(cli_ctx).text
        self._cloud = cli_ctx.cloud
        self._transport = RequestsTransport(**connection_options())
        self._transport.open()  # several threads use it

    @property
    def caller(self) -> dict[str, str]:
        """The caller as ``az role assignment create --assignee`` takes it, under ``you``.

        az has the same user name for every managed identity, whose object ID is in its tokens.
        """
        user = self._account["user"]
        if "assignedIdentityInfo" not in user:
            return {"you": str(user["name"])}
        audience = self._cloud.endpoints.active_directory_resource_id
        try:
            token = self._credential.get_token(*resource_to_scopes(audience)).token
            claims = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
            return {"you": str(claims["oid"])}
        except (AzureError, CLIError, OSError, *MALFORMED):
            return {}

    def _send(
        self,
        request: HttpRequest,
        service: _Service,
        *,
        with_token: bool = True,
        check: Check = check_arm,
        retry_connect: int = 0,  # a closed firewall doesn't open while one waits
    ) -> HttpResponse:
        """Send a request, which must be to a host of the service."""
        scopes = resource_to_scopes(service.audience)
        login = BearerTokenCredentialPolicy(self._credential, *scopes)
        policies = [login] if with_token else []
        client = make_client(service.domains, *policies, check=check, transport=self._transport)
        # The body of a secret is not for the log of --debug.
        return client.send_request(
            request, logging_enable=False, retry_connect=retry_connect, **_FEW_TRIES
        )

    def _send_to_arm(self, request: HttpRequest) -> HttpResponse:
        return self._send(request, _arm(self._cloud), retry_connect=2)

    def _arm_json(self, request: HttpRequest) -> Json:
        document: Json = self._send_to_arm(request).json()
        return document

    def _arm_request(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None
    ) -> HttpRequest:
        return HttpRequest(method, self._arm_url(path), params=dict(query), json=body)

    def _arm_url(self, path: str) -> str:
        # With a slash in between, whatever an answer gives for an ID: the host is ARM's.
        manager = self._cloud.endpoints.resource_manager.removesuffix("/")
        return f"{manager}/{path.removeprefix('/')}"

    def arm(self, path: str, version: str) -> Json:
        """A resource."""
        return self._arm_json(self._arm_request("GET", path, {"api-version": version}))

    def arm_list(self, path: str, version: str, wanted: str = "") -> list[Json]:
        """Return all pages of a list, with an OData filter."""
        query = {"$filter": wanted} if wanted else {}
        return [*list_arm(self._send_to_arm, self._arm_url(path), version, **query)]

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

    def named(self, resource_type: str, version: str, name: str | None) -> Lookup[Json]:
        """Look up a resource of a type whose names are unique in Azure.

        It can be in any resource group, and in any of the caller's subscriptions of the tenant.
        """
        if not name:
            return ABSENT  # every resource would fit
        find = partial(self._named_in, resource_type, version, name)
        lookup = find(self.subscription)
        if not isinstance(lookup, Absent):
            return lookup
        in_use = self._is_in_use(resource_type, version, name)
        if in_use == Found(value=True):
            for elsewhere in run_concurrently(find, self._other_subscriptions):
                if isinstance(elsewhere, Found):
                    return elsewhere
            return Unreadable(f"It exists, but you can't read it. Required: {_READER}.")
        return in_use if isinstance(in_use, Unreadable) else ABSENT

    def _named_in(
        self, resource_type: str, version: str, name: str, subscription: str
    ) -> Lookup[Json]:
        wanted = f"resourceType eq '{resource_type}' and name eq '{name}'"
        path = f"/subscriptions/{subscription}/resources"

        def find() -> Json | None:
            for item in self.arm_list(path, _RESOURCES, wanted):
                if item["name"].lower() == name.lower():
                    return {**item, **self.arm(item["id"], version)}
            return None

        return read(find, _READER)

    def _is_in_use(self, resource_type: str, version: str, name: str) -> Lookup[bool]:
        """Look up whether a name is in use, also where the caller can't read it."""
        namespace, _ = resource_type.split("/")
        path = f"/subscriptions/{self.subscription}/providers/{namespace}/checkNameAvailability"
        body = {"name": name, "type": resource_type}
        request = self._arm_request("POST", path, {"api-version": version}, body)
        return read(lambda: self._arm_json(request).get("reason") == "AlreadyExists", _READER)

    @property
    def _other_subscriptions(self) -> list[str]:
        """The caller's other subscriptions for which the token is valid, too."""
        return [
            account["id"]
            for account in self._profile.load_cached_subscriptions()
            if account["tenantId"] == self._account["tenantId"]
            and account["id"] != self.subscription
        ]

    def roles(self, principal: str, scope: str) -> tuple[Grant, ...]:
        """Return the roles of a principal at a scope, assigned directly or through a group."""
        items = self._assigned("roleAssignments", principal, scope)
        # At this scope, where the caller can read assignments: the ID of a definition has the
        # subscription as its scope.
        known = {
            name: self.arm(f"{scope}/{AUTHORIZATION}/roleDefinitions/{name}", ROLES)["properties"]
            for name in set(map(_role_of, items))
        }
        return tuple(_grant(item, known[_role_of(item)]) for item in items)

    def denials(self, principal: str, scope: str) -> tuple[str, ...]:
        """Return the names of the deny assignments of a principal at a scope."""
        items = self._assigned("denyAssignments", principal, scope)
        return tuple(item["denyAssignmentName"] for item in items)

    def _assigned(self, what: str, principal: str, scope: str) -> list[Json]:
        wanted = f"atScope() and assignedTo('{principal}')"
        items = self.arm_list(f"{scope}/{AUTHORIZATION}/{what}", ROLES, wanted) if principal else ()
        return [item["properties"] for item in items]

    def secret(self, uri: str) -> Json:
        """Return a secret with its value, or only its attributes if it's disabled."""
        try:
            return self._vault(uri)
        except HttpResponseError as error:
            reason = _reason_of_vault(error)
            if reason == "SecretDisabled":
                return {"attributes": {"enabled": False}}
            if reason in _REFUSED_BY_FIREWALL:
                raise AzureError(_CLOSED_VAULT) from error
            raise

    def deleted_secret(self, uri: str, name: str) -> Json:
        """Return a deleted secret of the same vault."""
        return self._vault(f"https://{urlsplit(uri).netloc}/deletedsecrets/{quote(name)}")

    def groups(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Return the names of those objects in Microsoft Entra ID that are groups."""
        service = _graph(self._cloud)
        url = f"{service.audience.removesuffix('/')}/v1.0/directoryObjects/getByIds"
        request = HttpRequest("POST", url, json={"ids": list(ids), "types": ["group"]})
        objects = self._send(request, service).json()["value"]
        return tuple(
            item["displayName"] for item in objects if item["@odata.type"].endswith(".group")
        )

    def _vault(self, uri: str) -> Json:
        request = HttpRequest("GET", uri, params={"api-version": _SECRETS})
        document: Json = self._send(request, _vaults(self._cloud)).json()
        return document

    def blob(self, container_uri: str, name: str) -> Mapping[str, str]:
        """The headers of a blob."""
        request = head_of(container_uri, name)
        return self._send(request, _storage(self._cloud), check=check_blob).headers

    def storage_on_sas(self, container_uri: str, sas: str) -> str:
        """Return storage's error code for a SAS that lists the container, or "" if it can."""
        url = f"{container_uri.removesuffix('/')}?restype=container&comp=list&maxresults=1&{sas}"
        request = HttpRequest("GET", url)
        storage = _storage(self._cloud)
        return error_code(self._send(request, storage, with_token=False, check=check_list))


def _reason_of_vault(error: HttpResponseError) -> str | None:
    """Return why a vault refuses a request; its error code is Forbidden for all reasons."""
    response: Any = error.response
    try:
        return str(get_path(response.json(), "error", "innererror", "code"))
    except (AttributeError, ValueError):  # there is no answer, or it isn't JSON
        return None


def _role_of(assignment: Json) -> str:
    """Return the name of the role definition of an assignment, which is a GUID."""
    name: str = assignment["roleDefinitionId"].rpartition("/")[2]
    return name


def _grant(assignment: Json, role: Json) -> Grant:
    return Grant(
        tuple(role["permissions"]),
        role["roleName"],
        assignment["scope"],
        has_condition=bool(assignment.get("condition")),
    )
