"""wait: which answers end it, and how, for pipelines and runs."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN, ResourceKind
from tests.support.az import SUBSCRIPTION
from tests.support.fake_time import FakeTime
from tests.support.wording import CHECK_THE_REGISTRY, NO_REASON, WAIT_LONGER, WHOLE_NUMBER, invalid
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, pipeline, run

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
    result = az(*wait(kind, *WHERE, *condition.split()), "--only-show-errors")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"ERROR: ({code}) {message}\n"
        f"Request: GET https://management.azure.com{path}\n"
        f"{CHECK_THE_REGISTRY}\n"
    )


@KINDS
@pytest.mark.parametrize("code", ["ResourceNotFound", "NotFound"])
def test_wait_takes_a_missing_resource_for_deleted(
    az: Az, service: Service, kind: ResourceKind, code: str
) -> None:
    message = NO_RESOURCE.format(type=kind.resource_type)
    error = {"error": {"code": code, "message": message}}
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/it001", error, status=404)
    result = az(*wait(kind, *WHERE, "--deleted"), "--only-show-errors")
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
    assert (result.exit_code, result.stdout) == (0, "")
    assert fake_time.now == pytest.approx(14)


@KINDS
@pytest.mark.parametrize("state", ["Failed", "Canceled"])
@pytest.mark.parametrize("condition", ["--created", "--updated", "--custom nothing"])
def test_wait_fails_when_the_resource_has(
    az: Az, service: Service, kind: ResourceKind, state: str, condition: str
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    service.answers("GET", path, resource(kind, provisioningState=state))
    result = az(*wait(kind, *WHERE, *condition.split()))
    assert (result.exit_code, result.stdout) == (1, "")
    if kind is RUN:
        message = f"The pipeline run 'it001' failed: {NO_REASON}\nRun: {path}\n"
    else:
        message = f"The {kind.noun} 'it001' is {state}, not Succeeded.\n"
    assert result.stderr.startswith(f"ERROR: {message}")


@KINDS
def test_wait_for_the_deletion_of_a_failed_resource_continues(
    az: Az, service: Service, kind: ResourceKind, fake_time: FakeTime
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    gone = {"error": {"code": "ResourceNotFound", "message": "It is gone."}}
    service.answers("GET", path, resource(kind, provisioningState="Failed"))
    service.answers("GET", path, gone, status=404)
    result = az(*wait(kind, *WHERE, "--deleted", "--interval", "3"))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert fake_time.now == pytest.approx(3)


@KINDS
@pytest.mark.parametrize("condition", ["--exists", "--custom \"provisioningState=='Creating'\""])
def test_wait_ends_when_its_condition_is_met(
    az: Az, service: Service, kind: ResourceKind, condition: str
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    service.answers("GET", path, resource(kind, provisioningState="Creating"))
    result = az(*wait(kind, *WHERE, *shlex.split(condition)))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@KINDS
@pytest.mark.parametrize("condition", ["--created", "--exists", "--custom name"])
def test_wait_for_a_resource_allows_that_it_is_missing(
    az: Az, service: Service, kind: ResourceKind, fake_time: FakeTime, condition: str
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    missing = {"error": {"code": "ResourceNotFound", "message": "It is missing."}}
    service.answers("GET", path, missing, status=404)
    service.answers("GET", path, resource(kind))
    result = az(*wait(kind, *WHERE, *condition.split()))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert fake_time.now == pytest.approx(5 if kind is RUN else 30)


@KINDS
def test_wait_for_an_update_requires_the_resource(
    az: Az, service: Service, kind: ResourceKind
) -> None:
    missing = {"error": {"code": "ResourceNotFound", "message": "It is missing."}}
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/it001", missing, status=404)
    result = az(*wait(kind, *WHERE, "--updated"))
    assert (result.exit_code, result.stdout) == (3, "")


@KINDS
@pytest.mark.parametrize(
    ("words", "message", "advice"),
    [
        (
            [],
            "There is nothing to wait for.",
            "Add --created, --updated, --deleted, --exists or --custom.",
        ),
        (
            ["--created", "--interval", "0"],
            f"{invalid('0', '--interval')}: {WHOLE_NUMBER}.",
            "Use a value such as 5.",
        ),
    ],
)
def test_wait_refuses_wrong_input(
    az: Az, kind: ResourceKind, words: list[str], message: str, advice: str
) -> None:
    result = az(*wait(kind, *WHERE, *words))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ERROR: {message}\n{advice}\n"


@KINDS
def test_wait_logs_a_line_a_minute_until_the_time_out(
    az: Az, service: Service, kind: ResourceKind, fake_time: FakeTime
) -> None:
    path = f"{REGISTRY}/{kind.resource_type}/it001"
    for _ in range(3):
        service.answers("GET", path, resource(kind, provisioningState="Creating"))
    result = az(*wait(kind, *WHERE, "--created", "--interval", "50", "--timeout", "150"))
    assert (result.exit_code, result.stdout) == (1, "")
    state = "Succeeded, 100 %" if kind is RUN else "Creating"
    assert result.stderr.splitlines() == [
        f"WARNING: {state}, 60 s",
        f"WARNING: {state}, 120 s",
        "ERROR: Wait operation timed-out after 150 seconds",
        WAIT_LONGER,
    ]
    assert fake_time.now == pytest.approx(150)
