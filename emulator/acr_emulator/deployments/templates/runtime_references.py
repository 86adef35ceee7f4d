"""What a template reads of resources while it is deployed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acr_emulator.deployments.templates.invalid_template import UnknownNameError
from acr_emulator.deployments.templates.resources import TemplateResource


@dataclass(frozen=True)
class Fetch:
    """A call to ARM: the GET of a resource, or the POST of one of its lists."""

    method: str
    path: str
    api_version: str
    body: str = "{}"


class NeededError(Exception):
    """An expression cannot be evaluated without this response of ARM."""

    def __init__(self, fetch: Fetch) -> None:
        super().__init__(fetch.path)
        self.fetch = fetch


class References:
    """The functions `reference` and `list...`, over what was fetched so far."""

    def __init__(
        self,
        find: Callable[[str], Sequence[TemplateResource] | None],
        fetched: Mapping[Fetch, Any],
    ) -> None:
        self._find = find
        self._fetched = fetched

    def reference(self, resource: str, api_version: str = "", full: str = "") -> Any:
        """The properties of a resource, or with 'Full' all of it."""
        path, version = self._target(resource, api_version)
        body: dict[str, Any] = self._fetch(Fetch("GET", path, version))
        if full.lower() != "full":
            return body.get("properties", {})
        kept = {key: value for key, value in body.items() if key not in ("id", "name", "type")}
        segments = path.split("/")
        location = {
            "resourceId": path.partition("/providers/")[2],
            "subscriptionId": segments[2],
            "resourceGroupName": segments[4],
        }
        return {"apiVersion": version, **kept, **location}

    def references(self, resources: str, full: str = "") -> list[Any]:
        """`reference` of each resource of a loop that has a symbolic name."""
        return [
            self.reference(resource.id, resource.api_version, full)
            for resource in self._declared(resources)
        ]

    def resource_info(self, resource: str) -> dict[str, str]:
        """Id, name, type and API version of a resource with a symbolic name."""
        declared = self._declared(resource)[0]
        return {
            "id": declared.id,
            "name": declared.name,
            "type": declared.type,
            "apiVersion": declared.api_version,
        }

    def _declared(self, name: str) -> Sequence[TemplateResource]:
        declared = self._find(name)
        if declared is None:
            raise _not_found()
        return declared

    def listing(self, name: str) -> Callable[..., Any]:
        """The function of that name, `listKeys` for instance: it returns what the POST answers."""

        def listed(resource: str, api_version: str, values: dict[str, Any] | None = None) -> Any:
            path, version = self._target(resource, api_version)
            return self._fetch(Fetch("POST", f"{path}/{name}", version, json.dumps(values or {})))

        return listed

    def _target(self, resource: str, api_version: str) -> tuple[str, str]:
        declared = next(iter(self._find(resource) or ()), None)
        version = api_version or (declared.api_version if declared else "")
        path = declared.id if declared else resource
        if not version or not path.startswith("/"):
            raise _not_found()
        return path, version

    def _fetch(self, fetch: Fetch) -> Any:
        if fetch not in self._fetched:
            raise NeededError(fetch)
        return self._fetched[fetch]


def _not_found() -> UnknownNameError:
    return UnknownNameError(
        "The template reference {} is not valid: could not find template resource or resource copy"
        " with this name. Please see https://aka.ms/arm-function-reference for usage details."
    )
