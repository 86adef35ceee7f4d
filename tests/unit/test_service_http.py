"""Answers that are none: a web page, a redirect, something broken, a list without end."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from tests.support.az import non_null
from tests.support.wording import ANSWERED_BY_ANOTHER, CHECK_THE_NETWORK, NOT_JSON, invalid_resource
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, Service, flat, pipeline

PIPELINES = f"{REGISTRY}/exportPipelines"
PATH = f"{PIPELINES}/mypipeline"
REQUEST = f"Request: GET {ARM}{PATH}"
PROXY = ANSWERED_BY_ANOTHER
CHECK_NETWORK = CHECK_THE_NETWORK
RUNS = f"{REGISTRY}/pipelineRuns"
SHOW = ("acr", "export-pipeline", "show", *WHERE, "-n", "mypipeline", "--only-show-errors")
LIST = ("acr", "pipeline-run", "list", *WHERE, "--only-show-errors")


@pytest.mark.parametrize(("argv", "path"), [(SHOW, PATH), (LIST, RUNS)])
@pytest.mark.parametrize(
    ("status", "answer", "description"),
    [
        (200, {"body": "<html>", "content_type": "text/html"}, "200 OK, with text/html"),
        (404, {"body": "<html>", "content_type": "text/html"}, "404 Not Found, with text/html"),
        (200, {"body": "{", "content_type": "text/plain"}, "200 OK, with text/plain"),
        (200, {"json": []}, "200 OK, with application/json"),
        (400, {"json": []}, "400 Bad Request, with application/json"),
        (302, {"headers": {"Location": "http://portal.example"}}, "302 Found, without content"),
    ],
)
def test_what_is_not_the_services_is_said_to_be_so(
    az: Az,
    service: Service,
    *,
    argv: tuple[str, ...],
    path: str,
    status: int,
    answer: dict[str, Any],
    description: str,
) -> None:
    service.mock.add("GET", f"{ARM}{path}", status=status, **answer)
    result = az(*argv)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: management.azure.com answered {description}, {NOT_JSON} {PROXY}\n"
        f"Request: GET {ARM}{path}\n"
    )


def test_a_refusal_names_its_request_and_shows_no_signature(az: Az, service: Service) -> None:
    message = "Refused: https://mystorage.blob.core.windows.net/x?sp=rl&sig=c2VjcmV0"
    refusal = {"error": {"code": "Refused", "message": message}}
    service.answers("GET", f"{REGISTRY}/exportPipelines", refusal, status=403)
    result = az("acr", "export-pipeline", "list", *WHERE, "--only-show-errors")
    masked = message.replace("c2VjcmV0", "***")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: (Refused) {masked}\nRequest: GET {ARM}{REGISTRY}/exportPipelines\n"
    )


@pytest.mark.usefixtures("fake_time")
def test_a_missing_connection_names_its_request(az: Az, service: Service) -> None:
    for _ in range(4):  # the SDK tries again
        service.mock.add("GET", f"{ARM}{PATH}", body=requests.ConnectionError("gone"))
    result = az(*SHOW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "ERROR: The connection to 'management.azure.com' failed: gone\n"
        f"{REQUEST}\n{CHECK_NETWORK}\n"
    )


@pytest.mark.parametrize("back_to", ["?page=1", "?page=2"])
def test_a_list_that_leads_back_to_itself_ends(az: Az, service: Service, back_to: str) -> None:
    for link in ("?page=1", "?page=2", back_to):
        page = {"value": [], "nextLink": f"{ARM}{PIPELINES}{link}"}
        service.answers("GET", PIPELINES, page)
    result = az("acr", "export-pipeline", "list", *WHERE, "--only-show-errors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: The service's list has no end: a page leads back to {ARM}{PIPELINES}\n"
    )


def test_what_slides_onto_the_next_page_is_listed_once(az: Az, service: Service) -> None:
    one, two = (pipeline(EXPORT, name) for name in ("pipeline1", "pipeline2"))
    page = {"value": [one, two], "nextLink": f"{ARM}{PIPELINES}?page=2"}
    service.answers("GET", PIPELINES, page)
    service.answers("GET", PIPELINES, {"value": [two]})
    result = az("acr", "export-pipeline", "list", *WHERE, "--only-show-errors")
    assert (result.exit_code, result.stderr) == (0, "")
    assert non_null(result.json) == [flat(one), flat(two)]


@pytest.mark.parametrize("lacking", ["id", "name", "properties"])
@pytest.mark.parametrize("verb", ["show", "create"])
def test_an_answer_without_what_every_resource_has_is_an_error(
    az: Az, service: Service, lacking: str, verb: str
) -> None:
    answer = {key: value for key, value in pipeline(EXPORT).items() if key != lacking}
    container = ("-c", "https://mystorage.blob.core.windows.net/transfer")
    service.answers("PUT" if verb == "create" else "GET", PATH, answer)
    argv = (verb, *WHERE, "-n", "mypipeline", "--only-show-errors")
    result = az("acr", "export-pipeline", *argv, *(container if verb == "create" else ()))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ERROR: {invalid_resource(EXPORT, 'mypipeline', lacking)}\n"


def test_create_advises_by_what_was_returned(az: Az, service: Service, kind: PipelineKind) -> None:
    bare = pipeline(kind) | {"identity": None, "properties": {"provisioningState": "Succeeded"}}
    service.answers("PUT", f"{REGISTRY}/{kind.resource_type}/mypipeline", bare)
    container = ("-c", "https://mystorage.blob.core.windows.net/transfer")
    result = az("acr", kind.group, "create", *WHERE, "-n", "mypipeline", *container)
    assert result.exit_code == 0
    assert "(PRINCIPAL_ID)" in result.stderr
