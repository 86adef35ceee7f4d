"""Rules about the files of the repository."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from azext_acrtransfer.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
LONGEST_TEST_NAME = 69
# A SAS signature is 32 bytes in base64, percent-encoded; a JWT begins with the base64 of `{"`.
SECRET = re.compile(rb"sig=[A-Za-z0-9%+/]{20,}|eyJ[A-Za-z0-9_-]{20,}\.")


def test_the_newest_entry_of_the_history_is_the_version(version: str) -> None:
    entries = re.findall(r"^(.+)\n\++$", (ROOT / "HISTORY.rst").read_text(), re.MULTILINE)
    assert (entries[0], VERSION) == (version, version)


def test_no_file_holds_a_signature_or_a_token(tracked: list[Path]) -> None:
    assert [str(path) for path in tracked if SECRET.search(path.read_bytes())] == []


def test_every_program_can_be_executed(tracked: list[Path]) -> None:
    programs = [path for path in tracked if path.read_bytes().startswith(b"#!")]
    assert {path.parent.name for path in programs} >= {"scripts", ".ci"}
    assert [str(path) for path in programs if not os.access(path, os.X_OK)] == []


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_names_the_command(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()


def test_no_name_of_a_test_is_too_long(tracked: list[Path]) -> None:
    names = [
        node.name
        for path in tracked
        if path.name.startswith("test_") and path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert names
    assert [name for name in names if len(name) > LONGEST_TEST_NAME] == []


def test_every_dependency_of_the_emulator_has_a_lower_bound() -> None:
    """Older releases of an HTTP client encoded parameters otherwise: see test_encoded_paths.py."""
    project = (ROOT / "emulator/pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert block is not None
    dependencies = re.findall(r'"([^"]+)"', block[1])
    assert "httpx>=0.28" in dependencies
    assert [item for item in dependencies if not re.fullmatch(r"[\w.\[\]-]+>=[\d.]+", item)] == []
