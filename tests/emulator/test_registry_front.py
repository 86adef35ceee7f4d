"""The data plane of a registry, call by call."""

import base64
import hashlib
import socket
import ssl
import time
from contextlib import ExitStack
from typing import Any

import httpx
import jwt
import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.registry.front import passthrough

from tests.emulator.guests import ROLE_IDS
from tests.emulator.running import REGISTRIES, Emulator
from tests.support.oci import DOCKER_MANIFEST, MANIFEST, RegistryClient, digest_of

DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"

CATALOG = "registry:catalog:*"
GUID = "00000000-0000-0000-0000-000000000000"
HOST = "fronttest.azurecr.io"
READ = "repository:team/app:metadata_read"
PULL = "repository:team/app:pull"
PUSH = "repository:team/app:push"
DELETE = "repository:team/app:delete,metadata_read"


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> RegistryClient:
    """A registry with two tags of one image and one of another, and a second repository."""
    emulator.registry("fronttest", properties={"adminUserEnabled": True})
    client = emulator.client("fronttest")
    client.push("team/app", "v1", layer=b"one")
    client.push("team/app", "also-v1", layer=b"one")
    client.push("team/app", "v2", layer=b"two")
    client.push("tools", "latest", layer=b"three")
    return client


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def test_the_challenge_is_the_one_that_az_can_split(client: RegistryClient) -> None:
    answer = client.call("GET", "/v2/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="https://{HOST}/oauth2/token",service="{HOST}"'
    )
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"


REFUSED = [
    # what is requested, with which scopes, the scope that the challenge requests
    ("GET", "/v2/_catalog", (), CATALOG),
    ("GET", "/v2/_catalog", (PULL,), CATALOG),
    ("GET", "/v2/team/app/manifests/v1", (READ,), PULL),
    ("GET", "/v2/team/app/manifests/v1", ("repository:team/other:pull",), PULL),
    ("POST", "/v2/team/app/blobs/uploads/", (PULL,), "repository:team/app:pull,push"),
    ("PUT", "/v2/team/app/manifests/v1", (PULL,), "repository:team/app:pull,push"),
    ("DELETE", "/v2/team/app/manifests/sha256:00", (PULL,), "repository:team/app:delete"),
    ("GET", "/acr/v1/team/app/_tags", (PULL,), READ),
    ("DELETE", "/acr/v1/team/app", (READ,), "repository:team/app:delete"),
]


@pytest.mark.parametrize(("method", "path", "scopes", "requested"), REFUSED)
def test_a_token_allows_its_scopes_and_no_more(
    client: RegistryClient, method: str, path: str, scopes: tuple[str, ...], requested: str
) -> None:
    answer = client.call(method, path, *scopes)
    assert answer.status_code == 401
    kind, name, actions = requested.split(":")
    assert answer.json() == {
        "errors": [
            {
                "code": "UNAUTHORIZED",
                "message": "authentication required",
                "detail": [
                    {"Type": kind, "Name": name, "Action": action} for action in actions.split(",")
                ],
            }
        ]
    }
    assert f'scope="{requested}"' in answer.headers["WWW-Authenticate"]


def test_an_access_token_carries_its_access(client: RegistryClient) -> None:
    claims = jwt.decode(client.token(PULL), options={"verify_signature": False})
    assert claims["access"] == [{"type": "repository", "name": "team/app", "actions": ["pull"]}]
    assert (claims["aud"], claims["grant_type"]) == (HOST, "access_token")


PUSH = "repository:team/app:push"
ROLES = [
    # role, the scopes that it grants of those requested
    ("", []),
    ("7f951dda-4ed3-4680-a7ca-43fe172d538d", [CATALOG, READ, PULL]),
    ("8311e382-0749-4cb8-b61a-304f252e45ec", [CATALOG, READ, PULL, PUSH]),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", [CATALOG, READ, PULL]),
    ("bf94e731-3a51-4a7c-8c54-a1ab9971dfc1", []),
    (
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        [CATALOG, READ, PULL, PUSH, "repository:team/app:delete"],
    ),
]


@pytest.mark.parametrize(("role", "granted"), ROLES)
@pytest.mark.usefixtures("client")
def test_a_principal_may_do_what_its_roles_on_the_registry_say(
    emulator: Emulator, role: str, granted: list[str]
) -> None:
    guest, _ = emulator.instance.directory.add_application("guest")
    if role:
        emulator.grant(guest.object_id, role, f"{REGISTRIES}/fronttest")
    its = emulator.client("fronttest", guest)
    requested = [CATALOG, READ, PULL, PUSH, "repository:team/app:delete"]
    claims = jwt.decode(its.token(*requested), options={"verify_signature": False})
    assert [":".join([a["type"], a["name"], *a["actions"]]) for a in claims["access"]] == granted
    status = 200 if CATALOG in granted else 401
    with_password = basic(GUID, its.refresh_token)
    assert its.call("GET", "/v2/_catalog", CATALOG).status_code == status
    assert its.call("GET", "/v2/_catalog", headers=with_password).status_code == status


def test_another_registrys_token_is_refused(emulator: Emulator, client: RegistryClient) -> None:
    emulator.registry("fronttest2")
    token = emulator.client("fronttest2").token(PULL)
    answer = client.call("GET", "/v2/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_an_access_token_expires_by_the_emulators_clock(emulator: Emulator) -> None:
    emulator.registry("fronttest3")
    client = emulator.client("fronttest3")
    token = {"Authorization": f"Bearer {client.token(CATALOG)}"}
    assert client.call("GET", "/v2/", headers=token).status_code == 200
    emulator.instance.clock.advance(76 * 60)
    assert client.call("GET", "/v2/", headers=token).status_code == 401


EXCHANGES = [
    # fields that differ from a good request, the status
    ({}, 200),
    ({"access_token": "nonsense"}, 401),
    ({"service": "other.azurecr.io"}, 400),
    ({"grant_type": "refresh_token"}, 400),
    ({"access_token": ""}, 400),
]


@pytest.mark.parametrize(("fields", "status"), EXCHANGES)
def test_an_entra_token_is_exchanged(
    emulator: Emulator, client: RegistryClient, fields: dict[str, str], status: int
) -> None:
    form = {
        "grant_type": "access_token",
        "service": HOST,
        "tenant": PUBLIC.tenant_id,
        "access_token": emulator.entra_token(PUBLIC.registry_audience),
        **fields,
    }
    answer = client.call("POST", "/oauth2/exchange", data=form)
    assert answer.status_code == status
    assert list(answer.json()) == (["refresh_token"] if status == 200 else ["errors"])


@pytest.mark.parametrize("path", ["exchange", "token"])
def test_a_form_that_is_no_text_is_refused(client: RegistryClient, path: str) -> None:
    answer = client.call("POST", f"/oauth2/{path}", content=b"service=\xff")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "INVALID_SERVICE")


def test_the_admin_user_logs_in(emulator: Emulator, client: RegistryClient) -> None:
    credentials = emulator.ok("POST", "fronttest/listCredentials")
    good = basic(credentials["username"], credentials["passwords"][1]["value"])
    form = {"grant_type": "password", "service": HOST, "scope": CATALOG, "username": "fronttest"}
    for password, status in ((credentials["passwords"][0]["value"], 200), ("wrong", 401)):
        answer = client.call("POST", "/oauth2/token", data={**form, "password": password})
        assert answer.status_code == status
    assert client.call("GET", "/v2/_catalog", headers=good).status_code == 200
    assert client.call("GET", "/v2/", headers=basic("fronttest", "x")).status_code == 401


def test_a_refresh_token_works_as_a_password(client: RegistryClient) -> None:
    """As `docker login` and `skopeo --creds` use what `az acr login --expose-token` prints."""
    answer = client.call(
        "GET",
        "/oauth2/token",
        headers=basic(GUID, client.refresh_token),
        params={"service": HOST, "scope": PULL},
    )
    assert answer.status_code == 200
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.call("GET", "/v2/team/app/tags/list", headers=token).status_code == 200
    wrong = client.call("GET", "/oauth2/token", headers=basic(GUID, "nonsense"))
    assert wrong.status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_service_principal_gets_a_token_for_its_secret(
    emulator: Emulator, client: RegistryClient, method: str
) -> None:
    """As `docker login` and `skopeo login` do; it has the rights of its roles."""
    guest, secret = emulator.instance.directory.add_application("guest")
    emulator.grant(guest.object_id, ROLE_IDS["AcrPull"], f"{REGISTRIES}/fronttest")
    fields = {"service": HOST, "scope": f"{PULL} {PUSH}"}
    answers = []
    for password in (secret, "wrong"):
        login = {"username": guest.application_id.upper(), "password": password}
        request: dict[str, Any] = {"data": {**fields, **login, "grant_type": "password"}}
        if method == "GET":
            request = {"params": fields, "headers": basic(*login.values())}
        answers.append(client.call(method, "/oauth2/token", **request))
    assert [answer.status_code for answer in answers] == [200, 401]
    token = answers[0].json()["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["access"] == [{"type": "repository", "name": "team/app", "actions": ["pull"]}]


def test_a_service_principals_secret_is_accepted_at_every_path(
    emulator: Emulator, client: RegistryClient
) -> None:
    guest, secret = emulator.instance.directory.add_application("guest")
    emulator.grant(guest.object_id, ROLE_IDS["AcrPull"], f"{REGISTRIES}/fronttest")
    listing, upload = "/v2/team/app/tags/list", "/v2/team/app/blobs/uploads/"
    login = basic(guest.application_id, secret)
    assert client.call("GET", listing, headers=login).status_code == 200
    assert client.call("POST", upload, headers=login).status_code == 401
    wrong = basic(guest.application_id, "wrong")
    assert client.call("GET", listing, headers=wrong).status_code == 401


def test_nobody_logs_in_by_an_object_id_or_without_a_secret(
    emulator: Emulator, client: RegistryClient
) -> None:
    guest, secret = emulator.instance.directory.add_application("guest")
    managed = emulator.instance.directory.add("managed identity")
    for user, password in ((guest.object_id, secret), (managed.application_id, "")):
        answer = client.call("GET", "/v2/", headers=basic(user, password))
        assert answer.status_code == 401


def test_anybody_pulls_where_that_is_switched_on(emulator: Emulator) -> None:
    emulator.registry("fronttest8")
    client = emulator.client("fronttest8")
    client.push("open", "v1", layer=b"x")
    asking = {"service": "fronttest8.azurecr.io", "scope": "repository:open:pull,push"}
    closed = client.call("GET", "/oauth2/token", params=asking)
    assert (closed.status_code, closed.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")
    emulator.ok("PATCH", "fronttest8", {"properties": {"anonymousPullEnabled": True}})
    assert client.call("GET", "/v2/open/manifests/v1").status_code == 401
    token = client.call("GET", "/oauth2/token", params=asking).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}", "Accept": MANIFEST}
    assert client.call("GET", "/v2/open/manifests/v1", headers=bearer).status_code == 200
    push = client.call("POST", "/v2/open/blobs/uploads/", headers=bearer)
    assert push.status_code == 401
    catalog = client.call("GET", "/oauth2/token", params={"scope": CATALOG}).json()["access_token"]
    listing = {"Authorization": f"Bearer {catalog}"}
    assert client.call("GET", "/v2/_catalog", headers=listing).status_code == 401


PAGES = [
    # path, scope, key, the names on each page of two
    ("/v2/_catalog", CATALOG, "repositories", [["team/app", "tools"]]),
    ("/v2/team/app/tags/list", PULL, "tags", [["also-v1", "v1"], ["v2"]]),
    ("/acr/v1/team/app/_tags", READ, "tags", [["also-v1", "v1"], ["v2"]]),
    ("/acr/v1/team/app/_tags?orderby=timeasc", READ, "tags", [["v1", "also-v1"], ["v2"]]),
    ("/acr/v1/team/app/_tags?orderby=timedesc", READ, "tags", [["v2", "also-v1"], ["v1"]]),
]


@pytest.mark.parametrize(("path", "scope", "key", "pages"), PAGES)
def test_listings_come_in_pages(
    client: RegistryClient, path: str, scope: str, key: str, pages: list[list[str]]
) -> None:
    actual = []
    following: str | None = f"{path}{'&' if '?' in path else '?'}n=2"
    while following:
        answer = client.call("GET", following, scope)
        items = answer.json()[key]
        actual.append([item if isinstance(item, str) else item["name"] for item in items])
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        following = link[1 : link.index(">")] if link else None
    assert actual == pages


@pytest.mark.parametrize("size", ["0", "-1", "two"])
def test_a_page_has_a_size(client: RegistryClient, size: str) -> None:
    answer = client.call("GET", f"/v2/_catalog?n={size}", CATALOG)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "PAGINATION_NUMBER_INVALID"


def test_attributes_count_tags_and_manifests(client: RegistryClient) -> None:
    repository = client.call("GET", "/acr/v1/team/app", READ).json()
    assert (repository["registry"], repository["imageName"]) == (HOST, "team/app")
    assert (repository["tagCount"], repository["manifestCount"]) == (3, 2)
    tag = client.call("GET", "/acr/v1/team/app/_tags/v1", READ).json()["tag"]
    manifests = client.call("GET", "/acr/v1/team/app/_manifests", READ).json()["manifests"]
    by_digest = {manifest["digest"]: manifest for manifest in manifests}
    assert by_digest[tag["digest"]]["tags"] == ["also-v1", "v1"]
    assert sorted(by_digest[tag["digest"]]) == sorted(
        [
            "changeableAttributes",
            "configMediaType",
            "createdTime",
            "digest",
            "imageSize",
            "lastUpdateTime",
            "mediaType",
            "tags",
        ]
    )
    path = f"/acr/v1/team/app/_manifests/{tag['digest']}"
    assert client.call("GET", path, READ).json()["manifest"] == by_digest[tag["digest"]]


MISSING = [
    ("/acr/v1/nope", "repository:nope:metadata_read", "NAME_UNKNOWN"),
    ("/acr/v1/nope/_tags", "repository:nope:metadata_read", "NAME_UNKNOWN"),
    ("/v2/nope/tags/list", "repository:nope:pull", "NAME_UNKNOWN"),
    ("/v2/nope/manifests/x", "repository:nope:pull", "MANIFEST_UNKNOWN"),
    ("/acr/v1/team/app/_tags/v9", READ, "TAG_UNKNOWN"),
    ("/acr/v1/team/app/_manifests/sha256:00", READ, "MANIFEST_UNKNOWN"),
    ("/v2/team/app/nonsense", PULL, "NOT_FOUND"),
]


@pytest.mark.parametrize(("path", "scope", "code"), MISSING)
def test_what_is_missing_is_not_found(
    client: RegistryClient, path: str, scope: str, code: str
) -> None:
    answer = client.call("GET", path, scope)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, code)
    assert "fronttest/" not in answer.text


OUTSIDE = [
    ("DELETE", "/acr/v1/..%2f..%2fother", "repository:../../other:delete", 400),
    ("GET", "/v2/team/blobs/..%2f..%2f..%2fother/manifests/v1", "repository:team:pull", 400),
    ("GET", "/v2/..%2fother/manifests/v1", "repository:../other:pull", 400),
]


@pytest.mark.parametrize(("method", "path", "scope", "status"), OUTSIDE)
def test_no_path_leads_out_of_the_registry(
    client: RegistryClient, method: str, path: str, scope: str, status: int
) -> None:
    answer = client.call(method, path, scope)
    assert (answer.status_code, list(answer.json())) == (status, ["errors"])


def test_uploads_and_answers_are_passed_on(client: RegistryClient) -> None:
    scope = "repository:chunks:pull,push"
    data = bytes(range(256)) * 4096
    begun = client.call("POST", "/v2/chunks/blobs/uploads/", scope)
    assert begun.headers["Location"].startswith("/v2/chunks/blobs/uploads/")
    half = len(data) // 2
    patched = client.call(
        "PATCH",
        begun.headers["Location"],
        scope,
        headers={"Content-Range": f"0-{half - 1}", "Content-Length": str(half)},
        content=data[:half],
    )
    assert (patched.status_code, patched.headers["Range"]) == (202, f"0-{half - 1}")
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    location = f"{patched.headers['Location']}&digest={digest}"
    done = client.call("PUT", location, scope, content=data[half:])
    assert (done.status_code, done.headers["Location"]) == (201, f"/v2/chunks/blobs/{digest}")
    blob = f"/v2/chunks/blobs/{digest}"
    head = client.call("HEAD", blob, scope)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(data)))
    assert client.call("GET", blob, scope).content == data
    part = client.call("GET", blob, scope, headers={"Range": "bytes=256-511"})
    assert (part.status_code, part.content) == (206, bytes(range(256)))


def stalled(emulator: Emulator, client: RegistryClient) -> socket.socket:
    """An upload of which the first of two bytes is sent."""
    plain = socket.create_connection(("127.0.0.1", emulator.instance.proxy.port), 30)
    plain.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
    assert plain.recv(65536).startswith(b"HTTP/1.1 200 ")
    trusted = ssl.create_default_context(cafile=emulator.ca_file)
    upload = trusted.wrap_socket(plain, server_hostname=HOST)
    head = [
        "POST /v2/team/app/blobs/uploads/ HTTP/1.1",
        f"Host: {HOST}",
        f"Authorization: Bearer {client.token('repository:team/app:push')}",
        "Content-Length: 2",
    ]
    upload.sendall("\r\n".join([*head, "", "1"]).encode())
    return upload


def test_stalled_uploads_stop_no_pull_and_come_to_an_end(
    emulator: Emulator, client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passthrough, "_STALLED_SECONDS", 10)
    emulator.client("fronttest").push("team/app", "pulled", layer=b"four")
    with ExitStack() as stack:
        uploads = [stack.enter_context(stalled(emulator, client)) for _ in range(100)]
        begin = time.monotonic()
        path, accept = "/v2/team/app/manifests/pulled", {"Accept": MANIFEST}
        assert client.call("GET", path, PULL, headers=accept).status_code == 200
        assert time.monotonic() - begin < 5
        answers = [upload.recv(65536) for upload in uploads]
    assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 408 Request Timeout"}
    assert client.call("POST", "/v2/team/app/blobs/uploads/", PUSH).status_code == 202


def test_a_pull_that_nobody_takes_comes_to_an_end(
    emulator: Emulator, client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passthrough, "_STALLED_SECONDS", 1)
    layer = bytes(64 * 1024**2)  # more than all the sockets on the way hold
    emulator.client("fronttest").push("team/app", "large", layer=layer)
    token = client.token(PULL)
    url = f"https://{HOST}/v2/team/app/blobs/{digest_of(layer)}"
    bearer = {"Authorization": f"Bearer {token}"}
    with emulator.http.stream("GET", url, headers=bearer) as answer:
        assert answer.status_code == 200
        time.sleep(3)
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()


def test_more_uploads_at_a_time_than_there_are_connections_are_refused(
    emulator: Emulator, client: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = httpx.AsyncClient(limits=httpx.Limits(max_connections=1), timeout=0.5, trust_env=False)
    monkeypatch.setattr(emulator.instance.distribution, "pushes", one)
    with stalled(emulator, client):
        answer = client.call("POST", "/v2/team/app/blobs/uploads/", PUSH)
    assert (answer.status_code, answer.json()) == (
        429,
        {"errors": [{"code": "TOOMANYREQUESTS", "message": "too many requests at a time"}]},
    )
    emulator.run(one.aclose())


def test_a_blob_is_mounted_from_a_repository_of_the_same_registry(
    emulator: Emulator, client: RegistryClient
) -> None:
    blob = client.push_blob("origin", b"to be mounted")
    path = f"/v2/copy/blobs/uploads/?mount={blob['digest']}&from=origin"
    push = "repository:copy:pull,push"
    assert client.call("POST", path, push, "repository:origin:pull").status_code == 201
    assert client.call("POST", path.replace("copy", "copy2"), push.replace("copy", "copy2"))
    without_right = client.call("POST", path, push)
    assert without_right.status_code == 202
    emulator.registry("fronttest4")
    elsewhere = emulator.client("fronttest4")
    started = elsewhere.call("POST", path, push, "repository:origin:pull")
    assert started.status_code == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "_catalog"), ("GET", "app/_manifests"), ("POST", "app/_manifests/sha256:00")],
)
def test_what_was_deleted_is_not_kept(client: RegistryClient, method: str, path: str) -> None:
    answer = client.call(method, f"/acr/v1/_deleted/{path}", "registry:deleted_catalog:*")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "UNSUPPORTED")


FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def test_an_image_with_a_layer_at_a_url_is_stored(client: RegistryClient) -> None:
    """The base layer of an image of Windows may stay at its URLs."""
    config = {"mediaType": DOCKER_CONFIG, **client.push_blob("windows", b"{}")}
    base: dict[str, Any] = {"mediaType": FOREIGN, "digest": digest_of(b"absent"), "size": 6}
    base["urls"] = ["https://mcr.microsoft.example/base?x=1"]
    manifest = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": config,
        "layers": [base],
    }
    digest = client.push_manifest("windows", manifest, "v1")
    assert client.digest("windows", "v1") == digest
    assert client.blob("windows", base["digest"]) is None


INVALID: list[dict[str, Any]] = [
    {},
    {"schemaVersion": 2, "layers": [{"mediaType": FOREIGN, "urls": ["ftp://example.com"]}]},
    {"schemaVersion": 2, "layers": [{"mediaType": FOREIGN}]},
]


@pytest.mark.parametrize("manifest", INVALID, ids=str)
def test_a_manifest_that_is_not_valid_is_refused(
    client: RegistryClient, manifest: dict[str, Any]
) -> None:
    if manifest:
        config = {"mediaType": DOCKER_CONFIG, **client.push_blob("invalid", b"{}")}
        layers = [{**layer, "digest": digest_of(b"x"), "size": 1} for layer in manifest["layers"]]
        manifest = {**manifest, "mediaType": DOCKER_MANIFEST, "config": config, "layers": layers}
    answer = client.call(
        "PUT",
        "/v2/invalid/manifests/v1",
        "repository:invalid:push",
        headers={"Content-Type": DOCKER_MANIFEST},
        json=manifest,
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "MANIFEST_INVALID")


def push_layers(client: RegistryClient, layers: Any) -> httpx.Response:
    """Push a manifest with anything as its layers."""
    config = {"mediaType": DOCKER_CONFIG, **client.push_blob("layers", b"{}")}
    return client.call(
        "PUT",
        "/v2/layers/manifests/v1",
        "repository:layers:push",
        headers={"Content-Type": DOCKER_MANIFEST},
        json={"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": layers},
    )


@pytest.mark.parametrize("layers", ["text", 5, {}, [None], [[]]], ids=str)
def test_a_manifest_whose_layers_are_no_list_is_refused(
    client: RegistryClient, layers: Any
) -> None:
    answer = push_layers(client, layers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] in ("MANIFEST_INVALID", "DIGEST_INVALID")
    assert client.digest("layers", "v1") is None


def test_a_manifest_whose_layers_are_null_has_none(client: RegistryClient) -> None:
    """Distribution takes null for an empty list; whatever reads the manifest does, too."""
    assert push_layers(client, None).status_code == 201
    digest = client.digest("layers", "v1")
    listed = client.call("GET", "/acr/v1/layers/_manifests", "repository:layers:metadata_read")
    assert [item["digest"] for item in listed.json()["manifests"]] == [digest]
    client.delete("layers", str(digest))


def test_a_tag_a_manifest_and_a_repository_are_deleted(client: RegistryClient) -> None:
    everything = "repository:gone:pull,push,delete,metadata_read"
    digest = client.push("gone", "a", layer=b"a")
    client.push("gone", "b", layer=b"a")
    client.push("gone", "c", layer=b"c")
    client.push("gone/not", "a", layer=b"a")
    assert client.call("DELETE", "/acr/v1/gone/_tags/b", everything).status_code == 202
    tags = client.call("GET", "/v2/gone/tags/list", everything).json()
    assert tags == {"name": "gone", "tags": ["a", "c"]}
    assert client.call("DELETE", f"/v2/gone/manifests/{digest}", everything).status_code == 202
    tags = client.call("GET", "/v2/gone/tags/list", everything).json()
    assert tags == {"name": "gone", "tags": ["c"]}
    deleted = client.call("DELETE", "/acr/v1/gone", everything)
    assert (deleted.status_code, deleted.json()["tagsDeleted"]) == (202, ["c"])
    catalog = client.call("GET", "/v2/_catalog", CATALOG).json()["repositories"]
    assert "gone" not in catalog
    assert "gone/not" in catalog


def test_a_registry_without_public_access_denies(emulator: Emulator) -> None:
    emulator.registry("fronttest5")
    client = emulator.client("fronttest5")
    emulator.ok("PATCH", "fronttest5", {"properties": {"publicNetworkAccess": "Disabled"}})
    answer = client.call("GET", "/v2/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED")
    emulator.ok("PATCH", "fronttest5", {"properties": {"publicNetworkAccess": "Enabled"}})
    assert client.call("GET", "/v2/").status_code == 401


@pytest.mark.usefixtures("client")
def test_registries_do_not_see_each_other(emulator: Emulator) -> None:
    emulator.registry("fronttest6")
    other = emulator.client("fronttest6")
    assert other.call("GET", "/v2/_catalog", CATALOG).json() == {"repositories": []}
    assert other.digest("team/app", "v1") is None
    assert emulator.client("fronttest").digest("team/app", "v1") is not None


def test_the_host_of_no_registry_is_not_reached(emulator: Emulator) -> None:
    with pytest.raises(httpx.ProxyError):
        emulator.http.get("https://nosuchregistry.azurecr.io/v2/")


def test_deleting_a_registry_deletes_its_repositories(emulator: Emulator) -> None:
    emulator.registry("fronttest7")
    emulator.client("fronttest7").push("app", "v1", layer=b"x")
    emulator.ok("DELETE", "fronttest7")
    emulator.registry("fronttest7")
    catalog = emulator.client("fronttest7").call("GET", "/v2/_catalog", CATALOG)
    assert catalog.json() == {"repositories": []}
