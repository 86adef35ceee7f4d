"""Whatever a template holds, it is deployed or refused; nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import pytest
from acr_emulator.deployments.templates.deployment_context import DeploymentContext
from acr_emulator.deployments.templates.evaluation import PLAIN
from acr_emulator.deployments.templates.invalid_template import TemplateError
from acr_emulator.deployments.templates.runtime_references import NeededError
from acr_emulator.deployments.templates.template import Template
from hypothesis import given, settings
from hypothesis import strategies as st

CONTEXT = DeploymentContext(
    subscription={"subscriptionId": "sub"},
    group={"id": "/subscriptions/sub/resourceGroups/rg", "name": "rg"},
    tenant={},
    environment={},
    deployment={},
    now=datetime(2026, 11, 21, tzinfo=timezone.utc),
)
WORDS = [
    "",
    "a",
    "a/b",
    "A.B/c",
    "[parameters('p')]",
    "[variables('v')]",
    "[reference('a').b]",
    "[",
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner),
    max_leaves=6,
)
RESOURCE = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("type", "name", "apiVersion"), st.sampled_from(WORDS) | ANYTHING),
        **dict.fromkeys(("condition", "dependsOn", "scope", "resources", "copy"), ANYTHING),
        "properties": st.fixed_dictionaries({}, optional={"template": ANYTHING}) | ANYTHING,
    },
)
DEFINITION = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "int", "array"]) | ANYTHING,
        **dict.fromkeys(
            ("defaultValue", "allowedValues", "minLength", "maxLength", "minValue", "value"),
            ANYTHING,
        ),
    },
)
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        "parameters": st.dictionaries(st.just("p"), DEFINITION | ANYTHING) | ANYTHING,
        "variables": st.dictionaries(st.just("v"), ANYTHING) | ANYTHING,
        "resources": st.lists(RESOURCE, max_size=3) | ANYTHING,
        "outputs": st.dictionaries(st.just("o"), DEFINITION | ANYTHING) | ANYTHING,
    },
)


@given(DOCUMENT, st.dictionaries(st.sampled_from("pq"), DEFINITION | ANYTHING) | ANYTHING)
def test_whatever_a_document_holds_is_deployable_or_refused(document: Any, parameters: Any) -> None:
    outputs: Any = None
    with suppress(NeededError, TemplateError):
        outputs = Template(document, parameters, CONTEXT).outputs({})
    assert outputs is None or outputs.keys() == (document.get("outputs") or {}).keys()


#: With a slash, so that it is taken for the type of a resource.
SECRET = "Sesame/open"
PIN = "748159263"
SECRETS = {
    "pw": {"value": SECRET},
    "pin": {"value": PIN},
    "safe": {"value": {"key": SECRET, SECRET: [PIN]}},
}
OTHERS = (
    *("parameters", "variables", "resourceGroup", "resourceId", "subscriptionResourceId"),
    *("extensionResourceId", "tenantResourceId", "reference", "listKeys", "utcNow", "if"),
)
FUNCTIONS = sorted({*OTHERS, *(function.name for function in PLAIN.values())})
ATOMS = st.sampled_from(
    (
        *("parameters('pw')", "parameters('pin')", "parameters('safe')", "variables('pw')"),
        *("parameters('safe').key", "int(parameters('pin'))", "createArray(parameters('pw'))"),
        *("createObject(parameters('pw'), parameters('pin'))", "createArray()", "true()"),
        *("concat('https://[', parameters('pw'))", "concat('{', parameters('pin'), '}')"),
        *("'A.B/c'", "'2020-01-01'", "2", "null()"),
    )
)


def call(name: str, arguments: list[str]) -> str:
    """The text of a call."""
    return f"{name}({', '.join(arguments)})"


EXPRESSIONS = ATOMS | st.recursive(
    ATOMS,
    lambda inner: (
        st.builds(call, st.sampled_from(FUNCTIONS), st.lists(inner, max_size=3))
        | st.builds("createArray({})[{}]".format, inner, inner)
        | st.builds("createObject('a', {})[{}]".format, inner, inner)
        | st.builds("if(true(), {}, '')[{}]".format, inner, inner)
    ),
    max_leaves=5,
)
THING: dict[str, Any] = {"type": "A.B/c", "name": "x", "apiVersion": "2020-01-01"}


def of_resource(member: str) -> Callable[[str], dict[str, Any]]:
    """Makes a document with a resource that has the expression as this member."""
    return lambda text: {"resources": [{**THING, member: text}]}


#: Where a template may have an expression -> a document with one there.
POSITIONS: dict[str, Callable[[str], dict[str, Any]]] = {
    "default value": lambda text: {
        "parameters": {"p": {"type": "string", "defaultValue": text, "allowedValues": ["a"]}}
    },
    "variable": lambda text: {
        "variables": {"v": text},
        "outputs": {"o": {"type": "int", "value": "[variables('v')]"}},
    },
    "output": lambda text: {"outputs": {"o": {"type": "int", "value": text}}},
    "condition of an output": lambda text: {
        "outputs": {"o": {"type": "int", "value": 1, "condition": text}}
    },
    "name of a property": lambda text: {"resources": [{**THING, "tags": {text: 1}}]},
    "some dependency": lambda text: {"resources": [{**THING, "dependsOn": [text]}]},
    "nested template": lambda text: {
        "resources": [
            {
                **THING,
                "type": "Microsoft.Resources/deployments",
                "properties": {
                    "mode": "Incremental",
                    "parameters": {"p": {"value": text}},
                    "template": {"resources": [{**THING, "dependsOn": [text]}]},
                },
            }
        ]
    },
    **{
        member: of_resource(member)
        for member in ("type", "name", "apiVersion", "condition", "dependsOn", "tags")
    },
}


def refusal(document: dict[str, Any]) -> str:
    """Why a template that has secure parameters is refused; empty if it is not."""
    text = {"type": "secureString"}
    secure = {"pw": text, "pin": text, "safe": {"type": "secureObject"}}
    parameters = {**secure, **document.get("parameters", {})}
    variables = {"pw": "[parameters('pw')]", **document.get("variables", {})}
    sent = {**document, "parameters": parameters, "variables": variables}
    try:
        Template(sent, SECRETS, CONTEXT).outputs({})
    except TemplateError as refused:
        return refused.message
    except NeededError:
        return ""
    return ""


@pytest.mark.parametrize("template", POSITIONS)
@given(text=EXPRESSIONS)
@settings(max_examples=50)
def test_no_refusal_shows_a_secret_wherever_it_stands(template: str, text: str) -> None:
    message = refusal(POSITIONS[template](f"[{text}]"))
    assert "sesame" not in message.lower()
    assert PIN not in message


@pytest.mark.parametrize("function", FUNCTIONS)
@given(arguments=st.lists(ATOMS, min_size=1, max_size=3))
@settings(max_examples=30)
def test_no_refusal_of_a_function_shows_a_secret(function: str, arguments: list[str]) -> None:
    message = refusal(POSITIONS["output"](f"[{call(function, arguments)}]"))
    assert "sesame" not in message.lower()
    assert PIN not in message
