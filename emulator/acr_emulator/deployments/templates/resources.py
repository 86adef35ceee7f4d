"""The resources that a template declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from acr_emulator.deployments.templates.evaluation import Evaluator
from acr_emulator.deployments.templates.identifiers import provider_path
from acr_emulator.deployments.templates.invalid_template import (
    ArgumentError,
    TemplateError,
    check_shape,
    invalid,
)
from acr_emulator.deployments.templates.parser import escaped

DEPLOYMENT = "Microsoft.Resources/deployments"
#: What is for the deployment and not for the resource's own provider.
_NOT_IN_BODY = (
    *("type", "name", "apiVersion", "condition", "dependsOn", "scope", "comments", "metadata"),
    *("resources", "resourceGroup", "subscriptionId"),
)
#: What a resource is made from before anything is deployed; `reference` may not stand there.
_HEAD: Mapping[str, type] = {
    **dict.fromkeys(("type", "name", "apiVersion", "scope", "resourceGroup"), str),
    "condition": bool,
    "dependsOn": list,
}


@dataclass(frozen=True)
class TemplateResource:
    """One resource: its head is evaluated, its body is not yet."""

    id: str
    type: str
    name: str
    api_version: str
    condition: bool
    #: What it names -> as the template writes it: the value may be secret.
    depends_on: Mapping[str, str]
    body: dict[str, Any]

    def is_called(self, reference: str) -> bool:
        """Whether that is its id, its id within the group, or its name."""
        wanted = reference.lower()
        resource_id = self.id.lower()
        within_group = resource_id.partition("/providers/")[2]
        return wanted in (resource_id, within_group, self.name.lower())


@dataclass(frozen=True)
class _Parent:
    type: str = ""
    name: str = ""
    id: str = ""


def resources(
    declared: list[dict[str, Any]],
    evaluator: Evaluator,
    group_id: str,
    parent: _Parent | None = None,
) -> Iterator[TemplateResource]:
    """Those declared in a list, each followed by the ones declared within it."""
    for item in declared:
        resource = _resource(item, evaluator, group_id, parent or _Parent())
        yield resource
        as_parent = _Parent(resource.type, resource.name, resource.id)
        yield from resources(item.get("resources", []), evaluator, group_id, as_parent)


def _resource(
    declared: Mapping[str, Any], evaluator: Evaluator, group_id: str, parent: _Parent
) -> TemplateResource:
    values = {key: evaluator.value(declared[key]) for key in _HEAD if key in declared}
    head = {key: value for key, value in values.items() if value is not None}
    # As the template writes it: its value may be secret.
    what = f"resource '{declared.get('name', '')}'"
    check_shape(what, head, _HEAD)
    for key in ("type", "name", "apiVersion"):
        if not head.get(key):
            raise invalid(f"The {what} has no property '{key}'")
    dependencies = head.get("dependsOn", [])
    if not all(isinstance(item, str) for item in dependencies):
        raise invalid(f"The property 'dependsOn' of the {what} must be an array of strings")
    resource_type = f"{parent.type}/{head['type']}" if parent.type else head["type"]
    name = f"{parent.name}/{head['name']}" if parent.name else head["name"]
    written = declared.get("dependsOn")
    items = written if isinstance(written, list) else [written] * len(dependencies)
    depends_on = dict(zip(dependencies, items, strict=True))
    return TemplateResource(
        id=f"{_scope(head, group_id)}/{_path(resource_type, name, declared)}",
        type=resource_type,
        name=name,
        api_version=head["apiVersion"],
        condition=head.get("condition", True),
        depends_on=depends_on | ({parent.id: parent.id} if parent.id else {}),
        body={key: value for key, value in declared.items() if key not in _NOT_IN_BODY},
    )


def _scope(head: Mapping[str, Any], group_id: str) -> str:
    """The id that the resource is below: the group's, or of what it extends."""
    if group := head.get("resourceGroup"):
        return f"{group_id.rpartition('/')[0]}/{group}"
    scope: str = head.get("scope") or group_id
    return scope.rstrip("/") if scope.startswith("/") else f"{group_id}/providers/{scope}"


def _path(resource_type: str, name: str, declared: Mapping[str, Any]) -> str:
    try:
        return provider_path(resource_type, name.split("/"))
    except ArgumentError as error:
        raise invalid(
            f"The template resource '{declared['name']}' for type '{declared['type']}' has"
            " incorrect segment lengths. A nested resource type must have identical number of"
            " segments as its resource name. A root resource type must have segment length one"
            " greater than its resource name. Please see https://aka.ms/arm-syntax-resources for"
            " usage details."
        ) from error


def nested_template(declared: Mapping[str, Any]) -> dict[str, Any] | None:
    """The template within a resource that is a deployment itself."""
    properties = declared.get("properties")
    # Other types may have a template, too; a mode is what every deployment must have.
    if not isinstance(properties, dict) or "mode" not in properties:
        return None
    template = properties.get("template")
    return template if isinstance(template, dict) else None


def without_inner_template(body: dict[str, Any]) -> dict[str, Any]:
    """What of a body is evaluated with the parameters and references of this template."""
    if nested_template(body) is None:
        return body
    properties = body["properties"]
    return {**body, "properties": {**properties, "template": {}}} if _is_inner(properties) else body


def evaluated(declared: dict[str, Any], value: Callable[[Any], Any]) -> dict[str, Any]:
    """A resource without expressions, but for a nested template that has a separate scope.

    In the outer scope, which is the default, a nested template's expressions see this template's
    parameters and variables: it is sent evaluated.
    """
    template = nested_template(declared)
    if template is None:
        return _object(value(declared))
    properties = {key: item for key, item in declared["properties"].items() if key != "template"}
    body = _object(value({**declared, "properties": properties}))
    inner = _is_inner(body["properties"])
    body["properties"]["template"] = template if inner else _outer(template, value)
    return body


def _outer(template: dict[str, Any], value: Callable[[Any], Any]) -> dict[str, Any]:
    def kept(document: Any) -> Any:
        """The value, written so that evaluating it once more changes nothing."""
        return _escaped(value(document))

    around = kept({key: item for key, item in template.items() if key != "resources"})
    return {**around, "resources": [evaluated(item, kept) for item in template["resources"]]}


def _is_inner(properties: Mapping[str, Any]) -> bool:
    options = properties.get("expressionEvaluationOptions")
    scope = options.get("scope") if isinstance(options, dict) else None
    return str(scope).lower() == "inner"


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {escaped(key): _escaped(item) for key, item in value.items()}
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TemplateError("A resource must be an object.")
    return value
