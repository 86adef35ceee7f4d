"""What an export of many runs takes beyond its slowest run and the submission."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

import isodate

from benchmarks.measurement import Measurement
from benchmarks.process import Process
from benchmarks.workspace import Environment, Workspace
from tests.support.cloud import Json

RUNS = 10
LATENCY = 0.1
RUN_SECONDS = 2
_A_RUN = 50
_TIMES = 1.6


def measure(workspace: Workspace, runs: int = RUNS, rounds: int = 3) -> Iterator[Measurement]:
    """By references in a file, which need no registry access, then by a glob."""
    count = _A_RUN * runs
    with workspace.environment("export") as environment:
        tags = [f"{number:04}" for number in range(count)]
        environment.site.registry_client.push("samples/many", *tags, layer=b"hello")
        environment.cloud.control("latency", seconds=LATENCY)
        environment.cloud.control("runs", seconds=RUN_SECONDS)
        references = workspace.folder / "references"
        references.write_text("".join(f"samples/many:{tag}\n" for tag in tags))
        # The first run of a cloud waits for parts of the emulator, which no other does.
        _exported(environment, "warmup", "samples/many:0000")
        by_file = [
            _against_service(
                _exported(environment, f"byfile{number}x", shlex.quote(f"@{references}"))
            )
            for number in range(rounds)
        ]
        by_glob = _against_service(_exported(environment, "byglob", "samples/many:*"))
    ratio, text = sorted(by_file)[rounds // 2]
    yield Measurement(
        f"export of {count} artifacts in {runs} runs at 100 ms latency, each run {RUN_SECONDS} s",
        f"<= {_TIMES}x the time of the slowest run + submission",
        f"{ratio:.2f}x: {text}",
        is_met=ratio <= _TIMES,
        notes=("the same by a glob: {:.2f}x: {}".format(*by_glob),),
    )


def _exported(environment: Environment, name: str, artifacts: str) -> Process:
    return environment.az(
        f"acr pipeline-run create {environment.site.args} -n {name} -p mypipeline -t export "
        f"-b {name} -a {artifacts}"
    )


def _against_service(process: Process) -> tuple[float, str]:
    """The time of the whole command, in times of what the service needs."""
    responses = [run["response"] for run in json.loads(process.stdout)]
    started = [_time(response, "startTime") for response in responses]
    slowest = max(
        _time(response, "finishTime") - _time(response, "startTime") for response in responses
    )
    # A run starts when its PUT has waited for the latency: the first was sent that much earlier,
    # the last is answered as it starts.
    submission = max(started) - min(started) + LATENCY
    needed = slowest + submission
    text = f"{process.seconds:.2f} s for {slowest:.2f} + {submission:.2f} s"
    return process.seconds / needed, text


def _time(response: Json, which: str) -> float:
    return float(isodate.parse_datetime(response[which]).timestamp())
