"""What commands with many requests take, against the requests that they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from benchmarks.measurement import Measurement
from benchmarks.workspace import Environment, Workspace

#: Requests to the registry at the same time (`registry.client` of the extension).
_BY_REGISTRY = 16
#: The longest chain of a check's requests: the pipeline, then the registry, a login, a token and
#: the manifest, and a token, the tags and the referrers.
_CHAIN_OF_CHECK = 8
_PAGE = 100
_TIMES = 1.5


@dataclass(frozen=True)
class _Case:
    what: str
    line: str
    latency: float
    #: How many times all the requests that are needed have to wait for an answer.
    rounds: int


def measure(
    workspace: Workspace, repositories: int = 1000, tags: int = 10_000, subjects: int = 500
) -> Iterator[Measurement]:
    """Each command with the latency, and without it: the rest is the time of az and the server."""
    with workspace.environment("latency") as environment:
        _fill(environment, repositories, tags, subjects)
        for case in _cases(environment, repositories, tags, subjects):
            yield _measured(environment, case)


def _fill(environment: Environment, repositories: int, tags: int, subjects: int) -> None:
    registry = environment.site.registry_client
    registry.push("samples/hello", "1.0", layer=b"hello")
    for number in range(repositories):
        registry.push(f"many/{number:04}", "1.0", layer=b"hello")
    registry.push("samples/tags", *(f"{number:05}" for number in range(tags)), layer=b"hello")
    for number in range(subjects):
        digest = registry.push("samples/signed", f"{number:03}", layer=f"{number}".encode())
        registry.attach("samples/signed", digest, "application/vnd.cncf.notary.signature", b"{}")


def _cases(
    environment: Environment, repositories: int, tags: int, subjects: int
) -> Iterator[_Case]:
    options = environment.site.args
    run = f"acr pipeline-run create {options} -n myrun -p mypipeline -t export -b blob"
    yield _Case(
        "`check` of an export at 100 ms latency",
        f"acr export-pipeline check {options} -n mypipeline -a samples/hello:1.0 -b b",
        0.1,
        _CHAIN_OF_CHECK,
    )
    yield _Case(
        f"pattern over {repositories:,} repositories at 20 ms latency",
        f"{run} -a 'many/*:1.0' --dry-run",
        0.02,
        ceil(repositories / _PAGE) + ceil(repositories / _BY_REGISTRY),
    )
    yield _Case(
        f"pattern over {tags:,} tags at 20 ms latency",
        f"{run} -a 'samples/tags:*0000' --dry-run",
        0.02,
        ceil(tags / _PAGE),
    )
    # Each artifact and each referrer is read, and the referrers of each are listed.
    yield _Case(
        f"`--include-referrers` for {subjects} artifacts at 20 ms latency",
        f"{run} -a 'samples/signed:*' --include-referrers --dry-run",
        0.02,
        ceil(2 * subjects / _PAGE) + ceil(3 * subjects / _BY_REGISTRY),
    )


def _measured(environment: Environment, case: _Case) -> Measurement:
    environment.az(case.line)
    without = environment.az(case.line).seconds
    environment.cloud.control("reset")
    environment.cloud.control("latency", seconds=case.latency)
    with_latency = environment.az(case.line).seconds
    count = environment.cloud.request_count()
    environment.cloud.control("latency", seconds=0)
    needed = without + case.rounds * case.latency
    return Measurement(
        case.what,
        f"<= {_TIMES}x the time of the requests that it needs",
        f"{with_latency / needed:.2f}x: {with_latency:.1f} s, {needed:.1f} s needed",
        is_met=with_latency <= _TIMES * needed,
        notes=(f"{case.what}: {count:,} requests, without latency {without:.1f} s",),
    )
