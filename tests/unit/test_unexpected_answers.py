"""One of three runs gets an answer that nobody expects: the other two keep their outcomes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from azext_acrtransfer.kinds import EXPORT, RUN
from tests.support.az import TOKEN, Login, Result, run_az
from tests.support.wording import (
    ANSWERED_BY_ANOTHER,
    AUTHENTICATION,
    NOT_JSON,
    STILL_IN_PROGRESS,
    invalid_resource,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline, run
from tests.unit.fake_runs import REFUSED, RUNS, UNDER_WAY, answers, error_of

BROKEN = f"{ARM}{RUNS}/myrun002"
CREATE = (
    *("acr", "pipeline-run", "create", *WHERE, "-n", "myrun", "-p", "mypipeline", "-t", "export"),
    *("-b", "myblob", "-a", *(f"hello:v{number}" for number in range(103))),
)
NOT_OURS = f"management.azure.com answered {{}}, {NOT_JSON} {ANSWERED_BY_ANOTHER}"
TOKEN_REQUEST = requests.Request("POST", "https://login.example/token").prepare()
NO_RUN = invalid_resource(RUN, "myrun002", "{}")

pytestmark = pytest.mark.usefixtures("fake_time")


@pytest.fixture
def service() -> Iterator[responses.RequestsMock]:
    """The other two runs, which take a while and succeed."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=pipeline(EXPORT))
        for name in ("myrun001", "myrun003"):
            answers(mock, name, run(EXPORT, name, **UNDER_WAY), run(EXPORT, name))
        yield mock


def states(result: Result) -> dict[str, str]:
    """The runs of a result, with their states."""
    return {outcome["name"]: outcome["response"]["status"] for outcome in result.json}


def failed_run(**response: Any) -> dict[str, Any]:
    """A failed run with this response."""
    return run(EXPORT, "myrun002", provisioningState="Failed", response=response)


UNREADABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no content": ({"body": ""}, NOT_OURS.format("200 OK, without content")),
    "a web page": (
        {"body": "<html>", "content_type": "text/html"},
        NOT_OURS.format("200 OK, with text/html"),
    ),
    "half of its JSON": (
        {"body": '{"id":', "content_type": "application/json"},
        NOT_OURS.format("200 OK, with application/json"),
    ),
    "no object": ({"json": []}, NOT_OURS.format("200 OK, with application/json")),
    "no text": (
        {"body": b"\xff\xfe\x00{", "content_type": "application/json"},
        NOT_OURS.format("200 OK, with application/json"),
    ),
    "a redirect": (
        {"status": 302, "headers": {"Location": "https://portal.example"}},
        NOT_OURS.format("302 Found, without content"),
    ),
    "no run": ({"json": {"id": "x", "name": "myrun002"}}, NO_RUN.format("properties")),
    "no response": (
        {"json": run(EXPORT, "myrun002", request=[], response="x")},
        NO_RUN.format("request, no response"),
    ),
    "an error nobody thought of": ({"body": ZeroDivisionError("by zero")}, "by zero"),
}


@pytest.mark.parametrize(("answer", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_answer_to_one_run_keeps_the_others(
    az: Az, service: responses.RequestsMock, answer: dict[str, Any], reason: str
) -> None:
    service.put(BROKEN, **answer)
    result = az(*CREATE)
    assert (result.exit_code, states(result)) == (
        1,
        {"myrun001": "Succeeded", "myrun003": "Succeeded"},
    )
    assert error_of(result)[:2] == ["ERROR: 1 of 3 runs failed:", f"myrun002: {reason}"]


@pytest.mark.parametrize(("answer", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_answer_while_waiting_keeps_every_run(
    az: Az, service: responses.RequestsMock, answer: dict[str, Any], reason: str
) -> None:
    service.put(BROKEN, json=run(EXPORT, "myrun002", **UNDER_WAY))
    service.get(BROKEN, **answer)
    result = az(*CREATE)
    assert (result.exit_code, states(result)) == (
        1,
        {"myrun001": "Succeeded", "myrun002": "Running", "myrun003": "Succeeded"},
    )
    assert error_of(result)[:2] == [
        f"ERROR: Stopped waiting. {STILL_IN_PROGRESS} 'myrun002'.",
        reason,
    ]


@pytest.mark.parametrize(
    "headers",
    [
        *({"Date": date} for date in ("yesterday", "", "Wed, 99 Mar 2026 17:23:21 GMT")),
        *({"Retry-After": delay} for delay in ("soon", "", "nan", "inf", "-1")),
    ],
    ids=lambda headers: "{}: {}".format(*next(iter(headers.items()))),
)
def test_a_header_that_cannot_be_parsed_counts_as_missing(
    az: Az, service: responses.RequestsMock, headers: dict[str, str]
) -> None:
    service.put(BROKEN, json=run(EXPORT, "myrun002", **UNDER_WAY), headers=headers)
    service.get(BROKEN, json=run(EXPORT, "myrun002"), headers=headers)
    result = az(*CREATE)
    assert (result.exit_code, result.stderr) == (0, AUTHENTICATION)
    assert states(result) == dict.fromkeys(("myrun001", "myrun002", "myrun003"), "Succeeded")


class ShortLogin(Login):
    """A login whose tokens expire at once: a thread requests its own before each request."""

    def acquire_token(self, scopes: list[str], **options: Any) -> dict[str, Any]:
        return super().acquire_token(scopes, **options) | {"expires_in": 1}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            requests.ConnectionError("refused", request=TOKEN_REQUEST),
            "The connection to 'login.example' failed: refused",
        ),
        (KeyError("token_endpoint"), "The answer lacks 'token_endpoint'."),
        (ZeroDivisionError("by zero"), "by zero"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_token_that_one_run_does_not_get_keeps_the_others(
    tmp_path: Path, service: responses.RequestsMock, failure: Exception, reason: str
) -> None:
    service.put(BROKEN, json=run(EXPORT, "myrun002"))
    lock, failures = threading.Lock(), iter([None, None, failure])

    def token_for(_: str) -> str:
        with lock:
            error = next(failures, None)
        if error:
            raise error
        return TOKEN

    result = run_az(tmp_path, *CREATE, login=ShortLogin(token_for=token_for))
    assert (result.exit_code, list(states(result).values())) == (1, ["Succeeded", "Succeeded"])
    summary, message, *_ = error_of(result)
    assert summary == "ERROR: 1 of 3 runs failed:"
    assert message.partition(": ")[2] == reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            failed_run(
                target={"uri": "https://[x", "keyVaultUri": "https://[x"},
                pipelineRunErrorMessage=REFUSED,
            ),
            REFUSED,
        ),
        (failed_run(status=7, progress="x", startTime="yesterday", target=[]), None),
        (failed_run(pipelineRunErrorMessage={"a": 1}), "{'a': 1}"),
    ],
    ids=["URIs", "response", "message"],
)
def test_a_failed_run_in_another_shape_keeps_the_others(
    az: Az, service: responses.RequestsMock, answer: dict[str, Any], reason: str | None
) -> None:
    service.put(BROKEN, json=answer)
    result = az(*CREATE)
    assert (result.exit_code, [outcome["name"] for outcome in result.json]) == (
        1,
        ["myrun001", "myrun002", "myrun003"],
    )
    assert error_of(result)[:2] == [
        "ERROR: 1 of 3 runs failed:",
        f"myrun002: {reason or 'The service returned no reason.'}",
    ]
