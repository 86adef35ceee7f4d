"""Whatever a template holds, it is deployed or refused; nothing else happens."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from acr_emulator.deployments.templates.deployment_context import DeploymentContext
from acr_emulator.deployments.templates.invalid_template import TemplateError
from acr_emulator.deployments.templates.runtime_references import NeededError
from acr_emulator.deployments.templates.template import Template
from hypothesis import given
from hypothesis import strategies as st

PLACE = DeploymentContext(
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
        outputs = Template(document, parameters, PLACE).outputs({})
    assert outputs is None or outputs.keys() == (document.get("outputs") or {}).keys()
