"""What came of a line, compared with what is expected of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from string import Template
from typing import Any

import jmespath

from tests.e2e.strangers.az_lines.line import Line
from tests.support.az import Result

#: What az prints if an answer isn't the JSON of its service.
_UNREADABLE = re.compile(
    r"Traceback|invalid status '[^']*'(?!\nErrorCode:)|Expecting value|not valid JSON|<html"
    r"|JSONDecodeError|has no attribute|object is not|Internal Server Error|The command failed with"
)


class Typist:
    """Types lines, and keeps what later lines name."""

    def __init__(self, az: Callable[[str], Result], names: Mapping[str, str]) -> None:
        self._az = az
        self._names = dict(names)

    def type(self, line: Line) -> str:
        """Type a line. Returns what is wrong with its outcome, or nothing."""
        try:
            typed = self._filled(line.typed)
        except KeyError as error:
            return f"not typed: no earlier line has returned {error}"
        try:
            result = self._az(typed)
        except subprocess.TimeoutExpired as error:
            return f"no end: {error}"
        if _UNREADABLE.search(result.stderr):
            return f"unreadable error: {result.stderr}"
        if line.outcome == "works":
            return self._answer(line, result)
        if result.exit_code == 0 or result.stdout.strip():
            return f"exit code {result.exit_code}: {result.stdout}{result.stderr}"
        expected = self._pattern(line.error)
        return "" if re.search(expected, result.stderr) else f"other error: {result.stderr}"

    def _answer(self, line: Line, result: Result) -> str:
        if result.exit_code:
            return f"exit code {result.exit_code}: {result.stderr}"
        if line.prints:
            matches = re.fullmatch(self._pattern(line.prints), result.stdout)
            return "" if matches else f"other output: {result.stdout}"
        if not line.returns and not line.keep:
            return f"unexpected output: {result.stdout}" if result.stdout.strip() else ""
        try:
            answer = json.loads(result.stdout)
        except ValueError:
            return f"no JSON: {result.stdout}"
        self._names |= {
            name: str(jmespath.search(expression, answer)) for name, expression in line.keep.items()
        }
        differences = []
        for expression, value in line.returns.items():
            expected = self._filled_value(value)
            actual = jmespath.search(self._filled(expression), answer)
            if actual != expected:
                differences.append(f"{expression}: {actual!r}, expected {expected!r}")
        return "; ".join(differences)

    def _filled(self, text: str) -> str:
        return Template(text).substitute(self._names)

    def _filled_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._filled(value)
        if isinstance(value, list):
            return [self._filled_value(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled_value(item) for key, item in value.items()}
        return value

    def _pattern(self, text: str) -> str:
        """A regular expression in which names stand for themselves."""
        names = {name: re.escape(value) for name, value in self._names.items()}
        return Template(text).safe_substitute(names)
