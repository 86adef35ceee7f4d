"""create, update, show, list, delete and wait of both kinds of pipeline."""

from __future__ import annotations

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import (
    AT,
    CONTAINER,
    GROUP,
    PRINCIPAL,
    SECRET,
    pipeline,
    system_data,
)
from tests.recorded.staging import create_identity
from tests.support.az import told

IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/myidentity"
MANAGED_IDENTITY = {"storageAccessMode": "ManagedIdentity"}


def create(kind: PipelineKind, more: str) -> str:
    """A line that creates a pipeline."""
    return f"acr {kind.group} create {AT} -n mypipeline -c {CONTAINER} {more}"


def user_assigned(number: int) -> dict[str, object]:
    """The identity of a pipeline that was given one; its ids are the n-th and the next."""
    ids = (f"00000000-0000-0000-0000-{each:012}" for each in (number, number + 1))
    shown = dict(zip(("principalId", "clientId"), ids, strict=True))
    return {"type": "userAssigned", "userAssignedIdentities": {IDENTITY: shown}}


def test_a_secret_means_a_sas(az: Az, kind: PipelineKind) -> None:
    answer = az(create(kind, f"-s {SECRET}"))
    assert (answer.exit_code, told(answer.json)) == (0, pipeline(kind))
    assert answer.requests == [f"PUT {kind.resource_type}/mypipeline"]
    assert (
        "az keyvault set-policy --name contosovault --secret-permissions get "
        f"--object-id {PRINCIPAL}\n"
    ) in answer.stderr


def test_no_secret_means_the_pipelines_own_identity(az: Az, kind: PipelineKind) -> None:
    answer = az(create(kind, "-m ManagedIdentity -i [system]"))
    assert (answer.exit_code, told(answer.json)) == (0, pipeline(kind, storage=MANAGED_IDENTITY))
    assert answer.requests == [f"PUT {kind.resource_type}/mypipeline"]
    role = kind.storage_role_for(())
    assert f'--role "{role}" --assignee-object-id {PRINCIPAL} ' in answer.stderr


def test_create_with_every_option(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(create_identity)
    options = [option.value for option in kind.options]
    answer = az(
        f"acr {kind.group} create --resource-group mygroup --registry contosoregistry "
        f"--name mypipeline --storage-container-uri {CONTAINER} --storage-access-mode sastoken "
        f"--secret-uri {SECRET} --assign-identity {IDENTITY} "
        f"--options {' '.join(options).lower()}"
    )
    shown = pipeline(kind, options=options, identity=user_assigned(1))
    assert (answer.exit_code, told(answer.json)) == (0, shown)
    assert answer.requests == [f"PUT {kind.resource_type}/mypipeline"]
    assert f"--object-id {PRINCIPAL}\n" in answer.stderr


def test_create_finds_the_group_of_a_login_server(az: Az, kind: PipelineKind) -> None:
    answer = az(
        f"acr {kind.group} create -r contosoregistry.azurecr.io -n mypipeline -c {CONTAINER}"
    )
    assert (answer.exit_code, answer.json["resourceGroup"]) == (0, "mygroup")
    assert answer.requests == ["GET registries", f"PUT {kind.resource_type}/mypipeline"]


def test_an_import_without_source_trigger(az: Az) -> None:
    answer = az(create(IMPORT, f"-s {SECRET} --source-trigger-enabled false"))
    assert (answer.exit_code, told(answer.json)) == (0, pipeline(IMPORT, trigger="Disabled"))

    answer = az(f"acr import-pipeline update {AT} -n mypipeline -e")
    shown = pipeline(IMPORT, trigger="Enabled", systemData=system_data(1, 3))
    assert (answer.exit_code, told(answer.json)) == (0, shown)


def test_update_changes_what_is_given(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(create_identity)
    az(create(kind, f"-s {SECRET} -z ContinueOnErrors"))
    update = f"acr {kind.group} update {AT} -n mypipeline"

    answer = az(f"{update} -c {CONTAINER}2 -s {SECRET}2 -i {IDENTITY} -z")
    access = {"keyVaultUri": f"{SECRET}2", "storageAccessMode": "SasToken"}
    shown = pipeline(
        kind,
        storage={"uri": f"{CONTAINER}2", **access},
        identity=user_assigned(2),
        options=[],
        systemData=system_data(1, 3),
    )
    assert (answer.exit_code, told(answer.json)) == (0, shown)
    requests = [f"GET {kind.resource_type}/mypipeline", f"PUT {kind.resource_type}/mypipeline"]
    assert answer.requests == requests

    answer = az(f"{update} -m ManagedIdentity --add options ContinueOnErrors --force-string")
    shown["systemData"] = system_data(1, 5)
    shown["options"] = ["ContinueOnErrors"]
    del shown[kind.side]["keyVaultUri"]
    shown[kind.side]["storageAccessMode"] = "ManagedIdentity"
    assert (answer.exit_code, told(answer.json)) == (0, shown)

    answer = az(f"{update} --set options=[] --no-wait")
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", requests)
    answer = az(f"{update} --remove options --no-wait")
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", requests)


def test_a_pipeline_comes_and_goes(az: Az, kind: PipelineKind) -> None:
    group = f"acr {kind.group}"
    path = f"{kind.resource_type}/mypipeline"
    answer = az(create(kind, f"-s {SECRET} --no-wait"))
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"PUT {path}"])

    for condition in ("--created", "--updated", "--exists", "--custom \"name=='mypipeline'\""):
        answer = az(f"{group} wait {AT} -n mypipeline {condition} --interval 1 --timeout 60")
        assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"GET {path}"])

    answer = az(f"{group} show {AT} -n mypipeline")
    assert (answer.exit_code, told(answer.json)) == (0, pipeline(kind))
    assert answer.requests == [f"GET {path}"]

    answer = az(f"{group} list {AT}")
    assert (answer.exit_code, told(answer.json)) == (0, [pipeline(kind)])
    assert answer.requests == [f"GET {kind.resource_type}"]

    answer = az(f"{group} delete {AT} -n mypipeline --no-wait")
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"DELETE {path}"])

    answer = az(f"{group} wait --deleted {AT} -n mypipeline")
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"GET {path}"])

    answer = az(f"{group} list {AT}")
    assert (answer.exit_code, answer.json) == (0, [])


def test_delete_sends_one_request(az: Az, kind: PipelineKind) -> None:
    az(create(kind, f"-s {SECRET}"))
    answer = az(f"acr {kind.group} delete {AT} -n mypipeline")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert answer.requests == [f"DELETE {kind.resource_type}/mypipeline"]


def test_list_as_a_table(az: Az, kind: PipelineKind) -> None:
    az(create(kind, f"-s {SECRET} -z ContinueOnErrors"))
    az(f"acr {kind.group} create {AT} -n another -c {CONTAINER}")
    answer = az(f"acr {kind.group} list {AT} -o table")
    trigger = {EXPORT: ("", "", ""), IMPORT: ("Trigger    ", "---------  ", "Enabled    ")}
    title, line, cell = trigger[kind]
    assert answer.stdout.splitlines() == [
        "Name        Container                                        Access           "
        f"Identity        Options           {title}State",
        "----------  -----------------------------------------------  ---------------  "
        f"--------------  ----------------  {line}---------",
        "mypipeline  https://mystorage.blob.core.windows.net/contoso  SasToken         "
        f"systemAssigned  ContinueOnErrors  {cell}Succeeded",
        "another     https://mystorage.blob.core.windows.net/contoso  ManagedIdentity  "
        f"systemAssigned                    {cell}Succeeded",
    ]


@pytest.mark.parametrize(
    ("verb", "method"), [("show", "GET"), ("update", "GET"), ("delete", "DELETE")]
)
def test_a_missing_pipeline_is_named_and_exits_3(
    az: Az, kind: PipelineKind, verb: str, method: str
) -> None:
    answer = az(f"acr {kind.group} {verb} {AT} -n mypipeline")
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert answer.requests == [f"{method} {kind.resource_type}/mypipeline"]
    assert (
        f"The {kind.noun} 'mypipeline' was not found in registry 'contosoregistry' of resource "
        "group 'mygroup'."
    ) in answer.stderr
    assert f"az acr {kind.group} list -r contosoregistry -o table" in answer.stderr


def test_a_missing_registry_is_not_a_missing_pipeline(az: Az, kind: PipelineKind) -> None:
    answer = az(f"acr {kind.group} show -g mygroup -r nosuchregistry -n mypipeline")
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert "(ParentResourceNotFound)" in answer.stderr
    assert f"The {kind.noun} 'mypipeline' was not found" not in answer.stderr


def test_a_refused_caller_is_told_so(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    path = f"{kind.resource_type}/mypipeline"
    when_recording(lambda site: site.cloud.fault(403, "AuthorizationFailed", path))
    answer = az(f"acr {kind.group} show {AT} -n mypipeline")
    assert (answer.exit_code, answer.stdout, answer.requests) == (1, "", [f"GET {path}"])
    assert "(AuthorizationFailed) AuthorizationFailed, by order of a test." in answer.stderr
    assert "not found" not in answer.stderr
