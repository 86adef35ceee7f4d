"""Bodies of a wrong JSON type: refused with 400, never a defect of the emulator."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.identity.tokens import Principal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.arm_samples import ACCOUNT, CONTRIBUTOR, VAULT
from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Emulator, Json

SOMEBODY = Principal("3d1e6f4a-7a52-4a0e-9c42-9a3f6a8b1c01", name="somebody@example.com")
PIPELINE = f"{REGISTRIES}/bodies/exportPipelines/pipeline"
PLACE = {"type": "AzureStorageBlobContainer", "uri": "https://a.blob.core.windows.net/c"}
SECRET = {"keyVaultUri": "https://v.vault.azure.net/secrets/s", "storageAccessMode": "SasToken"}
POLICY = {"tenantId": PUBLIC.tenant_id, "objectId": "o", "permissions": {"secrets": ["get"]}}
TEMPLATE = {"contentVersion": "1.0.0.0", "resources": [], "parameters": {}}
#: A good body for each path; what is under another comes after it.
BODIES: dict[str, Json] = {
    GROUP: {"location": "westus", "tags": {"a": "b"}},
    f"{REGISTRIES}/bodies": {
        "location": "westus",
        "tags": {"a": "b"},
        "sku": {"name": "Premium"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "adminUserEnabled": True,
            "publicNetworkAccess": "Enabled",
            "networkRuleSet": {"defaultAction": "Allow", "ipRules": []},
            "policies": {"exportPolicy": {"status": "enabled"}},
        },
    },
    PIPELINE: {
        "location": "westus",
        "identity": {"type": "SystemAssigned", "userAssignedIdentities": {}},
        "properties": {"target": {**PLACE, **SECRET}, "options": ["OverwriteBlobs"]},
    },
    f"{REGISTRIES}/bodies/importPipelines/pipeline": {
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "source": {**PLACE, **SECRET},
            "options": ["OverwriteTags"],
            "trigger": {"sourceTrigger": {"status": "Disabled"}},
        },
    },
    f"{REGISTRIES}/bodies/pipelineRuns/run01": {
        "properties": {
            "request": {
                "pipelineResourceId": PIPELINE,
                "artifacts": ["hello:latest"],
                "target": {"type": "AzureStorageBlob", "name": "blob"},
            },
            "forceUpdateTag": "again",
        }
    },
    f"{GROUP}/providers/Microsoft.Storage/storageAccounts/bodiesaccount": {
        **ACCOUNT,
        "tags": {"a": "b"},
        "properties": {"networkAcls": {"defaultAction": "Allow"}, "publicNetworkAccess": "Enabled"},
    },
    f"{GROUP}/providers/Microsoft.KeyVault/vaults/bodiesvault": {
        **VAULT,
        "tags": {"a": "b"},
        "properties": {**VAULT["properties"], "accessPolicies": [POLICY]},
    },
    f"{GROUP}/providers/Microsoft.KeyVault/vaults/bodiesvault/accessPolicies/add": {
        "properties": {"accessPolicies": [POLICY]}
    },
    f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bodies": {
        "location": "westus",
        "tags": {"a": "b"},
    },
    f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/bodies": {
        "properties": {
            "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization"
            f"/roleDefinitions/{CONTRIBUTOR}",
            "principalId": SOMEBODY.object_id,
            "principalType": "ServicePrincipal",
        }
    },
    f"{GROUP}/providers/Microsoft.Resources/deployments/bodies": {
        "properties": {"mode": "Incremental", "template": TEMPLATE, "parameters": {}}
    },
}
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 5, "text", "", [], [None], [5], {}, {"name": 5}, [[]], ["x"]]
)


def parts(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a body there is something to be changed."""
    for key, value in body.items() if isinstance(body, dict) else enumerate(body):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from parts(value, (*path, key))


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
        ({"properties": {"artifacts": [5]}}, "properties.artifacts[0] is to be a string"),
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
