"""Timestamps as .NET writes them: its standard and custom formats, in the invariant culture."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from acr_emulator.deployments.templates.invalid_template import ArgumentError

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: The formats of one letter or none, and the custom format that each stands for.
_STANDARD: Mapping[str, str] = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    **dict.fromkeys("mM", "MMMM dd"),
    **dict.fromkeys("oO", "yyyy-MM-ddTHH:mm:ss.fffffffK"),
    **dict.fromkeys("rR", "ddd, dd MMM yyyy HH:mm:ss 'GMT'"),
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    **dict.fromkeys("yY", "yyyy MMMM"),
    "": "MM/dd/yyyy HH:mm:ss",
}
#: A row of one letter, text in quotes, an escaped character, or any other character.
_PART = re.compile(
    r"(?P<row>%?(?P<letter>[yMdHhmsfFtzgK])(?P=letter)*)"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|\\(?P<escaped>.)|(?P<plain>[^%'\"\\])",
    re.DOTALL,
)
#: The most letters that ask for a number, and as many as ask for a short name.
_DIGITS, _SHORT = 2, 3
_LONGEST_FRACTION = 7
_NOON = 12


def formatted(timestamp: datetime, form: str) -> str:
    """A time in UTC in a format of .NET; ArgumentError for what .NET refuses."""
    if len(form) <= 1:
        if form not in _STANDARD:
            raise ArgumentError("'format' has one letter and is no standard format")
        form = _STANDARD[form]
    written, position = "", 0
    while position < len(form):
        part = _PART.match(form, position)
        if part is None:
            raise ArgumentError("'format' has a quote without an end, or a stray '%' or '\\'")
        if row := part["row"]:
            written = _with_row(written, timestamp, row.removeprefix("%"))
        else:
            written += part[part.lastgroup or 0]
        position = part.end()
    return written


def _with_row(written: str, timestamp: datetime, row: str) -> str:
    letter, count = row[0], len(row)
    if letter in "fF":
        if count > _LONGEST_FRACTION:
            raise ArgumentError(f"'format' has more than {_LONGEST_FRACTION} digits of a second")
        digits = f"{timestamp.microsecond:06d}0"[:count]
        if letter == "f":
            return written + digits
        digits = digits.rstrip("0")
        return written + digits if digits else written.removesuffix(".")
    return written + _ROWS[letter](timestamp, count)


def _number(value: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda timestamp, count: f"{value(timestamp):0{min(count, _DIGITS)}d}"


def _year(timestamp: datetime, count: int) -> str:
    return f"{timestamp.year if count > _DIGITS else timestamp.year % 100:0{count}d}"


def _named(
    number: Callable[[datetime], int], name: Callable[[datetime], str]
) -> Callable[[datetime, int], str]:
    """One or two letters ask for the number, three for a short name, more for the whole one."""
    numbers = _number(number)

    def named(timestamp: datetime, count: int) -> str:
        if count <= _DIGITS:
            return numbers(timestamp, count)
        return name(timestamp)[:_SHORT] if count == _SHORT else name(timestamp)

    return named


_ROWS: Mapping[str, Callable[[datetime, int], str]] = {
    "y": _year,
    "M": _named(lambda timestamp: timestamp.month, lambda timestamp: _MONTHS[timestamp.month - 1]),
    "d": _named(lambda timestamp: timestamp.day, lambda timestamp: _DAYS[timestamp.weekday()]),
    "H": _number(lambda timestamp: timestamp.hour),
    "h": _number(lambda timestamp: timestamp.hour % _NOON or _NOON),
    "m": _number(lambda timestamp: timestamp.minute),
    "s": _number(lambda timestamp: timestamp.second),
    "t": lambda timestamp, count: ("AM" if timestamp.hour < _NOON else "PM")[:count],
    "z": lambda _, count: ("+0", "+00", "+00:00")[min(count, 3) - 1],
    "g": lambda _, __: "A.D.",
    "K": lambda _, count: "Z" * count,
}
