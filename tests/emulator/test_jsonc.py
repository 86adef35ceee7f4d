"""JSON as ARM reads it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from acr_emulator.arm.jsonc import loads
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('{"properties": {"parameters": {}, template:{\r\n  "b": 1}}}', None),
        ('{"a": 1, // "b": 2,\n "c": /* {" */ 3}', {"a": 1, "c": 3}),
        ('{"a": "// no comment", "b": "/* nor this */"}', None),
        ('{"a": "x: y", "b": "\\" c: d"}', None),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": "https://b.c/d"}', {"a": "https://b.c/d"}),
        ('{"a": [true, null]}', {"a": [True, None]}),
    ],
)
def test_value(text: str, value: Any) -> None:
    expected = json.loads(text.replace("template:", '"template":')) if value is None else value
    assert loads(text.encode()) == expected


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.text(), inner)), max_leaves=9))  # fmt: skip
def test_plain_json_is_read_as_ever(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "ignore")) == json.loads(
        json.dumps(value, ensure_ascii=False).encode("utf-8", "ignore")
    )


@pytest.mark.parametrize("text", ["{", '{"a" 1}', '{"a": b}', "// nothing"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"char|Expecting"):
        loads(text.encode())


LARGE = [
    "a" * 40_000,
    "a " * 20_000,
    "a" + " " * 40_000,
    "/*" * 20_000,
    "//" * 20_000,
    '"' + r"\\" * 20_000,
    "$" * 40_000 + ": 1",
]


@pytest.mark.parametrize("content", LARGE, ids=lambda text: text[:4])
def test_a_large_body_takes_no_time(content: str) -> None:
    begun = time.process_time()
    with pytest.raises(ValueError, match=r"char|Expecting"):
        loads(content.encode())
    assert time.process_time() - begun < 1
