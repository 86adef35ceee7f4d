"""Which API version is requested, and what is said of one that the cloud does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_acrtransfer.kinds import PipelineKind
from tests.support.wording import (
    CHOOSE_A_VERSION,
    VERSION_NOT_OFFERED,
    invalid,
    managed_identity_needs_newer,
)
from tests.unit.conftest import REGISTRY, WHERE, Az, Service, pipeline

OLD = "2019-12-01-preview"
CONTAINER = "https://mystorage.blob.core.windows.net/transfer"
SECRET = "https://myvault.vault.azure.net/secrets/sas"


def path(kind: PipelineKind) -> str:
    return f"{REGISTRY}/{kind.resource_type}/mypipeline"


@pytest.fixture(params=["environment", "config"])
def old_version(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The setting, by each of its two ways."""
    if request.param == "environment":
        monkeypatch.setenv("AZURE_ACRTRANSFER_API_VERSION", OLD)
    else:
        (tmp_path / "config").write_text(f"[acrtransfer]\napi_version = {OLD}\n")


@pytest.mark.usefixtures("old_version")
def test_an_older_version_gets_no_storage_access_mode(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    service.answers("PUT", path(kind), pipeline(kind))
    argv = [*WHERE, "-n", "mypipeline", "-c", CONTAINER, "-s", SECRET]
    result = az("acr", kind.group, "create", *argv)
    assert result.exit_code == 0
    assert service.versions == {OLD}
    assert service.body("PUT")["properties"][kind.side] == {
        "type": "AzureStorageBlobContainer",
        "uri": CONTAINER,
        "keyVaultUri": SECRET,
    }


@pytest.mark.usefixtures("old_version")
@pytest.mark.parametrize("argv", [[], ["-m", "ManagedIdentity"]])
def test_an_older_version_knows_no_managed_identity(
    az: Az, kind: PipelineKind, argv: list[str]
) -> None:
    words = ["-n", "mypipeline", "-c", CONTAINER, "--only-show-errors", *argv]
    result = az("acr", kind.group, "create", *WHERE, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == managed_identity_needs_newer(OLD)


@pytest.mark.parametrize("command", ["list", "check -n mypipeline"])
def test_a_setting_that_is_no_version_is_refused(
    az: Az, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("AZURE_ACRTRANSFER_API_VERSION", "latest")
    result = az("acr", "export-pipeline", *command.split(), *WHERE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert invalid("latest", "the setting acrtransfer.api_version") in result.stderr


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (
            400,
            "NoRegisteredProviderFound",
            "No registered resource provider found for location 'chinaeast2' and API version "
            "'2025-06-01-preview' for type 'registries/exportPipelines'. The supported "
            "api-versions are '2021-08-01-preview, 2019-12-01-preview, 2023-01-01-preview'.",
        ),
        (
            404,
            "InvalidResourceType",
            "The resource type could not be found in the namespace 'Microsoft.ContainerRegistry' "
            "for api version '2025-06-01-preview'. The supported api-versions are "
            "'2023-01-01-preview,2019-12-01-preview,2021-08-01-preview'.",
        ),
    ],
)
@pytest.mark.parametrize(
    ("verb", "method"), [("show", "GET"), ("create", "PUT"), ("delete", "DELETE")]
)
def test_a_version_that_the_cloud_lacks_names_those_it_has(
    az: Az,
    service: Service,
    kind: PipelineKind,
    status: int,
    code: str,
    message: str,
    verb: str,
    method: str,
) -> None:
    service.answers(
        method, path(kind), {"error": {"code": code, "message": message}}, status=status
    )
    argv = ["-n", "mypipeline", "--only-show-errors", *(["-c", CONTAINER] * (verb == "create"))]
    result = az("acr", kind.group, verb, *WHERE, *argv)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: {VERSION_NOT_OFFERED} It offers: 2019-12-01-preview, 2021-08-01-preview, "
        f"2023-01-01-preview. The service said: {message}\n"
        f"{CHOOSE_A_VERSION} az config set acrtransfer.api_version=2023-01-01-preview\n"
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            {"code": "InvalidApiVersionParameter", "message": "No 2025-06-01-preview here."},
            "It offers: no version that it names. The service said: No 2025-06-01-preview here.\n"
            f"{CHOOSE_A_VERSION} az config set acrtransfer.api_version=VERSION\n",
        ),
        (
            {"code": "InvalidResourceType"},
            "It offers: no version that it names. The service said: \n"
            f"{CHOOSE_A_VERSION} az config set acrtransfer.api_version=VERSION\n",
        ),
    ],
)
def test_a_version_is_not_guessed(
    az: Az, service: Service, kind: PipelineKind, error: dict[str, str], message: str
) -> None:
    service.answers("GET", path(kind), {"error": error}, status=400)
    result = az("acr", kind.group, "show", *WHERE, "-n", "mypipeline", "--only-show-errors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ERROR: {VERSION_NOT_OFFERED} {message}"


@pytest.mark.parametrize("body", [{"error": "as a text"}, {"error": None}, {}])
def test_another_error_stays_itself(
    az: Az, service: Service, kind: PipelineKind, body: dict[str, object]
) -> None:
    service.answers("GET", path(kind), body, status=400)
    result = az("acr", kind.group, "show", *WHERE, "-n", "mypipeline", "--only-show-errors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("ERROR: Operation returned an invalid status 'Bad Request'\n")
