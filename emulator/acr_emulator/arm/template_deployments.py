"""Microsoft.Resources/deployments in a resource group: ARM templates."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from acr_emulator.arm import body_forms
from acr_emulator.arm.bodies import parsed
from acr_emulator.arm.calls import Calls
from acr_emulator.arm.operation_polling import SOON
from acr_emulator.arm.request import ArmRequest, Right, Route
from acr_emulator.cloud.clouds import Cloud
from acr_emulator.deployments.deployment_properties import accepted, deployment_context
from acr_emulator.deployments.deployment_service import Deployments
from acr_emulator.deployments.rollout import Rollout
from acr_emulator.deployments.templates.document import members
from acr_emulator.deployments.templates.invalid_template import NotImitatedError, TemplateError
from acr_emulator.deployments.templates.resources import DEPLOYMENT
from acr_emulator.deployments.templates.template import Template
from acr_emulator.network.responses import JsonAnswer, empty
from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.clock import Clock
from acr_emulator.state.deletions import Deletions
from acr_emulator.state.store import Resource, Store

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_DEPLOYMENTS = f"{_GROUP}/providers/{DEPLOYMENT}"
#: The older path of operations, which az uses.
_OPERATIONS = f"{_GROUP}/deployments/{{name}}/operations"
_CORRELATION = "x-ms-correlation-request-id"


def _right(action: str) -> Right:
    return Right(f"{DEPLOYMENT}/{action}", f"{_DEPLOYMENTS}/{{name}}")


@dataclass(frozen=True, kw_only=True)
class TemplateDeployments:
    """Deployments, what they did, and where their end is awaited."""

    cloud: Cloud
    clock: Clock
    store: Store
    deployments: Deployments
    deletions: Deletions

    def routes(self) -> list[Route]:
        """The routes and their handlers."""
        one = f"{_DEPLOYMENTS}/{{name}}"
        read, write = _right("read"), _right("write")
        of_operations = _right("operations/read")
        return [
            Route("PUT", one, self.put, write, body=body_forms.DEPLOYMENT),
            Route("GET", one, self.get, read),
            Route("HEAD", one, self.head, read),
            Route("DELETE", one, self.delete, _right("delete")),
            Route(
                "GET",
                _DEPLOYMENTS,
                self.list,
                Right(f"{DEPLOYMENT}/read", _GROUP),
                ("provisioningstate",),
            ),
            Route(
                "POST",
                f"{one}/validate",
                self.validate,
                _right("validate/action"),
                body=body_forms.DEPLOYMENT,
            ),
            Route("POST", f"{one}/exportTemplate", self.export, _right("exportTemplate/action")),
            Route("POST", f"{one}/whatIf", _what_if, _right("whatIf/action")),
            Route("GET", f"{one}/operations", self.operations, of_operations),
            Route("GET", f"{one}/operations/{{operation}}", self.operation, of_operations),
            Route("GET", _OPERATIONS, self.operations, of_operations),
            Route("GET", f"{_OPERATIONS}/{{operation}}", self.operation, of_operations),
            Route(
                "GET",
                f"{one}/operationStatuses/{{operation}}",
                self.status,
                _right("operationStatuses/read"),
            ),
        ]

    async def put(self, request: ArmRequest) -> Response:
        """Check all that can be checked at once, and begin."""
        deployment_id = self._id(request)
        previous = self.store.get(deployment_id)
        if self.deployments.is_in_progress(deployment_id):
            raise ArmError(
                409,
                "DeploymentActive",
                f"Unable to edit or replace deployment '{request['name']}': previous deployment is"
                " still active. Please see https://aka.ms/arm-deploy for usage details.",
            )
        document = _document(request)
        template = self._template(request, document)
        correlation = request.headers.get(_CORRELATION) or str(uuid.uuid4())
        deployment = self._new(request, template, correlation, "Accepted")
        # Deployments within this one belong to the same correlation.
        calls = Calls(_with_header(request, correlation), self.clock)
        rollout = Rollout(template, calls, self.clock, self.store)
        self.deployments.begin(deployment, document, rollout)
        operation = request.id / "operationStatuses" / f"{uuid.uuid4().int % 10**19:019d}"
        headers = {"azure-asyncoperation": request.url(operation), **SOON}
        return JsonAnswer(deployment, 200 if previous else 201, headers)

    async def validate(self, request: ArmRequest) -> Response:
        """The same checks, and nothing more."""
        template = self._template(request, _document(request))
        deployment = self._new(request, template, str(uuid.uuid4()), "Succeeded")
        validated = [{"id": step.resource.id} for step in template.resources]
        deployment["properties"]["validatedResources"] = validated
        return JsonAnswer(deployment)

    async def get(self, request: ArmRequest) -> Response:
        return JsonAnswer(self._existing(request))

    async def head(self, request: ArmRequest) -> Response:
        return empty(204 if self.store.get(self._id(request)) else 404)

    async def list(self, request: ArmRequest) -> Response:
        """Newest first, as they began."""
        deployments = [
            deployment
            for deployment in self.store.list(f"{request.id}/", DEPLOYMENT)
            if request.filter.matches(
                {"provisioningstate": deployment["properties"]["provisioningState"]}
            )
        ]
        return JsonAnswer({"value": list(reversed(deployments))})

    async def delete(self, request: ArmRequest) -> Response:
        """Delete the record; what was deployed stays. With its group, a deployment is canceled."""
        deployment_id = self._id(request)
        active = self.deployments.is_in_progress(deployment_id)
        if active and not self.deletions.around(request.id.first(4)):
            raise ArmError(
                409, "DeploymentActive", f"The deployment '{request['name']}' is still active."
            )
        await self.deployments.delete(deployment_id)
        return empty(204)

    async def export(self, request: ArmRequest) -> Response:
        deployment = self._existing(request)
        return JsonAnswer({"template": self.deployments.details(deployment["id"])["template"]})

    async def operations(self, request: ArmRequest) -> Response:
        deployment = self._existing(request)
        return JsonAnswer({"value": _operations(deployment, self.deployments)})

    async def operation(self, request: ArmRequest) -> Response:
        for record in _operations(self._existing(request), self.deployments):
            if record["operationId"].lower() == request["operation"].lower():
                return JsonAnswer(record)
        raise ArmError(
            404,
            "DeploymentOperationNotFound",
            f"The deployment operation '{request['operation']}' could not be found.",
        )

    async def status(self, request: ArmRequest) -> Response:
        properties = self._existing(request)["properties"]
        body = {"status": properties["provisioningState"]}
        if "error" in properties:
            body["error"] = properties["error"]
        return JsonAnswer(body, headers=SOON)

    def _existing(self, request: ArmRequest) -> Resource:
        deployment = self.store.get(self._id(request))
        if deployment is None:
            raise ArmError(
                404, "DeploymentNotFound", f"Deployment '{request['name']}' could not be found."
            )
        return deployment

    def _id(self, request: ArmRequest) -> str:
        """Azure writes the id in its own way, whatever the caller typed."""
        group = self._group(request)
        return f"{group['id']}/providers/{DEPLOYMENT}/{request['name']}"

    def _group(self, request: ArmRequest) -> Resource:
        group_id = _GROUP.format(**request.params)
        group = self.store.get(group_id)
        assert group is not None, f"{group_id} was checked before"
        return group

    def _template(self, request: ArmRequest, document: Mapping[str, Any]) -> Template:
        parameters = _requested(request).get("parameters", {})
        deployment = {"name": request["name"], "properties": {"mode": "Incremental"}}
        where = deployment_context(self.cloud, self.clock.now(), self._group(request), deployment)
        try:
            return Template(document, parameters, where)
        except TemplateError as error:
            raise _refused(error) from error

    def _new(
        self, request: ArmRequest, template: Template, correlation: str, state: str
    ) -> Resource:
        return {
            "id": self._id(request),
            "name": request["name"],
            "type": DEPLOYMENT,
            "properties": accepted(template, correlation, state, self.clock.now()),
        }


async def _what_if(_: ArmRequest) -> Response:
    """A failure within a 200: az breaks off with a traceback at any other refusal."""
    error = NotImitatedError("what-if")
    return JsonAnswer({"status": "Failed", "error": {"code": error.code, "message": error.message}})


def _operations(deployment: Resource, deployments: Deployments) -> list[dict[str, Any]]:
    """Newest first."""
    records = deployments.details(deployment["id"])["operations"]
    return [
        {"id": f"{deployment['id']}/operations/{record['operationId']}", **record}
        for record in reversed(records)
    ]


def _document(request: ArmRequest) -> dict[str, Any]:
    """The template of a request, which is to add to the group what it declares."""
    requested = _requested(request)
    if requested.get("mode") == "Complete":
        raise _refused(NotImitatedError("the mode Complete"))
    if "templateLink" in requested or "parametersLink" in requested:
        raise _refused(NotImitatedError("links to templates and parameters"))
    if "template" not in requested:
        raise bad_request(
            "InvalidRequestContent",
            "The request content was invalid: the property 'properties.template' is required.",
        )
    document: dict[str, Any] = requested["template"]
    return document


def _requested(request: ArmRequest) -> dict[str, Any]:
    """The properties of a request, in ARM's spelling."""
    properties = request.body.get("properties", {})
    try:
        spelled = members("DeploymentPropertiesDefinition", "deployment", properties)
    except TemplateError as error:
        raise bad_request("InvalidRequestContent", error.message) from error
    read = parsed(body_forms.DEPLOYMENT_PROPERTIES, {"properties": spelled})
    requested: dict[str, Any] = read["properties"]
    return requested


def _refused(error: TemplateError) -> ArmError:
    return ArmError(error.status, error.code, error.message)


def _with_header(request: ArmRequest, correlation: str) -> ArmRequest:
    return replace(request, headers={**request.headers, _CORRELATION: correlation})
