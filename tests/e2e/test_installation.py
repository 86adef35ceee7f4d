"""The wheel in a real az: it installs without network, and its commands are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.terminal import AZ, AZ_VERSION, Terminal, bare_environment, run

VERBS = {
    "export-pipeline": ["check", "create", "delete", "list", "show", "update", "wait"],
    "import-pipeline": ["check", "create", "delete", "list", "show", "update", "wait"],
    "pipeline-run": ["clean", "create", "delete", "list", "show", "verify", "wait"],
}


def test_it_installs_with_the_network_cut_off(wheel: Path, tmp_path: Path) -> None:
    environment = bare_environment(tmp_path) | {
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "AZURE_EXTENSION_DIR": str(tmp_path / "extensions"),
    }
    added = run(environment, str(AZ), "extension", "add", "--source", str(wheel), "--yes")
    assert (added.exit_code, added.stdout) == (0, "")
    shown = run(environment, str(AZ), "extension", "show", "--name", "acrtransfer")
    assert shown.exit_code == 0
    assert {key: shown.json[key] for key in ("name", "version", "extensionType")} == {
        "name": "acrtransfer",
        "version": wheel.name.split("-")[1],
        "extensionType": "whl",
    }


def test_az_has_the_version_of_the_suite(az: Terminal) -> None:
    versions = az.ok("version").json
    assert (versions["azure-cli"], list(versions["extensions"])) == (AZ_VERSION, ["acrtransfer"])


@pytest.mark.parametrize("group", VERBS)
def test_a_group_shows_its_commands(az: Terminal, group: str) -> None:
    shown = az.ok(f"acr {group} -h").stdout
    commands = shown.partition("Commands:")[2].partition("To search")[0]
    assert [line.split()[0] for line in commands.splitlines() if line.strip()] == VERBS[group]


@pytest.mark.parametrize("group", VERBS)
def test_a_command_shows_its_options(az: Terminal, group: str) -> None:
    shown = az.ok(f"acr {group} create -h").stdout
    assert all(option in shown for option in ("--registry -r", "--name -n", "--no-wait"))


def test_a_misspelt_option_is_named_with_the_nearest_one(az: Terminal) -> None:
    result = az("acr pipeline-run list --registry myregistry --tpo 3")
    assert result.exit_code == 2
    assert "--tpo" in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_input_costs_no_request(az: Terminal) -> None:
    result = az(
        "acr export-pipeline create --registry myregistry --name mypipeline "
        "--storage-container-uri http://mystorage.blob.core.windows.net/transfer"
    )
    assert (result.exit_code, result.stdout, az.cloud.requests()) == (1, "", [])
    assert "http://mystorage.blob.core.windows.net/transfer" in result.stderr
