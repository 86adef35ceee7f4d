"""The resources that a template declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from acr_emulator.deployments.templates.evaluation import Evaluator
from acr_emulator.deployments.templates.identifiers import provider_path
from acr_emulator.deployments.templates.invalid_template import (
    ArgumentError,
    check_shape,
    invalid,
)
from acr_emulator.deployments.templates.parser import escaped

DEPLOYMENT = "Microsoft.Resources/deployments"
#: What is for the deployment and not for the resource's own provider.
_NOT_IN_BODY = (
    *("type", "name", "apiVersion", "condition", "dependsOn", "scope", "comments", "metadata"),
    *("resources", "resourceGroup", "subscriptionId", "copy", "existing"),
)
#: What a resource is made from before anything is deployed; `reference` isn't allowed there.
_HEAD: Mapping[str, type] = {
    **dict.fromkeys(("type", "name", "apiVersion", "scope", "resourceGroup"), str),
    **dict.fromkeys(("condition", "existing"), bool),
    "subscriptionId": str,
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
    #: Whether it is declared only to be referred to.
    existing: bool
    #: What it names -> as the template writes it: the value may be secret.
    depends_on: Mapping[str, str]
    body: dict[str, Any]
    #: Its symbolic name, `name[0]` if it is of a loop; empty in templates without such names.
    symbol: str = ""
    #: What all resources of its loop are called: the name of the loop and the symbolic name.
    loop_names: frozenset[str] = frozenset()
    #: Its index in each loop that it is of, by the loop's name and by "".
    loops: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_deployed(self) -> bool:
        """Whether the deployment writes it."""
        return self.condition and not self.existing

    @property
    def names(self) -> frozenset[str]:
        """What it can be called, in lower case: its id, also within the group, its name, ..."""
        resource_id = self.id.lower()
        within_group = resource_id.partition("/providers/")[2]
        names = {resource_id, within_group, self.name.lower(), self.symbol.lower()}
        return self.loop_names | names - {""}


@dataclass(frozen=True)
class _Parent:
    type: str = ""
    name: str = ""
    id: str = ""
    loops: Mapping[str, int] = field(default_factory=dict)


Declared = list[dict[str, Any]] | dict[str, dict[str, Any]]


def resources(
    declared: Declared,
    evaluator: Evaluator,
    group_id: str,
    parent: _Parent | None = None,
) -> Iterator[TemplateResource]:
    """Those declared, each followed by the ones declared within it; loops are run."""
    for symbol, item in _named(declared):
        made: list[str] = []
        for loops in _iterations(item, evaluator):
            surrounding = parent or _Parent()
            resource = _resource(
                item, evaluator.within({**surrounding.loops, **loops}), group_id, surrounding
            )
            resource = replace(
                resource,
                depends_on={**resource.depends_on, **_earlier_batch(item, made)},
                symbol=f"{symbol}[{loops['']}]" if symbol and loops else symbol,
                loop_names=_loop_names(symbol, item),
                loops={**surrounding.loops, **loops},
            )
            made.append(resource.id)
            yield resource
            within = _Parent(resource.type, resource.name, resource.id, resource.loops)
            yield from resources(item.get("resources", []), evaluator, group_id, within)


def loop_names(declared: Declared) -> Iterator[str]:
    """The names of all loops, in lower case: also of one that runs zero times."""
    for symbol, item in _named(declared):
        yield from _loop_names(symbol, item)
        yield from loop_names(item.get("resources", []))


def _earlier_batch(declared: Mapping[str, Any], made: Sequence[str]) -> dict[str, str]:
    """What the next resource of a serial loop waits for: those of the batch before its own."""
    loop = declared.get("copy", {})
    if str(loop.get("mode")).lower() != "serial":
        return {}
    size = max(loop.get("batchSize", 1), 1)
    end = len(made) // size * size
    return {resource_id: resource_id for resource_id in made[max(end - size, 0) : end]}


def _named(declared: Declared) -> Iterable[tuple[str, dict[str, Any]]]:
    """Resources with their symbolic names, if the template has such names."""
    return declared.items() if isinstance(declared, dict) else (("", item) for item in declared)


def _loop_names(symbol: str, declared: Mapping[str, Any]) -> frozenset[str]:
    if "copy" not in declared:
        return frozenset()
    return frozenset({symbol.lower(), declared["copy"]["name"].lower()} - {""})


def _iterations(declared: Mapping[str, Any], evaluator: Evaluator) -> Iterator[dict[str, int]]:
    """The indexes of a resource's loop by its name and by ""; one without any for no loop."""
    if "copy" not in declared:
        yield {}
        return
    for loops in evaluator.iterations(f"resource '{declared.get('name', '')}'", declared["copy"]):
        yield {**loops, "": next(iter(loops.values()))}


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
    # Templates of Microsoft's have a slash behind it, which Resource Manager ignores.
    own_type = head["type"].rstrip("/")
    resource_type = f"{parent.type}/{own_type}" if parent.type else own_type
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
        existing=head.get("existing", False),
        depends_on=depends_on | ({parent.id: parent.id} if parent.id else {}),
        body={key: value for key, value in declared.items() if key not in _NOT_IN_BODY},
    )


def _scope(head: Mapping[str, Any], group_id: str) -> str:
    """The id that the resource is below: the group's, or of what it extends."""
    _, _, subscription, _, own_group = group_id.split("/")
    in_subscription, in_group = head.get("subscriptionId"), head.get("resourceGroup")
    if in_subscription or in_group:
        group = f"resourceGroups/{in_group or own_group}"
        return f"/subscriptions/{in_subscription or subscription}/{group}"
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
    return {**body, "properties": {**properties, "template": {}}} if is_inner(properties) else body


def evaluated(
    declared: dict[str, Any],
    value: Callable[[Any], Any],
    expanded: Callable[[Any], Any],
) -> dict[str, Any]:
    """A resource without expressions, but for a nested template that has a separate scope.

    `expanded` evaluates its properties, in which `copy` is a loop. In the outer scope, which is the
    default, a nested template's expressions see this template's parameters and variables: it is
    sent evaluated.
    """
    body = {key: value(item) for key, item in declared.items() if key != "properties"}
    if "properties" not in declared:
        return body
    template = nested_template(declared)
    if template is None:
        return {**body, "properties": expanded(declared["properties"])}
    around = {key: item for key, item in declared["properties"].items() if key != "template"}
    properties = expanded(around)
    properties["template"] = template if is_inner(properties) else _outer(template, value)
    return {**body, "properties": properties}


def _outer(template: dict[str, Any], value: Callable[[Any], Any]) -> dict[str, Any]:
    def kept(document: Any) -> Any:
        """The value, written so that evaluating it once more changes nothing."""
        return _escaped(value(document))

    around = kept({key: item for key, item in template.items() if key != "resources"})
    declared = template["resources"]
    made: Declared = (
        {name: evaluated(item, kept, kept) for name, item in declared.items()}
        if isinstance(declared, dict)
        else [evaluated(item, kept, kept) for item in declared]
    )
    return {**around, "resources": made}


def is_inner(properties: Mapping[str, Any]) -> bool:
    """Whether the template of a nested deployment has a separate scope."""
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
