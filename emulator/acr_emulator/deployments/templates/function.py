"""A function of the template language: a Python function whose annotations are checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from acr_emulator.deployments.templates.invalid_template import ArgumentError, TemplateError
from acr_emulator.deployments.templates.values import (
    LONGEST,
    TYPE_NAMES,
    Lambda,
    is_integer,
    type_name,
)

_HELP = "Please see https://aka.ms/arm-functions for usage details."


class Function:
    """Checks number and types of the arguments, then calls."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self._function = function
        self._signature = inspect.signature(function)
        hints = get_type_hints(function)
        self._types = {
            parameter: _types(hints.get(parameter, Any)) for parameter in self._signature.parameters
        }

    def __call__(self, *arguments: Any) -> Any:
        try:
            bound = self._signature.bind(*arguments)
        except TypeError as error:
            raise self._refused(
                f"it was given {len(arguments)} argument(s) and takes {self._usage()}"
            ) from error
        for name, given in bound.arguments.items():
            several = self._signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
            for value in given if several else (given,):
                self._check(name, value)
        try:
            value = self._function(*arguments)
        except ArgumentError as error:
            raise self._refused(str(error)) from error
        except UnicodeError:
            # Python's own message quotes the string, which may be a secret.
            raise self._refused("a string is no valid Unicode") from None
        if type_name(value) == "Integer" and not is_integer(value):
            raise self._refused("the result has more than 64 bits")
        if isinstance(value, str | list) and len(value) > LONGEST:
            raise self._refused(f"the result is longer than {LONGEST}")
        return value

    def _check(self, name: str, value: Any) -> None:
        expected = self._types[name]
        if expected and type_name(value) not in expected:
            raise self._refused(
                f"the type of '{name}' is '{type_name(value)}' and must be one of"
                f" '{', '.join(expected)}'"
            )
        if not expected and isinstance(value, Lambda):
            raise self._refused(f"'{name}' must not be a lambda")

    def _usage(self) -> str:
        names = [
            f"{name}..." if parameter.kind is inspect.Parameter.VAR_POSITIONAL else name
            for name, parameter in self._signature.parameters.items()
        ]
        return f"({', '.join(names)})"

    def _refused(self, reason: str) -> TemplateError:
        return TemplateError(
            f"Unable to evaluate template language function '{self.name}': {reason}. {_HELP}"
        )


def functions(
    table: Mapping[str, Callable[..., Any]], *more: Mapping[str, Callable[..., Any]]
) -> dict[str, Function]:
    """Functions by their lower-cased name, out of tables by ARM's spelling of it."""
    return {
        name.lower(): Function(name, function)
        for functions_ in (table, *more)
        for name, function in functions_.items()
    }


def _types(hint: Any) -> Sequence[str]:
    """The names of the types that an annotation allows; none for any."""
    if hint is Any:
        return ()
    if get_origin(hint) in (Union, UnionType):  # the former for a default of None on Python 3.10
        return tuple(name for alternative in get_args(hint) for name in _types(alternative))
    return (TYPE_NAMES[get_origin(hint) or hint],)
