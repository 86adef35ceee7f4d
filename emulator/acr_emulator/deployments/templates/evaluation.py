"""From an expression to its value, and from a document with expressions to one without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any

from acr_emulator.deployments.templates.arithmetic import ARITHMETIC
from acr_emulator.deployments.templates.conversions import CONVERSIONS
from acr_emulator.deployments.templates.durations import DURATIONS
from acr_emulator.deployments.templates.expressions import (
    Call,
    Expression,
    Literal,
    Property,
    written,
)
from acr_emulator.deployments.templates.function import Function, functions
from acr_emulator.deployments.templates.invalid_template import (
    NotImitatedError,
    TemplateError,
    UnknownNameError,
    invalid,
)
from acr_emulator.deployments.templates.lambdas import LAMBDAS
from acr_emulator.deployments.templates.logic import LOGIC
from acr_emulator.deployments.templates.parser import is_expression, parse, plain
from acr_emulator.deployments.templates.sequences import SEQUENCES
from acr_emulator.deployments.templates.strings import STRINGS
from acr_emulator.deployments.templates.values import Lambda, key_of, type_name

#: Functions that depend on their arguments alone.
PLAIN = functions(LOGIC, ARITHMETIC, STRINGS, SEQUENCES, CONVERSIONS, DURATIONS, LAMBDAS)
#: Functions that exist only in some sections of a template.
SITUATED = (
    *("parameters", "variables", "deployment", "environment", "resourceGroup", "subscription"),
    *("tenant", "resourceId", "subscriptionResourceId", "extensionResourceId"),
    *("tenantResourceId", "reference", "references", "resourceInfo", "utcNow", "newGuid"),
)
#: Functions that aren't called with the values of their arguments, or need where they stand.
_SPECIAL = ("if", "lambda", "lambdaVariables", "copyIndex")
#: Functions of ARM that the emulator doesn't have.
_NOT_IMITATED = (
    *("buildUri", "cidrHost", "cidrSubnet", "deployer", "externalInput", "fail"),
    *(
        "managementGroup",
        "managementGroupResourceId",
        "parseCidr",
        "parseUri",
        "pickZones",
        "providers",
    ),
    *("toLogicalZone", "toLogicalZones", "toPhysicalZone", "toPhysicalZones", "tryReference"),
)
_IF_ARGUMENTS = 3
#: Documented: how often a loop runs at most.
_LONGEST_LOOP = 800
#: Ours: how often all loops and lambdas of a template run. Each takes some microseconds.
_MOST_ITERATIONS = 100_000
_KNOWN = {*PLAIN, *(name.lower() for name in (*SITUATED, *_SPECIAL))}
_ELSEWHERE = {name.lower() for name in _NOT_IMITATED}


def check_known(name: str) -> None:
    """Refuse a function that exists nowhere; `listKeys` and the like are open-ended."""
    if name.lower() in _ELSEWHERE:
        raise NotImitatedError(f"the function '{name}' of templates")
    if name.lower() not in _KNOWN and not is_listing(name):
        raise unknown(name)


def is_listing(name: str) -> bool:
    """Whether a function is one of the `list...` ones."""
    return name.lower().startswith("list") and len(name) > len("list")


class Effort:
    """How often loops and lambdas may still run."""

    def __init__(self) -> None:
        self._left = _MOST_ITERATIONS

    def spend(self) -> None:
        """Count one iteration; TemplateError if there were too many."""
        self._left -= 1
        if self._left < 0:
            raise TemplateError(
                f"The loops and lambdas of the template run more than {_MOST_ITERATIONS} times."
            )


class Evaluator:
    """Evaluates with the functions that may be used in one section of a template."""

    def __init__(
        self, situated: Mapping[str, Callable[..., Any]], effort: Effort | None = None
    ) -> None:
        self._functions = PLAIN | functions(situated)
        self._effort = effort or Effort()
        #: Name of a loop in lower case, or "" for that of a resource or an output -> its index.
        self._loops: Mapping[str, int] = {}
        #: Whether `copy` within objects is a loop.
        self._expands = False
        #: The variables of the lambdas that the expression is within.
        self._variables: Mapping[str, Any] = {}
        #: Makes a `list...` function from its name; None where none may stand.
        self.listing: Callable[[str], Callable[..., Any]] | None = None

    def within(self, loops: Mapping[str, int]) -> Evaluator:
        """The same evaluator within iterations of loops, by lower-cased name."""
        inner = copy(self)
        inner._loops = {**self._loops, **loops}
        return inner

    def expanding(self) -> Evaluator:
        """The same evaluator for a section in which `copy` within an object is a loop."""
        inner = copy(self)
        inner._expands = True
        return inner

    def iterations(self, what: str, loop: Mapping[str, Any]) -> Iterator[dict[str, int]]:
        """The index of a loop at each of its iterations, by the names that it has."""
        count = self.value(loop.get("count"))
        if type_name(count) != "Integer" or not 0 <= count <= _LONGEST_LOOP:
            raise invalid(
                f"The copy count of the {what} must be an integer from 0 to {_LONGEST_LOOP}"
            )
        for index in range(count):
            self._effort.spend()
            yield {str(loop.get("name", "")).lower(): index}

    def repeated(self, what: str, loop: Mapping[str, Any]) -> list[Any]:
        """The input of a loop, evaluated at each of its iterations."""
        if "input" not in loop:
            raise invalid(f"The copy of the {what} has no property 'input'")
        return [self.within(loops).value(loop["input"]) for loops in self.iterations(what, loop)]

    def value(self, document: Any) -> Any:
        """A document with its expressions evaluated, those in the keys of objects too."""
        try:
            return self._document(document)
        except RecursionError as error:
            raise TemplateError("The template is nested too deeply.") from error

    def _document(self, document: Any) -> Any:
        if isinstance(document, str):
            return self._text(document)
        if isinstance(document, list):
            return [self._document(item) for item in document]
        if isinstance(document, dict):
            return self._object(document)
        return document

    def _text(self, document: str) -> Any:
        if not is_expression(document):
            return plain(document)
        return _no_lambda(self.expression(parse(document)))

    def _object(self, document: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in document.items():
            if self._expands and key.lower() == "copy" and is_loop(value):
                for loop in map(loop_members, value):
                    made[loop["name"]] = self.repeated(f"property '{loop['name']}'", loop)
            else:
                made[self._key(key)] = self._document(value)
        return made

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
        special: Mapping[str, Callable[[Call], Any]] = {
            "if": self._if,
            "lambda": self._lambda,
            "lambdavariables": self._lambda_variable,
            "copyindex": self._copy_index,
        }
        if evaluate := special.get(call.name.lower()):
            return evaluate(call)
        arguments = [self.expression(item) for item in call.arguments]
        function = self._function(call.name)
        if function is None:
            check_known(call.name)
            raise not_here(call.name)
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

    def _lambda(self, call: Call) -> Lambda:
        names = tuple(
            node.value
            for node in call.arguments[:-1]
            if isinstance(node, Literal) and isinstance(node.value, str)
        )
        if not names or len(names) != len(call.arguments) - 1:
            raise TemplateError(
                "Unable to evaluate template language function 'lambda': it takes the names of its"
                " variables, as strings, and an expression."
            )

        def evaluate(values: Mapping[str, Any]) -> Any:
            self._effort.spend()
            inner = copy(self)
            inner._variables = {**self._variables, **_by_lower_case(values)}
            return _no_lambda(inner.expression(call.arguments[-1]))

        return Lambda(names, evaluate)

    def _lambda_variable(self, call: Call) -> Any:
        name = self._single_text(call)
        if name.lower() not in self._variables:
            raise TemplateError(f"The lambda variable {written(call)} is not found.")
        return self._variables[name.lower()]

    def _single_text(self, call: Call) -> str:
        arguments = [self.expression(item) for item in call.arguments]
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise TemplateError(
                f"Unable to evaluate template language function '{call.name}': it takes (name)."
            )
        return arguments[0]

    def _copy_index(self, call: Call) -> int:
        """`copyIndex([name], [offset])`; without a name, the index of the resource or output."""
        arguments = [self.expression(item) for item in call.arguments]
        name = arguments.pop(0) if arguments and isinstance(arguments[0], str) else ""
        offset = arguments.pop(0) if arguments and type_name(arguments[0]) == "Integer" else 0
        if arguments:
            raise TemplateError(
                "Unable to evaluate template language function 'copyIndex': it takes (name,"
                " offset)."
            )
        index = self._loops.get(name.lower())
        if index is None:
            raise not_here(call.name)
        return index + int(offset)

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


def is_loop(value: Any) -> bool:
    """Whether what is called `copy` is a list of loops; else it is a name like others."""
    return (
        bool(value)
        and isinstance(value, list)
        and all(
            isinstance(item, dict) and {"name", "count"} <= {key.lower() for key in item}
            for item in value
        )
    )


def loop_members(loop: Mapping[str, Any]) -> dict[str, Any]:
    """A loop with the names of its properties in ARM's spelling."""
    members = _by_lower_case(loop)
    if not isinstance(members["name"], str) or not members["name"]:
        raise invalid("The name of a copy must be a string")
    return members


def _no_lambda(value: Any) -> Any:
    if isinstance(value, Lambda):
        raise TemplateError("A lambda can only be given to a function that takes one.")
    return value


def _by_lower_case(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in values.items()}


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
