"""Clouds that were registered with nothing but what az insists on: they define no suffixes."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_acrtransfer.kinds import EXPORT
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, Service, pipeline, run


@pytest.fixture(autouse=True)
def _bare_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds = tmp_path / "clouds.config"
    required = {
        "resource_manager": ARM,
        "active_directory": "https://login.example.org",
        "active_directory_resource_id": ARM,
    }
    lines = [f"endpoint_{name} = {url}" for name, url in required.items()]
    clouds.write_text("\n".join(["[Bare]", *lines]))
    monkeypatch.setattr("azure.cli.core.cloud.CLOUD_CONFIG_FILE", str(clouds))
    monkeypatch.setenv("AZURE_CLOUD_NAME", "Bare")


def test_any_host_is_taken_without_a_warning(az: Az, service: Service) -> None:
    service.answers("PUT", f"{REGISTRY}/exportPipelines/mypipeline", pipeline(EXPORT))
    result = az(
        *("acr", "export-pipeline", "create", "-n", "mypipeline"),
        *("-g", "mygroup", "-r", "myregistry.cr.example.org"),
        *("-c", "https://mystorage.blob.example.org/transfer"),
        *("-s", "https://myvault.vault.example.org/secrets/sas"),
    )
    assert result.exit_code == 0, result.stderr
    assert "not of the active cloud" not in result.stderr


def test_an_artifact_is_taken_as_it_is(az: Az, service: Service) -> None:
    service.answers("GET", f"{REGISTRY}/exportPipelines/mypipeline", pipeline(EXPORT))
    service.answers("PUT", f"{REGISTRY}/pipelineRuns/myrun01", run(EXPORT))
    result = az(
        *("acr", "pipeline-run", "create", *WHERE, "-p", "mypipeline", "-n", "myrun01"),
        *("-t", "export", "-b", "myblob", "-a", "samples/hello"),
    )
    assert result.exit_code == 0, result.stderr
    assert service.body("PUT")["properties"]["request"]["artifacts"] == ["samples/hello:latest"]
