"""Reads the body of a request: JSON types, bounds of numbers, and words, by where they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from acr_emulator.state.arm_errors import ArmError, bad_request
from acr_emulator.state.enumerations import one_of


class Text:
    """A string, or the text of a number or boolean: az sends one for `--set tags.build=7`."""


#: What a value can be:
#: - `str`, `bool`, `int`, `Text`; `dict` for an object that is kept as it is, nulls included
#: - a range for a number within it, a tuple for one of a few words
#: - a list for an array of such values
#: - a mapping for an object with such members, `*` for those with any other name
#: Members that aren't listed are ignored, whatever they are: those that can only be read, too.
Form = type | range | tuple[str, ...] | list["Form"] | Mapping[str, "Form"]

_NAMES: dict[type, str] = {
    bool: "a boolean",
    dict: "an object",
    int: "an integer",
    list: "an array",
    str: "a string",
}
#: A word, or its display name such as `West US`; URLs of operations contain it.
_LOCATION = re.compile("[A-Za-z0-9][A-Za-z0-9 ()-]*")
T = TypeVar("T")


def parsed(form: Form, body: dict[str, Any]) -> dict[str, Any]:
    """What a body says of a form's members, its words as the service spells them.

    Null counts as absent. ArmError if a member isn't of the form.
    """
    read: dict[str, Any] = _parsed(form, body, "")
    location = read.get("location")
    if location and not _LOCATION.fullmatch(location):
        raise bad_request(
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resources.",
        )
    return read


def unreadable(reason: str) -> ArmError:
    """The 400 for a body that cannot be read; what Azure gives as a reason is not known."""
    return bad_request(
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{reason}'.",
    )


def _parsed(form: Form, value: Any, path: str) -> Any:
    if isinstance(form, tuple):
        return one_of(path, _of(str, value, path), form)
    if isinstance(form, range):
        return _within(form, _of(int, value, path), path)
    if isinstance(form, list):
        items = enumerate(_of(list, value, path))
        return [_parsed(form[0], item, f"{path}[{number}]") for number, item in items]
    if isinstance(form, Mapping):
        return {
            name: _parsed(form[name if name in form else "*"], item, f"{path}.{name}".lstrip("."))
            for name, item in _of(dict, value, path).items()
            if item is not None and (name in form or "*" in form)
        }
    if form is Text and isinstance(value, bool | int | float):
        return json.dumps(value)
    return _of(str if form is Text else form, value, path)


def _of(kind: type[T], value: Any, path: str) -> T:
    """A value of a JSON type; true and false are no numbers."""
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise unreadable(f"{path} must be {_NAMES[kind]}")


def _within(bounds: range, number: int, path: str) -> int:
    if number in bounds:
        return number
    raise bad_request(
        "InvalidParameter",
        f"The value '{number}' of '{path}' is not from {bounds[0]} to {bounds[-1]}.",
    )
