"""Functions that turn a value into one of another type."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from acr_emulator.deployments.templates.invalid_template import ArgumentError
from acr_emulator.deployments.templates.values import Boolean, is_integer, text

#: Not so many digits that Python takes long over them.
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,40}\s*")


def _string(value: Any) -> str:
    return text(value)


def _int(value: int | str) -> int:
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise ArgumentError("'value' is no integer of 64 bits")
    return int(value)


def _bool(value: Boolean | int | str) -> bool:
    if isinstance(value, str):
        words = {"true": True, "1": True, "false": False, "0": False}
        if value.lower() not in words:
            raise ArgumentError("'value' is neither true nor false")
        return words[value.lower()]
    return bool(value)


def _float(value: int | str) -> float:
    try:
        return _finite(str(value))
    except ValueError:
        raise ArgumentError("'value' is no number") from None


def parsed(value: str) -> Any:
    """The value of a JSON text; ArgumentError if it is none."""
    try:
        return json.loads(value, parse_int=_bounded, parse_float=_finite, parse_constant=_finite)
    except ValueError:
        raise ArgumentError("'value' is no JSON, or has a number that is out of bounds") from None


def _bounded(digits: str) -> int:
    if not is_integer(number := _int(digits)):
        raise ValueError
    return number


def _finite(number: str) -> float:
    if not math.isfinite(value := float(number)):
        raise ValueError
    return value


CONVERSIONS: Mapping[str, Callable[..., Any]] = {
    "string": _string,
    "int": _int,
    "bool": _bool,
    "float": _float,
    "json": parsed,
}
