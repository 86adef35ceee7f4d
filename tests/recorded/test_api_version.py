"""A cloud with an older API version."""

from __future__ import annotations

import pytest

from azext_acrtransfer.kinds import EXPORT
from tests.recorded.conftest import Az
from tests.recorded.expected import CONTAINER, SECRET, WHERE, pipeline
from tests.support.az import non_null

OFFERED = "2019-12-01-preview"


def test_older_api_version_has_no_storage_access_mode(
    az: Az, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_ACRTRANSFER_API_VERSION", OFFERED)
    answer = az(f"acr export-pipeline create {WHERE} -n mypipeline -c {CONTAINER} -s {SECRET}")
    shown = pipeline(EXPORT, storage={"keyVaultUri": SECRET})
    assert (answer.exit_code, non_null(answer.json)) == (0, shown)
    assert "az keyvault set-policy --name contosovault" in answer.stderr

    answer = az(f"acr export-pipeline show {WHERE} -n mypipeline")
    assert (answer.exit_code, non_null(answer.json)) == (0, shown)
