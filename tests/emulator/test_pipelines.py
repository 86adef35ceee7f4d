"""Export and import pipelines in ARM: the recorded exchanges, and what is refused."""

import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.runs.pipelines import EXPORT, IMPORT, KINDS, PipelineKind

from tests.emulator.running import GROUP, REGISTRIES, Emulator, Json
from tests.support.emulator_wording import ABOUT_NOT_FOUND

CONTAINER = "https://acct.blob.core.windows.net/container"
SECRET = "https://kv.vault.azure.net/secrets/sas"
SYSTEM = {"type": "SystemAssigned"}
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.collection)
def kind(request: pytest.FixtureRequest, emulator: Emulator) -> PipelineKind:
    emulator.registry("pipes")
    actual: PipelineKind = request.param
    return actual


def path(kind: PipelineKind, name: str = "pipeline1") -> str:
    return f"pipes/{kind.collection}/{name}"


def body(kind: PipelineKind, identity: Json | None = None, **container: str) -> Json:
    location = {"type": "AzureStorageBlobContainer", "uri": CONTAINER, **container}
    return {"identity": identity or SYSTEM, "properties": {kind.side: location}}


def identity_of(emulator: Emulator, name: str) -> Json:
    return emulator.ok("PUT", f"{IDENTITIES}/{name}", {"location": "westus"})


GROUPS_OF_VERSIONS = [
    # the requested version, the first and the last version that the answer names
    ("2019-12-01-preview", "2019-12-01-preview", "2025-09-01-preview"),
    ("2025-09-01-preview", "2019-12-01-preview", "2025-09-01-preview"),
    ("2025-06-01-preview", "2025-06-01-preview", "2026-09-01-preview"),
    ("2026-09-01-PREVIEW", "2025-06-01-preview", "2026-09-01-preview"),
]


@pytest.mark.parametrize(("version", "first", "last"), GROUPS_OF_VERSIONS)
def test_an_answer_names_the_versions_of_its_group(
    emulator: Emulator, kind: PipelineKind, version: str, first: str, last: str
) -> None:
    for collection in (kind.collection, "pipelineRuns"):
        answer = emulator.arm("GET", f"pipes/{collection}", version=version)
        assert answer.status_code == 200, answer.text
        versions = answer.headers["api-supported-versions"].split(", ")
        assert (versions[0], versions[-1]) == (first, last)


def test_a_stable_version_has_no_transfers(emulator: Emulator, kind: PipelineKind) -> None:
    answer = emulator.arm("GET", f"pipes/{kind.collection}", version="2025-11-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        400,
        "NoRegisteredProviderFound",
    )
    assert emulator.arm("GET", "pipes", version="2025-11-01").status_code == 200


def test_a_location_comes_back_in_upper_case(emulator: Emulator, kind: PipelineKind) -> None:
    answer = emulator.ok(
        "PUT", path(kind, "located"), {**body(kind, **MODES[0]), "location": "West US 2"}
    )
    assert list(answer)[:3] == ["type", "location", "identity"]
    assert answer["location"] == "WESTUS2"


MODES: list[Json] = [
    {"storageAccessMode": "ManagedIdentity"},
    {"keyVaultUri": SECRET, "storageAccessMode": "SasToken"},
]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode["storageAccessMode"])
def test_a_pipeline_is_answered_as_recorded(
    emulator: Emulator, kind: PipelineKind, mode: Json
) -> None:
    name = f"recorded{mode['storageAccessMode']}"
    created = emulator.arm("PUT", path(kind, name), body(kind, **mode))
    assert created.status_code == 200
    assert "azure-asyncoperation" not in created.headers
    assert created.headers["api-supported-versions"].startswith("2025-06-01-preview, ")
    answer = created.json()
    principal = answer["identity"]["principalId"]
    trigger = {"trigger": {"sourceTrigger": {"status": "Enabled"}}} if kind is IMPORT else {}
    assert answer == {
        "type": f"Microsoft.ContainerRegistry/registries/{kind.collection}",
        "identity": {
            "principalId": principal,
            "tenantId": PUBLIC.tenant_id,
            "type": "systemAssigned",
        },
        "id": f"{REGISTRIES}/{path(kind, name)}",
        "name": name,
        "systemData": answer["systemData"],
        "properties": {
            kind.side: {"type": "AzureStorageBlobContainer", "uri": CONTAINER, **mode},
            **trigger,
            "provisioningState": "Succeeded",
        },
    }
    assert list(answer) == ["type", "identity", "id", "name", "systemData", "properties"]
    assert list(answer["properties"][kind.side]) == ["type", "uri", *mode]
    assert emulator.ok("GET", path(kind, name)) == answer
    assert answer in emulator.ok("GET", f"pipes/{kind.collection}")["value"]
    deleted = emulator.arm("DELETE", path(kind, name))
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert emulator.arm("DELETE", path(kind, name)).status_code == 204


def test_missing_pipelines_and_registries(emulator: Emulator, kind: PipelineKind) -> None:
    missing = emulator.arm("GET", path(kind, "nothing"))
    assert missing.status_code == 404
    assert missing.json()["error"] == {
        "code": "ResourceNotFound",
        "message": "The Resource "
        f"'Microsoft.ContainerRegistry/registries/pipes/{kind.collection}/nothing' "
        f"under resource group 'group' was not found. {ABOUT_NOT_FOUND}",
    }
    for method in ("GET", "PUT", "DELETE"):
        answer = emulator.arm(method, f"nowhere/{kind.collection}/pipeline1", body(kind))
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "ParentResourceNotFound"


def test_an_empty_list_is_just_that(emulator: Emulator, kind: PipelineKind) -> None:
    emulator.registry("empty")
    assert emulator.arm("GET", f"empty/{kind.collection}").content == b'{"value":[]}'


def test_user_assigned_identities(emulator: Emulator, kind: PipelineKind) -> None:
    user = identity_of(emulator, "user")
    requested = {"type": "UserAssigned", "userAssignedIdentities": {user["id"]: {}}}
    answer = emulator.ok("PUT", path(kind, "withuser"), body(kind, requested, **MODES[0]))
    known = {key: user["properties"][key] for key in ("principalId", "clientId")}
    assert answer["identity"] == {
        "type": "userAssigned",
        "userAssignedIdentities": {user["id"]: known},
    }
    both = {**requested, "type": "SystemAssigned, UserAssigned"}
    answer = emulator.ok("PUT", path(kind, "withuser"), body(kind, both, **MODES[0]))
    assert answer["identity"]["type"] == "systemAssigned, userAssigned"
    assert answer["identity"]["principalId"] != known["principalId"]


def test_a_system_identity_outlives_updates(emulator: Emulator, kind: PipelineKind) -> None:
    first = emulator.ok("PUT", path(kind, "stable"), body(kind, **MODES[0]))
    second = emulator.ok("PUT", path(kind, "stable"), body(kind, **MODES[1]))
    assert second["identity"] == first["identity"]
    assert second["systemData"]["createdAt"] == first["systemData"]["createdAt"]
    assert second["properties"][kind.side]["storageAccessMode"] == "SasToken"
    emulator.ok("DELETE", path(kind, "stable"))
    third = emulator.ok("PUT", path(kind, "stable"), body(kind, **MODES[0]))
    assert third["identity"]["principalId"] != first["identity"]["principalId"]


def test_what_is_left_open(emulator: Emulator, kind: PipelineKind) -> None:
    """Older scripts send no mode; templates send empty strings."""
    location = {"type": "", "uri": CONTAINER, "keyVaultUri": SECRET, "storageAccessMode": ""}
    requested = {
        "location": "westus",
        "identity": SYSTEM,
        "properties": {
            kind.side: location,
            "options": [kind.options[0].lower(), "ContinueOnErrors"],
        },
    }
    answer = emulator.ok("PUT", path(kind, "open1"), requested)
    assert answer["location"] == "WESTUS"
    assert answer["properties"][kind.side] == {
        "type": "AzureStorageBlobContainer",
        "uri": CONTAINER,
        "keyVaultUri": SECRET,
        "storageAccessMode": "SasToken",
    }
    assert answer["properties"]["options"] == [kind.options[0], "ContinueOnErrors"]


def test_older_api_versions_know_no_access_mode(emulator: Emulator, kind: PipelineKind) -> None:
    older = "2019-12-01-preview"
    answer = emulator.arm("PUT", path(kind, "older"), body(kind, keyVaultUri=SECRET), older)
    assert answer.status_code == 200
    assert list(answer.json()["properties"][kind.side]) == ["type", "uri", "keyVaultUri"]
    refused = emulator.arm("PUT", path(kind, "older"), body(kind, **MODES[0]), older)
    assert refused.status_code == 400
    assert "2025-06-01-preview or later" in refused.json()["error"]["message"]


def test_the_trigger_can_be_off(emulator: Emulator) -> None:
    emulator.registry("pipes")
    requested = body(IMPORT, **MODES[0])
    requested["properties"]["trigger"] = {"sourceTrigger": {"status": "disabled"}}
    answer = emulator.ok("PUT", path(IMPORT, "untriggered"), requested)
    assert answer["properties"]["trigger"] == {"sourceTrigger": {"status": "Disabled"}}


REFUSALS = [
    # what is wrong, name, changes to a good body's container, to its properties, its identity
    ("short", "abcd", {}, {}, {}),
    ("long", "a" * 51, {}, {}, {}),
    ("underscore", "pipe_line", {}, {}, {}),
    ("no secret", "pipeline2", {"storageAccessMode": "SasToken"}, {}, {}),
    ("no uri", "pipeline2", {"uri": ""}, {}, {}),
    ("wrong type", "pipeline2", {"type": "AzureStorageBlob"}, {}, {}),
    ("wrong mode", "pipeline2", {"storageAccessMode": "AccountKey"}, {}, {}),
    ("wrong option", "pipeline2", {}, {"options": ["Overwrite"]}, {}),
    ("no identity type", "pipeline2", {}, {}, {"type": "Assigned"}),
    ("no identity", "pipeline2", {}, {}, {"type": "UserAssigned"}),
    (
        "missing identity",
        "pipeline2",
        {},
        {},
        {"type": "UserAssigned", "userAssignedIdentities": {f"{IDENTITIES}/nobody": {}}},
    ),
]


@pytest.mark.parametrize(
    ("name", "container", "properties", "identity"),
    [row[1:] for row in REFUSALS],
    ids=[row[0] for row in REFUSALS],
)
def test_a_bad_pipeline_is_refused(
    emulator: Emulator,
    kind: PipelineKind,
    name: str,
    container: Json,
    properties: Json,
    identity: Json,
) -> None:
    requested = body(kind, identity or SYSTEM, **{**MODES[0], **container})
    requested["properties"].update(properties)
    answer = emulator.arm("PUT", path(kind, name), requested)
    assert answer.status_code == 400
    assert list(answer.json()["error"]) == ["code", "message"]
    assert emulator.arm("GET", path(kind, name)).status_code == 404


def test_the_container_is_required(emulator: Emulator, kind: PipelineKind) -> None:
    answer = emulator.arm("PUT", path(kind), {"identity": SYSTEM, "properties": {}})
    assert answer.status_code == 400
    assert f"'properties.{kind.side}' is required" in answer.json()["error"]["message"]


@pytest.mark.parametrize("sku", ["Basic", "Standard"])
def test_only_premium_registries_transfer(emulator: Emulator, kind: PipelineKind, sku: str) -> None:
    emulator.registry(sku.lower(), sku={"name": sku})
    answer = emulator.arm("PUT", f"{sku.lower()}/{kind.collection}/pipeline1", body(kind))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "SkuNotSupported")


def test_the_kinds_differ_in_options(emulator: Emulator) -> None:
    emulator.registry("pipes")
    for kind, option in ((EXPORT, "OverwriteTags"), (IMPORT, "OverwriteBlobs")):
        requested = body(kind, **MODES[0])
        requested["properties"]["options"] = [option]
        assert emulator.arm("PUT", path(kind), requested).status_code == 400
