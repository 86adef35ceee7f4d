"""Bodies of a wrong JSON type: refused with 400, never a defect of the emulator."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.good_bodies import BODIES, SOMEBODY, parts
from tests.emulator.running import GROUP, REGISTRIES, Emulator, Json

WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 5, "text", "", [], [None], [5], {}, {"name": 5}, [[]], ["x"]]
)


CASES = [(path, part) for path, body in BODIES.items() for part in parts(body)]


@pytest.fixture(scope="module", autouse=True)
def all_are_there(emulator: Emulator) -> None:
    emulator.instance.directory.admit(SOMEBODY)
    for path, body in BODIES.items():
        answer = emulator.arm("PUT", path, body)
        assert answer.is_success, answer.text


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(case=st.sampled_from(CASES), value=WRONG)
def test_whatever_a_part_is_the_answer_is_arms(
    emulator: Emulator, case: tuple[str, tuple[Any, ...]], value: Any
) -> None:
    path, part = case
    body: Any = copy.deepcopy(BODIES[path])
    at = body
    for key in part[:-1]:
        at = at[key]
    at[part[-1]] = value
    answer = emulator.arm("PUT", path, body)
    reported = f"{path} {json.dumps(body)}: {answer.status_code} {answer.text}"
    assert answer.status_code != 500, reported
    assert answer.is_success or "code" in answer.json()["error"], reported
    # What was kept can be read again.
    for again in (path, path.rpartition("/")[0]):
        assert emulator.arm("GET", again).status_code != 500, f"{reported} then {again}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"location": 5}, "location is to be a string"),
        ({"location": "westus", "tags": []}, "tags is to be an object"),
        ({"properties": {"options": "x"}}, "properties.options is to be an array"),
        (
            {"properties": {"request": {"artifacts": [5]}}},
            "properties.request.artifacts[0] is to be a string",
        ),
        (
            {"properties": {"request": {"catalogDigest": 5}}},
            "properties.request.catalogDigest is to be a string",
        ),
        (
            {"properties": {"policies": {"exportPolicy": []}}},
            "properties.policies.exportPolicy is to be an object",
        ),
        (
            {"properties": {"accessPolicies": [[]]}},
            "properties.accessPolicies[0] is to be an object",
        ),
        (
            {"properties": {"accessPolicies": [{"permissions": 1}]}},
            "properties.accessPolicies[0].permissions is to be an object",
        ),
    ],
)
def test_the_refusal_names_the_part(emulator: Emulator, body: Json, reason: str) -> None:
    answer = emulator.arm("PUT", GROUP, body)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "InvalidRequestContent",
        "message": f"The request content was invalid and could not be deserialized: '{reason}'.",
    }


def test_names_that_the_caller_chose_mean_nothing(emulator: Emulator) -> None:
    tags = {"source": "ci", "properties": "x", "location": "5", "template": "y", "sku": "z"}
    body = {"location": "westus", "tags": tags}
    for path in (GROUP, f"{REGISTRIES}/bodies"):
        answer = emulator.arm("PUT", path, {**body, "sku": {"name": "Premium"}})
        assert (answer.status_code, answer.json()["tags"]) == (200, tags)


def test_a_property_is_known_by_where_it_is(emulator: Emulator) -> None:
    """The permissions of a role are a list; those of an access policy are an object."""
    path = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}"
    permissions = [{"actions": ["*/read"], "notActions": []}]
    body = {"properties": {"roleName": "r", "type": "CustomRole", "permissions": permissions}}
    assert "InvalidRequestContent" not in emulator.arm("PUT", path, body).text


#: Parts whose type isn't checked: names that callers choose, and what is kept without effect.
UNCHECKED = {
    "tags.a",
    "properties.adminUserEnabled",
    "properties.enableRbacAuthorization",
    "properties.networkRuleSet.ipRules",
    "properties.template.contentVersion",
}
OF_ANOTHER_TYPE: dict[type, Any] = {str: 5, bool: "text", dict: "text", list: {}}


@pytest.mark.parametrize(
    ("path", "part"),
    [(path, part) for path, part in CASES if ".".join(map(str, part)) not in UNCHECKED],
    ids=lambda value: str(value)[-60:],
)
def test_each_part_of_another_type_is_refused(
    emulator: Emulator, path: str, part: tuple[Any, ...]
) -> None:
    """Of every type of resource that has a body."""
    body: Any = copy.deepcopy(BODIES[path])
    at = body
    for key in part[:-1]:
        at = at[key]
    at[part[-1]] = OF_ANOTHER_TYPE[type(at[part[-1]])]
    answer = emulator.arm("PUT", path, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("InvalidRequestContent", "InvalidTemplate")
