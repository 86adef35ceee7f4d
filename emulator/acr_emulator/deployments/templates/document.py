"""The members of a template's objects: spelled in any case, refused where ARM has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acr_emulator.deployments.templates.invalid_template import (
    NotImitatedError,
    TemplateError,
    check_shape,
    invalid,
)
from acr_emulator.deployments.templates.resources import DEPLOYMENT, nested_template

#: ARM's names of the types of objects, and their members (from memory).
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "Template": (
        *("$schema", "languageVersion", "contentVersion", "apiProfile", "metadata", "definitions"),
        *("functions", "parameters", "variables", "resources", "outputs"),
    ),
    "TemplateInputParameter": (
        *("type", "defaultValue", "allowedValues", "metadata"),
        *("minLength", "maxLength", "minValue", "maxValue"),
    ),
    "TemplateOutputParameter": ("type", "value", "condition", "copy", "metadata"),
    "TemplateResource": (
        *("id", "type", "apiVersion", "name", "location", "tags", "kind", "sku", "plan"),
        *("identity", "zones", "placement", "extendedLocation", "managedBy", "etag", "properties"),
        *("scope", "resourceGroup", "subscriptionId", "condition", "copy", "dependsOn"),
        *("resources", "comments", "metadata"),
    ),
    "DeploymentParameterDefinition": ("type", "value", "reference", "metadata"),
    "DeploymentPropertiesDefinition": (
        *("mode", "template", "templateLink", "parameters", "parametersLink", "debugSetting"),
        *("onErrorDeployment", "expressionEvaluationOptions", "validationLevel"),
    ),
}
_SECTIONS = {"parameters": dict, "variables": dict, "resources": list, "outputs": dict}
_NOT_IMITATED = {
    "functions": "functions of a template's own",
    "definitions": "types of a template's own",
    "languageVersion": "'languageVersion' 2.0 of templates",
}


def members(kind: str, what: str, value: Any) -> dict[str, Any]:
    """An object of ARM's type of that name, its members in ARM's spelling."""
    check_shape(what, value, {})
    spellings = {member.lower(): member for member in _MEMBERS[kind]}
    spelled: dict[str, Any] = {}
    for key, item in value.items():
        spelling = spellings.get(key.lower())
        if spelling is None:
            raise TemplateError(
                "Deployment template parse failed: 'Could not find member"
                f" '{key}' on object of type '{kind}''."
            )
        if spelling in spelled:
            raise invalid(f"The {what} has the property '{spelling}' twice")
        spelled[spelling] = item
    return spelled


def checked(template: Any) -> dict[str, Any]:
    """A template, those nested in it too, in ARM's spelling; refused where it is none."""
    document = members("Template", "template", template)
    for key, what in _NOT_IMITATED.items():
        if document.get(key):
            raise NotImitatedError(what)
    check_shape("template", document, _SECTIONS)
    document = {key: item for key, item in document.items() if item is not None}
    _refuse_loops(document.get("variables"))
    for section, noun, kind in (
        ("parameters", "parameter", "TemplateInputParameter"),
        ("outputs", "output", "TemplateOutputParameter"),
    ):
        document[section] = {
            name: _without_loop(members(kind, f"{noun} '{name}'", item))
            for name, item in document.get(section, {}).items()
        }
    return {**document, "resources": _resources(document.get("resources"))}


def _resources(declared: Any) -> list[dict[str, Any]]:
    if declared is None:
        return []
    if not isinstance(declared, list) or not all(isinstance(item, dict) for item in declared):
        raise invalid("The property 'resources' must be an array of objects")
    return [_resource(item) for item in declared]


def _resource(declared: dict[str, Any]) -> dict[str, Any]:
    resource = _without_loop(members("TemplateResource", "resource", declared))
    if "resources" in resource:
        resource["resources"] = _resources(resource["resources"])
    properties = resource.get("properties")
    if str(resource.get("type")).lower() == DEPLOYMENT.lower() and isinstance(properties, dict):
        kind = "DeploymentPropertiesDefinition"
        resource["properties"] = members(kind, "nested deployment", properties)
    template = nested_template(resource)
    if template is not None:
        around = {key: item for key, item in resource["properties"].items() if key != "template"}
        _refuse_loops(around)
        resource["properties"] = {**around, "template": checked(template)}
    else:
        _refuse_loops(properties)
    return resource


def _without_loop(item: dict[str, Any]) -> dict[str, Any]:
    if item.pop("copy", None) is not None:
        raise NotImitatedError("'copy' in templates")
    return item


def _refuse_loops(value: Any) -> None:
    """In variables and properties, `copy` is a loop if it has the form of one, else a name."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.lower() == "copy" and _is_loop(item):
                raise NotImitatedError("'copy' in templates")
            _refuse_loops(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_loops(item)


def _is_loop(value: Any) -> bool:
    return (
        bool(value)
        and isinstance(value, list)
        and all(
            isinstance(item, dict) and {"name", "count"} <= {key.lower() for key in item}
            for item in value
        )
    )
