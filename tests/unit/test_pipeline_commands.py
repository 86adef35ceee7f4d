"""create, update, show, list, delete and wait of both kinds of pipeline: requests and results."""

from __future__ import annotations

from typing import Any

import pytest

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from tests.support.az import non_null
from tests.support.fake_time import FakeTime
from tests.support.wording import TO_CHECK, WAIT_LONGER
from tests.unit.conftest import ARM, GROUP, REGISTRY, WHERE, Az, Service, flat, pipeline

CONTAINER = "https://mystorage.blob.core.windows.net/transfer"
SECRET = "https://myvault.vault.azure.net/secrets/sas"
IDENTITY = (
    "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/mygroup/providers"
    "/Microsoft.ManagedIdentity/userAssignedIdentities/myidentity"
)


def path(kind: PipelineKind, name: str = "mypipeline") -> str:
    return f"{REGISTRY}/{kind.resource_type}/{name}"


@pytest.mark.parametrize(
    ("argv", "identity", "container", "options", "trigger"),
    [
        pytest.param(
            ["-s", SECRET],
            {"type": "SystemAssigned"},
            {"keyVaultUri": SECRET, "storageAccessMode": "SasToken"},
            None,
            "Enabled",
            id="older script",
        ),
        pytest.param(
            [],
            {"type": "SystemAssigned"},
            {"storageAccessMode": "ManagedIdentity"},
            None,
            "Enabled",
            id="nothing said of access",
        ),
        pytest.param(
            ["-m", "managedidentity", "-i", "[SYSTEM]", "-z", "continueonerrors"],
            {"type": "SystemAssigned"},
            {"storageAccessMode": "ManagedIdentity"},
            ["ContinueOnErrors"],
            "Enabled",
            id="any case",
        ),
        pytest.param(
            [
                "-m",
                "SasToken",
                "-s",
                f"{SECRET}/{32 * '0'}",
                "-i",
                IDENTITY,
                "-z",
                "ContinueOnErrors",
            ],
            {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
            {"keyVaultUri": f"{SECRET}/{32 * '0'}", "storageAccessMode": "SasToken"},
            ["ContinueOnErrors"],
            "Enabled",
            id="everything",
        ),
    ],
)
def test_create_sends_one_put(
    az: Az,
    service: Service,
    kind: PipelineKind,
    argv: list[str],
    identity: Any,
    container: Any,
    options: Any,
    trigger: str,
) -> None:
    service.answers("PUT", path(kind), pipeline(kind))
    result = az("acr", kind.group, "create", *WHERE, "-n", "mypipeline", "-c", CONTAINER, *argv)

    assert (result.exit_code, non_null(result.json)) == (0, flat(pipeline(kind)))
    assert service.requests == [("PUT", path(kind))]
    assert service.versions == {"2025-06-01-preview"}
    where = {"type": "AzureStorageBlobContainer", "uri": CONTAINER}
    properties = {kind.side: where | container}
    if options:
        properties["options"] = options
    if kind is IMPORT:
        properties["trigger"] = {"sourceTrigger": {"status": trigger}}
    assert service.body("PUT") == {"identity": identity, "properties": properties}


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ([], "Enabled"),
        (["-e"], "Enabled"),
        (["-e", "True"], "Enabled"),
        (["--source-trigger-enabled", "False"], "Disabled"),
    ],
)
def test_source_trigger_is_on_unless_it_is_turned_off(
    az: Az, service: Service, typed: list[str], status: str
) -> None:
    service.answers("PUT", path(IMPORT), pipeline(IMPORT))
    az("acr", "import-pipeline", "create", *WHERE, "-n", "mypipeline", "-c", CONTAINER, *typed)
    trigger = service.body("PUT")["properties"]["trigger"]
    assert trigger == {"sourceTrigger": {"status": status}}


def test_create_finds_the_group_of_a_login_server(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    registries = f"/subscriptions/{REGISTRY.split('/')[2]}/providers"
    service.answers(
        "GET",
        f"{registries}/Microsoft.ContainerRegistry/registries",
        {"value": [{"id": REGISTRY, "name": "MyRegistry"}]},
    )
    service.answers("PUT", path(kind), pipeline(kind))
    argv = ["-r", "myregistry.azurecr.io", "-n", "mypipeline", "-c", CONTAINER]
    result = az("acr", kind.group, "create", *argv)
    assert result.exit_code == 0
    assert [method for method, _ in service.requests] == ["GET", "PUT"]


def test_create_waits_for_a_state_that_can_still_change(
    az: Az, service: Service, kind: PipelineKind, fake_time: Any
) -> None:
    service.answers("PUT", path(kind), pipeline(kind, provisioningState="Creating"), status=201)
    service.answers("GET", path(kind), pipeline(kind, provisioningState="Creating"))
    service.answers("GET", path(kind), pipeline(kind))
    result = az("acr", kind.group, "create", *WHERE, "-n", "mypipeline", "-c", CONTAINER)
    assert (result.exit_code, result.json["provisioningState"]) == (0, "Succeeded")
    assert fake_time.now == pytest.approx(2.0)


def test_create_fails_when_the_pipeline_does(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("PUT", path(kind), pipeline(kind, provisioningState="Failed"))
    result = az("acr", kind.group, "create", *WHERE, "-n", "mypipeline", "-c", CONTAINER)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"The {kind.noun} 'mypipeline' is Failed, not Succeeded." in result.stderr


def test_create_does_not_wait_with_no_wait(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("PUT", path(kind), pipeline(kind, provisioningState="Creating"), status=201)
    argv = [*WHERE, "-n", "mypipeline", "-c", CONTAINER, "--no-wait"]
    result = az("acr", kind.group, "create", *argv)
    assert (result.exit_code, result.stdout) == (0, "")
    assert service.requests == [("PUT", path(kind))]


def test_create_says_what_is_still_to_grant(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("PUT", path(kind), pipeline(kind))
    result = az("acr", kind.group, "create", *WHERE, "-n", "mypipeline", "-c", CONTAINER)
    assert (
        "az keyvault set-policy --name myvault --secret-permissions get "
        "--object-id 22222222-2222-2222-2222-222222222222"
    ) in result.stderr


def test_create_names_no_account_or_vault_of_a_custom_domain(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    uri, secret = "https://transfer.example/images", "https://secrets.example/secrets/sas"
    for mode in ("ManagedIdentity", "SasToken"):
        created = pipeline(kind)
        created["properties"][kind.side] |= {
            "uri": uri,
            "keyVaultUri": secret,
            "storageAccessMode": mode,
        }
        service.answers("PUT", path(kind), created)
        options = ["-m", mode, *(["-s", secret] if mode == "SasToken" else [])]
        result = az("acr", kind.group, "create", *WHERE, "-n", "mypipeline", "-c", uri, *options)
        assert result.exit_code == 0
        show, name = {
            "ManagedIdentity": ("az storage account show", "ACCOUNT"),
            "SasToken": ("az keyvault show", "VAULT"),
        }[mode]
        assert f"$({show} --name {name} --query id --output tsv)" in result.stderr


@pytest.mark.parametrize(
    ("argv", "change"),
    [
        (["-z"], {"options": []}),
        (["-z", "continueOnErrors"], {"options": ["ContinueOnErrors"]}),
        (["-c", f"{CONTAINER}2"], {"side": {"uri": f"{CONTAINER}2"}}),
        (["-s", f"{SECRET}2"], {"side": {"keyVaultUri": f"{SECRET}2"}}),
        (
            ["-m", "ManagedIdentity"],
            {"side": {"keyVaultUri": None, "storageAccessMode": "ManagedIdentity"}},
        ),
        (
            ["-i", IDENTITY],
            {"identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}},
        ),
        (["--set", "options=[]"], {"options": []}),
        (
            ["--remove", "options", "--add", "options", "ContinueOnErrors"],
            {"options": ["ContinueOnErrors"]},
        ),
        (
            ["--add", "options", "ContinueOnErrors"],
            {"options": ["OverwriteTags", "ContinueOnErrors"]},
        ),
    ],
)
def test_update_changes_only_what_is_given(
    az: Az, service: Service, kind: PipelineKind, argv: list[str], change: dict[str, Any]
) -> None:
    before = pipeline(kind, options=["OverwriteTags"], unknown={"a": 1})
    service.answers("GET", path(kind), before)
    service.answers("PUT", path(kind), pipeline(kind))
    result = az("acr", kind.group, "update", *WHERE, "-n", "mypipeline", *argv)

    assert result.exit_code == 0, result.stderr
    side = before["properties"][kind.side] | change.get("side", {})
    assert service.body("PUT") == {
        "identity": change.get("identity", {"type": "systemAssigned"}),
        "properties": {
            kind.side: {key: value for key, value in side.items() if value is not None},
            "options": change.get("options", ["OverwriteTags"]),
            "unknown": {"a": 1},
        },
    }
    assert service.requests == [("GET", path(kind)), ("PUT", path(kind))]


def test_update_gives_a_pipeline_with_a_managed_identity_a_sas(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    before = pipeline(kind)
    storage = before["properties"][kind.side]
    del storage["keyVaultUri"]
    storage["storageAccessMode"] = "ManagedIdentity"
    service.answers("GET", path(kind), before)
    service.answers("PUT", path(kind), pipeline(kind))
    result = az("acr", kind.group, "update", *WHERE, "-n", "mypipeline", "-s", SECRET)
    assert result.exit_code == 0, result.stderr
    access = {"keyVaultUri": SECRET, "storageAccessMode": "SasToken"}
    assert service.body("PUT")["properties"][kind.side] == storage | access


@pytest.mark.parametrize(
    ("argv", "role"),
    [
        (["-m", "ManagedIdentity"], "Storage Blob Data Contributor"),
        (["-c", f"{CONTAINER}2"], "Storage Blob Data Contributor"),
        (["-i", IDENTITY], "Storage Blob Data Contributor"),
        (["-z", "ContinueOnErrors"], ""),
        (["--set", "options=[]"], ""),
    ],
)
def test_update_prints_the_access_that_can_be_lacking_now(
    az: Az, service: Service, argv: list[str], role: str
) -> None:
    changed = pipeline(EXPORT)
    del changed["properties"]["target"]["keyVaultUri"]
    changed["properties"]["target"]["storageAccessMode"] = "ManagedIdentity"
    service.answers("GET", path(EXPORT), pipeline(EXPORT))
    service.answers("PUT", path(EXPORT), changed)
    result = az("acr", "export-pipeline", "update", *WHERE, "-n", "mypipeline", *argv)
    assert result.exit_code == 0
    assert result.stderr == (
        f"WARNING: The pipeline's identity (22222222-2222-2222-2222-222222222222) needs the role "
        f"'{role}' on the storage account. To assign it, run:\n"
        f'  az role assignment create --role "{role}" --assignee-object-id '
        "22222222-2222-2222-2222-222222222222 --assignee-principal-type ServicePrincipal "
        "--scope $(az storage account show --name mystorage --query id --output tsv)\n"
        f"{TO_CHECK}\n"
        "  az acr export-pipeline check --resource-group mygroup --registry myregistry "
        "--name mypipeline\n"
        if role
        else ""
    )


@pytest.mark.parametrize(
    ("option", "printed"), [("DeleteSourceBlobOnSuccess", True), ("OverwriteTags", False)]
)
def test_update_prints_the_access_for_an_option_that_needs_more(
    az: Az, service: Service, option: str, *, printed: bool
) -> None:
    service.answers("GET", path(IMPORT), pipeline(IMPORT))
    service.answers("PUT", path(IMPORT), pipeline(IMPORT, options=[option]))
    result = az("acr", "import-pipeline", "update", *WHERE, "-n", "mypipeline", "-z", option)
    assert result.exit_code == 0
    assert ("with the permissions 'dlr'." in result.stderr) is printed


@pytest.mark.parametrize(("typed", "status"), [("true", "Enabled"), ("false", "Disabled")])
def test_update_turns_the_source_trigger_on_and_off(
    az: Az, service: Service, typed: str, status: str
) -> None:
    service.answers("GET", path(IMPORT), pipeline(IMPORT))
    service.answers("PUT", path(IMPORT), pipeline(IMPORT))
    result = az("acr", "import-pipeline", "update", *WHERE, "-n", "mypipeline", "-e", typed)
    assert result.exit_code == 0, result.stderr
    assert service.body("PUT")["properties"]["trigger"] == {"sourceTrigger": {"status": status}}


def test_update_does_not_wait_with_no_wait(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("GET", path(kind), pipeline(kind))
    service.answers("PUT", path(kind), pipeline(kind, provisioningState="Updating"), status=201)
    argv = ("-n", "mypipeline", "-z", "ContinueOnErrors", "--no-wait")
    result = az("acr", kind.group, "update", *WHERE, *argv)
    assert (result.exit_code, service.requests[1:]) == (0, [("PUT", path(kind))])


def test_show_sends_one_get(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("GET", path(kind), pipeline(kind))
    result = az("acr", kind.group, "show", *WHERE, "-n", "mypipeline")
    assert (result.exit_code, non_null(result.json)) == (0, flat(pipeline(kind)))
    assert service.requests == [("GET", path(kind))]


#: It breaks today's rule for new names in every way.
OLD_NAME = "an_old-pipeline.of_more_than_fifty_letters_and_digits.2019"


@pytest.mark.parametrize(
    ("verb", "methods"),
    [
        ("show", ["GET"]),
        ("update --options", ["GET", "PUT"]),
        ("delete", ["DELETE"]),
        ("wait --exists", ["GET"]),
    ],
)
def test_an_old_name_is_looked_up_whatever_its_form(
    az: Az, service: Service, kind: PipelineKind, verb: str, methods: list[str]
) -> None:
    for method in methods:
        service.answers(method, path(kind, OLD_NAME), pipeline(kind, OLD_NAME))
    result = az("acr", kind.group, *verb.split(), *WHERE, "-n", OLD_NAME)
    assert (result.exit_code, result.stderr) == (0, "")
    assert service.requests == [(method, path(kind, OLD_NAME)) for method in methods]


def test_list_follows_the_pages(az: Az, service: Service, kind: PipelineKind) -> None:
    collection = f"{REGISTRY}/{kind.resource_type}"
    page = f"https://management.azure.com{collection}?api-version=2025-06-01-preview&$skip=1"
    service.answers("GET", collection, {"value": [pipeline(kind, "first")], "nextLink": page})
    service.answers("GET", collection, {"value": [pipeline(kind, "second")]})
    result = az("acr", kind.group, "list", *WHERE)
    assert [listed["name"] for listed in result.json] == ["first", "second"]
    assert service.requests == [("GET", collection)] * 2


def test_delete_sends_one_delete(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("DELETE", path(kind), status=200)
    result = az("acr", kind.group, "delete", *WHERE, "-n", "mypipeline")
    assert (result.exit_code, result.stdout) == (0, "")
    assert service.requests == [("DELETE", path(kind))]


@pytest.mark.parametrize(("argv", "waits"), [([], True), (["--no-wait"], False)])
def test_delete_waits_until_it_is_done_without_no_wait(
    az: Az,
    service: Service,
    fake_time: FakeTime,
    kind: PipelineKind,
    argv: list[str],
    waits: bool,
) -> None:
    operation = f"{GROUP}/operations/1"
    service.answers("DELETE", path(kind), status=202, headers={"Location": f"{ARM}{operation}"})
    looks = [("GET", operation)] * 2 if waits else []
    for status in (202, 200)[: len(looks)]:
        service.answers("GET", operation, status=status)
    result = az("acr", kind.group, "delete", *WHERE, "-n", "mypipeline", *argv)
    assert (result.exit_code, result.stdout) == (0, "")
    assert service.requests == [("DELETE", path(kind)), *looks]
    # Core waits for the thread that polls, half a second at a time.
    assert set(fake_time.slept) - {0.5} == ({1} if waits else set())


NOT_FOUND = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}


@pytest.mark.parametrize(
    ("verb", "method", "status", "message"),
    [
        ("show", "GET", 404, "It was not found."),
        ("update", "GET", 404, "It was not found."),
        ("delete", "DELETE", 404, "It was not found."),
        ("delete", "DELETE", 204, "there was nothing to delete"),
    ],
)
def test_a_missing_pipeline_is_named_and_exits_3(
    az: Az, service: Service, kind: PipelineKind, verb: str, method: str, status: int, message: str
) -> None:
    service.answers(method, path(kind), NOT_FOUND if status == 404 else None, status=status)
    result = az("acr", kind.group, verb, *WHERE, "-n", "mypipeline", "--only-show-errors")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        f"ERROR: The {kind.noun} 'mypipeline' wasn't found in registry 'myregistry' of resource "
        f"group 'mygroup'. The service said: {message}\n"
        f"Run 'az acr {kind.group} list -r myregistry -o table' to see those that exist.\n"
    )


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (403, "AuthorizationFailed", 1),
        (401, "ExpiredAuthenticationToken", 1),
        (404, "ResourceGroupNotFound", 3),
        (409, "Conflict", 1),
    ],
)
@pytest.mark.parametrize(("verb", "method"), [("show", "GET"), ("delete", "DELETE")])
def test_another_refusal_is_reported_in_the_words_of_the_service(
    az: Az,
    service: Service,
    kind: PipelineKind,
    verb: str,
    method: str,
    status: int,
    code: str,
    exit_code: int,
) -> None:
    service.answers(
        method, path(kind), {"error": {"code": code, "message": "As it is."}}, status=status
    )
    result = az("acr", kind.group, verb, *WHERE, "-n", "mypipeline")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert f"({code}) As it is." in result.stderr
    assert f"The {kind.noun} 'mypipeline' was not found" not in result.stderr


@pytest.mark.parametrize(
    ("status", "code", "message", "advice"),
    [
        (
            400,
            "SkuNotSupported",
            "Transfer needs a Premium registry.",
            "az acr update --name myregistry --sku Premium",
        ),
        (
            403,
            "AuthorizationFailed",
            "The client 'me' does not have authorization to perform action 'x' over scope 'y'.",
            "--scope /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mygroup"
            "/providers/Microsoft.ContainerRegistry/registries/myregistry",
        ),
        (409, "Conflict", "Something else.", ""),
    ],
)
def test_a_known_refusal_comes_with_advice(
    az: Az, service: Service, kind: PipelineKind, status: int, code: str, message: str, advice: str
) -> None:
    error = {"error": {"code": code, "message": message}}
    service.answers("PUT", path(kind), error, status=status)
    result = az("acr", kind.group, "create", *WHERE, "-n", "mypipeline", "-c", CONTAINER)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"ERROR: ({code}) {message}" in result.stderr
    assert advice in result.stderr


def test_wait_for_created(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("GET", path(kind), pipeline(kind))
    result = az("acr", kind.group, "wait", *WHERE, "-n", "mypipeline", "--created")
    assert (result.exit_code, result.stdout) == (0, "")


def test_wait_takes_a_missing_pipeline_for_deleted(
    az: Az, service: Service, kind: PipelineKind
) -> None:
    service.answers("GET", path(kind), NOT_FOUND, status=404)
    result = az("acr", kind.group, "wait", *WHERE, "-n", "mypipeline", "--deleted")
    assert (result.exit_code, result.stdout) == (0, "")


def test_wait_for_created_waits_for_what_does_not_exist_yet(
    az: Az, service: Service, kind: PipelineKind, fake_time: FakeTime
) -> None:
    service.answers("GET", path(kind), NOT_FOUND, status=404)
    service.answers("GET", path(kind), pipeline(kind))
    result = az("acr", kind.group, "wait", *WHERE, "-n", "mypipeline", "--created")
    assert (result.exit_code, result.stdout) == (0, "")
    assert fake_time.now == pytest.approx(30)


@pytest.mark.usefixtures("fake_time")
def test_a_wait_that_times_out_fails(az: Az, service: Service, kind: PipelineKind) -> None:
    service.answers("GET", path(kind), pipeline(kind, provisioningState="Updating"))
    argv = ["--updated", "--timeout", "1", "--interval", "1", "--only-show-errors"]
    result = az("acr", kind.group, "wait", *WHERE, "-n", "mypipeline", *argv)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ERROR: Wait operation timed-out after 1 seconds\n{WAIT_LONGER}\n"


def test_export_has_no_source_trigger(az: Az) -> None:
    argv = [*WHERE, "-n", "mypipeline", "-c", CONTAINER, "--source-trigger-enabled", "false"]
    result = az("acr", EXPORT.group, "create", *argv)
    assert result.exit_code == 2
    assert "unrecognized arguments: --source-trigger-enabled false" in result.stderr
