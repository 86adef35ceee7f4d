"""A template with its parameters: what it declares, in what order, and what comes out of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from acr_emulator.deployments.templates.deployment_context import DeploymentContext
from acr_emulator.deployments.templates.document import checked
from acr_emulator.deployments.templates.evaluation import Evaluator, is_known, is_listing, unknown
from acr_emulator.deployments.templates.expressions import Call, calls
from acr_emulator.deployments.templates.invalid_template import (
    TemplateError,
    check_shape,
    invalid,
)
from acr_emulator.deployments.templates.named_values import NamedValues
from acr_emulator.deployments.templates.ordering import ordered
from acr_emulator.deployments.templates.parameters import Parameters, check_type, shown
from acr_emulator.deployments.templates.parser import is_expression, parse
from acr_emulator.deployments.templates.resources import (
    TemplateResource,
    evaluated,
    resources,
    without_inner_template,
)
from acr_emulator.deployments.templates.runtime_references import Fetch, NeededError, References
from acr_emulator.deployments.templates.values import is_integer, type_name

#: Ours: far more than what people write, far less than what Python's stack takes.
_DEEPEST = 100


class Template:
    """Checks everything that can be checked before the first resource is deployed."""

    def __init__(
        self, sent: Mapping[str, Any], given: Mapping[str, Any], context: DeploymentContext
    ) -> None:
        _check_numbers([sent, given])
        document = checked(sent)
        check_shape("parameters given", given, {})
        _check_functions(document)
        self._variables = document.get("variables", {})
        self._outputs = document["outputs"]
        defaults = context.functions_of_defaults()
        self.parameters = Parameters(
            document["parameters"],
            given,
            Evaluator({**defaults, "parameters": self._parameter}),
        )
        self.parameters.check()
        variables = NamedValues("variable", self._variables, self._variable)
        self._situated = {
            **context.functions(),
            "parameters": self.parameters.values.get,
            "variables": variables.get,
        }
        self._static = Evaluator(self._situated)
        declared = resources(document["resources"], self._static, context.group["id"])
        #: As the template lists them.
        self.declared = list(declared)
        #: Those that are to be deployed, each after everything that it builds on.
        self.resources = ordered(self.declared, self._references)
        self._check_bodies()
        self.digest = str(
            int.from_bytes(hashlib.sha256(json.dumps(sent).encode()).digest()[:8], "big")
        )

    def _parameter(self, name: str) -> Any:
        return self.parameters.values.get(name)

    def _variable(self, name: str) -> Any:
        return self._static.value(self._variables[name])

    def _check_bodies(self) -> None:
        """As far as they need nothing that is known only later."""
        for step in self.resources:
            with suppress(NeededError):
                self.body(step.resource, {})

    def find(self, reference: str) -> TemplateResource | None:
        """The resource of the template with that name or id."""
        return next((resource for resource in self.declared if resource.is_called(reference)), None)

    def body(self, resource: TemplateResource, fetched: Mapping[Fetch, Any]) -> dict[str, Any]:
        """What to send to the resource's provider; NeededError if a response of ARM is needed."""
        try:
            return evaluated(resource.body, self._live(fetched).value)
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
            if "value" not in output:
                raise invalid(f"The template output '{name}' has no value")
            if live.value(output.get("condition", True)):
                value, declared = live.value(output["value"]), str(output.get("type", ""))
                check_type("output", name, declared, value)
                outputs[name] = shown(declared, value)
        return outputs

    def _live(self, fetched: Mapping[Fetch, Any]) -> Evaluator:
        references = References(self.find, fetched)
        evaluator = Evaluator({**self._situated, "reference": references.reference})
        evaluator.listing = references.listing
        return evaluator

    def _references(self, resource: TemplateResource) -> Iterator[str]:
        """Names and ids that the body of a resource reads, hence depends on."""
        for call in _calls(without_inner_template(resource.body)):
            if call.arguments and (call.name.lower() == "reference" or is_listing(call.name)):
                try:
                    target = self._static.expression(call.arguments[0])
                except (TemplateError, RecursionError):
                    continue  # it is refused when the body is evaluated, if it is used at all
                if isinstance(target, str):
                    yield target


def _check_numbers(document: Any) -> None:
    for scalar in _scalars(document):
        if type_name(scalar) == "Integer" and not is_integer(scalar):
            raise invalid("An integer has more than 64 bits")


def _check_functions(document: Any) -> None:
    """Refuse what cannot be parsed, and functions that do not exist."""
    for call in _calls(document):
        if not is_known(call.name):
            raise unknown(call.name)


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
