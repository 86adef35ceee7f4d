"""How many requests each command costs, by the service's own log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchmarks.measurement import Measurement
from benchmarks.place import Desk, Place

_RUN_SECONDS = 2
_PAST_RUNS = 250  # with a hundred on a page, three pages


def measure(place: Place) -> Iterator[Measurement]:
    """Every command of the table of the first issue."""
    notes = []
    deviations = 0
    with place.desk("requests") as desk:
        desk.site.registry_client.push("samples/hello", "1.0", layer=b"hello")
        desk.cloud.control("past-runs", pipeline=desk.pipeline_id, count=_PAST_RUNS)
        for line, allowed in _costs(desk):
            asked = _asked(desk, line)
            is_met = bool(re.fullmatch(allowed, asked))
            deviations += not is_met
            notes.append(f"{line}: {asked}{'' if is_met else f', not {allowed}'}")
    yield Measurement(
        "requests per command",
        "the table of issue one",
        f"{len(notes) - deviations} of {len(notes)} commands as in it",
        is_met=not deviations,
        notes=tuple(note.replace(desk.site.at, "AT") for note in notes),
    )


def _costs(desk: Desk) -> Iterator[tuple[str, str]]:
    """Command lines, and the methods of the requests to ARM that they may cost, as a pattern."""
    site = desk.site
    place = f"-c {site.container_uri} -s {site.secret_uri}"
    for kind in ("export", "import"):
        group = f"acr {kind}-pipeline"
        yield f"{group} create {site.at} -n another {place}", "PUT"
        yield f"{group} show {site.at} -n another", "GET"
        yield f"{group} show -r {site.registry} -n another", "GET GET"  # one looks for its group
        yield f"{group} list {site.at}", "GET"
        yield f"{group} delete {site.at} -n another", "DELETE"
    run = "-p mypipeline -t export -b myrun01 -a samples/hello:1.0"
    polls = f"( GET){{1,{_RUN_SECONDS + 1}}}"
    # The second one finds the login server of the registry, in which referrers are counted.
    yield f"acr pipeline-run create {site.at} -n myrun01 {run}", f"GET GET PUT{polls}"
    quiet = f"acr pipeline-run create {site.at} -n myrun02 {run} --only-show-errors"
    yield quiet.replace("-b myrun01", "-b myrun02"), f"GET PUT{polls}"
    yield f"acr pipeline-run show {site.at} -n myrun01", "GET"
    yield f"acr pipeline-run list {site.at}", "GET GET GET"
    yield f"acr pipeline-run delete {site.at} -n myrun01", "DELETE"


def _asked(desk: Desk, line: str) -> str:
    desk.cloud.control("reset")
    desk.cloud.control("runs", seconds=_RUN_SECONDS)
    desk.az(f"{line} --output none")
    return " ".join(method for method, _ in desk.cloud.requests())
