"""Requests to Resource Manager, and the record of each exchange by the step that it belongs to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.live.account import Account, Json

VERSION = "2025-06-01-preview"
_ENDS = {"Succeeded", "Failed", "Canceled"}
_LONGEST_RUN = 1800
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_TRIES = 5


@dataclass(frozen=True)
class Answer:
    """A response: its status, its headers in lower case, its JSON, and how long it took."""

    status: int
    headers: dict[str, str]
    body: Any
    seconds: float

    @property
    def is_success(self) -> bool:
        """Whether the request was accepted."""
        return httpx.codes.is_success(self.status)

    @property
    def properties(self) -> Json:
        """The properties of a resource; none of an error."""
        properties = self.body.get("properties") if isinstance(self.body, dict) else None
        return properties or {}

    @property
    def response(self) -> Json:
        """The response of a run; none if there is none yet."""
        return self.properties.get("response") or {}

    @property
    def error(self) -> str:
        """Code and message of a refusal, or nothing."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return f"{error.get('code')}: {error.get('message')}" if error else ""

    @property
    def state(self) -> str:
        """How a run stands: its provisioningState and the status of its response."""
        return f"{self.properties.get('provisioningState')}/{self.response.get('status')}"

    @property
    def is_over(self) -> bool:
        """Whether a run, or an operation, has ended."""
        if isinstance(self.body, dict) and "status" in self.body:
            return self.body["status"] in _ENDS
        states = {
            self.properties.get("provisioningState"),
            self.response.get("status", "Succeeded"),
        }
        return states <= _ENDS


@dataclass
class Session:
    """A client of Resource Manager that remembers what it was answered."""

    account: Account
    #: Exchanges by the name of their recording.
    recordings: dict[str, list[Json]] = field(default_factory=dict)
    _recording: str | None = None
    _step: str = ""

    def __post_init__(self) -> None:
        self.http = httpx.Client(timeout=300)

    @contextmanager
    def recording(self, name: str) -> Iterator[None]:
        """Record every exchange in the block."""
        self._recording = name
        self.recordings.setdefault(name, [])
        try:
            yield
        finally:
            self._recording = None

    def arm(
        self, method: str, path: str, body: Json | None = None, *, version: str = VERSION
    ) -> Answer:
        """Request something of Resource Manager; the path begins with a slash."""
        return self.url(method, f"{self.account.arm}{path}?api-version={version}", body)

    def url(self, method: str, url: str, body: Json | None = None) -> Answer:
        """Request a URL of Resource Manager, such as that of an operation."""
        started = time.monotonic()
        token = self.account.token(self.account.arm)
        headers = {"Authorization": f"Bearer {token}"}
        for _ in range(_TRIES):
            response = self.http.request(method, url, headers=headers, json=body)
            if response.status_code not in _BUSY:
                break
            time.sleep(float(response.headers.get("retry-after") or 10))
        seconds = time.monotonic() - started
        content = response.json() if response.content else ""
        answer = Answer(response.status_code, dict(response.headers), content, seconds)
        # How often a run in progress is read depends on its duration.
        is_poll = method == "GET" and bool(answer.response) and not answer.is_over
        if self._recording and not is_poll:
            self.recordings[self._recording].append(
                {
                    "command": self._recording,
                    "request": {"method": method, "uri": url, "body": body},
                    "response": {
                        "status": answer.status,
                        "headers": answer.headers,
                        "body": answer.body,
                    },
                }
            )
        return answer

    def ok(self, method: str, path: str, body: Json | None = None, *, version: str) -> Answer:
        """Request something that must not be refused."""
        answer = self.arm(method, path, body, version=version)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {answer.error}")
        return answer

    def until(
        self, look: Callable[[], Answer | None], what: str, patience: float = _LONGEST_RUN
    ) -> Answer:
        """Look, less and less often, until there is something.

        Raises:
            TimeoutError: There is nothing within the patience.
        """
        started = time.monotonic()
        while (waited := time.monotonic() - started) < patience:
            result = look()
            if result is not None:
                return result
            time.sleep(min(max(waited / 5, 0.1), 15))
        raise TimeoutError(f"{what}: nothing within {patience:.0f} s")
