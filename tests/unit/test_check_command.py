"""check over answers of ARM, a vault and storage: what it asks, and what refusals come to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from azext_acrtransfer.checks import contents
from azext_acrtransfer.checks.seen import Content, Layer
from azext_acrtransfer.descriptors import Manifest
from azext_acrtransfer.kinds import EXPORT, PipelineKind
from azext_acrtransfer.values import Artifact
from tests.az import SUBSCRIPTION
from tests.unit.checked import PRINCIPAL, sas
from tests.unit.conftest import ARM, AT, REGISTRY, Az, pipeline

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
def azure() -> Iterator[Azure]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Azure(mock)


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
