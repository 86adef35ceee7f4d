"""Bodies that aren't of the form which their route declares: refused with 400, and nothing changes.

Every member of every body is tried with values of other JSON types, numbers beyond its bounds and
words that it doesn't have; then Hypothesis changes several members at once, in as many bodies as
`FUZZ_EXAMPLES` says.
"""

from __future__ import annotations

import copy
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from acr_emulator.arm import body_forms
from acr_emulator.arm.bodies import Form, Text, parsed
from acr_emulator.arm.request import Route
from acr_emulator.state.arm_errors import ArmError
from acr_emulator.state.resource_ids import ResourceId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.declared_routes import routes
from tests.emulator.good_bodies import (
    BODIES,
    BODIES_OF_CONTENT,
    CONTAINER,
    KEY_VAULT,
    SOMEBODY,
    STORAGE_ACCOUNT,
)
from tests.emulator.running import GROUP, REGISTRIES, Emulator, Json
from tests.support.cloud import eventually

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
GOOD = BODIES | BODIES_OF_CONTENT
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/bodies"
#: Good bodies of actions.
ACTIONS: dict[str, Json] = {
    f"{REGISTRIES}/bodies/importImage": {"source": {"registryUri": "x.azurecr.io"}},
    f"{REGISTRIES}/bodies/regenerateCredential": {"name": "password"},
    f"{STORAGE_ACCOUNT}/regenerateKey": {"keyName": "key1"},
    f"{STORAGE_ACCOUNT}/listAccountSas": {"signedServices": "b"},
    f"{STORAGE_ACCOUNT}/listServiceSas": {"canonicalizedResource": "/blob/bodiesaccount/bodies"},
    f"{CONTAINER}/setLegalHold": {"tags": ["abc"]},
    f"{CONTAINER}/clearLegalHold": {"tags": ["abc"]},
    f"{CONTAINER}/immutabilityPolicies/default/extend": {},
    f"{DEPLOYMENT}/validate": {"properties": {}},
    **{
        f"{GROUP.partition('/resourceGroups/')[0]}/providers/{namespace}/checkNameAvailability": {
            "name": "bodies"
        }
        for namespace in ("Microsoft.ContainerRegistry", "Microsoft.KeyVault", "Microsoft.Storage")
    },
}
#: Actions that read no body.
WITHOUT_BODY = {
    *("register", "listCredentials", "listKeys", "lock", "purge"),
    *("exportTemplate", "whatIf", "checkMhsmNameAvailability"),
}
#: What isn't a value of each JSON type.
OF_ANOTHER_TYPE: Mapping[type, tuple[Any, ...]] = {
    bool: ("yes", "true", "", 0, 1, [], {}),
    dict: ([], [{}], "text", 5, True),
    int: ("7", "", 7.5, True, [], {}),
    list: ({}, "text", 5, True),
    str: (5, 0.5, True, [], ["text"], {}),
    Text: ([], ["text"], {}),
}
IN_PROGRESS = ("Accepted", "Creating", "Running", "RegisteringDns")

Keys = tuple[str | int, ...]


@pytest.fixture(scope="module", autouse=True)
def all_are_there(emulator: Emulator) -> None:
    emulator.instance.directory.admit(SOMEBODY)
    for path, body in GOOD.items():
        answer = emulator.arm("PUT", path, body)
        assert answer.is_success, answer.text


def wrong_values(form: Form, keys: Keys = ()) -> Iterator[tuple[Keys, Any, str]]:
    """Every place of a form, a value that can't be there, and the code of the refusal."""
    kind = str if isinstance(form, tuple) else int if isinstance(form, range) else type(form)
    kind = form if isinstance(form, type) else dict if isinstance(form, Mapping) else kind
    for value in OF_ANOTHER_TYPE[kind]:
        yield keys, value, "InvalidRequestContent"
    if isinstance(form, tuple):
        yield keys, "perhaps", "InvalidParameter"
    elif isinstance(form, range):
        yield keys, form[0] - 1, "InvalidParameter"
        yield keys, form[-1] + 1, "InvalidParameter"
    elif isinstance(form, list):
        yield (*keys, 0), None, "InvalidRequestContent"
        yield from wrong_values(form[0], (*keys, 0))
    elif isinstance(form, Mapping):
        for name, member in form.items():
            yield from wrong_values(member, (*keys, "chosen" if name == "*" else name))


def changed(body: Json, keys: Keys, value: Any) -> Json:
    """A copy of a body with a value at a place, which is made if it doesn't exist."""
    copied = copy.deepcopy(body)
    part: Any = copied
    for key, following in zip(keys, (*keys[1:], None), strict=True):
        empty: Any = value if following is None else [] if following == 0 else {}
        if isinstance(part, list) and key == len(part):
            part.append(empty)
        elif following is None or (isinstance(part, dict) and not part.get(str(key))):
            part[key] = empty
        part = part[key]
    return copied


def route_of(emulator: Emulator, method: str, path: str) -> Route:
    parsed_path = ResourceId.parse(path)
    return next(
        route
        for route in routes(emulator.instance)
        if route.method == method and route.match(parsed_path) is not None
    )


def form_of(emulator: Emulator, method: str, path: str) -> Form:
    """What a body can hold, also if the handler looks at a part of it."""
    form = route_of(emulator, method, path).body
    assert form is not None
    return body_forms.DEPLOYMENT_PROPERTIES if form is body_forms.DEPLOYMENT else form


def state(emulator: Emulator, path: str) -> Any:
    """What a GET shows of a resource, once nothing is in progress; an action has its parent's."""
    path = path.removesuffix("/accessPolicies/add")

    def settled() -> tuple[int, Any] | None:
        answer = emulator.arm("GET", path)
        content = answer.json()
        properties = content.get("properties") or {}
        return (
            None
            if properties.get("provisioningState") in IN_PROGRESS
            else (
                answer.status_code,
                content,
            )
        )

    return eventually(settled)


def test_every_route_that_reads_a_body_declares_it(emulator: Emulator) -> None:
    """And is tried here: another route needs a good body in this module."""
    declared = [route for route in routes(emulator.instance) if route.body is not None]
    tried = [
        *(route_of(emulator, "PUT", path) for path in GOOD),
        *(route_of(emulator, "POST", path) for path in ACTIONS),
    ]
    assert {route.template for route in declared} == {route.template for route in tried}
    silent = [
        route
        for route in routes(emulator.instance)
        if route.method in ("PUT", "PATCH", "POST") and route.body is None
    ]
    assert {route.template.rpartition("/")[2] for route in silent} == WITHOUT_BODY


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.rpartition("providers/")[2])
def test_each_member_of_another_type_is_refused_and_changes_nothing(
    emulator: Emulator, path: str
) -> None:
    before = state(emulator, path)
    for keys, value, code in wrong_values(form_of(emulator, "PUT", path)):
        if not keys:
            continue
        body = changed(GOOD[path], keys, value)
        answer = emulator.arm("PUT", path, body)
        reported = f"{keys} {value!r}: {answer.status_code} {answer.text}"
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), reported
        *parents, last = keys
        assert str(last if isinstance(last, str) else parents[-1]) in answer.text, reported
    assert state(emulator, path) == before


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.rpartition("providers/")[2])
def test_each_member_of_an_action_of_another_type_is_refused(emulator: Emulator, path: str) -> None:
    for keys, value, code in wrong_values(form_of(emulator, "POST", path)):
        if keys:
            answer = emulator.arm("POST", path, changed(ACTIONS[path], keys, value))
            reported = f"{keys} {value!r}: {answer.status_code} {answer.text}"
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), reported


@pytest.mark.parametrize("path", [f"{REGISTRIES}/bodies", STORAGE_ACCOUNT, KEY_VAULT, GROUP])
def test_a_patch_is_read_in_the_same_way(emulator: Emulator, path: str) -> None:
    before = state(emulator, path)
    for keys, value, code in wrong_values(form_of(emulator, "PATCH", path)):
        if keys:
            answer = emulator.arm("PATCH", path, changed({}, keys, value))
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), keys
    assert state(emulator, path) == before


def test_a_template_deploys_no_resource_of_another_form(emulator: Emulator) -> None:
    """Whatever made the body: what is stored has been read."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.ContainerRegistry/registries",
                "apiVersion": "2025-06-01-preview",
                "name": "wrongbody",
                "location": "westus",
                "sku": {"name": "Premium"},
                "properties": {"adminUserEnabled": "yes"},
            }
        ],
    }
    path = f"{GROUP}/providers/Microsoft.Resources/deployments/wrongbody"
    emulator.ok("PUT", path, {"properties": {"mode": "Incremental", "template": template}})
    _, deployment = state(emulator, path)
    assert deployment["properties"]["provisioningState"] == "Failed"
    assert "properties.adminUserEnabled must be a boolean" in json.dumps(deployment)
    assert emulator.arm("GET", f"{REGISTRIES}/wrongbody").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (GROUP, {"location": 5}, "location must be a string"),
        (GROUP, {"tags": []}, "tags must be an object"),
        (
            f"{REGISTRIES}/bodies",
            {"properties": {"adminUserEnabled": "yes"}},
            "properties.adminUserEnabled must be a boolean",
        ),
        (
            f"{REGISTRIES}/bodies",
            {"properties": {"networkRuleSet": {"ipRules": [{}, 5]}}},
            "properties.networkRuleSet.ipRules[1] must be an object",
        ),
        (
            KEY_VAULT,
            {"properties": {"enableRbacAuthorization": 1}},
            "properties.enableRbacAuthorization must be a boolean",
        ),
        (
            KEY_VAULT,
            {"properties": {"softDeleteRetentionInDays": "90"}},
            "properties.softDeleteRetentionInDays must be an integer",
        ),
        (
            KEY_VAULT,
            {"properties": {"accessPolicies": [{"permissions": {"secrets": "get"}}]}},
            "properties.accessPolicies[0].permissions.secrets must be an array",
        ),
    ],
)
def test_the_refusal_names_the_member(
    emulator: Emulator, path: str, body: Json, reason: str
) -> None:
    answer = emulator.arm("PUT", path, body)
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "InvalidRequestContent",
        "message": f"The request content was invalid and could not be deserialized: '{reason}'.",
    }


@pytest.mark.parametrize(
    ("path", "properties", "message"),
    [
        (
            KEY_VAULT,
            {"softDeleteRetentionInDays": 91},
            "The value '91' of 'properties.softDeleteRetentionInDays' is not from 7 to 90.",
        ),
        (
            f"{REGISTRIES}/bodies",
            {"networkRuleBypassOptions": "All"},
            "The value 'All' of 'properties.networkRuleBypassOptions' is none of AzureServices,"
            " None.",
        ),
    ],
)
def test_a_value_beyond_what_is_documented_is_refused(
    emulator: Emulator, path: str, properties: Json, message: str
) -> None:
    answer = emulator.arm("PATCH", path, {"properties": properties})
    assert answer.status_code == 400
    assert answer.json()["error"] == {"code": "InvalidParameter", "message": message}


def test_members_that_can_only_be_read_are_ignored(emulator: Emulator) -> None:
    sent = {"provisioningState": 5, "vaultUri": "https://elsewhere.example", "loginServer": []}
    for path in (f"{REGISTRIES}/bodies", STORAGE_ACCOUNT, KEY_VAULT):
        before = state(emulator, path)[1]["properties"]
        changed_properties = emulator.ok("PATCH", path, {"properties": sent})["properties"]
        assert changed_properties == before


def test_names_that_the_caller_chose_mean_nothing(emulator: Emulator) -> None:
    tags = {"source": "ci", "properties": "x", "location": "5", "template": "y", "sku": "z"}
    body = {"location": "westus", "tags": tags}
    for path in (GROUP, f"{REGISTRIES}/bodies"):
        answer = emulator.arm("PUT", path, {**body, "sku": {"name": "Premium"}})
        assert (answer.status_code, answer.json()["tags"]) == (200, tags)


def test_a_tag_that_is_no_text_becomes_one(emulator: Emulator) -> None:
    """`az acr update --set tags.more=1` sends a number, and Azure's JSON reader takes its text."""
    tags = {"number": 1, "switch": True, "text": "1"}
    shown = emulator.ok("PATCH", f"{REGISTRIES}/bodies", {"tags": tags})["tags"]
    assert shown == {"number": "1", "switch": "true", "text": "1"}


def test_a_property_is_known_by_where_it_is(emulator: Emulator) -> None:
    """The permissions of a role are a list; those of an access policy are an object."""
    path = f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}"
    permissions = [{"actions": ["*/read"], "notActions": []}]
    body = {"properties": {"roleName": "r", "type": "CustomRole", "permissions": permissions}}
    assert "InvalidRequestContent" not in emulator.arm("PUT", path, body).text


def test_a_body_is_read_into_the_services_words() -> None:
    form: Form = {"days": range(1, 4), "kind": ("Hot", "Cold"), "tags": {"*": str}, "kept": dict}
    body = {
        "days": 3,
        "kind": "hOT",
        "tags": {"a": "b", "c": None},
        "kept": {"null": None},
        "other": 5,
    }
    assert parsed(form, body) == {
        "days": 3,
        "kind": "Hot",
        "tags": {"a": "b"},
        "kept": {"null": None},
    }
    assert parsed(form, {"days": 1}) == {"days": 1}
    with pytest.raises(ArmError, match="kept must be an object"):
        parsed(form, {"kept": []})


# --- anything, anywhere ---

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def hostile_bodies(draw: st.DrawFn) -> tuple[str, Json]:
    """A good body with anything at up to three places, at any depth."""
    path = draw(st.sampled_from(sorted(GOOD)))
    body = copy.deepcopy(GOOD[path])
    for _ in range(draw(st.integers(1, 3))):
        part: Any = body
        while True:
            keys = list(part) if isinstance(part, dict) else list(range(len(part)))
            if isinstance(part, dict) and draw(st.integers(0, 7)) == 0:
                keys = [draw(st.text(max_size=8))]
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            below = part.get(key) if isinstance(part, dict) else part[key]
            if isinstance(below, dict | list) and below and draw(st.booleans()):
                part = below
                continue
            part[key] = draw(ANYTHING)
            break
    return path, body


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(case=hostile_bodies(), exists=st.booleans(), method=st.sampled_from(["PUT", "PATCH"]))
def test_whatever_a_body_is_the_answer_is_arms(
    emulator: Emulator, case: tuple[str, Json], exists: bool, method: str
) -> None:
    path, body = case
    if not exists and not path.endswith(("/add", "/default")):
        path = f"{path}2"
    before = state(emulator, path)
    answer = emulator.arm(method, path, body)
    reported = f"{method} {path} {json.dumps(body)}: {answer.status_code} {answer.text}"
    assert answer.status_code not in (500, 503), reported
    if answer.is_success:
        assert state(emulator, path)[0] == 200, reported  # what was kept can be read again
        assert emulator.arm("GET", path.rpartition("/")[0]).status_code != 500, reported
        if not exists:
            emulator.arm("DELETE", path)
    else:
        assert answer.json()["error"].keys() >= {"code", "message"}, reported
        assert state(emulator, path) == before, reported
