"""What people type around a transfer: principals, vaults, containers, lists and copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.site import Site
from tests.support.terminal import Terminal


def test_a_principal_for_a_job_is_made_logs_in_and_is_limited(
    az: Terminal, site: Site, tmp_path: Path
) -> None:
    scope = f"/subscriptions/{az.environment['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{site.group}"
    made = az.ok(f"ad sp create-for-rbac -n {site.name}bot --role Reader --scopes {scope}").json
    own = {"AZURE_CONFIG_DIR": str(tmp_path / "config")}
    login = "login --service-principal -u {appId} -p {password} --tenant {tenant}"
    az.ok(login.format(**made), **own)
    shown = az.ok(f"group show -n {site.group} --query name", **own)
    assert shown.json == site.group
    refused = az(f"group delete -n {site.group} --yes", **own)
    assert refused.exit_code == 1
    assert "AuthorizationFailed" in refused.stderr
    az.ok(f"ad app delete --id {made['appId']}")
    assert az(f"ad sp show --id {made['appId']}").exit_code == 3


@pytest.mark.parametrize(
    ("command", "exit_code", "error"),
    [
        ("ad user list", 0, ""),
        ("ad group list", 0, ""),
        ("ad app list --all", 0, ""),
        ("ad sp list --all", 0, ""),
        ("ad signed-in-user show", 1, "/me request is only valid with delegated"),
        ("ad user show --id nobody@contoso.example", 3, "does not exist"),
        ("ad group create --display-name g --mail-nickname g", 1, "does not imitate this call"),
    ],
)
def test_commands_of_the_directory_answer(
    az: Terminal, command: str, exit_code: int, error: str
) -> None:
    answer = az(command)
    assert answer.exit_code == exit_code, answer.stderr
    assert error in answer.stderr
    assert "Traceback" not in answer.stderr
    assert exit_code or isinstance(json.loads(answer.stdout), list)


def test_a_vault_and_its_secret_come_back(az: Terminal, site: Site, tmp_path: Path) -> None:
    in_vault = f"--vault-name {site.vault}"
    az.ok(f"keyvault secret set {in_vault} -n kept --value ?sig=1")
    backup = tmp_path / "kept.backup"
    az.ok(f"keyvault secret backup {in_vault} -n kept -f {backup}")
    az.ok(f"keyvault delete -n {site.vault}")
    listed = az.ok("keyvault list-deleted --query [].name").json
    assert site.vault in listed
    az.ok(f"keyvault recover -n {site.vault}")
    az.ok(f"keyvault secret delete {in_vault} -n kept")
    assert az.ok(f"keyvault secret list-deleted {in_vault} --query [].name").json == ["kept"]
    az.ok(f"keyvault secret purge {in_vault} -n kept")
    az.ok(f"keyvault secret restore {in_vault} -f {backup}")
    assert az.ok(f"keyvault secret show {in_vault} -n kept --query value").json == "?sig=1"
    az.ok(f"keyvault network-rule add -n {site.vault} --ip-address 1.2.3.4")
    rules = az.ok(f"keyvault network-rule list -n {site.vault} --query ipRules[].value").json
    assert rules == ["1.2.3.4/32"]


def test_lists_are_filtered(az: Terminal, site: Site) -> None:
    az.ok(f"group update -n {site.group} --tags team={site.name}")
    assert az.ok(f"group list --tag team={site.name} --query [].name").json == [site.group]
    assert az.ok("group list --tag team=nobody --query [].name").json == []
    names = az.ok(f"resource list -g {site.group} --query [].name").json
    assert site.registry in names
    assert az.ok(f"resource list -g {site.group} --name nothing --query [].name").json == []


def test_a_container_under_a_legal_hold_keeps_its_blobs(az: Terminal, site: Site) -> None:
    in_account = f"--account-name {site.account}"
    site.container.upload_blob("held", b"content")
    hold = f"-c {site.container_name} {in_account} -g {site.group} --tags audit"
    az.ok(f"storage container legal-hold set {hold}")
    key = az.ok(f"storage account keys list -n {site.account} --query [0].value").json
    delete = f"storage blob delete {in_account} -c {site.container_name} -n held"
    refused = az(delete, AZURE_STORAGE_KEY=key)
    assert refused.exit_code == 1
    assert "BlobImmutableDueToLegalHold" in refused.stderr
    az.ok(f"storage container legal-hold clear {hold}")
    az.ok(delete, AZURE_STORAGE_KEY=key)
