"""Paths and names that are encoded: each means one thing, and is written as it was read."""

import hashlib
from urllib.parse import quote

import httpx
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.state.resource_ids import InvalidIdError, ResourceId
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.running import SUBSCRIPTION, VERSION, Emulator, Json
from tests.support.oci import RegistryClient

GROUPS = f"{SUBSCRIPTION}/resourceGroups"
#: What a name can't contain; the first two end a path, if it's decoded and read once more.
RESERVED = ["?", "#", "/", "\\", "%", "%3F", "%2F", "<", ">", "*", "&", ":", "\0", "\n", "\x7f"]
OTHER_SCRIPT = "группа-ß"


def raw(emulator: Emulator, method: str, path: str, body: Json | None = None) -> httpx.Response:
    """Call ARM with a path that is encoded already."""
    token = emulator.entra_token(PUBLIC.arm_audience)
    return emulator.http.request(
        method,
        f"{PUBLIC.arm_url}{path}?api-version={VERSION}",
        headers={"Authorization": f"Bearer {token}"},
        json=body,
    )


@pytest.mark.parametrize("text", RESERVED, ids=ascii)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_encoded_name_is_cut_to_another(emulator: Emulator, method: str, text: str) -> None:
    emulator.ok("PUT", f"{GROUPS}/victim", {"location": "westus"})
    name = quote(f"victim{text}x", safe="")
    answer = raw(emulator, method, f"{GROUPS}/{name}", {"location": "eastus"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestUri")
    assert emulator.ok("GET", f"{GROUPS}/victim")["location"] == "westus"


@pytest.mark.parametrize("path", ["/%ff", "/subscriptions/%C3", f"{GROUPS}/%ED%A0%80"])
def test_a_path_that_is_no_text_is_refused(emulator: Emulator, path: str) -> None:
    answer = raw(emulator, "GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestUri")


@pytest.mark.parametrize("segment", ["%2E", "%2e%2E"])
def test_no_segment_leads_elsewhere(emulator: Emulator, segment: str) -> None:
    answer = raw(emulator, "GET", f"{GROUPS}/{segment}/{segment}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestUri")


def test_names_of_every_script_can_be_followed(emulator: Emulator) -> None:
    group = f"{GROUPS}/{OTHER_SCRIPT}"
    provider = f"{group}/providers"
    assert emulator.ok("PUT", group, {"location": "westus"})["id"] == group
    registry = f"{provider}/Microsoft.ContainerRegistry/registries/everyscript"
    body = {"location": "westus", "sku": {"name": "Premium"}}
    made = emulator.arm("PUT", registry, body)
    operation = made.headers["azure-asyncoperation"]
    assert f"/resourceGroups/{quote(OTHER_SCRIPT)}/" in operation
    followed = raw(emulator, "GET", operation.removeprefix(PUBLIC.arm_url).partition("?")[0])
    assert followed.json() == {"status": "Succeeded"}
    identity = f"{provider}/Microsoft.ManagedIdentity/userAssignedIdentities/{OTHER_SCRIPT}"
    made = emulator.arm("PUT", identity, {"location": "westus"})
    assert made.status_code == 201
    assert emulator.ok("GET", made.headers["location"]) == made.json()
    deployment = f"{provider}/Microsoft.Resources/deployments/{OTHER_SCRIPT}"
    template = {
        "contentVersion": "1.0.0.0",
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "resources": [
            {
                "type": "Microsoft.ContainerRegistry/registries",
                "apiVersion": VERSION,
                "name": "everyscript2",
                **body,
            }
        ],
    }
    made = emulator.arm(
        "PUT", deployment, {"properties": {"mode": "Incremental", "template": template}}
    )
    assert made.status_code == 201
    assert quote(OTHER_SCRIPT) in made.headers["azure-asyncoperation"]
    deleted = emulator.arm("DELETE", registry)
    assert deleted.status_code == 202
    assert emulator.arm("DELETE", group).status_code == 200


def test_a_template_makes_no_name_that_no_path_could(emulator: Emulator) -> None:
    group = f"{GROUPS}/templated"
    emulator.ok("PUT", group, {"location": "westus"})
    template = {
        "contentVersion": "1.0.0.0",
        "resources": [
            {
                "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
                "apiVersion": "2024-11-30",
                "name": "name?x",
                "location": "westus",
            }
        ],
    }
    path = f"{group}/providers/Microsoft.Resources/deployments/named"
    emulator.ok("PUT", path, {"properties": {"mode": "Incremental", "template": template}})
    operations = emulator.ok("GET", f"{path}/operations")["value"]
    errors = [item["properties"]["statusMessage"]["error"]["code"] for item in operations]
    assert errors == ["InvalidTemplate"]
    assert emulator.ok("GET", f"{group}/resources") == {"value": []}


@pytest.mark.parametrize("version", ["now", "2024-11-01&x=y", "2024-11-01\r\nx: y", "٢٠٢٤-11-01"])
def test_an_api_version_is_one(emulator: Emulator, version: str) -> None:
    answer = emulator.arm("GET", GROUPS, version=version)
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        400,
        "InvalidApiVersionParameter",
    )


@pytest.mark.parametrize("location", ["west/us", "west?us", "%2F", "западus"])
def test_a_location_is_a_word(emulator: Emulator, location: str) -> None:
    emulator.ok("PUT", f"{GROUPS}/located", {"location": "westus"})
    body = {"location": location, "sku": {"name": "Premium"}}
    path = f"{GROUPS}/located/providers/Microsoft.ContainerRegistry/registries/located"
    answer = emulator.arm("PUT", path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        400,
        "LocationNotAvailableForResourceType",
    )


def test_a_secrets_name_is_one(emulator: Emulator) -> None:
    emulator.vault("encoded")
    bearer = {"Authorization": f"Bearer {emulator.entra_token(PUBLIC.vault_audience)}"}
    for name in ("a%3Fb", "a%2Fb%2Fc", "%D0%B3", "a_b", "%00"):
        url = f"{PUBLIC.vault_url('encoded')}/secrets/{name}?api-version=7.4"
        answer = emulator.http.put(url, headers=bearer, json={"value": "value"})
        assert (answer.status_code, list(answer.json())) in [(400, ["error"]), (404, ["error"])]


IDS = st.lists(st.text(min_size=1, max_size=8), max_size=6)


@given(segments=IDS)
def test_an_id_is_read_as_it_was_written(segments: list[str]) -> None:
    try:
        written = ResourceId(tuple(segments))
    except InvalidIdError:
        return
    assert ResourceId.parse(str(written)).segments == written.segments
    assert ResourceId.of_path(written.url_path.encode()).segments == written.segments


@given(segments=IDS.filter(bool), below=IDS)
def test_an_id_is_within_those_above_whatever_its_case(
    segments: list[str], below: list[str]
) -> None:
    try:
        scope, path = ResourceId(tuple(segments)), ResourceId((*segments, *below))
        other_case = ResourceId(tuple(segment.lower() for segment in segments))
    except InvalidIdError:
        return
    assert path.is_within(scope)
    assert path.is_within(other_case)
    assert scope == other_case
    assert scope.is_within(path) is (not below)


# --- a registry's host ---


@pytest.fixture(scope="module")
def secret_layer(emulator: Emulator) -> bytes:
    """A layer in a repository and in a registry that nobody below has a token for."""
    layer = b"not for everyone"
    for registry in ("ownregistry", "otherregistry"):
        emulator.registry(registry)
    emulator.client("otherregistry").push_blob("private", layer)
    emulator.client("ownregistry").push_blob("private", layer)
    return layer


@pytest.fixture
def own(emulator: Emulator, secret_layer: bytes) -> RegistryClient:
    del secret_layer
    return emulator.client("ownregistry")


PUSH = "repository:mine:pull,push"
TRAVERSALS = [
    "mine/blobs/..%2F..%2Fprivate%2Fblobs%2F{digest}",
    "mine/blobs/..%252F..%252Fprivate%252Fblobs%252F{digest}",
    "mine/manifests/..%252f..%252f..%252fotherregistry%252fprivate%252fblobs%252f{digest}",
    "mine%252F..%252Fprivate/blobs/{digest}",
    "mine/blobs/%2e%2e%2f%2e%2e%2fprivate%2fblobs%2f{digest}",
    "mine/blobs/..;/private/blobs/{digest}",
    "mine/blobs/{digest}%3Fx",
    "mine/blobs/{digest}%00",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_a_token_for_one_repository_reads_no_other(
    own: RegistryClient, secret_layer: bytes, path: str
) -> None:
    digest = f"sha256:{hashlib.sha256(secret_layer).hexdigest()}"
    answer = own.call("GET", f"/v2/{path.format(digest=digest)}", PUSH)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "NAME_INVALID")


MOUNTS = [
    # the query, with {d} for the digest
    "mount={d}&from=private",
    "mount={d}&from=../otherregistry/private",
    "mount={d}%26from%3Dotherregistry/private&from=mine",
    "mount={d}&from=mine&from=private",
    "mount={d}&from=private&from=mine",
    "from=mine&mount={d};from=private",
    "x=y;mount={d};from=otherregistry/private",
    "mount={d}&%66rom=private",
    "mount={d}&from=mine%2F..%2Fprivate",
    "mount={d}&from=..%2Fotherregistry%2Fprivate",
]


@pytest.mark.parametrize("query", MOUNTS)
def test_a_mount_takes_nothing_from_elsewhere(
    own: RegistryClient, secret_layer: bytes, query: str
) -> None:
    digest = f"sha256:{hashlib.sha256(secret_layer).hexdigest()}"
    path = f"/v2/mine/blobs/uploads/?{query.format(d=digest)}"
    scopes = (PUSH, "repository:../otherregistry/private:pull")
    assert own.call("POST", path, *scopes).status_code == 202
    assert own.call("GET", f"/v2/mine/blobs/{digest}", PUSH).status_code == 404


@pytest.mark.parametrize("source", ["ownregistry/private", "otherregistry/private"])
def test_no_form_is_taken_for_a_mount(
    own: RegistryClient, secret_layer: bytes, source: str
) -> None:
    digest = f"sha256:{hashlib.sha256(secret_layer).hexdigest()}"
    form = {"mount": digest, "from": source}
    assert own.call("POST", "/v2/mine/blobs/uploads/", PUSH, data=form).status_code == 202
    assert own.call("GET", f"/v2/mine/blobs/{digest}", PUSH).status_code == 404


def test_a_path_may_be_encoded_without_a_need(own: RegistryClient) -> None:
    everything = "repository:team/app:*"
    digest = own.push("team/app", "v1", layer=b"layer")
    encoded = quote(digest, safe="")
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    for path in (
        f"/v2/team%2Fapp/manifests/{encoded}",
        f"/acr/v1/team%2Fapp/_manifests/{encoded}",
        "/acr/v1/te%61m/app/_tags/v%31",
    ):
        assert own.call("GET", path, everything, headers=accept).status_code == 200, path


def test_a_delete_may_have_a_body(own: RegistryClient) -> None:
    digest = own.push("bodied", "v1", layer=b"layer")
    scope = "repository:bodied:*"
    path = f"/v2/bodied/manifests/{digest}"
    assert own.call("DELETE", path, scope, content=b"unasked").status_code == 202


def test_a_range_beyond_the_end_is_refused_in_the_registrys_words(own: RegistryClient) -> None:
    blob = own.push_blob("ranged", b"0123456789")
    headers = {"Range": "bytes=100-200"}
    answer = own.call(
        "GET", f"/v2/ranged/blobs/{blob['digest']}", "repository:ranged:pull", headers=headers
    )
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert answer.json()["errors"][0]["code"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/acr/v1/team/app", 405, "UNSUPPORTED"),
        ("POST", "/v2/team/app/manifests/v1", 405, "UNSUPPORTED"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/v2/_catalog/", 404, "NOT_FOUND"),
    ],
)
def test_what_no_route_takes_has_the_registrys_envelope(
    own: RegistryClient, method: str, path: str, status: int, code: str
) -> None:
    answer = own.call(method, path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
