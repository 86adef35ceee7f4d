"""Clouds that are behind: an older API version, and one that a cloud does not offer."""

from __future__ import annotations

import pytest

from azext_acrtransfer.kinds import PipelineKind
from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import AT, CONTAINER, SECRET, pipeline
from tests.support.az import told

OFFERED = "2019-12-01-preview"


def test_an_older_version_knows_no_access_mode(
    az: Az, kind: PipelineKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_ACRTRANSFER_API_VERSION", OFFERED)
    answer = az(f"acr {kind.group} create {AT} -n mypipeline -c {CONTAINER} -s {SECRET}")
    shown = pipeline(kind, storage={"keyVaultUri": SECRET})
    assert (answer.exit_code, told(answer.json)) == (0, shown)
    assert "az keyvault set-policy --name contosovault" in answer.stderr

    answer = az(f"acr {kind.group} show {AT} -n mypipeline")
    assert (answer.exit_code, told(answer.json)) == (0, shown)


def test_a_cloud_that_is_behind_is_told_of(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    message = (
        "No registered resource provider found for API version '2025-06-01-preview' for type "
        f"'registries/{kind.resource_type}'. The supported api-versions are '{OFFERED}'."
    )
    error = {"error": {"code": "NoRegisteredProviderFound", "message": message}}
    when_recording(lambda site: site.cloud.control("faults", status=400, body=error))
    answer = az(f"acr {kind.group} create {AT} -n mypipeline -c {CONTAINER}")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "does not offer API version 2025-06-01-preview" in answer.stderr
    assert f"It offers: {OFFERED}." in answer.stderr
    assert f"az config set acrtransfer.api_version={OFFERED}" in answer.stderr
