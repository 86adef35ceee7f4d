"""check over answers of ARM, a vault and storage: what it requests, and what refusals come to."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch
from urllib.parse import urlsplit

import pytest
import requests
import responses
from azure.cli.core._profile import Profile
from azure.cli.core.auth.identity import Identity
from azure.cli.core.azclierror import AuthenticationError
from azure.cli.core.cloud import AZURE_PUBLIC_CLOUD
from azure.core.pipeline.transport import RequestsTransport
from knack.util import CLIError

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.preflight import artifact_contents, checker, lookups
from azext_acrtransfer.preflight.azure_reader import Reader
from azext_acrtransfer.preflight.collector import other_subscriptions
from azext_acrtransfer.preflight.lookups import ABSENT, Found, Lookup, Unreadable
from azext_acrtransfer.preflight.snapshot import Content, Layer
from azext_acrtransfer.registry.descriptors import Manifest
from azext_acrtransfer.registry.references import Artifact
from docs.generators import manifest_page
from tests.support.az import ANYBODY, SUBSCRIPTION, Login, Result, az_cli, run_az
from tests.support.wording import (
    ANSWERED_BY_ANOTHER,
    AUTHENTICATION,
    CHECK_THE_REGISTRY,
    IN_THE_DEFAULT_GROUP,
    NO_POLICY,
    NO_SECRET,
    NOT_IN_THE_CLOUD,
    POLICIES_OF_GROUPS,
    READ_REFUSED,
    READER_IN_ITS_SUBSCRIPTION,
    READER_ROLE,
    SAS_REJECTED,
    UNKNOWN_MEMBER,
    UNUSABLE_ANSWER,
    VAULT_IS_CLOSED,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, Service, in_a_month, run
from tests.unit.fake_azure import (
    ACCOUNT,
    AUTHORIZATION,
    CONTAINER,
    GROUP,
    IDENTITY,
    RESOURCES,
    ROLE,
    ROLE_ID,
    SAS,
    SECRET,
    STORAGE,
    VAULT,
    Azure,
    Json,
)
from tests.unit.preflight_snapshots import PRINCIPAL, sas

ARM_TOKEN, VAULT_TOKEN = "https://management.core.windows.net/", "https://vault.azure.net"
MINE = {"mystorage": ACCOUNT, "myvault": VAULT}
STORAGE_TOKEN, NO_TOKEN = "https://storage.azure.com", ""


@pytest.fixture
def az(tmp_path: Path) -> Az:
    """Run a command with tokens that tell what they are for."""
    login = Login(token_for=lambda audience: f"for {audience}")
    return lambda *argv: run_az(tmp_path, *argv, login=login)


@pytest.fixture
def azure(mock: responses.RequestsMock) -> Azure:
    return Azure(mock)


def refused(action: str) -> Json:
    message = f"The client 'x' does not have authorization to perform action '{action}' over ..."
    return {"error": {"code": "AuthorizationFailed", "message": message}}


def test_all_that_exists_passes(az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "read_contents", None)  # without artifacts there is no need
    result, checks = azure(az)
    assert result.exit_code == 0, result.stderr
    assert {check["status"] for check in checks.values()} == {"pass"}
    assert "ERROR" not in result.stderr
    assert list(result.json[0]) == ["code", "message", "recommendation", "status"]


def test_no_part_of_a_secret_is_shown_not_even_with_debug(az: Az, azure: Azure) -> None:
    result, _ = azure(az, "--debug")
    assert result.exit_code == 0
    assert "c2VjcmV0" not in result.stdout + result.stderr
    # Nor is it logged what vaults and storage answer.
    assert SAS.partition("&sig=")[0] not in result.stdout + result.stderr
    assert "<EnumerationResults" not in result.stderr


def requests_for_all(kind: PipelineKind) -> list[str]:
    """What is requested from ARM for every pipeline."""
    get = f"GET {ARM}{REGISTRY}"
    wanted = "resourceType eq 'Microsoft.Storage/storageAccounts' and name eq 'mystorage'"
    return [
        f"{get}?api-version=2025-06-01-preview",
        f"{get}{AUTHORIZATION}/permissions?api-version=2022-04-01",
        f"{get}/{kind.resource_type}/mypipeline?api-version=2025-06-01-preview",
        f"GET {RESOURCES}?$filter={wanted}&api-version=2021-04-01",
        f"GET {ARM}{ACCOUNT}?api-version=2023-05-01",
        f"GET {ARM}{CONTAINER}?api-version=2023-05-01",
    ]


def test_what_is_requested_for_a_pipeline_with_a_sas(
    az: Az, mock: responses.RequestsMock, kind: PipelineKind
) -> None:
    azure = Azure(mock, kind)
    azure.pipeline["properties"][kind.side]["uri"] = f"{STORAGE}/"
    azure.tell_no_blob("myblob")
    azure(az, "-b", "myblob")
    wanted = "resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'myvault'"
    vault = [
        f"GET {RESOURCES}?$filter={wanted}&api-version=2021-04-01",
        f"GET {ARM}{VAULT}?api-version=2023-07-01",
    ]
    assert azure.requested == {
        ARM_TOKEN: sorted([*requests_for_all(kind), *vault]),
        VAULT_TOKEN: [f"GET {SECRET}?api-version=7.4"],
        STORAGE_TOKEN: [f"HEAD {STORAGE}/myblob 2021-12-02"],
        NO_TOKEN: [f"GET {STORAGE}?restype=container&comp=list&maxresults=1&{SAS.lstrip('?')}"],
    }


def test_what_is_requested_for_a_pipeline_with_an_identity(
    az: Az, mock: responses.RequestsMock, kind: PipelineKind
) -> None:
    azure = Azure(mock, kind)
    azure.use_identity()
    azure(az)
    get, given = f"GET {ARM}{CONTAINER}{AUTHORIZATION}", f"assignedTo('{PRINCIPAL}')"
    roles = [
        f"GET {ARM}{IDENTITY}?api-version=2023-01-31",
        f"{get}/roleAssignments?$filter=atScope() and {given}&api-version=2022-04-01",
        f"{get}/denyAssignments?$filter=atScope() and {given}&api-version=2022-04-01",
        f"GET {ARM}{CONTAINER}{ROLE}?api-version=2022-04-01",
    ]
    assert azure.requested == {ARM_TOKEN: sorted([*requests_for_all(kind), *roles])}


@pytest.mark.parametrize(("disabled", "verified"), [("", True), ("1", False)])
def test_connections_are_verified_and_named_as_az_does(
    az: Az,
    azure: Azure,
    mock: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    disabled: str,
    verified: bool,
) -> None:
    monkeypatch.setenv("AZURE_CLI_DISABLE_CONNECTION_VERIFICATION", disabled)
    azure(az)
    sent: list[Any] = [call.request for call in mock.calls]
    assert {bool(request.req_kwargs["verify"]) for request in sent} == {verified}
    assert all("AZURECLI/" in request.headers["User-Agent"] for request in sent)


def test_another_subscription_is_read_with_its_own_login(
    tmp_path: Path, mock: responses.RequestsMock
) -> None:
    other = Login("33333333-3333-3333-3333-333333333333", "44444444-4444-4444-4444-444444444444")
    theirs = {"isDefault": False, "user": {"name": "another@example.com", "type": "user"}}
    accounts = [ANYBODY.account, other.account | theirs]
    mock.get(f"{ARM}/any", json={})

    def log_in(identity: Any, user: str) -> Login:
        return Login(token_for=lambda _: f"{user} of {identity.tenant_id}")

    with (
        az_cli(tmp_path) as cli,
        patch.object(Profile, "load_cached_subscriptions", return_value=accounts),
        patch.object(Identity, "get_user_credential", log_in),
    ):
        cli.data["subscription_id"] = other.subscription
        reader = Reader(cli)
        reader.arm("any", "1")
    assert reader.subscription == other.subscription
    assert reader.caller == {"you": "another@example.com"}
    sent = mock.calls[0].request.headers["Authorization"]
    assert sent == f"Bearer another@example.com of {other.tenant}"


@pytest.mark.parametrize("is_default", [True, False])
def test_a_registry_in_another_group_is_named_with_the_default(
    az: Az, mock: responses.RequestsMock, tmp_path: Path, is_default: bool
) -> None:
    (tmp_path / "config").write_text("[defaults]\ngroup = mygroup\n")
    missing = {"error": {"code": "ResourceGroupNotFound", "message": "It could not be found."}}
    mock.get(re.compile(".*"), json=missing, status=404)
    group = () if is_default else ("-g", "mygroup")
    result = az(*("acr", "export-pipeline", "check", "-r", "myregistry", "-n", "export01"), *group)
    assert [check["code"] for check in result.json] == ["RegistryFound"]
    advice = IN_THE_DEFAULT_GROUP if is_default else CHECK_THE_REGISTRY
    assert result.stderr.startswith(f"WARNING: {advice}\n")


def _token(**claims: str) -> str:
    content = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"header.{content}.signature"


@pytest.mark.parametrize("name", ["systemAssignedIdentity", "userAssignedIdentity"])
@pytest.mark.parametrize(
    ("token", "caller"),
    [
        (_token(oid=PRINCIPAL, name="none"), {"you": PRINCIPAL}),
        (_token(name="none"), {}),
        ("no token", {}),
        (CLIError("no identity here"), {}),
    ],
)
def test_a_managed_identity_is_named_by_its_object_id(
    tmp_path: Path, name: str, token: str | CLIError, caller: dict[str, str]
) -> None:
    user = {"name": name, "type": "servicePrincipal", "assignedIdentityInfo": "MSI"}
    account = ANYBODY.account | {"user": user}
    answer = token if isinstance(token, CLIError) else Mock(token=token)
    login = (Mock(get_token=Mock(side_effect=[answer])), "", "")
    with (
        az_cli(tmp_path) as cli,
        patch.object(Profile, "load_cached_subscriptions", return_value=[account]),
        patch.object(Profile, "get_login_credentials", return_value=login),
    ):
        assert Reader(cli).caller == caller


REFUSED = {"error": {"code": "Forbidden", "message": "No."}}
READ_SECRET = "the permission get on secrets, or the role Key Vault Secrets User on the vault"
READ_BLOBS = "the role Storage Blob Data Reader on the container, and access through its firewall"
RIGHTS = [
    ("SasToken", f"{ARM}{REGISTRY}", "RegistryFound", READER_ROLE),
    ("SasToken", f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions", "CallerAuthorized", READER_ROLE),
    ("SasToken", f"{ARM}{ACCOUNT}", "StorageAccountFound", READER_IN_ITS_SUBSCRIPTION),
    ("SasToken", f"{ARM}{CONTAINER}", "ContainerFound", READER_ROLE),
    ("SasToken", f"{ARM}{VAULT}", "SecretReadable", READER_IN_ITS_SUBSCRIPTION),
    ("SasToken", SECRET, "SecretFound", READ_SECRET),
    ("ManagedIdentity", f"{ARM}{IDENTITY}", "PipelineIdentity", READER_ROLE),
    (
        "ManagedIdentity",
        f"{ARM}{CONTAINER}{AUTHORIZATION}/roleAssignments",
        "StorageRole",
        READER_ROLE,
    ),
    (
        "ManagedIdentity",
        f"{ARM}{CONTAINER}{AUTHORIZATION}/denyAssignments",
        "StorageRole",
        READER_ROLE,
    ),
]


@pytest.mark.parametrize(("mode", "url", "code", "right"), RIGHTS)
def test_a_refusal_is_unknown_and_fails_nothing(
    az: Az, azure: Azure, *, mode: str, url: str, code: str, right: str
) -> None:
    if mode == "ManagedIdentity":
        azure.use_identity()
    azure.tell(url, REFUSED, status=403)
    result, checks = azure(az)
    message = f"{READ_REFUSED} Required: {right}."
    assert result.exit_code == (4 if code == "CallerAuthorized" else 0)
    assert checks[code] == {
        "code": code,
        "message": message,
        "recommendation": [],
        "status": "unknown",
    }


@pytest.mark.parametrize(
    ("kind", "code"),
    [(EXPORT, "NoBlobConflicts"), (IMPORT, "BlobsFound")],
    ids=["export", "import"],
)
def test_the_blobs_of_an_unreadable_pipeline_are_unknown(
    az: Az, mock: responses.RequestsMock, kind: PipelineKind, code: str
) -> None:
    azure = Azure(mock, kind)
    unreadable_pipeline(azure)
    _, checks = azure(az, "-b", "myblob")
    assert (checks[code]["status"], checks[code]["message"]) == ("unknown", LACKS)


def unreadable_caller(azure: Azure) -> None:
    azure.tell(f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions", REFUSED, status=403)


def unreadable_pipeline(azure: Azure) -> None:
    azure.pipeline_status = 403


def unreadable_container(azure: Azure) -> None:
    azure.tell(f"{ARM}{CONTAINER}", REFUSED, status=403)


def basic_registry(azure: Azure) -> None:
    azure.tell(f"{ARM}{REGISTRY}", {"sku": {"name": "Basic"}, "properties": {}})


LACKS = f"{READ_REFUSED} Required: {READER_ROLE}."
INCOMPLETE = "ERROR: No check failed, but the most important ones are unknown:\n"
GET_PERMISSIONS = "Get the permissions that the messages name, and check again.\n"


@pytest.mark.parametrize(
    ("changes", "argv", "exit_code", "error"),
    [
        ([], ["--strict"], 0, ""),
        ([unreadable_container], [], 0, ""),
        (
            [unreadable_container],
            ["--strict"],
            1,
            f"ERROR: 1 of COUNT checks failed:\nContainerFound: {LACKS}\n",
        ),
        (
            [unreadable_caller],
            [],
            4,
            f"{INCOMPLETE}CallerAuthorized: {LACKS}\n{GET_PERMISSIONS}",
        ),
        (
            [unreadable_pipeline],
            [],
            4,
            f"{INCOMPLETE}PipelineFound: {LACKS}\n{GET_PERMISSIONS}",
        ),
        (
            [unreadable_caller, basic_registry],
            [],
            1,
            "ERROR: 1 of COUNT checks failed:\nRegistryPremium: SKU: Basic.\n"
            "az acr update --name myregistry --sku Premium\n",
        ),
        (
            [unreadable_caller, basic_registry],
            ["--strict"],
            1,
            "ERROR: 2 of COUNT checks failed:\nRegistryPremium: SKU: Basic.\n"
            f"CallerAuthorized: {LACKS}\naz acr update --name myregistry --sku Premium\n",
        ),
    ],
)
def test_exit_code_distinguishes_failed_from_unknown(
    az: Az,
    azure: Azure,
    *,
    changes: list[Callable[[Azure], None]],
    argv: list[str],
    exit_code: int,
    error: str,
) -> None:
    for change in changes:
        change(azure)
    result, _ = azure(az, "--only-show-errors", *argv)
    assert (result.exit_code, result.stderr) == (
        exit_code,
        error.replace("COUNT", str(len(result.json))),
    )


@pytest.mark.usefixtures("azure")
# The other requests are sent at the same time, and don't outlive the test.
@pytest.mark.usefixtures("mock", "fake_time", "over")
def test_a_check_without_a_login_exits_4(az: Az) -> None:
    with patch.object(Reader, "registry", side_effect=AuthenticationError("Run az login.")):
        result = az("acr", "export-pipeline", "check", *WHERE, "-n", "mypipeline")
    assert (result.exit_code, result.stdout, result.stderr) == (4, "", "ERROR: Run az login.\n")


def test_a_check_in_a_missing_registry_exits_3(az: Az, service: Service) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries"
    service.answers("GET", path, {"value": []})
    result = az("acr", "export-pipeline", "check", "-r", "another", "-n", "mypipeline")
    assert (result.exit_code, result.stdout) == (3, "")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (403, refused("x/read"), f"{READ_REFUSED} Required: x/read."),
        (500, {"error": {"code": "Oops", "message": "Sorry."}}, "Couldn't read it: (Oops) So"),
    ],
)
def test_what_the_service_says_of_a_refusal_is_shown(
    az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch, *, status: int, body: Json, message: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    azure.tell(f"{ARM}{CONTAINER}", body, status=status)
    _, checks = azure(az)
    assert checks["ContainerFound"]["message"].startswith(message)


def test_what_is_no_answer_of_the_service_is_unknown(az: Az, azure: Azure) -> None:
    azure.tell(f"{ARM}{CONTAINER}", body="<html>Sign in</html>", content_type="text/html")
    result, checks = azure(az)
    assert (result.exit_code, checks["ContainerFound"]["status"]) == (0, "unknown")
    assert (
        "management.azure.com answered 200 OK, with text/html"
        in checks["ContainerFound"]["message"]
    )


def test_a_host_that_cannot_be_reached_is_unknown(az: Az, azure: Azure) -> None:
    azure.tell(STORAGE, body=requests.ConnectionError("Failed to resolve"))
    result, checks = azure(az)
    assert (result.exit_code, checks["SasAccepted"]["status"]) == (0, "unknown")
    assert checks["SasAccepted"]["message"].splitlines()[0] == (
        "The connection to 'mystorage.blob.core.windows.net' failed: Failed to resolve"
    )
    assert len(azure.requested[NO_TOKEN]) == 1  # a closed firewall doesn't open while one waits


def test_the_clock_of_the_service_counts(az: Az, azure: Azure) -> None:
    azure.pipeline_headers = {"Date": "Sun, 01 Mar 2099 00:00:00 GMT"}
    _, checks = azure(az)
    assert checks["SasNotExpired"]["status"] == "fail"
    assert " --expiry 2099-03-31 " in checks["SasNotExpired"]["recommendation"][0]


def test_only_another_subscription_than_the_active_one_is_a_fact() -> None:
    resources: dict[str, Any] = {
        name: Found({"id": resource_id})
        for name, resource_id in (
            ("same", "/subscriptions/ABCdef/resourceGroups/g"),
            ("other", "/subscriptions/Fedcba/resourceGroups/g"),
            ("unusual", "mystorage"),
        )
    } | {"absent": ABSENT}
    assert other_subscriptions("abcDEF", resources) == {"other-subscription": "Fedcba"}


def test_an_unreadable_account_leaves_its_roles_and_blobs_unknown(az: Az, azure: Azure) -> None:
    azure.use_identity()
    azure.pipeline["properties"]["options"] = ["OverwriteBlobs"]
    refusal = {"error": {"code": "AuthorizationFailed", "message": "No."}}
    azure.tell(f"{ARM}{ACCOUNT}", refusal, status=403)
    azure.tell_blob("myblob")
    _, checks = azure(az, "-b", "myblob")
    codes = ("StorageAccountFound", "ContainerFound", "StorageRole", "BlobsChangeable")
    assert {checks[code]["status"] for code in codes} == {"unknown"}


def test_the_groups_of_no_identity_are_not_requested(az: Az, azure: Azure) -> None:
    del azure.pipeline["identity"]
    _, checks = azure(az)
    assert checks["SecretReadable"]["status"] == "fail"
    assert not [audience for audience in azure.requested if "graph" in audience]


def test_the_groups_of_an_identity_with_a_policy_are_not_requested(az: Az, azure: Azure) -> None:
    principal = "abcdef00-2222-2222-2222-222222222222"
    azure.pipeline["identity"]["principalId"] = principal.upper()
    policy = {"objectId": principal.title(), "permissions": {"secrets": ["get"]}}
    azure.tell(f"{ARM}{VAULT}", {"id": VAULT, "properties": {"accessPolicies": [policy]}})
    _, checks = azure(az)
    assert checks["SecretReadable"]["status"] == "pass"
    assert not [audience for audience in azure.requested if "graph" in audience]


def test_a_lost_connection_to_resource_manager_is_made_again(
    az: Az, azure: Azure, mock: responses.RequestsMock
) -> None:
    permissions = f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions"
    azure.tell(permissions, body=requests.ConnectionError("Connection reset"))
    mock.add("GET", permissions, json={"value": [{"actions": ["*"]}]})
    result, checks = azure(az)
    assert (result.exit_code, checks["CallerAuthorized"]["status"]) == (0, "pass")


@pytest.mark.parametrize(
    ("name", "namespace", "kind", "version", "code"),
    [
        ("mystorage", "Microsoft.Storage", "storageAccounts", "2023-05-01", "StorageAccountFound"),
        ("myvault", "Microsoft.KeyVault", "vaults", "2023-07-01", "KeyVaultFound"),
    ],
)
def test_a_name_that_others_have_is_unknown_and_a_free_one_a_failure(
    az: Az, azure: Azure, *, name: str, namespace: str, kind: str, version: str, code: str
) -> None:
    azure.tell(re.compile(re.escape(RESOURCES) + f".*{name}"), {"value": []})
    check_name = f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/{namespace}/checkNameAvailability"
    taken = {"nameAvailable": False, "reason": "AlreadyExists"}
    azure.tell(check_name, taken, method="POST")
    _, checks = azure(az)
    assert checks[code]["status"] == "unknown"
    assert "Required: the role Reader on it" in checks[code]["message"]
    body = f'{{"name": "{name}", "type": "{namespace}/{kind}"}}'
    assert f"POST {check_name}?api-version={version} {body}" in azure.requested[ARM_TOKEN]
    azure.tell(check_name, {"nameAvailable": True}, method="POST")
    _, checks = azure(az)
    assert checks[code]["status"] == "fail"
    azure.tell(check_name, REFUSED, method="POST", status=403)
    _, checks = azure(az)
    assert checks[code]["status"] == "unknown"
    assert checks[code]["message"] == f"{READ_REFUSED} Required: {READER_IN_ITS_SUBSCRIPTION}."


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (
            403,
            {
                "error": {
                    "code": "Forbidden",
                    "message": "Operation get is not allowed on a disabled secret.",
                    "innererror": {"code": "SecretDisabled"},
                }
            },
            *("SecretEnabled", "Disabled."),
        ),
        (
            404,
            {"error": {"code": "SecretNotFound"}},
            "SecretFound",
            "The secret 'sas' was deleted.",
        ),
    ],
)
def test_a_secret_that_gives_no_value(
    az: Az, azure: Azure, *, status: int, body: Json, code: str, message: str
) -> None:
    azure.tell(SECRET, body, status=status)
    azure.tell(SECRET.replace("/secrets/", "/deletedsecrets/"), {"recoveryId": "x"})
    result, checks = azure(az)
    assert (result.exit_code, checks[code]["status"], checks[code]["message"]) == (
        1,
        "fail",
        message,
    )
    assert "SasFormatValid" not in checks


def test_a_missing_secret_needs_no_permission_for_deleted_ones(az: Az, azure: Azure) -> None:
    azure.tell(SECRET, {"error": {"code": "SecretNotFound"}}, status=404)
    azure.tell(SECRET.replace("/secrets/", "/deletedsecrets/"), REFUSED, status=403)
    result, checks = azure(az)
    assert (result.exit_code, checks["SecretFound"]["status"]) == (1, "fail")
    assert checks["SecretFound"]["message"] == NO_SECRET


def test_all_requests_of_a_check_share_their_connections(
    az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    transports, send = set(), RequestsTransport.send

    def sent(transport: RequestsTransport, *args: Any, **options: Any) -> Any:
        transports.add(transport)
        return send(transport, *args, **options)

    monkeypatch.setattr(RequestsTransport, "send", sent)
    azure(az)
    # That of the SDK's client, and that of all other requests.
    assert len(transports) == 2


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(("{host}", "{host}.attacker.example"), id="suffix of another domain"),
        pytest.param((".{domain}", "{domain}"), id="suffix without a dot"),
        pytest.param(("{host}", "attacker.example\\@{host}"), id="host before a backslash"),
        pytest.param(("{host}", "{host}:65536"), id="no valid port"),
        pytest.param(("https:", "http:"), id="not encrypted"),
    ],
)
@pytest.mark.parametrize(
    ("uri", "code"),
    [("uri", "NoBlobConflicts"), ("uri", "SasAccepted"), ("keyVaultUri", "SecretFound")],
)
def test_no_token_and_no_sas_goes_to_a_host_outside_the_cloud(
    az: Az, azure: Azure, uri: str, code: str, changed: tuple[str, str]
) -> None:
    side = azure.pipeline["properties"]["target"]
    host = urlsplit(side[uri]).netloc
    domain = {"uri": "core.windows.net", "keyVaultUri": "vault.azure.net"}[uri]
    side[uri] = side[uri].replace(*(text.format(host=host, domain=domain) for text in changed))
    _, checks = azure(az, "-b", "myblob")
    assert checks[code]["status"] == "unknown"
    assert re.search(
        f"{NOT_IN_THE_CLOUD}|is a custom domain",
        checks[code]["message"],
    )


@pytest.mark.parametrize(
    ("uri", "rest", "code", "noun"),
    [
        ("uri", "images", "StorageAccountFound", "storage account"),
        ("keyVaultUri", "secrets/sas", "KeyVaultFound", "key vault"),
    ],
)
def test_what_is_behind_a_custom_domain_is_unknown(
    az: Az, azure: Azure, uri: str, rest: str, code: str, noun: str
) -> None:
    azure.pipeline["properties"]["target"][uri] = f"https://transfer.example/{rest}"
    result, checks = azure(az)
    assert (result.exit_code, checks[code]["status"], checks[code]["message"]) == (
        0,
        "unknown",
        f"'transfer.example' is a custom domain. Its {noun} isn't known.",
    )
    assert "fail" not in {check["status"] for check in checks.values()}


def test_no_token_goes_to_another_host_by_the_link_of_a_page(az: Az, azure: Azure) -> None:
    page = {"value": [], "nextLink": "https://attacker.example/page"}
    azure.tell(f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions", page)
    _, checks = azure(az)
    assert checks["CallerAuthorized"]["status"] == "unknown"
    assert checks["CallerAuthorized"]["message"] == f"'attacker.example' {NOT_IN_THE_CLOUD}"


def test_all_pages_of_a_list_count(az: Az, azure: Azure) -> None:
    link = f"{ARM}/second"
    first = {"value": [{"actions": ["*/read"]}], "nextLink": link}  # permissions have no IDs
    azure.tell(f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions", first)
    azure.tell(link, {"value": [{"actions": ["*/list"]}, {"actions": ["*"]}]})
    _, checks = azure(az)
    assert checks["CallerAuthorized"]["status"] == "pass"


def test_a_list_without_an_end_is_unknown(az: Az, azure: Azure) -> None:
    link = f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions"
    azure.tell(link, {"value": [{"actions": ["*"]}], "nextLink": link})
    _, checks = azure(az)
    assert checks["CallerAuthorized"]["status"] == "unknown"
    assert "list has no end" in checks["CallerAuthorized"]["message"]


FOREIGN = (
    "Couldn't read it: mystorage.blob.core.windows.net answered {}, which isn't an answer of Blob "
    f"Storage. {ANSWERED_BY_ANOTHER}\nRequest: "
)
HEAD, LIST = f"{FOREIGN}HEAD {STORAGE}/my%20blob", f"{FOREIGN}GET {STORAGE}"


@pytest.mark.parametrize(
    ("http_status", "headers", "status", "message"),
    [
        (200, {"x-ms-blob-type": "BlockBlob"}, "fail", "Already exist: my blob."),
        (200, {}, "unknown", HEAD.format("200 OK")),
        (302, {"location": "https://proxy.example/"}, "unknown", HEAD.format("302 Found")),
        (
            403,
            {"x-ms-error-code": "AuthorizationPermissionMismatch"},
            "unknown",
            f"{READ_REFUSED} Required: {READ_BLOBS}.",
        ),
        (404, {"x-ms-error-code": "BlobNotFound"}, "pass", "No conflicts."),
        (
            404,
            {"x-ms-error-code": "ContainerNotFound"},
            "unknown",
            "Couldn't read it: Storage answered 404 ContainerNotFound.\n"
            f"Request: HEAD {STORAGE}/my%20blob",
        ),
        (404, {}, "unknown", HEAD.format("404 Not Found")),
        (500, {}, "unknown", HEAD.format("500 Internal Server Error")),
    ],
)
def test_only_storage_itself_knows_whether_a_blob_exists(
    az: Az,
    azure: Azure,
    monkeypatch: pytest.MonkeyPatch,
    *,
    http_status: int,
    headers: dict[str, str],
    status: str,
    message: str,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    azure.tell(f"{STORAGE}/my%20blob", method="HEAD", status=http_status, headers=headers)
    _, checks = azure(az, "-b", "my blob")
    check = checks["NoBlobConflicts"]
    assert (check["status"], check["message"]) == (status, message)


ACCEPTED, REJECTED = "Storage accepts its signature.", SAS_REJECTED


@pytest.mark.parametrize(
    ("http_status", "code", "body", "status", "message"),
    [
        (200, "", "<?xml?><EnumerationResults />", "pass", ACCEPTED),
        (403, "AuthorizationPermissionMismatch", "<Error />", "pass", ACCEPTED),
        (403, "AuthorizationResourceTypeMismatch", "<Error />", "pass", ACCEPTED),
        (403, "AuthorizationServiceMismatch", "<Error />", "pass", ACCEPTED),
        (403, "AuthenticationFailed", "<Error />", "fail", REJECTED),
        (403, "AuthorizationFailure", "Server failed to authenticate the", "fail", REJECTED),
        (
            403,
            "AuthorizationFailure",
            "This request is not authorized",
            "unknown",
            "The storage firewall blocks you: the signature wasn't evaluated.",
        ),
        (
            403,
            "KeyBasedAuthenticationNotPermitted",
            "<Error />",
            "unknown",
            "The account accepts no shared keys: the signature wasn't evaluated.",
        ),
        (404, "ContainerNotFound", "<Error />", "unknown", "Storage answered ContainerNotFound."),
        (500, "InternalError", "<Error />", "unknown", "Storage answered InternalError."),
        (500, "", "<html />", "unknown", LIST.format("500 Internal Server Error")),
        (200, "", "", "unknown", LIST.format("200 OK")),
        (200, "", "<html>Sign in</html>", "unknown", LIST.format("200 OK")),
        (302, "", "", "unknown", LIST.format("302 Found")),
        (404, "", "<EnumerationResults />", "unknown", LIST.format("404 Not Found")),
    ],
)
def test_a_sas_is_accepted_on_proof_only(
    az: Az,
    azure: Azure,
    monkeypatch: pytest.MonkeyPatch,
    *,
    http_status: int,
    code: str,
    body: str,
    status: str,
    message: str,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    headers = {"x-ms-error-code": code} if code else {}
    azure.tell(STORAGE, body=body, status=http_status, headers=headers)
    _, checks = azure(az)
    check = checks["SasAccepted"]
    assert (check["status"], check["message"]) == (status, message)


CLOSED_VAULT = f"{VAULT_IS_CLOSED} It might admit ACR Transfer, which is a trusted service."


@pytest.mark.parametrize("reason", ["ForbiddenByConnection", "ForbiddenByFirewall"])
def test_a_secret_behind_a_closed_firewall_is_unknown(az: Az, azure: Azure, reason: str) -> None:
    message = (
        "Public network access is disabled and request is not from a trusted service nor via an "
        "approved private link."
    )
    error = {"code": "Forbidden", "message": message, "innererror": {"code": reason}}
    azure.tell(SECRET, {"error": error}, status=403)
    result, checks = azure(az, "--only-show-errors")
    unknown = {code for code, check in checks.items() if check["status"] != "pass"}
    assert (result.exit_code, result.stderr) == (0, "")
    assert unknown == {"SecretFound", "SecretEnabled", "SecretNotExpired"} | {
        *("SasFormatValid", "SasType", "SasServices", "SasResourceTypes", "SasProtocol"),
        *("SasIpAddresses", "SasStarted", "SasNotExpired", "SasPermissions"),
    }
    assert {(checks[code]["status"], checks[code]["message"]) for code in unknown} == {
        ("unknown", CLOSED_VAULT)
    }


GROUPS = "https://graph.microsoft.com/v1.0/directoryObjects/getByIds"
GROUP_TYPE, USER_TYPE = "#microsoft.graph.group", "#microsoft.graph.user"


@pytest.mark.parametrize(
    ("graph_status", "answer", "status", "message"),
    [
        (
            200,
            {"value": [{"@odata.type": GROUP_TYPE, "id": "a-group", "displayName": "Movers"}]},
            "unknown",
            f"{POLICIES_OF_GROUPS} Movers. {UNKNOWN_MEMBER}",
        ),
        (
            200,
            {"value": [{"@odata.type": USER_TYPE, "id": "a-user", "displayName": "Somebody"}]},
            "fail",
            NO_POLICY,
        ),
        (
            403,
            {"error": {"code": "Authorization_RequestDenied", "message": "No."}},
            "unknown",
            f"{READ_REFUSED} Required: the role Directory Readers in Microsoft Entra ID.",
        ),
    ],
)
def test_a_policy_of_a_group_might_be_of_the_identity(
    az: Az, azure: Azure, *, graph_status: int, answer: Json, status: str, message: str
) -> None:
    policies = [
        {"objectId": "A-Group", "permissions": {"secrets": ["Get"]}},
        {"objectId": "a-user", "permissions": {"secrets": ["All"]}},
        {"objectId": "a-reader-of-keys", "permissions": {"keys": ["get"], "secrets": ["list"]}},
    ]
    azure.tell(f"{ARM}{VAULT}", {"id": VAULT, "properties": {"accessPolicies": policies}})
    azure.tell(GROUPS, answer, method="POST", status=graph_status)
    _, checks = azure(az)
    check = checks["SecretReadable"]
    assert (check["status"], check["message"]) == (status, message)
    body = '{"ids": ["a-group", "a-user"], "types": ["group"]}'
    assert azure.requested["https://graph.microsoft.com/"] == [f"POST {GROUPS} {body}"]


@pytest.mark.parametrize("body", ["", "no JSON", "[]"])
def test_a_refusal_that_is_no_json_of_a_vault_is_unknown(az: Az, azure: Azure, body: str) -> None:
    azure.tell(SECRET, body=body, status=403)
    _, checks = azure(az)
    assert checks["SecretFound"]["status"] == "unknown"


@pytest.mark.parametrize(
    ("key", "uri", "code", "status"),
    [
        ("uri", "https://.blob.core.windows.net/transfer", "StorageAccountFound", "fail"),
        ("uri", "https://mystorage.blob.core.windows.net/", "ContainerFound", "fail"),
        ("keyVaultUri", "https://.vault.azure.net/secrets/sas", "KeyVaultFound", "fail"),
        ("keyVaultUri", "https://myvault.vault.azure.net/secrets/", "SecretFound", "fail"),
    ],
)
def test_an_empty_name_in_a_uri_is_nobodys(
    az: Az, azure: Azure, *, key: str, uri: str, code: str, status: str
) -> None:
    azure.pipeline["properties"]["target"][key] = uri
    result, checks = azure(az)
    assert (result.exit_code, checks[code]["status"]) == (1, status)
    assert not any("name eq ''" in line for lines in azure.requested.values() for line in lines)


def test_the_account_of_another_name_in_a_list_is_not_taken(az: Az, azure: Azure) -> None:
    others = {"value": [{"id": "/another", "name": "mystorage2"}]}
    azure.tell(re.compile(re.escape(RESOURCES) + ".*mystorage"), others)
    path = f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability"
    azure.tell(path, {"nameAvailable": True}, method="POST")
    _, checks = azure(az)
    assert checks["StorageAccountFound"]["status"] == "fail"


def test_the_identitys_roles_are_read_with_their_definitions(az: Az, azure: Azure) -> None:
    azure.use_identity()
    result, checks = azure(az)
    assert (result.exit_code, checks["StorageRole"]["message"]) == (0, f"Mover at {GROUP}")
    assert checks["ContainerFound"]["status"] == "pass"
    assert "KeyVaultFound" not in checks

    azure.tell_assigned("deny", {"denyAssignmentName": "Locked"}, {"denyAssignmentName": "Shut"})
    azure.tell(f"{ARM}{IDENTITY}", {"error": {"code": "ResourceNotFound"}}, status=404)
    result, checks = azure(az)
    assert checks["StorageRole"]["status"] == "warning"
    assert checks["StorageRole"]["message"] == f"Mover at {GROUP}. Denied by: Locked, Shut."
    assert checks["PipelineIdentity"]["status"] == "fail"

    azure.tell_assigned(
        "role", {"roleDefinitionId": ROLE_ID, "scope": GROUP, "condition": "@Resource[x] == 'y'"}
    )
    _, checks = azure(az)
    assert (
        checks["StorageRole"]["message"]
        == f"A role has a condition, which isn't evaluated: Mover at {GROUP}."
    )


def test_commands_for_resources_in_another_subscription_name_it(
    tmp_path: Path, mock: responses.RequestsMock
) -> None:
    azure, other = Azure(mock), "33333333-3333-3333-3333-333333333333"
    there = {name: resource.replace(SUBSCRIPTION, other) for name, resource in MINE.items()}
    for name, resource in there.items():
        azure.tell(re.compile(re.escape(RESOURCES) + f".*{name}"), {"value": []})
        listed = re.compile(re.escape(RESOURCES.replace(SUBSCRIPTION, other)) + f".*{name}")
        azure.tell(listed, {"value": [{"id": resource, "name": name}]})
        namespace = resource.split("/")[6]
        path = f"/subscriptions/{SUBSCRIPTION}/providers/{namespace}/checkNameAvailability"
        azure.tell(f"{ARM}{path}", {"reason": "AlreadyExists"}, method="POST")
        closed = {"publicNetworkAccess": "Disabled", "accessPolicies": []}
        azure.tell(f"{ARM}{resource}", {"id": resource, "properties": closed})
    container = CONTAINER.replace(SUBSCRIPTION, other)
    azure.tell(f"{ARM}{container}", {"id": container})

    def az(*argv: str) -> Result:
        return run_az(tmp_path, *argv, login=Login(other=other))

    _, checks = azure(az)
    assert checks["StorageNetwork"]["recommendation"] == [
        "az storage account update --name mystorage --public-network-access Enabled "
        f"--default-action Allow --subscription {other}"
    ]
    assert checks["SecretReadable"]["recommendation"] == [
        f"az keyvault set-policy --name myvault --secret-permissions get --object-id {PRINCIPAL} "
        f"--subscription {other}"
    ]

    azure.use_identity()
    for what in ("role", "deny"):
        azure.tell(f"{ARM}{container}{AUTHORIZATION}/{what}Assignments", {"value": []})
    _, checks = azure(az)
    [command] = checks["StorageRole"]["recommendation"]
    assert command.endswith(
        "--scope $(az storage account show --name mystorage --query id --output tsv "
        f"--subscription {other})"
    )


def test_without_an_identity_no_roles_are_requested(az: Az, azure: Azure) -> None:
    azure.pipeline["identity"] = {"type": "None"}
    azure.pipeline["properties"]["target"]["storageAccessMode"] = "ManagedIdentity"
    result, checks = azure(az)
    assert (result.exit_code, checks["PipelineIdentity"]["status"]) == (1, "fail")
    assert checks["StorageRole"]["status"] == "fail"


def test_a_table_leaves_recommendations_to_stderr(az: Az, azure: Azure) -> None:
    azure.tell(f"{ARM}{REGISTRY}", {"sku": {"name": "Basic"}, "properties": {}})
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", azure.pipeline)
    result = az("acr", "export-pipeline", "check", *WHERE, "-n", "mypipeline", "-o", "table")
    assert result.exit_code == 1
    title, _, *rows = result.stdout.splitlines()
    line = rows[1]
    assert title.split() == ["Code", "Status", "Message"]
    assert line.split(maxsplit=2) == ["RegistryPremium", "fail", "SKU: Basic."]
    assert result.stderr.endswith(
        f"1 of {len(rows)} checks failed:\nRegistryPremium: SKU: Basic.\n"
        "az acr update --name myregistry --sku Premium\n"
    )


class Registry:
    """Manifests by their references."""

    def __init__(self, **documents: Json) -> None:
        self._documents = documents

    def prepare_to_pull(self, _: Any) -> None:
        """No token is needed."""

    def manifest(self, artifact: Artifact) -> Manifest | None:
        """One of them."""
        document = self._documents.get(artifact.reference)
        return Manifest(f"sha256:{artifact.reference}", "x", 1, document) if document else None


def layer(digest: str, **more: Any) -> Json:
    return {
        "digest": digest,
        "size": 5,
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
    } | more


def content(*layers: Layer, missing: tuple[str, ...] = ()) -> Content:
    return Content("sha256:v1", layers, missing)


@pytest.mark.parametrize(
    ("documents", "content"),
    [
        ({}, None),
        ({"v1": {"layers": [layer("a")]}}, content(Layer("a", 5))),
        ({"v1": {"blobs": [layer("a")]}}, content(Layer("a", 5))),
        (
            {"v1": {"layers": [layer("a", urls=["https://x.example"])]}},
            content(Layer("a", 5, True)),
        ),
        (
            {
                "v1": {
                    "layers": [layer("a", mediaType="application/vnd.docker.image.rootfs.foreign")]
                }
            },
            content(Layer("a", 5, True)),
        ),
        (
            {"v1": {"layers": [layer("a", mediaType="x/vnd.oci.image.layer.nondistributable.v1")]}},
            content(Layer("a", 5, True)),
        ),
        (
            {
                "v1": {"manifests": [{"digest": "b"}, {"digest": "gone"}]},
                "b": {"layers": [layer("c"), layer("d")], "manifests": [{"digest": "lost"}]},
            },
            content(Layer("c", 5), Layer("d", 5), missing=("lost", "gone")),
        ),
    ],
)
def test_the_layers_of_all_platforms_count(documents: Json, content: Content | None) -> None:
    artifact = Artifact("hello", "v1")
    read = artifact_contents.read_contents(Registry(**documents), [artifact])  # type: ignore[arg-type]
    assert read[artifact] == (Found(content) if content else ABSENT)


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
def test_a_manifest_names_what_is_to_be_checked(
    az: Az,
    mock: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: PipelineKind,
) -> None:
    requested: list[Artifact] = []

    def read(_: Any, artifacts: Sequence[Artifact]) -> dict[Artifact, Lookup[Content]]:
        requested.extend(artifacts)
        return {artifact: Found(Content("sha256:other")) for artifact in artifacts}

    monkeypatch.setattr(checker, "read_contents", read)
    manifest = manifest_page.EXPORT
    file = tmp_path / "manifest.json"
    file.write_text(manifest.to_json())
    azure = Azure(mock, kind)
    for each in manifest.runs:
        azure.tell_no_blob(each.blob)
    result, checks = azure(az, "--manifest", str(file))
    if kind is EXPORT:
        assert requested == [entry.artifact for entry in manifest.entries]
        assert (result.exit_code, checks["ArtifactsFound"]["status"]) == (0, "pass")
        return
    went = [entry.artifact for entry in manifest.entries if not entry.is_left]
    assert (requested, result.exit_code) == (went, 1)
    assert (
        checks["BlobsFound"]["message"] == f"Not found: {', '.join(r.blob for r in manifest.runs)}."
    )
    names = ", ".join(map(str, went))
    assert checks["NoTagConflicts"]["message"] == f"Exist with other content: {names}."


def create_run(az: Az, kind: PipelineKind) -> Any:
    line = ["acr", "pipeline-run", "create", *WHERE, "-n", "myrun01", "-p", "mypipeline", "--check"]
    content = ["-t", kind.name, "-b", "myblob"]
    return az(*line, *content, *(["-a", "hello:v1"] if kind is EXPORT else []))


def test_a_run_is_not_made_if_its_check_fails(
    az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = Artifact("hello", "v1")
    monkeypatch.setattr(checker, "read_contents", lambda *_: {artifact: ABSENT})
    azure.tell_no_blob("myblob")
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", azure.pipeline)
    result = create_run(az, EXPORT)
    assert (result.exit_code, result.stdout) == (1, "")
    summary, *failure = result.stderr.splitlines()[-3:]
    assert re.fullmatch(r"ERROR: 1 of \d+ checks failed:", summary)
    assert failure == [
        "ArtifactsFound: Not found: hello:v1.",
        "az acr repository list --name myregistry --output table",
    ]


def test_the_check_of_a_run_includes_its_blob(
    az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Found(Content("sha256:0a"))
    monkeypatch.setattr(checker, "read_contents", lambda *_: {Artifact("hello", "v1"): content})
    azure.tell_blob("myblob")
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", azure.pipeline)
    result = create_run(az, EXPORT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "\nNoBlobConflicts: Already exist: myblob.\n" in result.stderr


def test_a_run_is_made_after_its_check_which_warns_of_what_is_unknown_too(
    az: Az, mock: responses.RequestsMock
) -> None:
    azure = Azure(mock, IMPORT)
    azure.pipeline["properties"]["trigger"] = {"sourceTrigger": {"status": "Enabled"}}
    soon = f"{datetime.now(timezone.utc) + timedelta(days=2):%Y-%m-%dT00:00:00Z}"
    azure.tell(SECRET, {"value": sas(se=soon), "attributes": {"enabled": True}})
    azure.tell_blob("myblob")
    azure.tell(f"{ARM}{CONTAINER}", refused("containers/read"), status=403)
    azure.tell(f"{ARM}{REGISTRY}/importPipelines/mypipeline", azure.pipeline)
    azure.tell(f"{ARM}{REGISTRY}/pipelineRuns/myrun01", run(IMPORT), method="PUT")
    result = create_run(az, IMPORT)
    assert (result.exit_code, result.json["name"]) == (0, "myrun01")
    assert result.stderr.splitlines() == [
        f"WARNING: ContainerFound is unknown: {READ_REFUSED} Required: containers/read.",
        f"WARNING: SasNotExpired: Expires at {soon}.",
        AUTHENTICATION.strip(),
    ]


def test_a_registry_that_refuses_all_logins_leaves_its_artifacts_unknown() -> None:
    class Closed(Registry):
        def prepare_to_pull(self, _: Any) -> None:
            raise CLIError("You may not. ?sv=1&sig=c2VjcmV0")

    artifact = Artifact("hello", "v1")
    read = artifact_contents.read_contents(Closed(), [artifact])  # type: ignore[arg-type]
    assert read == {artifact: Unreadable("You may not. ?sv=1&sig=***")}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("value"), "The answer lacks 'value'."),
        (TypeError("?sv=1&sig=c2VjcmV0 is a list"), f"{UNUSABLE_ANSWER} ?sv=1&sig=*** is"),
    ],
)
def test_an_answer_that_cannot_be_used_is_unreadable(error: Exception, reason: str) -> None:
    def ask() -> None:
        raise error

    lookup: Lookup[None] = lookups.read(ask, "a right")
    assert isinstance(lookup, Unreadable)
    assert lookup.reason.startswith(reason)


def test_who_is_not_logged_in_gets_that_error_and_no_more() -> None:
    def ask() -> None:
        raise AuthenticationError("Please run az login.")

    with pytest.raises(AuthenticationError):
        lookups.read(ask, "a right")


def test_for_a_vault_by_roles_those_on_the_secret_are_requested(az: Az, azure: Azure) -> None:
    by_roles = {"id": VAULT, "properties": {"enableRbacAuthorization": True}}
    azure.tell(f"{ARM}{VAULT}", by_roles)
    azure.tell(f"{ARM}{VAULT}/secrets/sas{AUTHORIZATION}/roleAssignments", {"value": []})
    result, checks = azure(az)
    assert (result.exit_code, checks["SecretReadable"]["status"]) == (1, "fail")
    assert '--role "Key Vault Secrets User"' in checks["SecretReadable"]["recommendation"][0]


@pytest.mark.parametrize(
    ("http_status", "status", "message", "recommendation"),
    [
        (
            404,
            "fail",
            "The registry has no export pipeline of that name.",
            ["az acr export-pipeline list -g mygroup -r myregistry --output table"],
        ),
        (403, "unknown", f"{READ_REFUSED} Required: {READER_ROLE}.", []),
    ],
)
def test_without_a_pipeline_no_more_than_the_registry_is_evaluated(
    az: Az, azure: Azure, *, http_status: int, status: str, message: str, recommendation: list[str]
) -> None:
    azure.tell(f"{ARM}{REGISTRY}", {"sku": {"name": "Basic"}, "properties": {}})
    azure.tell(f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions", {"value": [{"actions": []}]})
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", REFUSED, status=http_status)
    content = ("-a", "hello:v1", "-b", "myblob")
    result = az("acr", "export-pipeline", "check", *WHERE, "-n", "mypipeline", *content)
    role = "Container Registry Transfer Pipeline Contributor"
    grant = f'az role assignment create --role "{role}" --assignee user@example.com --scope'
    assert result.exit_code == 1
    assert [(check["code"], check["status"], check["recommendation"]) for check in result.json][
        1:6
    ] == [
        ("RegistryPremium", "fail", ["az acr update --name myregistry --sku Premium"]),
        ("ExportsAllowed", "pass", []),
        ("RegistryNetwork", "pass", []),
        ("CallerAuthorized", "fail", [f"{grant} {REGISTRY}"]),
        ("PipelineFound", status, recommendation),
    ]
    assert {(check["status"], check["message"]) for check in result.json[5:]} == {(status, message)}


def test_the_fix_names_the_blob_if_it_is_one_and_a_new_expiry(
    az: Az, mock: responses.RequestsMock
) -> None:
    azure = Azure(mock, IMPORT)
    azure.tell(SECRET, {"value": sas(se="2020-01-01T00:00:00Z")})
    headers = {"last-modified": "Tue, 03 Mar 2099 12:00:00 GMT", "content-md5": "bWQ1"}
    for name in ("myblob", "another"):
        azure.tell_blob(name, **headers)
    _, one = azure(az, "-b", "myblob")
    assert f"--https-only --expiry {in_a_month()} " in one["SasNotExpired"]["recommendation"][0]
    [command] = one["TriggerCategory"]["recommendation"]
    assert command == (
        "az storage blob metadata update --account-name mystorage --container-name transfer "
        "--name myblob --metadata category=acr-transfer-blob"
    )
    _, two = azure(az, "-b", "myblob", "another")
    assert two["TriggerCategory"]["recommendation"] == [command.replace("myblob", "BLOB")]


def test_in_a_cloud_without_suffixes_no_host_is_known(
    az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AZURE_PUBLIC_CLOUD.suffixes, "keyvault_dns", None)
    result, checks = azure(az)
    assert (result.exit_code, checks["SecretFound"]["status"]) == (0, "unknown")


def test_an_answer_that_lacks_something_is_unknown(az: Az, azure: Azure) -> None:
    azure.pipeline["properties"]["target"]["storageAccessMode"] = "ManagedIdentity"
    azure.tell(f"{ARM}{CONTAINER}{AUTHORIZATION}/roleAssignments", {"value": [{}]})
    azure.tell(f"{ARM}{CONTAINER}{AUTHORIZATION}/denyAssignments", {})
    result, checks = azure(az)
    assert (result.exit_code, checks["StorageRole"]["status"]) == (0, "unknown")
    assert checks["StorageRole"]["message"] == "The answer lacks 'properties'."


def test_a_pipeline_without_a_container_leaves_the_rest_unknown(az: Az, azure: Azure) -> None:
    del azure.pipeline["properties"]["target"]
    result, checks = azure(az)
    unknown = [code for code, check in checks.items() if check["status"] != "pass"]
    codes = [
        "StorageAccountFound",
        "StorageAccountKind",
        "ContainerFound",
        "StorageNetwork",
        "StorageRole",
        "KeyVaultFound",
        "SecretFound",
        "SharedKeyAllowed",
    ]
    assert (result.exit_code, unknown) == (0, codes)
    assert {checks[code]["message"] for code in codes} == {
        "The service doesn't return the pipeline's container."
    }


def test_an_id_of_an_answer_leads_to_no_other_host(az: Az, azure: Azure) -> None:
    wanted = re.compile(re.escape(RESOURCES) + ".*mystorage")
    azure.tell(wanted, {"value": [{"id": ".evil.example/account", "name": "mystorage"}]})
    azure.tell(f"{ARM}/.evil.example/account", {}, status=404)
    check_name = f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage"
    azure.tell(f"{check_name}/checkNameAvailability", {"nameAvailable": True}, method="POST")
    _, checks = azure(az)
    assert checks["StorageAccountFound"]["status"] == "fail"
