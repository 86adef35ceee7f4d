"""Types of a template's own: what a parameter of such a type accepts."""

from __future__ import annotations

from typing import Any

import pytest
from acr_emulator.deployments.templates.invalid_template import TemplateError

from tests.emulator.template_samples import template
from tests.support.emulator_wording import EXPECTED_TYPE

DEFINITIONS = {
    "side": {"type": "string", "allowedValues": ["source", "target"]},
    "names": {"type": "array", "items": {"type": "string", "minLength": 3}},
    "pair": {"type": "array", "prefixItems": [{"type": "int"}, {"$ref": "#/definitions/side"}],
             "items": False},
    "pipeline": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 5},
            "side": {"$ref": "#/definitions/side", "nullable": True},
            "runs": {"$ref": "#/definitions/NAMES"},
        },
        "additionalProperties": False,
    },
    "counts": {"type": "object", "additionalProperties": {"type": "int", "maxValue": 9}},
    "again": {"$ref": "#/definitions/pipeline"},
    "circle": {"$ref": "#/definitions/circle"},
}  # fmt: skip
GOOD = {"name": "nightly", "runs": ["first"]}


def given(of_type: str, value: Any, **more: Any) -> Any:
    """What a parameter of a type is worth in a template."""
    parameter = {"$ref": f"#/definitions/{of_type}", **more}
    made = template(
        {"p": value},
        languageVersion="2.0",
        resources={},
        definitions=DEFINITIONS,
        parameters={"p": parameter},
    )
    return made.parameters.shown()["p"]


@pytest.mark.parametrize(
    ("of_type", "value", "shown"),
    [
        ("side", "source", "String"),
        ("names", ["one", "two"], "Array"),
        ("names", [], "Array"),
        ("pair", [1, "target"], "Array"),
        ("pipeline", GOOD, "Object"),
        ("pipeline", {**GOOD, "Side": "target"}, "Object"),
        ("pipeline", {**GOOD, "side": None}, "Object"),
        ("again", GOOD, "Object"),
        ("counts", {"a": 1, "b": 9}, "Object"),
    ],
)
def test_a_value_of_the_type_is_accepted(of_type: str, value: Any, shown: str) -> None:
    assert given(of_type, value) == {"type": shown, "value": value}


@pytest.mark.parametrize(
    ("of_type", "value", "message"),
    [
        ("side", "north", "parameter 'p' is not valid. The parameter value is not part of"),
        ("names", ["one", 2], f"parameter 'p[1]' is not valid. {EXPECTED_TYPE} 'String'"),
        ("names", ["ab"], "parameter 'p[0]' is not valid. Length of the value should be"),
        ("pair", [1, "target", 3], "'p' is not valid: it must have at most 2 items"),
        ("pair", [1, "north"], "parameter 'p[1]' is not valid. The parameter value is not"),
        ("pipeline", {"name": "nightly"}, "the property 'runs' is missing"),
        ("pipeline", {**GOOD, "other": 1}, "the property 'other' is not allowed"),
        ("pipeline", {**GOOD, "name": "x"}, "parameter 'p.name' is not valid. Length"),
        ("pipeline", {**GOOD, "runs": None}, f"'p.runs' is not valid. {EXPECTED_TYPE}"),
        ("counts", {"a": 10}, "parameter 'p.a' is not valid. The value should be less than"),
        ("circle", 1, "refer to one another in a circle"),
        ("missing", 1, "The type reference '#/definitions/missing' isn't defined"),
    ],
)
def test_a_value_of_another_type_is_refused(of_type: str, value: Any, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        given(of_type, value)
    assert message in refused.value.message
    assert (refused.value.status, refused.value.code) == (400, "InvalidTemplate")


def test_a_secret_of_a_type_is_in_no_refusal() -> None:
    secret = {"type": "secureObject", "properties": {"pin": {"type": "string", "maxLength": 3}}}
    allowed = {
        "type": "secureObject",
        "properties": {"pin": {"type": "string", "allowedValues": []}},
    }
    for parameter in (secret, allowed):
        with pytest.raises(TemplateError) as refused:
            template({"p": {"pin": "sesame"}}, parameters={"p": parameter})
        assert "sesame" not in refused.value.message


def test_an_output_has_a_type_of_the_templates_own() -> None:
    made = template(
        languageVersion="2.0",
        resources={},
        definitions=DEFINITIONS,
        outputs={"o": {"$ref": "#/definitions/side", "value": "source"}},
    )
    assert made.outputs({}) == {"o": {"type": "String", "value": "source"}}
