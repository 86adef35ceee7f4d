"""A template with its parameters: what it declares, in what order, and what comes out of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from acr_emulator.deployments.templates.deployment_context import DeploymentContext
from acr_emulator.deployments.templates.document import checked
from acr_emulator.deployments.templates.evaluation import (
    Effort,
    Evaluator,
    check_known,
    is_listing,
    is_loop,
    loop_members,
)
from acr_emulator.deployments.templates.expressions import Call, calls
from acr_emulator.deployments.templates.invalid_template import (
    TemplateError,
    check_shape,
    invalid,
)
from acr_emulator.deployments.templates.named_values import NamedValues
from acr_emulator.deployments.templates.ordering import Declared, ordered
from acr_emulator.deployments.templates.own_functions import own_functions
from acr_emulator.deployments.templates.parameters import Parameters, check_type, shown
from acr_emulator.deployments.templates.parser import is_expression, parse
from acr_emulator.deployments.templates.resources import (
    TemplateResource,
    evaluated,
    loop_names,
    resources,
    without_inner_template,
)
from acr_emulator.deployments.templates.runtime_references import Fetch, NeededError, References
from acr_emulator.deployments.templates.schemas import Types
from acr_emulator.deployments.templates.values import is_integer, type_name

#: Ours: far more than what people write, far less than what Python's stack takes.
_DEEPEST = 100
#: Functions whose first argument names a resource that must be deployed before.
_READING = ("reference", "references")


@dataclass(frozen=True)
class Loop:
    """A variable that a loop makes: the members of the loop."""

    members: Mapping[str, Any]


class Template:
    """Checks everything that can be checked before the first resource is deployed."""

    def __init__(
        self, sent: Mapping[str, Any], given: Mapping[str, Any], context: DeploymentContext
    ) -> None:
        _check_numbers([sent, given])
        document = checked(sent)
        check_shape("parameters given", given, {})
        effort = Effort()
        self._types = Types(document.get("definitions", {}))
        own = own_functions(document["functions"], self._types, effort)
        _check_functions(document)
        self._variables = _unrolled(document.get("variables", {}))
        self._outputs = document["outputs"]
        defaults = {**context.functions_of_defaults(), **own}
        self.parameters = Parameters(
            document["parameters"],
            given,
            Evaluator({**defaults, "parameters": self._parameter}, effort),
            self._types,
        )
        self.parameters.check()
        variables = NamedValues("variable", self._variables, self._variable)
        self._situated = {
            **context.functions(),
            **own,
            "parameters": self.parameters.values.get,
            "variables": variables.get,
        }
        self._static = Evaluator(self._situated, effort)
        self._effort = effort
        sections = document["resources"]
        self._declared = Declared(
            resources(sections, self._static, context.group["id"]), loop_names(sections)
        )
        #: Those that are to be deployed, each after everything that it builds on.
        self.resources = ordered(self._declared, self._references)
        self._check_bodies()
        self.digest = str(
            int.from_bytes(hashlib.sha256(json.dumps(sent).encode()).digest()[:8], "big")
        )

    def _parameter(self, name: str) -> Any:
        return self.parameters.values.get(name)

    def _variable(self, name: str) -> Any:
        value, evaluator = self._variables[name], self._static.expanding()
        if isinstance(value, Loop):
            return evaluator.repeated(f"variable '{name}'", value.members)
        return evaluator.value(value)

    @property
    def declared(self) -> Sequence[TemplateResource]:
        """Its resources as it lists them."""
        return self._declared.resources

    def _check_bodies(self) -> None:
        """Those that need nothing that is known only later."""
        for step in self.resources:
            with suppress(NeededError):
                self.body(step.resource, {})

    def body(self, resource: TemplateResource, fetched: Mapping[Fetch, Any]) -> dict[str, Any]:
        """What to send to the resource's provider; NeededError if a response of ARM is needed."""
        try:
            live = self._live(fetched).within(resource.loops)
            return evaluated(resource.body, live.value, live.expanding().value)
        except TemplateError as error:
            raise TemplateError(
                "Unable to process template language expressions for resource"
                f" '{resource.id}'. '{error}'"
            ) from error

    def outputs(self, fetched: Mapping[Fetch, Any]) -> dict[str, Any]:
        """The outputs as deployments show them; NeededError if a response of ARM is needed."""
        live = self._live(fetched)
        outputs = {}
        for name, output in self._outputs.items():
            check_shape(f"output '{name}'", output, {"type": str})
            if output.keys().isdisjoint(("value", "copy")):
                raise invalid(f"The template output '{name}' has no value")
            if live.value(output.get("condition", True)):
                value = (
                    live.repeated(f"output '{name}'", output["copy"])
                    if "copy" in output
                    else live.value(output["value"])
                )
                wanted = self._types.resolved(output)
                declared = str(wanted.get("type", ""))
                if value is not None or not wanted.get("nullable"):
                    check_type("output", name, declared, value)
                outputs[name] = shown(declared, value)
        return outputs

    def _live(self, fetched: Mapping[Fetch, Any]) -> Evaluator:
        references = References(self._declared.find, fetched)
        functions: dict[str, Callable[..., Any]] = {
            "reference": references.reference,
            "references": references.references,
            "resourceInfo": references.resource_info,
        }
        # What ARM has to be requested is evaluated once more after each of its answers.
        effort = Effort() if fetched else self._effort
        evaluator = Evaluator({**self._situated, **functions}, effort)
        evaluator.listing = references.listing
        return evaluator

    def _references(self, resource: TemplateResource) -> Iterator[str]:
        """Names and ids that the body of a resource reads, hence depends on."""
        for call in _calls(without_inner_template(resource.body)):
            if call.arguments and (call.name.lower() in _READING or is_listing(call.name)):
                try:
                    target = self._static.within(resource.loops).expression(call.arguments[0])
                except (TemplateError, RecursionError):
                    continue  # it is refused when the body is evaluated, if it is used at all
                if isinstance(target, str):
                    yield target


def _unrolled(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables by name, those that `copy` makes as loops."""
    named: dict[str, Any] = {}
    for name, value in variables.items():
        if name.lower() == "copy" and is_loop(value):
            for loop in map(loop_members, value):
                named[loop["name"]] = Loop(loop)
        else:
            named[name] = value
    return named


def _check_numbers(document: Any) -> None:
    for scalar in _scalars(document):
        if type_name(scalar) == "Integer" and not is_integer(scalar):
            raise invalid("An integer has more than 64 bits")


def _check_functions(document: Any) -> None:
    """Refuse what cannot be parsed, and functions that do not exist.

    Functions with a namespace may be those of a nested template; evaluation knows.
    """
    for call in _calls(document):
        if "." not in call.name:
            check_known(call.name)


def _calls(document: Any) -> Iterator[Call]:
    """Every call in every expression of a document."""
    for scalar in _scalars(document):
        if isinstance(scalar, str) and is_expression(scalar):
            yield from calls(parse(scalar))


def _scalars(document: Any) -> Iterator[Any]:
    """Everything in a document, the names of properties too, that is no array or object."""
    waiting = [(document, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > _DEEPEST:
            raise TemplateError("The template is nested too deeply.")
        if isinstance(item, list | dict):
            # Of an object, its names: its values follow.
            within = [*item, *item.values()] if isinstance(item, dict) else item
            waiting.extend((value, depth + 1) for value in reversed(within))
        else:
            yield item
