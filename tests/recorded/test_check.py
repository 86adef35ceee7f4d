"""check: what it asks for each kind and each mode of access, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
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
from tests.recorded.expected import AT, CONTAINER, GROUP, PRINCIPAL, REGISTRY, SITE
from tests.recorded.staging import HELLO, READY, long_sas, ready_to_export, without_secret_access

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


def test_a_pipeline_with_a_sas_is_checked_for_what_it_is_to_move(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(long_sas)
    when_recording(READY[kind])
    artifact = {EXPORT: "hello:v1", IMPORT: "another:v1"}[kind]
    blob = {EXPORT: "newblob", IMPORT: "myblob"}[kind]
    answer = az(f"acr {kind.group} check {AT} -n mypipeline -a {artifact} -b {blob}")
    trigger = {"TriggerEnabled": "warning"} if kind is IMPORT else {}
    assert (answer.exit_code, not_passed(answer.json)) == (0, trigger)
    assert answer.requests == [
        *SET_UP,
        f"GET {kind.resource_type}/mypipeline",
        *STORAGE,
        NAMED,
        f"GET {VAULT}",
        "GET /secrets/acrsas",
        f"HEAD /{SITE}/{blob}",
        f"GET {REGISTRY}",
        "GET /v2/",
        "GET /v2/",
        "POST /oauth2/exchange",
        "POST /oauth2/token",
        f"GET /v2/{artifact.partition(':')[0]}/manifests/v1",
        f"GET /{SITE}",
    ]
    assert "sig=" not in answer.stdout + answer.stderr


def test_a_pipeline_with_an_identity_is_checked_for_its_roles(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    az(f"acr {kind.group} create {AT} -n mypipeline -c {CONTAINER} -m ManagedIdentity")
    line = f"acr {kind.group} check --resource-group mygroup --registry {SITE}registry"
    answer = az(f"{line} --name mypipeline")
    assert (answer.exit_code, not_passed(answer.json)) == (1, {"StorageRole": "fail"})
    role = kind.storage_role_for(())
    grant = (
        f'az role assignment create --role "{role}" --assignee-object-id {PRINCIPAL} '
        "--assignee-principal-type ServicePrincipal "
        "--scope $(az storage account show --name mystorage --query id --output tsv)"
    )
    [found] = [check for check in answer.json if check["code"] == "StorageRole"]
    assert found["recommendation"] == [grant]
    assert answer.stderr.endswith(
        f"ERROR: 1 of 12 checks failed:\nStorageRole: {found['message']}\n{grant}\n"
        if kind is EXPORT
        else f"ERROR: 1 of 11 checks failed:\nStorageRole: {found['message']}\n{grant}\n"
    )
    assigned = [
        f"GET {ACCOUNT_CONTAINER}/{AUTHORIZATION}/{what}Assignments" for what in ("role", "deny")
    ]
    assert answer.requests == [
        *SET_UP,
        f"GET {kind.resource_type}/mypipeline",
        *STORAGE,
        *assigned,
    ]

    when_recording(
        lambda site: site.grant_storage(site.resource(f"{kind.resource_type}/mypipeline"))
    )
    answer = az(f"{line} --name mypipeline --query [].status -o tsv")
    assert (answer.exit_code, set(answer.stdout.split())) == (0, {"pass"})


def test_what_is_not_there_is_asked_for_by_name(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(long_sas)
    when_recording(lambda site: without_secret_access(kind, site))
    az(f"acr {kind.group} update {AT} -n mypipeline -c https://nothere.blob.core.windows.net/here")
    answer = az(f"acr {kind.group} check {AT} -n mypipeline")
    assert (answer.exit_code, not_passed(answer.json)) == (
        1,
        {"StorageAccountFound": "fail", "SecretReadable": "fail"},
    )
    check_name = f"POST {SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability"
    assert answer.requests[3:5] == [NAMED, check_name]


def test_a_missing_pipeline_ends_the_check(az: Az, when_recording: WhenRecording) -> None:
    when_recording(ready_to_export)
    answer = az(f"acr export-pipeline check {AT} -n another -o table")
    assert answer.exit_code == 1
    assert [line.split()[:2] for line in answer.stdout.splitlines()[2:]] == [
        ["RegistryFound", "pass"],
        ["RegistryPremium", "pass"],
        ["ExportsAllowed", "pass"],
        ["RegistryNetwork", "pass"],
        ["CallerAuthorized", "pass"],
        ["PipelineFound", "fail"],
    ]
    assert answer.requests == [*SET_UP, "GET exportPipelines/another"]


@pytest.fixture
def _manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest of another registry's export, in the folder where the commands are run."""
    monkeypatch.chdir(tmp_path)
    descriptor = Descriptor(HELLO, "application/vnd.oci.image.manifest.v1+json", 409)
    manifest = TransferManifest(
        ManifestKind.EXPORT,
        "2026-01-20T12:00:00Z",
        "another.azurecr.io",
        runs=(ManifestRun("run01", "myblob"),),
        entries=(Entry(Artifact("hello", "v1"), Result.EXPORTED, descriptor),),
    )
    Path("manifest.json").write_text(manifest.to_json(), encoding="utf-8")


@pytest.mark.usefixtures("_manifest")
def test_a_manifest_tells_what_is_to_be_checked(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(long_sas)
    when_recording(READY[kind])
    answer = az(f"acr {kind.group} check {AT} -n mypipeline --manifest manifest.json")
    trigger = {"TriggerEnabled": "warning"} if kind is IMPORT else {}
    assert (answer.exit_code, not_passed(answer.json)) == (0, trigger)
    assert "GET /v2/hello/manifests/v1" in answer.requests
    assert (f"HEAD /{SITE}/myblob" in answer.requests) == (kind is IMPORT)


def test_a_run_is_made_after_its_check(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(long_sas)
    when_recording(READY[kind])
    when_recording(lambda site: site.cloud.control("runs", answer="sync"))
    content = "-b newblob -a hello:v1" if kind is EXPORT else "-b myblob"
    line = f"acr pipeline-run create {AT} -n myrun01 -p mypipeline -t {kind.name} {content}"
    answer = az(f"{line} --check")
    assert (answer.exit_code, answer.json["name"]) == (0, "myrun01")
    read = f"GET {kind.resource_type}/mypipeline"
    assert answer.requests[:3] == [*SET_UP, read]
    assert answer.requests[-2:] == [read, "PUT pipelineRuns/myrun01"]
