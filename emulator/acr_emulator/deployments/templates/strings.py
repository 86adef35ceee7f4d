"""Functions that make strings out of strings."""

import base64
import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin

from acr_emulator.deployments.templates.conversions import parsed
from acr_emulator.deployments.templates.invalid_template import ArgumentError
from acr_emulator.deployments.templates.values import LONGEST, text

#: The namespace of ARM's `guid`: its values are UUIDs of version 5 (from memory).
_GUIDS = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
_UNIQUE_LENGTH = 13
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def _format(pattern: str, *values: Any) -> str:
    def put(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if not re.fullmatch(r"\d{1,4}", match[1] or ""):
            raise ArgumentError("'pattern' has braces that are no '{0}'; formats are refused")
        if int(match[1]) >= len(values):
            raise ArgumentError("'pattern' has a number for which no value was given")
        return text(values[int(match[1])])

    return _PLACEHOLDER.sub(put, pattern)


def _substring(string: str, start: int, length: int | None = None) -> str:
    end = len(string) if length is None else start + length
    if not 0 <= start <= end <= len(string):
        raise ArgumentError("'start' and 'length' must refer to a location within the string")
    return string[start:end]


def _split(string: str, delimiter: str | list[str]) -> list[str]:
    delimiters = [delimiter] if isinstance(delimiter, str) else delimiter
    if not all(isinstance(item, str) for item in delimiters):
        raise ArgumentError("'delimiter' must be a string or an array of strings")
    # The longest first, as the first alternative that fits wins.
    pattern = "|".join(re.escape(item) for item in sorted(delimiters, key=len, reverse=True))
    return re.split(pattern, string) if pattern else [string]


def _join(values: list[Any], delimiter: str) -> str:
    return delimiter.join(map(text, values))


def _replace(string: str, old: str, new: str) -> str:
    if old and string.count(old) * len(new) > LONGEST:
        raise ArgumentError(f"the result has more than {LONGEST} characters")
    return string.replace(old, new) if old else string


def _lower(string: str) -> str:
    return string.lower()


def _upper(string: str) -> str:
    return string.upper()


def _trim(string: str) -> str:
    return string.strip()


def _starts_with(string: str, start: str) -> bool:
    return string.lower().startswith(start.lower())


def _ends_with(string: str, end: str) -> bool:
    return string.lower().endswith(end.lower())


def _pad_left(value: str | int, length: int, padding: str = " ") -> str:
    if len(padding) != 1:
        raise ArgumentError("'padding' must be one character")
    if length > LONGEST:
        raise ArgumentError(f"'length' must be at most {LONGEST}")
    return text(value).rjust(length, padding)


def _base64(string: str) -> str:
    return base64.b64encode(string.encode()).decode()


def _from_base64(string: str) -> str:
    try:
        return base64.b64decode(string, validate=True).decode()
    except ValueError:
        raise ArgumentError("'string' is no Base64 of a text") from None


def _base64_to_json(string: str) -> Any:
    return parsed(_from_base64(string))


def _data_uri(string: str) -> str:
    return f"data:text/plain;charset=utf8;base64,{_base64(string)}"


def _from_data_uri(string: str) -> str:
    head, comma, content = string.partition(",")
    if not comma or not head.lower().startswith("data:"):
        raise ArgumentError("'string' is no data URI")
    return _from_base64(content) if head.lower().endswith(";base64") else unquote(content)


def _uri(base: str, relative: str) -> str:
    try:
        return urljoin(base, relative)
    except ValueError:
        raise ArgumentError("'base' or 'relative' is no part of a URI") from None


def _uri_component(string: str) -> str:
    return quote(string, safe="!'()*~-._")


def _from_uri_component(string: str) -> str:
    return unquote(string)


def _guid(base: str, *more: str) -> str:
    return str(uuid.uuid5(_GUIDS, "-".join((base, *more))))


def _unique_string(base: str, *more: str) -> str:
    """Thirteen letters and digits that depend on the strings alone; Azure's are others."""
    digest = hashlib.sha256("-".join((base, *more)).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:_UNIQUE_LENGTH]


STRINGS: Mapping[str, Callable[..., Any]] = {
    "format": _format,
    "substring": _substring,
    "split": _split,
    "join": _join,
    "replace": _replace,
    "toLower": _lower,
    "toUpper": _upper,
    "trim": _trim,
    "startsWith": _starts_with,
    "endsWith": _ends_with,
    "padLeft": _pad_left,
    "base64": _base64,
    "base64ToString": _from_base64,
    "base64ToJson": _base64_to_json,
    "dataUri": _data_uri,
    "dataUriToString": _from_data_uri,
    "uri": _uri,
    "uriComponent": _uri_component,
    "uriComponentToString": _from_uri_component,
    "guid": _guid,
    "uniqueString": _unique_string,
}
