"""The expressions of templates: what they evaluate to, and what is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import pytest
from acr_emulator.deployments.templates.dates import formatted
from acr_emulator.deployments.templates.evaluation import PLAIN, Evaluator
from acr_emulator.deployments.templates.invalid_template import ArgumentError, TemplateError
from acr_emulator.deployments.templates.parser import MAX_LENGTH, escaped
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.emulator_wording import NO_PART_OF_A_URI, NOT_AT_THIS_LOCATION

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
    ("[add(9223372036854775806, 1)]", 9223372036854775807),
    ("[-9223372036854775808]", -(2**63)),
    ("[int('-9223372036854775808')]", -(2**63)),
    ("[mod(-7, 2)]", -1),
    ("[min(3, 1, 2)]", 1),
    ("[max(createArray(3, 1))]", 3),
    # strings
    ("[concat('a', 1, true())]", "a1True"),
    ("[format('{0}/{1}-{0}{{}}', 'a', 2)]", "a/2-a{}"),
    ("[format('{0}|', null())]", "|"),
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
    (
        "[intersection(createObject('a', 1, 'b', 2, 'n', null()), createObject('a', 3, 'b', 2))]",
        {"b": 2},
    ),
    ("[items(createObject('b', 1, 'a', 2))]", [{"key": "a", "value": 2}, {"key": "b", "value": 1}]),
    ("[indexOf(createArray('a', 'b', 'a'), 'a')]", 0),
    ("[lastIndexOf(createArray('a', 'b', 'a'), 'a')]", 2),
    ("[indexOf(createArray('a'), 'A')]", -1),
    ("[range(5, 3)]", [5, 6, 7]),
    ("[flatten(createArray(createArray(1, 2), createArray(3), 4))]", [1, 2, 3, 4]),
    ("[indexFromEnd(createArray(1, 2, 3), 1)]", 3),
    ("[tryIndexFromEnd(createArray(1), 2)]", None),
    ("[tryIndexFromEnd(createArray(1, 2), 1)]", 2),
    ("[tryIndexFromEnd(createArray(1, 2), 2)]", 1),
    ("[tryIndexFromEnd(createArray(1), 0)]", None),
    ("[tryGet(parameters('object'), 'key')]", 1),
    ("[tryGet(parameters('object'), 'none', 'deeper')]", None),
    ("[tryGet(createObject('a', createArray('x')), 'A', 0)]", "x"),
    ("[tryGet(createArray(1), 1)]", None),
    ("[objectKeys(createObject('b', 1, 'a', 2))]", ["b", "a"]),
    (
        "[shallowMerge(createArray(createObject('a', createObject('x', 1)),"
        " createObject('a', 2)))]",
        {"a": 2},
    ),
    # lambdas
    ("[map(createArray('a', 'b'), lambda('x', concat(lambdaVariables('x'), '!')))]", ["a!", "b!"]),
    (
        "[map(range(1, 2), lambda('x', 'I', add(lambdaVariables('X'), lambdaVariables('i'))))]",
        [1, 3],
    ),
    ("[filter(range(0, 5), lambda('x', greater(lambdaVariables('x'), 2)))]", [3, 4]),
    (
        "[sort(createArray(3, 1, 2), lambda('a', 'b',"
        " less(lambdaVariables('a'), lambdaVariables('b'))))]",
        [1, 2, 3],
    ),
    (
        "[reduce(range(1, 4), 0, lambda('sum', 'x',"
        " add(lambdaVariables('sum'), lambdaVariables('x'))))]",
        10,
    ),
    (
        "[toObject(createArray('a', 'b'), lambda('x', lambdaVariables('x')),"
        " lambda('x', length(lambdaVariables('x'))))]",
        {"a": 1, "b": 1},
    ),
    ("[toObject(createArray('a'), lambda('x', toUpper(lambdaVariables('x'))))]", {"A": "a"}),
    (
        "[groupBy(createArray('a1', 'b', 'a2'), lambda('x', take(lambdaVariables('x'), 1)))]",
        {"a": ["a1", "a2"], "b": ["b"]},
    ),
    ("[mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))]", {"a": 2}),
    (
        "[map(createArray(1, 2), lambda('x', map(createArray(10), lambda('y',"
        " add(lambdaVariables('x'), lambdaVariables('y'))))))]",
        [[11], [12]],
    ),
    # dates
    ("[dateTimeAdd('2026-01-31 10:00:00Z', 'P1M')]", "2026-02-28 10:00:00Z"),
    ("[dateTimeAdd('20260131T100000Z', '-PT1H30M')]", "20260131T083000Z"),
    ("[dateTimeAdd('2026-01-31T10:00:00+02:00', 'P1DT1S')]", "2026-02-01T08:00:01Z"),
    ("[dateTimeAdd('2026-01-31T10:00:00+05:30', 'PT0S')]", "2026-01-31T04:30:00Z"),
    ("[dateTimeAdd('2026-01-31T10:00:00-09:45', 'PT0S')]", "2026-01-31T19:45:00Z"),
    ("[dateTimeAdd('2026-01-31', 'P2W', 'yyyy/MM/dd')]", "2026/02/14"),
    ("[dateTimeAdd('2026-01-31T10:00:00.1234567Z', 'P1Y', 'u')]", "2027-01-31 10:00:00Z"),
    ("[dateTimeFromEpoch(0)]", "1970-01-01T00:00:00Z"),
    ("[dateTimeToEpoch('1970-01-01T00:01:00Z')]", 60),
    ("[float('1.5')]", 1.5),
    ("[base64ToJson(base64('[1]'))]", [1]),
    ("[dataUri('a')]", "data:text/plain;charset=utf8;base64,YQ=="),
    ("[dataUriToString(dataUri('a b'))]", "a b"),
    ("[dataUriToString('data:,a%20b')]", "a b"),
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
    ("[reference('x')]", f"The template function 'reference' {NOT_AT_THIS_LOCATION}"),
    ("[utcNow()]", f"The template function 'utcNow' {NOT_AT_THIS_LOCATION}"),
    ("[toLower(1)]", "function 'toLower': the type of 'string' is 'Integer'"),
    ("[add(true(), 1)]", "function 'add': the type of 'one' is 'Boolean'"),
    ("[not(1)]", "function 'not': the type of 'value' is 'Integer'"),
    ("[toLower()]", "function 'toLower': it was given 0 argument(s) and takes (string)"),
    ("[toLower('a', 'b')]", "function 'toLower': it was given 2 argument(s)"),
    ("[if(true(), 1)]", "function 'if': it was given 2 argument(s)"),
    ("[if('true', 1, 2)]", "its condition is of the type 'String'"),
    ("[json('{')]", "function 'json': "),
    ("[int('a')]", "function 'int': "),
    ("[bool('maybe')]", "'value' is neither true nor false"),
    ("[int('9223372036854775808')]", "function 'int': the result has more than 64 bits"),
    (f"[int('{'9' * 5000}')]", "function 'int': 'value' is no integer of 64 bits"),
    ("[9223372036854775808]", "is too large"),
    ("[add(9223372036854775807, 1)]", "function 'add': the result has more than 64 bits"),
    ("[sub(-9223372036854775808, 1)]", "function 'sub': the result has more than 64 bits"),
    ("[mul(9223372036854775807, 2)]", "function 'mul': the result has more than 64 bits"),
    ("[div(-9223372036854775808, -1)]", "function 'div': the result has more than 64 bits"),
    ("[json('{\"a\": 9223372036854775808}')]", "has a number that is out of bounds"),
    ("[json('1e999')]", "has a number that is out of bounds"),
    ("[json('NaN')]", "function 'json': 'value' is no JSON"),
    ("[max(createArray())]", "function 'max': 'value' must be integers, and at least one"),
    ("[min(1, true())]", "function 'min': the type of 'more' is 'Boolean'"),
    ("[padLeft('a', 3, 'bc')]", "function 'padLeft': 'padding' must be one character"),
    ("[padLeft('a', 3, '')]", "function 'padLeft': 'padding' must be one character"),
    ("[padLeft('a', 4194305)]", "function 'padLeft': 'length' must be at most 4194304"),
    ("[split('a', createArray(1))]", "'delimiter' must be a string or an array of strings"),
    ("[uri('https://[a', 'b')]", f"function 'uri': {NO_PART_OF_A_URI}"),
    ("[base64('\ud800')]", "function 'base64': a string is no valid Unicode"),
    ("[div(1, 0)]", "function 'div': 'divisor' is zero"),
    ("[less(1, 'a')]", "have no order"),
    ("[concat('a', createArray())]", "all arrays or all strings"),
    ("[createObject('a')]", "pairs of a string and a value"),
    ("[union(createArray(), createObject())]", "all arrays or all objects"),
    ("[format('{1}', 'a')]", "function 'format': "),
    ("[format('{0:D3}', 1)]", "formats are refused"),
    ("[substring('abc', 2, 5)]", "must refer to a location within the string"),
    ("[parameters('object').other]", "property 'other' doesn't exist."),
    ("[parameters('list')[2]]", "array index 2 is out of bounds"),
    ("[parameters('name').length]", "'String' has no such property"),
    ("[concat(createArray(), 'a')]", "all arrays or all strings"),
    ("[base64ToString('?')]", "function 'base64ToString': 'string' is no Base64 of a text"),
    ("[dataUriToString('a')]", "function 'dataUriToString': 'string' is no data URI"),
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


MORNING = datetime(2026, 3, 5, 9, 8, 7, 60500, tzinfo=timezone.utc)
EVENING = datetime(2009, 12, 31, 0, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("form", "morning", "evening"),
    [
        ("yyyyMMddTHHmmssZ", "20260305T090807Z", "20091231T003000Z"),
        ("d", "03/05/2026", "12/31/2009"),
        ("D", "Thursday, 05 March 2026", "Thursday, 31 December 2009"),
        ("f", "Thursday, 05 March 2026 09:08", "Thursday, 31 December 2009 00:30"),
        ("F", "Thursday, 05 March 2026 09:08:07", "Thursday, 31 December 2009 00:30:00"),
        ("g", "03/05/2026 09:08", "12/31/2009 00:30"),
        ("G", "03/05/2026 09:08:07", "12/31/2009 00:30:00"),
        ("m", "March 05", "December 31"),
        ("o", "2026-03-05T09:08:07.0605000Z", "2009-12-31T00:30:00.0000000Z"),
        ("R", "Thu, 05 Mar 2026 09:08:07 GMT", "Thu, 31 Dec 2009 00:30:00 GMT"),
        ("s", "2026-03-05T09:08:07", "2009-12-31T00:30:00"),
        ("t", "09:08", "00:30"),
        ("T", "09:08:07", "00:30:00"),
        ("u", "2026-03-05 09:08:07Z", "2009-12-31 00:30:00Z"),
        ("U", "Thursday, 05 March 2026 09:08:07", "Thursday, 31 December 2009 00:30:00"),
        ("y", "2026 March", "2009 December"),
        ("M d", "3 5", "12 31"),
        ("%M", "3", "12"),
        ("y yy yyy yyyyy", "26 26 2026 02026", "9 09 2009 02009"),
        ("ddd dddd MMM MMMM", "Thu Thursday Mar March", "Thu Thursday Dec December"),
        ("h:m:s tt", "9:8:7 AM", "12:30:0 AM"),
        ("hh t", "09 A", "12 A"),
        ("ss.fff", "07.060", "00.000"),
        ("ss.FFF", "07.06", "00"),
        ("fffffff FFFFFFF", "0605000 0605", "0000000 "),
        ("z zz zzz K g", "+0 +00 +00:00 Z A.D.", "+0 +00 +00:00 Z A.D."),
        ("yyyy'y'\"M\"\\d%%", None, None),
        ("yyyy'y'\"M\"\\d", "2026yMd", "2009yMd"),
        ("", "03/05/2026 09:08:07", "12/31/2009 00:30:00"),
        ("x", None, None),
        ("%", None, None),
        ("yyyy'", None, None),
        ("yyyy\\", None, None),
        ("ffffffff", None, None),
    ],
)
def test_a_timestamp_is_written_as_dotnet_does_or_refused(
    form: str, morning: str | None, evening: str | None
) -> None:
    for timestamp, text in ((MORNING, morning), (EVENING, evening)):
        if text is None:
            with pytest.raises(ArgumentError, match="'format' has"):
                formatted(timestamp, form)
        else:
            assert formatted(timestamp, form) == text


@given(st.datetimes(timezones=st.just(timezone.utc)), st.text() | st.text("yMdHhmsfFtzgK'%\\"))
def test_any_format_of_a_timestamp_is_written_or_refused(timestamp: datetime, form: str) -> None:
    with suppress(ArgumentError):
        assert isinstance(formatted(timestamp, form), str)


INTEGERS = st.integers(-9, 9) | st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text() | st.sampled_from(["\ud800", "{0}", "https://[", "A.B/c", "1", "[1]"])
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", sorted(PLAIN))
@settings(max_examples=30)
@given(arguments=st.lists(JSON | INTEGERS | TEXTS, max_size=4))
def test_any_arguments_give_json_or_a_refusal(name: str, arguments: list[Any]) -> None:
    value = None
    with suppress(TemplateError):
        value = PLAIN[name](*arguments)
    assert json.loads(json.dumps(value)) == value
    assert not isinstance(value, int) or -(2**63) <= value < 2**63


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
