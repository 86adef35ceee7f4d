"""Which known failure a message is a case of, and what is said of one that is not known."""

from __future__ import annotations

from datetime import date, datetime, timezone
from unittest.mock import Mock

import pytest
from azure.cli.core.azclierror import AzCLIError, ForbiddenError
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.containerregistry.models import ExportPipeline, ImportPipeline, PipelineRun

from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.diagnostics import diagnosis
from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES, KnownFailure
from azext_acrtransfer.diagnostics.facts import after_create, expiry_of_new_sas
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.support.az import SUBSCRIPTION
from tests.unit.conftest import REGISTRY, pipeline, run

MODELS = {EXPORT.name: ExportPipeline, IMPORT.name: ImportPipeline}


def failed_run(kind: PipelineKind, message: str, mode: str) -> PipelineRun:
    body = run(kind)
    body["properties"]["response"]["pipelineRunErrorMessage"] = message
    body["properties"]["response"][kind.side]["storageAccessMode"] = mode
    return PipelineRun(body)


LOUD = [failure for failure in KNOWN_FAILURES if failure.says]
REFUSED = next(failure.quote for failure in LOUD if failure.code == "sas-permission")


@pytest.mark.parametrize("failure", LOUD, ids=lambda failure: failure.code)
def test_a_message_finds_its_own_row(failure: KnownFailure) -> None:
    options = (failure.option,) if failure.option else ()
    for mode in [failure.mode] if failure.mode else StorageAccessMode:
        assert diagnosis.find(failure.quote, mode, options) is failure


def test_every_row_has_a_code_of_its_own_and_advice() -> None:
    assert len({failure.code for failure in KNOWN_FAILURES}) == len(KNOWN_FAILURES)
    assert all(failure.means and failure.remedy.advice() for failure in KNOWN_FAILURES)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], "role-missing"),
        (["ContinueOnErrors", "DeleteSourceBlobOnSuccess"], "role-cannot-delete"),
    ],
)
def test_the_options_of_the_pipeline_count(options: list[str], code: str) -> None:
    body = pipeline(IMPORT, options=options)
    known = diagnosis.explain(failed_run(IMPORT, REFUSED, "ManagedIdentity"), ImportPipeline(body))
    assert known
    assert known[0].code == code


def test_an_unknown_failure_is_said_to_be_unknown(kind: PipelineKind) -> None:
    [line] = diagnosis.advice(failed_run(kind, "Something new.", "SasToken"))
    assert line.startswith("This failure is not among the known ones")


def test_a_run_without_response_fails_without_reason() -> None:
    bare = PipelineRun({"id": None, "properties": {"provisioningState": "Failed"}})
    assert diagnosis.error_message(bare) == "The service gives no reason."
    assert diagnosis.explain(bare) is None


def test_a_run_that_tells_no_storage_takes_its_pipelines(kind: PipelineKind) -> None:
    body = failed_run(kind, REFUSED, "SasToken").as_dict()
    del body["properties"]["response"][kind.side]
    model = MODELS[kind.name](pipeline(kind))
    _, command, _ = diagnosis.advice(PipelineRun(body), model)
    assert 'az keyvault secret set --vault-name myvault --name sas --value "?$sas"' in command


def test_a_run_tells_what_a_command_needs_to_know(kind: PipelineKind) -> None:
    known = diagnosis.explain(failed_run(kind, REFUSED, "SasToken"))
    assert known
    _, facts = known
    assert facts == {
        "subscription": SUBSCRIPTION,
        "group": "mygroup",
        "registry": "myregistry",
        "pipeline": "mypipeline",
        "pipeline-group": kind.group,
        "account": "mystorage",
        "container": "transfer",
        "vault": "myvault",
        "secret": "sas",
        # As its options aren't known, these are enough for all of them.
        "storage-role": "Storage Blob Data Contributor",
        "sas-permissions": "alrw" if kind is EXPORT else "dlr",
        "expiry": expiry_of_new_sas(),
    }


def test_known_ids_are_filled_in_and_unknown_ones_stay_open(kind: PipelineKind) -> None:
    message = "Failed to access key vault.  Service request failed.  Status: 403 (Forbidden)"
    of_run = diagnosis.advice(failed_run(kind, message, "SasToken"))
    model = MODELS[kind.name](pipeline(kind))
    of_both = diagnosis.advice(failed_run(kind, message, "SasToken"), model)
    command = "az keyvault set-policy --name myvault --secret-permissions get --object-id "
    assert f"{command}PRINCIPAL_ID" in of_run
    assert f"{command}22222222-2222-2222-2222-222222222222" in of_both
    assert not [line for line in of_both if "<" in line]


def test_a_new_sas_is_for_a_month(kind: PipelineKind) -> None:
    _, command, _ = diagnosis.advice(
        failed_run(kind, REFUSED, "SasToken"), MODELS[kind.name](pipeline(kind))
    )
    expiry = command.partition("--expiry ")[2].partition(" ")[0]
    days = (date.fromisoformat(expiry) - datetime.now(timezone.utc).date()).days
    assert 29 <= days <= 30


def test_a_pipeline_with_a_secret_version_is_told_to_read_the_newest(
    kind: PipelineKind,
) -> None:
    body = pipeline(kind)
    body["properties"][kind.side]["keyVaultUri"] += "/0123456789abcdef0123456789abcdef"
    run_of_it = failed_run(kind, REFUSED, "SasToken")
    _, store, update, _ = diagnosis.advice(run_of_it, MODELS[kind.name](body))
    assert "az keyvault secret set --vault-name myvault --name sas --value" in store
    assert update == (
        f"az acr {kind.group} update --resource-group mygroup --registry myregistry "
        "--name mypipeline --secret-uri https://myvault.vault.azure.net/secrets/sas"
    )


TIMES = "Start [{}] - Expiry [{}] - Current [Sat, 03 Jan 2026 00:00:00 GMT])"
THEN, LATER = "Thu, 01 Jan 2026 00:00:00 GMT", "Sun, 04 Jan 2026 00:00:00 GMT"


@pytest.mark.parametrize(
    ("start", "expiry", "code"),
    [
        (THEN, THEN, "sas-expired"),
        ("", THEN, "sas-expired"),
        (LATER, LATER, "sas-not-yet-valid"),
        ("", "", "sas-not-authenticated"),
        ("then", "soon", "sas-not-authenticated"),
    ],
)
def test_the_times_of_a_sas_tell_what_is_wrong_with_it(start: str, expiry: str, code: str) -> None:
    message = "Status: 403 (Server failed to authenticate the request. Signature not valid in the "
    frame = f"specified time frame: {TIMES.format(start, expiry)}"
    failure = diagnosis.find(
        f"Failed to access storage.  {message}{frame}", StorageAccessMode.SAS_TOKEN
    )
    assert failure
    assert failure.code == code


def test_an_unknown_refusal_of_storage_is_not_taken_for_a_firewall() -> None:
    assert diagnosis.find("Failed to access storage.  Status: 403 (Forbidden)") is None


def refusal(message: str, status: int = 400) -> HttpResponseError:
    request = HttpRequest("PUT", f"https://management.azure.com{REGISTRY}/exportPipelines/p?a=b")
    error = HttpResponseError(message, response=Mock(request=request, reason="Bad"))
    error.status_code = status
    return error


def test_a_refusal_of_a_caller_names_whom_to_give_the_role_to() -> None:
    row = next(row for row in KNOWN_FAILURES if row.code == "caller-not-allowed")
    with pytest.raises(ForbiddenError) as raised:
        diagnosis.raise_explained(refusal(row.quote, 403))
    assert raised.value.recommendations == [
        row.means,
        'az role assignment create --role "Container Registry Transfer Pipeline Contributor" '
        f"--assignee 33333333-3333-3333-3333-333333333333 --scope {REGISTRY}",
        row.remedy.advice(),
    ]


SECRET = "sv=2026-01-01&sr=c&sig=abc%2Bdef%3D"


@pytest.mark.parametrize(
    "error",
    [
        refusal(f"Not a container: https://a.blob/c?{SECRET}"),
        refusal(f"Premium: https://a.blob/c?{SECRET}"),
        HttpResponseError(f"Premium: https://a.blob/c?{SECRET}"),
        AzCLIError(f"It was not found: {SECRET}"),
    ],
    ids=["unknown refusal", "known refusal", "without an answer", "error of a command"],
)
def test_no_error_shows_a_sas(error: Exception) -> None:
    with pytest.raises(AzCLIError) as raised:
        diagnosis.raise_explained(error)
    assert "sig=***" in raised.value.error_msg
    assert "abc" not in raised.value.error_msg


@pytest.mark.parametrize("error", [refusal("Something new."), ValueError("abc")])
def test_what_needs_no_explanation_stays_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        diagnosis.raise_explained(error)
    assert raised.value is error


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


CHECK = (
    "Then see whether anything is missing:\n  az acr {} check --resource-group mygroup "
    "--registry myregistry --name mypipeline"
)


@pytest.mark.parametrize(("kind", "options", "role", "permissions"), ROLES)
def test_what_is_to_be_granted_depends_on_direction_and_options(
    kind: PipelineKind, options: list[str], role: str, permissions: str
) -> None:
    body = pipeline(kind, options=options)
    with_sas = after_create(MODELS[kind.name](body), kind)
    assert f"with the permissions '{permissions}'" in with_sas
    body["properties"][kind.side]["storageAccessMode"] = "ManagedIdentity"
    with_identity = after_create(MODELS[kind.name](body), kind)
    assert with_identity == (
        "Before the first run, let the pipeline's identity (22222222-2222-2222-2222-222222222222) "
        "into the storage account, unless it has been:\n"
        f'  az role assignment create --role "{role}" --assignee-object-id '
        "22222222-2222-2222-2222-222222222222 --assignee-principal-type ServicePrincipal "
        "--scope $(az storage account show --name mystorage --query id --output tsv)\n"
        f"{CHECK.format(kind.group)}"
    )
    assert with_sas.endswith(f"\n{CHECK.format(kind.group)}")


def test_a_user_assigned_identity_is_the_one_to_grant_to(kind: PipelineKind) -> None:
    body = pipeline(kind)
    body["identity"] = {
        "type": "userAssigned",
        "userAssignedIdentities": {"/some/id": {"principalId": "55555555", "clientId": "6"}},
    }
    assert "--object-id 55555555" in after_create(MODELS[kind.name](body), kind)
