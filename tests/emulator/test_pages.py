"""Pages of lists, and past runs to fill them with."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from acr_emulator.cloud.clouds import PUBLIC
from acr_emulator.runs.pipelines import EXPORT, IMPORT, KINDS, PipelineKind

from tests.emulator.controls_client import Controls
from tests.emulator.running import REGISTRIES, VERSION, Emulator, Json

RUNS = "paged/pipelineRuns"


@pytest.fixture
def controls(emulator: Emulator) -> Iterator[Controls]:
    emulator.registry("paged")
    for kind in KINDS:
        properties = {
            kind.side: {"uri": "https://a.blob.core.windows.net/c", "keyVaultUri": "https://v/s"}
        }
        emulator.ok("PUT", f"paged/{kind.collection}/{kind.side}1", {"properties": properties})
    controls = Controls(emulator)
    yield controls
    controls.post("reset")
    controls.http.close()
    emulator.ok("DELETE", "paged")


def past(controls: Controls, kind: PipelineKind = EXPORT, **more: object) -> None:
    """Have past runs."""
    pipeline = f"{REGISTRIES}/paged/{kind.collection}/{kind.side}1"
    controls.post("past-runs", {"pipeline": pipeline.upper(), **more})


def follow(emulator: Emulator, link: str) -> Json:
    """Ask for a page as a client does that takes the link as it is."""
    token = emulator.entra_token(PUBLIC.arm_audience)
    answer = emulator.http.get(link, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    page: Json = answer.json()
    return page


def names(page: Json) -> list[str]:
    return [resource["name"] for resource in page["value"]]


def test_a_list_that_fits_is_one_page(emulator: Emulator, controls: Controls) -> None:
    assert emulator.ok("GET", RUNS) == {"value": []}
    controls.post("pages", {"size": 3})
    past(controls, count=3)
    page = emulator.ok("GET", RUNS)
    assert (names(page), list(page)) == (["past000001", "past000002", "past000003"], ["value"])


def test_a_page_links_to_the_next_in_the_requested_version(
    emulator: Emulator, controls: Controls
) -> None:
    controls.post("pages", {"size": 2})
    past(controls, count=5)
    first = emulator.ok("GET", RUNS)
    link = f"{PUBLIC.arm_url}{REGISTRIES}/{RUNS}?api-version={VERSION}&%24skipToken="
    assert first["nextLink"].startswith(link)
    second = follow(emulator, first["nextLink"])
    third = follow(emulator, second["nextLink"])
    numbers = [[int(name[-6:]) for name in names(page)] for page in (first, second, third)]
    assert (numbers, "nextLink" in third) == ([[1, 2], [3, 4], [5]], False)


def test_what_changes_between_two_pages_neither_repeats_nor_hides_a_run(
    emulator: Emulator, controls: Controls
) -> None:
    controls.post("pages", {"size": 2})
    past(controls, count=5)
    first = emulator.ok("GET", RUNS)
    for gone in ("past000001", "past000002", "past000004"):
        emulator.ok("DELETE", f"{RUNS}/{gone}")
    past(controls, IMPORT, prefix="new")
    second = follow(emulator, first["nextLink"])
    third = follow(emulator, second["nextLink"])
    assert (names(second), names(third)) == (["past000003", "past000005"], ["new000001"])


def test_lists_of_pipelines_have_pages_too(emulator: Emulator, controls: Controls) -> None:
    controls.post("pages", {"size": 1})
    body = emulator.ok("GET", "paged/importPipelines/source1")
    emulator.ok("PUT", "paged/importPipelines/source2", {"properties": body["properties"]})
    first = emulator.ok("GET", "paged/importPipelines")
    second = follow(emulator, first["nextLink"])
    assert (names(first), names(second)) == (["source1"], ["source2"])


@pytest.mark.parametrize("token", ["x", "AAAA", "\N{SNOWMAN}", "////////////"])
def test_a_skip_token_that_was_not_given_out_is_refused(
    emulator: Emulator, controls: Controls, token: str
) -> None:
    del controls
    answer = emulator.http.get(
        f"{PUBLIC.arm_url}{REGISTRIES}/{RUNS}",
        params={"api-version": VERSION, "$skipToken": token},
        headers={"Authorization": f"Bearer {emulator.entra_token(PUBLIC.arm_audience)}"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidSkipToken")


@pytest.mark.parametrize(("kind", "error"), [(EXPORT, ""), (IMPORT, "It broke.")])
def test_past_runs_read_as_if_they_had_run(
    emulator: Emulator, controls: Controls, kind: PipelineKind, error: str
) -> None:
    past(controls, kind, count=2, prefix="old", apart=600, error=error)
    older, newer = (emulator.ok("GET", f"{RUNS}/old00000{number}") for number in (1, 2))
    properties = newer["properties"]
    state = "Failed" if error else "Succeeded"
    assert (properties["provisioningState"], properties["response"]["status"]) == (state, state)
    assert properties["response"].get("pipelineRunErrorMessage", "") == error
    assert properties["request"]["pipelineResourceId"].endswith(f"{kind.collection}/{kind.side}1")
    assert properties["request"][kind.side]["name"] == "old000002.tar"
    times = [
        datetime.fromisoformat(_six_digits(run["properties"]["response"][time]))
        for run in (older, newer)
        for time in ("startTime", "finishTime")
    ]
    distances = [(later - times[0]).total_seconds() for later in times]
    assert distances == [0, 300, 600, 900]
    now = emulator.instance.clock.now()
    assert timedelta(seconds=300) <= now - times[-1] < timedelta(seconds=360)


def _six_digits(instant: str) -> str:
    whole, _, rest = instant.partition(".")
    fraction = rest.partition("+")[0]
    return f"{whole}.{fraction:0<6}+00:00"


def test_a_past_run_is_run_again_only_if_forced(emulator: Emulator, controls: Controls) -> None:
    past(controls)
    before = emulator.ok("GET", f"{RUNS}/past000001")
    body = {"properties": {"request": before["properties"]["request"]}}
    assert emulator.ok("PUT", f"{RUNS}/past000001", body) == before


def test_ten_thousand_past_runs_outlive_a_restart(tmp_path: Path) -> None:
    first = Emulator(tmp_path)
    first.registry("paged")
    location = {"uri": "https://a.blob.core.windows.net/c", "keyVaultUri": "https://v/s"}
    first.ok("PUT", "paged/exportPipelines/target1", {"properties": {"target": location}})
    controls = Controls(first)
    past(controls, count=10_000)
    controls.http.close()
    first.stop()
    second = Emulator(tmp_path)
    second.instance.settings.page_size = 9_999
    page = second.ok("GET", RUNS)
    assert len(page["value"]) == 9_999
    assert names(follow(second, page["nextLink"])) == ["past010000"]
    second.stop()
