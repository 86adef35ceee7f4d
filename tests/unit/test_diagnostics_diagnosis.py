"""Which known failure a message is a case of, and what is said of one that is not known."""

from __future__ import annotations

import re
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
from azext_acrtransfer.diagnostics.facts import required_access
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.support.az import SUBSCRIPTION
from tests.support.wording import NO_REASON, TO_CHECK, UNKNOWN_FAILURE
from tests.unit.conftest import REGISTRY, in_a_month, pipeline, run

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


STATUS = re.compile(r"Status: (\d+) \((.*)\)", re.DOTALL)


@pytest.mark.parametrize("failure", LOUD, ids=lambda failure: failure.code)
def test_a_message_of_several_lines_finds_its_row_too(failure: KnownFailure) -> None:
    """As .NET's RequestFailedException writes it, and with every line broken elsewhere."""
    headers = (
        "\n\nHeaders:\nx-ms-request-id: 404-premium-500\nDate: Sat, 03 Jan 2026 00:00:00 GMT\n"
    )
    written = STATUS.sub(r"\nStatus: \1 (\2.)", failure.quote) + headers
    options = (failure.option,) if failure.option else ()
    for message in (written, failure.quote.replace(" ", "\n")):
        for mode in [failure.mode] if failure.mode else StorageAccessMode:
            assert diagnosis.find(message, mode, options) is failure


@pytest.mark.parametrize(
    ("status", "error_code", "code"),
    [
        ("403 (Forbidden)", "AuthenticationFailed", "sas-not-authenticated"),
        ("403 (Forbidden)", "AuthorizationProtocolMismatch", "sas-protocol"),
        ("403 (Forbidden)", "AuthorizationSourceIPMismatch", "sas-source-ip"),
        ("403 (Forbidden)", "AuthorizationServiceMismatch", "sas-service"),
        ("403 (Forbidden)", "AuthorizationResourceTypeMismatch", "sas-resource-type"),
        ("403 (Forbidden)", "AuthorizationPermissionMismatch", "sas-permission"),
        ("403 (Forbidden)", "KeyBasedAuthenticationNotPermitted", "shared-key-off"),
        ("403 (Forbidden)", "AuthorizationFailure", "storage-firewall"),
        ("404 (Not Found)", "BlobNotFound", "blob-missing"),
        ("404 (Not Found)", "ContainerNotFound", "container-missing"),
        ("409 (Conflict)", "BlobAlreadyExists", "blob-exists"),
        ("409 (Conflict)", "BlobArchived", "blob-archived"),
        ("409 (Conflict)", "BlobBeingRehydrated", "blob-archived"),
        ("409 (Conflict)", "LeaseAlreadyPresent", "blob-leased"),
        ("412 (Precondition Failed)", "LeaseIdMissing", "blob-leased"),
        ("500 (Internal Server Error)", "InternalError", "storage-server-error"),
        ("503 (Service Unavailable)", "ServerBusy", "storage-server-error"),
    ],
)
def test_an_error_code_of_storage_finds_its_row(status: str, error_code: str, code: str) -> None:
    message = f"Failed to access storage.  Service request failed.\nStatus: {status}\n\nErrorCode: "
    failure = diagnosis.find(f"{message}{error_code}\n\nHeaders:\n", StorageAccessMode.SAS_TOKEN)
    assert failure
    assert failure.code == code


_ELSEWHERE = (
    "Failed to access storage.  Service request failed.\nStatus: 400 (Bad Request)\n\nErrorCode: "
    "InvalidHeaderValue\n\nHeaders:\n"
)


@pytest.mark.parametrize(
    "message",
    [
        f"{_ELSEWHERE}x-ms-request-id: 404 (The specified blob does not exist)\n",
        f"{_ELSEWHERE}x-ms-request-id: 403-503-409-lease\nx-ms-error-code: BlobArchived\n",
        "Failed to access storage.  Service request failed.  Status: 404 (Not Found)",
        "Failed to access key vault.  Service request failed.  Status: 403 (Public network access "
        "is disabled and request is not from a trusted service nor via an approved private link)",
        "Failed to access key vault.\nStatus: 403 (Forbidden)\nErrorCode: ForbiddenByFirewall",
        "Failed to access key vault.\nStatus: 500 (No)\nHeaders:\nx-ms-request-id: 404",
        "Failed to copy 'premium/base:1': the connection was reset.",
        "Failed to copy premium/base:1 to the registry: the connection was reset.",
        "The registry has the SKU Basic; it can't take 'premium' images.",
        "3 of 50 artifacts failed.",
        "Layer sha256:0a2e of 'samples/the limit is:1' was lost.",
        "Blob 'tag already exists' was lost.",
        "The exports of a disabled pipeline.",
        "The uninterrupted transfer failed.",
    ],
)
def test_words_and_digits_elsewhere_in_a_message_do_not_count(message: str) -> None:
    for mode in StorageAccessMode:
        assert diagnosis.find(message, mode) is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Artifact 'premium/base:1' was not found in registry 'myregistry'.", "artifact-missing"),
        ("Artifact 'exports/disabled:1' was not found.", "artifact-missing"),
        ("Tag 'a blob already exists:1' already exists with digest sha256:0a.", "tag-exists"),
        ("Blob 'interrupted/layer-limit.tar' already exists in the container.", "blob-exists"),
        ("The SKU must be Premium.", "registry-not-premium"),
        ("Only a registry of the Premium SKU has pipelines.", "registry-not-premium"),
        ("The archive has no 'index.json'.", "archive-invalid"),
        ("The archive ends within 'blobs/sha256/0a2e'.", "archive-invalid"),
        ("Blob sha256:0a is 6 bytes in the archive; it should be 5.", "archive-invalid"),
    ],
)
def test_the_name_of_an_artifact_is_no_part_of_the_reason(message: str, code: str) -> None:
    failure = diagnosis.find(message, StorageAccessMode.SAS_TOKEN)
    assert failure
    assert failure.code == code


@pytest.mark.parametrize(
    ("before", "image"),
    [
        ("Failed to import 'samples/hello:1.0'.  The", "samples/hello:1.0"),
        ("Failed to import samples/hello:1.0: the", "ARTIFACT"),
        ("'myregistry' answered for 'samples/hello:1.0'. The", "samples/hello:1.0"),
    ],
)
def test_a_locked_artifact_is_named_if_the_message_does(before: str, image: str) -> None:
    message = f"{before} operation is disallowed on this registry, repository or image."
    known = diagnosis.explain(failed_run(IMPORT, message, "SasToken"), None)
    assert known
    assert known[0].code == "artifact-locked"
    assert known[1].fill(known[0].remedy.commands[0]) == (
        f"az acr repository update --name myregistry --image {image} --write-enabled true"
    )


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
    assert line.startswith(UNKNOWN_FAILURE)


def test_a_run_without_response_fails_without_reason() -> None:
    bare = PipelineRun({"id": None, "properties": {"provisioningState": "Failed"}})
    assert diagnosis.error_message(bare) == NO_REASON
    assert diagnosis.explain(bare) is None


def test_a_run_without_request_and_id_leaves_pipeline_and_registry_open() -> None:
    body = failed_run(EXPORT, REFUSED, "SasToken").as_dict()
    del body["properties"]["request"], body["id"]
    known = diagnosis.explain(PipelineRun(body))
    assert known
    assert (known[1]["pipeline"], known[1]["registry"]) == ("PIPELINE", "REGISTRY")


def test_a_run_without_storage_takes_its_pipelines(kind: PipelineKind) -> None:
    body = failed_run(kind, REFUSED, "SasToken").as_dict()
    del body["properties"]["response"][kind.side]
    model = MODELS[kind.name](pipeline(kind))
    _, command, _ = diagnosis.advice(PipelineRun(body), model)
    assert 'az keyvault secret set --vault-name myvault --name sas --value "?$sas"' in command


def test_a_run_has_the_facts_that_a_command_needs(kind: PipelineKind) -> None:
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
        "blob": "myblob",
        "vault": "myvault",
        "secret": "sas",
        # As its options aren't known, these are enough for all of them.
        "storage-role": "Storage Blob Data Contributor",
        "sas-permissions": "alrw" if kind is EXPORT else "dlr",
        "expiry": in_a_month(),
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


@pytest.mark.parametrize(
    ("finished", "current", "now", "expiry"),
    [
        ("2099-03-01T00:00:00Z", "", None, "2099-03-31"),
        ("2099-03-01T00:00:00Z", "Thu, 01 Oct 2099 00:00:00 GMT", None, "2099-10-31"),
        ("2099-03-01T00:00:00Z", "", datetime(2098, 1, 1, tzinfo=timezone.utc), "2098-01-31"),
        ("2020-03-01T00:00:00Z", "", None, in_a_month()),
        ("yesterday", "", None, in_a_month()),
    ],
)
def test_a_new_sas_is_dated_by_the_clock_of_the_service(
    kind: PipelineKind, finished: str, current: str, now: datetime | None, expiry: str
) -> None:
    start = "Fri, 01 Jan 2010 00:00:00 GMT"
    frame = f"time frame: Start [{start}] - Expiry [{start}] - Current [{current}])"
    message = f"Failed to access storage.  Status: 403 ({frame})" if current else REFUSED
    failed = failed_run(kind, message, "SasToken")
    failed["properties"]["response"]["finishTime"] = finished
    known = diagnosis.explain(failed, now=now)
    assert known
    assert known[1]["expiry"] == expiry


def test_a_pipeline_with_a_secret_version_is_advised_to_read_the_newest(
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
def test_the_times_of_a_sas_say_what_is_wrong_with_it(start: str, expiry: str, code: str) -> None:
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
        refusal(f"A premium registry only: https://a.blob/c?{SECRET}"),
        HttpResponseError(f"A premium registry only: https://a.blob/c?{SECRET}"),
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
    f"{TO_CHECK}\n  az acr {{}} check --resource-group mygroup "
    "--registry myregistry --name mypipeline"
)


@pytest.mark.parametrize(("kind", "options", "role", "permissions"), ROLES)
def test_what_is_to_be_granted_depends_on_direction_and_options(
    kind: PipelineKind, options: list[str], role: str, permissions: str
) -> None:
    body = pipeline(kind, options=options)
    with_sas = required_access(MODELS[kind.name](body), kind)
    assert f"with the permissions '{permissions}'" in with_sas
    body["properties"][kind.side]["storageAccessMode"] = "ManagedIdentity"
    with_identity = required_access(MODELS[kind.name](body), kind)
    assert with_identity == (
        "The pipeline's identity (22222222-2222-2222-2222-222222222222) needs the role "
        f"'{role}' on the storage account. To assign it, run:\n"
        f'  az role assignment create --role "{role}" --assignee-object-id '
        "22222222-2222-2222-2222-222222222222 --assignee-principal-type ServicePrincipal "
        "--scope $(az storage account show --name mystorage --query id --output tsv)\n"
        f"{CHECK.format(kind.group)}"
    )
    assert with_sas.endswith(f"\n{CHECK.format(kind.group)}")


def test_access_to_an_unknown_container_has_words_to_replace(kind: PipelineKind) -> None:
    body = pipeline(kind)
    known = required_access(MODELS[kind.name](body), kind)
    del body["properties"][kind.side]
    unknown = required_access(MODELS[kind.name](body), kind)
    assert unknown == known.replace("myvault", "VAULT")


def test_a_user_assigned_identity_is_the_one_to_grant_to(kind: PipelineKind) -> None:
    body = pipeline(kind)
    body["identity"] = {
        "type": "userAssigned",
        "userAssignedIdentities": {"/some/id": {"principalId": "55555555", "clientId": "6"}},
    }
    assert "--object-id 55555555" in required_access(MODELS[kind.name](body), kind)
