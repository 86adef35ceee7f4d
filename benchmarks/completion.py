"""How long after the end of a run az has seen it, and the SDK's own poller."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import isodate
from acr_emulator.cloud.clouds import PUBLIC
from azure.core.pipeline.transport import RequestsTransport

from azext_acrtransfer.kinds import RUN
from azext_acrtransfer.service.polling import Waiting
from azext_acrtransfer.service.resources import Service
from azext_acrtransfer.service.states import RunState
from benchmarks import sdk
from benchmarks.measurement import Measurement
from benchmarks.workspace import NEWEST, OLDEST, Environment, Workspace
from tests.support.cloud import Cloud
from tests.support.site import GROUP

SECONDS = (3, 30)
LONG = 600
_ARTIFACT = "samples/hello:1.0"
_STEP = 0.2


def measure(
    workspace: Workspace, seconds: Iterable[int] = SECONDS, long: int = LONG
) -> Iterator[Measurement]:
    """Short runs by real processes, a long one by the emulator's clock."""
    with workspace.environment("completion") as environment:
        environment.site.registry_client.push("samples/hello", "1.0", layer=b"hello")
        for duration in seconds:
            yield _short(environment, duration)
        yield _long(environment, long)


def _short(environment: Environment, seconds: int) -> Measurement:
    environment.cloud.control("runs", seconds=seconds)
    noticed: list[float] = []
    with sdk.client(environment.cloud) as client:
        name = f"sdk{seconds:05}"
        poller = client.pipeline_runs.begin_create(
            GROUP, environment.site.registry, name, sdk.export_run(environment, name, _ARTIFACT)
        )
        poller.add_done_callback(lambda _: noticed.append(time.time()))
        with ThreadPoolExecutor() as both:
            by_az = dict(
                both.map(lambda az: (az, _by_az(environment, az, seconds)), (NEWEST, OLDEST))
            )
        poller.wait()
    by_sdk = noticed[0] - _finished_at(environment, name)
    ours_text = ", ".join(f"az {version} {delay:.2f} s" for version, delay in by_az.items())
    return _measurement(f"{seconds} s", seconds, ours_text, max(by_az.values()), by_sdk)


def _by_az(environment: Environment, version: str, seconds: int) -> float:
    name = f"az{version.replace('.', '')}s{seconds:03}"
    process = environment.az(
        f"acr pipeline-run create {environment.site.args} -n {name} -p mypipeline -t export "
        f"-b {name} -a {_ARTIFACT} --output none",
        version=version,
    )
    return process.ended_at - _finished_at(environment, name)


def _long(environment: Environment, seconds: int) -> Measurement:
    environment.cloud.control("runs", seconds=seconds)
    clock = _Clock(environment.cloud)
    with sdk.client(
        environment.cloud, transport=_Transport(clock, **sdk.way_to(environment.cloud))
    ) as client:
        runs_of = Service(client, RUN, PUBLIC.subscription_id).of(environment.site.registry, GROUP)
        quiet = SimpleNamespace(only_show_errors=True)
        answer = runs_of.put("ourrun", sdk.export_run(environment, "ourrun", _ARTIFACT))
        Waiting(quiet, now=clock.now, sleep=clock.sleep).settled(
            runs_of, "ourrun", answer, RunState
        )
        ours = _now(environment.cloud) - _finished_at(environment, "ourrun")
        client.pipeline_runs.begin_create(
            GROUP,
            environment.site.registry,
            "theirrun",
            sdk.export_run(environment, "theirrun", _ARTIFACT),
        ).result()
        theirs = _now(environment.cloud) - _finished_at(environment, "theirrun")
    ours_text = f"the extension's waiting {ours:.1f} s"
    return _measurement(
        f"{seconds / 60:g} min (clock set forward)", seconds, ours_text, ours, theirs
    )


def _measurement(
    run: str, seconds: float, ours_text: str, ours: float, theirs: float
) -> Measurement:
    limit = max(1.5, seconds / 10)
    return Measurement(
        f"completion seen after the service is done, run of {run}",
        f"<= {limit:g} s",
        f"{ours_text}; SDK's poller {theirs:.1f} s",
        is_met=ours <= limit,
    )


def _finished_at(environment: Environment, run: str) -> float:
    response = environment.site.finished(run)["response"]
    return float(isodate.parse_datetime(response["finishTime"]).timestamp())


def _now(cloud: Cloud) -> float:
    return datetime.fromisoformat(cloud.status()["now"]).timestamp()


@dataclass
class _Clock:
    """The emulator's clock: instead of waiting it is set forward, in steps as small as az's."""

    cloud: Cloud
    ahead: float = 0.0

    def now(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        while seconds > 0:
            step = min(seconds, _STEP)
            self.cloud.control("clock", advance=step)
            self.ahead += step
            seconds -= step


class _Transport(RequestsTransport):  # type: ignore[misc]  # azure-core's is untyped here
    """The SDK's own, but for its sleep, by which its pollers wait."""

    def __init__(self, clock: _Clock, **way: Any) -> None:
        super().__init__(**way)
        self._clock = clock

    def sleep(self, duration: float) -> None:
        self._clock.sleep(duration)
