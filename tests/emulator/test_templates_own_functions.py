"""Functions of a template's own: what they return, and what they can't see."""

from __future__ import annotations

from typing import Any

import pytest
from acr_emulator.deployments.templates.invalid_template import TemplateError

from tests.emulator.template_samples import output, template
from tests.support.emulator_wording import EXPECTED_TYPE, NOT_AN_OBJECT, NOT_AT_THIS_LOCATION

TEXT = {"type": "string"}
MEMBERS: dict[str, Any] = {
    "join": {
        "parameters": [{"name": "one", **TEXT}, {"name": "other", **TEXT}],
        "output": {**TEXT, "value": "[concat(parameters('ONE'), '-', parameters('other'))]"},
    },
    "twice": {
        "parameters": [{"name": "it", **TEXT}],
        "output": {**TEXT, "value": "[mine.join(parameters('it'), parameters('it'))]"},
    },
    "never": {"output": {**TEXT, "value": "[mine.never()]"}},
    "wrong": {"output": {"type": "int", "value": "text"}},
    "blind": {"output": {**TEXT, "value": "[variables('x')]"}},
    "side": {
        "parameters": [{"name": "it", "$ref": "#/definitions/side"}],
        "output": {"$ref": "#/definitions/side", "value": "[parameters('it')]"},
    },
}
FUNCTIONS = [{"namespace": "mine", "members": MEMBERS}]
DEFINITIONS = {"side": TEXT}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[mine.join('a', 'b')]", "a-b"),
        ("[MINE.Join('a', 'b')]", "a-b"),
        ("[toUpper(mine.twice('a'))]", "A-A"),
        ("[mine.side('source')]", "source"),
        ("[first(map(createArray('a'), lambda('x', mine.twice(lambdaVariables('x')))))]", "a-a"),
    ],
)
def test_a_function_returns_its_output(expression: str, value: str) -> None:
    assert output(expression, functions=FUNCTIONS, definitions=DEFINITIONS) == value


def test_parameters_and_variables_call_functions() -> None:
    made = template(
        functions=FUNCTIONS,
        definitions=DEFINITIONS,
        parameters={"p": {**TEXT, "defaultValue": "[mine.twice('a')]"}},
        variables={"v": "[mine.twice(parameters('p'))]"},
        outputs={"o": {**TEXT, "value": "[variables('v')]"}},
    )
    assert made.outputs({})["o"]["value"] == "a-a-a-a"


def test_a_nested_template_has_functions_of_its_own() -> None:
    inner = {
        "functions": [{"namespace": "inner", "members": {"it": MEMBERS["join"]}}],
        "resources": [],
        "outputs": {"o": {**TEXT, "value": "[inner.it('a', 'b')]"}},
    }
    deployment = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "nested",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": inner,
        },
    }
    made = template(resources=[deployment])
    body = made.body(made.resources[0].resource, {})
    sent = body["properties"]["template"]
    assert output("[inner.it('a', 'b')]", functions=sent["functions"]) == "a-b"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("[mine.join('a')]", "'mine.join': it takes (one, other)"),
        (
            "[mine.join('a', 1)]",
            f"function 'mine.join.other' is not valid. {EXPECTED_TYPE}",
        ),
        ("[mine.wrong()]", f"function 'mine.wrong' is not valid. {EXPECTED_TYPE}"),
        ("[mine.blind()]", f"'variables' {NOT_AT_THIS_LOCATION}"),
        ("[mine.never()]", "The template is nested too deeply."),
        ("[mine.none()]", "The template function 'mine.none' is not valid"),
        ("[other.join('a', 'b')]", "The template function 'other.join' is not valid"),
    ],
)
def test_functions_are_refused(expression: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        output(expression, functions=FUNCTIONS, definitions=DEFINITIONS)
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ([1], "The namespace of functions must be an object"),
        ([{"namespace": "a", "members": []}], NOT_AN_OBJECT),
        ([{"namespace": 5, "members": {}}], "The property 'namespace' of the namespace of"),
        ([{"namespace": "a", "members": {"f": {"parameters": []}}}], "has no output with a value"),
        ([{"namespace": "a", "members": {"f": {"result": 1}}}], "Could not find member 'result'"),
        ([{"namespace": "a", "members": {"f": {"parameters": [1]}}}], "must be an object"),
    ],
)
def test_declarations_are_refused(functions: Any, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        template(functions=functions)
    assert message in refused.value.message
