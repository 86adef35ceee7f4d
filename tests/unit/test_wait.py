"""wait: which answers end it, and how, for pipelines and runs."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN, ResourceKind
from tests.support.az import SUBSCRIPTION
from tests.support.fake_time import FakeTime
from tests.unit.conftest import AT, REGISTRY, Az, Service, pipeline, run

KINDS = pytest.mark.parametrize("kind", [EXPORT, IMPORT, RUN], ids=lambda kind: kind.group)
CONDITIONS = ["--created", "--updated", "--exists", "--deleted", "--custom name"]
REGISTRIES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries"
#: As ARM answers a read under a registry that doesn't exist.
NO_REGISTRY = (
    "The Resource 'Microsoft.ContainerRegistry/registries/MyRegistry' under resource group "
    "'mygroup' was not found."
)
NO_RESOURCE = (
    "The Resource 'Microsoft.ContainerRegistry/registries/myregistry/{type}/it001' under resource "
    "group 'mygroup' was not found."
)


def resource(kind: ResourceKind, **changes: Any) -> dict[str, Any]:
    """A pipeline or a run that succeeded, or as changed."""
    if kind is RUN:
        return run(EXPORT, "it001", **changes)
    return pipeline(EXPORT if kind is EXPORT else IMPORT, "it001", **changes)


def wait(kind: ResourceKind, *words: str) -> tuple[str, ...]:
    return ("acr", kind.group, "wait", "-n", "it001", *words)


@KINDS
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceGroupNotFound", "Resource group 'mygroup' could not be found."),
        ("ParentResourceNotFound", "The parent resource could not be found."),
        ("SubscriptionNotFound", "The subscription could not be found."),
        ("ResourceNotFound", NO_REGISTRY),
    ],
)
def test_wait_in_a_wrong_group_ends_at_once(
    az: Az, service: Service, kind: ResourceKind, condition: str, code: str, message: str
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    error = {"error": {"code": code, "message": message}}
    service.answers("GET", path, error, status=404)
    result = az(*wait(kind, *AT, *condition.split()), "--only-show-errors")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"ERROR: ({code}) {message}\n"
        f"Request: GET https://management.azure.com{path}\n"
        "Check --registry, --resource-group and the active subscription.\n"
    )


@KINDS
@pytest.mark.parametrize("code", ["ResourceNotFound", "NotFound"])
def test_wait_takes_a_missing_resource_for_deleted(
    az: Az, service: Service, kind: ResourceKind, code: str
) -> None:
    message = NO_RESOURCE.format(type=kind.resource_type)
    error = {"error": {"code": code, "message": message}}
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/it001", error, status=404)
    result = az(*wait(kind, *AT, "--deleted"), "--only-show-errors")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@KINDS
def test_wait_looks_up_the_group_once(
    az: Az, service: Service, kind: ResourceKind, fake_time: FakeTime
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    service.answers("GET", REGISTRIES, {"value": [{"id": REGISTRY, "name": "myregistry"}]})
    for state in ("Creating", "Creating", "Succeeded"):
        service.answers("GET", path, resource(kind, provisioningState=state))
    result = az(*wait(kind, "-r", "myregistry", "--created", "--interval", "7"))
    assert (result.exit_code, result.stdout, fake_time.now) == (0, "", 14)


@KINDS
@pytest.mark.parametrize("state", ["Failed", "Canceled"])
def test_wait_fails_when_the_resource_has(
    az: Az, service: Service, kind: ResourceKind, state: str
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    service.answers("GET", path, resource(kind, provisioningState=state))
    result = az(*wait(kind, *AT, "--created"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ERROR: The operation failed" in result.stderr
