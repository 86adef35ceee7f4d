"""From an expression to its value, and from a document with expressions to one without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acr_emulator.deployments.templates.arithmetic import ARITHMETIC
from acr_emulator.deployments.templates.conversions import CONVERSIONS
from acr_emulator.deployments.templates.expressions import Call, Expression, Property, written
from acr_emulator.deployments.templates.function import Function, functions
from acr_emulator.deployments.templates.invalid_template import TemplateError, UnknownNameError
from acr_emulator.deployments.templates.logic import LOGIC
from acr_emulator.deployments.templates.parser import is_expression, parse, plain
from acr_emulator.deployments.templates.sequences import SEQUENCES
from acr_emulator.deployments.templates.strings import STRINGS
from acr_emulator.deployments.templates.values import key_of, type_name

#: Functions that depend on their arguments alone.
PLAIN = functions(LOGIC, ARITHMETIC, STRINGS, SEQUENCES, CONVERSIONS)
#: Functions that exist only in some sections of a template.
SITUATED = (
    *("parameters", "variables", "deployment", "environment", "resourceGroup", "subscription"),
    *("tenant", "resourceId", "subscriptionResourceId", "extensionResourceId"),
    *("tenantResourceId", "reference", "utcNow", "newGuid"),
)
_IF_ARGUMENTS = 3
_KNOWN = {"if", *PLAIN, *(name.lower() for name in SITUATED)}


def is_known(name: str) -> bool:
    """Whether there is such a function anywhere; `listKeys` and the like are open-ended."""
    return name.lower() in _KNOWN or is_listing(name)


def is_listing(name: str) -> bool:
    """Whether a function is one of the `list...` ones."""
    return name.lower().startswith("list") and len(name) > len("list")


class Evaluator:
    """Evaluates with the functions that may be used in one section of a template."""

    def __init__(self, situated: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = PLAIN | functions(situated)
        #: Makes a `list...` function from its name; None where none may stand.
        self.listing: Callable[[str], Callable[..., Any]] | None = None

    def value(self, document: Any) -> Any:
        """A document with its expressions evaluated, those in the keys of objects too."""
        try:
            return self._document(document)
        except RecursionError as error:
            raise TemplateError("The template is nested too deeply.") from error

    def _document(self, document: Any) -> Any:
        if isinstance(document, str):
            return self.expression(parse(document)) if is_expression(document) else plain(document)
        if isinstance(document, list):
            return [self._document(item) for item in document]
        if isinstance(document, dict):
            return {self._key(key): self._document(value) for key, value in document.items()}
        return document

    def _key(self, key: str) -> str:
        name = self._document(key)
        if not isinstance(name, str):
            raise TemplateError(f"The name of the property '{key}' is no string.")
        return name

    def expression(self, node: Expression) -> Any:
        """The value of a parsed expression."""
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Property):
            return self._property(node)
        return node.value

    def _call(self, call: Call) -> Any:
        if call.name.lower() == "if":
            return self._if(call)
        arguments = [self.expression(item) for item in call.arguments]
        function = self._function(call.name)
        if function is None:
            raise not_here(call.name) if is_known(call.name) else unknown(call.name)
        try:
            return function(*arguments)
        except UnknownNameError as error:
            raise TemplateError(error.message.format(written(call.arguments[0]))) from None

    def _function(self, name: str) -> Function | None:
        if self.listing and is_listing(name):
            return Function(name, self.listing(name))
        return self._functions.get(name.lower())

    def _if(self, call: Call) -> Any:
        """Only the branch that is taken is evaluated."""
        if len(call.arguments) != _IF_ARGUMENTS:
            raise TemplateError(
                "Unable to evaluate template language function 'if': it was given"
                f" {len(call.arguments)} argument(s) and takes (condition, then, else)."
            )
        condition, then, otherwise = call.arguments
        holds = self.expression(condition)
        if not isinstance(holds, bool):
            raise TemplateError(
                "Unable to evaluate template language function 'if': its condition is of the type"
                f" '{type_name(holds)}' and must be 'Boolean'."
            )
        return self.expression(then if holds else otherwise)

    def _property(self, node: Property) -> Any:
        of, key = self.expression(node.of), self.expression(node.key)
        if isinstance(of, dict) and isinstance(key, str):
            known = key_of(of, key)
            if known is None:
                raise TemplateError(
                    f"The language expression property {written(node.key)} doesn't exist."
                )
            return of[known]
        if isinstance(of, list) and type_name(key) == "Integer":
            if not 0 <= key < len(of):
                raise TemplateError(
                    f"The language expression property array index {written(node.key)} is out of"
                    " bounds."
                )
            return of[key]
        raise TemplateError(
            f"The language expression property {written(node.key)} can't be evaluated:"
            f" '{type_name(of)}' has no such property."
        )


def unknown(name: str) -> TemplateError:
    """There is no such function."""
    return TemplateError(
        f"The template function '{name}' is not valid. Please see https://aka.ms/arm-functions for"
        " usage details."
    )


def not_here(name: str) -> TemplateError:
    """The function exists, but not in this section of a template."""
    return TemplateError(
        f"The template function '{name}' is not expected at this location. Please see"
        " https://aka.ms/arm-functions for usage details."
    )
