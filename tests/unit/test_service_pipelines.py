"""What a pipeline tells of itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_acrtransfer.service import pipelines


@pytest.mark.parametrize(
    ("state", "is_over", "has_failed"),
    [
        ("Succeeded", True, False),
        (None, True, False),
        ("Failed", True, True),
        ("Canceled", True, True),
        ("Creating", False, False),
        ("Pondering", False, False),
    ],
)
def test_a_pipeline_has_failed_once_it_is_over_without_success(
    state: str | None, is_over: bool, has_failed: bool
) -> None:
    pipeline = SimpleNamespace(properties={"provisioningState": state})
    assert pipelines.is_over(pipeline) is is_over
    assert pipelines.has_failed(pipeline) is has_failed


def test_a_pipeline_without_properties_has_nothing_to_wait_for() -> None:
    assert pipelines.describe(SimpleNamespace(properties=None)) == "Succeeded"
