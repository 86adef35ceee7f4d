"""Deployments of templates in ARM, call by call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acr_emulator.cloud.clouds import PUBLIC

from tests.emulator.running import GROUP, REGISTRIES, SUBSCRIPTION, Emulator, Json
from tests.support.cloud import eventually
from tests.support.emulator_wording import NO_COUNT_OR_NAME

DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
DEPLOYMENT = "Microsoft.Resources/deployments"
VERSION = "2024-11-01"
IDENTITY: Json = {
    "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "apiVersion": "2024-11-30",
    "name": "[parameters('name')]",
    "location": "[resourceGroup().location]",
}
REGISTRY: Json = {
    "type": "Microsoft.ContainerRegistry/registries",
    "apiVersion": "2025-11-01",
    "location": "westus",
    "sku": {"name": "Premium"},
}
PRINCIPAL = "[reference(parameters('name')).principalId]"


def body(*resources: Json, given: Json | None = None, **sections: Any) -> Json:
    """What a client sends."""
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": list(resources),
        **sections,
    }
    values = {name: {"value": value} for name, value in (given or {}).items()}
    return {"properties": {"mode": "Incremental", "template": template, "parameters": values}}


def identity(name: str, **sections: Any) -> Json:
    """A deployment of an identity."""
    parameters = {"name": {"type": "string"}}
    return body(IDENTITY, given={"name": name}, parameters=parameters, **sections)


@pytest.fixture
def group(emulator: Emulator) -> str:
    emulator.ok("PUT", GROUP, {"location": "westus"})
    return GROUP


Deploy = Callable[[str, Json], Json]


@pytest.fixture
def deploy(emulator: Emulator, group: str) -> Deploy:
    """Deploy, wait for the end, and tell the deployment's properties."""

    def deployed(name: str, requested: Json) -> Json:
        answer = emulator.arm("PUT", f"{group}/providers/{DEPLOYMENT}/{name}", requested, VERSION)
        assert answer.status_code in (200, 201), answer.text
        return over(emulator, name)

    return deployed


def over(emulator: Emulator, name: str) -> Json:
    """The properties of a deployment once it is over."""

    def look() -> Json | None:
        properties: Json = emulator.ok("GET", f"{DEPLOYMENTS}/{name}")["properties"]
        return properties if properties["provisioningState"] in ("Succeeded", "Failed") else None

    return eventually(look)


@pytest.mark.usefixtures("group")
def test_a_deployment_from_its_put_to_its_deletion(emulator: Emulator) -> None:
    outputs = {"principal": {"type": "string", "value": PRINCIPAL}}
    # as az types the path
    path = f"{SUBSCRIPTION}/resourcegroups/GROUP/providers/Microsoft.Resources/deployments/first"
    begun = emulator.arm("PUT", path, identity("one", outputs=outputs), VERSION)
    assert begun.status_code == 201
    assert begun.headers["retry-after"] == "1"
    assert begun.json()["id"] == f"{DEPLOYMENTS}/first"
    assert begun.json()["properties"]["provisioningState"] == "Accepted"
    operation = begun.headers["azure-asyncoperation"].removeprefix(PUBLIC.arm_url)
    status = operation.partition("?")[0]
    assert status.startswith(f"{path}/operationStatuses/")

    over(emulator, "first")
    assert emulator.ok("GET", status) == {"status": "Succeeded"}
    shown = emulator.ok("GET", f"{DEPLOYMENTS}/first")
    properties = shown["properties"]
    resource_id = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
    principal = emulator.ok("GET", resource_id)["properties"]["principalId"]
    assert list(shown) == ["id", "name", "type", "properties"]
    assert properties["outputs"] == {"principal": {"type": "String", "value": principal}}
    assert properties["outputResources"] == [{"id": resource_id}]
    assert properties["parameters"] == {"name": {"type": "String", "value": "one"}}
    assert properties["correlationId"] == begun.json()["properties"]["correlationId"]

    assert emulator.arm("PUT", path, identity("one"), VERSION).status_code == 200
    over(emulator, "first")
    assert emulator.arm("DELETE", path, version=VERSION).status_code == 204
    assert emulator.arm("GET", path).json()["error"]["code"] == "DeploymentNotFound"
    assert emulator.arm("HEAD", path).status_code == 404
    assert emulator.arm("GET", resource_id).status_code == 200


def test_lists_are_newest_first_and_templates_are_kept(emulator: Emulator, deploy: Deploy) -> None:
    for name in ("older", "newer"):
        deploy(name, identity("one"))
    listed = [item["name"] for item in emulator.ok("GET", DEPLOYMENTS)["value"]]
    assert listed[:2] == ["newer", "older"]
    exported = emulator.ok("POST", f"{DEPLOYMENTS}/newer/exportTemplate")
    assert exported == {"template": identity("one")["properties"]["template"]}


def test_operations_report_what_was_done(emulator: Emulator, deploy: Deploy) -> None:
    deploy("told", identity("one"))
    [operation] = emulator.ok("GET", f"{DEPLOYMENTS}/told/operations")["value"]
    assert operation["id"] == f"{DEPLOYMENTS}/told/operations/{operation['operationId']}"
    assert operation["properties"]["provisioningState"] == "Succeeded"
    assert operation["properties"]["statusCode"] == "OK"
    assert operation["properties"]["targetResource"] == {
        "id": f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one",
        "resourceType": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "resourceName": "one",
    }
    assert emulator.ok("GET", operation["id"]) == operation
    missing = emulator.arm("GET", f"{DEPLOYMENTS}/told/operations/0")
    assert missing.json()["error"]["code"] == "DeploymentOperationNotFound"


def test_secure_parameters_are_never_shown(emulator: Emulator, deploy: Deploy) -> None:
    parameters = {"name": {"type": "string"}, "secret": {"type": "securestring"}}
    tagged = {**IDENTITY, "tags": {"hash": "[uniqueString(parameters('secret'))]"}}
    given = {"name": "tagged", "secret": "sesame"}
    properties = deploy("secret", body(tagged, given=given, parameters=parameters))
    assert properties["parameters"]["secret"] == {"type": "SecureString"}
    everything = [
        emulator.arm("GET", f"{DEPLOYMENTS}/secret").text,
        emulator.arm("GET", f"{DEPLOYMENTS}/secret/operations").text,
    ]
    assert "sesame" not in "".join(everything)


def test_a_failure_has_its_reason_and_spares_what_is_independent(
    emulator: Emulator, deploy: Deploy
) -> None:
    registry = {**REGISTRY, "name": "bad"}
    waiting = {**IDENTITY, "name": "waiting", "dependsOn": ["bad"]}
    properties = deploy("failing", body(registry, waiting, {**IDENTITY, "name": "independent"}))
    identities = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    assert properties["provisioningState"] == "Failed"
    assert properties["outputResources"] == [{"id": f"{identities}/independent"}]
    error = properties["error"]
    assert (error["code"], error["target"]) == ("DeploymentFailed", f"{DEPLOYMENTS}/failing")
    assert error["message"].startswith("At least one resource deployment operation failed.")
    [detail] = error["details"]
    assert (detail["code"], detail["target"]) == ("InvalidResourceName", f"{REGISTRIES}/bad")
    assert emulator.arm("GET", f"{identities}/waiting").status_code == 404
    [_, failed] = emulator.ok("GET", f"{DEPLOYMENTS}/failing/operations")["value"]
    assert failed["properties"]["statusMessage"] == {"error": detail}


def test_outputs_that_cannot_be_made_fail_the_deployment(deploy: Deploy) -> None:
    outputs = {"x": {"type": "string", "value": "[reference(parameters('name')).nothing]"}}
    properties = deploy("outputs", identity("one", outputs=outputs))
    assert "outputs" not in properties
    [detail] = properties["error"]["details"]
    assert detail["code"] == "DeploymentOutputEvaluationFailed"
    assert "property 'nothing' doesn't exist" in detail["message"]


def test_what_a_reference_does_not_find_fails_its_resource(deploy: Deploy) -> None:
    vault = "[reference(resourceId('Microsoft.KeyVault/vaults', 'none'), '2023-07-01').vaultUri]"
    properties = deploy("dangling", body({**IDENTITY, "name": "one", "tags": {"vault": vault}}))
    [detail] = properties["error"]["details"]
    assert detail["code"] == "ResourceNotFound"
    assert "Microsoft.KeyVault/vaults/none" in detail["message"]


def nested(name: str, requested: Json, **more: Any) -> Json:
    """A deployment as a resource, with a separate scope."""
    options = {"expressionEvaluationOptions": {"scope": "inner"}}
    properties = {**requested["properties"], **options}
    resource = {"type": DEPLOYMENT, "apiVersion": "2022-09-01", "name": name}
    return {**resource, "properties": properties, **more}


def test_a_nested_deployment_is_awaited_and_its_outputs_can_be_read(
    emulator: Emulator, deploy: Deploy
) -> None:
    emulator.ok("PUT", f"{SUBSCRIPTION}/resourceGroups/elsewhere", {"location": "westus"})
    inner = identity("inner", outputs={"who": {"type": "string", "value": PRINCIPAL}})
    outputs = {"who": {"type": "string", "value": "[reference('nested').outputs.who.value]"}}
    properties = deploy(
        "outer", body(nested("nested", inner, resourceGroup="elsewhere"), outputs=outputs)
    )
    location = f"{SUBSCRIPTION}/resourceGroups/elsewhere/providers"
    resource_id = f"{location}/Microsoft.ManagedIdentity/userAssignedIdentities/inner"
    principal = emulator.ok("GET", resource_id)["properties"]["principalId"]
    assert properties["outputs"]["who"]["value"] == principal
    assert properties["outputResources"] == [{"id": resource_id}]
    within = emulator.ok("GET", f"{location}/{DEPLOYMENT}/nested")["properties"]
    assert within["correlationId"] == properties["correlationId"]


def test_a_nested_failure_is_reported_in_full(deploy: Deploy) -> None:
    bad = {**IDENTITY, "type": "Microsoft.Storage/storageAccounts", "name": "BAD"}
    properties = deploy("outer", body(nested("nested", body(bad))))
    [detail] = properties["error"]["details"]
    assert detail["code"] == "ResourceDeploymentFailure"
    [within] = detail["details"]
    assert within["code"] == "DeploymentFailed"
    assert within["details"][0]["code"] == "AccountNameInvalid"


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("call", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("requested", "status", "code", "message"),
    [
        (identity("a") | {"properties": {}}, 400, "InvalidRequestContent", "'properties.template'"),
        (body(IDENTITY), 400, "InvalidTemplate", "parameter 'name' is not found"),
        (body(given={"x": 1}), 400, "InvalidTemplate", "The template parameters 'x'"),
        (body({**IDENTITY, "name": "[nope('a')]"}), 400, "InvalidTemplate", "function 'nope'"),
        (
            body({**IDENTITY, "name": "a", "tags": {"x": "[parameters('y')]"}}),
            400,
            "InvalidTemplate",
            "parameter 'y' is not found",
        ),
        (body({**IDENTITY, "copy": {"count": 2}}), 400, "InvalidTemplate", NO_COUNT_OR_NAME),
        (body({**IDENTITY, "@options": {"x": 1}}), 501, "NotImplemented", "options of resources"),
        ({"properties": {"resurces": []}}, 400, "InvalidRequestContent", "member 'resurces'"),
        (
            {"properties": {"Mode": "Incremental", "Template": {"resurces": []}}},
            400,
            "InvalidTemplate",
            "Could not find member 'resurces' on object of type 'Template'",
        ),
    ],
)
def test_refusals_are_the_same_with_and_without_validate(
    emulator: Emulator, call: str, requested: Json, status: int, code: str, message: str
) -> None:
    path = f"{DEPLOYMENTS}/refused" + ("/validate" if call == "POST" else "")
    answer = emulator.arm(call, path, requested, VERSION)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code
    assert message in answer.json()["error"]["message"]
    assert emulator.arm("GET", f"{DEPLOYMENTS}/refused").status_code == 404


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(
    ("properties", "what"),
    [
        ({"mode": "Complete"}, "the mode Complete"),
        ({"templateLink": {"uri": "https://example.com"}}, "links to templates and parameters"),
    ],
)
def test_what_is_not_imitated_is_refused(emulator: Emulator, properties: Json, what: str) -> None:
    requested = {"properties": {**identity("a")["properties"], **properties}}
    answer = emulator.arm("PUT", f"{DEPLOYMENTS}/refused", requested, VERSION)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert what in answer.json()["error"]["message"]


@pytest.mark.usefixtures("group")
def test_validate_deploys_nothing(emulator: Emulator) -> None:
    answer = emulator.ok("POST", f"{DEPLOYMENTS}/valid/validate", identity("unborn"))
    resource_id = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/unborn"
    assert answer["properties"]["provisioningState"] == "Succeeded"
    assert answer["properties"]["validatedResources"] == [{"id": resource_id}]
    assert emulator.arm("GET", resource_id).status_code == 404


@pytest.mark.usefixtures("group")
def test_an_active_deployment_is_left_alone(emulator: Emulator) -> None:
    emulator.instance.settings.provisioning_seconds = 1000
    slow = {**REGISTRY, "name": "slower"}
    path = f"{DEPLOYMENTS}/slow"
    try:
        assert emulator.arm("PUT", path, body(slow), VERSION).status_code == 201
        again = emulator.arm("PUT", path, body(slow), VERSION)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "DeploymentActive")
        gone = emulator.arm("DELETE", path, version=VERSION)
        assert (gone.status_code, gone.json()["error"]["code"]) == (409, "DeploymentActive")
        emulator.instance.clock.advance(1000)
        assert over(emulator, "slow")["provisioningState"] == "Succeeded"
    finally:
        emulator.instance.settings.reset()


def test_a_restart_interrupts_what_is_in_progress(tmp_path: Path) -> None:
    slow = {**REGISTRY, "name": "slower"}
    first = Emulator(tmp_path)
    first.ok("PUT", GROUP, {"location": "westus"})
    first.instance.settings.provisioning_seconds = 1000
    first.arm("PUT", f"{DEPLOYMENTS}/slow", body(slow), VERSION)
    first.stop()
    second = Emulator(tmp_path)
    try:
        properties = second.ok("GET", f"{DEPLOYMENTS}/slow")["properties"]
        assert properties["provisioningState"] == "Failed"
        assert properties["error"]["code"] == "DeploymentInterrupted"
    finally:
        second.stop()


@pytest.mark.usefixtures("group")
def test_what_if_says_that_it_is_not_imitated(emulator: Emulator) -> None:
    answer = emulator.ok("POST", f"{DEPLOYMENTS}/any/whatIf", identity("a"))
    assert (answer["status"], answer["error"]["code"]) == ("Failed", "NotImplemented")
