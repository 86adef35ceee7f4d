"""What `check` finds next to the known failures: caused, reported and fixed by what is printed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from azure.storage.blob import generate_blob_sas

from tests.e2e.conftest import new_name
from tests.e2e.failing import ARTIFACT, BLOB, PIPELINE, Scene
from tests.support.oci import INDEX, MANIFEST
from tests.support.site import ACCOUNT, Kind
from tests.support.terminal import Terminal
from tests.support.wording import VAULT_IS_CLOSED

Change = Callable[[Scene], object]


def closed_registry(scene: Scene) -> None:
    registry = f"Microsoft.ContainerRegistry/registries/{scene.site.registry}"
    scene.site.arm("PATCH", registry, {"properties": {"publicNetworkAccess": "Disabled"}})


def half_made(scene: Scene) -> None:
    """As the service tells it once; the update that fixes it sees it as it is."""
    path = f"/exportPipelines/{scene.pipeline['name']}"
    pipeline = scene.site.resource(path.lstrip("/"))
    pipeline["properties"]["provisioningState"] = "Failed"
    scene.cloud.control("faults", status=200, method="GET", path=path, count=1, body=pipeline)


def deleted_identity(scene: Scene) -> None:
    name = f"identity{uuid.uuid4().hex[:8]}"
    path = f"Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    identity = scene.site.arm("PUT", path, {"location": "westus"})
    body = {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity["id"]: {}}},
        "properties": scene.pipeline["properties"],
    }
    scene.site.resource(f"exportPipelines/{scene.pipeline['name']}", "PUT", body)
    scene.site.arm("DELETE", path)


def expired_secret(scene: Scene) -> None:
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    value, expiry = f"?{scene.write_sas()}", int(yesterday.timestamp())
    scene.vault("PUT", {"value": value, "attributes": {"exp": expiry}})


def sas_of_a_blob(scene: Scene) -> None:
    expiry = datetime.now(timezone.utc) + timedelta(hours=1)
    sas = generate_blob_sas(
        ACCOUNT, scene.site.name, BLOB, account_key=scene.key(), permission="racwdl", expiry=expiry
    )
    scene.site.write_secret(sas)


def account_without_block_blobs(scene: Scene) -> None:
    """As Resource Manager returns it once."""
    path = f"Microsoft.Storage/storageAccounts/{ACCOUNT}"
    account = scene.site.arm("GET", path) | {"kind": "FileStorage"}
    scene.cloud.control("faults", status=200, method="GET", path=f"/{path}$", count=1, body=account)


def vault_closed_to_all(scene: Scene) -> None:
    rules = {"defaultAction": "Deny", "bypass": "None"}
    vault = f"Microsoft.KeyVault/vaults/{scene.site.vault}"
    scene.site.arm("PATCH", vault, {"properties": {"networkAcls": rules}})


def archived_blob(scene: Scene) -> None:
    scene.site.container.get_blob_client(BLOB).set_standard_blob_tier("Archive")


def leased_blob(scene: Scene) -> None:
    scene.site.container.get_blob_client(BLOB).acquire_lease(-1)


FLAWS: list[tuple[str, str, Change, Kind]] = [
    ("RegistryNetwork", "warning", closed_registry, "export"),
    ("PipelineProvisioned", "fail", half_made, "export"),
    ("PipelineIdentity", "fail", deleted_identity, "export"),
    ("StorageAccountKind", "fail", account_without_block_blobs, "export"),
    ("KeyVaultNetwork", "warning", vault_closed_to_all, "export"),
    ("SecretNotExpired", "warning", expired_secret, "export"),
    ("SasType", "fail", sas_of_a_blob, "export"),
    ("BlobsReadable", "fail", archived_blob, "import"),
    ("BlobsChangeable", "fail", leased_blob, "import"),
]


@pytest.mark.parametrize(("code", "status", "cause", "kind"), FLAWS, ids=[row[0] for row in FLAWS])
def test_what_it_finds_is_fixed_by_what_it_prints(
    az: Terminal, code: str, status: str, cause: Change, kind: Kind
) -> None:
    options = ("DeleteSourceBlobOnSuccess",) if cause is leased_blob else ()
    scene = Scene.prepare(az.cloud, new_name(), kind, options=options)
    cause(scene)
    checked = az(scene.check)
    assert checked.exit_code == (1 if status == "fail" else 0)
    [failed] = [check for check in checked.json if check["code"] == code]
    assert failed["status"] == status
    commands = "\n".join(failed["recommendation"])
    fixed = az.type(commands.replace("CONTAINER_URI", scene.site.container_uri))
    assert fixed.exit_code == 0, fixed.stderr
    if cause is deleted_identity:  # the new identity still needs the right of the old
        again = az(f"{scene.check} --query \"[?status=='fail'].recommendation[]\" --output tsv")
        assert az.type(again.stdout).exit_code == 0, again.stdout
    passed = az.ok(scene.check)
    assert [check["status"] for check in passed.json if check["code"] == code] == ["pass"]
    assert scene.run_again()["status"] == "Succeeded"


def test_referrers_that_stay_behind_are_named(az: Terminal) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    client = scene.site.registry_client
    repository, _, tag = ARTIFACT.partition(":")
    image = str(client.digest(repository, tag))
    signature = client.attach(repository, image, "application/vnd.cncf.notary.signature", b"me")
    [check] = [each for each in az.ok(scene.check).json if each["code"] == "ReferrersIncluded"]
    assert check["status"] == "warning"
    assert f"{repository}@{signature}" in check["message"]
    assert "--include-referrers" in check["recommendation"][0]


@pytest.mark.parametrize(
    ("code", "option"), [("RegistryFound", "--registry"), ("PipelineFound", "--name")]
)
def test_a_misspelt_name_is_found_in_the_list_that_it_prints(
    az: Terminal, code: str, option: str
) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    checked = az(re.sub(rf"({option} \w+)", r"\1s", scene.check))
    assert checked.exit_code == 1
    [failed] = [check for check in checked.json if check["status"] == "fail"]
    assert failed["code"] == code
    listed = az.type("\n".join(failed["recommendation"]))
    wanted = {"--registry": scene.site.registry, "--name": PIPELINE}[option]
    assert wanted in listed.stdout.split()
    az.ok(scene.check)


def test_an_index_that_lacks_a_manifest_is_named(az: Terminal) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    client = scene.site.registry_client
    digest = client.push("samples/index", "amd64", layer=b"amd64")
    content = client.manifest("samples/index", digest)
    assert content
    platform = {"mediaType": MANIFEST, "digest": digest, "size": len(content)}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [platform]}
    client.push_manifest("samples/index", index, "1")
    client.delete("samples/index", digest)
    scene.artifacts = (ARTIFACT, "samples/index:1")
    checked = az(scene.check)
    assert checked.exit_code == 1
    [failed] = [check for check in checked.json if check["status"] == "fail"]
    assert failed == {
        "code": "IndexComplete",
        "status": "fail",
        "message": f"Not in the registry: {digest} of samples/index:1.",
        "recommendation": [
            "# Push the missing manifests, or export single platforms of the index by digest."
        ],
    }
    client.push("samples/index", "amd64", layer=b"amd64")
    assert {check["status"] for check in az.ok(scene.check).json} == {"pass"}


def test_a_secret_behind_a_closed_firewall_stops_no_run(az: Terminal) -> None:
    """Key Vault admits the service in this case, but not the caller."""
    scene = Scene.prepare(az.cloud, new_name())
    error = {
        "code": "Forbidden",
        "message": "Public network access is disabled and request is not from a trusted service "
        "nor via an approved private link.",
        "innererror": {"code": "ForbiddenByConnection"},
    }
    path = f"/secrets/{scene.site.secret}"
    scene.cloud.control(
        "faults", status=403, method="GET", path=path, count=1, body={"error": error}
    )
    checked = az.ok(f"{scene.command} --check")
    assert f"WARNING: SecretFound is unknown: {VAULT_IS_CLOSED}" in checked.stderr
    assert checked.json["response"]["status"] == "Succeeded"


def test_a_layer_that_is_kept_elsewhere_is_named(az: Terminal) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    client = scene.site.registry_client
    foreign = {
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        **client.push_blob("samples/windows", b"elsewhere"),
    }
    config = {"mediaType": "application/vnd.oci.image.config.v1+json"}
    config |= client.push_blob("samples/windows", b"{}")
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [foreign]}
    client.push_manifest("samples/windows", manifest, "1")
    scene.artifacts = (ARTIFACT, "samples/windows:1")
    checked = az.ok(scene.check).json
    [warning] = [check for check in checked if check["status"] == "warning"]
    assert (warning["code"], warning["recommendation"]) == ("NoForeignLayers", [])
    assert f"{foreign['digest']} (9 bytes) of samples/windows:1" in warning["message"]
    client.push("samples/windows", "1", layer=b"here")
    assert {check["status"] for check in az.ok(scene.check).json} == {"pass"}


def test_nothing_secret_is_printed_with_debug(az: Terminal, kind: Kind) -> None:
    scene = Scene.prepare(az.cloud, new_name(), kind)
    signature = scene.write_sas().rpartition("sig=")[2]
    checked = az.ok(f"{scene.check} --debug")
    assert signature not in checked.stdout + checked.stderr
    assert "sig=***" in checked.stderr
    assert "; permissions: " in checked.stdout


def test_both_names_of_a_registry_will_do_and_a_table_is_to_be_had(
    az: Terminal, kind: Kind
) -> None:
    scene = Scene.prepare(az.cloud, new_name(), kind)
    line = f"acr {kind}-pipeline check --registry {scene.site.login_server} --name mypipeline"
    shown = az.ok(f"{line} --strict --output table").stdout
    assert shown.split()[:3] == ["Code", "Status", "Message"]
    codes = [text.split()[0] for text in shown.splitlines()[2:]]
    assert codes[0] == "RegistryFound"
    assert len(set(codes)) == len(codes) > 20


def test_a_run_is_made_only_if_its_check_passes(az: Terminal) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    scene.site.container.upload_blob(BLOB, b"in the way")
    line = (
        f"acr pipeline-run create {scene.site.args} --name myrun01 --pipeline {PIPELINE} "
        f"--pipeline-type export --storage-blob {BLOB} --artifacts {ARTIFACT} --check"
    )
    stopped = az(line)
    assert (stopped.exit_code, stopped.stdout) == (1, "")
    assert f"NoBlobConflicts: Already exist: {BLOB}.\n" in stopped.stderr
    assert scene.site.resource("pipelineRuns")["value"] == []
    scene.site.container.delete_blob(BLOB)
    made = az.ok(line)
    assert made.json["response"]["status"] == "Succeeded"


def test_a_manifest_is_what_an_import_is_checked_for(az: Terminal, tmp_path: Path) -> None:
    scene = Scene.prepare(az.cloud, new_name())
    manifest = tmp_path / "manifest.json"
    az.ok(f"{scene.command} --manifest {manifest}")
    scene.site.pipeline("import", "importer")
    line = f"acr import-pipeline check {scene.site.args} --name importer --manifest {manifest}"
    statuses = {check["code"]: check["status"] for check in az.ok(line).json}
    assert (statuses["BlobsFound"], statuses["NoTagConflicts"]) == (
        "pass",
        "pass",
    )  # it is the same image
    scene.site.registry_client.push("samples/hello", "1.0", layer=b"another")
    checked = az(line)
    assert checked.exit_code == 1
    assert f"NoTagConflicts: Exist with other content: {ARTIFACT}.\n" in checked.stderr
    exported = (
        f"acr export-pipeline check {scene.site.args} --name {PIPELINE} --manifest {manifest}"
    )
    assert {check["status"] for check in az.ok(exported).json} == {"pass"}
