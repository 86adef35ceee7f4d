"""Every command and option of the two groups of pipelines, in a real az."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.site import Kind, Site
from tests.support.terminal import Terminal

OPTIONS = {
    "export": ["OverwriteBlobs", "ContinueOnErrors"],
    "import": ["DeleteSourceBlobOnSuccess", "OverwriteTags", "ContinueOnErrors"],
}
SIDE = {"export": "target", "import": "source"}


@pytest.fixture
def identity(az: Terminal, site: Site) -> Any:
    """A user-assigned identity."""
    return az.ok(f"identity create --resource-group mygroup --name {site.name}identity").json


def test_create_with_every_option(az: Terminal, site: Site, kind: Kind, identity: Any) -> None:
    trigger = "--source-trigger-enabled False" if kind == "import" else ""
    created = az.ok(
        f"acr {kind}-pipeline create {site.args} --name mypipeline "
        f"--storage-container-uri {site.container_uri} --storage-access-mode SasToken "
        f"--secret-uri {site.secret_uri} --assign-identity {identity['id']} "
        f"--options {' '.join(OPTIONS[kind])} {trigger}"
    )
    assert identity["principalId"] in created.stderr
    assert az.ok(f"acr {kind}-pipeline show {site.args} --name mypipeline").json == created.json
    answer = {key: value for key, value in created.json.items() if value is not None}
    assigned = answer["identity"].pop("userAssignedIdentities")
    answer[SIDE[kind]] = {key: value for key, value in answer[SIDE[kind]].items() if value}
    del answer["systemData"]
    assert answer == {
        "id": site.id_of(f"{kind}Pipelines/mypipeline"),
        "identity": {"principalId": None, "tenantId": None, "type": "userAssigned"},
        "name": "mypipeline",
        "options": OPTIONS[kind],
        "provisioningState": "Succeeded",
        "resourceGroup": "mygroup",
        SIDE[kind]: {
            "keyVaultUri": site.secret_uri,
            "storageAccessMode": "SasToken",
            "type": "AzureStorageBlobContainer",
            "uri": site.container_uri,
        },
        "type": f"Microsoft.ContainerRegistry/registries/{kind}Pipelines",
        **({"trigger": {"sourceTrigger": {"status": "Disabled"}}} if kind == "import" else {}),
    }
    assert [(key.lower(), value["principalId"]) for key, value in assigned.items()] == [
        (identity["id"].lower(), identity["principalId"])
    ]


def test_short_options_any_case_and_the_login_server_say_the_same(
    az: Terminal, site: Site, kind: Kind
) -> None:
    created = az.ok(
        f"acr {kind}-pipeline create -r {site.login_server} -n mypipeline -c {site.container_uri} "
        "-m managedidentity -i [SYSTEM] -z continueonerrors"
    ).json
    assert created["id"] == site.id_of(f"{kind}Pipelines/mypipeline")
    assert created["identity"]["type"] == "systemAssigned"
    assert created["options"] == ["ContinueOnErrors"]
    assert created[SIDE[kind]]["storageAccessMode"] == "ManagedIdentity"
    shown = az.ok(f"acr {kind}-pipeline show -g mygroup -r {site.login_server} -n mypipeline").json
    assert shown == created


def test_list_and_its_query_and_table(az: Terminal, site: Site, kind: Kind) -> None:
    for name in ("firstpipeline", "secondpipeline"):
        site.pipeline(kind, name)
    names = az.ok(f"acr {kind}-pipeline list {site.args} --query [].name --output tsv").stdout
    assert names.split() == ["firstpipeline", "secondpipeline"]
    table = az.ok(f"acr {kind}-pipeline list {site.args} --output table").stdout.splitlines()
    assert [line.split()[0] for line in table[2:]] == ["firstpipeline", "secondpipeline"]
    assert [line.split()[1] for line in table[2:]] == [f"{site.account}/{site.name}"] * 2


def test_update_changes_what_is_said_and_nothing_else(
    az: Terminal, site: Site, kind: Kind, identity: Any
) -> None:
    before = site.pipeline(kind)
    az.ok(
        f"acr {kind}-pipeline update {site.args} --name mypipeline "
        f"--options ContinueOnErrors --secret-uri {site.secret_uri}2 "
    )
    after = site.resource(f"{kind}Pipelines/mypipeline")
    assert after["identity"] == before["identity"]
    changed = {**before["properties"], "options": ["ContinueOnErrors"]}
    changed[SIDE[kind]] |= {"keyVaultUri": f"{site.secret_uri}2"}
    assert after["properties"] == changed

    trigger = "--source-trigger-enabled true" if kind == "import" else ""
    az.ok(
        f"acr {kind}-pipeline update {site.args} --name mypipeline "
        f"--storage-container-uri {site.container_uri}2 --storage-access-mode ManagedIdentity "
        f"--assign-identity {identity['id']} --options {trigger}"
    )
    after = site.resource(f"{kind}Pipelines/mypipeline")
    assert after["identity"]["type"] == "userAssigned"
    assert not after["properties"].get("options")
    storage = after["properties"][SIDE[kind]]
    assert (storage["uri"], storage["storageAccessMode"], storage.get("keyVaultUri")) == (
        f"{site.container_uri}2",
        "ManagedIdentity",
        None,
    )
    if kind == "import":
        assert after["properties"]["trigger"] == {"sourceTrigger": {"status": "Enabled"}}


def test_update_takes_the_generic_arguments(az: Terminal, site: Site, kind: Kind) -> None:
    site.pipeline(kind)
    update = f"acr {kind}-pipeline update {site.args} --name mypipeline"
    az.ok(f"{update} --add options ContinueOnErrors --set {SIDE[kind]}.uri={site.container_uri}9")
    properties = site.resource(f"{kind}Pipelines/mypipeline")["properties"]
    assert (properties["options"], properties[SIDE[kind]]["uri"]) == (
        ["ContinueOnErrors"],
        f"{site.container_uri}9",
    )
    az.ok(f"{update} --remove options 0 --set {SIDE[kind]}.uri=7 --force-string")
    properties = site.resource(f"{kind}Pipelines/mypipeline")["properties"]
    assert (properties.get("options", []), properties[SIDE[kind]]["uri"]) == ([], "7")


def test_without_waiting(az: Terminal, site: Site, kind: Kind) -> None:
    pipeline = f"{site.args} --name mypipeline"
    container = f"--storage-container-uri {site.container_uri}"
    az.ok(f"acr {kind}-pipeline create {pipeline} {container} --no-wait")
    az.ok(f"acr {kind}-pipeline wait {pipeline} --created --interval 1 --timeout 20")
    az.ok(f"acr {kind}-pipeline update {pipeline} --options ContinueOnErrors --no-wait")
    az.ok(f"acr {kind}-pipeline wait {pipeline} --updated")
    az.ok(f"acr {kind}-pipeline wait {pipeline} --custom \"options[0]=='ContinueOnErrors'\"")
    az.ok(f"acr {kind}-pipeline wait {pipeline} --exists")
    az.ok(f"acr {kind}-pipeline delete {pipeline} --no-wait")
    az.ok(f"acr {kind}-pipeline wait {pipeline} --deleted")
    assert site.resource(f"{kind}Pipelines")["value"] == []


def test_delete_prompts_for_nothing_and_prints_nothing(
    az: Terminal, site: Site, kind: Kind
) -> None:
    site.pipeline(kind)
    deleted = az.ok(f"acr {kind}-pipeline delete {site.args} --name mypipeline")
    assert deleted.stdout == ""
    assert site.resource(f"{kind}Pipelines")["value"] == []


@pytest.mark.parametrize("verb", ["show", "delete"])
def test_a_missing_pipeline_is_exit_code_3(az: Terminal, site: Site, kind: Kind, verb: str) -> None:
    result = az(f"acr {kind}-pipeline {verb} {site.args} --name nopipeline")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "nopipeline" in result.stderr
