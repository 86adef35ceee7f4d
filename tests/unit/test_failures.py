"""Which known failure a message is a case of, and what is said of one that is not known."""

from __future__ import annotations

import pytest
from azure.mgmt.containerregistry.models import ExportPipeline, ImportPipeline, PipelineRun

from azext_acrtransfer import failures, guidance
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.unit.conftest import pipeline, run

MODELS = {EXPORT.name: ExportPipeline, IMPORT.name: ImportPipeline}

# The first is Azure's own (a user's report); the others are the emulator's.
MESSAGES = [
    (
        "Failed to access storage.  Service request failed.  Status: 403 (This request is not "
        "authorized to perform this operation)",
        "SasToken",
        "sas-refused",
    ),
    (
        "Failed to access storage.  Service request failed.  Status: 403 (This request is not "
        "authorized to perform this operation)",
        "ManagedIdentity",
        "role-missing",
    ),
    (
        "Failed to access key vault.  Service request failed.  Status: 403 (Forbidden)",
        "SasToken",
        "secret-not-readable",
    ),
    (
        "Failed to access key vault.  Service request failed.  Status: 404 (Secret not found)",
        "SasToken",
        "secret-missing",
    ),
    (
        "Failed to access storage.  Service request failed.  Status: 404 (The specified container "
        "does not exist.)",
        "SasToken",
        "container-missing",
    ),
    (
        "Failed to access storage.  Service request failed.  Status: 404 (The specified blob does "
        "not exist.)",
        "ManagedIdentity",
        "blob-missing",
    ),
    (
        "Blob 'b' already exists in the container; the pipeline does not have the OverwriteBlobs "
        "option.",
        "SasToken",
        "blob-exists",
    ),
    (
        "Tag 'a:b' already exists with digest sha256:1; the pipeline does not have the "
        "OverwriteTags option.",
        "SasToken",
        "tag-exists",
    ),
    ("Artifact 'a:b' was not found in registry 'r'.", "SasToken", "artifact-missing"),
    (
        "Layer sha256:1 of 'a:b' is 9000000000 bytes; the limit is 8589934592.",
        "SasToken",
        "layer-too-large",
    ),
    ("The run was interrupted by a restart of the service.", "SasToken", "interrupted"),
    ("Something new.", "SasToken", None),
]


def failed_run(kind: PipelineKind, message: str, mode: str) -> PipelineRun:
    body = run(kind)
    body["properties"]["response"]["pipelineRunErrorMessage"] = message
    body["properties"]["response"][kind.side]["storageAccessMode"] = mode
    return PipelineRun(body)


@pytest.mark.parametrize(("message", "mode", "code"), MESSAGES)
def test_a_message_finds_its_row(
    kind: PipelineKind, message: str, mode: str, code: str | None
) -> None:
    known = failures.explain(failed_run(kind, message, mode))
    assert (known and known[0].code) == code


def test_every_row_has_a_message() -> None:
    assert {code for _, _, code in MESSAGES if code} == {
        failure.code for failure in failures.KNOWN_FAILURES
    }


def test_an_unknown_failure_is_said_to_be_unknown(kind: PipelineKind) -> None:
    [line] = failures.advice(failed_run(kind, "Something new.", "SasToken"))
    assert line.startswith("This failure is not among the known ones")


def test_a_run_without_response_fails_without_reason() -> None:
    bare = PipelineRun({"id": None, "properties": {"provisioningState": "Failed"}})
    assert failures.error_message(bare) == "The service gives no reason."
    assert failures.explain(bare) is None


def test_a_run_that_tells_no_storage_takes_its_pipelines(kind: PipelineKind) -> None:
    body = failed_run(kind, MESSAGES[0][0], "SasToken").as_dict()
    del body["properties"]["response"][kind.side]
    model = MODELS[kind.name](pipeline(kind))
    assert "az keyvault secret set --vault-name myvault --name sas --value '?<the SAS>'" in (
        failures.advice(PipelineRun(body), model)
    )


def test_known_ids_are_filled_in_and_unknown_ones_stay_open(kind: PipelineKind) -> None:
    message = "Failed to access key vault.  Service request failed.  Status: 403 (Forbidden)"
    of_run = failures.advice(failed_run(kind, message, "SasToken"))
    model = MODELS[kind.name](pipeline(kind))
    of_both = failures.advice(failed_run(kind, message, "SasToken"), model)
    command = "az keyvault set-policy --name myvault --secret-permissions get --object-id "
    assert f"{command}<principal-id>" in of_run
    assert f"{command}22222222-2222-2222-2222-222222222222" in of_both
    assert [line for line in of_both if "<vault-group>" in line]


ROLES = [
    (EXPORT, [], "Storage Blob Data Contributor", "alrw"),
    (EXPORT, ["OverwriteBlobs"], "Storage Blob Data Contributor", "alrw"),
    (IMPORT, [], "Storage Blob Data Reader", "lr"),
    (IMPORT, ["OverwriteTags", "NotKnown"], "Storage Blob Data Reader", "lr"),
    (
        IMPORT,
        ["ContinueOnErrors", "DeleteSourceBlobOnSuccess"],
        "Storage Blob Data Contributor",
        "dlr",
    ),
]


@pytest.mark.parametrize(("kind", "options", "role", "permissions"), ROLES)
def test_what_is_to_be_granted_depends_on_direction_and_options(
    kind: PipelineKind, options: list[str], role: str, permissions: str
) -> None:
    body = pipeline(kind, options=options)
    with_sas = guidance.after_create(MODELS[kind.name](body), kind)
    assert f"with the permissions '{permissions}'" in with_sas
    body["properties"][kind.side]["storageAccessMode"] = "ManagedIdentity"
    with_identity = guidance.after_create(MODELS[kind.name](body), kind)
    assert with_identity == (
        "Before the first run, let the pipeline's identity (22222222-2222-2222-2222-222222222222) "
        "into the storage account, unless it has been:\n"
        f'  az role assignment create --role "{role}" --assignee-object-id '
        "22222222-2222-2222-2222-222222222222 --assignee-principal-type ServicePrincipal --scope "
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/<storage-group>"
        "/providers/Microsoft.Storage/storageAccounts/mystorage"
    )


def test_a_user_assigned_identity_is_the_one_to_grant_to(kind: PipelineKind) -> None:
    body = pipeline(kind)
    body["identity"] = {
        "type": "userAssigned",
        "userAssignedIdentities": {"/some/id": {"principalId": "55555555", "clientId": "6"}},
    }
    assert "--object-id 55555555" in guidance.after_create(MODELS[kind.name](body), kind)
