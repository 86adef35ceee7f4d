"""Help: every command has it, its examples parse, and it is shown without the SDK."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.cli.core.azclierror import AzCLIError
from knack.help_files import helps

import azext_acrtransfer
from azext_acrtransfer import _client_factory
from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN
from azext_acrtransfer.manifest import carried_files
from azext_acrtransfer.registry import client
from docs.generators import manifest_page
from tests.support.az import SUBSCRIPTION
from tests.support.printed import words_of
from tests.unit.conftest import Az

PIPELINE_VERBS = {"create", "update", "check", "show", "list", "delete", "wait"}
RUN_VERBS = {"create", "show", "list", "delete", "clean", "verify", "wait"}
COMMANDS = {
    *(f"acr export-pipeline {verb}" for verb in PIPELINE_VERBS),
    *(f"acr import-pipeline {verb}" for verb in PIPELINE_VERBS),
    *(f"acr pipeline-run {verb}" for verb in RUN_VERBS),
}
GROUPS = {"acr export-pipeline", "acr import-pipeline", "acr pipeline-run"}
EXAMPLES = [
    example["text"]
    for command in sorted(COMMANDS)
    for example in yaml.safe_load(helps[command])["examples"]
]


def test_every_command_and_group_has_help() -> None:
    ours = {name for name in helps if any(name.startswith(group) for group in GROUPS)}
    assert ours == COMMANDS | GROUPS


@pytest.mark.parametrize("command", sorted(COMMANDS | GROUPS))
def test_help_is_shown(az: Az, command: str) -> None:
    result = az(*command.split(), "-h")
    assert result.exit_code == 0
    assert yaml.safe_load(helps[command])["short-summary"].split()[0] in result.stdout


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_is_stable_and_manages_a_preview_feature(az: Az, group: str) -> None:
    result = az(*group.split(), "-h")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "preview feature of Azure" in " ".join(result.stdout.split())
    assert "[Preview]" not in result.stdout


class ServiceReachedError(AzCLIError):  # type: ignore[misc]  # core is untyped
    """The command line was parsed and validated, and would now send a request."""


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_reaches_the_service(
    az: Az, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "artifacts.txt").write_text("# those of a team\nteam/*\nhello:v1  # and one more\n")
    (tmp_path / "manifest.json").write_text(manifest_page.EXPORT.to_json())
    (tmp_path / "target.json").write_text(manifest_page.VERIFICATION.to_json())
    (tmp_path / "carried").mkdir()

    class Unreachable:
        def __init__(self, *_: Any) -> None:
            self.kind = kind
            self.subscription = SUBSCRIPTION

        def of(self, *_: Any) -> None:
            raise ServiceReachedError("reached")

        compare = try_to_describe_all = of

    words = shlex.split(words_of(text))
    kinds = {
        "export-pipeline": EXPORT,
        "import-pipeline": IMPORT,
        "pipeline-run": RUN,
    }
    kind = kinds[words[2]]
    monkeypatch.setattr(_client_factory, "_service", Unreachable)
    monkeypatch.setattr(client, "RegistryClient", Unreachable)
    # It needs no service.
    monkeypatch.setattr(carried_files.CarriedFiles, "compare", Unreachable.compare)
    result = az(*words[1:])
    assert "ERROR: reached" in result.stderr, result.stderr


def test_help_and_arguments_need_no_sdk() -> None:
    modules = "_help, _params, _format, _validators, commands"
    code = (
        f"import sys; from azext_acrtransfer import {modules}; "
        "print(any(name.startswith('azure.mgmt.containerregistry') for name in sys.modules))"
    )
    root = Path(azext_acrtransfer.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert ended.stdout.strip() == "False"
