"""Functions that turn a value into one of another type."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from acr_emulator.deployments.templates.values import Boolean, text


def _string(value: Any) -> str:
    return text(value)


def _int(value: int | str) -> int:
    try:
        return int(value)
    except ValueError:
        # Python's own message quotes the value, which may be a secret.
        raise ValueError("the string is no integer") from None


def _bool(value: Boolean | int | str) -> bool:
    if isinstance(value, str):
        words = {"true": True, "1": True, "false": False, "0": False}
        if value.lower() not in words:
            raise ValueError("the string is neither true nor false")
        return words[value.lower()]
    return bool(value)


def _json(value: str) -> Any:
    return json.loads(value)


CONVERSIONS: Mapping[str, Callable[..., Any]] = {
    "string": _string,
    "int": _int,
    "bool": _bool,
    "json": _json,
}
