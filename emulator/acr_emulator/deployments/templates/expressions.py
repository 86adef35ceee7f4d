"""The nodes of a parsed expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Literal:
    """A string or an integer."""

    value: str | int


@dataclass(frozen=True)
class Call:
    """A function's name, as written, and its arguments."""

    name: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Property:
    """`of.name`, or `of[key]`: the key is a literal in the first case."""

    of: Expression
    key: Expression


Expression = Literal | Call | Property


def written(expression: Expression) -> str:
    """As a template has it: what to say of a value that may be secret."""
    if isinstance(expression, Call):
        return f"{expression.name}({', '.join(map(written, expression.arguments))})"
    if isinstance(expression, Property):
        return f"{written(expression.of)}[{written(expression.key)}]"
    value = expression.value
    return f"'{value}'" if isinstance(value, str) else str(value)


def calls(expression: Expression) -> Iterator[Call]:
    """Every call in an expression, outermost first."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield node
            waiting.extend(reversed(node.arguments))
        elif isinstance(node, Property):
            waiting.extend((node.key, node.of))
