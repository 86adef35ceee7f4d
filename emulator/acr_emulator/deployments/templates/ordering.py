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


def ordered(
    declared: list[TemplateResource],
    references: Callable[[TemplateResource], Iterable[str]],
) -> list[Step]:
    """Those whose condition holds, as declared but each after what it builds on."""
    _check_unique(declared)
    steps = [
        Step(resource, _dependencies(resource, declared) | _implied(resource, declared, references))
        for resource in declared
        if resource.condition
    ]
    waiting = {step.resource.id.lower(): step for step in steps}
    sorted_steps: list[Step] = []
    while waiting:
        step = next((step for step in waiting.values() if not step.after & waiting.keys()), None)
        if step is None:
            first = next(iter(waiting.values())).resource
            raise invalid(
                f"Circular dependency detected on resource: '{first.id}'. Please see"
                " https://aka.ms/arm-syntax-resources for usage details."
            )
        del waiting[step.resource.id.lower()]
        sorted_steps.append(step)
    return sorted_steps


def _dependencies(resource: TemplateResource, declared: list[TemplateResource]) -> frozenset[str]:
    """Of `dependsOn`: what it names must be in the template."""
    targets = []
    for name, written in resource.depends_on.items():
        target = _find(name, declared)
        if target is None:
            raise invalid(
                f"The resource '{written}' is not defined in the template. Please see"
                " https://aka.ms/arm-syntax for usage details."
            )
        targets.append(target.id.lower())
    return frozenset(targets)


def _implied(
    resource: TemplateResource,
    declared: list[TemplateResource],
    references: Callable[[TemplateResource], Iterable[str]],
) -> frozenset[str]:
    """Of `reference` and `list...`: these may name existing resources, too."""
    targets = (_find(name, declared) for name in references(resource))
    return frozenset(target.id.lower() for target in targets if target and target is not resource)


def _find(name: str, declared: list[TemplateResource]) -> TemplateResource | None:
    return next((resource for resource in declared if resource.is_called(name)), None)


def _check_unique(declared: list[TemplateResource]) -> None:
    """The same resource twice is allowed under conditions of which at most one holds."""
    preceding: set[str] = set()
    for resource in declared:
        if resource.condition and resource.id.lower() in preceding:
            raise invalid(
                f"The resource '{resource.id}' is defined multiple times in a template. Please see"
                " https://aka.ms/arm-syntax-resources for usage details."
            )
        preceding.update({resource.id.lower()} if resource.condition else ())
