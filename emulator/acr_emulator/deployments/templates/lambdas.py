"""Functions that take a lambda: an expression which is evaluated for each item."""

from collections.abc import Callable, Mapping
from functools import cmp_to_key
from typing import Any

from acr_emulator.deployments.templates.invalid_template import ArgumentError
from acr_emulator.deployments.templates.values import Lambda, type_name


def _call(function: Lambda, least: int, *arguments: Any) -> Any:
    """Call a lambda that takes at least so many of the arguments; an index may be left out."""
    count = len(function.variables)
    if not least <= count <= len(arguments):
        raise ArgumentError(
            f"the lambda has {count} variable(s) and must have {least} to {len(arguments)}"
        )
    return function.evaluate(dict(zip(function.variables, arguments, strict=False)))


def _of_type(expected: str, value: Any) -> Any:
    if type_name(value) != expected:
        raise ArgumentError(
            f"the lambda returned a value of the type '{type_name(value)}', not '{expected}'"
        )
    return value


def _map(array: list[Any], function: Lambda) -> list[Any]:
    return [_call(function, 1, item, index) for index, item in enumerate(array)]


def _filter(array: list[Any], predicate: Lambda) -> list[Any]:
    return [
        item
        for index, item in enumerate(array)
        if _of_type("Boolean", _call(predicate, 1, item, index))
    ]


def _sort(array: list[Any], is_before: Lambda) -> list[Any]:
    def compare(one: Any, other: Any) -> int:
        if _of_type("Boolean", _call(is_before, 2, one, other)):
            return -1
        return int(_of_type("Boolean", _call(is_before, 2, other, one)))

    return sorted(array, key=cmp_to_key(compare))


def _reduce(array: list[Any], initial: Any, combine: Lambda) -> Any:
    for index, item in enumerate(array):
        initial = _call(combine, 2, initial, item, index)
    return initial


def _to_object(array: list[Any], key: Lambda, value: Lambda | None = None) -> dict[str, Any]:
    return {
        _of_type("String", _call(key, 1, item)): _call(value, 1, item) if value else item
        for item in array
    }


def _group_by(array: list[Any], key: Lambda) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in array:
        groups.setdefault(_of_type("String", _call(key, 1, item)), []).append(item)
    return groups


def _map_values(value: dict[str, Any], function: Lambda) -> dict[str, Any]:
    return {key: _call(function, 1, item) for key, item in value.items()}


LAMBDAS: Mapping[str, Callable[..., Any]] = {
    "map": _map,
    "filter": _filter,
    "sort": _sort,
    "reduce": _reduce,
    "toObject": _to_object,
    "groupBy": _group_by,
    "mapValues": _map_values,
}
