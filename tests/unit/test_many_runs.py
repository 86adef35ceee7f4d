"""Several runs by one command: what is sent, waited for, and reported of those that fail."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import pytest
import responses
from azure.cli.core.azclierror import AzureResponseError, ManualInterrupt

from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES
from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.redaction import shortened
from azext_acrtransfer.service import polling
from tests.support.az import Result, non_null
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    AUTHENTICATION,
    INTERRUPTED,
    NOT_IN_THE_REGISTRY,
    SAVE_THE_REST,
    STILL_IN_PROGRESS,
    TO_RESUME,
    TO_TRANSFER_THE_REST,
    UNKNOWN_FAILURE,
    WHETHER_CREATED,
    cause,
    invalid,
    note,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, flat, in_a_month, pipeline, run
from tests.unit.fake_registry import IMAGE, Registry
from tests.unit.fake_runs import (
    DIGEST,
    REFUSED,
    RUNS,
    UNDER_WAY,
    answers,
    error_of,
    failed,
    lists,
    sent,
)
from tests.unit.fake_storage import page

MANY = [f"samples/hello:v{number}" for number in range(103)]
REFUSAL = {"error": {"code": "Conflict", "message": "Not now."}}
NO_ROLE = next(row for row in KNOWN_FAILURES if row.code == "caller-not-allowed")
NAMES = ["myrun001", "myrun002", "myrun003"]
LOADS = {"myrun001": MANY[:50], "myrun002": MANY[50:100], "myrun003": MANY[100:]}

Answers = Callable[..., responses.RequestsMock]


@pytest.fixture
def service() -> Iterator[responses.RequestsMock]:
    """Answers that are given in any order, for runs are submitted side by side; all of them."""
    with responses.RequestsMock() as mock:
        for kind in (EXPORT, IMPORT):
            path = f"{ARM}{REGISTRY}/{kind.resource_type}/mypipeline"
            mock.add(responses.Response("GET", path, json=pipeline(kind)))
        mock.assert_all_requests_are_fired = False
        yield mock


def create(kind: PipelineKind, *more: str) -> list[str]:
    """Words of a command that takes several runs."""
    words = ["acr", "pipeline-run", "create", *WHERE, "-n", "myrun", "-p", "mypipeline"]
    chosen = ["-b", "myblob", "-a", *MANY] if kind is EXPORT else ["-b", *LOADS]
    return [*words, "-t", kind.name, *chosen, *more]


def test_an_export_of_many_is_split_and_all_are_waited_for(
    az: Az, service: responses.RequestsMock, fake_time: FakeTime
) -> None:
    others = [run(EXPORT, f"other{number:03}") for number in range(297)]
    under_way = [run(EXPORT, name, **UNDER_WAY) for name in NAMES]
    for name, answer in zip(NAMES, under_way, strict=True):
        answers(service, name, answer)
    lists(service, [*others, *under_way], [*others, *(run(EXPORT, name) for name in NAMES)])
    result = az(*create(EXPORT))
    assert (result.exit_code, non_null(result.json)) == (
        0,
        [flat(run(EXPORT, name)) for name in NAMES],
    )
    assert sent(service, "PUT") == {
        name: {
            "properties": {
                "request": {
                    "pipelineResourceId": f"{REGISTRY}/exportPipelines/mypipeline",
                    "target": {"type": "AzureStorageBlob", "name": f"myblob-{name[-3:]}"},
                    "artifacts": LOADS[name],
                }
            }
        }
        for name in NAMES
    }
    # One for the pipeline, three for the runs, and two looks at all of them.
    assert len(service.calls) == 1 + 3 + 2
    assert fake_time.now == pytest.approx(2.0)
    assert result.stderr == AUTHENTICATION


def test_runs_in_a_long_list_are_read_one_by_one(
    az: Az, service: responses.RequestsMock, fake_time: FakeTime
) -> None:
    others = [run(EXPORT, f"other{number:03}") for number in range(300)]
    under_way = [run(EXPORT, name, **UNDER_WAY) for name in NAMES]
    for name, answer in zip(NAMES, under_way, strict=True):
        answers(service, name, answer, answer, run(EXPORT, name))
    lists(service, [*others, *under_way])
    result = az(*create(EXPORT))
    assert (result.exit_code, non_null(result.json)) == (
        0,
        [flat(run(EXPORT, name)) for name in NAMES],
    )
    # The first look begins with the list, the second doesn't.
    assert len(service.calls) == 1 + 3 + 1 + 3 + 3
    assert fake_time.now == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "BadRequest", f"(BadRequest) No.\nRequest: GET {ARM}{RUNS}\n"),
        (403, "AuthorizationFailed", f"(AuthorizationFailed) No.\nRequest: GET {ARM}{RUNS}\n"),
        (404, "ParentResourceNotFound", "The registry 'myregistry' "),
    ],
)
def test_a_list_that_is_refused_is_not_requested_again(
    az: Az,
    service: responses.RequestsMock,
    fake_time: FakeTime,
    status: int,
    code: str,
    reason: str,
) -> None:
    for name in NAMES:
        in_progress = run(EXPORT, name, **UNDER_WAY)
        answers(service, name, in_progress, in_progress, in_progress, run(EXPORT, name))
    refusal = {"error": {"code": code, "message": "No."}}
    refused = service.get(f"{ARM}{RUNS}", json=refusal, status=status)
    result = az(*create(EXPORT), "--debug")
    assert (result.exit_code, non_null(result.json)) == (
        0,
        [flat(run(EXPORT, name)) for name in NAMES],
    )
    assert refused.call_count == 1
    assert fake_time.now == pytest.approx(3.0)
    assert f"cli.azext_acrtransfer.service.polling: Can't list: {reason}" in result.stderr


@pytest.mark.parametrize("properties", [{"response": "Running"}, {"request": []}])
def test_a_run_that_a_list_has_in_another_form_is_read_itself(
    az: Az, service: responses.RequestsMock, fake_time: FakeTime, properties: dict[str, Any]
) -> None:
    for name in NAMES:
        answers(service, name, run(EXPORT, name, **UNDER_WAY), run(EXPORT, name))
    malformed = [run(EXPORT, name) for name in NAMES]
    for each in malformed:
        each["properties"] |= properties
    lists(service, malformed)
    result = az(*create(EXPORT))
    assert (result.exit_code, non_null(result.json)) == (
        0,
        [flat(run(EXPORT, name)) for name in NAMES],
    )
    assert fake_time.now == pytest.approx(1.0)


def test_a_run_that_a_list_lacks_is_read_itself(
    az: Az, service: responses.RequestsMock, fake_time: FakeTime
) -> None:
    under_way = [run(EXPORT, name, **UNDER_WAY) for name in NAMES]
    for name, answer in zip(NAMES, under_way, strict=True):
        answers(service, name, answer)
    ended = [run(EXPORT, name.upper()) for name in NAMES[:2]]  # as it was first created
    lists(service, [*ended, under_way[2]][:2])
    answers(service, NAMES[2], under_way[2], run(EXPORT, NAMES[2]))
    result = az(*create(EXPORT))
    shown = [*ended, run(EXPORT, NAMES[2])]
    assert (result.exit_code, non_null(result.json)) == (0, [flat(each) for each in shown])
    assert len(service.calls) == 1 + 3 + 1 + 1
    assert fake_time.now == pytest.approx(1.0)


def test_what_is_named_twice_counts_once(az: Az, service: responses.RequestsMock) -> None:
    answers(service, "myrun", run(EXPORT, "myrun"))
    result = az(*create(EXPORT), "-a", *MANY[:50], *MANY[:50])
    assert (result.exit_code, non_null(result.json)) == (0, flat(run(EXPORT, "myrun")))
    [body] = sent(service, "PUT").values()
    assert body["properties"]["request"]["artifacts"] == MANY[:50]
    assert body["properties"]["request"]["target"]["name"] == "myblob"


def test_an_import_of_several_blobs_is_a_run_for_each(
    az: Az, service: responses.RequestsMock
) -> None:
    for name in NAMES[:2]:
        answers(service, name, run(IMPORT, name))
    result = az(*create(IMPORT), "-b", "one", "two", "one")
    assert (result.exit_code, [outcome["name"] for outcome in result.json]) == (0, NAMES[:2])
    requests = [body["properties"]["request"] for body in sent(service, "PUT").values()]
    assert [request["source"]["name"] for request in requests] == ["one", "two"]
    assert not any("artifacts" in request for request in requests)


def test_an_export_takes_the_tags_that_a_glob_matches(
    az: Az, service: responses.RequestsMock
) -> None:
    registry = Registry(service)
    registry.accepts_login()
    registry.tags("hello", "v1", "latest", "v2")
    registry.holds_all()
    result = az(*create(EXPORT, "--dry-run"), "-a", "hello:v*")
    assert [planned["artifacts"] for planned in result.json] == [["hello:v1", "hello:v2"]]


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_exclusion_that_matches_nothing_is_refused_before_any_run(
    az: Az, service: responses.RequestsMock, tmp_path: Path, *, dry_run: bool
) -> None:
    file = tmp_path / "leave.txt"
    registry = Registry(service)
    registry.accepts_login()
    registry.tags("samples/hello", "v1", "v2")
    file.write_text("samples/hello:v1\nsamples/hello  # the whole repository\n")
    words = ["-a", "samples/hello:*", "--exclude", f"@{file}", *["--dry-run"] * dry_run]
    result = az(*create(EXPORT), *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        f"ERROR: {invalid('samples/hello:latest', '--exclude')}: {NOT_IN_THE_REGISTRY}.",
        "Without a tag, 'samples/hello' means 'samples/hello:latest'. For all tags: "
        "'samples/hello:*'.",
    ]
    assert sent(service, "PUT") == {}


def test_an_empty_exclusion_is_refused_but_for_an_empty_file(
    az: Az, service: responses.RequestsMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_all(service)
    result = az(*create(EXPORT, "--dry-run"), "--exclude", "")
    assert (result.exit_code, result.stdout) == (1, "")
    assert error_of(result) == [
        f"ERROR: {invalid('', '--exclude')}: it is empty (is a variable unset?).",
        "Omit --exclude.",
    ]
    file = tmp_path / "nothing.txt"
    file.write_text("\n")
    words = [*create(EXPORT, "--dry-run"), "-a", "hello", "--exclude", f"@{file}"]
    monkeypatch.setattr(sys, "argv", ["az", *words])
    result = az(*words)
    assert "WARNING: --exclude excludes nothing: its list is empty." in result.stderr
    assert [planned["artifacts"] for planned in result.json] == [["hello:latest"]]


def test_a_repeated_option_adds_to_what_it_names(az: Az, service: responses.RequestsMock) -> None:
    registry = Registry(service)
    registry.accepts_login()
    registry.tags("hello", "v1", "v2", "v3")
    registry.holds_all()
    chosen = ("-a", "hello:v1", "-a", "hello:v2", "hello:v3")
    excluded = ("--exclude", "hello:v1", "--exclude", "hello:v3")
    result = az(*create(EXPORT, "--dry-run"), *chosen, *excluded)
    assert [planned["artifacts"] for planned in result.json] == [["hello:v2"]]


def test_an_excluded_digest_without_a_tag_exists_too(
    az: Az, service: responses.RequestsMock
) -> None:
    registry = Registry(service)
    registry.accepts_login()
    registry.tags("team/app", "v1", "v2")
    digest = registry.holds("", IMAGE, {})
    registry.holds_all()
    result = az(
        *create(EXPORT, "--dry-run"), "-a", "team/app:v1*", "--exclude", f"team/app@{digest}"
    )
    assert [planned["artifacts"] for planned in result.json] == [["team/app:v1"]]


def test_an_import_takes_the_blobs_that_a_glob_matches(
    az: Az, service: responses.RequestsMock
) -> None:
    blobs = page("images-001", "images-002", "other")
    container = pipeline(IMPORT)["properties"]["source"]["uri"]
    service.get(container, body=blobs, content_type="application/xml")
    result = az(*create(IMPORT, "--dry-run"), "-b", "images-*")
    assert [planned["blob"] for planned in result.json] == ["images-001", "images-002"]


def test_how_many_are_submitted_is_shown_if_there_are_several(
    az: Az, service: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(polling, "progress", lambda *_, **__: nullcontext(shown.append))
    for name in ("myrun", *NAMES[:2]):
        answers(service, name, run(EXPORT, name))
    assert (az(*create(EXPORT), "-a", MANY[0]).exit_code, shown) == (0, [])
    assert az(*create(EXPORT), "-a", *MANY[:51]).exit_code == 0
    assert shown == ["1 of 2 runs submitted", "2 of 2 runs submitted"]


def has_all(service: responses.RequestsMock) -> Registry:
    """Have every artifact in the registry."""
    registry = Registry(service)
    registry.accepts_login()
    registry.holds_all()
    return registry


def test_a_dry_run_sends_nothing_and_is_what_would_be_run(
    az: Az, service: responses.RequestsMock, kind: PipelineKind
) -> None:
    has_all(service)
    result = az(*create(kind, "--dry-run"))
    planned = [
        {
            "name": name,
            "pipeline": "mypipeline",
            "type": kind.name,
            "blob": f"myblob-{name[-3:]}" if kind is EXPORT else name,
            "artifacts": LOADS[name] if kind is EXPORT else [],
            "missing": [] if kind is EXPORT else None,
            "skipped": [],
            # A manifest and a layer of each artifact, and the configuration that all share.
            "size": len(LOADS[name]) * 1_000_500 + 1_000 if kind is EXPORT else None,
        }
        for name in NAMES
    ]
    assert (result.exit_code, result.json, result.stderr) == (0, planned, "")
    assert sent(service, "PUT") == {}


def test_a_dry_run_of_one_is_a_list_too_and_has_a_table(
    az: Az, service: responses.RequestsMock
) -> None:
    registry = Registry(service)
    registry.accepts_login()
    gone = {"status": 404, "json": {"errors": [{"code": "MANIFEST_UNKNOWN"}]}}
    for _ in range(2):
        registry.answers("/v2/hello/manifests/gone", "repository:hello:pull", **gone)
    registry.holds_all()
    words = [*create(EXPORT, "--dry-run"), "-a", "hello", "hello:latest", "hello:gone"]
    [planned] = az(*words).json
    assert planned == {
        "name": "myrun",
        "pipeline": "mypipeline",
        "type": "export",
        "blob": "myblob",
        "artifacts": ["hello:latest", "hello:gone"],
        "missing": ["hello:gone"],
        "skipped": [],
        "size": 1_001_500,
    }
    table = az(*words, "-o", "table").stdout
    assert [line.split() for line in table.splitlines()] == [
        ["Name", "Blob", "Artifacts", "Missing", "Skipped", "Size"],
        ["------", "------", "-----------", "---------", "---------", "------"],
        ["myrun", "myblob", "2", "1", "0", "1.0", "MB"],
    ]


@pytest.mark.usefixtures("fake_time")
def test_a_dry_run_without_access_to_the_registry_has_no_sizes(
    az: Az, service: responses.RequestsMock
) -> None:
    registry = Registry(service)
    registry.accepts_login({"status": 401})
    result = az(*create(EXPORT, "--dry-run"), "-a", "hello")
    assert [(run["missing"], run["size"]) for run in result.json] == [(None, None)]
    assert result.stderr.splitlines()[0] == (
        "WARNING: Sizes and missing artifacts are unknown: Registry 'myregistry' rejects your "
        "login. The registry said: 401 Unauthorized, with text/plain"
    )
    table = az(*create(EXPORT, "--dry-run"), "-a", "hello", "-o", "table").stdout
    assert table.splitlines()[-1].split() == ["myrun", "myblob", "1", "0"]


def test_artifacts_are_read_from_files_without_excluded_ones(
    az: Az, service: responses.RequestsMock, tmp_path: Path
) -> None:
    has_all(service)
    take, leave = tmp_path / "take.txt", tmp_path / "leave.txt"
    take.write_text("# first\nhello:v2  # a comment\n\nhello:v1\n")
    leave.write_text("hello:v1\nhello:v3\n")
    words = create(EXPORT, "--dry-run", "-a", f"@{take}", "hello:v3", "--exclude", f"@{leave}")
    assert az(*words).json[0]["artifacts"] == ["hello:v2"]


@pytest.mark.usefixtures("fake_time")
def test_a_failed_run_is_reported_with_its_cause_and_the_command_to_retry(
    az: Az, service: responses.RequestsMock
) -> None:
    answers(service, "myrun001", run(EXPORT, "myrun001", **UNDER_WAY), run(EXPORT, "myrun001"))
    answers(service, "myrun002", failed(EXPORT, REFUSED, "myrun002"))
    refusal = {"code": "AuthorizationFailed", "message": NO_ROLE.quote}
    answers(service, "myrun003", {"error": refusal})
    result = az(*create(EXPORT))
    shown = [run(EXPORT, "myrun001"), failed(EXPORT, REFUSED, "myrun002")]
    assert (result.exit_code, non_null(result.json)) == (1, [flat(each) for each in shown])
    assert error_of(result) == [
        "ERROR: 2 of 3 runs failed:",
        f"myrun002: {REFUSED}",
        f"  Run: {RUNS}/myrun002",
        "  Correlation ID: of myrun002",
        f"myrun003: (AuthorizationFailed) {NO_ROLE.quote}",
        f"  Request: PUT {ARM}{RUNS}/myrun003",
        "Not exported:",
        *(f"  {artifact}" for artifact in MANY[50:70]),
        "  and 33 more",
        f"{cause('sas-permission')}'alrw'.",
        "sas=$(az storage container generate-sas --account-name mystorage --name transfer "
        f"--permissions alrw --https-only --expiry {in_a_month()} --output tsv) && "
        'az keyvault secret set --vault-name myvault --name sas --value "?$sas" --output none',
        NO_ROLE.means,
        'az role assignment create --role "Container Registry Transfer Pipeline Contributor" '
        f"--assignee 33333333-3333-3333-3333-333333333333 --scope {REGISTRY}",
        note("caller-not-allowed"),
        f"{SAVE_THE_REST} left.txt:",
        *MANY[50:],
        "Then run:",
        "az acr pipeline-run create --resource-group mygroup --registry myregistry "
        "--name myrunretry --pipeline mypipeline --pipeline-type export "
        "--storage-blob myblob-retry --artifacts @left.txt",
    ]


def saved(result: Result) -> list[str]:
    """The lines that an error tells to save before its last command is run."""
    lines = error_of(result)
    return lines[lines.index(f"{SAVE_THE_REST} left.txt:") + 1 : -2]


def test_the_command_that_is_printed_runs_what_is_left(
    az: Az,
    service: responses.RequestsMock,
    kind: PipelineKind,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        answers(service, name, failed(kind, REFUSED, name) if name == "myrun002" else run(kind))
    blob = ["-b", "it's mine"] if kind is EXPORT else ["-b", "one", "two of it", "three"]
    result = az(*create(kind), *blob)
    assert (result.exit_code, len(result.json)) == (1, 3)
    words = shlex.split(error_of(result)[-1])
    if kind is EXPORT:
        Path("left.txt").write_text("\n".join(saved(result)), encoding="utf-8")
    has_all(service)
    [planned] = az(*words[1:], "--dry-run").json
    left = ("it's mine-retry", LOADS["myrun002"]) if kind is EXPORT else ("two of it", [])
    assert (planned["name"], (planned["blob"], planned["artifacts"])) == ("myrunretry", left)


@pytest.mark.parametrize("count", [20, 21, 41])
def test_no_command_to_import_again_is_too_long_for_a_shell(
    az: Az, service: responses.RequestsMock, count: int
) -> None:
    blobs = [f"blob{number:03}" for number in range(count)]
    for number in range(1, count + 1):
        name = f"myrun{number:03}"
        answers(service, name, failed(IMPORT, "Out of order.", name))
    result = az(*create(IMPORT), "-b", *blobs)
    lines = error_of(result)
    commands = lines[lines.index(TO_TRANSFER_THE_REST) + 1 :]
    parts = [blobs[:20], blobs[20:40], blobs[40:]]
    assert commands == [
        f"az acr pipeline-run create --resource-group mygroup --registry myregistry --name {name} "
        f"--pipeline mypipeline --pipeline-type import --storage-blob {' '.join(some)}"
        for name, some in zip(["myrunretry", "myrunretry2", "myrunretry3"], parts, strict=True)
        if some
    ]
    assert listed(result, "Not imported completely:") == [
        *blobs[:20],
        *([f"and {count - 20} more"] if count > 20 else []),
    ]


def test_an_error_that_several_runs_share_is_reported_once(
    az: Az, service: responses.RequestsMock
) -> None:
    answers(service, "myrun001", failed(EXPORT, "Out of order.\nAll of it.", "myrun001"))
    answers(service, "myrun002", REFUSAL)
    answers(service, "myrun003", failed(EXPORT, "Out of order.\nAll of it.", "myrun003"))
    lines = error_of(az(*create(EXPORT)))
    assert lines[: lines.index("Not exported:")] == [
        "ERROR: 3 of 3 runs failed:",
        "myrun001, myrun003: Out of order.",
        "  All of it.",
        f"  Run: {RUNS}/myrun001",
        "  Correlation ID: of myrun001",
        f"  Run: {RUNS}/myrun003",
        "  Correlation ID: of myrun003",
        "myrun002: (Conflict) Not now.",
        f"  Request: PUT {ARM}{RUNS}/myrun002",
    ]


def test_a_refusal_that_several_runs_share_is_reported_once(
    az: Az, service: responses.RequestsMock
) -> None:
    for name in NAMES:
        answers(service, name, REFUSAL)
    lines = error_of(az(*create(EXPORT)))
    assert lines[: lines.index("Not exported:")] == [
        "ERROR: 3 of 3 runs failed:",
        "myrun001, myrun002, myrun003: (Conflict) Not now.",
        *(f"  Request: PUT {ARM}{RUNS}/{name}" for name in NAMES),
    ]


def test_a_cause_that_several_share_is_explained_once(
    az: Az, service: responses.RequestsMock
) -> None:
    for name in NAMES:
        answers(service, name, failed(EXPORT, f"{REFUSED} ({name})", name))
    result = az(*create(EXPORT))
    assert result.exit_code == 1
    assert [result.stderr.count(f"({name})") for name in NAMES] == [1, 1, 1]
    assert result.stderr.count(cause("sas-permission")) == 1
    assert "--force-redeploy" not in result.stderr  # what went would be moved again, too


def test_a_cause_of_several_names_the_pipelines_identity(
    az: Az, service: responses.RequestsMock
) -> None:
    message = "Failed to access key vault.  Service request failed.  Status: 403 (Forbidden)"
    for name in NAMES:
        answers(service, name, failed(EXPORT, message, name))
    result = az(*create(EXPORT))
    assert result.exit_code == 1
    assert "--object-id 22222222-2222-2222-2222-222222222222\n" in result.stderr


FIFTY = [*MANY[:49], f"samples/hello@{DIGEST}"]


ALL = range(len(FIFTY))


@pytest.mark.parametrize("continues_on_errors", [True, False])
@pytest.mark.parametrize(
    ("message", "named", "missing"),
    [
        ("Artifact 'samples/hello:v1' was not found.\nsamples/hello:v12: no", [1, 12], [1]),
        ("Nothing is known of myregistry.azurecr.io/samples/hello:v3.", [3], []),
        ("Nothing is known of https://MyRegistry-a1b2.azurecr.io/samples/hello:v3:", [3], []),
        (f"Manifest {DIGEST} is broken.", [49], []),
        ("Out of order.", [], []),
        (
            "No my-samples/hello:v1, samples/hello:v1.2, samples/hello:v4-1; other/samples/hello:v2"
            " other.azurecr.io/samples/hello:v7 hello:v6; samples/hello:v5",
            [5],
            [],
        ),
        ("3 of 50 artifacts failed, the first: samples/hello:v8 (too large)", [8], []),
    ],
)
def test_a_failed_run_is_retried_but_for_what_does_not_exist(
    az: Az, message: str, named: list[int], missing: list[int], continues_on_errors: bool
) -> None:
    with responses.RequestsMock() as mock:
        options = pipeline(EXPORT, options=["ContinueOnErrors"] * continues_on_errors)
        mock.get(f"{ARM}{REGISTRY}/exportPipelines/mypipeline", json=options)
        answers(mock, "myrun001", failed(EXPORT, message, "myrun001"))
        answers(mock, "myrun002", run(EXPORT, "myrun002"))
        result = az(*create(EXPORT), "-a", *FIFTY, "another")
    assert result.exit_code == 1
    assert saved(result) == [FIFTY[index] for index in ALL if index not in missing]
    not_exported = [FIFTY[index] for index in (named if continues_on_errors else ALL)]
    assert listed(result, "Not exported:") == shortened(not_exported)
    possibly = [FIFTY[index] for index in ALL if continues_on_errors and index not in named]
    assert listed(result, "Possibly not exported:") == shortened(possibly)


def listed(result: Result, title: str) -> list[str]:
    """The indented lines after a title in the error; none without the title."""
    after = dropwhile(lambda line: line != title, result.stderr.splitlines())
    return [line.strip() for line in takewhile(lambda line: line[:2] == "  ", list(after)[1:])]


@pytest.mark.parametrize("status", ["Failed", "Succeeded"])
def test_a_single_run_that_failed_names_what_did_not_go(
    az: Az, service: responses.RequestsMock, status: str
) -> None:
    answer = failed(EXPORT, "Artifact 'samples/hello:v1' was not found.", "myrun")
    answer["properties"]["provisioningState"] = status
    answer["properties"]["response"]["status"] = status
    answers(service, "myrun", answer)
    result = az(*create(EXPORT), "-a", *MANY[:3])
    assert (result.exit_code, result.stdout) == (1, "")
    not_exported, possibly = (
        listed(result, "Not exported:"),
        listed(result, "Possibly not exported:"),
    )
    one, others = [MANY[1]], [MANY[0], MANY[2]]
    is_partial = status == "Succeeded"
    assert not_exported == (one if is_partial else MANY[:3])
    assert possibly == (others if is_partial else [])
    assert error_of(result)[-1].endswith(f"--artifacts {' '.join(others)}")
    assert "--force-redeploy" not in result.stderr


def test_what_does_not_exist_is_not_run_again(az: Az, service: responses.RequestsMock) -> None:
    message = "\n".join(f"Artifact '{artifact}' was not found." for artifact in MANY[:2])
    answers(service, "myrun", failed(EXPORT, message, "myrun"))
    result = az(*create(EXPORT), "-a", *MANY[:2])
    assert (result.exit_code, listed(result, "Not exported:")) == (1, MANY[:2])
    assert "pipeline-run create" not in result.stderr


def test_an_import_that_failed_names_what_was_imported(
    az: Az, service: responses.RequestsMock
) -> None:
    for name in NAMES:
        answer = failed(IMPORT, "Out of order.", name)
        answer["properties"]["response"]["importedArtifacts"] = [f"samples/of:{name}"]
        answers(service, name, answer if name == "myrun002" else run(IMPORT, name))
    result = az(*create(IMPORT))
    assert result.exit_code == 1
    assert listed(result, "Imported:") == ["samples/of:myrun002"]
    assert listed(result, "Not imported completely:") == ["myrun002"]


def test_a_run_that_succeeded_with_an_error_is_a_failure(
    az: Az, service: responses.RequestsMock
) -> None:
    for name in ("myrun", "myrun001", "myrun002", "myrun003"):
        answer = run(EXPORT, name)
        answer["properties"]["response"]["pipelineRunErrorMessage"] = "samples/hello:v0: gone"
        answers(service, name, answer)
    one = az(*create(EXPORT), "-a", MANY[0])
    assert (one.exit_code, one.stdout) == (1, "")
    assert "The pipeline run 'myrun' failed: samples/hello:v0: gone" in one.stderr
    several = az(*create(EXPORT))
    assert (several.exit_code, len(several.json)) == (1, 3)
    shared = "3 of 3 runs failed:\nmyrun001, myrun002, myrun003: samples/hello:v0: gone"
    assert shared in several.stderr


def test_all_are_submitted_if_none_is_waited_for(az: Az, service: responses.RequestsMock) -> None:
    for name in NAMES:
        under_way = run(EXPORT, name, **UNDER_WAY)
        answers(service, name, REFUSAL if name == "myrun002" else under_way)
    result = az(*create(EXPORT, "--no-wait"))
    submitted = [flat(run(EXPORT, name, **UNDER_WAY)) for name in NAMES]
    assert (result.exit_code, non_null(result.json)) == (1, [submitted[0], submitted[2]])
    assert list(sent(service, "PUT")) == NAMES
    assert error_of(result)[:2] == ["ERROR: 1 of 3 runs failed:", "myrun002: (Conflict) Not now."]
    assert "Stopped waiting" not in result.stderr

    service.replace("PUT", f"{ARM}{RUNS}/myrun002", json=run(EXPORT, "myrun002", **UNDER_WAY))
    result = az(*create(EXPORT, "--no-wait"))
    assert (result.exit_code, non_null(result.json), result.stderr) == (
        0,
        submitted,
        AUTHENTICATION,
    )


@pytest.mark.usefixtures("fake_time")
def test_a_refusal_for_one_run_does_not_end_the_wait_for_the_others(
    az: Az, service: responses.RequestsMock, raised: list[Any]
) -> None:
    no_longer = {"error": {"code": "AuthorizationFailed", "message": "No longer."}}
    service.get(f"{ARM}{RUNS}", json=no_longer, status=403)
    for name in NAMES:
        under_way = run(EXPORT, name, **UNDER_WAY)
        answers(service, name, under_way, no_longer if name == "myrun002" else under_way)
        answers(service, name, under_way, run(EXPORT, name))
    result = az(*create(EXPORT))
    states = [outcome["response"]["status"] for outcome in result.json]
    assert (result.exit_code, states) == (1, ["Succeeded", "Running", "Succeeded"])
    assert raised == [AzureResponseError]
    lines = error_of(result)
    assert lines[0] == f"ERROR: Stopped waiting. {STILL_IN_PROGRESS} 'myrun002'."
    assert lines[1] == "(AuthorizationFailed) No longer."
    assert lines[-2:] == [
        TO_RESUME,
        "az acr pipeline-run wait --created --resource-group mygroup --registry myregistry "
        "--name myrun002",
    ]


@pytest.mark.usefixtures("fake_time")
def test_a_run_that_somebody_deletes_meanwhile_has_failed(
    az: Az, service: responses.RequestsMock
) -> None:
    for name in NAMES:
        answers(service, name, run(EXPORT, name, **UNDER_WAY))
    lists(service, [run(EXPORT, name) for name in NAMES[:2]])
    gone = {"error": {"code": "ResourceNotFound", "message": "It is gone."}}
    service.get(f"{ARM}{RUNS}/myrun003", json=gone, status=404)
    result = az(*create(EXPORT))
    states = [outcome["response"]["status"] for outcome in result.json]
    assert (result.exit_code, states) == (1, ["Succeeded", "Succeeded", "Running"])
    assert error_of(result)[:-2] == [
        "ERROR: 1 of 3 runs failed:",
        "myrun003: The pipeline run 'myrun003' wasn't found in registry 'myregistry' of resource "
        "group 'mygroup'. The service said: It is gone.",
        "Possibly not exported:",
        *(f"  {artifact}" for artifact in MANY[100:]),
    ]


def test_ctrl_c_prints_every_outcome_and_how_to_wait_for_the_rest(
    az: Az,
    service: responses.RequestsMock,
    raised: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    fake_time: FakeTime,
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake_time, "sleep", interrupt)
    answers(service, "myrun001", run(EXPORT, "myrun001", **UNDER_WAY))
    answers(service, "myrun002", failed(EXPORT, "Out of order.", "myrun002"))
    answers(service, "myrun003", run(EXPORT, "myrun003", **UNDER_WAY))
    result = az(*create(EXPORT))
    states = [outcome["response"]["status"] for outcome in result.json]
    assert (result.exit_code, states) == (1, ["Running", "Failed", "Running"])
    assert raised == [ManualInterrupt]
    in_registry = "--resource-group mygroup --registry myregistry"
    assert error_of(result) == [
        "ERROR: 1 of 3 runs failed:",
        "myrun002: Out of order.",
        f"  Run: {RUNS}/myrun002",
        "  Correlation ID: of myrun002",
        "Not exported:",
        *(f"  {artifact}" for artifact in MANY[50:70]),
        "  and 30 more",
        f"Stopped waiting. {STILL_IN_PROGRESS} 'myrun001', 'myrun003'.",
        UNKNOWN_FAILURE,
        f"{SAVE_THE_REST} left.txt:",
        *MANY[50:100],
        "Then run:",
        f"az acr pipeline-run create {in_registry} --name myrunretry --pipeline mypipeline "
        "--pipeline-type export --storage-blob myblob-retry --artifacts @left.txt",
        TO_RESUME,
        f"az acr pipeline-run wait --created {in_registry} --name myrun001",
        f"az acr pipeline-run wait --created {in_registry} --name myrun003",
    ]
    assert [call.request.method for call in service.calls] == ["GET", "PUT", "PUT", "PUT"]


def interrupt_put(service: responses.RequestsMock, name: str) -> None:
    """Have Ctrl-C typed while the PUT of a run is sent."""

    def put(_: Any) -> tuple[int, dict[str, str], str]:
        raise KeyboardInterrupt

    service.add_callback("PUT", f"{ARM}{RUNS}/{name}", put)


def test_ctrl_c_during_the_only_put_names_the_run(
    az: Az, service: responses.RequestsMock, kind: PipelineKind, raised: list[Any]
) -> None:
    interrupt_put(service, "myrun")
    chosen = ["-a", MANY[0]] if kind is EXPORT else ["-b", "myblob"]
    result = az(*create(kind), *chosen)
    assert (result.exit_code, result.stdout, raised) == (1, "", [ManualInterrupt])
    assert error_of(result) == [
        f"ERROR: myrun: {INTERRUPTED}",
        f"{WHETHER_CREATED}, run:",
        "az acr pipeline-run show --resource-group mygroup --registry myregistry --name myrun",
    ]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C is heard, also in a test run that was begun in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("ctrl_c")
def test_a_signal_while_runs_are_submitted_waits_for_no_answer_that_hangs(
    az: Az, service: responses.RequestsMock, over: threading.Event, interrupt: signal.Signals
) -> None:
    def hang(_: Any) -> tuple[int, dict[str, str], str]:
        signal.pthread_kill(threading.main_thread().ident or 0, interrupt)
        over.wait(60)
        return 200, {}, json.dumps(run(EXPORT, "myrun003"))

    for name in NAMES[:2]:
        answers(service, name, run(EXPORT, name))
    service.add_callback("PUT", f"{ARM}{RUNS}/myrun003", hang)
    result = az(*create(EXPORT))
    lines = error_of(result)
    unknown = f": {INTERRUPTED}"
    interrupted = [
        name
        for line in lines
        if line.startswith("myrun")
        for name in line.removesuffix(unknown).split(", ")
    ]
    # The others may have been answered before or not.
    assert sorted([*(outcome["name"] for outcome in result.json), *interrupted]) == NAMES
    assert (result.exit_code, interrupted[-1]) == (1, "myrun003")
    assert lines[0] == f"ERROR: {len(interrupted)} of 3 runs failed:"
    assert set(MANY[100:]) <= {word for line in lines for word in line.split()}
