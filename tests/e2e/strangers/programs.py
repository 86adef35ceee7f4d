"""Programs in other languages and with other packages, run in a cloud's environment."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.support.terminal import ENVIRONMENTS, ROOT, Terminal, run

FOLDER = Path(__file__).parent
NODE_PACKAGES = FOLDER / "package.json"
PYTHON_PACKAGES = FOLDER / "python-packages.txt"
_NODE_MODULES = ROOT / ".tools/javascript/node_modules"


def python_versions(package: str) -> list[str]:
    """The versions of a Python package that are installed for these tests."""
    pins = re.findall(r"^([\w-]+)==(\S+)", PYTHON_PACKAGES.read_text(), re.MULTILINE)
    return [version for name, version in pins if name == package]


def node(az: Terminal, program: str, **values: object) -> Any:
    """Run a JavaScript program of this folder with an object; the JSON that it prints."""
    environment = az.environment | {"NODE_PATH": str(_NODE_MODULES)}
    return _run(environment, "node", str(FOLDER / program), json.dumps(values))


def python(az: Terminal, program: str, package: str, version: str, **values: object) -> Any:
    """Run a Python program of this folder with one version of a package."""
    folder = ENVIRONMENTS / f"python-packages/{package}=={version}"
    assert folder.is_dir()
    environment = az.environment | {"PYTHONPATH": str(folder)}
    return _run(environment, sys.executable, str(FOLDER / program), json.dumps(values))


def _run(environment: dict[str, str], *argv: str) -> Any:
    ended = run(environment, *argv)
    assert ended.exit_code == 0, ended.stderr
    return ended.json
