"""A registry's content: what is requested from it, and what becomes of each answer."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
import responses
from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import (
    AzureConnectionError,
    AzureResponseError,
    ForbiddenError,
    ResourceNotFoundError,
)
from hypothesis import given
from hypothesis import strategies as st
from knack.util import CLIError
from knack.validators import DefaultStr
from requests import ConnectionError as RequestsConnectionError

from azext_acrtransfer import COMMAND_LOADER_CLS
from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.registry import client
from azext_acrtransfer.registry.client import RegistryClient
from azext_acrtransfer.registry.descriptors import Descriptor, Manifest
from azext_acrtransfer.registry.references import Artifact
from tests.support.az import SUBSCRIPTION, TENANT, Login, az_cli
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    ANSWERED_BY_ANOTHER,
    CHECK_THE_REGISTRY,
    IN_THE_DEFAULT_GROUP,
    OR_ACR_PULL,
    invalid,
    no_permission,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline
from tests.unit.fake_registry import HOST, IMAGE, INDEX, SECRET, Registry

REGISTRIES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerRegistry/registries"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MISSING: dict[str, Any] = {"status": 404, "json": {"errors": [{"code": "MANIFEST_UNKNOWN"}]}}
OTHER = "99999999-9999-9999-9999-999999999999"
READER = "Container Registry Repository Reader"
ADVICE = [f"Run 'az acr check-health -n myregistry', and try again. {ANSWERED_BY_ANOTHER}"]


@pytest.fixture
def registry(mock: responses.RequestsMock) -> Registry:
    return Registry(mock)


@pytest.fixture
def content(tmp_path: Path) -> Iterator[RegistryClient]:
    with az_cli(tmp_path) as cli:
        cmd = SimpleNamespace(cli_ctx=cli, get_models=COMMAND_LOADER_CLS(cli_ctx=cli).get_models)
        yield RegistryClient(cmd, "myregistry", "mygroup")


def test_repositories_come_page_by_page(registry: Registry, content: RegistryClient) -> None:
    registry.accepts_login()
    link = '</v2/_catalog?last=b&n=100&orderby=>; rel="next"'
    catalog = "registry:catalog:*"
    names = {"repositories": ["a", "b"]}
    registry.answers("/v2/_catalog?n=100", catalog, json=names, headers={"Link": link})
    registry.answers("/v2/_catalog?last=b&n=100&orderby=", catalog, json={"repositories": ["c"]})
    assert content.repositories() == ["a", "b", "c"]
    assert content.login_server == HOST.removeprefix("https://")


def test_referrers_come_page_by_page_without_a_size(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    subject = Artifact("team/app", f"sha256:{'1' * 64}")
    path, pull = f"/v2/team/app/referrers/{subject.reference}", "repository:team/app:pull"
    one, two = ({"digest": f"sha256:{digit * 64}", "mediaType": IMAGE, "size": 7} for digit in "23")
    link = f'<{path}?last=2>; rel="next"'
    registry.answers(f"{path}?last=2", pull, json={"manifests": [two]})
    registry.answers(path, pull, json={"manifests": [one]}, headers={"Link": link})
    assert content.referrers(subject) == tuple(
        Descriptor(f"sha256:{digit * 64}", IMAGE, 7) for digit in "23"
    )
    assert registry.mock.calls[-2].request.url == f"{HOST}{path}"


def test_tags_need_no_catalog(registry: Registry, content: RegistryClient) -> None:
    registry.accepts_login()
    tags = {"tags": [{"name": "v1", "digest": "sha256:01"}, {"name": "v2", "digest": "sha256:02"}]}
    scope = "repository:team/app:metadata_read"
    registry.answers("/acr/v1/team/app/_tags?n=100", scope, json=tags)
    listed = [content.tags("team/app") for _ in range(2)]
    assert listed == [{"v1": "sha256:01", "v2": "sha256:02"}] * 2
    assert registry.requested == {
        f"GET {ARM}{REGISTRY}": 1,
        f"POST {HOST}/oauth2/exchange": 1,
        f"POST {HOST}/oauth2/token": 1,
        f"GET {HOST}/acr/v1/team/app/_tags": 1,
    }


NOTHING = [
    {"status": 404, "json": {"errors": [{"code": "NAME_UNKNOWN", "message": "unknown"}]}},
    {"json": {"tags": None}},
    {"json": {"tags": []}},
]


@pytest.mark.parametrize("answer", NOTHING)
def test_a_repository_that_is_gone_or_empty_has_no_tags(
    registry: Registry, content: RegistryClient, answer: dict[str, Any]
) -> None:
    registry.accepts_login()
    scope = "repository:gone:metadata_read"
    registry.answers("/acr/v1/gone/_tags", scope, **answer)
    assert content.tags("gone") == {}


def has_many_repositories(registry: Registry) -> list[str]:
    """Have repositories with a tag each; returns their names."""
    registry.accepts_login()
    registry.tags_everything("v1")
    return [f"samples/repository-{number}" for number in range(300)]


def test_the_tags_of_many_repositories_take_few_tokens(
    registry: Registry, content: RegistryClient
) -> None:
    names = has_many_repositories(registry)
    assert dict(content.tags_of(names)) == dict.fromkeys(names, {"v1": "sha256:00"})
    requested = registry.requested
    assert requested.pop(f"POST {HOST}/oauth2/token") == 9
    assert requested.total() == 2 + 300
    headers = [call.request.headers["Authorization"] for call in registry.mock.calls[-300:]]
    assert max(map(len, headers)) < 3_000  # in a real token, each name has JSON around it


@pytest.mark.parametrize(
    ("lengths", "tokens"), [([1500] * 4, 2), ([1500, 1501, 1500], 3), ([2000, 1000], 1)]
)
def test_a_token_has_as_many_scopes_as_fit(
    registry: Registry, content: RegistryClient, lengths: list[int], tokens: int
) -> None:
    registry.accepts_login()
    registry.tags_everything("v1")
    # The other part of a scope, and what a token's claims have around it.
    around = len("repository::metadata_read") + 40
    names = [f"{number:0>{length - around}}" for number, length in enumerate(lengths)]
    assert len(dict(content.tags_of(names))) == len(lengths)
    assert registry.requested[f"POST {HOST}/oauth2/token"] == tokens


def test_a_registry_that_takes_one_scope_at_a_time_gets_one(
    registry: Registry, content: RegistryClient
) -> None:
    registry.scopes_per_token = 1
    names = has_many_repositories(registry)
    assert dict(content.tags_of(names)) == dict.fromkeys(names, {"v1": "sha256:00"})
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 9 + 300


def test_a_token_that_lacks_a_scope_is_replaced(
    registry: Registry, content: RegistryClient
) -> None:
    registry.scopes_granted = 1
    registry.accepts_login()
    for name in ("first", "second"):
        registry.tags(name, "v1")
    registry.mock.get(f"{HOST}/acr/v1/second/_tags", status=401)
    tags = {"v1": "sha256:00"}
    assert list(content.tags_of(["first", "second"])) == [("first", tags), ("second", tags)]
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 2


def test_many_artifacts_take_one_login_and_one_token(
    registry: Registry, content: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(client, "progress", lambda _: nullcontext(shown.append))
    registry.accepts_login()
    names = [f"v{number}" for number in range(20)]
    digests = [registry.holds(name, IMAGE, {"name": name}) for name in names]
    registry.answers("/v2/other/manifests/v1", "repository:other:pull", **MISSING)
    artifacts = [*(Artifact("team/app", name) for name in names), Artifact("other", "v1")]
    descriptors = content.describe_all([*artifacts, artifacts[0]])
    assert list(descriptors) == artifacts
    assert [one and one.digest for one in descriptors.values()] == [*digests, None]
    assert registry.requested[f"POST {HOST}/oauth2/exchange"] == 1
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 1
    assert shown == [f"{number} of 21 artifacts read" for number in range(1, 22)]


def test_in_the_background_nothing_is_shown_and_errors_stop_it(
    registry: Registry, content: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(client, "progress", lambda _: nullcontext(shown.append))
    registry.accepts_login()
    for name in ("v1", "v2"):
        registry.holds(name, IMAGE, {"name": name})
    artifacts = [Artifact("team/app", "v1"), Artifact("team/app", "v2")]
    checks: list[None] = []
    described = content.in_background(lambda: checks.append(None)).describe_all(artifacts)
    assert (list(described), len(checks), shown) == (artifacts, 2, [])

    def stop() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        content.in_background(stop).describe_all(artifacts)
    # It is one session, and what was read isn't read again.
    assert content.describe_all(artifacts) == described
    assert len(shown) == 2
    assert set(registry.requested.values()) == {1}


def test_tags_with_one_digest_take_one_request(registry: Registry, content: RegistryClient) -> None:
    registry.accepts_login()
    early = registry.holds("early", IMAGE, {"name": "early"})
    digest = registry.holds("unlisted", IMAGE, {"name": "v1"})
    content.describe(Artifact("team/app", "early"))
    registry.tags("team/app", "early", "v1", "v2", digest=digest)
    content.tags("team/app")
    # What was read before the list is kept.
    expected = {"early": early} | dict.fromkeys(("v1", "v2", "unlisted", digest), digest)
    descriptors = content.describe_all([Artifact("team/app", name) for name in expected])
    assert [one and one.digest for one in descriptors.values()] == list(expected.values())
    read = {url.rpartition("/")[2] for url in registry.requested if "/manifests/" in url}
    assert read == {"early", digest, "unlisted"}


def test_a_tag_that_is_listed_without_a_digest_is_read_by_name(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    digest = registry.holds("v1", IMAGE, {"name": "v1"})
    registry.tags("team/app", "v1", digest="sha256:../..")
    content.tags("team/app")
    described = content.describe(Artifact("team/app", "v1"))
    assert described
    assert described.digest == digest


def test_nothing_is_requested_for_no_artifacts(registry: Registry, content: RegistryClient) -> None:
    assert content.describe_all([]) == {}
    assert content.try_to_describe_all([]) == {}
    assert not registry.requested


def test_a_manifest_is_described_by_the_bytes_that_come(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    document = b'{ "not":  "encoded anew" }\n'
    digest = registry.holds("v1", f"{IMAGE}; charset=utf-8", document)
    expected = Descriptor(digest, IMAGE, len(document))
    assert content.describe(Artifact("team/app", "v1")) == expected
    assert content.describe(Artifact("team/app", digest)) == expected
    assert registry.requested[f"GET {HOST}/v2/team/app/manifests/{digest}"] == 0


def test_a_manifest_that_comes_without_a_type_has_none(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    path = "/v2/team/app/manifests/v1"
    registry.answers(path, "repository:team/app:pull", body=b"{}", content_type=None)
    digest = f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    assert content.describe(Artifact("team/app", "v1")) == Descriptor(digest, "", 2)


@pytest.mark.parametrize("media_type", [INDEX, LIST])
def test_an_index_has_children_and_an_index_in_it_has_its_own(
    registry: Registry, content: RegistryClient, media_type: str
) -> None:
    registry.accepts_login()
    leaf = {"digest": f"sha256:{'1' * 64}", "mediaType": IMAGE, "size": 7}
    gone = {"digest": f"sha256:{'2' * 64}", "mediaType": INDEX, "size": 8}
    registry.answers(
        f"/v2/team/app/manifests/{gone['digest']}", "repository:team/app:pull", **MISSING
    )
    inner = registry.holds("", INDEX, {"manifests": [leaf]})
    size = len(json.dumps({"manifests": [leaf]}))
    children = [leaf, {"digest": inner, "mediaType": INDEX, "size": size}, gone]
    registry.holds("v1", media_type, {"manifests": children})
    descriptor = content.describe(Artifact("team/app", "v1"))
    a_leaf = Descriptor(f"sha256:{'1' * 64}", IMAGE, 7)
    assert descriptor
    assert descriptor.children == (
        a_leaf,
        Descriptor(inner, INDEX, size, (a_leaf,)),
        Descriptor(f"sha256:{'2' * 64}", INDEX, 8),
    )


def test_sizes_count_each_blob_once_and_none_that_is_elsewhere(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    config = {"digest": "sha256:0c", "mediaType": "application/json", "size": 10}
    shared = {"digest": "sha256:01", "mediaType": "a/layer", "size": 100}
    own = {"digest": "sha256:02", "mediaType": "a/layer", "size": 1_000}
    foreign = {"digest": "sha256:03", "mediaType": "a/foreign.layer", "size": 10_000}
    images = [
        {"config": config, "layers": [shared]},
        {"config": config, "layers": [shared, own, foreign]},
    ]
    sizes = [len(json.dumps(image)) for image in images]
    digests = [registry.holds("", IMAGE, image) for image in images]
    gone = {"digest": f"sha256:{'2' * 64}", "mediaType": IMAGE, "size": 7}
    path = f"/v2/team/app/manifests/{gone['digest']}"
    registry.answers(path, "repository:team/app:pull", **MISSING)
    children = [
        {"digest": digest, "mediaType": IMAGE, "size": size}
        for digest, size in zip(digests, sizes, strict=True)
    ]
    index = {"manifests": [*children, gone]}
    top = registry.holds("v1", INDEX, index)
    registry.answers("/v2/team/app/manifests/v2", "repository:team/app:pull", **MISSING)
    there, missing = Artifact("team/app", "v1"), Artifact("team/app", "v2")
    assert content.sizes_of([there, missing]) == {
        there: {
            top: len(json.dumps(index)),
            **dict(zip(digests, sizes, strict=True)),
            "sha256:0c": 10,
            "sha256:01": 100,
            "sha256:02": 1_000,
        },
        missing: None,
    }


def test_a_layer_without_a_size_is_an_error(registry: Registry, content: RegistryClient) -> None:
    registry.accepts_login()
    registry.holds("v1", IMAGE, {"layers": [{"digest": "sha256:01", "mediaType": "a/layer"}]})
    with pytest.raises(AzureResponseError) as refused:
        content.sizes(Artifact("team/app", "v1"))
    assert refused.value.error_msg == (
        "Registry 'myregistry' answered with a manifest of 'team/app:v1' that isn't valid: one of "
        "its blobs lacks 'size'."
    )


def test_other_bytes_than_the_digest_requested_are_an_error(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    digest = f"sha256:{'1' * 64}"
    path = f"/v2/team/app/manifests/{digest}"
    registry.answers(path, "repository:team/app:pull", body=b"{}")
    with pytest.raises(AzureResponseError) as refused:
        content.describe(Artifact("team/app", digest))
    assert refused.value.error_msg == (
        f"Registry 'myregistry' answered with a manifest of 'team/app@{digest}' that isn't valid: "
        f"its digest is sha256:{hashlib.sha256(b'{}').hexdigest()}."
    )


BROKEN = [
    (b"{}", "it is an index that lacks 'manifests'"),
    (b'{"manifests": [{}]}', "it is an index that lacks 'digest'"),
]


@pytest.mark.parametrize(("body", "why"), BROKEN)
def test_a_broken_manifest_is_an_error(
    registry: Registry, content: RegistryClient, body: bytes, why: str
) -> None:
    registry.accepts_login()
    registry.holds("v1", INDEX, body)
    with pytest.raises(AzureResponseError) as refused:
        content.describe(Artifact("team/app", "v1"))
    assert refused.value.error_msg == (
        f"Registry 'myregistry' answered with a manifest of 'team/app:v1' that isn't valid: {why}."
    )


@given(document=st.binary(max_size=40) | st.text(alphabet='{}[]":,manifests0').map(str.encode))
def test_any_bytes_of_an_index_are_described_or_a_value_error(document: bytes) -> None:
    try:
        descriptor = Manifest.of(document, INDEX).descriptor
    except ValueError:
        return
    assert descriptor.size == len(document)


REFUSALS: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "repositories",
        {},
        "registry:catalog:*",
        "list the repositories",
        "Container Registry Repository Catalog Lister",
    ),
    (
        "tags",
        {"repository": "team/app"},
        "repository:team/app:metadata_read",
        "list the tags of repository 'team/app'",
        READER,
    ),
    (
        "describe",
        {"artifact": Artifact("team/app", "v1")},
        "repository:team/app:pull",
        "read the manifests of repository 'team/app'",
        READER,
    ),
]
PATHS = {
    "repositories": "/v2/_catalog",
    "tags": "/acr/v1/team/app/_tags",
    "describe": "/v2/team/app/manifests/v1",
}


@pytest.mark.parametrize(("call", "arguments", "scope", "verb", "role"), REFUSALS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_right_that_is_missing_and_is_not_tried_again(
    registry: Registry,
    content: RegistryClient,
    fake_time: FakeTime,
    *,
    call: str,
    arguments: dict[str, Any],
    scope: str,
    verb: str,
    role: str,
    status: int,
) -> None:
    registry.accepts_login()
    answer = {"errors": [{"code": "DENIED", "message": "requested access is denied"}]}
    registry.answers(PATHS[call], scope, status=status, json=answer)
    with pytest.raises(ForbiddenError) as refused:
        getattr(content, call)(**arguments)
    assert refused.value.error_msg == (
        f"{no_permission(verb)} in registry 'myregistry'. The registry said: requested access is "
        "denied"
    )
    assert refused.value.recommendations[0] == (
        f"The role '{role}' {OR_ACR_PULL} 'az acr show -n myregistry --query roleAssignmentMode' "
        "doesn't print AbacRepositoryPermissions."
    )
    assert registry.requested[f"GET {HOST}{PATHS[call]}"] == 1
    assert fake_time.slept == []


PAGE = {"body": "<html>Sign in</html>", "headers": {"Content-Type": "text/html"}}
FOREIGN = [
    {**PAGE, "status": 200},
    {**PAGE, "status": 404},
    {**PAGE, "status": 302},
    {"status": 404, "json": {"hello": "there"}},
    {"json": []},
    {"json": "neither tags nor access_token"},
    {"json": {"hello": "there"}},
]


@pytest.mark.parametrize("answer", FOREIGN)
@pytest.mark.parametrize("path", ["/acr/v1/team/app/_tags", "/oauth2/token"])
def test_what_is_no_answer_of_a_registry_is_not_taken_for_one(
    registry: Registry, content: RegistryClient, path: str, answer: dict[str, Any]
) -> None:
    registry.accepts_login()
    if path == "/oauth2/token":
        registry.mock.remove("POST", f"{HOST}{path}")
        registry.mock.post(f"{HOST}{path}", **answer)
    else:
        registry.answers(path, "repository:team/app:metadata_read", **answer)
    with pytest.raises(AzureResponseError) as refused:
        content.tags("team/app")
    assert str(refused.value.error_msg).startswith(
        "Couldn't list the tags of repository 'team/app' in registry 'myregistry'. The registry "
        f"said: {answer.get('status', 200)} "
    )
    assert refused.value.recommendations == ADVICE


@pytest.mark.parametrize(
    "tags", [5, {"name": "v1"}, ["v1"], [{"digest": "sha256:00"}], [{"name": "v1"}]]
)
def test_a_list_without_names_is_an_error(
    registry: Registry, content: RegistryClient, tags: Any
) -> None:
    registry.accepts_login()
    scope = "repository:team/app:metadata_read"
    registry.answers("/acr/v1/team/app/_tags", scope, json={"tags": tags})
    with pytest.raises(AzureResponseError) as refused:
        content.tags("team/app")
    assert refused.value.error_msg == (
        "Registry 'myregistry' returned a list that isn't valid: /acr/v1/team/app/_tags"
    )
    assert refused.value.recommendations == ADVICE


@pytest.mark.usefixtures("fake_time")
def test_a_manifest_without_content_is_an_error(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    registry.answers("/v2/team/app/manifests/v1", "repository:team/app:pull", body=b"")
    with pytest.raises(AzureConnectionError) as refused:
        content.describe(Artifact("team/app", "v1"))
    assert str(refused.value.error_msg).startswith(
        "Couldn't read the manifests of repository 'team/app' in registry 'myregistry': "
        f"{HOST.removeprefix('https://')} answered 200 OK, without content"
    )
    assert refused.value.recommendations == ADVICE


def test_a_web_page_is_no_answer_about_a_missing_manifest(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    path = "/v2/team/app/manifests/v1"
    registry.answers(path, "repository:team/app:pull", status=404, **PAGE)
    with pytest.raises(AzureResponseError, match="404 Not Found, with text/html"):
        content.contains(Artifact("team/app", "v1"))


def test_a_token_that_is_refused_is_the_error_of_each_artifact(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    registry.mock.replace("POST", f"{HOST}/oauth2/token", status=401)
    artifacts = [Artifact("team/app", f"sha256:{digit * 64}") for digit in "12"]
    for read in (content.try_to_describe_all, content.try_to_list_referrers):
        errors = read(artifacts)
        assert list(errors) == artifacts
        assert {type(error) for error in errors.values()} == {ForbiddenError}


def test_a_link_without_a_query_ends_the_list(registry: Registry, content: RegistryClient) -> None:
    registry.accepts_login()
    names = {"repositories": ["a"]}
    link = {"Link": '</v2/_catalog>; rel="next"'}
    registry.answers("/v2/_catalog", "registry:catalog:*", json=names, headers=link)
    assert content.repositories() == ["a"]


def test_pages_that_lead_in_a_circle_are_an_error(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    link = '</v2/_catalog?n=100>; rel="next"'
    names = {"repositories": ["a"]}
    registry.answers("/v2/_catalog", "registry:catalog:*", json=names, headers={"Link": link})
    with pytest.raises(AzureResponseError, match="The list of registry 'myregistry' has no end"):
        content.repositories()


EXCHANGES: list[tuple[dict[str, Any], str]] = [
    (PAGE, ". The registry said: 200 OK, with text/html"),
    ({"json": {}}, ". The registry said: 200 OK, with application/json"),
    (
        {"body": RequestsConnectionError("Connection reset by peer")},
        ": The connection to 'myregistry-a1b2.registry.example' failed: Connection reset by peer",
    ),
]


@pytest.mark.parametrize(("exchange", "why"), EXCHANGES)
def test_a_login_that_meets_a_stranger_is_an_error_of_the_connection(
    registry: Registry, content: RegistryClient, exchange: dict[str, Any], why: str
) -> None:
    registry.accepts_login(exchange)
    with pytest.raises(AzureConnectionError) as failed:
        content.repositories()
    assert failed.value.error_msg == f"Couldn't log in to registry 'myregistry'{why}"
    assert failed.value.recommendations == ADVICE


def test_a_token_that_is_refused_is_a_refusal(registry: Registry, content: RegistryClient) -> None:
    registry.accepts_login()
    registry.mock.replace("POST", f"{HOST}/oauth2/token", status=401)
    with pytest.raises(ForbiddenError, match=r"The registry said: 401 Unauthorized, with"):
        content.repositories()


def test_a_token_that_is_refused_is_requested_once(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    registry.mock.replace("POST", f"{HOST}/oauth2/token", status=401)
    with pytest.raises(ForbiddenError, match=r"read the manifests of repository 'team/app'"):
        content.describe_all([Artifact("team/app", "v1"), Artifact("team/app", "v2")])
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 1


def test_a_token_that_became_too_old_is_replaced(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    v1, v2 = (Artifact("team/app", name) for name in ("v1", "v2"))
    registry.holds("v1", IMAGE, {})
    registry.answers("/v2/team/app/manifests/v2", "repository:team/app:pull", status=401)
    digest = registry.holds("v2", IMAGE, {"name": "v2"})
    descriptors = [content.describe(v1), content.describe(v2)]
    assert [one and one.digest for one in descriptors][1] == digest
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 2


@pytest.mark.usefixtures("fake_time")
def test_a_registry_that_fails_once_gets_the_request_again(
    registry: Registry, content: RegistryClient
) -> None:
    registry.mock.post(f"{HOST}/oauth2/token", status=502)
    registry.accepts_login()
    registry.answers("/v2/_catalog", "registry:catalog:*", status=502)
    registry.answers("/v2/_catalog", "registry:catalog:*", json={"repositories": ["a"]})
    assert content.repositories() == ["a"]
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 2


@pytest.mark.parametrize("status", [400, 500])
def test_another_failure_is_one_of_the_registry(
    registry: Registry, content: RegistryClient, fake_time: FakeTime, status: int
) -> None:
    registry.accepts_login()
    answer = {"errors": [{"message": "out of order"}]}
    registry.answers("/v2/_catalog", "registry:catalog:*", status=status, json=answer)
    with pytest.raises(AzureResponseError) as refused:
        content.repositories()
    assert refused.value.error_msg == (
        "Couldn't list the repositories in registry 'myregistry'. The registry said: out of order"
    )
    assert bool(fake_time.slept) == (status == 500)


def test_being_throttled_takes_the_requested_time(
    registry: Registry, content: RegistryClient, fake_time: FakeTime
) -> None:
    registry.accepts_login()
    scope = "repository:team/app:metadata_read"
    slow_down = {"status": 429, "headers": {"Retry-After": "7"}}
    for _ in range(10):
        registry.answers("/acr/v1/team/app/_tags", scope, **slow_down)
    registry.tags("team/app", "v1")
    assert content.tags("team/app") == {"v1": "sha256:00"}
    assert fake_time.slept == [7] * 10


def test_a_login_that_is_throttled_waits_too(
    registry: Registry, content: RegistryClient, fake_time: FakeTime
) -> None:
    registry.accepts_login(*[{"status": 429}] * 3, {"json": {"refresh_token": SECRET}})
    registry.answers("/v2/_catalog", "registry:catalog:*", json={"repositories": []})
    assert content.repositories() == []
    assert fake_time.slept == [1, 2, 4]


def test_a_login_that_is_throttled_for_a_minute_fails(
    registry: Registry, content: RegistryClient, fake_time: FakeTime
) -> None:
    registry.accepts_login({"status": 429})
    with pytest.raises(AzureResponseError) as refused:
        content.repositories()
    assert refused.value.error_msg == (
        "Couldn't log in to registry 'myregistry'. The registry said: 429 Too Many Requests, with "
        "text/plain"
    )
    assert refused.value.recommendations == ["Try again later."]
    assert fake_time.now == 63


PREVIEW = (
    *("acr", "pipeline-run", "create", *WHERE, "-n", "myrun", "-p", "mypipeline", "-t", "export"),
    *("-b", "myblob", "-a", "*", "--dry-run"),
)


@pytest.mark.parametrize("level", [[], ["--only-show-errors"]])
def test_an_error_says_itself_why_the_login_failed(
    az: Az, registry: Registry, level: list[str]
) -> None:
    registry.accepts_login({"status": 401})
    registry.mock.get(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=pipeline(EXPORT))
    result = az(*PREVIEW, *level)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "ERROR: Registry 'myregistry' rejects your login. The registry said: 401 Unauthorized, "
        "with text/plain\n"
        "To log in again, and to the registry, run:\n"
        "az login\n"
        "az acr login --expose-token -n myregistry\n"
    )


def test_a_warning_of_a_login_that_succeeds_is_printed(az: Az, registry: Registry) -> None:
    login_server = HOST.removeprefix("https://")
    registry.resource["properties"] = {"loginServer": login_server, "adminUserEnabled": True}
    registry.accepts_login({"status": 401})
    keys = {"username": "admin", "passwords": [{"name": "password", "value": SECRET}]}
    registry.mock.post(f"{ARM}{REGISTRY}/listCredentials", json=keys)
    registry.mock.get(f"{HOST}/v2/_catalog", json={"repositories": []})
    registry.mock.get(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=pipeline(EXPORT))
    result = az(*PREVIEW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "WARNING: Registry 'myregistry' rejects your login. The registry said: 401 Unauthorized, "
        "with text/plain\nUsing the admin user of the registry.\n"
    )
    assert f"ERROR: {invalid('*', '--artifacts')}" in result.stderr


def test_a_login_that_fails_is_tried_once_for_all_repositories(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login({"status": 401})
    with pytest.raises(ForbiddenError):
        content.describe_all([Artifact(f"team/app{number}", "v1") for number in range(20)])
    assert registry.requested[f"POST {HOST}/oauth2/exchange"] == 1


def test_the_admin_user_reads_where_az_falls_back_on_it(
    registry: Registry, content: RegistryClient
) -> None:
    registry.resource["properties"] |= {"adminUserEnabled": True}  # type: ignore[operator]
    registry.accepts_login({"status": 401})
    passwords = {"username": "myregistry", "passwords": [{"name": "password", "value": "pw"}]}
    registry.mock.post(f"{ARM}{REGISTRY}/listCredentials", json=passwords)
    basic = responses.matchers.header_matcher({"Authorization": "Basic bXlyZWdpc3RyeTpwdw=="})
    registry.mock.get(f"{HOST}/v2/team/app/manifests/v1", match=[basic], json={})
    image = Artifact("team/app", "v1")
    assert content.describe_all([image])[image]
    assert registry.requested[f"POST {HOST}/oauth2/token"] == 0


def test_a_closed_network_is_no_reason_to_use_the_admin_user(
    registry: Registry, content: RegistryClient
) -> None:
    registry.resource["properties"] |= {"adminUserEnabled": True}  # type: ignore[operator]
    denied = {"errors": [{"message": "client with IP '192.0.2.1' is not allowed access."}]}
    registry.accepts_login({"status": 403, "json": denied})
    with pytest.raises(ForbiddenError) as refused:
        content.repositories()
    assert refused.value.error_msg == (
        "Couldn't log in to registry 'myregistry'. The registry said: client with IP '192.0.2.1' "
        "is not allowed access."
    )
    assert refused.value.recommendations == [
        "To see its firewall rules, run:",
        'az acr show -n myregistry --query "[publicNetworkAccess, networkRuleSet]"',
    ]


@pytest.mark.parametrize(
    ("configured", "audience"),
    [
        (None, "https://containerregistry.azure.net"),
        ("registries", "https://registries.azure.net"),
        ("https://registries.example", "https://registries.example"),
    ],
)
def test_the_token_goes_to_the_login_server_only_and_is_for_registries(
    registry: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    configured: str | None,
    audience: str,
) -> None:
    login = Login(token_for=lambda resource: f"for {resource}")
    default = login.account | {"id": OTHER, "tenantId": OTHER}
    accounts = [default, login.account | {"isDefault": False}]
    with az_cli(tmp_path, login) as cli:
        monkeypatch.setattr(Profile, "load_cached_subscriptions", lambda *_: accounts)
        cli.data["subscription_id"] = SUBSCRIPTION
        if configured:
            cli.config.set_value("acr", "audience_resource", configured)
        cmd = SimpleNamespace(cli_ctx=cli)
        elsewhere = 'Bearer realm="https://elsewhere.example/oauth2/token",service="elsewhere"'
        registry.accepts_login({"status": 401, "headers": {"WWW-Authenticate": elsewhere}})
        with pytest.raises(ForbiddenError):
            RegistryClient(cmd, "myregistry", "mygroup").repositories()
    [call] = [call.request for call in registry.mock.calls if call.request.method == "POST"]
    assert call.url == f"{HOST}/oauth2/exchange"
    assert parse_qs(str(call.body)) == {
        "grant_type": ["access_token"],
        "service": [HOST.removeprefix("https://")],
        "tenant": [TENANT],
        "access_token": [f"for {audience}"],
    }


@pytest.mark.parametrize("suffix", [".azurecr.io", None])
def test_a_registry_that_cannot_be_read_has_the_suffix_of_the_cloud(
    registry: Registry, tmp_path: Path, suffix: str | None
) -> None:
    with az_cli(tmp_path) as cli:
        cli.cloud.suffixes.acr_login_server_endpoint = suffix
        registry.mock.get(f"{ARM}{REGISTRIES}", json={"value": [{"name": "another"}]})
        login = registry.mock.post("https://myregistry.azurecr.io/oauth2/exchange", status=401)
        with pytest.raises(ForbiddenError if suffix else AzureConnectionError):
            RegistryClient(SimpleNamespace(cli_ctx=cli), "MyRegistry").repositories()
    assert login.call_count == bool(suffix)
    for call in login.calls:
        assert parse_qs(str(call.request.body))["service"] == ["myregistry.azurecr.io"]


def test_a_registry_without_a_group_is_found_by_its_name(
    registry: Registry, tmp_path: Path
) -> None:
    registry.resource["properties"] |= {"adminUserEnabled": True}  # type: ignore[operator]
    registry.accepts_login({"status": 401})
    registry.mock.get(f"{ARM}{REGISTRIES}", json={"value": [registry.resource]})
    keys = {"username": "myregistry", "passwords": [{"name": "password", "value": "pw"}]}
    registry.mock.post(f"{ARM}{REGISTRY}/listCredentials", json=keys)
    registry.mock.get(f"{HOST}/v2/_catalog", json={"repositories": ["a"]})
    with az_cli(tmp_path) as cli:
        client = RegistryClient(SimpleNamespace(cli_ctx=cli), "MyRegistry")
        assert client.repositories() == ["a"]


@pytest.mark.parametrize(
    "host", ["myregistry.azurecr.io/elsewhere.example", "user@elsewhere.example", "a b"]
)
def test_a_login_server_that_is_not_a_host_gets_no_token(
    registry: Registry, content: RegistryClient, host: str
) -> None:
    registry.resource["properties"] = {"loginServer": host}
    registry.mock.get(f"{ARM}{REGISTRY}", json=registry.resource)
    with pytest.raises(CLIError):
        content.repositories()
    assert registry.requested == {f"GET {ARM}{REGISTRY}": 1}


def test_a_registry_that_may_not_be_read_keeps_the_words_of_arm(
    registry: Registry, content: RegistryClient
) -> None:
    refusal = {"error": {"code": "AuthorizationFailed", "message": "not this one"}}
    registry.mock.get(f"{ARM}{REGISTRY}", status=403, json=refusal)
    with pytest.raises(ForbiddenError) as refused:
        content.repositories()
    assert str(refused.value.error_msg).startswith(
        "Couldn't log in to registry 'myregistry': (AuthorizationFailed) not this one"
    )


@pytest.mark.parametrize(
    ("group", "advice"),
    [
        ("mygroup", CHECK_THE_REGISTRY),
        (
            DefaultStr("mygroup"),
            IN_THE_DEFAULT_GROUP,
        ),
    ],
)
def test_a_registry_in_another_group_is_not_found(
    registry: Registry, tmp_path: Path, group: str, advice: str
) -> None:
    missing = {"error": {"code": "ResourceNotFound", "message": "not here"}}
    registry.mock.get(f"{ARM}{REGISTRY}", status=404, json=missing)
    with az_cli(tmp_path) as cli:
        cmd = SimpleNamespace(cli_ctx=cli, get_models=COMMAND_LOADER_CLS(cli_ctx=cli).get_models)
        content = RegistryClient(cmd, "myregistry", group)
        with pytest.raises(ResourceNotFoundError) as refused:
            content.repositories()
    assert refused.value.recommendations == [advice]


def test_a_web_page_instead_of_the_registry_leaves_no_trace(
    registry: Registry, content: RegistryClient, caplog: pytest.LogCaptureFixture
) -> None:
    registry.mock.get(f"{ARM}{REGISTRY}", status=404, **PAGE)
    with pytest.raises(ResourceNotFoundError, match="Couldn't log in to registry 'myregistry': "):
        content.repositories()
    assert caplog.records == []


def test_a_registry_without_a_host_cannot_be_logged_in_to(
    registry: Registry, content: RegistryClient
) -> None:
    registry.mock.get(f"{ARM}{REGISTRY}", json={"id": REGISTRY, "name": "myregistry"})
    with pytest.raises(AzureConnectionError) as refused:
        content.repositories()
    assert refused.value.error_msg == (
        "Couldn't log in to registry 'myregistry': Azure Resource Manager returns no login server."
    )
    assert refused.value.recommendations == ADVICE


@pytest.mark.usefixtures("fake_time")
def test_a_connection_that_is_lost_with_a_new_token_names_the_repository(
    registry: Registry, content: RegistryClient
) -> None:
    registry.accepts_login()
    registry.holds("v1", IMAGE, {})
    path, scope = "/v2/team/app/manifests/v2", "repository:team/app:pull"
    registry.answers(path, scope, status=401)
    registry.answers(path, scope, body=RequestsConnectionError("Connection reset by peer"))
    assert content.describe(Artifact("team/app", "v1"))
    with pytest.raises(AzureConnectionError, match="read the manifests of repository 'team/app'"):
        content.describe(Artifact("team/app", "v2"))


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("path", ["/acr/v1/team/app/_tags", "/oauth2/token"])
def test_a_lost_connection_names_the_registry(
    registry: Registry, content: RegistryClient, path: str
) -> None:
    registry.accepts_login()
    lost = RequestsConnectionError("Connection reset by peer\nand more lines")
    if path == "/oauth2/token":
        registry.mock.replace("POST", f"{HOST}{path}", body=lost)
    else:
        registry.answers(path, "repository:team/app:metadata_read", body=lost)
    with pytest.raises(AzureConnectionError) as refused:
        content.tags("team/app")
    assert refused.value.error_msg == (
        "Couldn't list the tags of repository 'team/app' in registry 'myregistry': The connection "
        "to 'myregistry-a1b2.registry.example' failed: Connection reset by peer"
    )
    assert refused.value.recommendations == ADVICE


def test_debug_shows_the_requests_and_no_token(
    registry: Registry, content: RegistryClient, caplog: pytest.LogCaptureFixture
) -> None:
    registry.accepts_login()
    scope = "repository:team/app:metadata_read"
    registry.tags("team/app", "v1")
    with caplog.at_level(logging.DEBUG):
        content.tags("team/app")
    assert f"{HOST}/acr/v1/team/app/_tags" in caplog.text
    assert SECRET not in caplog.text
    assert f"for-{scope}" not in caplog.text
