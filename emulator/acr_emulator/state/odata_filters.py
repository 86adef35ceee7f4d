"""OData filters of lists: comparisons, `startswith` and its like, `any`, and, or, not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError

#: The fields of an item by lower-cased name: a text, or several of which one has to match.
Fields = Mapping[str, str | Collection[str] | None]
#: Whether an item matches.
Matches = Callable[[Fields], bool]

_GRAMMAR = r"""
?start: either
?either: both ("or"i both)*
?both: single ("and"i single)*
?single: "not"i single -> negated
       | "(" either ")"
       | FIELD OPERATOR TEXT -> compared
       | TEXT OPERATOR FIELD -> compared_backwards
       | FIELD "/any"i "(" FIELD ":" FIELD OPERATOR TEXT ")" -> any_of
       | FUNCTION "(" [argument ("," argument)*] ")" -> called
?argument: FIELD | TEXT
FUNCTION.2: /(?!(and|or|not)\b)[A-Za-z]+(?=\s*\()/i
OPERATOR.3: /\b(eq|ne)\b/i
FIELD: /[A-Za-z][A-Za-z0-9_.]*(\/[A-Za-z][A-Za-z0-9_]*(?!\())*?(?=[\s:,)\/]|$)/
TEXT: /'(?:[^']|'')*'|true|false/
%ignore /\s+/
"""


class FilterError(ValueError):
    """A filter that can't be read, or filters by something that the list doesn't have."""


@dataclass(frozen=True)
class Filter:
    """A filter as it was parsed."""

    #: Lower-cased names of what it uses: fields, and functions of the list such as `atscope()`.
    names: frozenset[str]
    matches: Matches


#: The filter that leaves nothing out.
EVERYTHING = Filter(frozenset(), lambda _: True)


def parsed(text: str, known: Collection[str]) -> Filter:
    """Parse a filter; FilterError if it uses anything but the known, lower-cased names."""
    filter_ = _parse(text)
    if unknown := sorted(filter_.names - set(known)):
        raise FilterError(f"'{unknown[0]}' can't be used in the filter '{text}'")
    return filter_


@lru_cache(maxsize=64)
def _parse(text: str) -> Filter:
    try:
        part: object = _parser().parse(text)
    except (LarkError, RecursionError) as error:
        raise FilterError(f"the filter '{text}' can't be read") from error
    assert isinstance(part, Filter)
    return part


def _values(fields: Fields, name: str) -> Collection[str]:
    value = fields.get(name)
    return [] if value is None else [value] if isinstance(value, str) else value


def _quoted(token: Token) -> str:
    text = str(token)
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": lambda value, part: value.startswith(part),
    "endswith": lambda value, part: value.endswith(part),
    "contains": lambda value, part: part in value,
    "substringof": lambda value, part: part in value,
}


@v_args(inline=True)
class _Filters(Transformer[Token, Filter]):
    """Comparisons are without regard to case, as names and ids of Azure are."""

    def either(self, *parts: Filter) -> Filter:
        names = frozenset[str]().union(*(part.names for part in parts))
        return Filter(names, lambda fields: any(part.matches(fields) for part in parts))

    def both(self, *parts: Filter) -> Filter:
        names = frozenset[str]().union(*(part.names for part in parts))
        return Filter(names, lambda fields: all(part.matches(fields) for part in parts))

    def negated(self, part: Filter) -> Filter:
        return Filter(part.names, lambda fields: not part.matches(fields))

    def compared(self, field: Token, operator: Token, text: Token) -> Filter:
        name, wanted, equal = field.lower(), _quoted(text).lower(), operator.lower() == "eq"

        def matches(fields: Fields) -> bool:
            return (wanted in [value.lower() for value in _values(fields, name)]) == equal

        return Filter(frozenset({name}), matches)

    def compared_backwards(self, text: Token, operator: Token, field: Token) -> Filter:
        return self.compared(field, operator, text)

    def any_of(
        self, field: Token, _variable: Token, _same: Token, operator: Token, text: Token
    ) -> Filter:
        return self.compared(field, operator, text)

    def called(self, function: Token, *arguments: Token | None) -> Filter:
        """`startswith(field, 'text')` and its like; of others such as `atScope()`, the name."""
        name = function.lower()
        fields = [token for token in arguments if token is not None and token.type == "FIELD"]
        texts = [token for token in arguments if token is not None and token.type == "TEXT"]
        holds = _FUNCTIONS.get(name)
        if holds is None:
            return self.flag(name, texts)
        if len(fields) != 1 or len(texts) != 1:
            raise FilterError(f"'{function}' takes a field and a text")
        field, part = fields[0].lower(), _quoted(texts[0]).lower()
        return Filter(
            frozenset({field}),
            lambda item: any(holds(value.lower(), part) for value in _values(item, field)),
        )

    def flag(self, name: str, texts: list[Token]) -> Filter:
        """A function of the list itself: its argument, if it has one, is one of the field's."""
        if not texts:
            return Filter(frozenset({f"{name}()"}), lambda fields: bool(fields.get(f"{name}()")))
        wanted = _quoted(texts[0]).lower()
        return Filter(
            frozenset({f"{name}()"}),
            lambda fields: wanted in [value.lower() for value in _values(fields, f"{name}()")],
        )


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", transformer=_Filters())
