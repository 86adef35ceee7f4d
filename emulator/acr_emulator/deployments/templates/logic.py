"""Functions that compare and decide; `if` is not here, for it leaves one argument unevaluated."""

from collections.abc import Callable, Mapping
from typing import Any

from acr_emulator.deployments.templates.invalid_template import ArgumentError
from acr_emulator.deployments.templates.values import Boolean, same, type_name

Comparable = int | str


def _and(one: Boolean, other: Boolean, *more: Boolean) -> bool:
    return all((one, other, *more))


def _or(one: Boolean, other: Boolean, *more: Boolean) -> bool:
    return any((one, other, *more))


def _not(value: Boolean) -> bool:
    return not value


def _coalesce(value: Any, *more: Any) -> Any:
    return next((candidate for candidate in (value, *more) if candidate is not None), None)


def _comparison(holds: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    def compare(one: Comparable, other: Comparable) -> bool:
        if type_name(one) != type_name(other):
            raise ArgumentError(f"'{type_name(one)}' and '{type_name(other)}' have no order")
        return holds(one, other)

    return compare


LOGIC: Mapping[str, Callable[..., Any]] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "equals": same,
    "coalesce": _coalesce,
    "less": _comparison(lambda one, other: Boolean(one < other)),
    "lessOrEquals": _comparison(lambda one, other: Boolean(one <= other)),
    "greater": _comparison(lambda one, other: Boolean(one > other)),
    "greaterOrEquals": _comparison(lambda one, other: Boolean(one >= other)),
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
}
