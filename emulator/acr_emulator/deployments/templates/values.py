"""JSON values as the template language sees them: their types, their text, when they are equal."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: A boolean that a template passes; in Python's signatures it would count as a flag.
Boolean = bool
#: Ours, of strings and arrays: as long as the largest template that ARM takes.
LONGEST = 4 * 2**20


@dataclass(frozen=True)
class Lambda:
    """A function that an expression defines, to be given to functions such as `map`."""

    variables: tuple[str, ...]
    #: The value of the body, from the values of the variables.
    evaluate: Callable[[Mapping[str, Any]], Any]


#: ARM's names of types, as its messages have them.
TYPE_NAMES: Mapping[type, str] = {
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    str: "String",
    list: "Array",
    dict: "Object",
    type(None): "Null",
    Lambda: "Lambda",
}


def is_integer(value: Any) -> bool:
    """Whether it is one as ARM has them, of 64 bits."""
    return type(value) is int and -(2**63) <= value < 2**63


def type_name(value: Any) -> str:
    """`String`, `Integer`, ...; `Null` for none."""
    return TYPE_NAMES[type(value)]


def text(value: Any) -> str:
    """A value within a string: as .NET writes it, objects and arrays as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Equal in type and value, through and through; strings by case, keys not."""
    if type_name(one) != type_name(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        mine, theirs = _by_lower_key(one), _by_lower_key(other)
        return mine.keys() == theirs.keys() and all(same(mine[key], theirs[key]) for key in mine)
    return bool(one == other)


def key_of(mapping: dict[str, Any], key: str) -> str | None:
    """The key as the object spells it: keys match whatever their case."""
    if key in mapping:
        return key
    return next((candidate for candidate in mapping if candidate.lower() == key.lower()), None)


def _by_lower_key(mapping: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in mapping.items()}
