"""A container's blobs: all pages of them, or the right that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import requests
import responses
from azure.cli.core._profile import Profile
from azure.cli.core.auth.identity import Identity
from azure.cli.core.azclierror import AzCLIError, ForbiddenError, ResourceNotFoundError

from azext_acrtransfer.storage.client import blobs
from tests.support.az import Login, az_cli
from tests.support.fake_time import FakeTime
from tests.support.wording import ANSWERED_BY_ANOTHER, no_permission
from tests.unit.fake_storage import page

URI = "https://mystorage.blob.core.windows.net/transfer"
TOKEN = {"Authorization": "Bearer of-the-caller"}
ZONE_URI = "https://mystorage.z12.blob.storage.azure.net/transfer"
Blobs = Callable[..., Iterator[str]]


@pytest.fixture
def container() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def list_blobs(tmp_path: Path) -> Iterator[Blobs]:
    with az_cli(tmp_path, Login(token_for=lambda _: "of-the-caller")) as cli:
        yield lambda uri=URI: blobs(cli, uri)


@pytest.mark.parametrize("uri", [URI, ZONE_URI])
def test_blobs_come_page_by_page(
    container: responses.RequestsMock, list_blobs: Blobs, uri: str
) -> None:
    mine = responses.matchers.header_matcher(TOKEN)
    query = {"restype": "container", "comp": "list"}
    for more, body in [
        ({}, page("one", "folder/two", following="three")),
        ({"marker": "three"}, page("three")),
    ]:
        parameters = responses.matchers.query_param_matcher(query | more, strict_match=False)
        headers = {"Content-Type": "application/xml"}
        container.get(uri, body=body, headers=headers, match=[mine, parameters])
    assert list(list_blobs(uri)) == ["one", "folder/two", "three"]


def test_blobs_are_read_as_the_user_of_the_active_subscription(
    container: responses.RequestsMock, tmp_path: Path
) -> None:
    other = "33333333-3333-3333-3333-333333333333"
    waits = responses.matchers.request_kwargs_matcher({"timeout": (20, 60)})
    headers = {"Content-Type": "application/xml"}
    container.get(URI, body=page("one"), headers=headers, match=[waits])

    def log_in(identity: Any, user: str) -> Login:
        return Login(token_for=lambda _: f"{user} of {identity.tenant_id} in {identity.authority}")

    accounts = Login(other=other).accounts
    accounts[1] |= (
        accounts[0] | accounts[1] | {"tenantId": "t", "user": {"name": "u", "type": "user"}}
    )
    with (
        az_cli(tmp_path) as cli,
        patch.object(Profile, "load_cached_subscriptions", return_value=accounts),
        patch.object(Identity, "get_user_credential", log_in),
    ):
        cli.data["subscription_id"] = other
        cli.cloud.endpoints.active_directory = "https://login.example"
        assert list(blobs(cli, URI)) == ["one"]
    request = container.calls[0].request
    assert request.headers["Authorization"] == "Bearer u of t in https://login.example"
    assert "AZURECLI/" in request.headers["User-Agent"]


def refusal(code: str, message: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}\nRequestId:1\nTime:2</Message></Error>"
    )


@pytest.mark.parametrize("code", ["AuthorizationPermissionMismatch", "AuthorizationFailure"])
def test_a_refusal_names_the_right_that_is_missing(
    container: responses.RequestsMock, list_blobs: Blobs, code: str
) -> None:
    body = refusal(code, "This request is not authorized.")
    headers = {"x-ms-error-code": code, "Content-Type": "application/xml"}
    container.get(URI, status=403, body=body, headers=headers)
    with pytest.raises(ForbiddenError) as refused:
        list(list_blobs())
    assert refused.value.error_msg == (
        f"{no_permission('list the blobs')} of container '{URI}'. Storage said: This request is "
        "not authorized."
    )
    assert refused.value.recommendations == [
        "Assign the role 'Storage Blob Data Reader' on the container, and use a network that the "
        "storage firewall allows.",
        "A blob name without a pattern doesn't list the container.",
    ]


def test_a_missing_container_keeps_the_words_of_storage(
    container: responses.RequestsMock, list_blobs: Blobs
) -> None:
    body = refusal("ContainerNotFound", "The specified container does not exist.")
    headers = {"x-ms-error-code": "ContainerNotFound", "Content-Type": "application/xml"}
    container.get(URI, status=404, body=body, headers=headers)
    with pytest.raises(ResourceNotFoundError) as missing:
        list(list_blobs())
    assert missing.value.error_msg == (
        f"Couldn't list the blobs of container '{URI}': The specified container does not exist."
    )


@pytest.mark.parametrize(
    ("answer", "description", "count"),
    [
        ({"body": requests.ConnectionError("gone")}, "gone", 4),
        (
            {"body": "<html>", "content_type": "text/html"},
            "The answer is text/html, which isn't an answer of Blob Storage. "
            f"{ANSWERED_BY_ANOTHER}",
            1,
        ),
        (
            {"body": "<html>", "content_type": "text/html", "status": 500},
            "The answer is text/html, which isn't an answer of Blob Storage. "
            f"{ANSWERED_BY_ANOTHER}",
            4,
        ),
        (
            {"content_type": None},
            f"The answer is empty, which isn't an answer of Blob Storage. {ANSWERED_BY_ANOTHER}",
            1,
        ),
        (
            {
                "status": 302,
                "headers": {"Location": "http://portal.example"},
                "content_type": "application/xml",
            },
            "Found",
            1,
        ),
    ],
)
def test_what_is_no_answer_of_storage_names_the_container(
    container: responses.RequestsMock,
    list_blobs: Blobs,
    fake_time: FakeTime,
    answer: dict[str, Any],
    description: str,
    count: int,
) -> None:
    storage = container.get(URI, **answer)
    with pytest.raises(AzCLIError) as refused:
        list(list_blobs())
    assert refused.value.error_msg == f"Couldn't list the blobs of container '{URI}': {description}"
    assert refused.value.recommendations == [
        "A blob name without a pattern doesn't list the container."
    ]
    # What isn't Blob Storage fails at once, except for a server error.
    assert (storage.call_count, fake_time.now > 0) == (count, count > 1)
