"""One case of fault injection: a command, a fault in one of its requests, and the outcome."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from acr_emulator.cloud.clouds import PUBLIC
from requests.adapters import HTTPAdapter

from tests.faults.faults import SIGNATURE, Fault
from tests.faults.relay import Answer, Damage, Key, Relay, Request, Wire
from tests.faults.scenes import Scene, World, steady
from tests.support.az import Login, Result, run_az
from tests.support.fake_time import FakeTime

#: How often a fault strikes that lasts: longer than any number of tries, short of for ever.
LASTING = 60
_ATTEMPTS = 20
_TIME_OUT = 0.1
_TOKEN = "eyJ"  # how every token begins
_TRACE = re.compile(r"Traceback|unexpected error|File \"")


@dataclass(frozen=True)
class Clean:
    """A command when nothing goes wrong."""

    result: Result
    exchanges: list[tuple[Request, Answer]]
    before: dict[str, str]
    after: dict[str, str]
    #: Those to strike, each once however often it was repeated.
    requests: dict[Key, tuple[Request, Answer]]


@dataclass(frozen=True)
class Case:
    """A fault at a request, once or as long as it is tried again."""

    scene: Scene
    key: Key
    fault: Fault
    lasts: bool = False

    def __str__(self) -> str:
        method, url = self.key
        how = "lasting" if self.lasts else "once"
        path = url.partition("?")[0][-60:]
        return f"az acr {self.scene.line} | {method} ...{path} | {self.fault}, {how}"


@dataclass(frozen=True)
class Outcome:
    """What was wrong with how a command took a fault, sentence by sentence; or whether it did."""

    case: Case
    wrong: tuple[str, ...]
    recovered: bool


@dataclass
class _Injection:
    """Strikes the request of a case."""

    case: Case
    left: int = 0
    jumped: float = 0.0
    injected: int = 0

    def __post_init__(self) -> None:
        self.left = LASTING if self.case.lasts else 1

    def hits(self, method: str, url: str) -> bool:
        return self.left > 0 and (method, url) == self.case.key

    def __call__(self, request: Request) -> Damage | None:
        if not self.hits(*request.key):
            return None
        self.left -= 1
        self.injected += 1
        self.jumped = self.case.fault.jump
        return self.case.fault.damage


class FaultInjection:
    """Commands against one emulator, through the relay."""

    def __init__(self, world: World, relay: Relay, config: Path) -> None:
        self._world = world
        self._relay = relay
        self._config = config
        self._made: dict[str, set[Key]] = defaultdict(set)
        self._login = Login(PUBLIC.subscription_id, PUBLIC.tenant_id, world.site.cloud.token)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Have az ask through the relay, and wait without taking time."""
        proxy = f"http://127.0.0.1:{self._relay.port}"
        names = {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": ""}
        names["REQUESTS_CA_BUNDLE"] = self._world.site.cloud.environment["REQUESTS_CA_BUNDLE"]
        with patch.dict("os.environ", names), FakeTime().instead_of_waiting():
            yield

    def clean(self, scene: Scene) -> Clean:
        """Run a command with nothing wrong."""
        scene.start(self._world)
        before = self._world.state()
        result = self._run(scene, lambda _: None)
        assert result.exit_code == 0, result.stderr
        exchanges = self._relay.exchanges
        made = self._made[scene.command]
        requests: dict[Key, tuple[Request, Answer]] = {}
        for request, answer in exchanges:
            if not (scene.adds and request.key in made):
                requests.setdefault(request.key, (request, answer))
        made.update(requests)
        return Clean(result, exchanges, before, self._world.state(), requests)

    def _run(self, scene: Scene, injection: Any) -> Result:
        with self._relay.injecting(injection), self.connected():
            return run_az(self._config, *scene.argv(self._world), login=self._login)

    def outcomes(self, case: Case, clean: Clean) -> Iterator[Outcome]:
        """How a command takes a fault that strikes once, and if it gets over that, one that lasts.

        What stops a command the first time cannot strike it again.
        """
        once = self._outcome(case, clean)
        yield once
        if once.recovered:
            yield self._outcome(replace(case, lasts=True), clean)

    def _outcome(self, case: Case, clean: Clean) -> Outcome:
        # A run is read by itself or in a list, as the service's pace has it: not each time alike.
        for _ in range(_ATTEMPTS):
            case.scene.start(self._world)
            injection = _Injection(case)
            with _clock_and_patience(injection):
                result = self._run(case.scene, injection)
            if injection.injected:
                break
        requests = [requests for requests, _ in self._relay.exchanges]
        after = self._world.state()
        again = self._run(case.scene, lambda _: None)
        evaluation = _Evaluation(case, clean, self._world)
        assert injection.injected, f"{case}: did not strike"
        wrong = (
            *evaluation.of_message(result),
            *evaluation.of_outcome(result, after),
            *evaluation.of_requests(requests),
            *evaluation.of_second(again, self._world.state(), already=after == clean.after),
        )
        return Outcome(case, wrong, result.exit_code == 0)


@contextmanager
def _clock_and_patience(injection: _Injection) -> Iterator[None]:
    """Set az's clock off when it is to jump, and make it impatient when an answer is to be late."""
    real_time, real_send = time.time, HTTPAdapter.send

    def send(self: HTTPAdapter, request: Any, *args: Any, **options: Any) -> Any:
        late = injection.case.fault.damage.wire is Wire.LATE
        if late and injection.hits(request.method, request.url):
            options["timeout"] = _TIME_OUT
        return real_send(self, request, *args, **options)

    with ExitStack() as stack:
        stack.enter_context(patch.object(HTTPAdapter, "send", send))
        stack.enter_context(patch.object(time, "time", lambda: real_time() + injection.jumped))
        yield


@dataclass(frozen=True)
class _Evaluation:
    """The rules, each giving a sentence for what breaks it."""

    case: Case
    clean: Clean
    world: World

    def of_message(self, result: Result) -> Iterator[str]:
        """No traceback, no secret; and what failed is named."""
        output = result.stderr + result.stdout
        if _TRACE.search(output):
            yield f"traceback: {result.stderr[-1500:]}"
        for secret in (SIGNATURE, _TOKEN):
            if secret in output:
                yield f"shows a secret: {result.stderr}"
        named = self.case.scene.evaluates or any(name in result.stderr for name in self._names())
        if result.exit_code and not named:
            yield f"does not name what failed: {result.stderr}"

    def _names(self) -> Iterator[str]:
        yield self.world.site.registry
        yield self.case.key[1].split("/")[2]
        yield from (f"'{word}'" for word in self.case.scene.argv(self.world)[3:])

    def of_outcome(self, result: Result, after: dict[str, str]) -> Iterator[str]:
        """Exit code 0 if and only if it is done; and nothing half-made or lost."""
        clean = self.clean
        passes = self.case.fault.passes and not self.case.lasts
        if result.exit_code and passes and self.case.key[1].startswith(PUBLIC.arm_url):
            yield f"does not try again: {result.stderr}"
        if result.exit_code == 0:
            if after != clean.after and not self.case.fault.is_reported:
                yield f"exit code 0, but: {_difference(after, clean.after)}"
            if self._is_wrong(result.stdout):
                yield f"exit code 0, but another result: {result.stdout}"
        for thing in {*clean.before, *clean.after, *after}:
            if after.get(thing) not in (clean.before.get(thing), clean.after.get(thing)):
                yield f"half-made: {thing} {after.get(thing)}"

    def _is_wrong(self, stdout: str) -> bool:
        if self.case.scene.evaluates:
            return not _passes(stdout) <= _passes(self.clean.result.stdout)
        return not self.case.fault.is_reported and steady(stdout) != steady(
            self.clean.result.stdout
        )

    def of_requests(self, requests: list[Request]) -> Iterator[str]:
        """What changes something may be sent again only as it was; tokens go to known hosts."""
        first: dict[Key, Request] = {}
        known = {requests.host for requests, _ in self.clean.exchanges}
        for request in requests:
            if request.method not in ("GET", "HEAD") and "/oauth2/" not in request.url:
                before = first.setdefault(request.key, request)
                same = request.body == before.body and request.method in ("PUT", "DELETE")
                if request is not before and not same:
                    yield f"sent twice: {request} {request.body!r} {before.body!r}"
            if request.host not in known and "Authorization" in request.headers:
                yield f"sent a token to {request.host}"
        # A run is read as often as the service's pace has it: waiting takes no time here.
        others = [request for request in requests if "/pipelineRuns/" not in request.url]
        if len(others) > 10 * len(self.clean.exchanges) + 2 * LASTING:
            yield f"{len(others)} requests"

    def of_second(self, again: Result, after: dict[str, str], *, already: bool) -> Iterator[str]:
        """Once the fault is gone, the same command does it, unless it has been done."""
        if after != self.clean.after:
            yield f"the second time: {_difference(after, self.clean.after)}"
        deleted = already and " delete " in self.case.scene.line and again.exit_code == 3
        if again.exit_code != 0 and not deleted:
            yield f"the second time exit code {again.exit_code}: {again.stderr}"


def _passes(stdout: str) -> set[str]:
    return {check["code"] for check in json.loads(stdout) if check["status"] == "pass"}


def _difference(one: dict[str, str], other: dict[str, str]) -> str:
    return json.dumps(
        {
            key: [one.get(key), other.get(key)]
            for key in {*one, *other}
            if one.get(key) != other.get(key)
        }
    )
