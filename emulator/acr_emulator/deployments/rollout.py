"""One deployment being carried out: its template's resources, one after the other."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from acr_emulator.deployments.templates.invalid_template import TemplateError
from acr_emulator.deployments.templates.resources import DEPLOYMENT, TemplateResource
from acr_emulator.deployments.templates.runtime_references import Fetch, NeededError
from acr_emulator.deployments.templates.template import Template
from acr_emulator.state.arm_errors import ArmError
from acr_emulator.state.clock import Clock, timestamp
from acr_emulator.state.store import Store

Json = dict[str, Any]
Made = TypeVar("Made")


class ResourceFailedError(Exception):
    """A resource was accepted and then ended in another state than Succeeded."""

    def __init__(self, state: str, error: Json | None) -> None:
        super().__init__(state)
        self.state = state
        #: The error of its operation.
        self.error = error


class ResourceCalls(Protocol):
    """The resource handlers, called on behalf of whoever deploys; they raise ArmError."""

    async def put(self, path: str, version: str, body: Json) -> None:
        """Create or update a resource and wait for it; ResourceFailedError if it fails."""

    async def read(self, method: str, path: str, version: str, body: str) -> Json:
        """The response of a GET, or of a POST that lists something."""


@dataclass
class Rollout:
    """Deploys what a template declares.

    Azure deploys side by side what is independent; here one follows the other, and what is
    independent of a failure is still deployed.
    """

    template: Template
    calls: ResourceCalls
    clock: Clock
    store: Store
    #: One record for each resource that was tried, as `operations` of a deployment lists them.
    operations: list[Json] = field(default_factory=list)
    outputs: Json = field(default_factory=dict)
    _failed: dict[str, Json] = field(default_factory=dict)
    _given_up: set[str] = field(default_factory=set)

    @property
    def errors(self) -> list[Json]:
        """What failed, as details of the deployment's error."""
        return list(self._failed.values())

    async def carry_out(self) -> None:
        """Deploy all resources, then make the outputs."""
        for step in self.template.resources:
            resource_id = step.resource.id.lower()
            if step.after & self._given_up:
                self._given_up.add(resource_id)
                continue
            started = self.clock.now()
            error = await self._failure(self._deploy(step.resource), step.resource)
            self._record(step.resource, started, error)
            if error:
                self._failed[resource_id] = error
                self._given_up.add(resource_id)
        if not self._failed:
            await self._make_outputs()

    async def _deploy(self, resource: TemplateResource) -> None:
        body = await self._resolved(lambda fetched: self.template.body(resource, fetched))
        await self.calls.put(resource.id, resource.api_version, body)

    async def _make_outputs(self) -> None:
        try:
            self.outputs = await self._resolved(self.template.outputs)
        except (ArmError, TemplateError) as error:
            self._failed[""] = {
                "code": "DeploymentOutputEvaluationFailed",
                "message": f"Unable to evaluate template outputs: '{error}'.",
            }

    async def _resolved(self, make: Callable[[Mapping[Fetch, Any]], Made]) -> Made:
        """What an evaluation makes, after it requested what it needs from ARM."""
        fetched: dict[Fetch, Any] = {}
        while True:
            try:
                return make(fetched)
            except NeededError as needed:
                fetch = needed.fetch
                fetched[fetch] = await self.calls.read(
                    fetch.method, fetch.path, fetch.api_version, fetch.body
                )

    def output_resources(self) -> list[Json]:
        """What was deployed, of nested deployments too, sorted by id without regard to case.

        Recorded: every deployment in the recordings of azure-cli and its extensions is in this
        order.
        """
        ids: dict[str, str] = {}
        for record in self.operations:
            resource_id = record["properties"]["targetResource"]["id"]
            if resource_id.lower() in self._failed:
                continue
            nested = self.store.get(resource_id) or {}
            within = (
                [item["id"] for item in nested["properties"].get("outputResources", [])]
                if nested.get("type") == DEPLOYMENT
                else [resource_id]
            )
            ids.update((deployed.lower(), deployed) for deployed in within)
        return [{"id": ids[key]} for key in sorted(ids)]

    def _record(self, resource: TemplateResource, started: datetime, error: Json | None) -> None:
        now = self.clock.now()
        properties = {
            "provisioningOperation": "Create",
            "provisioningState": "Failed" if error else "Succeeded",
            "timestamp": timestamp(now),
            "duration": duration(started, now),
            "trackingId": str(uuid.uuid4()),
            "statusCode": error["code"] if error else "OK",
            "targetResource": target(resource),
            **({"statusMessage": {"error": error}} if error else {}),
        }
        operation = uuid.uuid4().hex[:16].upper()
        self.operations.append({"operationId": operation, "properties": properties})

    async def _failure(self, work: Awaitable[None], resource: TemplateResource) -> Json | None:
        """What went wrong with a resource, as the details of a deployment contain it."""
        try:
            await work
        except ArmError as error:
            return {"code": error.code, "message": error.message, "target": resource.id}
        except TemplateError as error:
            return {"code": error.code, "message": error.message, "target": resource.id}
        except ResourceFailedError as error:
            return {
                "code": "ResourceDeploymentFailure",
                "target": resource.id,
                "message": "The resource write operation failed to complete successfully, because"
                f" it reached terminal provisioning state '{error.state}'.",
                **({"details": [error.error]} if error.error else {}),
            }
        return None


def target(resource: TemplateResource) -> Json:
    """A resource of a template as deployments name it."""
    return {"id": resource.id, "resourceType": resource.type, "resourceName": resource.name}


def duration(start: datetime, end: datetime) -> str:
    """A span of time in ISO 8601; nothing if the clock was set back meanwhile."""
    return f"PT{max((end - start).total_seconds(), 0):.7f}S"
