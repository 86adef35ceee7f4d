"""Answers and failures that nobody expects: each ends a command with one readable error."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.cli.core.azclierror import ForbiddenError

from azext_acrtransfer.kinds import EXPORT
from azext_acrtransfer.service import http
from azext_acrtransfer.storage.client import blobs
from tests.support.az import Login, az_cli, run_az
from tests.support.fake_time import FakeTime
from tests.unit.conftest import ARM, AT, REGISTRY, Az, Service, pipeline, run

PATH = f"{REGISTRY}/exportPipelines/mypipeline"
RUNS = f"{REGISTRY}/pipelineRuns"
SHOW = ("acr", "export-pipeline", "show", *AT, "-n", "mypipeline", "--only-show-errors")
LIST = ("acr", "pipeline-run", "list", *AT, "--only-show-errors")
DELETE = ("acr", "pipeline-run", "delete", *AT, "-n", "myrun01", "--only-show-errors")
CREATE = (
    *("acr", "export-pipeline", "create", *AT, "-n", "mypipeline"),
    *("-c", "https://mystorage.blob.core.windows.net/transfer", "--only-show-errors"),
)
EMPTY = (
    "ERROR: management.azure.com answered 200 OK, without content, which is not the service's JSON."
    " A proxy or the sign-in page of a network may stand in between.\n"
)


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (requests.ConnectionError("login.example refused"), "login.example refused"),
        (
            PermissionError(13, "Permission denied", "cache"),
            "[Errno 13] Permission denied: 'cache'",
        ),
        (KeyError("token_endpoint"), "The answer lacks 'token_endpoint'."),
        (ValueError("no JSON"), "The answer cannot be read: no JSON"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_token_that_cannot_be_fetched_is_one_error(
    tmp_path: Path, service: Service, failure: Exception, message: str
) -> None:
    def fail(_: str) -> str:
        raise failure

    result = run_az(tmp_path, *SHOW, login=Login(token_for=fail))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ERROR: {message}\nRequest: GET {ARM}{PATH}\n"
    assert service.requests == []


@pytest.mark.parametrize(
    ("argv", "method", "path"), [(SHOW, "GET", PATH), (CREATE, "PUT", PATH), (LIST, "GET", RUNS)]
)
def test_an_empty_answer_is_an_error(
    az: Az, service: Service, argv: tuple[str, ...], method: str, path: str
) -> None:
    service.mock.add(method, f"{ARM}{path}", status=200)
    result = az(*argv)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{EMPTY}Request: {method} {ARM}{path}\n"


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("retry_after", [{}, {"Retry-After": "soon"}, {"Retry-After": "inf"}])
def test_a_deletion_ends_with_an_empty_answer(
    az: Az, service: Service, status: int, retry_after: dict[str, str]
) -> None:
    operation = f"{RUNS}/myrun01/operationStatuses/1"
    headers = {"Location": f"{ARM}{operation}", **retry_after}
    service.mock.add("DELETE", f"{ARM}{RUNS}/myrun01", status=202, headers=headers)
    service.mock.add("GET", f"{ARM}{operation}", status=202, headers=headers)
    service.mock.add("GET", f"{ARM}{operation}", status=status)
    result = az(*DELETE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("retry_after", ["soon", "inf", "1e300", str(48 * 60 * 60)])
def test_a_delay_that_nobody_can_wait_for_counts_as_none(
    az: Az, service: Service, fake_time: FakeTime, retry_after: str
) -> None:
    throttled = {"error": {"code": "TooManyRequests", "message": "Slow down."}}
    for _ in range(4):
        service.answers("GET", PATH, throttled, status=429, headers={"Retry-After": retry_after})
    result = az(*SHOW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "(TooManyRequests) Slow down." in result.stderr
    assert fake_time.now < 60


def test_a_delay_may_be_a_date(az: Az, service: Service, fake_time: FakeTime) -> None:
    past = {"Retry-After": "Wed, 04 Mar 2020 17:23:21 GMT"}
    unfinished = pipeline(EXPORT, provisioningState="Creating")
    service.answers("PUT", PATH, unfinished, status=201, headers=past)
    service.answers("GET", PATH, pipeline(EXPORT))
    assert az(*CREATE).exit_code == 0
    assert fake_time.now == 0


@pytest.mark.parametrize("date", ["yesterday", "", "Wed, 99 Mar 2026 17:23:21 -0000"])
def test_a_date_that_nobody_can_read_is_none(az: Az, service: Service, date: str) -> None:
    service.answers("GET", PATH, pipeline(EXPORT))
    service.answers("PUT", f"{RUNS}/myrun01", run(EXPORT), headers={"Date": date})
    result = az(
        *("acr", "pipeline-run", "create", *AT, "-n", "myrun01", "-p", "mypipeline"),
        *("-t", "export", "-b", "myblob", "-a", "hello", "--only-show-errors"),
    )
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "The service's list is no list."),
        (
            ["text"],
            "The service's list of the pipeline runs of registry 'myregistry' has an entry that is "
            "no resource.",
        ),
    ],
)
def test_a_list_of_something_else_is_an_error(
    az: Az, service: Service, value: Any, message: str
) -> None:
    service.answers("GET", RUNS, {"value": value})
    result = az(*LIST)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"ERROR: {message}\n")


ELSEWHERE = "ERROR: 'portal.example' is not known to be of the active cloud: not asked.\n"


def test_the_next_page_of_another_host_is_not_requested(az: Az, service: Service) -> None:
    service.answers("GET", RUNS, {"value": [], "nextLink": "https://portal.example/page2"})
    result = az(*LIST)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", ELSEWHERE)


def test_an_operation_on_another_host_is_not_polled(az: Az, service: Service) -> None:
    headers = {"Location": "https://portal.example/operation", "Retry-After": "0"}
    service.mock.add("DELETE", f"{ARM}{RUNS}/myrun01", status=202, headers=headers)
    result = az(*DELETE)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", ELSEWHERE)


def test_a_container_of_another_host_gets_no_token(tmp_path: Path, service: Service) -> None:
    login = Login(token_for=lambda _: pytest.fail("a token was requested"))
    with az_cli(tmp_path, login) as cli, pytest.raises(ForbiddenError) as refused:
        list(blobs(cli, "https://transfer.example/images"))
    assert (
        str(refused.value)
        == "'transfer.example' is not known to be of the active cloud: not asked."
    )
    assert service.requests == []


@pytest.mark.parametrize(
    ("url", "domain", "known"),
    [
        ("https://management.azure.com/x", "management.azure.com", True),
        ("https://westus.management.azure.com/x", "management.azure.com", True),
        ("https://MyVault.vault.azure.net/secrets/x", "vault.azure.net", True),
        ("https://management.azure.com/x", "Management.Azure.com", True),
        ("https://evilmanagement.azure.com/x", "management.azure.com", False),
        ("https://management.azure.com.portal.example/x", "management.azure.com", False),
        ("https://management.azure.com@portal.example/x", "management.azure.com", False),
        (r"https://portal.example\@management.azure.com/x", "management.azure.com", False),
        ("https://management.azure.com/x", "", False),
        ("http://management.azure.com/x", "management.azure.com", False),
        ("https://[::1/x", "management.azure.com", False),
        ("/x", "management.azure.com", False),
    ],
)
def test_only_hosts_in_the_domain_are_known(url: str, domain: str, *, known: bool) -> None:
    if known:
        http.check_host(url, ("another.example", domain))
        return
    with pytest.raises(ForbiddenError):
        http.check_host(url, (domain,))


def test_debug_shows_a_run_without_its_signature(az: Az, service: Service) -> None:
    error = "Refused: https://mystorage.blob.core.windows.net/x?sp=rl&sig=c2VjcmV0"
    response = {"status": "Failed", "pipelineRunErrorMessage": error}
    service.answers("GET", f"{RUNS}/myrun01", run(EXPORT, response=response))
    result = az("acr", "pipeline-run", "show", *AT, "-n", "myrun01", "--debug")
    assert result.exit_code == 0
    assert "?sp=rl&sig=***" in result.stderr
    assert "c2VjcmV0" not in result.stderr + result.stdout


def test_debug_shows_no_signature_in_the_query_of_a_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    http.connection_options()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("urllib3.connectionpool").debug("GET %s", "/x?sp=r&sig=of-the-caller")
    assert caplog.messages == ["GET /x?sp=r&sig=***"]
