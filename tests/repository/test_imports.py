"""Rules about imports that import-linter cannot say without a list that goes stale."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter

import grimp
import pytest

from tests.repository.conftest import ROOT

GRAPH = grimp.build_graph("acr_emulator", cache_dir=None)
_IS_TEST = re.compile(r"^tests\.(.*\.)?test_")


@pytest.mark.parametrize("package", ["engine", "deployments.templates"])
def test_the_engine_and_templates_import_nothing_else_of_the_emulator(package: str) -> None:
    root = f"acr_emulator.{package}"
    modules = {root} | GRAPH.find_descendants(root)
    imported = {
        name for module in modules for name in GRAPH.find_modules_directly_imported_by(module)
    }
    assert len(modules) > 1
    assert imported - modules <= {"acr_emulator.resource_locks"}  # it lies below all packages


def test_no_two_modules_of_the_emulator_share_a_name() -> None:
    names = Counter(module.rpartition(".")[2] for module in GRAPH.modules)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_module_imports_a_test_module() -> None:
    sources = subprocess.check_output(["git", "ls-files", "*.py"], cwd=ROOT, text=True).split()
    importing = {source: sorted(filter(_IS_TEST.search, _imported(source))) for source in sources}
    wrong = {source: names for source, names in importing.items() if names}
    assert wrong == {}, (
        f"move what they share to tests/support, or to a module of the folder: {wrong}"
    )


def _imported(source: str) -> set[str]:
    """The dotted names that a Python file imports."""
    nodes = list(ast.walk(ast.parse((ROOT / source).read_text(encoding="utf-8"))))
    return {
        f"{node.module}.{name.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    } | {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
