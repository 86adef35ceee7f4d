"""The expressions of templates: what they evaluate to, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from acr_emulator.deployments.templates.evaluation import Evaluator
from acr_emulator.deployments.templates.invalid_template import TemplateError
from acr_emulator.deployments.templates.parser import MAX_LENGTH, escaped
from hypothesis import given
from hypothesis import strategies as st

CONTEXT: dict[str, Any] = {
    "parameters": lambda name: {"name": "Value", "list": [1, "two"], "object": {"Key": 1}}[name],
    "variables": lambda name: {"flag": True}[name],
}

VALUES = [
    # what is no expression
    ("plain", "plain"),
    ("[[not('an expression')]", "[not('an expression')]"),
    ("[open", "[open"),
    ("closed]", "closed]"),
    ("", ""),
    # literals, calls, access
    ("['it''s']", "it's"),
    ("[-12]", -12),
    ("[ concat ( 'a' , 'b' ) ]", "ab"),
    ("[CONCAT('a', ToLower('B'))]", "ab"),
    ("[parameters('list')[1]]", "two"),
    ("[parameters('object').key]", 1),
    ("[parameters('object')['KEY']]", 1),
    ("[parameters('list')[sub(length(parameters('list')), 1)]]", "two"),
    # logic
    ("[if(variables('flag'), 'yes', parameters('missing'))]", "yes"),
    ("[if(not(variables('flag')), json('{'), 'no')]", "no"),
    ("[and(true(), true(), false())]", False),
    ("[or(false(), false(), true())]", True),
    ("[equals('a', 'A')]", False),
    ("[equals(1, true())]", False),
    ("[equals(createObject('a', createArray(1)), createObject('A', createArray(1)))]", True),
    ("[coalesce(null(), '', 'b')]", ""),
    ("[less(1, 2)]", True),
    ("[lessOrEquals('b', 'a')]", False),
    ("[greater(2, 2)]", False),
    ("[greaterOrEquals(2, 2)]", True),
    # numbers
    ("[add(1, mul(2, 3))]", 7),
    ("[div(-7, 2)]", -3),
    ("[mod(-7, 2)]", -1),
    ("[min(3, 1, 2)]", 1),
    ("[max(createArray(3, 1))]", 3),
    # strings
    ("[concat('a', 1, true())]", "a1True"),
    ("[format('{0}/{1}-{0}{{}}', 'a', 2)]", "a/2-a{}"),
    ("[substring('abcdef', 2)]", "cdef"),
    ("[substring('abcdef', 2, 3)]", "cde"),
    ("[split('a-b,c', createArray('-', ','))]", ["a", "b", "c"]),
    ("[split('a.b', '.')]", ["a", "b"]),
    ("[join(createArray('a', 1), ', ')]", "a, 1"),
    ("[replace('a-b-c', '-', '')]", "abc"),
    ("[toUpper(trim('  a '))]", "A"),
    ("[startsWith('Azure', 'AZ')]", True),
    ("[endsWith('Azure', 'URE')]", True),
    ("[padLeft(7, 3, '0')]", "007"),
    ("[indexOf('abcabc', 'C')]", 2),
    ("[lastIndexOf('abcabc', 'C')]", 5),
    ("[base64('one')]", "b25l"),
    ("[base64ToString(base64('one'))]", "one"),
    ("[uri('https://a.net/b/', 'c')]", "https://a.net/b/c"),
    ("[uriComponent('a b/c')]", "a%20b%2Fc"),
    ("[uriComponentToString('a%20b')]", "a b"),
    ("[length(uniqueString('a'))]", 13),
    ("[equals(uniqueString('a'), uniqueString('a'))]", True),
    ("[equals(guid('a', 'b'), guid('ab'))]", False),
    # arrays and objects
    ("[concat(createArray(1), createArray('b'))]", [1, "b"]),
    ("[empty('')]", True),
    ("[empty(createObject())]", True),
    ("[empty(null())]", True),
    ("[empty(createArray(0))]", False),
    ("[length('abc')]", 3),
    ("[contains('abc', 'B')]", False),
    ("[contains(createArray('a', 'b'), 'b')]", True),
    ("[contains(parameters('object'), 'KEY')]", True),
    ("[first('abc')]", "a"),
    ("[last(createArray(1, 2))]", 2),
    ("[first('')]", ""),
    ("[first(createArray())]", None),
    ("[skip('abc', 1)]", "bc"),
    ("[take(createArray(1, 2, 3), 2)]", [1, 2]),
    ("[array('a')]", ["a"]),
    ("[createObject('a', 1, 'b', null())]", {"a": 1, "b": None}),
    ("[union(createArray(1, 2), createArray(2, 3))]", [1, 2, 3]),
    (
        '[union(json(\'{"a": {"x": 1}, "b": 1}\'), json(\'{"A": {"y": 2}, "b": 2}\'))]',
        {"a": {"x": 1, "y": 2}, "b": 2},
    ),
    ("[intersection(createArray(1, 2), createArray(2, 3))]", [2]),
    ("[items(createObject('b', 1, 'a', 2))]", [{"key": "a", "value": 2}, {"key": "b", "value": 1}]),
    # conversions
    ("[string(createObject('a', createArray(1, true())))]", '{"a":[1,true]}'),
    ("[string(12)]", "12"),
    ("[int('12')]", 12),
    ("[bool('True')]", True),
    ("[bool(0)]", False),
    ("[json('null')]", None),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text: str, value: Any) -> None:
    actual = Evaluator(CONTEXT).value(text)
    assert (actual, type(actual)) == (value, type(value))


def test_expressions_are_evaluated_everywhere_in_a_document() -> None:
    document = {"[toLower('KEY')]": [{"a": "[add(1, 1)]"}, 5, None, True]}
    assert Evaluator({}).value(document) == {"key": [{"a": 2}, 5, None, True]}


REFUSED = [
    ("[concat('a']", "Unable to parse language expression 'concat('a'': "),
    ("[]", "the end was not expected"),
    ("['a]", "was not expected"),
    ("[a b]", "was not expected"),
    ("[true]", "Unable to parse"),  # as in Azure, a function: true()
    ("[1.5]", "Unable to parse"),
    ("[99999999999999999999999]", "is too large"),
    ("[frobnicate(1)]", "The template function 'frobnicate' is not valid"),
    ("[reference('x')]", "The template function 'reference' is not expected at this location"),
    ("[utcNow()]", "The template function 'utcNow' is not expected at this location"),
    ("[toLower(1)]", "function 'toLower': the type of 'string' is 'Integer'"),
    ("[add(true(), 1)]", "function 'add': the type of 'one' is 'Boolean'"),
    ("[not(1)]", "function 'not': the type of 'value' is 'Integer'"),
    ("[toLower()]", "function 'toLower': it was given 0 argument(s) and takes (string)"),
    ("[toLower('a', 'b')]", "function 'toLower': it was given 2 argument(s)"),
    ("[if(true(), 1)]", "function 'if': it was given 2 argument(s)"),
    ("[if('true', 1, 2)]", "its condition is of the type 'String'"),
    ("[json('{')]", "function 'json': "),
    ("[int('a')]", "function 'int': "),
    ("[bool('maybe')]", "the string is neither true nor false"),
    ("[div(1, 0)]", "function 'div': "),
    ("[less(1, 'a')]", "have no order"),
    ("[concat('a', createArray())]", "all arrays or all strings"),
    ("[createObject('a')]", "pairs of a string and a value"),
    ("[union(createArray(), createObject())]", "all arrays or all objects"),
    ("[format('{1}', 'a')]", "function 'format': "),
    ("[format('{0:D3}', 1)]", "formats are refused"),
    ("[substring('abc', 2, 5)]", "must refer to a location within the string"),
    ("[parameters('object').other]", "property 'other' doesn't exist, available properties are"),
    ("[parameters('list')[2]]", "array index '2' is out of bounds"),
    ("[parameters('name').length]", "'String' has no such property"),
    ("[base64ToString('?')]", "function 'base64ToString': "),
    (f"[concat('{'a' * MAX_LENGTH}')]", f"the limit is {MAX_LENGTH}"),
    ("[" + "not(" * 4500 + "true()" + ")" * 4500 + "]", "nested too deeply"),
    ({"[createArray()]": 1}, "is no string"),
]


@pytest.mark.parametrize(("document", "message"), REFUSED, ids=lambda item: str(item)[:40])
def test_refusal_says_what_and_where(document: Any, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        Evaluator(CONTEXT).value(document)
    assert message in refused.value.message
    assert refused.value.code == "InvalidTemplate"


SOMETHING = st.text() | st.text(alphabet="ab1'()[],. -\n", max_size=40)
CALLS = st.recursive(
    st.sampled_from(["'a'", "1", "-1", "true()", "null()", "createArray()", "createObject()"]),
    lambda inner: (
        st.builds(
            lambda name, arguments: f"{name}({', '.join(arguments)})",
            st.sampled_from(
                sorted(
                    word.partition("(")[0].strip("[")
                    for word in {text for text, _ in VALUES if text.startswith("[") and "(" in text}
                )
            ),
            st.lists(inner, max_size=3),
        )
        | st.builds("{}[{}]".format, inner, inner)
        | st.builds("{}.name".format, inner)
    ),
    max_leaves=8,
)


def outcome(text: str) -> Any:
    """The value of an expression, or its refusal; any other exception is a defect."""
    try:
        return Evaluator({}).value(f"[{text}]")
    except TemplateError as refused:
        return refused.message


@given(SOMETHING | CALLS)
def test_whatever_is_written_gives_json_or_a_refusal(text: str) -> None:
    value = outcome(text)
    assert json.loads(json.dumps(value)) == value


@given(st.text() | st.text(alphabet="[]a'", max_size=6))
def test_an_escaped_string_evaluates_to_itself(text: str) -> None:
    assert Evaluator({}).value(escaped(text)) == text
