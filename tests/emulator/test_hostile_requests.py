"""Whatever is sent, a host answers in its own envelope, and is never at a loss.

`FUZZ_EXAMPLES` says how many requests each test makes; `make fuzz` makes many.
"""

from __future__ import annotations

import copy
import json
import os
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from acr_emulator.cloud.clouds import PUBLIC
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.emulator.arm_samples import VAULT
from tests.emulator.asgi import Answer, send
from tests.emulator.declared_routes import VALUES, routes
from tests.emulator.good_bodies import BODIES, SOMEBODY, parts
from tests.emulator.running import REGISTRIES, SUBSCRIPTION, VERSION, Emulator, Json
from tests.support.oci import digest_of

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
fuzzing = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
QUERY = f"api-version={VERSION}".encode()
METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "get")
GROUP = "fuzzed"
HOST = PUBLIC.login_server("fuzzed")


def check(host: str, method: str, answer: Answer, *, what: object) -> None:
    """A success is JSON or empty, a refusal has the host's envelope, and nothing is a defect."""
    reported = f"{what}: {answer.status} {answer.headers} {answer.content[:2000]!r}"
    assert answer.status in range(200, 500) or answer.status in (501, 503), reported
    if not answer.content and (method == "HEAD" or answer.status < 400):
        return
    is_json = "json" in answer.headers.get("content-type", "")
    if answer.status < 400:
        # Blobs and manifests are whatever was pushed.
        assert not is_json or "manifest" in answer.headers["content-type"] or answer.json() != "", (
            reported
        )
        return
    assert is_json, reported
    content = answer.json()
    if host == HOST:
        assert content["errors"][0].keys() >= {"code", "message"}, reported
    elif host == PUBLIC.login:
        assert content.keys() >= {"error", "error_description"}, reported
    else:
        assert content["error"].keys() >= {"code", "message"}, reported


# --- paths ---

HOSTILE = st.one_of(
    st.sampled_from(
        ["..", ".", "?", "#", "/", "%", "%2F", "%252F", "\\", "\0", "\r\nx: y", "{0}", "{}", " "]
    ),
    st.text(min_size=1, max_size=12),
    st.sampled_from(["ſ", "K", "İ", "é", "группа", "a" * 500, "*", "a" * 5, "providers"]),
)


#: Mostly as it is, sometimes something else.
SELDOM = st.integers(0, 7).map(lambda number: number == 0)


@st.composite
def encoded(draw: st.DrawFn, text: str) -> bytes:
    """A text in a path, percent-encoded more or less often than it has to be."""
    safe = draw(st.sampled_from(["/?#%&;=+:@", "/%"])) if draw(SELDOM) else "/"
    path = quote(text.encode("utf-8", "surrogatepass"), safe="" if draw(SELDOM) else safe)
    if draw(SELDOM):
        index = draw(st.integers(0, len(path)))
        wedge = draw(st.sampled_from(["%2F", "%", "%ff", "/", "//", "%00", "%25"]))
        path = path[:index] + wedge + path[index:]
    return path.encode("ascii", "ignore")


@st.composite
def calls(
    draw: st.DrawFn, routes: list[tuple[str, str]], values: dict[str, str]
) -> tuple[str, bytes]:
    """The call of a route, perhaps with hostile names in it, or one only similar to it."""

    def value(placeholder: re.Match[str]) -> str:
        known = values.get(placeholder[1].partition(":")[0], "fuzzed")
        return draw(HOSTILE) if draw(SELDOM) else known

    method, template = draw(st.sampled_from(routes))
    path = re.sub(r"{([\w:]+)}", value, template)
    if draw(SELDOM):
        path = draw(st.sampled_from([path.upper(), f"{path}/", path[:-1], f"/{path}"]))
    if draw(SELDOM):
        method = draw(st.sampled_from(METHODS))
    return method, draw(encoded(path))


def requests_to(methods: str, *templates: str) -> list[tuple[str, str]]:
    return [(method, template) for method in methods.split() for template in templates]


@pytest.fixture(scope="module")
def arm_calls(emulator: Emulator) -> list[tuple[str, str]]:
    path = f"{SUBSCRIPTION}/resourceGroups/{GROUP}"
    emulator.ok("PUT", path, {"location": "westus"})
    return [(route.method, route.template) for route in routes(emulator.instance)]


@pytest.fixture(scope="module")
def arm_token(emulator: Emulator) -> bytes:
    return f"Bearer {emulator.entra_token(PUBLIC.arm_audience)}".encode()


QUERIES = st.sampled_from(
    [QUERY, QUERY, QUERY, b"", b"api-version=%ff", b"api-version=1&api-version=" + QUERY[12:]]
    + [QUERY + b"&$filter=" + more for more in (b"name%20eq%20'%ED%A0%80'", b"'", b"%00")]
    + [
        QUERY + b"&%24skipToken=" + more
        for more in (b"AAAA", b"%ff", b"AAAAAAAAAAA=", b"__________8=")
    ]
)


@fuzzing
@given(data=st.data(), query=QUERIES)
def test_arm_answers_every_path(
    emulator: Emulator,
    arm_calls: list[tuple[str, str]],
    arm_token: bytes,
    data: st.DataObject,
    query: bytes,
) -> None:
    method, path = data.draw(calls(arm_calls, {**VALUES, "group": GROUP}))
    body = data.draw(st.sampled_from([b"", b"{}", b'{"location": "westus"}', b'{"name": "x"}']))
    headers = {"authorization": arm_token, "x-ms-correlation-request-id": b"\xff\x00"}
    answer = send(emulator, PUBLIC.arm, method, path, query=query, headers=headers, body=body)
    event(f"status {answer.status}")
    check(PUBLIC.arm, method, answer, what=(method, path, query, body))


# --- bodies ---

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(
        ["\ud800", "\0", "enabled", "Deny", "https://[", "/x?y", "../..", "[concat('a'", "["]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


OF_TYPE: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    str: SCALARS.filter(lambda value: isinstance(value, str)),
    list: st.lists(st.text(max_size=8), max_size=3),
    dict: st.dictionaries(st.text(max_size=5), JSON, max_size=3),
}


def part_of(body: Json, keys: tuple[Any, ...]) -> Any:
    part: Any = body
    for key in keys:
        part = part[key]
    return part


def mutated(body: Json, keys: tuple[Any, ...], value: Any) -> Json:
    changed = copy.deepcopy(body)
    part_of(changed, keys[:-1])[keys[-1]] = value
    return changed


def similar(value: Any) -> st.SearchStrategy[Any]:
    """Something of the same type, or anything at all."""
    same = next((st_ for type_, st_ in OF_TYPE.items() if isinstance(value, type_)), SCALARS)
    return st.one_of(same, same, JSON)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path, and a body for it that is good but for some parts, or only looks like JSON."""
    path = draw(st.sampled_from(list(BODIES)))
    body = BODIES[path]
    for _ in range(draw(st.integers(1, 3))):
        paths = list(parts(body))
        if not paths:
            break
        keys = draw(st.sampled_from(paths))
        body = mutated(body, keys, draw(similar(part_of(body, keys))))
    text = json.dumps(body)
    if draw(st.integers(0, 9)) == 0:
        keys = draw(st.integers(0, len(text)))
        text = text[:keys] + draw(st.sampled_from(TORN)) + text[keys:]
    return path, text.encode("utf-8", "surrogatepass")


TORN = ["\0", "}", "[" * 3000, "/*", "//", "1e999", "-Infinity", '"\\ud800"', "9" * 5000, "\ud800"]
WHOLE = [
    *(text.encode("utf-8", "surrogatepass") for text in TORN),
    b"\xff\xfe{}",
    b'{"location": "westus", "tags": {"a": "\\ud800"}}',
    b'{"location": "westus", "tags": {"a": NaN}}',
    b'{"location": "westus", "tags": {"a": 1e999}}',
    b'{"location": "westus", "tags": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    b'{"location": "westus", "tags": ' + b'{"a":' * 500 + b"1" + b"}" * 501,
    b'{"location": "westus", "tags": {"a": ' + b"9" * 4000 + b"}}",
]


@pytest.fixture(scope="module")
def listed(emulator: Emulator) -> Callable[[], None]:
    """Make good resources of every type; what it returns checks that all lists show them."""
    emulator.instance.directory.admit(SOMEBODY)
    for path, body in BODIES.items():
        answer = emulator.arm("PUT", path, body)
        assert answer.is_success, answer.text
    lists = sorted({path.rpartition("/")[0] for path in BODIES if "accessPolicies" not in path})
    lists = [*lists, f"{SUBSCRIPTION}/resources"]

    def look() -> None:
        for path in lists:
            answer = emulator.arm("GET", path)
            assert answer.status_code == 200, f"{path}: {answer.text}"

    return look


def put(emulator: Emulator, token: bytes, path: str, body: bytes, method: str = "PUT") -> Answer:
    return send(
        emulator,
        PUBLIC.arm,
        method,
        path.encode(),
        query=QUERY,
        headers={"authorization": token, "content-type": b"application/json"},
        body=body,
    )


@fuzzing
@given(case=bodies(), method=st.sampled_from(["PUT", "PUT", "PATCH", "POST"]))
def test_arm_answers_every_body(
    emulator: Emulator,
    listed: Callable[[], None],
    arm_token: bytes,
    case: tuple[str, bytes],
    method: str,
) -> None:
    path, body = case
    answer = put(emulator, arm_token, path, body, method)
    event(f"status {answer.status}")
    check(PUBLIC.arm, method, answer, what=(method, path, body))
    listed()
    check(PUBLIC.arm, "GET", put(emulator, arm_token, path, b"", "GET"), what=("GET", path, body))


@pytest.mark.parametrize("path", [path for path in BODIES if "accessPolicies" not in path])
def test_nothing_is_stored_that_lists_cannot_show(
    emulator: Emulator, listed: Callable[[], None], arm_token: bytes, path: str
) -> None:
    for body in WHOLE:
        answer = put(emulator, arm_token, path, body)
        check(PUBLIC.arm, "PUT", answer, what=(path, body[:200]))
        listed()


# --- other hosts ---

VAULT_CALLS = [
    *requests_to("GET", "/secrets", "/secrets/{n}/versions", "/deletedsecrets/{n}", "/{n}"),
    *requests_to("GET PATCH", "/secrets/{n}", "/secrets/{n}/", "/secrets/{n}/{v}"),
    *requests_to("PUT PUT PUT DELETE", "/secrets/{n}"),
    *requests_to("DELETE", "/deletedsecrets/{n}"),
    *requests_to("POST", "/deletedsecrets/{n}/recover"),
]
SECRET = {
    "value": "text",
    "attributes": {"enabled": True, "exp": 1},
    "tags": {},
    "contentType": "a",
}


@fuzzing
@given(data=st.data())
def test_a_vault_answers_everything(emulator: Emulator, data: st.DataObject) -> None:
    host = f"fuzzedvault.{PUBLIC.vault_suffix}"
    if emulator.instance.store.named("Microsoft.KeyVault/vaults", "fuzzedvault") is None:
        emulator.vault("fuzzedvault")
        emulator.ok("PATCH", f"{vault_id()}", {"properties": VAULT["properties"]})
    token = f"Bearer {emulator.entra_token(PUBLIC.vault_audience)}".encode()
    method, path = data.draw(calls(VAULT_CALLS, {"n": "name", "v": "versions"}))
    keys = data.draw(st.sampled_from(list(parts(SECRET))))
    body = mutated(SECRET, keys, data.draw(similar(part_of(SECRET, keys))))
    content = json.dumps(body).encode()
    if data.draw(SELDOM):
        content = data.draw(st.sampled_from([b"", b"[]", b"\xff", b"{" * 9999]))
    answer = send(emulator, host, method, path, headers={"authorization": token}, body=content)
    event(f"status {answer.status}")
    check(host, method, answer, what=(method, path, content[:500]))
    listed = send(emulator, host, "GET", b"/secrets", headers={"authorization": token})
    check(host, "GET", listed, what=("GET", content[:500]))


def vault_id() -> str:
    return f"{SUBSCRIPTION}/resourceGroups/group/providers/Microsoft.KeyVault/vaults/fuzzedvault"


REGISTRY_CALLS = [
    *requests_to("GET", "/v2/", "/v2/_catalog", "/acr/v1/_catalog", "/v2/{r}/tags/list"),
    *requests_to("GET HEAD PUT PUT PUT DELETE", "/v2/{r}/manifests/{t}"),
    *requests_to("GET HEAD DELETE", "/v2/{r}/blobs/{d}"),
    *requests_to("POST", "/v2/{r}/blobs/uploads/"),
    *requests_to("GET PUT PATCH DELETE", "/v2/{r}/blobs/uploads/{u}"),
    *requests_to("GET", "/v2/{r}/referrers/{d}", "/acr/v1/{r}/_tags", "/acr/v1/{r}/_manifests"),
    *requests_to("GET", "/acr/v1/{r}", "/acr/v1/{r}/_manifests/{d}", "/acr/v1/{r}/_tags/{t}"),
    *requests_to("DELETE PATCH", "/acr/v1/{r}/_tags/{t}", "/acr/v1/{r}"),
    *requests_to("PATCH", "/acr/v1/{r}/_manifests/{d}"),
    *requests_to("GET POST", "/oauth2/token"),
    *requests_to("POST", "/oauth2/exchange"),
]
REGISTRY_QUERIES = st.sampled_from(
    [
        *(b"", b"n=1", b"n=%C2%B2", b"n=999999999999999999999", b"last=%ff", b"orderby=x"),
        *(b"mount=sha256:0&from=app", b"mount=%00&from=", b"digest=x", b"_state=%ff", b"%"),
        *(b"service=&scope=:::", b"scope=repository:%00:pull", b"scope=a", b"n=-1", b";=;"),
    ]
)


#: Configuration and layer of every manifest here.
PUSHED = b'{"os":"linux"}'


def manifest(**parts: Any) -> bytes:
    type_ = "application/vnd.oci.image.manifest.v1+json"
    return json.dumps({"schemaVersion": 2, "mediaType": type_, **parts}).encode()


DESCRIPTOR = {
    "mediaType": "application/octet-stream",
    "digest": digest_of(PUSHED),
    "size": len(PUSHED),
}
MANIFESTS = st.sampled_from(
    [
        *(b"", b"{}", b"null", b"\xff", b"[" * 5000),
        *(manifest(config=DESCRIPTOR, layers=layers) for layers in (None, [], [DESCRIPTOR])),
        manifest(config={**DESCRIPTOR, "mediaType": None, "size": None}, layers=[]),
        manifest(config=DESCRIPTOR, layers=[{**DESCRIPTOR, "size": -1, "mediaType": 1}]),
        manifest(mediaType="application/vnd.oci.image.index.v1+json", manifests=None),
        b"grant_type=refresh_token&service=" + HOST.encode() + b"&refresh_token=x",
        b"grant_type=password&service=" + HOST.encode() + b"&username=%ED%A0%80&password=%ff",
    ]
)
AUTHORIZATIONS = (b"", b"Basic %", b"Basic " + b"/" * 8, b"Basic OmE=", b"Bearer x.y.z", b"\xff")


@fuzzing
@given(
    data=st.data(),
    query=REGISTRY_QUERIES,
    body=MANIFESTS,
    content_type=st.sampled_from(
        [b"application/vnd.oci.image.manifest.v1+json", b"application/vnd.oci.image.index.v1+json"]
        + [b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"\xff"]
    ),
    range_=st.sampled_from([b"bytes=0-", b"bytes=99999-", b"bytes=5-1", b"x", b"bytes=-0,-0"]),
)
def test_a_registry_answers_everything(
    emulator: Emulator,
    data: st.DataObject,
    query: bytes,
    body: bytes,
    content_type: bytes,
    range_: bytes,
) -> None:
    if emulator.instance.registries.get("fuzzed") is None:
        emulator.registry("fuzzed")
        emulator.client("fuzzed").push_blob("app", PUSHED)
    names = {"r": "app", "t": "v1", "d": digest_of(PUSHED), "u": str(uuid.uuid4())}
    method, path = data.draw(calls(REGISTRY_CALLS, names))
    token = emulator.client("fuzzed").token("repository:app:*", "registry:catalog:*").encode()
    headers = {
        "authorization": data.draw(st.sampled_from([b"Bearer " + token] * 40 + [*AUTHORIZATIONS])),
        "content-type": content_type,
        "range": range_,
    }
    answer = send(emulator, HOST, method, path, query=query, headers=headers, body=body)
    event(f"status {answer.status}")
    check(HOST, method, answer, what=(method, path, query, headers, body[:200]))
    for shown in (b"/v2/_catalog", b"/acr/v1/app", b"/acr/v1/app/_manifests", b"/acr/v1/app/_tags"):
        again = send(emulator, HOST, "GET", shown, headers={"authorization": b"Bearer " + token})
        check(HOST, "GET", again, what=(shown, "after", method, path, body[:200]))


DIRECTORY_CALLS = {
    PUBLIC.login: [
        *requests_to("POST POST", "/{t}/oauth2/token", "/{t}/oauth2/v2.0/token"),
        *requests_to("GET", "/{t}/discovery/keys", "/common/discovery/instance", "/{t}"),
        *requests_to("GET", "/{t}/v2.0/.well-known/openid-configuration"),
    ],
    PUBLIC.graph: [
        *requests_to("GET", "/v1.0/me", "/v1.0/users", "/v1.0/servicePrincipals"),
        *requests_to("GET", "/v1.0/servicePrincipals/{t}", "/{t}"),
        *requests_to("POST POST", "/v1.0/directoryObjects/getByIds"),
    ],
}
FORMS = st.sampled_from(
    [
        *(b"", b"\xff", b"{}", b"[]", b'{"ids": null}', b'{"ids": [1]}', b'{"ids": ["\\ud800"]}'),
        *(b"[" * 5000, b"grant_type=client_credentials&scope=%ff/.default", b"scope=.default"),
        b"grant_type=client_credentials&client_id=%ED%A0%80&client_secret=%ff&resource=x",
    ]
)


@fuzzing
@given(
    data=st.data(),
    body=FORMS,
    host=st.sampled_from([PUBLIC.login, PUBLIC.graph]),
)
def test_login_and_graph_answer_everything(
    emulator: Emulator, data: st.DataObject, body: bytes, host: str
) -> None:
    method, path = data.draw(calls(DIRECTORY_CALLS[host], {"t": PUBLIC.tenant_id}))
    token = f"Bearer {emulator.entra_token(PUBLIC.graph_url)}".encode()
    headers = {"authorization": data.draw(st.sampled_from([token, token, b"", b"Bearer \xff"]))}
    query = data.draw(st.sampled_from([b"", b"$filter=appId%20eq%20'%ff'", b"%ED%A0%80"]))
    answer = send(emulator, host, method, path, query=query, headers=headers, body=body)
    event(f"status {answer.status}")
    check(host, method, answer, what=(method, path, query, headers, body))


HEADERS = [b"", b"[", b"a.azurecr.io:[", b"a.azurecr.io:99999999", b"\xff.azurecr.io", b"@", b"x?y"]


@pytest.mark.parametrize("value", HEADERS, ids=ascii)
def test_a_host_that_is_none_is_misdirected(emulator: Emulator, value: bytes) -> None:
    answer = send(emulator, "", "GET", b"/v2/", headers={"host": value})
    assert answer.status in (404, 421)
    assert REGISTRIES  # the registry of no name exists
