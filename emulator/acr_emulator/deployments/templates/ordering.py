"""In what order the resources of a template are deployed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from acr_emulator.deployments.templates.invalid_template import invalid
from acr_emulator.deployments.templates.resources import TemplateResource


@dataclass(frozen=True)
class Step:
    """A resource and the ids, in lower case, of those in the template that it builds on."""

    resource: TemplateResource
    after: frozenset[str]


class Declared:
    """The resources of a template, by what they can be called."""

    def __init__(self, resources: Iterable[TemplateResource], loops: Iterable[str] = ()) -> None:
        """`loops` are the names of all loops, also of those that run zero times."""
        self.resources = list(resources)
        self._named: dict[str, list[TemplateResource]] = {name: [] for name in loops}
        for resource in self.resources:
            for name in resource.names:
                self._named.setdefault(name, []).append(resource)

    def find(self, name: str) -> list[TemplateResource] | None:
        """Those of that name or id, or all of the loop of that name; None if nothing has it."""
        return self._named.get(name.lower())


def ordered(
    declared: Declared, references: Callable[[TemplateResource], Iterable[str]]
) -> list[Step]:
    """Those that are deployed, as declared but each after what it builds on."""
    _check_unique(declared.resources)
    waiting = {
        # What exists is not deployed, but passes on what it depends on; it may be declared twice.
        (resource.id.lower(), resource.existing): Step(
            resource, _dependencies(resource, declared) | _implied(resource, declared, references)
        )
        for resource in declared.resources
        if resource.condition
    }
    sorted_steps: list[Step] = []
    passed_on: dict[str, frozenset[str]] = {}
    while waiting:
        ids = {resource_id for resource_id, _ in waiting}
        key = next((key for key, step in waiting.items() if not step.after & ids), None)
        if key is None:
            first = next(iter(waiting.values())).resource
            raise invalid(
                f"Circular dependency detected on resource: '{first.id}'. Please see"
                " https://aka.ms/arm-syntax-resources for usage details."
            )
        step = waiting.pop(key)
        further = (passed_on.get(resource_id, frozenset()) for resource_id in step.after)
        step = Step(step.resource, step.after.union(*further))
        if step.resource.existing:
            passed_on[key[0]] = step.after
        else:
            sorted_steps.append(step)
    return sorted_steps


def _dependencies(resource: TemplateResource, declared: Declared) -> frozenset[str]:
    """Of `dependsOn`: what it names must be in the template."""
    targets: set[str] = set()
    for name, written in resource.depends_on.items():
        matching = declared.find(name)
        if matching is None:
            raise invalid(
                f"The resource '{written}' is not defined in the template. Please see"
                " https://aka.ms/arm-syntax for usage details."
            )
        targets.update(target.id.lower() for target in matching)
    return frozenset(targets)


def _implied(
    resource: TemplateResource,
    declared: Declared,
    references: Callable[[TemplateResource], Iterable[str]],
) -> frozenset[str]:
    """Of `reference` and `list...`: these may name existing resources, too."""
    targets = (target for name in references(resource) for target in declared.find(name) or ())
    return frozenset(target.id.lower() for target in targets if target is not resource)


def _check_unique(declared: list[TemplateResource]) -> None:
    """The same resource twice is allowed under conditions of which at most one holds."""
    preceding: set[str] = set()
    for resource in declared:
        if resource.is_deployed and resource.id.lower() in preceding:
            raise invalid(
                f"The resource '{resource.id}' is defined multiple times in a template. Please see"
                " https://aka.ms/arm-syntax-resources for usage details."
            )
        preceding.update({resource.id.lower()} if resource.is_deployed else ())
