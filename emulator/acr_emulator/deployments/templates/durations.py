"""Functions of dates: a time plus a duration of ISO 8601, and the seconds since 1970."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from acr_emulator.deployments.templates.dates import formatted
from acr_emulator.deployments.templates.invalid_template import ArgumentError

_MONTHS_A_YEAR = 12
_NUMBER = r"[0-9]{1,9}"
_DURATION = re.compile(
    rf"(?P<sign>-?)P(?=[0-9T])(?:(?P<years>{_NUMBER})Y)?(?:(?P<months>{_NUMBER})M)?"
    rf"(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?=[0-9])(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?"
    rf"(?:(?P<seconds>{_NUMBER})S)?)?"
)
#: How a time is written, and the format of .NET that writes it so again.
_WRITTEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z()"), "yyyyMMddTHHmmssZ"),
    (re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)Z()"), "u"),
    (
        re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d+(Z|[+-]\d\d:\d\d)"),
        "yyyy-MM-ddTHH:mm:ss.fffffffZ",
    ),
    (
        re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:\d\d|)"),
        "yyyy-MM-ddTHH:mm:ssZ",
    ),
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)()()()()"), "yyyy-MM-dd"),
)


def _parsed(base: str) -> tuple[datetime, str]:
    """A time in UTC, and the format that it has."""
    for pattern, form in _WRITTEN:
        if match := pattern.fullmatch(base):
            *numbers, offset = match.groups()
            year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
            try:
                time = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
                return time - _offset(offset), form
            except (ValueError, OverflowError) as error:
                raise ArgumentError("'base' is no date") from error
    raise ArgumentError("'base' is no date in a form of ISO 8601")


def _offset(written: str) -> timedelta:
    if written in ("", "Z"):
        return timedelta()
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[4:]))
    return offset if written.startswith("+") else -offset


def _added(base: str, duration: str, format: str | None = None) -> str:
    time, form = _parsed(base)
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ArgumentError("'duration' is no duration of ISO 8601")
    sign = -1 if match["sign"] else 1
    count = {
        key: int(value or 0) * sign for key, value in match.groupdict().items() if key != "sign"
    }
    months = count.pop("years") * _MONTHS_A_YEAR + count.pop("months")
    try:
        return formatted(
            _later(time, months) + timedelta(**count), form if format is None else format
        )
    except (ValueError, OverflowError) as error:
        raise ArgumentError("the result is no date") from error


def _later(time: datetime, months: int) -> datetime:
    """So many months later; the last day of a month stays within it."""
    year, month = divmod(time.year * _MONTHS_A_YEAR + time.month - 1 + months, _MONTHS_A_YEAR)
    return time.replace(
        year=year, month=month + 1, day=min(time.day, monthrange(year, month + 1)[1])
    )


def _from_epoch(seconds: int) -> str:
    try:
        return formatted(datetime.fromtimestamp(seconds, timezone.utc), "yyyy-MM-ddTHH:mm:ssZ")
    except (ValueError, OverflowError, OSError) as error:
        raise ArgumentError("the result is no date") from error


def _to_epoch(time: str) -> int:
    return int(_parsed(time)[0].timestamp())


DURATIONS: Mapping[str, Callable[..., Any]] = {
    "dateTimeAdd": _added,
    "dateTimeFromEpoch": _from_epoch,
    "dateTimeToEpoch": _to_epoch,
}
