"""Functions of integers."""

from collections.abc import Callable, Mapping
from typing import Any

from acr_emulator.deployments.templates.invalid_template import ArgumentError
from acr_emulator.deployments.templates.values import type_name


def _divide(dividend: int, divisor: int) -> int:
    """Towards zero, as .NET divides."""
    if divisor == 0:
        raise ArgumentError("'divisor' is zero")
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _remainder(dividend: int, divisor: int) -> int:
    return dividend - divisor * _divide(dividend, divisor)


def _add(one: int, other: int) -> int:
    return one + other


def _subtract(one: int, other: int) -> int:
    return one - other


def _multiply(one: int, other: int) -> int:
    return one * other


def _extreme(choose: Callable[[list[int]], int]) -> Callable[..., int]:
    def extreme(value: int | list[Any], *more: int) -> int:
        values = [*value, *more] if isinstance(value, list) else [value, *more]
        if not values or any(type_name(number) != "Integer" for number in values):
            raise ArgumentError("'value' must be integers, and at least one")
        return choose(values)

    return extreme


ARITHMETIC: Mapping[str, Callable[..., int]] = {
    "add": _add,
    "sub": _subtract,
    "mul": _multiply,
    "div": _divide,
    "mod": _remainder,
    "min": _extreme(min),
    "max": _extreme(max),
}
