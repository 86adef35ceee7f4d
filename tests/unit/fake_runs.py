"""Pipeline runs as the service answers them, and what a test reads of a command that makes runs."""

from __future__ import annotations

import json
from typing import Any

import responses

from azext_acrtransfer.kinds import EXPORT, PipelineKind
from tests.support.az import Result
from tests.support.wording import AUTHENTICATION
from tests.unit.conftest import ARM, REGISTRY, run

RUNS = f"{REGISTRY}/pipelineRuns"
DIGEST = "sha256:90659bf80b44ce6be8234e6ff90a1ac34acbeb826903b02cfa0da11c82cbc042"
UNDER_WAY: dict[str, Any] = {
    "provisioningState": "Creating",
    "response": {"status": "Running", "progress": {"percentage": "20"}},
}
REFUSED = (
    "Failed to access storage.  Service request failed.  Status: 403 (This request is not "
    "authorized to perform this operation using this permission)"
)


def failed(kind: PipelineKind, message: str, name: str = "myrun01") -> dict[str, Any]:
    """A run that ended in a failure."""
    failure = run(kind, name)
    failure["properties"]["provisioningState"] = "Failed"
    failure["properties"]["response"]["status"] = "Failed"
    failure["properties"]["response"]["pipelineRunErrorMessage"] = message
    return failure


def in_state(state: str, name: str, kind: PipelineKind = EXPORT, **response: Any) -> dict[str, Any]:
    """A run that stands like this."""
    answer = {"status": state, "startTime": "2026-03-04T17:00:00+00:00", **response}
    return run(kind, name, provisioningState=state, response=answer)


def answers(
    service: responses.RequestsMock, name: str, put: dict[str, Any], *gets: dict[str, Any]
) -> None:
    """Answer the PUT of a run, and then each GET of it; an error is given by its kind."""
    for method, body in [("PUT", put), *(("GET", get) for get in gets)]:
        status = {"Conflict": 409, "AuthorizationFailed": 403}.get(
            body.get("error", {}).get("code"), 200
        )
        headers = {"x-ms-correlation-request-id": f"of {name}"}
        service.add(method, f"{ARM}{RUNS}/{name}", json=body, status=status, headers=headers)


def sent(service: responses.RequestsMock, method: str) -> dict[str, Any]:
    """Bodies of the requests of a method, by the last word of their path."""
    calls = [call.request for call in service.calls if call.request.method == method]
    names = [str(call.path_url).partition("?")[0].rpartition("/")[2] for call in calls]
    assert len(set(names)) == len(names)
    return {
        name: json.loads(str(call.body))
        for name, call in sorted(zip(names, calls, strict=True), key=lambda pair: pair[0])
    }


def lists(service: responses.RequestsMock, *looks: list[dict[str, Any]]) -> None:
    """Answer each list of runs."""
    for runs in looks:
        service.get(f"{ARM}{RUNS}", json={"value": runs})


def error_of(result: Result) -> list[str]:
    """Lines of the error; nothing else is on stderr but how the runs get at the storage."""
    lines = result.stderr.removeprefix(AUTHENTICATION).splitlines()
    assert lines[0].startswith("ERROR: ")
    return lines
