"""Many runs: listed in order, chosen, in az's shape, and no more in memory than has to be."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.util import todict
from azure.mgmt.containerregistry.models import PipelineRun
from hypothesis import example, given
from hypothesis import strategies as st

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.service import runs
from azext_acrtransfer.service.json_values import parse_timestamp
from azext_acrtransfer.service.shapes import shapes
from tests.support.wording import LIST_SHOWS_NAMES, NOT_A_RESOURCE, WHOLE_NUMBER, invalid
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, Service, pipeline, run
from tests.unit.fake_runs import in_state

RUNS = f"{REGISTRY}/pipelineRuns"
LIST = ("acr", "pipeline-run", "list", *WHERE)
CLEAN = ("acr", "pipeline-run", "clean", *WHERE)


FOUR = [
    in_state("Failed", "failed01"),
    in_state("Succeeded", "done01", IMPORT),
    in_state("Running", "going01"),
    in_state("Canceled", "canceled01", IMPORT),
]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["failed01", "done01", "going01", "canceled01"]),
        ("--status Failed", ["failed01", "canceled01"]),
        ("--status running", ["going01"]),
        ("--status SUCCEEDED", ["done01"]),
        ("--pipeline MyPipeline", ["failed01", "done01", "going01", "canceled01"]),
        ("-p mypipeline --status Canceled --top 1", ["canceled01"]),
        ("-p mypipeline --status Failed --top 1", ["canceled01"]),
        ("--top 2", ["going01", "canceled01"]),
    ],
)
def test_list_shows_those_that_are_selected(
    az: Az, service: Service, typed: str, names: list[str]
) -> None:
    service.answers("GET", RUNS, {"value": FOUR})
    result = az(*LIST, *typed.split())
    assert result.exit_code == 0
    assert [listed["name"] for listed in result.json] == names


@pytest.mark.parametrize(("top", "names"), [(1, "c"), (2, "ac"), (3, "bac"), (4, "bac")])
def test_of_runs_that_started_at_once_the_last_are_the_newest(top: int, names: str) -> None:
    same = [in_state("Failed", name) for name in ("b", "a", "c")]
    assert "".join(each["name"] for each in runs.newest(same, top)) == names


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("$skipToken=a%2Fb%3D", "$skipToken=a%2Fb%3D"),
        ("%24skipToken=abc", "%24skipToken=abc"),
        ("$skiptoken=a/b+c=&x='y'", "$skiptoken=a/b+c=&x='y'"),
        ('$skipToken={"a":1}', "$skipToken=%7B%22a%22:1%7D"),  # no URL contains these as they are
    ],
)
def test_the_next_page_is_requested_by_the_link_of_the_service(
    az: Az, service: Service, query: str, sent: str
) -> None:
    first, second = FOUR[:2], FOUR[2:]
    link = f"{ARM}{RUNS}?api-version=2025-06-01-preview&"
    service.answers("GET", RUNS, {"value": first, "nextLink": link + query})
    service.answers("GET", RUNS, {"value": second})
    result = az(*LIST, "--status", "Failed")
    assert [listed["name"] for listed in result.json] == ["failed01", "canceled01"]
    sent_requests = [call.request for call in service.mock.calls]
    first_link = f"{ARM}{RUNS}?api-version=2025-06-01-preview"
    assert [request.url for request in sent_requests] == [first_link, link + sent]
    assert {request.headers["Accept"] for request in sent_requests} == {"application/json"}


class TrackedRun(dict[str, Any]):
    """A run of which one can tell whether it is still in memory."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def test_no_more_runs_are_in_memory_than_are_requested() -> None:
    alive: weakref.WeakSet[TrackedRun] = weakref.WeakSet()
    most = 0

    def all_of_them() -> Iterator[TrackedRun]:
        nonlocal most
        for number in range(2000):
            each = TrackedRun(
                in_state("Failed", f"run{number}", startTime=f"{2026 + number}-01-01")
            )
            alive.add(each)
            gc.collect(0)
            most = max(most, len(alive))
            yield each
            del each

    resources: Any = SimpleNamespace(list=all_of_them)
    newest = runs.newest(runs.chosen(runs.of_pipeline(resources, "mypipeline")), 3)
    assert [each["name"] for each in newest] == ["run1997", "run1998", "run1999"]
    assert most < 10


def test_list_shows_a_run_as_show_does(az: Az, service: Service, kind: PipelineKind) -> None:
    whole = run(kind)
    service.answers("GET", f"{RUNS}/myrun01", whole)
    service.answers("GET", RUNS, {"value": [whole]})
    shown = az("acr", "pipeline-run", "show", *WHERE, "-n", "myrun01")
    listed = az(*LIST)
    assert json.dumps(listed.json[0], sort_keys=True) == json.dumps(shown.json, sort_keys=True)


TEXTS = st.none() | st.text(max_size=3)
TIMES = st.sampled_from(
    [
        None,
        "2026-03-04T17:23:21.9261521+00:00",
        "2026-03-04T17:23:21.92Z",
        "2026-03-04T17:23:21Z",
        "2026-03-04T19:23:21.5+02:00",
    ]
)


def some(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of these keys, perhaps with one that nobody knows."""
    return st.fixed_dictionaries({}, optional={**parts, "unknown": TEXTS})


SIDE = some(type=TEXTS, uri=TEXTS, name=TEXTS, keyVaultUri=TEXTS, storageAccessMode=TEXTS)
ANY_RUN = some(
    id=TEXTS,
    name=TEXTS,
    type=TEXTS,
    systemData=some(createdBy=TEXTS, createdAt=TIMES, lastModifiedAt=TIMES),
    properties=some(
        provisioningState=TEXTS,
        forceUpdateTag=TEXTS,
        request=some(
            pipelineResourceId=TEXTS,
            artifacts=st.none() | st.lists(st.text(max_size=3), max_size=2),
            source=SIDE,
            target=SIDE,
            catalogDigest=TEXTS,
        ),
        response=some(
            status=TEXTS,
            importedArtifacts=st.none() | st.lists(st.text(max_size=3), max_size=2),
            progress=some(percentage=TEXTS),
            startTime=TIMES,
            finishTime=TIMES,
            source=SIDE,
            target=SIDE,
            catalogDigest=TEXTS,
            trigger=some(sourceTrigger=some(timestamp=TIMES)),
            pipelineRunErrorMessage=TEXTS,
        ),
    ),
)


@given(resource=ANY_RUN)
@example(resource=run(EXPORT, "outer01", **{"id": "inner", "type": "inner"}))
def test_the_shape_is_what_core_makes_of_the_sdks_model(resource: dict[str, Any]) -> None:
    assert shapes([resource]) == [todict(PipelineRun(resource))]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-03-04T17:23:21.9261521+00:00", "2026-03-04T17:23:21.926152+00:00"),
        ("2026-03-04T17:23:21.9Z", "2026-03-04T17:23:21.900000+00:00"),
        ("2026-03-04T17:23:21", "2026-03-04T17:23:21+00:00"),
        ("2026-03-04T19:23:21+02:00", "2026-03-04T19:23:21+02:00"),
        ("yesterday", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_a_timestamp_is_read_as_the_service_writes_it(text: object, read: str | None) -> None:
    timestamp = parse_timestamp(text)
    assert (timestamp and timestamp.isoformat()) == read


@pytest.mark.parametrize("entry", [None, {}, {"id": "i", "name": 5, "properties": {}}, ["run"]])
@pytest.mark.parametrize("verb", [LIST, CLEAN])
def test_a_list_of_something_else_is_an_error(
    az: Az, service: Service, verb: tuple[str, ...], entry: Any
) -> None:
    service.answers("GET", RUNS, {"value": [entry]})
    result = az(*verb, "--only-show-errors")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"ERROR: {NOT_A_RESOURCE}\n"


def test_a_list_that_is_left_out_is_empty(az: Az, service: Service) -> None:
    service.answers("GET", RUNS, {})
    assert az(*LIST).json == []


def ago(**length: float) -> str:
    """A time that long ago, as the service writes it."""
    return (datetime.now(timezone.utc) - timedelta(**length)).isoformat()


def runs_of_several_ages() -> list[dict[str, Any]]:
    """Runs of several ages, counted from the start of the test and not of the session."""
    return [
        in_state("Failed", "young01", finishTime=ago(minutes=50), startTime=ago(hours=5)),
        in_state("Failed", "old01", finishTime=ago(minutes=70)),
        in_state("Failed", "broken01", startTime=ago(days=8)),  # it never reported when it ended
        in_state("Failed", "timeless01", startTime=None),
        in_state("Succeeded", "done01", finishTime=ago(days=50)),
        in_state("Failed", "imported01", IMPORT, finishTime=ago(days=50)),
    ]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["young01", "old01", "broken01", "timeless01", "imported01"]),
        ("--older-than 40m", ["young01", "old01", "broken01", "imported01"]),
        ("--older-than 1h", ["old01", "broken01", "imported01"]),
        ("--older-than 7d", ["broken01", "imported01"]),
        ("--older-than 2w", ["imported01"]),
        ("--older-than 99999w", []),
        ("--pipeline MYPIPELINE --older-than 7d", ["broken01", "imported01"]),
    ],
)
def test_clean_takes_the_failed_runs_that_are_selected(
    az: Az, service: Service, typed: str, names: list[str]
) -> None:
    service.answers("GET", RUNS, {"value": runs_of_several_ages()})
    result = az(*CLEAN, "--dry-run", *typed.split())
    assert (result.exit_code, [listed["name"] for listed in result.json]) == (0, names)


@pytest.mark.parametrize("verb", [LIST, CLEAN])
def test_a_pipeline_that_exists_nowhere_is_an_error(
    az: Az, service: Service, verb: tuple[str, ...]
) -> None:
    service.answers("GET", RUNS, {"value": FOUR})
    missing = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}
    for kind in (EXPORT, IMPORT):
        service.answers("GET", f"{REGISTRY}/{kind.resource_type}/pipeline", missing, status=404)
    result = az(*verb, "-p", "pipeline")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "ERROR: Registry 'myregistry' has neither a pipeline 'pipeline' nor a run of one.\n"
        "Run 'az acr export-pipeline list -r myregistry -o table' or 'az acr import-pipeline list "
        "-r myregistry -o table' to see those that exist.\n"
    )


@pytest.mark.parametrize("verb", [LIST, CLEAN])
@pytest.mark.parametrize("status", [200, 403])
def test_a_pipeline_can_be_without_runs(
    az: Az, service: Service, kind: PipelineKind, verb: tuple[str, ...], status: int
) -> None:
    service.answers("GET", RUNS, {"value": FOUR})
    missing = {"error": {"code": "ResourceNotFound", "message": "It was not found."}}
    if kind is IMPORT:
        path = f"{REGISTRY}/{EXPORT.resource_type}/a-pipeline_of-before"
        service.answers("GET", path, missing, status=404)
    service.answers(
        "GET",
        f"{REGISTRY}/{kind.resource_type}/a-pipeline_of-before",
        pipeline(kind, "a-pipeline_of-before") if status == 200 else missing,
        status=status,
    )
    result = az(*verb, "-p", "a-pipeline_of-before")
    assert (result.exit_code, result.json, result.stderr) == (0, [], "")


@pytest.mark.parametrize("verb", [LIST, CLEAN])
def test_no_name_of_a_pipeline_does_not_mean_all(az: Az, verb: tuple[str, ...]) -> None:
    result = az(*verb, "--pipeline=")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"{invalid('', '--pipeline')}: the name is empty (is a variable unset?).\n"
        f"{LIST_SHOWS_NAMES}"
    ) in result.stderr


@pytest.mark.parametrize(
    "text", ["30", "d", "0d", "-1d", "1.5h", "30 d", "30D", "1y", "100000d", ""]
)
def test_an_age_that_cannot_be_read_is_refused(az: Az, text: str) -> None:
    result = az(*CLEAN, f"--older-than={text}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"{invalid(text, '--older-than')}: {WHOLE_NUMBER} to 99999 and m, h, d or w, for "
        "minutes, hours, days or weeks.\n"
        "Use a value such as 30d."
    ) in result.stderr


def test_a_status_that_there_is_not_is_refused(az: Az) -> None:
    result = az(*LIST, "--status", "Cancelled")
    assert result.exit_code == 2
    assert (
        "'Cancelled' is not a valid value for '--status'. Allowed values: Running, Succeeded, "
        "PartlyFailed, Failed, Canceled, Unknown.\n"
    ) in result.stderr
