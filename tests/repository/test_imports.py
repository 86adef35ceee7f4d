"""Rules about imports that import-linter cannot say without a list that goes stale."""

from __future__ import annotations

from collections import Counter

import grimp
import pytest

GRAPH = grimp.build_graph("acr_emulator", cache_dir=None)


@pytest.mark.parametrize("package", ["engine", "deployments.templates"])
def test_the_engine_and_templates_import_nothing_else_of_the_emulator(package: str) -> None:
    root = f"acr_emulator.{package}"
    modules = {root} | GRAPH.find_descendants(root)
    imported = {
        name for module in modules for name in GRAPH.find_modules_directly_imported_by(module)
    }
    assert len(modules) > 1
    assert imported - modules == set()


def test_no_two_modules_of_the_emulator_share_a_name() -> None:
    names = Counter(module.rpartition(".")[2] for module in GRAPH.modules)
    assert [name for name, count in names.items() if count > 1] == []
