"""Whose warnings fail a test: the filters of `pyproject.toml`."""

from __future__ import annotations

import warnings

import pytest


def warn(module: str, category: type[Warning] = DeprecationWarning) -> None:
    """Issue a warning about the code of a module."""
    warnings.warn_explicit("old", category, "module.py", 1, module=module)


@pytest.mark.parametrize(
    "module",
    ["azext_acrtransfer", "azext_acrtransfer.kinds", "acr_emulator.cloud", "demo.script", __name__],
)
def test_a_warning_about_our_code_is_an_error(module: str) -> None:
    with pytest.raises(DeprecationWarning, match="^old$"):
        warn(module)


@pytest.mark.parametrize("module", ["azure.cli.core.telemetry", "testscenarios", "demography"])
def test_a_warning_about_a_dependency_is_no_error(module: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warn(module)
    assert [str(warning.message) for warning in caught] == ["old"]


@pytest.mark.parametrize("category", [ResourceWarning, pytest.PytestUnraisableExceptionWarning])
def test_a_warning_of_the_garbage_collector_is_no_error(category: type[Warning]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warn(__name__, category)
    assert [warning.category for warning in caught] == [category]


def test_an_exception_that_ends_a_thread_is_an_error() -> None:
    with pytest.raises(pytest.PytestUnhandledThreadExceptionWarning):
        warn("_pytest.threadexception", pytest.PytestUnhandledThreadExceptionWarning)
