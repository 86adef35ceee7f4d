"""check over answers of ARM, a vault and storage: what it asks, and what refusals come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from azure.cli.core.azclierror import AuthenticationError
from azure.cli.core.cloud import AZURE_PUBLIC_CLOUD
from knack.util import CLIError

from azext_acrtransfer.checks import contents, preflight, readings
from azext_acrtransfer.checks.readings import Reading
from azext_acrtransfer.checks.seen import Content, Layer
from azext_acrtransfer.descriptors import Manifest
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.values import Artifact
from tests import manifest_page
from tests.az import SUBSCRIPTION
from tests.unit.checked import PRINCIPAL, sas
from tests.unit.conftest import ARM, AT, REGISTRY, Az, pipeline, run

GROUP = REGISTRY.partition("/providers")[0]
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mystorage"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/transfer"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/myvault"
AUTHORIZATION = "/providers/Microsoft.Authorization"
STORAGE = "https://mystorage.blob.core.windows.net/transfer"
SECRET = "https://myvault.vault.azure.net/secrets/sas"
RESOURCES = f"{ARM}/subscriptions/{SUBSCRIPTION}/resources"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"

Json = dict[str, Any]


class Azure:
    """Answers by method and URL, any number of times; what was not told of is a test's mistake."""

    def __init__(self, mock: responses.RequestsMock, kind: PipelineKind = EXPORT) -> None:
        self._mock = mock
        self.pipeline = pipeline(kind)
        self.kind = kind
        self.tell(f"{ARM}{REGISTRY}", {"sku": {"name": "Premium"}, "properties": {}})
        self.tell(f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions", {"value": [{"actions": ["*"]}]})
        for name, found in (("mystorage", ACCOUNT), ("myvault", VAULT)):
            wanted = re.compile(re.escape(RESOURCES) + f".*{name}")
            self.tell(wanted, {"value": [{"id": found}]})
        self.tell(f"{ARM}{ACCOUNT}", {"id": ACCOUNT, "properties": {}})
        self.tell(f"{ARM}{CONTAINER}", {"id": CONTAINER})
        policy = {"objectId": PRINCIPAL, "permissions": {"secrets": ["get"]}}
        self.tell(f"{ARM}{VAULT}", {"id": VAULT, "properties": {"accessPolicies": [policy]}})
        value = sas(se="2099-01-01T00:00:00Z")
        self.tell(SECRET, {"value": value, "attributes": {"enabled": True}})
        self.tell(STORAGE, body="<EnumerationResults />")

    def tell(
        self, url: str | re.Pattern[str], json: Any = None, *, method: str = "GET", **more: Any
    ) -> None:
        """Answer a URL, in place of what was told before."""
        self._mock.remove(method, url)
        self._mock.add(method, url, **({"json": json} if json is not None else {}), **more)

    def __call__(self, az: Az, *argv: str) -> tuple[Any, dict[str, dict[str, str]]]:
        """Run the check; the result and the checks by their codes."""
        self.tell(f"{ARM}{REGISTRY}/{self.kind.resource_type}/mypipeline", self.pipeline)
        result = az("acr", self.kind.group, "check", *AT, "-n", "mypipeline", *argv)
        assert result.stdout, result.stderr
        return result, {check["code"]: check for check in result.json}


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def azure(mock: responses.RequestsMock) -> Azure:
    return Azure(mock)


def refused(action: str) -> Json:
    message = f"The client 'x' does not have authorization to perform action '{action}' over ..."
    return {"error": {"code": "AuthorizationFailed", "message": message}}


def test_all_that_is_there_passes(az: Az, azure: Azure) -> None:
    result, checks = azure(az)
    assert result.exit_code == 0, result.stderr
    assert {check["verdict"] for check in checks.values()} == {"pass"}
    assert "ERROR" not in result.stderr
    assert list(result.json[0]) == ["code", "found", "mend", "verdict"]


def test_no_part_of_a_secret_is_shown_not_even_with_debug(az: Az, azure: Azure) -> None:
    result, _ = azure(az, "--debug")
    assert result.exit_code == 0
    assert "c2VjcmV0" not in result.stdout + result.stderr


REFUSALS: list[tuple[str, int, Any, str, str]] = [
    (f"{ARM}{REGISTRY}", 403, refused("registries/read"), "RegistryFound", "registries/read"),
    (
        f"{ARM}{REGISTRY}{AUTHORIZATION}/permissions",
        403,
        refused("permissions/read"),
        *("CallerAllowed", "You lack the right to read it: permissions/read"),
    ),
    (f"{ARM}{ACCOUNT}", 403, refused("accounts/read"), "AccountFound", "accounts/read"),
    (f"{ARM}{CONTAINER}", 403, refused("containers/read"), "ContainerFound", "containers/read"),
    (f"{ARM}{VAULT}", 403, refused("vaults/read"), "SecretReadable", "vaults/read"),
    (
        SECRET,
        403,
        {"error": {"code": "Forbidden", "message": "no"}},
        *("SecretFound", "the permission get on secrets, or the role Key Vault Secrets User"),
    ),
    (
        f"{ARM}{CONTAINER}",
        500,
        {"error": {"code": "Oops", "message": "Sorry."}},
        "ContainerFound",
        "Sorry.",
    ),
]


@pytest.mark.parametrize(("url", "status", "body", "code", "found"), REFUSALS)
def test_a_refusal_is_unknown_and_fails_nothing(
    az: Az,
    azure: Azure,
    monkeypatch: pytest.MonkeyPatch,
    *,
    url: str,
    status: int,
    body: Any,
    code: str,
    found: str,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    azure.tell(url, body, status=status)
    azure.tell(SECRET.replace("/secrets/", "/deletedsecrets/"), {}, status=403)
    result, checks = azure(az)
    assert (result.exit_code, checks[code]["verdict"], checks[code]["mend"]) == (0, "unknown", "")
    assert found in checks[code]["found"]


def test_what_is_no_answer_of_the_service_is_unknown(az: Az, azure: Azure) -> None:
    azure.tell(f"{ARM}{CONTAINER}", body="<html>Sign in</html>", content_type="text/html")
    result, checks = azure(az)
    assert (result.exit_code, checks["ContainerFound"]["verdict"]) == (0, "unknown")
    assert (
        "management.azure.com answered 200 OK, with text/html" in checks["ContainerFound"]["found"]
    )


def test_a_host_that_cannot_be_reached_is_unknown(az: Az, azure: Azure) -> None:
    azure.tell(STORAGE, body=requests.ConnectionError("Failed to resolve"))
    result, checks = azure(az)
    assert (result.exit_code, checks["SasAccepted"]["verdict"]) == (0, "unknown")
    assert "It could not be asked: Failed to resolve" in checks["SasAccepted"]["found"]


@pytest.mark.parametrize(
    ("name", "namespace", "code"),
    [
        ("mystorage", "Microsoft.Storage", "AccountFound"),
        ("myvault", "Microsoft.KeyVault", "VaultFound"),
    ],
)
def test_a_name_that_others_have_is_unknown_and_a_free_one_a_failure(
    az: Az, azure: Azure, name: str, namespace: str, code: str
) -> None:
    azure.tell(re.compile(re.escape(RESOURCES) + f".*{name}"), {"value": []})
    check_name = f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/{namespace}/checkNameAvailability"
    taken = {"nameAvailable": False, "reason": "AlreadyExists"}
    azure.tell(check_name, taken, method="POST")
    _, checks = azure(az)
    assert checks[code]["verdict"] == "unknown"
    assert "you lack the role Reader on it" in checks[code]["found"]
    azure.tell(check_name, {"nameAvailable": True}, method="POST")
    _, checks = azure(az)
    assert checks[code]["verdict"] == "fail"
    azure.tell(check_name, refused("checkName/read"), method="POST", status=403)
    _, checks = azure(az)
    assert (checks[code]["verdict"], "checkName/read" in checks[code]["found"]) == ("unknown", True)


@pytest.mark.parametrize(
    ("status", "body", "code", "found"),
    [
        (
            403,
            {
                "error": {
                    "code": "Forbidden",
                    "message": "Operation get is not allowed on a disabled secret.",
                }
            },
            *("SecretEnabled", "It is disabled."),
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
    az: Az, azure: Azure, *, status: int, body: Json, code: str, found: str
) -> None:
    azure.tell(SECRET, body, status=status)
    azure.tell(SECRET.replace("/secrets/", "/deletedsecrets/"), {"recoveryId": "x"})
    result, checks = azure(az)
    assert (result.exit_code, checks[code]["verdict"], checks[code]["found"]) == (1, "fail", found)
    assert "SasWhole" not in checks


@pytest.mark.parametrize("place", ["uri", "keyVaultUri"])
def test_no_token_and_no_sas_goes_to_a_host_that_is_not_of_the_cloud(
    az: Az, azure: Azure, place: str
) -> None:
    side = azure.pipeline["properties"]["target"]
    side[place] = side[place].replace(".net", ".example")
    _, checks = azure(az, "-b", "myblob")
    code = {"uri": "BlobsFree", "keyVaultUri": "SecretFound"}[place]
    assert checks[code]["verdict"] == "unknown"
    assert "is not known to be of the active cloud: not asked." in checks[code]["found"]


def test_a_blob_is_looked_at_with_the_callers_own_role(az: Az, azure: Azure) -> None:
    azure.tell(f"{STORAGE}/my%20blob", method="HEAD", status=403)
    azure.tell(f"{STORAGE}/another", method="HEAD", status=404)
    result, checks = azure(az, "-b", "another")
    assert (result.exit_code, checks["BlobsFree"]["verdict"]) == (0, "pass")
    result, checks = azure(az, "-b", "my blob")
    assert checks["BlobsFree"]["verdict"] == "unknown"
    assert "Storage Blob Data Reader" in checks["BlobsFree"]["found"]


def test_the_identitys_roles_are_read_with_their_definitions(az: Az, azure: Azure) -> None:
    side = azure.pipeline["properties"]["target"]
    side["storageAccessMode"] = "ManagedIdentity"
    azure.pipeline["identity"] = {
        "type": "userAssigned",
        "userAssignedIdentities": {IDENTITY: {"principalId": PRINCIPAL, "clientId": "c"}},
    }
    definition = f"/subscriptions/{SUBSCRIPTION}{AUTHORIZATION}/roleDefinitions/one"
    given = {"roleDefinitionId": definition, "scope": GROUP, "principalId": PRINCIPAL}
    azure.tell(
        f"{ARM}{CONTAINER}{AUTHORIZATION}/roleAssignments", {"value": [{"properties": given}]}
    )
    azure.tell(f"{ARM}{CONTAINER}{AUTHORIZATION}/denyAssignments", {"value": []})
    actions = ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"]
    role = {"roleName": "Mover", "permissions": [{"dataActions": actions, "notDataActions": []}]}
    azure.tell(f"{ARM}{definition}", {"properties": role})
    azure.tell(f"{ARM}{IDENTITY}", {"id": IDENTITY})
    result, checks = azure(az)
    assert (result.exit_code, checks["StorageRole"]["found"]) == (0, f"Mover at {GROUP}")
    assert "VaultFound" not in checks

    denial = {"properties": {"denyAssignmentName": "Locked"}}
    azure.tell(f"{ARM}{CONTAINER}{AUTHORIZATION}/denyAssignments", {"value": [denial]})
    azure.tell(f"{ARM}{IDENTITY}", {"error": {"code": "ResourceNotFound"}}, status=404)
    result, checks = azure(az)
    assert checks["StorageRole"]["verdict"] == "warning"
    assert checks["PipelineIdentity"]["verdict"] == "fail"


def test_a_pipeline_without_identity_is_not_asked_about_its_roles(az: Az, azure: Azure) -> None:
    azure.pipeline["identity"] = {"type": "None"}
    azure.pipeline["properties"]["target"]["storageAccessMode"] = "ManagedIdentity"
    result, checks = azure(az)
    assert (result.exit_code, checks["PipelineIdentity"]["verdict"]) == (1, "fail")
    assert checks["StorageRole"]["verdict"] == "fail"


def test_a_table_shows_what_mends(az: Az, azure: Azure) -> None:
    azure.tell(f"{ARM}{REGISTRY}", {"sku": {"name": "Basic"}, "properties": {}})
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", azure.pipeline)
    result = az("acr", "export-pipeline", "check", *AT, "-n", "mypipeline", "-o", "table")
    assert result.exit_code == 1
    title, _, _, line, *_ = result.stdout.splitlines()
    assert title.split() == ["Code", "Verdict", "Found", "Mend"]
    mend = "az acr update --name myregistry --sku Premium"
    assert line.split(maxsplit=2)[:2] == ["RegistryPremium", "fail"]
    assert line.endswith(mend)
    assert result.stderr.endswith(
        f"1 of 25 checks failed:\nRegistryPremium: The SKU is Basic.\n{mend}\n"
    )


class Registry:
    """Manifests by their references."""

    def __init__(self, **documents: Json) -> None:
        self._documents = documents

    def prepare_to_pull(self, _: Any) -> None:
        """No token is needed."""

    def manifest(self, artifact: Artifact) -> Manifest | None:
        """One of them."""
        found = self._documents.get(artifact.reference)
        return Manifest(f"sha256:{artifact.reference}", "x", 1, found) if found else None


def layer(digest: str, **more: Any) -> Json:
    return {
        "digest": digest,
        "size": 5,
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
    } | more


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        ({}, None),
        ({"v1": {"layers": [layer("a")]}}, (Layer("a", 5),)),
        ({"v1": {"layers": [layer("a", urls=["https://x.example"])]}}, (Layer("a", 5, True),)),
        (
            {
                "v1": {
                    "layers": [layer("a", mediaType="application/vnd.docker.image.rootfs.foreign")]
                }
            },
            (Layer("a", 5, True),),
        ),
        (
            {"v1": {"layers": [layer("a", mediaType="x/vnd.oci.image.layer.nondistributable.v1")]}},
            (Layer("a", 5, True),),
        ),
        (
            {
                "v1": {"manifests": [{"digest": "b"}, {"digest": "gone"}]},
                "b": {"layers": [layer("c"), layer("d")]},
            },
            (Layer("c", 5), Layer("d", 5)),
        ),
        ({"v1": {"manifests": [{"digest": "v1"}]}}, ()),
    ],
)
def test_the_layers_of_all_platforms_count(
    documents: Json, found: tuple[Layer, ...] | None
) -> None:
    artifact = Artifact("hello", "v1")
    read = contents.read_contents(Registry(**documents), [artifact])  # type: ignore[arg-type]
    assert read[artifact].found == (None if found is None else Content("sha256:v1", found))


@pytest.mark.parametrize("kind", [EXPORT, IMPORT], ids=lambda kind: kind.name)
def test_a_manifest_names_what_is_to_be_checked(
    az: Az,
    mock: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: PipelineKind,
) -> None:
    asked: list[Artifact] = []

    def read(_: Any, artifacts: Sequence[Artifact]) -> dict[Artifact, Reading[Content]]:
        asked.extend(artifacts)
        return {artifact: Reading(Content("sha256:other")) for artifact in artifacts}

    monkeypatch.setattr(preflight, "read_contents", read)
    manifest = manifest_page.EXPORT
    file = tmp_path / "manifest.json"
    file.write_text(manifest.to_json())
    azure = Azure(mock, kind)
    for each in manifest.runs:
        azure.tell(f"{STORAGE}/{each.blob}", method="HEAD", status=404)
    result, checks = azure(az, "--manifest", str(file))
    if kind is EXPORT:
        assert asked == [entry.artifact for entry in manifest.entries]
        assert (result.exit_code, checks["ArtifactsFound"]["verdict"]) == (0, "pass")
        return
    went = [entry.artifact for entry in manifest.entries if not entry.is_left]
    assert (asked, result.exit_code) == (went, 1)
    assert (
        checks["BlobsFound"]["found"] == f"Not there: {', '.join(r.blob for r in manifest.runs)}."
    )
    names = ", ".join(map(str, went))
    assert checks["TagsFree"]["found"] == f"There with other content: {names}."


def create_run(az: Az, kind: PipelineKind) -> Any:
    line = ["acr", "pipeline-run", "create", *AT, "-n", "myrun01", "-p", "mypipeline", "--check"]
    content = ["-t", kind.name, "-b", "myblob"]
    return az(*line, *content, *(["-a", "hello:v1"] if kind is EXPORT else []))


def test_a_run_is_not_made_if_its_check_fails(
    az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = Artifact("hello", "v1")
    monkeypatch.setattr(preflight, "read_contents", lambda *_: {artifact: Reading()})
    azure.tell(f"{STORAGE}/myblob", method="HEAD", status=404)
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", azure.pipeline)
    result = create_run(az, EXPORT)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(
        "ERROR: 1 of 29 checks failed:\nArtifactsFound: Not there: hello:v1.\n"
        "az acr repository list --name myregistry --output table\n"
    )


def test_a_run_is_made_after_its_check_which_warns_of_what_is_unknown_too(
    az: Az, mock: responses.RequestsMock
) -> None:
    azure = Azure(mock, IMPORT)
    azure.pipeline["properties"]["trigger"] = {"sourceTrigger": {"status": "Enabled"}}
    soon = f"{datetime.now(timezone.utc) + timedelta(days=2):%Y-%m-%dT00:00:00Z}"
    azure.tell(SECRET, {"value": sas(se=soon), "attributes": {"enabled": True}})
    azure.tell(f"{STORAGE}/myblob", method="HEAD")
    azure.tell(f"{ARM}{CONTAINER}", refused("containers/read"), status=403)
    azure.tell(f"{ARM}{REGISTRY}/importPipelines/mypipeline", azure.pipeline)
    azure.tell(f"{ARM}{REGISTRY}/pipelineRuns/myrun01", run(IMPORT), method="PUT")
    result = create_run(az, IMPORT)
    assert (result.exit_code, result.json["name"]) == (0, "myrun01")
    assert result.stderr.splitlines()[1:] == [
        "WARNING: ContainerFound is unknown: You lack the right to read it: containers/read",
        f"WARNING: SasNotExpired: It expires at {soon}.",
    ]


def test_a_registry_that_lets_nobody_in_leaves_its_artifacts_unknown() -> None:
    class Closed(Registry):
        def prepare_to_pull(self, _: Any) -> None:
            raise CLIError("You may not. ?sv=1&sig=c2VjcmV0")

    artifact = Artifact("hello", "v1")
    read = contents.read_contents(Closed(), [artifact])  # type: ignore[arg-type]
    assert read == {artifact: Reading(why_not="You may not. ?sv=1&sig=***")}


def test_who_is_not_logged_in_is_told_so_and_no_more() -> None:
    def ask() -> None:
        raise AuthenticationError("Please run az login.")

    with pytest.raises(AuthenticationError):
        readings.read(ask, "a right")


def test_a_vault_by_roles_is_asked_for_the_roles_on_the_secret(az: Az, azure: Azure) -> None:
    by_roles = {"id": VAULT, "properties": {"enableRbacAuthorization": True}}
    azure.tell(f"{ARM}{VAULT}", by_roles)
    azure.tell(f"{ARM}{VAULT}/secrets/sas{AUTHORIZATION}/roleAssignments", {"value": []})
    result, checks = azure(az)
    assert (result.exit_code, checks["SecretReadable"]["verdict"]) == (1, "fail")
    assert '--role "Key Vault Secrets User"' in checks["SecretReadable"]["mend"]


def test_a_missing_pipeline_is_all_that_is_told(az: Az, azure: Azure) -> None:
    missing = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}
    azure.tell(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", missing, status=404)
    result = az("acr", "export-pipeline", "check", *AT, "-n", "mypipeline")
    assert [(check["code"], check["verdict"]) for check in result.json][-1] == (
        "PipelineFound",
        "fail",
    )
    assert result.exit_code == 1


def test_in_a_cloud_without_suffixes_no_host_is_known(
    az: Az, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AZURE_PUBLIC_CLOUD.suffixes, "keyvault_dns", None)
    result, checks = azure(az)
    assert (result.exit_code, checks["SecretFound"]["verdict"]) == (0, "unknown")


def test_an_answer_that_lacks_something_is_unknown(az: Az, azure: Azure) -> None:
    azure.pipeline["properties"]["target"]["storageAccessMode"] = "ManagedIdentity"
    azure.tell(f"{ARM}{CONTAINER}{AUTHORIZATION}/roleAssignments", {"value": [{}]})
    azure.tell(f"{ARM}{CONTAINER}{AUTHORIZATION}/denyAssignments", {})
    result, checks = azure(az)
    assert (result.exit_code, checks["StorageRole"]["verdict"]) == (0, "unknown")
    assert checks["StorageRole"]["found"] == "The answer lacks 'properties'."


def test_a_pipeline_that_tells_no_container_leaves_the_rest_unknown(az: Az, azure: Azure) -> None:
    del azure.pipeline["properties"]["target"]
    result, checks = azure(az)
    unknown = [code for code, check in checks.items() if check["verdict"] != "pass"]
    codes = ["AccountFound", "StorageRole", "VaultFound", "SecretFound", "SharedKeyAllowed"]
    assert (result.exit_code, unknown) == (0, codes)
    assert {checks[code]["found"] for code in codes} == {
        "The service does not tell the pipeline's container."
    }


def test_an_id_of_an_answer_leads_to_no_other_host(az: Az, azure: Azure) -> None:
    wanted = re.compile(re.escape(RESOURCES) + ".*mystorage")
    azure.tell(wanted, {"value": [{"id": ".evil.example/account"}]})
    azure.tell(f"{ARM}/.evil.example/account", {}, status=404)
    check_name = f"{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage"
    azure.tell(f"{check_name}/checkNameAvailability", {"nameAvailable": True}, method="POST")
    _, checks = azure(az)
    assert checks["AccountFound"]["verdict"] == "fail"
