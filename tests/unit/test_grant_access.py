"""--grant-access of create and update: what is assigned, when it waits, what a failure prints."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.support.az import SUBSCRIPTION, TENANT, Login, Result, non_null, run_az
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    ACCESS_EXISTS,
    ACCESS_GRANTED,
    GRANT_REFUSED,
    NO_ACCESS_GRANTED,
    READ_REFUSED,
    READER_IN_ITS_SUBSCRIPTION,
    TO_CHECK,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, flat
from tests.unit.fake_azure import (
    ACCOUNT,
    AUTHORIZATION,
    IDENTITY,
    RESOURCES,
    SECRET,
    STORAGE,
    VAULT,
    Azure,
    Json,
)
from tests.unit.preflight_snapshots import PRINCIPAL

OTHER = "33333333-3333-3333-3333-333333333333"
READER, CONTRIBUTOR, SECRETS_USER = (
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "4633458b-17de-408a-b874-0445c86b69e6",
)
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
ACTIONS = {
    READER: [f"{BLOBS}/read"],
    CONTRIBUTOR: [f"{BLOBS}/read", f"{BLOBS}/write", f"{BLOBS}/delete"],
    SECRETS_USER: ["Microsoft.KeyVault/vaults/secrets/getSecret/action"],
}
REFUSED = (403, {"error": {"code": "AuthorizationFailed", "message": "No."}})
NO_PRINCIPAL = (400, {"error": {"code": "PrincipalNotFound", "message": "Not in the directory."}})
EXISTS = (409, {"error": {"code": "RoleAssignmentExists", "message": "It exists already."}})
HttpAnswer = tuple[int, dict[str, str], str]
CHECK = "az acr {}-pipeline check --resource-group mygroup --registry myregistry --name mypipeline"
SAS_NOTE = (
    "The secret must contain a SAS token of the container with the permissions 'alrw'.\n"
    f"{TO_CHECK}\n  "
)


class Surroundings(Azure):
    """An account or a vault whose assignments and policies a test can see and change."""

    def __init__(self, mock: responses.RequestsMock, kind: PipelineKind, mode: str) -> None:
        super().__init__(mock, kind)
        self.mode = mode
        self.pipeline["properties"][kind.side]["storageAccessMode"] = mode
        if mode == "ManagedIdentity":
            del self.pipeline["properties"][kind.side]["keyVaultUri"]
        self.account, self.vault_id = ACCOUNT, VAULT
        #: IDs of roles that the identity has, and properties of the vault.
        self.roles: list[str] = []
        self.condition: str | None = None
        self.vault: Json = {"tenantId": TENANT, "accessPolicies": []}
        #: Answers to the next changes, and to the reads of roles, before all goes well.
        self.refusals: list[tuple[int, Json]] = []
        self.unread: list[tuple[int, Json]] = []
        #: How often the vault is read before it has its policies.
        self.unread_vaults = 0
        self.changes: list[tuple[str, Json]] = []
        self.listen()

    def listen(self) -> None:
        """Answer for the account and the vault where they are."""
        scopes = (
            f"{self.account}/blobServices/default/containers/transfer",
            f"{self.vault_id}/secrets/sas",
        )
        for scope in scopes:
            self._callback("GET", f"{scope}{AUTHORIZATION}/roleAssignments", self._list_roles)
        self._callback("GET", self.vault_id, self._show_vault)
        self._callback("PUT", f"{self.vault_id}/accessPolicies/add", self._add_policy)
        for resource in (self.account, self.vault_id):
            self._callback("PUT", assignment_of(resource), self._assign)
        for (role, actions), scope in product(ACTIONS.items(), scopes):
            path = f"{scope}{AUTHORIZATION}/roleDefinitions/{role}"
            shown = {"roleName": "A role", "permissions": [{"dataActions": actions}]}
            self.tell(f"{ARM}{path}", {"properties": shown})

    def _callback(self, method: str, url: Any, callback: Any) -> None:
        url = f"{ARM}{url}" if isinstance(url, str) else url
        self._mock.remove(method, url)
        self._mock.add_callback(method, url, callback)

    def _list_roles(self, _: Any) -> HttpAnswer:
        if self.unread:
            return _answer(*self.unread.pop(0))
        path = f"/subscriptions/{SUBSCRIPTION}{AUTHORIZATION}/roleDefinitions"
        roles = [
            {"roleDefinitionId": f"{path}/{role}", "scope": "/", "condition": self.condition}
            for role in self.roles
        ]
        return _answer(200, {"value": [{"properties": role} for role in roles]})

    def _show_vault(self, _: Any) -> HttpAnswer:
        self.unread_vaults -= 1
        late: Json = {"accessPolicies": []} if self.unread_vaults >= 0 else {}
        return _answer(200, {"id": self.vault_id, "properties": self.vault | late})

    def _add_policy(self, request: Any) -> HttpAnswer:
        if refusal := self._changed(request):
            return refusal
        [policy] = self.changes[-1][1]["accessPolicies"]
        self.vault["accessPolicies"].append(policy)
        return _answer(200, {"id": request.url})

    def _assign(self, request: Any) -> HttpAnswer:
        if refusal := self._changed(request):
            return refusal
        self.roles.append(self.changes[-1][1]["roleDefinitionId"].rpartition("/")[2])
        return _answer(201, {"id": request.url})

    def _changed(self, request: Any) -> HttpAnswer | None:
        path = request.url.removeprefix(ARM).partition("?")[0]
        self.changes.append((path, json.loads(request.body)["properties"]))
        return _answer(*self.refusals.pop(0)) if self.refusals else None

    def create(self, az: Az, *argv: str) -> Result:
        """Create the pipeline, and grant access to its identity."""
        self.changes.clear()
        url = f"{ARM}{REGISTRY}/{self.kind.resource_type}/mypipeline"
        self.tell(url, self.pipeline, method="PUT")
        storage = ["-c", STORAGE, *(["-s", SECRET] if self.mode == "SasToken" else [])]
        line = ("create", *WHERE, "-n", "mypipeline", *storage, "--grant-access", *argv)
        return az("acr", self.kind.group, *line)


def assignment_of(resource: str) -> re.Pattern[str]:
    """URL of a new role assignment."""
    return re.compile(f"{re.escape(ARM + resource + AUTHORIZATION)}/roleAssignments/[0-9a-f-]+")


def _answer(status: int, body: Json) -> HttpAnswer:
    return status, {"Content-Type": "application/json"}, json.dumps(body)


@pytest.fixture
def storage(mock: responses.RequestsMock) -> Surroundings:
    """The surroundings of an export pipeline that uses its identity."""
    return Surroundings(mock, EXPORT, "ManagedIdentity")


@pytest.fixture
def vault(mock: responses.RequestsMock) -> Surroundings:
    """The surroundings of an export pipeline that uses a SAS."""
    return Surroundings(mock, EXPORT, "SasToken")


def succeeded(result: Result, azure: Surroundings, stderr: str) -> None:
    assert (result.exit_code, result.stderr) == (0, f"WARNING: {stderr}\n")
    assert non_null(result.json) == flat(azure.pipeline)


def failed(result: Result, azure: Surroundings, stderr: str) -> None:
    """The pipeline is returned all the same."""
    assert (result.exit_code, result.stderr) == (1, f"ERROR: {stderr}\n")
    assert non_null(result.json) == flat(azure.pipeline)


GRANTED = f"{ACCESS_GRANTED} ({PRINCIPAL}) access to the storage account 'mystorage'."
NOT_GRANTED = f"The export pipeline 'mypipeline' exists, but {NO_ACCESS_GRANTED} "


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize(
    ("kind", "options", "role"),
    [
        (EXPORT, [], CONTRIBUTOR),
        (IMPORT, [], READER),
        (IMPORT, ["OverwriteTags", "DeleteSourceBlobOnSuccess"], CONTRIBUTOR),
    ],
)
def test_the_role_with_the_fewest_permissions_is_assigned(
    az: Az, mock: responses.RequestsMock, kind: PipelineKind, options: list[str], role: str
) -> None:
    azure = Surroundings(mock, kind, "ManagedIdentity")
    azure.pipeline["properties"]["options"] = options
    succeeded(
        azure.create(az),
        azure,
        f"{GRANTED}\n{TO_CHECK}\n  {CHECK.format(kind.name)}",
    )
    [(path, properties)] = azure.changes
    assert path.startswith(f"{ACCOUNT}{AUTHORIZATION}/roleAssignments/")
    [request] = [call.request for call in mock.calls if path in str(call.request.url)]
    assert str(request.url).endswith("?api-version=2022-04-01")
    assert properties == {
        "roleDefinitionId": f"/subscriptions/{SUBSCRIPTION}{AUTHORIZATION}/roleDefinitions/{role}",
        "principalId": PRINCIPAL,
        "principalType": "ServicePrincipal",
    }


@pytest.mark.usefixtures("fake_time")
def test_an_assignment_has_the_same_name_each_time(az: Az, storage: Surroundings) -> None:
    storage.create(az)
    [(first, _)] = storage.changes
    storage.roles.clear()
    storage.create(az)
    [(second, _)] = storage.changes
    assert first == second
    storage.pipeline["identity"]["principalId"] = OTHER
    storage.roles.clear()
    storage.create(az)
    [(third, _)] = storage.changes
    assert third != first


def test_access_that_exists_is_left_as_it_is(az: Az, storage: Surroundings) -> None:
    storage.roles = [CONTRIBUTOR]
    succeeded(
        storage.create(az),
        storage,
        f"The pipeline's identity ({PRINCIPAL}) {ACCESS_EXISTS} storage account 'mystorage'.\n"
        f"{TO_CHECK}\n"
        f"  {CHECK.format('export')}",
    )
    assert storage.changes == []


def test_a_role_with_too_few_permissions_is_no_access(az: Az, storage: Surroundings) -> None:
    storage.roles = [READER]
    assert GRANTED in storage.create(az).stderr
    assert storage.roles == [READER, CONTRIBUTOR]


def test_an_assignment_with_a_condition_is_not_replaced(az: Az, storage: Surroundings) -> None:
    storage.roles, storage.condition = [CONTRIBUTOR], "it depends"
    storage.refusals = [EXISTS]
    assert GRANTED in storage.create(az).stderr
    assert storage.roles == [CONTRIBUTOR]


def test_a_new_identity_is_waited_for(az: Az, storage: Surroundings, fake_time: FakeTime) -> None:
    storage.refusals = [NO_PRINCIPAL, NO_PRINCIPAL]
    assert GRANTED in storage.create(az).stderr
    assert len(storage.changes) == 3
    assert fake_time.now == pytest.approx(2)


def test_an_identity_that_does_not_appear_is_an_error(
    az: Az, storage: Surroundings, fake_time: FakeTime
) -> None:
    storage.refusals = [NO_PRINCIPAL] * 999
    result = storage.create(az)
    first, second, _, error = result.stderr.splitlines()[:4]
    wait = "Waiting for the identity in Microsoft Entra ID"
    assert (first, second) == (f"WARNING: {wait}, 60 s", f"WARNING: {wait}, 120 s")
    assert error == f"ERROR: {NOT_GRANTED}(PrincipalNotFound) Not in the directory."
    assert 180 <= fake_time.now < 200


def test_a_new_assignment_is_waited_for(az: Az, storage: Surroundings, fake_time: FakeTime) -> None:
    none: tuple[int, Json] = (200, {"value": []})
    storage.unread = [none, none, none]
    result = storage.create(az)
    assert result.stderr.startswith(f"WARNING: {GRANTED}\n")
    assert len(storage.changes) == 1
    assert fake_time.now == pytest.approx(2)


def test_an_assignment_that_does_not_appear_is_granted(
    az: Az, storage: Surroundings, fake_time: FakeTime
) -> None:
    storage.unread = [(200, {"value": []})] * 999
    result = storage.create(az)
    assert result.exit_code == 0
    first, second, _, granted = result.stderr.splitlines()[:4]
    wait = "Waiting until the new access can be read"
    assert (first, second) == (f"WARNING: {wait}, 60 s", f"WARNING: {wait}, 120 s")
    assert granted == f"WARNING: {GRANTED} It can take a few more minutes to propagate."
    assert 180 <= fake_time.now < 200


def test_who_cannot_read_assignments_can_make_one(
    az: Az, storage: Surroundings, fake_time: FakeTime
) -> None:
    storage.unread = [REFUSED, REFUSED]
    result = storage.create(az)
    assert (result.exit_code, fake_time.now) == (0, 0)
    assert result.stderr.startswith(f"WARNING: {GRANTED}\n")


def test_who_may_assign_no_role_gets_the_command(az: Az, storage: Surroundings) -> None:
    storage.refusals = [REFUSED]
    failed(
        storage.create(az),
        storage,
        f"{NOT_GRANTED}{GRANT_REFUSED} Required: Microsoft.Authorization/roleAssignments/write.\n"
        "The pipeline's identity needs access to the storage account 'mystorage'. To grant it, "
        "run:\n"
        'az role assignment create --role "Storage Blob Data Contributor" --assignee-object-id '
        f"{PRINCIPAL} --assignee-principal-type ServicePrincipal --scope {ACCOUNT}\n"
        f"{TO_CHECK}\n"
        f"  {CHECK.format('export')}",
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            {
                "status": 409,
                "json": {"error": {"code": "ScopeLocked", "message": "Locked: ?sig=abc"}},
            },
            "(ScopeLocked) Locked: ?sig=***",
        ),
        ({"status": 400, "body": ""}, "Operation returned an invalid status 'Bad Request'"),
        # The SDK's text of such an error would have all of the answer.
        ({"status": 400, "json": {"a": 1}}, "Operation returned an invalid status 'Bad Request'"),
        (
            {"body": requests.ConnectionError("Failed to resolve")},
            "The connection to 'management.azure.com' failed: Failed to resolve",
        ),
    ],
)
@pytest.mark.usefixtures("fake_time")
def test_another_refusal_is_repeated(
    az: Az, storage: Surroundings, mock: responses.RequestsMock, answer: Json, reason: str
) -> None:
    mock.upsert("PUT", assignment_of(ACCOUNT), **answer)
    result = storage.create(az)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0] == f"ERROR: {NOT_GRANTED}{reason}"
    assert re.fullmatch(rf"Request: PUT {assignment_of(ACCOUNT).pattern}", lines[1])
    assert lines[2].startswith("The pipeline's identity needs access to the storage account ")


@pytest.mark.parametrize(
    ("availability", "status", "reason"),
    [
        ({"nameAvailable": True}, 200, "The storage account 'mystorage' doesn't exist."),
        (
            REFUSED[1],
            403,
            f"The storage account 'mystorage' can't be read. {READ_REFUSED} Required: "
            f"{READER_IN_ITS_SUBSCRIPTION}.",
        ),
        (
            {"nameAvailable": False, "reason": "AlreadyExists"},
            200,
            "The storage account 'mystorage' can't be read. It exists, but you can't read it. "
            f"Required: {READER_IN_ITS_SUBSCRIPTION}.",
        ),
    ],
)
def test_an_account_that_is_not_found_gets_no_role(
    az: Az, storage: Surroundings, availability: Json, status: int, reason: str
) -> None:
    not_found(storage, "mystorage", "Microsoft.Storage", availability, status)
    failed(
        storage.create(az),
        storage,
        f"{NOT_GRANTED}{reason}\n"
        f"The pipeline's identity ({PRINCIPAL}) needs the role 'Storage Blob Data Contributor' on "
        "the storage account. To assign it, run:\n"
        '  az role assignment create --role "Storage Blob Data Contributor" '
        f"--assignee-object-id {PRINCIPAL} --assignee-principal-type ServicePrincipal "
        "--scope $(az storage account show --name mystorage --query id --output tsv)\n"
        f"{TO_CHECK}\n  {CHECK.format('export')}",
    )
    assert storage.changes == []


def test_a_vault_that_is_not_found_gets_no_policy(az: Az, vault: Surroundings) -> None:
    not_found(vault, "myvault", "Microsoft.KeyVault", {"nameAvailable": True})
    result = vault.create(az)
    assert result.exit_code == 1
    assert f"ERROR: {NOT_GRANTED}The key vault 'myvault' doesn't exist.\n" in result.stderr
    assert vault.changes == []


def not_found(
    azure: Surroundings, name: str, namespace: str, availability: Json, status: int = 200
) -> None:
    """Have the active subscription not contain a resource."""
    azure.tell(re.compile(re.escape(RESOURCES) + f".*{name}"), {"value": []})
    url = f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/{namespace}/checkNameAvailability"
    azure.tell(url, availability, method="POST", status=status)


def test_the_account_of_another_domain_gets_no_role(az: Az, storage: Surroundings) -> None:
    endpoints = {"blob": "https://mystorage.z1.blob.example/"}
    storage.tell(f"{ARM}{ACCOUNT}", {"id": ACCOUNT, "properties": {"primaryEndpoints": endpoints}})
    result = storage.create(az)
    assert result.exit_code == 1
    assert (
        f"ERROR: {NOT_GRANTED}The storage account 'mystorage' isn't the pipeline's. Its endpoint "
        "is https://mystorage.z1.blob.example/, the pipeline's is mystorage.blob.core.windows.net."
    ) in result.stderr
    assert storage.changes == []


@pytest.mark.parametrize(
    ("mode", "key", "uri", "noun", "word"),
    [
        ("ManagedIdentity", "uri", "https://transfer.example/images", "storage account", "ACCOUNT"),
        ("SasToken", "keyVaultUri", "https://transfer.example/secrets/sas", "key vault", "VAULT"),
    ],
)
def test_nothing_is_granted_behind_a_custom_domain(
    az: Az, mock: responses.RequestsMock, mode: str, key: str, uri: str, noun: str, word: str
) -> None:
    azure = Surroundings(mock, EXPORT, mode)
    azure.pipeline["properties"]["target"][key] = uri
    result = azure.create(az)
    reason = f"'transfer.example' is a custom domain. Its {noun} isn't known."
    assert result.exit_code == 1
    assert f"{reason}\n" in result.stderr
    assert f"{reason} Replace {word} with its name.\n" in result.stderr
    assert f"show --name {word} " in result.stderr
    assert "transfer " not in result.stderr
    assert azure.changes == []


def elsewhere(azure: Surroundings, name: str, namespace: str, resource: str) -> str:
    """Have a resource in the caller's other subscription; its ID there."""
    not_found(azure, name, namespace, {"nameAvailable": False, "reason": "AlreadyExists"})
    there = resource.replace(SUBSCRIPTION, OTHER)
    listed = re.compile(re.escape(RESOURCES.replace(SUBSCRIPTION, OTHER)) + f".*{name}")
    azure.tell(listed, {"value": [{"id": there, "name": name}]})
    azure.tell(f"{ARM}{there}", {"id": there, "properties": {}})
    return there


@pytest.mark.usefixtures("fake_time")
def test_an_account_in_another_subscription_is_found(tmp_path: Path, storage: Surroundings) -> None:
    storage.account = elsewhere(storage, "mystorage", "Microsoft.Storage", ACCOUNT)
    storage.listen()

    def az(*argv: str) -> Result:
        return run_az(tmp_path, *argv, login=Login(other=OTHER))

    assert GRANTED in storage.create(az).stderr
    [(path, properties)] = storage.changes
    assert path.startswith(f"{storage.account}{AUTHORIZATION}/roleAssignments/")
    definition = f"/subscriptions/{OTHER}{AUTHORIZATION}/roleDefinitions/{CONTRIBUTOR}"
    assert properties["roleDefinitionId"] == definition


def test_an_account_that_is_in_no_subscription_gets_no_role(
    tmp_path: Path, storage: Surroundings
) -> None:
    elsewhere(storage, "mystorage", "Microsoft.Storage", ACCOUNT)
    listed = re.compile(re.escape(RESOURCES.replace(SUBSCRIPTION, OTHER)) + ".*mystorage")
    storage.tell(listed, {"value": []})
    result = storage.create(lambda *argv: run_az(tmp_path, *argv, login=Login(other=OTHER)))
    assert result.exit_code == 1
    assert "It exists, but you can't read it." in result.stderr
    assert storage.changes == []


VAULT_GRANTED = f"{ACCESS_GRANTED} ({PRINCIPAL}) access to the key vault 'myvault'."


@pytest.mark.usefixtures("fake_time")
def test_a_policy_is_added_to_a_vault_that_uses_policies(az: Az, vault: Surroundings) -> None:
    check = CHECK.format("export")
    succeeded(vault.create(az), vault, f"{VAULT_GRANTED}\n{SAS_NOTE}{check}")
    policy = {"tenantId": TENANT, "objectId": PRINCIPAL, "permissions": {"secrets": ["get"]}}
    assert vault.changes == [(f"{VAULT}/accessPolicies/add", {"accessPolicies": [policy]})]
    succeeded(
        vault.create(az),
        vault,
        f"The pipeline's identity ({PRINCIPAL}) {ACCESS_EXISTS} key vault 'myvault'.\n"
        f"{SAS_NOTE}{check}",
    )
    assert vault.changes == []


def test_a_new_policy_is_waited_for(az: Az, vault: Surroundings, fake_time: FakeTime) -> None:
    vault.unread_vaults = 4
    assert VAULT_GRANTED in vault.create(az).stderr
    assert len(vault.changes) == 1
    assert fake_time.now == pytest.approx(2)


def test_a_policy_is_found_whatever_the_case_of_its_object_id(az: Az, vault: Surroundings) -> None:
    vault.pipeline["identity"]["principalId"] = "ABCDEF00-2222-2222-2222-222222222222"
    policy = {"objectId": "AbCdEf00-2222-2222-2222-222222222222"}
    vault.vault["accessPolicies"] = [{**policy, "permissions": {"secrets": ["Get"]}}]
    assert f"{ACCESS_EXISTS} key vault 'myvault'." in vault.create(az).stderr
    assert vault.changes == []


@pytest.mark.usefixtures("fake_time")
def test_a_role_is_assigned_on_a_vault_that_uses_roles(az: Az, vault: Surroundings) -> None:
    vault.vault["enableRbacAuthorization"] = True
    check = CHECK.format("export")
    succeeded(vault.create(az), vault, f"{VAULT_GRANTED}\n{SAS_NOTE}{check}")
    [(path, properties)] = vault.changes
    assert path.startswith(f"{VAULT}{AUTHORIZATION}/roleAssignments/")
    assert properties["roleDefinitionId"].endswith(f"/{SECRETS_USER}")
    assert VAULT_GRANTED not in vault.create(az).stderr
    assert vault.changes == []


@pytest.mark.parametrize(
    ("uses_roles", "required", "command"),
    [
        (
            False,
            "Microsoft.KeyVault/vaults/accessPolicies/write",
            f"az keyvault set-policy --name myvault --secret-permissions get "
            f"--object-id {PRINCIPAL}",
        ),
        (
            True,
            "Microsoft.Authorization/roleAssignments/write",
            f'az role assignment create --role "Key Vault Secrets User" --assignee-object-id '
            f"{PRINCIPAL} --assignee-principal-type ServicePrincipal --scope {VAULT}",
        ),
    ],
)
def test_who_may_not_change_a_vault_gets_the_command(
    az: Az, vault: Surroundings, *, uses_roles: bool, required: str, command: str
) -> None:
    vault.vault["enableRbacAuthorization"] = uses_roles
    vault.refusals = [REFUSED]
    failed(
        vault.create(az),
        vault,
        f"{NOT_GRANTED}{GRANT_REFUSED} Required: {required}.\n"
        "The pipeline's identity needs access to the key vault 'myvault'. To grant it, run:\n"
        f"{command}\n"
        f"{SAS_NOTE}{CHECK.format('export')}",
    )


def test_the_command_for_a_vault_names_its_subscription(
    tmp_path: Path, vault: Surroundings
) -> None:
    vault.vault_id = elsewhere(vault, "myvault", "Microsoft.KeyVault", VAULT)
    vault.listen()
    vault.refusals = [REFUSED]
    result = vault.create(lambda *argv: run_az(tmp_path, *argv, login=Login(other=OTHER)))
    assert result.exit_code == 1
    assert f"--object-id {PRINCIPAL} --subscription {OTHER}\n" in result.stderr


def test_the_vault_of_another_domain_gets_no_policy(az: Az, vault: Surroundings) -> None:
    vault.vault["vaultUri"] = "https://myvault.vault.example/"
    result = vault.create(az)
    assert result.exit_code == 1
    assert (
        f"ERROR: {NOT_GRANTED}The key vault 'myvault' isn't the pipeline's. Its endpoint is "
        "https://myvault.vault.example/, the pipeline's is myvault.vault.azure.net.\n"
    ) in result.stderr
    assert vault.changes == []


@pytest.mark.usefixtures("fake_time")
def test_a_user_assigned_identity_gets_the_role(az: Az, storage: Surroundings) -> None:
    assigned = {IDENTITY: {"principalId": OTHER, "clientId": "c"}}
    storage.pipeline["identity"] = {"type": "userAssigned", "userAssignedIdentities": assigned}
    assert storage.create(az, "-i", IDENTITY).exit_code == 0
    [(_, properties)] = storage.changes
    assert properties["principalId"] == OTHER


def test_a_pipeline_without_an_identity_gets_no_role(az: Az, storage: Surroundings) -> None:
    del storage.pipeline["identity"]
    result = storage.create(az)
    assert result.exit_code == 1
    assert f"ERROR: {NOT_GRANTED}The service returned no identity of the pipeline.\n" in (
        result.stderr
    )
    assert storage.changes == []


@pytest.mark.usefixtures("fake_time")
def test_update_grants_access_without_another_change(
    az: Az, mock: responses.RequestsMock, kind: PipelineKind
) -> None:
    azure = Surroundings(mock, kind, "ManagedIdentity")
    url = f"{ARM}{REGISTRY}/{kind.resource_type}/mypipeline"
    for method in ("GET", "PUT"):
        azure.tell(url, azure.pipeline, method=method)
    result = az("acr", kind.group, "update", *WHERE, "-n", "mypipeline", "--grant-access")
    assert result.exit_code == 0
    assert GRANTED in result.stderr
    assert len(azure.changes) == 1


@pytest.mark.parametrize("verb", ["create", "update"])
def test_it_needs_the_identity_and_does_not_go_with_no_wait(
    az: Az, mock: responses.RequestsMock, kind: PipelineKind, verb: str
) -> None:
    container = ("-c", STORAGE) if verb == "create" else ()
    line = (verb, *WHERE, "-n", "mypipeline", *container, "--grant-access", "--no-wait")
    result = az("acr", kind.group, *line)
    assert (result.exit_code, result.stdout, len(mock.calls)) == (1, "", 0)
    assert result.stderr == (
        "ERROR: --grant-access doesn't go with --no-wait: it needs the identity of the pipeline, "
        "and waits until the access can be read.\nOmit --no-wait, or --grant-access.\n"
    )


def test_ctrl_c_keeps_the_result_and_prints_the_command(
    az: Az, storage: Surroundings, fake_time: FakeTime
) -> None:
    storage.refusals = [NO_PRINCIPAL] * 2

    def interrupt() -> None:
        raise KeyboardInterrupt

    fake_time.until = interrupt
    result = storage.create(az)
    assert (result.exit_code, non_null(result.json)) == (1, flat(storage.pipeline))
    assert result.stderr.startswith(
        "ERROR: Stopped. The export pipeline 'mypipeline' exists, perhaps without access.\n"
        "The pipeline's identity needs access to the storage account 'mystorage'. To "
        "grant it, run:\naz role assignment create "
    )
