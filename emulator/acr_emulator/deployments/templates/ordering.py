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
        Step(each, _dependencies(each, declared) | _implied(each, declared, references))
        for each in declared
        if each.condition
    ]
    waiting = {step.resource.id.lower(): step for step in steps}
    sorted_steps: list[Step] = []
    while waiting:
        step = next((each for each in waiting.values() if not each.after & waiting.keys()), None)
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
    found = []
    for name in resource.depends_on:
        target = _find(name, declared)
        if target is None:
            raise invalid(
                f"The resource '{name}' is not defined in the template. Please see"
                " https://aka.ms/arm-syntax for usage details."
            )
        found.append(target.id.lower())
    return frozenset(found)


def _implied(
    resource: TemplateResource,
    declared: list[TemplateResource],
    references: Callable[[TemplateResource], Iterable[str]],
) -> frozenset[str]:
    """Of `reference` and `list...`: these may name what is there already, too."""
    found = (_find(name, declared) for name in references(resource))
    return frozenset(each.id.lower() for each in found if each and each is not resource)


def _find(name: str, declared: list[TemplateResource]) -> TemplateResource | None:
    return next((each for each in declared if each.is_called(name)), None)


def _check_unique(declared: list[TemplateResource]) -> None:
    """The same resource twice is allowed under conditions of which at most one holds."""
    seen: set[str] = set()
    for each in declared:
        if each.condition and each.id.lower() in seen:
            raise invalid(
                f"The resource '{each.id}' is defined multiple times in a template. Please see"
                " https://aka.ms/arm-syntax-resources for usage details."
            )
        seen.update({each.id.lower()} if each.condition else ())
