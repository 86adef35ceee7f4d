"""--grant-access: the pipeline works at once, whoever may grant it; others get the command."""

from __future__ import annotations

import uuid

import pytest

from tests.e2e.conftest import new_name
from tests.support.az import Result
from tests.support.site import Kind, Mode, Site
from tests.support.terminal import Guest, Terminal
from tests.support.wording import ACCESS_EXISTS, ACCESS_GRANTED, GRANT_REFUSED, NO_ACCESS_GRANTED

MODES: tuple[Mode, ...] = ("ManagedIdentity", "SasToken")


def create(site: Site, kind: Kind, mode: Mode, more: str = "") -> str:
    secret = f" --secret-uri {site.secret_uri}" if mode == "SasToken" else ""
    trigger = " --source-trigger-enabled false" if kind == "import" else ""
    return (
        f"acr {kind}-pipeline create {site.args} --name mypipeline --grant-access "
        f"--storage-container-uri {site.container_uri}{secret}{trigger} {more}"
    )


def check_line(site: Site, kind: Kind) -> str:
    return f"acr {kind}-pipeline check {site.args} --name mypipeline"


def access(checked: Result) -> dict[str, str]:
    """The checks of what was granted, with their status."""
    codes = ("StorageRole", "SecretReadable")
    return {row["code"]: row["status"] for row in checked.json if row["code"] in codes}


def use_roles(site: Site) -> None:
    """Have the vault use role assignments instead of access policies."""
    vault = f"Microsoft.KeyVault/vaults/{site.vault}"
    site.arm("PATCH", vault, {"properties": {"enableRbacAuthorization": True}})


@pytest.mark.parametrize("mode", MODES)
def test_a_pipeline_can_transfer_at_once(az: Terminal, kind: Kind, mode: Mode) -> None:
    site = Site.prepare(az.cloud, new_name(), kind)
    created = az.ok(create(site, kind, mode))
    principal = created.json["identity"]["principalId"]
    noun = (
        f"storage account '{site.account}'"
        if mode == "ManagedIdentity"
        else (f"key vault '{site.vault}'")
    )
    assert f"{ACCESS_GRANTED} ({principal}) access to the {noun}.\n" in (created.stderr)
    code = "StorageRole" if mode == "ManagedIdentity" else "SecretReadable"
    assert access(az.ok(check_line(site, kind))) == {code: "pass"}
    again = az.ok(create(site, kind, mode))
    assert f"({principal}) {ACCESS_EXISTS} {noun}.\n" in again.stderr
    if kind == "export":
        site.registry_client.push("samples/hello", "1.0", layer=b"hello")
        run = az.ok(
            f"acr pipeline-run create {site.args} --name myrun01 --pipeline mypipeline "
            "--pipeline-type export --storage-blob myblob --artifacts samples/hello:1.0"
        )
        assert run.json["response"]["status"] == "Succeeded"


def test_an_update_grants_what_the_pipeline_needs_now(az: Terminal, kind: Kind) -> None:
    site = Site.prepare(az.cloud, new_name(), kind)
    az.ok(create(site, kind, "ManagedIdentity"))
    use_roles(site)
    update = f"acr {kind}-pipeline update {site.args} --name mypipeline --grant-access"
    changed = az.ok(f"{update} --secret-uri {site.secret_uri}")
    assert f"access to the key vault '{site.vault}'.\n" in changed.stderr
    assert access(az(check_line(site, kind))) == {"SecretReadable": "pass"}
    if kind == "import":
        az.ok(f"{update} --storage-access-mode ManagedIdentity --options DeleteSourceBlobOnSuccess")
        assert access(az(check_line(site, kind))) == {"StorageRole": "pass"}


@pytest.mark.parametrize("mode", MODES)
def test_a_user_assigned_identity_of_another_group_gets_the_access(
    az: Terminal, mode: Mode
) -> None:
    site = Site.prepare(az.cloud, new_name())
    az.cloud.arm("PUT", "resourceGroups/othergroup", {"location": "westus"})
    name = f"identity{uuid.uuid4().hex[:8]}"
    path = f"Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    identity = az.cloud.arm(
        "PUT", f"resourceGroups/othergroup/providers/{path}", {"location": "westus"}
    )
    created = az.ok(create(site, "export", mode, f"--assign-identity {identity['id']}"))
    assert f"({identity['properties']['principalId']}) access to the " in created.stderr
    assert set(access(az.ok(check_line(site, "export"))).values()) == {"pass"}


@pytest.mark.parametrize("uses_roles", [False, True], ids=["policies", "roles"])
@pytest.mark.parametrize("mode", MODES)
def test_a_caller_without_the_right_gets_the_command(
    az: Terminal, guest: Guest, mode: Mode, *, uses_roles: bool
) -> None:
    site = Site.prepare(az.cloud, new_name())
    if uses_roles:
        use_roles(site)
    guest.gets("Container Registry Transfer Pipeline Contributor", site.id_of(""))
    guest.gets("Reader", site.id_of("").partition("/resourceGroups")[0])
    failed = guest(create(site, "export", mode))
    assert failed.exit_code == 1
    assert failed.json["provisioningState"] == "Succeeded"
    assert f"{GRANT_REFUSED} Required: Microsoft." in failed.stderr
    [command] = [
        line
        for line in failed.stderr.splitlines()
        if line.startswith(("az role assignment create", "az keyvault set-policy"))
    ]
    unable = guest(check_line(site, "export"))
    assert set(access(unable).values()) == {"fail"}
    typed = az.type(command)
    assert typed.exit_code == 0, typed.stderr
    assert set(access(guest(check_line(site, "export"))).values()) == {"pass"}
    assert f"{ACCESS_EXISTS} " in guest(create(site, "export", mode)).stderr


def test_an_identity_that_is_new_in_the_directory_is_waited_for(az: Terminal) -> None:
    site = Site.prepare(az.cloud, new_name())
    az.cloud.fault(400, "PrincipalNotFound", "/roleAssignments/", method="PUT", count=2)
    created = az.ok(create(site, "export", "ManagedIdentity"))
    assert ACCESS_GRANTED in created.stderr
    assert access(az.ok(check_line(site, "export"))) == {"StorageRole": "pass"}


def test_an_account_that_does_not_exist_is_named(az: Terminal) -> None:
    site = Site.prepare(az.cloud, new_name())
    wrong = create(site, "export", "ManagedIdentity").replace(f"//{site.account}.", "//nowhere01.")
    failed = az(wrong)
    assert failed.exit_code == 1
    assert f"{NO_ACCESS_GRANTED} The storage account 'nowhere01' doesn't exist.\n" in (
        failed.stderr
    )
    assert "az storage account show --name nowhere01" in failed.stderr
    assert az.ok(f"acr export-pipeline show {site.args} --name mypipeline").json == failed.json
