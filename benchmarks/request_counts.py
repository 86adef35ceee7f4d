"""How many requests each command costs, by the service's own log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchmarks.measurement import Measurement
from benchmarks.workspace import Environment, Workspace

_RUN_SECONDS = 2
_PAST_RUNS = 250  # with a hundred on a page, three pages


def measure(workspace: Workspace) -> Iterator[Measurement]:
    """Every command of the table of the first issue."""
    notes = []
    deviations = 0
    with workspace.environment("requests") as environment:
        environment.site.registry_client.push("samples/hello", "1.0", layer=b"hello")
        environment.cloud.control("past-runs", pipeline=environment.pipeline_id, count=_PAST_RUNS)
        for line, allowed in _costs(environment):
            methods = _methods(environment, line)
            is_met = bool(re.fullmatch(allowed, methods))
            deviations += not is_met
            notes.append(f"{line}: {methods}{'' if is_met else f', not {allowed}'}")
    yield Measurement(
        "requests per command",
        "the table of issue one",
        f"{len(notes) - deviations} of {len(notes)} commands as in it",
        is_met=not deviations,
        notes=tuple(note.replace(environment.site.args, "AT") for note in notes),
    )


def _costs(environment: Environment) -> Iterator[tuple[str, str]]:
    """Command lines, and the methods of the requests to ARM that they may cost, as a pattern."""
    site = environment.site
    options = f"-c {site.container_uri} -s {site.secret_uri}"
    for kind in ("export", "import"):
        group = f"acr {kind}-pipeline"
        yield f"{group} create {site.args} -n another {options}", "PUT"
        yield f"{group} show {site.args} -n another", "GET"
        yield f"{group} show -r {site.registry} -n another", "GET GET"  # one looks for its group
        yield f"{group} list {site.args}", "GET"
        yield f"{group} delete {site.args} -n another", "DELETE"
    run = "-p mypipeline -t export -b myrun01 -a samples/hello:1.0"
    polls = f"( GET){{1,{_RUN_SECONDS + 1}}}"
    # One finds the login server of the registry, in which referrers are counted in the background.
    yield f"acr pipeline-run create {site.args} -n myrun01 {run}", f"GET (GET PUT|PUT GET){polls}"
    quiet = f"acr pipeline-run create {site.args} -n myrun02 {run} --only-show-errors"
    yield quiet.replace("-b myrun01", "-b myrun02"), f"GET PUT{polls}"
    yield f"acr pipeline-run show {site.args} -n myrun01", "GET"
    yield f"acr pipeline-run list {site.args}", "GET GET GET"
    yield f"acr pipeline-run delete {site.args} -n myrun01", "DELETE"


def _methods(environment: Environment, line: str) -> str:
    environment.cloud.control("reset")
    environment.cloud.control("runs", seconds=_RUN_SECONDS)
    environment.az(f"{line} --output none")
    return " ".join(method for method, _ in environment.cloud.requests())
