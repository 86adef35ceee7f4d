"""From the text of a template's string to an expression."""

from __future__ import annotations

from functools import cache, lru_cache

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from acr_emulator.deployments.templates.expressions import Call, Expression, Literal, Property
from acr_emulator.deployments.templates.invalid_template import TemplateError
from acr_emulator.deployments.templates.values import is_integer

#: Documented: the longest expression that ARM takes.
MAX_LENGTH = 24_576
#: As in ARM, `true`, `false` and `null` are functions, and there are no fractions. A function of
#: the template's own has a namespace before its name.
_GRAMMAR = r"""
?start: expression
?expression: call | accessed | STRING -> string | INTEGER -> integer
call: FUNCTION "(" [expression ("," expression)*] ")"
accessed: target "." NAME -> property
        | target "[" expression "]" -> index
?target: call | accessed
FUNCTION: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?/
NAME: /[A-Za-z_][A-Za-z0-9_]*/
STRING: /'(?:[^']|'')*'/s
INTEGER: /-?[0-9]+/
%ignore /[ \t\r\n]+/
"""


@v_args(inline=True)
class _Nodes(Transformer[Token, Expression]):
    """Builds the nodes while parsing, so that depth costs no recursion."""

    def string(self, token: Token) -> Expression:
        return Literal(token[1:-1].replace("''", "'"))

    def integer(self, token: Token) -> Expression:
        # A longer row of digits would take Python long, too.
        if len(token) > len(str(-(2**63))) or not is_integer(number := int(token)):
            raise TemplateError(f"The number '{token[:20]}...' is too large.")
        return Literal(number)

    def call(self, name: Token, *arguments: Expression | None) -> Expression:
        return Call(str(name), tuple(argument for argument in arguments if argument is not None))

    def property(self, of: Expression, name: Token) -> Expression:
        return Property(of, Literal(str(name)))

    def index(self, of: Expression, key: Expression) -> Expression:
        return Property(of, key)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", transformer=_Nodes())


def is_expression(text: str) -> bool:
    """Whether a string of a template is an expression; `[[` begins a plain one."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def plain(text: str) -> str:
    """The value of a string that is no expression."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def escaped(text: str) -> str:
    """The reverse of `plain`."""
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Parse an expression, given with its brackets."""
    if len(text) > MAX_LENGTH:
        raise TemplateError(
            f"The language expression is {len(text)} characters long; the limit is {MAX_LENGTH}."
        )
    try:
        # lark does not know that the embedded transformer makes something else than a tree.
        parsed: object = _parser().parse(text[1:-1])
    except UnexpectedInput as error:
        raise TemplateError(
            f"Unable to parse language expression '{text[1:-1]}': {_unexpected(error)}."
        ) from error
    assert isinstance(parsed, Literal | Call | Property)
    return parsed


def _unexpected(error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken):
        unexpected = "the end" if error.token.type == "$END" else f"'{error.token}'"
    else:
        unexpected = f"'{error.char}'" if isinstance(error, UnexpectedCharacters) else "something"
    return f"{unexpected} was not expected"
