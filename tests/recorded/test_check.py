"""check: the requests of each mode of access, and the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.manifest.model import (
    Entry,
    ManifestKind,
    ManifestRun,
    Result,
    TransferManifest,
)
from azext_acrtransfer.registry.descriptors import Descriptor
from azext_acrtransfer.registry.references import Artifact
from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import CONTAINER, GROUP, PRINCIPAL, REGISTRY, SITE, WHERE
from tests.recorded.staging import HELLO, long_sas, push, ready_to_import

AUTHORIZATION = "providers/Microsoft.Authorization"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mystorage"
ACCOUNT_CONTAINER = f"{ACCOUNT}/blobServices/default/containers/{SITE}"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{SITE}vault"
SUBSCRIPTION = GROUP.partition("/resourceGroups")[0]
NAMED = f"GET {SUBSCRIPTION}/resources"
SET_UP = [f"GET {REGISTRY}", f"GET {AUTHORIZATION}/permissions"]
STORAGE = [NAMED, f"GET {ACCOUNT}", f"GET {ACCOUNT_CONTAINER}"]


def not_passed(checks: list[dict[str, str]]) -> dict[str, str]:
    """The codes of the checks that did not pass, with their statuses."""
    return {check["code"]: check["status"] for check in checks if check["status"] != "pass"}


def write_manifest(path: Path) -> None:
    """Have the manifest of another registry's export."""
    descriptor = Descriptor(HELLO, "application/vnd.oci.image.manifest.v1+json", 409)
    manifest = TransferManifest(
        ManifestKind.EXPORT,
        "2026-01-20T12:00:00Z",
        "another.azurecr.io",
        runs=(ManifestRun("run01", "myblob"),),
        entries=(Entry(Artifact("hello", "v1"), Result.EXPORTED, descriptor),),
    )
    path.write_text(manifest.to_json(), encoding="utf-8")


def test_check_of_an_import_by_sas_reads_all_that_it_uses(
    az: Az, when_recording: WhenRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_manifest(Path("manifest.json"))
    when_recording(long_sas)
    when_recording(ready_to_import)
    when_recording(lambda site: site.cloud.control("runs", answer="sync"))

    def requests(repository: str) -> list[str]:
        return [
            *SET_UP,
            "GET importPipelines/mypipeline",
            *STORAGE,
            NAMED,
            f"GET {VAULT}",
            "GET /secrets/acrsas",
            f"HEAD /{SITE}/myblob",
            f"GET {REGISTRY}",
            "POST /oauth2/exchange",
            "POST /oauth2/token",
            f"GET /v2/{repository}/manifests/v1",
            f"GET /{SITE}",
        ]

    check = f"acr import-pipeline check {WHERE} -n mypipeline"
    for content, repository in (
        ("-a another:v1 -b myblob", "another"),
        ("--manifest manifest.json --strict", "hello"),
    ):
        answer = az(f"{check} {content}")
        assert (answer.exit_code, not_passed(answer.json)) == (0, {"TriggerEnabled": "warning"})
        assert answer.requests == requests(repository)
        assert "sig=" not in answer.stdout + answer.stderr

    create = f"acr pipeline-run create {WHERE} -n myrun01 -p mypipeline -t import -b myblob"
    answer = az(f"{create} --check")
    assert (answer.exit_code, answer.json["name"]) == (0, "myrun01")
    read = "GET importPipelines/mypipeline"
    assert answer.requests[:3] == [*SET_UP, read]
    assert answer.requests[-2:] == [read, "PUT pipelineRuns/myrun01"]


def test_check_of_an_export_by_identity_reads_its_roles(
    az: Az, when_recording: WhenRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_manifest(Path("manifest.json"))
    az(f"acr export-pipeline create {WHERE} -n mypipeline -c {CONTAINER} -m ManagedIdentity")
    line = f"acr export-pipeline check --resource-group mygroup --registry {SITE}registry"
    answer = az(f"{line} --name mypipeline")
    assert (answer.exit_code, not_passed(answer.json)) == (1, {"StorageRole": "fail"})
    role = EXPORT.storage_role_for(()).name
    grant = (
        f'az role assignment create --role "{role}" --assignee-object-id {PRINCIPAL} '
        "--assignee-principal-type ServicePrincipal "
        "--scope $(az storage account show --name mystorage --query id --output tsv)"
    )
    [failed] = [check for check in answer.json if check["code"] == "StorageRole"]
    assert failed["recommendation"] == [grant]
    assert answer.stderr.endswith(
        f"ERROR: 1 of {len(answer.json)} checks failed:\n"
        f"StorageRole: {failed['message']}\n{grant}\n"
    )
    assigned = [
        f"GET {ACCOUNT_CONTAINER}/{AUTHORIZATION}/{what}Assignments" for what in ("role", "deny")
    ]
    assert answer.requests == [
        *SET_UP,
        "GET exportPipelines/mypipeline",
        *STORAGE,
        *assigned,
    ]

    when_recording(lambda site: site.grant_storage(site.resource("exportPipelines/mypipeline")))
    when_recording(push)
    for content in ("-a hello:v1 -b newblob", "--manifest manifest.json --strict"):
        answer = az(f"{line} --name mypipeline {content} --query [].status -o tsv")
        assert (answer.exit_code, set(answer.stdout.split())) == (0, {"pass"})
