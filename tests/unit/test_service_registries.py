"""Finding the group of a registry that was named alone, or that the default group lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from requests import ConnectionError as RequestsConnectionError

from tests.support.az import SUBSCRIPTION
from tests.support.wording import CHECK_THE_REGISTRY, IN_THE_DEFAULT_GROUP
from tests.unit.conftest import ARM, GROUP, REGISTRY, WHERE, Az, Service

REGISTRIES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries"
LIST = ("acr", "export-pipeline", "list", "--only-show-errors", "-r")
#: As a service that leaves something out would tell it.
OTHERS = [{"name": "nameless"}, {"id": f"{GROUP}/providers/Microsoft.ContainerRegistry"}]


def test_the_group_is_that_of_the_registry_whatever_its_case(az: Az, service: Service) -> None:
    page = {"value": OTHERS, "nextLink": f"{ARM}{REGISTRIES}?page=2"}
    service.answers("GET", REGISTRIES, page)
    service.answers("GET", REGISTRIES, {"value": [{"id": REGISTRY, "name": "myregistry"}]})
    service.answers(
        "GET",
        f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/MyRegistry/exportPipelines",
        {"value": []},
    )
    result = az(*LIST, "MyRegistry")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "[]\n", "")


def test_a_registry_that_is_not_listed_is_not_found(az: Az, service: Service) -> None:
    service.answers("GET", REGISTRIES, {"value": OTHERS})
    result = az(*LIST, "myregistry")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "ERROR: The registry 'myregistry' wasn't found among the registries that you have "
        "permission to read in the active subscription.\n"
        "Check --registry and 'az account show', or specify its --resource-group.\n"
    )


NOT_FOUND = (
    "The Resource 'Microsoft.ContainerRegistry/registries/myregistry' under resource group "
    "'mygroup' was not found."
)
CONTAINER = "https://mystorage.blob.core.windows.net/transfer"
VERBS = {
    "acr export-pipeline list": ("GET", "exportPipelines"),
    "acr import-pipeline show -n mypipeline": ("GET", "importPipelines/mypipeline"),
    "acr import-pipeline update -n mypipeline": ("GET", "importPipelines/mypipeline"),
    "acr export-pipeline delete -n mypipeline": ("DELETE", "exportPipelines/mypipeline"),
    f"acr export-pipeline create -n mypipeline -c {CONTAINER}": (
        "PUT",
        "exportPipelines/mypipeline",
    ),
    "acr pipeline-run list": ("GET", "pipelineRuns"),
    "acr pipeline-run clean": ("GET", "pipelineRuns"),
    "acr pipeline-run wait -n myrun01 --created": ("GET", "pipelineRuns/myrun01"),
    "acr pipeline-run create -n myrun01 -p mypipeline -t import -b myblob": (
        "GET",
        "importPipelines/mypipeline",
    ),
}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFound", NOT_FOUND),
        ("ResourceGroupNotFound", "Resource group 'mygroup' could not be found."),
    ],
)
@pytest.mark.parametrize("line", VERBS)
@pytest.mark.parametrize("is_default", [True, False])
def test_a_default_group_that_is_wrong_is_named_as_such(
    az: Az,
    service: Service,
    tmp_path: Path,
    line: str,
    code: str,
    message: str,
    is_default: bool,
) -> None:
    (tmp_path / "config").write_text("[defaults]\ngroup = mygroup\n")
    method, path = VERBS[line]
    error = {"error": {"code": code, "message": message}}
    service.answers(method, f"{REGISTRY}/{path}", error, status=404)
    group = () if is_default else ("-g", "mygroup")
    result = az(*line.split(), "-r", "myregistry", *group, "--only-show-errors")
    assert (result.exit_code, result.stdout) == (3, "")
    shown, advice = result.stderr.rstrip().rsplit("\n", 1)
    assert shown.startswith(f"ERROR: ({code}) {message}\n")
    assert advice == (IN_THE_DEFAULT_GROUP if is_default else CHECK_THE_REGISTRY)


@pytest.mark.parametrize("is_default", [True, False])
@pytest.mark.parametrize("line", VERBS)
def test_a_registry_of_another_group_is_named_with_its_group(
    az: Az, service: Service, tmp_path: Path, line: str, is_default: bool
) -> None:
    (tmp_path / "config").write_text("[defaults]\ngroup = mygroup\n")
    method, path = VERBS[line]
    error = {"error": {"code": "ParentResourceNotFound", "message": "Not on the parent."}}
    service.answers(method, f"{REGISTRY}/{path}", error, status=404)
    registries = [{"id": REGISTRY.replace("mygroup", "anothergroup")}]
    service.answers("GET", REGISTRIES, {"value": registries})
    group = () if is_default else ("-g", "mygroup")
    result = az(*line.split(), "-r", "myregistry", *group, "--only-show-errors")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(
        "ERROR: The registry 'myregistry' doesn't exist in resource group 'mygroup'.\n"
        "A registry of that name is in resource group 'anothergroup'.\n"
    )


@pytest.mark.parametrize(
    "registries",
    [
        {"json": {"value": []}},
        {"status": 403, "json": {"error": {"code": "AuthorizationFailed", "message": "No."}}},
        {"status": 503},
        {"body": RequestsConnectionError("lost")},
    ],
)
def test_a_registry_that_is_found_nowhere_has_the_usual_advice(
    az: Az, service: Service, registries: dict[str, Any]
) -> None:
    error = {"error": {"code": "ParentResourceNotFound", "message": "Not on the parent."}}
    service.answers("GET", f"{REGISTRY}/exportPipelines/mypipeline", error, status=404)
    service.mock.get(f"{ARM}{REGISTRIES}", **registries)
    result = az("acr", "export-pipeline", "show", *WHERE, "-n", "mypipeline")
    assert (result.exit_code, result.stdout, result.stderr) == (
        3,
        "",
        "ERROR: The registry 'myregistry' doesn't exist in resource group 'mygroup'.\n"
        f"{CHECK_THE_REGISTRY}\n",
    )
    assert service.requests.count(("GET", REGISTRIES)) == 1  # it only adds to the error


def test_a_404_without_words_is_about_the_resource(az: Az, service: Service) -> None:
    service.answers("GET", f"{REGISTRY}/exportPipelines/mypipeline", status=404)
    result = az("acr", "export-pipeline", "show", *WHERE, "-n", "mypipeline")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(
        "ERROR: The export pipeline 'mypipeline' wasn't found in registry 'myregistry' of "
        "resource group 'mygroup'. "
    )
