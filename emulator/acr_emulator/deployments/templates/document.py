"""The members of a template's objects: spelled in any case, refused where ARM has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acr_emulator.deployments.templates.evaluation import is_loop
from acr_emulator.deployments.templates.invalid_template import (
    NotImitatedError,
    TemplateError,
    check_shape,
    invalid,
)
from acr_emulator.deployments.templates.resources import DEPLOYMENT, is_inner, nested_template

#: What says more of a value than its type.
_SCHEMA = (
    *("$ref", "items", "prefixItems", "properties", "additionalProperties", "discriminator"),
    "sealed",
)
#: ARM's names of the types of objects, and their members (from memory).
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "Template": (
        *("$schema", "languageVersion", "contentVersion", "apiProfile", "metadata", "definitions"),
        *("functions", "parameters", "variables", "resources", "outputs"),
        *("imports", "extensions"),
    ),
    "TemplateInputParameter": (
        *("type", "defaultValue", "allowedValues", "metadata", "nullable"),
        *("minLength", "maxLength", "minValue", "maxValue"),
        *_SCHEMA,
    ),
    "TemplateOutputParameter": (
        *("type", "value", "condition", "copy", "metadata", "nullable"),
        *("minLength", "maxLength", "minValue", "maxValue"),
        *_SCHEMA,
    ),
    "TemplateFunctionNamespace": ("namespace", "members"),
    "TemplateFunction": ("parameters", "output", "metadata"),
    "TemplateFunctionParameter": ("name", "type", "metadata", "nullable", *_SCHEMA),
    "TemplateResourceCopy": ("name", "count", "mode", "batchSize", "input"),
    "TemplateResource": (
        *("id", "type", "apiVersion", "name", "location", "tags", "kind", "sku", "plan"),
        *("identity", "zones", "placement", "extendedLocation", "managedBy", "etag", "properties"),
        *("scope", "resourceGroup", "subscriptionId", "condition", "copy", "dependsOn"),
        *("resources", "comments", "metadata", "existing", "import", "extension", "@options"),
    ),
    "DeploymentParameterDefinition": ("type", "value", "reference", "metadata"),
    "DeploymentPropertiesDefinition": (
        *("mode", "template", "templateLink", "parameters", "parametersLink", "debugSetting"),
        *("onErrorDeployment", "expressionEvaluationOptions", "validationLevel"),
    ),
}
_SECTIONS = {
    **dict.fromkeys(("parameters", "variables", "outputs", "definitions"), dict),
    "functions": list,
}
_NOT_IMITATED: Mapping[str, Mapping[str, str]] = {
    "Template": {
        "imports": "extensions of templates",
        "extensions": "extensions of templates",
    },
    "TemplateResource": {
        "import": "extensions of templates",
        "extension": "extensions of templates",
        "@options": "options of resources in templates",
    },
}
#: The version in which resources have symbolic names.
_SYMBOLIC = "2.0"


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
    for key, imitated in _NOT_IMITATED.get(kind, {}).items():
        if spelled.get(key):
            raise NotImitatedError(imitated)
    return spelled


def checked(template: Any) -> dict[str, Any]:
    """A template, those nested in it too, in ARM's spelling; refused where it is none."""
    document = members("Template", "template", template)
    version = document.get("languageVersion")
    if version not in (None, "", "1.0", _SYMBOLIC):
        raise NotImitatedError(f"'languageVersion' {version} of templates")
    check_shape("template", document, _SECTIONS)
    document = {key: item for key, item in document.items() if item is not None}
    for section, noun, kind in (
        ("parameters", "parameter", "TemplateInputParameter"),
        ("outputs", "output", "TemplateOutputParameter"),
    ):
        document[section] = {
            name: _with_copy(noun, name, members(kind, f"{noun} '{name}'", item))
            for name, item in document.get(section, {}).items()
        }
    document["functions"] = [_namespace(item) for item in document.get("functions", [])]
    declared = document.get("resources")
    symbolic = version == _SYMBOLIC
    return {**document, "resources": _resources(declared, symbolic=symbolic)}


def _resources(declared: Any, *, symbolic: bool) -> Any:
    """A list of resources, or an object of them by their symbolic names."""
    kind, what = (dict, "an object") if symbolic else (list, "an array")
    declared = kind() if declared is None else declared
    items = declared.values() if isinstance(declared, dict) else declared
    if not isinstance(declared, kind) or not all(isinstance(item, dict) for item in items):
        raise invalid(f"The property 'resources' must be {what} of objects")
    if isinstance(declared, dict):
        return {name: _resource(item) for name, item in declared.items()}
    return [_resource(item) for item in declared]


def _resource(declared: dict[str, Any]) -> dict[str, Any]:
    resource = members("TemplateResource", "resource", declared)
    resource = _with_copy("resource", str(resource.get("name", "")), resource)
    if "resources" in resource:
        within = resource["resources"]
        resource["resources"] = _resources(within, symbolic=isinstance(within, dict))
    properties = resource.get("properties")
    kind = str(resource.get("type")).rstrip("/").lower()
    if kind == DEPLOYMENT.lower() and isinstance(properties, dict):
        kind = "DeploymentPropertiesDefinition"
        resource["properties"] = members(kind, "nested deployment", properties)
    template = nested_template(resource)
    if template is not None:
        inner = checked(template)
        if not is_inner(resource["properties"]):
            _refuse_loops(template)
            if inner["functions"]:
                raise NotImitatedError("functions in a nested template of the outer scope")
        resource["properties"] = {**resource["properties"], "template": inner}
    return resource


def _refuse_loops(value: Any) -> None:
    """In the outer scope, expressions of a nested template are evaluated before its loops run."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.lower() == "copy" and (is_loop(item) or isinstance(item, dict)):
                raise NotImitatedError("'copy' in a nested template of the outer scope")
            _refuse_loops(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_loops(item)


def _namespace(declared: Any) -> dict[str, Any]:
    """The functions of a namespace, in ARM's spelling."""
    namespace = members("TemplateFunctionNamespace", "namespace of functions", declared)
    check_shape("namespace of functions", namespace, {"namespace": str, "members": dict})
    functions = {
        name: members("TemplateFunction", f"function '{name}'", function)
        for name, function in (namespace.get("members") or {}).items()
    }
    for name, function in functions.items():
        what = f"function '{name}'"
        check_shape(what, function, {"parameters": list, "output": dict})
        function["parameters"] = [
            members("TemplateFunctionParameter", f"parameter of the {what}", parameter)
            for parameter in function.get("parameters") or []
        ]
        output = function.get("output") or {}
        function["output"] = members("TemplateOutputParameter", f"output of the {what}", output)
        if "value" not in function["output"]:
            raise invalid(f"The {what} has no output with a value")
    return {"namespace": namespace.get("namespace", ""), "members": functions}


def _with_copy(noun: str, name: str, item: dict[str, Any]) -> dict[str, Any]:
    """Something that may be a loop, the members of its `copy` in ARM's spelling."""
    loop = item.pop("copy", None)
    if loop is None:
        return item
    what = f"copy of the {noun} '{name}'"
    loop = members("TemplateResourceCopy", what, loop)
    check_shape(what, loop, {"name": str, "mode": str, "batchSize": int})
    if noun == "parameter":
        raise invalid(f"The {what} is not allowed")
    if "count" not in loop or (noun == "resource" and not loop.get("name")):
        raise invalid(f"The {what} has no count or no name")
    return {**item, "copy": loop}
