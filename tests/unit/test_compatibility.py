"""What scripts for the official extension rely on: rows of docs/reference/compatibility.md."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, pipeline, run
from tests.unit.fake_runs import RUNS

CONTAINER = "https://contoso.blob.core.windows.net/transfer"
SECRET = "https://myvault.vault.azure.net/secrets/sas"


def create(group: str, *more: str) -> list[str]:
    return ["acr", group, "create", *WHERE, "-n", "mypipeline", "-c", CONTAINER, *more]


@pytest.mark.parametrize("verb", ["show", "delete"])
def test_a_missing_run_exits_3(az: Az, service: Service, verb: str) -> None:
    error = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}
    method = {"show": "GET", "delete": "DELETE"}[verb]
    service.answers(method, f"{RUNS}/myrun01", error, status=404)
    result = az("acr", "pipeline-run", verb, *WHERE, "-n", "myrun01")
    assert (result.exit_code, result.stdout) == (3, "")


@pytest.mark.parametrize(
    ("group", "option", "value"),
    [
        ("import-pipeline", "--source-trigger-enabled", "maybe"),
        ("import-pipeline", "--options", "OverwriteBlobs"),
        ("export-pipeline", "--options", "OverwriteTags"),
        ("export-pipeline", "--options", "Overwrite"),
    ],
)
def test_a_wrong_value_of_an_option_exits_2(az: Az, group: str, option: str, value: str) -> None:
    result = az(*create(group, option, value))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"'{value}'" in result.stderr


@pytest.mark.parametrize(
    ("words", "mode"), [([], "ManagedIdentity"), (["--secret-uri", SECRET], "SasToken")]
)
def test_the_access_mode_can_be_left_out(
    az: Az, service: Service, kind: PipelineKind, words: list[str], mode: str
) -> None:
    service.answers("PUT", f"{REGISTRY}/{kind.resource_type}/mypipeline", pipeline(kind))
    assert az(*create(kind.group, *words)).exit_code == 0
    assert service.body("PUT")["properties"][kind.side]["storageAccessMode"] == mode


def test_capitals_in_a_container_name_are_refused(az: Az, kind: PipelineKind) -> None:
    uri = "https://Contoso.blob.core.windows.net/Transfer"
    result = az(*create(kind.group, "-c", uri))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"'{uri}'" in result.stderr
    assert "lowercase" in result.stderr


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("ManagedIdentity", "Entra Managed Identity"),
        ("SasToken", "Storage SAS Token"),
        (None, "Storage SAS Token"),  # of an API version that has no other
    ],
)
def test_create_says_how_the_run_authenticates(
    az: Az, service: Service, kind: PipelineKind, mode: str | None, words: str
) -> None:
    used = pipeline(kind)
    used["properties"][kind.side]["storageAccessMode"] = mode
    service.answers("GET", f"{REGISTRY}/{kind.resource_type}/mypipeline", used)
    service.answers("PUT", f"{RUNS}/myrun01", run(kind))
    artifacts = ["-a", "hello"] if kind is EXPORT else []
    named: Any = ["-n", "myrun01", "-p", "mypipeline", "-t", kind.name, "-b", "myblob"]
    result = az("acr", "pipeline-run", "create", *WHERE, *named, *artifacts)
    assert (result.exit_code, result.stderr) == (
        0,
        f"WARNING: Authenticating to Storage Account using {words}.\n",
    )
