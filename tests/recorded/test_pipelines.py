"""create, update, show, list, delete and wait of both kinds of pipeline."""

from __future__ import annotations

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.recorded.conftest import Az, WhenRecording
from tests.recorded.expected import (
    CONTAINER,
    GROUP,
    PRINCIPAL,
    SECRET,
    SITE,
    WHERE,
    pipeline,
    system_data,
)
from tests.recorded.player import Answer
from tests.recorded.staging import create_identity, use_roles
from tests.support.az import non_null
from tests.support.wording import ACCESS_EXISTS, ACCESS_GRANTED

IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/myidentity"
MANAGED_IDENTITY = {"storageAccessMode": "ManagedIdentity"}


def create(kind: PipelineKind, more: str) -> str:
    """A line that creates a pipeline."""
    return f"acr {kind.group} create {WHERE} -n mypipeline -c {CONTAINER} {more}"


def user_assigned(number: int) -> dict[str, object]:
    """The identity of a pipeline that was given one; its ids are the n-th and the next."""
    ids = (f"00000000-0000-0000-0000-{each:012}" for each in (number, number + 1))
    shown = dict(zip(("principalId", "clientId"), ids, strict=True))
    return {"type": "userAssigned", "userAssignedIdentities": {IDENTITY: shown}}


def test_create_with_every_option(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(create_identity)
    options = [option.value for option in kind.options]
    trigger = " --source-trigger-enabled false" if kind is IMPORT else ""
    answer = az(
        f"acr {kind.group} create --resource-group mygroup --registry contosoregistry "
        f"--name mypipeline --storage-container-uri {CONTAINER} --storage-access-mode sastoken "
        f"--secret-uri {SECRET} --assign-identity {IDENTITY} "
        f"--options {' '.join(options).lower()}{trigger}"
    )
    shown = pipeline(kind, options=options, identity=user_assigned(1), trigger="Disabled")
    assert (answer.exit_code, non_null(answer.json)) == (0, shown)
    assert answer.requests == [f"PUT {kind.resource_type}/mypipeline"]
    assert f"--object-id {PRINCIPAL}\n" in answer.stderr


def test_update_changes_what_is_given(
    az: Az, kind: PipelineKind, when_recording: WhenRecording
) -> None:
    when_recording(create_identity)
    az(create(kind, f"-s {SECRET} -z ContinueOnErrors"))
    update = f"acr {kind.group} update {WHERE} -n mypipeline"

    trigger = " -e false" if kind is IMPORT else ""
    answer = az(f"{update} -c {CONTAINER}2 -s {SECRET}2 -i {IDENTITY}{trigger} -z")
    access = {"keyVaultUri": f"{SECRET}2", "storageAccessMode": "SasToken"}
    shown = pipeline(
        kind,
        storage={"uri": f"{CONTAINER}2", **access},
        identity=user_assigned(2),
        options=[],
        trigger="Disabled",
        systemData=system_data(1, 3),
    )
    assert (answer.exit_code, non_null(answer.json)) == (0, shown)
    requests = [f"GET {kind.resource_type}/mypipeline", f"PUT {kind.resource_type}/mypipeline"]
    assert answer.requests == requests

    answer = az(f"{update} -m ManagedIdentity --add options ContinueOnErrors --force-string")
    shown["systemData"] = system_data(1, 5)
    shown["options"] = ["ContinueOnErrors"]
    del shown[kind.side]["keyVaultUri"]
    shown[kind.side]["storageAccessMode"] = "ManagedIdentity"
    assert (answer.exit_code, non_null(answer.json)) == (0, shown)

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
        answer = az(f"{group} wait {WHERE} -n mypipeline {condition} --interval 1 --timeout 60")
        assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"GET {path}"])

    answer = az(f"{group} show {WHERE} -n mypipeline")
    assert (answer.exit_code, non_null(answer.json)) == (0, pipeline(kind))
    assert answer.requests == [f"GET {path}"]

    answer = az(f"{group} list {WHERE}")
    assert (answer.exit_code, non_null(answer.json)) == (0, [pipeline(kind)])
    assert answer.requests == [f"GET {kind.resource_type}"]

    answer = az(f"{group} delete {WHERE} -n mypipeline --no-wait")
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"DELETE {path}"])

    answer = az(f"{group} wait --deleted {WHERE} -n mypipeline")
    assert (answer.exit_code, answer.stdout, answer.requests) == (0, "", [f"GET {path}"])

    for verb, method in (("show", "GET"), ("update", "GET"), ("delete", "DELETE")):
        answer = az(f"{group} {verb} {WHERE} -n mypipeline")
        assert (answer.exit_code, answer.stdout) == (3, "")
        assert answer.requests == [f"{method} {path}"]
        assert f"The {kind.noun} 'mypipeline' wasn't found in registry" in answer.stderr

    answer = az(f"{group} list {WHERE}")
    assert (answer.exit_code, answer.json) == (0, [])


def changes(answer: Answer) -> list[str]:
    """The requests that change something, without the name of a role assignment."""
    return [
        request.partition("/roleAssignments/")[0]
        for request in answer.requests
        if not request.startswith("GET ")
    ]


def test_a_role_on_the_storage_account_is_granted_once(az: Az, kind: PipelineKind) -> None:
    answer = az(create(kind, "-m ManagedIdentity --grant-access"))
    assert answer.exit_code == 0, answer.stderr
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mystorage"
    put = f"PUT {kind.resource_type}/mypipeline"
    assert changes(answer) == [put, f"PUT {account}/providers/Microsoft.Authorization"]
    assert f"{ACCESS_GRANTED} ({PRINCIPAL}) access to the " in answer.stderr

    answer = az(f"acr {kind.group} update {WHERE} -n mypipeline --grant-access")
    assert (answer.exit_code, changes(answer)) == (0, [put])
    assert f"({PRINCIPAL}) {ACCESS_EXISTS} " in answer.stderr


@pytest.mark.parametrize("uses_roles", [False, True], ids=["policies", "roles"])
def test_permission_to_read_the_secret_is_granted(
    az: Az, when_recording: WhenRecording, *, uses_roles: bool
) -> None:
    if uses_roles:
        when_recording(use_roles)
    answer = az(create(EXPORT, f"-s {SECRET} --grant-access"))
    assert answer.exit_code == 0, answer.stderr
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{SITE}vault"
    granted = "providers/Microsoft.Authorization" if uses_roles else "accessPolicies/add"
    assert changes(answer) == ["PUT exportPipelines/mypipeline", f"PUT {vault}/{granted}"]
