"""A cloud for tests: an emulator in a separate process, its controls, and direct requests."""

from __future__ import annotations

import shlex
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
from acr_emulator.bundled.child_process import dies_with_us
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.cloud.description import cloud_of

from tests.support.entra import request_token

Json = dict[str, Any]
Found = TypeVar("Found")

VERSION = "2025-06-01-preview"
_LAST_LINE = "ACR_EMULATOR_CONTROL"
_PATIENCE = 60
_sleep = time.sleep  # also where a test has patched it


class Cloud:
    """An emulator as a process; a context manager that starts and stops it."""

    def __init__(self, state: Path, name_or_file: str = PUBLIC.name, *options: str) -> None:
        self.state = state
        self._options = options
        self._name_or_file = name_or_file
        #: Where everything is in the cloud that it emulates.
        self.hosts = cloud_of(name_or_file)
        self._version = (self.hosts.transfer_api_versions or (VERSION,))[-1]
        self.environment: dict[str, str] = {}
        self._log = state.with_suffix(".log")
        self._tokens: dict[str, str] = {}

    def __enter__(self) -> Cloud:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, also again on the same state, and read the environment that it prints."""
        options = ["--state", str(self.state), "--cloud", self._name_or_file, *self._options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "acr_emulator", "up", *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=dies_with_us(),
            )
        self.environment = dict(self._printed())
        if _LAST_LINE not in self.environment:
            self._process.communicate()
            raise AssertionError(f"The emulator did not start: {self._log.read_text()}")
        trusted = ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])
        self.http = httpx.Client(
            proxy=self.environment["HTTPS_PROXY"], verify=trusted, timeout=60, trust_env=False
        )
        self._controls = httpx.Client(
            base_url=self.environment[_LAST_LINE], timeout=60, trust_env=False
        )

    def _printed(self) -> Iterator[tuple[str, str]]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, value = shlex.split(line)[1].partition("=")
            yield name, value
            if name == _LAST_LINE:
                return

    def stop(self) -> None:
        """Stop it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As if its machine had failed."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        self.http.close()
        self._controls.close()
        self._process.send_signal(how)
        self._process.communicate(timeout=_PATIENCE)

    def control(self, name: str, **values: Any) -> Json:
        """Change a setting, such as `control("runs", seconds=3)`: see the emulator's controls."""
        answer = self._controls.post(f"/{name}", json=values)
        assert answer.is_success, answer.text
        state: Json = answer.json()
        return state

    def fault(self, status: int, code: str, path: str, *, method: str = "", count: int = 1) -> None:
        """Answer the next `count` requests to a path with an error in ARM's envelope."""
        body = {"error": {"code": code, "message": f"{code}, by order of a test."}}
        self.control("faults", status=status, path=path, method=method, count=count, body=body)

    def status(self) -> Json:
        """What the controls show of the emulator."""
        shown: Json = self._controls.get("/state").raise_for_status().json()
        return shown

    def requests(self, host: str = "") -> list[tuple[str, str]]:
        """Method and path of each request to a host, or ARM, since the last `control("reset")`."""
        wanted = host or self.hosts.arm
        return [
            (request["method"], request["path"])
            for request in self._request_log()
            if request["host"] == wanted
        ]

    def request_count(self) -> int:
        """How many requests there were to all hosts since the last `control("reset")`."""
        return len(self._request_log())

    def _request_log(self) -> list[Json]:
        log: list[Json] = self._controls.get("/requests").raise_for_status().json()
        return log

    def token(self, audience: str) -> str:
        """An Entra token of the ready service principal."""
        if audience not in self._tokens:
            self._tokens[audience] = request_token(
                self.http,
                f"{self.hosts.login_url}/{self.hosts.tenant_id}",
                self.environment["AZURE_CLIENT_ID"],
                self.environment["AZURE_CLIENT_SECRET"],
                audience,
            )
        return self._tokens[audience]

    def arm(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask ARM, which must not refuse; the path is below the subscription."""
        answer = self.http.request(
            method,
            f"{self.hosts.arm_url}/subscriptions/{self.hosts.subscription_id}/{path}",
            params={"api-version": self._version},
            headers={"Authorization": f"Bearer {self.token(self.hosts.arm_url)}"},
            json=body,
        )
        assert answer.is_success, answer.text
        content: Json = answer.json() if answer.content else {}
        return content


def eventually(look: Callable[[], Found | None], patience: float = _PATIENCE) -> Found:
    """Ask over and over until there is an answer."""
    end = time.monotonic() + patience
    while (result := look()) is None:
        assert time.monotonic() < end, f"nothing within {patience} s"
        _sleep(0.05)
    return result
