"""Export pipelines, import pipelines and pipeline runs: every request to the service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from azure.cli.core import azclierror
from azure.core.exceptions import AzureError, ResourceNotFoundError

from azext_acrtransfer.command_lines import az
from azext_acrtransfer.kinds import ResourceKind
from azext_acrtransfer.service.api_version import DEFAULT
from azext_acrtransfer.service.http import list_arm, typed_errors
from azext_acrtransfer.service.json_values import get_path, parse_http_date
from azext_acrtransfer.service.registries import Registry, locate, missing

_REFUSED = HTTPStatus.MULTIPLE_CHOICES
_IN_EVERY_RESOURCE = {"id": str, "name": str, "properties": dict}
_OBJECTS_IF_ANY = ("request", "response", "source", "target", "trigger")
_ABOVE_THE_RESOURCE = frozenset(
    {"ParentResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound"}
)


@dataclass(frozen=True)
class Answer:
    """A resource, and the rest of its response; ``took`` is in seconds.

    ``retried`` means that the request was sent more than once: an earlier one can have done the
    work before its response was lost.
    """

    resource: Any
    status: int = HTTPStatus.OK
    took: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    retried: bool = False

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before the next request, if the service specifies them."""
        value = self.headers.get("retry-after")
        return float(value) if value else None

    @property
    def correlation_id(self) -> str | None:
        """The ID that Azure support needs."""
        return self.headers.get("x-ms-correlation-request-id")

    @property
    def sent_at(self) -> datetime | None:
        """The time of the response by the service's clock."""
        return parse_http_date(self.headers.get("date"))


def faults_of(resource: Any) -> list[str]:
    """Return the parts of a resource that are missing, or aren't objects though they should be."""
    lacking = [word for word in _IN_EVERY_RESOURCE if not resource.get(word)]
    values = ((word, get_path(resource, "properties", word)) for word in _OBJECTS_IF_ANY)
    return lacking + [word for word, value in values if not isinstance(value, Mapping | None)]


def _is_resource(item: Any) -> bool:
    return isinstance(item, dict) and all(
        isinstance(item.get(word), kind) for word, kind in _IN_EVERY_RESOURCE.items()
    )


@dataclass(frozen=True)
class Service:
    """The service for one command group: the SDK's client and the kind of its resources."""

    client: Any
    kind: Any
    subscription: str
    _located: dict[str, Registry] = field(default_factory=dict, repr=False)

    def of(self, registry_name: str, resource_group_name: str | None) -> Resources:
        """Return the resources in a registry; looks up an unspecified resource group once."""
        if resource_group_name:
            return Resources(self, Registry(resource_group_name, registry_name))
        if registry_name not in self._located:
            self._located[registry_name] = locate(
                self.client.send_request, self.subscription, registry_name
            )
        return Resources(self, self._located[registry_name])


class Resources:
    """The resources of one kind in one registry.

    One class serves all three kinds: the SDK's calls take the same arguments for each.
    """

    def __init__(self, service: Service, registry: Registry) -> None:
        self._service = service
        self._calls = getattr(service.client, service.kind.collection)
        self.kind = service.kind
        self.registry = registry

    def of_kind(self, kind: ResourceKind) -> Resources:
        """Return the resources of another kind in the same registry."""
        return Resources(replace(self._service, kind=kind), self.registry)

    def get(self, name: str) -> Answer:
        """Read a resource; the error for a missing one recommends how to list the others."""
        with self._missing(name):
            return self.look(name)

    def look(self, name: str) -> Answer:
        """Read a resource; the error for a missing one is the SDK's, for a missing registry az's.

        So core's wait command doesn't take a missing registry for a deleted resource.
        """
        return self._whole(self._ask(self._calls.get, name), name)

    def list(self) -> Iterator[dict[str, Any]]:
        """Return all resources as JSON, with one page in memory at a time.

        For ten thousand runs, the SDK's own list takes three times as long: it makes models.
        """
        registry = self.registry
        path = (
            f"/subscriptions/{self._service.subscription}/resourceGroups/"
            f"{quote(registry.resource_group, safe='')}/providers/Microsoft.ContainerRegistry/"
            f"registries/{quote(registry.name, safe='')}/{self.kind.resource_type}"
        )
        # The policy for the API version sends the one that is chosen.
        with self._in_a_registry():
            for resource in list_arm(self._service.client.send_request, path, DEFAULT):
                if not _is_resource(resource):
                    raise AzureError(
                        f"The service's list of the {self.kind.noun}s of registry "
                        f"'{registry.name}' has an entry that isn't a resource."
                    )
                yield resource

    def put(self, name: str, model: Any) -> Answer:
        """Create or replace a resource; its state can still change."""

        def put(*scope: str, **hook: Any) -> Any:
            return self._calls.begin_create(*scope, model, polling=False, **hook).result()

        return self._whole(self._ask(put, name), name)

    def delete(self, name: str, *, no_wait: bool = False) -> Any:
        """Delete a resource and return the SDK's poller; a missing one is an error."""
        # The SDK polls every 30 s where the service names no delay.
        polling = {"polling": False} if no_wait else {"polling_interval": 1}

        def delete(*scope: str, **hook: Any) -> Any:
            return self._calls.begin_delete(*scope, **polling, **hook, may_be_empty=True)

        with self._missing(name):
            answer = self._ask(delete, name)
            if answer.status == HTTPStatus.NO_CONTENT and not answer.retried:
                raise ResourceNotFoundError("there was nothing to delete")
        return answer.resource

    def _ask(self, call: Callable[..., Any], name: str) -> Answer:
        responses: list[Any] = []
        registry = self.registry
        began = time.monotonic()
        with self._in_a_registry(), typed_errors():
            result = call(
                registry.resource_group, registry.name, name, raw_response_hook=responses.append
            )
        took = time.monotonic() - began
        # Those before it were tried again; those after it are polls.
        served = next(
            response for response in responses if response.http_response.status_code < _REFUSED
        )
        http = served.http_response
        headers = {key.lower(): value for key, value in http.headers.items()}
        retried = bool(served.context.get("retry_count"))
        return Answer(result, http.status_code, took, headers, retried)

    def _whole(self, answer: Answer, name: str) -> Answer:
        if lacking := faults_of(answer.resource):
            raise AzureError(
                f"The service's answer about the {self.kind.noun} '{name}' of registry "
                f"'{self.registry.name}' isn't a valid resource: no {', no '.join(lacking)}."
            )
        return answer

    def _lacks_registry(self, error: ResourceNotFoundError) -> bool:
        if not error.error:
            return False
        # A read can also be answered by the 404 of the registry, as if that had been requested.
        registry = f"Microsoft.ContainerRegistry/registries/{self.registry.name}'".lower()
        return error.error.code in _ABOVE_THE_RESOURCE or registry in str(error).lower()

    @contextmanager
    def _in_a_registry(self) -> Iterator[None]:
        try:
            yield
        except ResourceNotFoundError as error:
            if not self._lacks_registry(error):
                raise
            service = self._service
            raise missing(self.registry, service.client, service.subscription, error) from error

    @contextmanager
    def _missing(self, name: str) -> Iterator[None]:
        try:
            yield
        except ResourceNotFoundError as error:
            registry = self.registry
            listing = az(f"acr {self.kind.group} list", "-r", registry.name, "-o", "table")
            message = error.error.message if error.error else error.message
            raise azclierror.ResourceNotFoundError(
                f"The {self.kind.noun} '{name}' wasn't found in registry '{registry.name}' of "
                f"resource group '{registry.resource_group}'. The service said: {message}",
                recommendation=f"Run '{listing}' to see those that exist.",
            ) from error
