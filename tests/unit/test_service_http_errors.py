"""Answers and failures that nobody expects: each ends a command with one readable error."""

from __future__ import annotations

import logging
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from azure.cli.core.azclierror import ForbiddenError
from knack.util import CLIError
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError, ProtocolError, ProxyError, ReadTimeoutError

from azext_acrtransfer.kinds import EXPORT, IMPORT
from azext_acrtransfer.service import http
from tests.support.az import Login, run_az
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    ANSWERED_BY_ANOTHER,
    CHECK_THE_NETWORK,
    NOT_A_RESOURCE,
    NOT_IN_THE_CLOUD,
    NOT_JSON,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, Service, pipeline, run

PATH = f"{REGISTRY}/exportPipelines/mypipeline"
RUNS = f"{REGISTRY}/pipelineRuns"
SHOW = ("acr", "export-pipeline", "show", *WHERE, "-n", "mypipeline", "--only-show-errors")
LIST = ("acr", "pipeline-run", "list", *WHERE, "--only-show-errors")
DELETE = ("acr", "pipeline-run", "delete", *WHERE, "-n", "myrun01", "--only-show-errors")
CREATE = (
    *("acr", "export-pipeline", "create", *WHERE, "-n", "mypipeline"),
    *("-c", "https://mystorage.blob.core.windows.net/transfer", "--only-show-errors"),
)
EMPTY = (
    f"ERROR: management.azure.com answered 200 OK, without content, {NOT_JSON} "
    f"{ANSWERED_BY_ANOTHER}\n"
)


LOGIN = requests.Request("GET", "https://login.example/token").prepare()
CHECK_NETWORK = CHECK_THE_NETWORK


@pytest.mark.parametrize(
    ("failure", "message", "advice"),
    [
        (
            requests.ConnectionError("refused", request=LOGIN),
            "The connection to 'login.example' failed: refused",
            f"{CHECK_NETWORK}\n",
        ),
        (PermissionError(13, "Permission denied", "cache"), "Permission denied: 'cache'", ""),
        (KeyError("token_endpoint"), "The answer lacks 'token_endpoint'.", ""),
        (ValueError("no JSON"), "The response can't be read: no JSON", ""),
        (RecursionError("depth"), "The response is nested too deeply.", ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_token_that_cannot_be_fetched_is_one_error(
    tmp_path: Path, service: Service, failure: Exception, message: str, advice: str
) -> None:
    def fail(_: str) -> str:
        raise failure

    result = run_az(tmp_path, *SHOW, login=Login(token_for=fail))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ERROR: {message}\nRequest: GET {ARM}{PATH}\n{advice}"
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


def test_an_answer_that_the_sdk_cannot_parse_is_an_error(az: Az, service: Service) -> None:
    service.mock.add("GET", f"{ARM}{PATH}", body="x", content_type="application/octet-stream")
    result = az(*SHOW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "ERROR: Cannot deserialize content-type: application/octet-stream\n"
        f"Request: GET {ARM}{PATH}\n"
    )


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
        *("acr", "pipeline-run", "create", *WHERE, "-n", "myrun01", "-p", "mypipeline"),
        *("-t", "export", "-b", "myblob", "-a", "hello", "--only-show-errors"),
    )
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "The service's list isn't a list."),
        (
            ["text"],
            NOT_A_RESOURCE,
        ),
    ],
)
def test_a_list_of_something_else_is_an_error(
    az: Az, service: Service, value: Any, message: str
) -> None:
    service.answers("GET", RUNS, {"value": value})
    result = az(*LIST)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"ERROR: {message}\n")


ELSEWHERE = f"ERROR: 'portal.example' {NOT_IN_THE_CLOUD}\n"


def test_the_next_page_of_another_host_is_not_requested(az: Az, service: Service) -> None:
    service.answers("GET", RUNS, {"value": [], "nextLink": "https://portal.example/page2"})
    result = az(*LIST)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", ELSEWHERE)


def test_an_operation_on_another_host_is_not_polled(az: Az, service: Service) -> None:
    headers = {"Location": "https://portal.example/operation", "Retry-After": "0"}
    service.mock.add("DELETE", f"{ARM}{RUNS}/myrun01", status=202, headers=headers)
    result = az(*DELETE)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", ELSEWHERE)


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["alone", "checked"])
def test_a_blob_pattern_sends_no_token_to_another_host(
    tmp_path: Path, service: Service, check: list[str]
) -> None:
    body = pipeline(IMPORT)
    body["properties"]["source"]["uri"] = "https://transfer.example/images"
    service.mock.add("GET", f"{ARM}{REGISTRY}/importPipelines/mypipeline", json=body)
    audiences: set[str] = set()

    def token_for(audience: str) -> str:
        audiences.add(audience)
        return "token"

    line = ("acr", "pipeline-run", "create", *WHERE, "-n", "myrun01", "-p", "mypipeline")
    result = run_az(
        tmp_path, *line, "-t", "import", "-b", "*", *check, login=Login(token_for=token_for)
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(f"ERROR: 'transfer.example' {NOT_IN_THE_CLOUD}\n")
    assert audiences == {"https://management.core.windows.net/"}
    assert service.requests == [("GET", f"{REGISTRY}/importPipelines/mypipeline")]


@pytest.mark.parametrize(
    ("url", "domain", "unknown"),
    [
        ("https://management.azure.com/x", "management.azure.com", None),
        ("https://westus.management.azure.com/x", "management.azure.com", None),
        ("https://MyVault.vault.azure.net/secrets/x", "vault.azure.net", None),
        ("https://management.azure.com/x", "Management.Azure.com", None),
        (
            "https://evilmanagement.azure.com/x",
            "management.azure.com",
            "evilmanagement.azure.com",
        ),
        (
            "https://management.azure.com.portal.example/x",
            "management.azure.com",
            "management.azure.com.portal.example",
        ),
        (
            "https://management.azure.com@portal.example/x",
            "management.azure.com",
            "portal.example",
        ),
        (
            r"https://portal.example\@management.azure.com/x",
            "management.azure.com",
            "portal.example",
        ),
        ("https://management.azure.com/x", "", "management.azure.com"),
        ("http://management.azure.com/x", "management.azure.com", "management.azure.com"),
        ("https://[::1/x", "management.azure.com", ""),
        ("/x", "management.azure.com", ""),
    ],
)
def test_only_hosts_in_the_domain_are_known(url: str, domain: str, unknown: str | None) -> None:
    if unknown is None:
        http.check_host(url, ("another.example", domain))
        return
    with pytest.raises(ForbiddenError) as raised:
        http.check_host(url, (domain,))
    assert str(raised.value) == f"'{unknown}' {NOT_IN_THE_CLOUD}"


def _wrapped(*errors: BaseException) -> BaseException:
    """Errors that each wrap the next one, as requests and urllib3 do."""
    for outer, inner in zip(errors, errors[1:], strict=False):
        outer.__cause__ = inner
    return errors[0]


POOL = "HTTPSConnectionPool(host='management.azure.com', port=443)"
REFUSED = ConnectionRefusedError(111, "Connection refused")
NEW = NewConnectionError(Mock(), f"<urllib3.connection.HTTPSConnection object at 0x7f>: {REFUSED}")
CERTIFICATE = (
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in "
    "certificate chain (_ssl.c:1006)"
)


@pytest.mark.usefixtures("fake_time")
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (_wrapped(requests.ConnectionError(NEW), REFUSED), "failed: Connection refused"),
        (requests.ConnectionError(NEW), "failed: Connection refused"),
        (
            requests.exceptions.ProxyError(_wrapped(ProxyError("No.", NEW), NEW, REFUSED)),
            "by the proxy 'http://***@proxy.example:3128' failed: Connection refused",
        ),
        (
            requests.exceptions.ProxyError(ProxyError("No.", OSError("Tunnel failed: 407 Auth"))),
            "by the proxy 'http://***@proxy.example:3128' failed: Tunnel failed: 407 Auth",
        ),
        (
            requests.ReadTimeout(
                ReadTimeoutError(HTTPSConnectionPool("x"), "/", "Read timed out.")
            ),
            "failed: Read timed out.",
        ),
        (
            requests.ConnectionError(f"{POOL}: Max retries exceeded"),
            "failed: Max retries exceeded",
        ),
        (
            requests.ConnectionError(ProtocolError("Aborted.", RemoteDisconnected("No answer"))),
            "failed: No answer",
        ),
    ],
)
def test_a_lost_connection_is_named_without_python(
    az: Az, service: Service, monkeypatch: pytest.MonkeyPatch, failure: Exception, reason: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    for _ in range(4):  # the SDK tries again
        service.mock.add("GET", f"{ARM}{PATH}", body=failure)
    result = az(*SHOW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: The connection to 'management.azure.com' {reason}\nRequest: GET {ARM}{PATH}\n"
        f"{CHECK_NETWORK}\n"
    )


@pytest.mark.usefixtures("fake_time")
def test_the_reason_of_an_error_without_a_message_is_its_text() -> None:
    assert http.reason_of(CLIError("Not you.")) == "Not you."


def test_a_certificate_that_is_not_trusted_gets_the_advice_of_az(az: Az, service: Service) -> None:
    for _ in range(4):
        service.mock.add("GET", f"{ARM}{PATH}", body=requests.exceptions.SSLError(CERTIFICATE))
    result = az(*SHOW)
    assert (result.exit_code, result.stdout) == (1, "")
    error, request, *advice = result.stderr.splitlines()
    assert (error, request) == (
        "ERROR: The connection to 'management.azure.com' failed: certificate verify failed: "
        "self-signed certificate in certificate chain",
        f"Request: GET {ARM}{PATH}",
    )
    assert "REQUESTS_CA_BUNDLE" in "".join(advice) or "CA bundle" in "".join(advice)


def test_a_refusal_is_reported_once_with_all_its_details(az: Az, service: Service) -> None:
    detail = {"code": "PolicyViolation", "message": "No exports."}
    info = [{"type": "PolicyViolation", "info": {"policy": "x"}}]
    refusal = {"code": "Disallowed", "message": "Not allowed.", "details": [detail, detail]}
    service.answers("GET", PATH, {"error": refusal | {"additionalInfo": info}}, status=403)
    result = az(*SHOW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "ERROR: (Disallowed) Not allowed.\n(PolicyViolation) No exports.\n"
        f'PolicyViolation: {{"policy": "x"}}\nRequest: GET {ARM}{PATH}\n'
    )


def test_a_login_that_has_expired_is_to_be_renewed(az: Az, service: Service) -> None:
    expired = {"error": {"code": "ExpiredAuthenticationToken", "message": "It has expired."}}
    service.answers("GET", PATH, expired, status=401)
    result = az(*SHOW)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"ERROR: (ExpiredAuthenticationToken) It has expired.\nRequest: GET {ARM}{PATH}\n"
        "Your login isn't valid, or has expired. To log in again, run:\naz login\n"
    )


def test_debug_shows_a_run_without_its_signature(az: Az, service: Service) -> None:
    error = "Refused: https://mystorage.blob.core.windows.net/x?sp=rl&sig=c2VjcmV0"
    response = {"status": "Failed", "pipelineRunErrorMessage": error}
    service.answers("GET", f"{RUNS}/myrun01", run(EXPORT, response=response))
    result = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01", "--debug")
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
