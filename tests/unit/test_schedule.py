"""create --max-concurrent-runs and --timeout: which runs are created when, and the errors."""

from __future__ import annotations

import json
import re
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import responses
from azure.cli.core.azclierror import AzureResponseError, ManualInterrupt

from azext_acrtransfer.kinds import EXPORT, IMPORT, PipelineKind
from azext_acrtransfer.manifest.document import parse
from azext_acrtransfer.manifest.model import ManifestRun, Result
from azext_acrtransfer.service import polling
from tests.support.fake_time import FakeTime
from tests.support.wording import (
    AUTHENTICATION,
    INTERRUPTED,
    NOT_KNOWN_TO_BE_EXPORTED,
    STILL_IN_PROGRESS,
    TO_RESUME,
    TO_TRANSFER_THE_REST,
    UNKNOWN_FAILURE,
    WHETHER_CREATED,
    WHOLE_NUMBER,
    invalid,
)
from tests.unit.conftest import ARM, REGISTRY, WHERE, Az, pipeline, run
from tests.unit.fake_registry import Registry
from tests.unit.fake_runs import RUNS, UNDER_WAY, error_of, failed

CREATE = ("acr", "pipeline-run", "create", *WHERE, "-n", "myrun", "-p", "mypipeline")
AT_LONG = "--resource-group mygroup --registry myregistry"
RESUME = TO_RESUME


@dataclass
class RunService:
    """Runs that take some seconds, all of them or each its own, or never end."""

    mock: responses.RequestsMock
    clock: FakeTime
    seconds: dict[str, float] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)
    started: dict[str, float] = field(default_factory=dict)
    most: int = 0
    kind: PipelineKind = EXPORT
    lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for kind in (EXPORT, IMPORT):
            path = f"{ARM}{REGISTRY}/{kind.resource_type}/mypipeline"
            self.mock.get(path, json=pipeline(kind))
        self.mock.add_callback("PUT", re.compile(f"{ARM}{RUNS}/"), self._put)
        self.mock.add_callback("GET", re.compile(f"{ARM}{RUNS}/"), self._get)
        self.mock.add_callback("GET", re.compile(rf"{ARM}{RUNS}\?"), self._list)

    def _put(self, request: Any) -> tuple[int, dict[str, str], str]:
        name = _name(request)
        with self.lock:
            self.started[name] = self.clock.now
            self.most = max(self.most, len(self.in_progress))
        return 200, {}, json.dumps(self._run(name))

    def _get(self, request: Any) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps(self._run(_name(request)))

    def _list(self, _: Any) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps({"value": [self._run(name) for name in self.started]})

    @property
    def in_progress(self) -> list[str]:
        """Runs that haven't ended."""
        return [
            name
            for name, start in self.started.items()
            if self.clock.now < start + self.seconds.get(name, self.seconds.get("", 2))
        ]

    def _run(self, name: str) -> dict[str, Any]:
        if name in self.in_progress:
            return run(self.kind, name, **UNDER_WAY)
        return (
            failed(self.kind, "Out of order.", name) if name in self.fails else run(self.kind, name)
        )


def _name(request: Any) -> str:
    return str(request.path_url).partition("?")[0].rpartition("/")[2]


@pytest.fixture
def runs(mock: responses.RequestsMock, fake_time: FakeTime) -> RunService:
    """A service whose runs take two seconds."""
    return RunService(mock, fake_time)


def imports(count: int, *more: str) -> list[str]:
    """Words of a command that takes as many runs."""
    blobs = (f"blob{number:02}" for number in range(1, count + 1))
    return [*CREATE, "-t", "import", "-b", *blobs, *more]


@pytest.mark.parametrize(
    ("words", "limit"),
    [([], 10), (["--max-concurrent-runs", "3"], 3), (["--max-concurrent-runs", "50"], 25)],
)
def test_no_more_runs_are_in_progress_than_allowed(
    az: Az, runs: RunService, words: list[str], limit: int
) -> None:
    runs.kind = IMPORT
    result = az(*imports(25, *words))
    names = [f"myrun{number:03}" for number in range(1, 26)]
    assert (result.exit_code, [outcome["name"] for outcome in result.json]) == (0, names)
    assert result.stderr == AUTHENTICATION
    assert (runs.most, len(runs.started)) == (limit, 25)


def test_a_run_is_created_as_soon_as_one_has_ended(
    az: Az, runs: RunService, fake_time: FakeTime
) -> None:
    runs.seconds = {"": 1, "myrun001": 30}
    assert az(*imports(6, "--max-concurrent-runs", "2")).exit_code == 0
    starts = [start for _, start in sorted(runs.started.items())]
    # However long the first takes, the end of a short one is noticed within a second.
    assert starts == pytest.approx([0, 0, 1, 2, 3, 4])
    assert fake_time.now == pytest.approx(31, abs=2)


def test_a_failed_run_frees_its_slot_like_any_other(az: Az, runs: RunService) -> None:
    runs.fails = {"myrun002", "myrun003"}
    result = az(*imports(5, "--max-concurrent-runs", "1"))
    assert (result.exit_code, len(result.json), runs.most) == (1, 5, 1)
    assert error_of(result)[0] == "ERROR: 2 of 5 runs failed:"


def test_without_waiting_all_runs_are_created_at_once(az: Az, runs: RunService) -> None:
    result = az(*imports(25, "--no-wait"))
    assert (result.exit_code, len(result.json), runs.most) == (0, 25, 25)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["--timeout", "0"],
            [
                f"ERROR: {invalid('0', '--timeout')}: {WHOLE_NUMBER}.",
                "Omit --timeout to wait without a limit.",
            ],
        ),
        *(
            (
                ["--max-concurrent-runs", number],
                [
                    f"ERROR: {invalid(number, '--max-concurrent-runs')}: {WHOLE_NUMBER} to 50.",
                    "Omit --max-concurrent-runs for 10.",
                ],
            )
            for number in ("0", "51")
        ),
        *(
            (
                [option, "7", "--no-wait"],
                [
                    f"ERROR: {option} doesn't go with --no-wait, which creates all runs at once "
                    "and doesn't wait for their end.",
                    f"Omit {option}, or --no-wait.",
                ],
            )
            for option in ("--timeout", "--max-concurrent-runs")
        ),
    ],
)
def test_a_wrong_schedule_is_refused_before_any_request(
    az: Az, mock: responses.RequestsMock, words: list[str], lines: list[str]
) -> None:
    result = az(*imports(2, *words))
    assert (result.exit_code, result.stdout, error_of(result)) == (1, "", lines)
    assert len(mock.calls) == 0


def test_a_timeout_stops_the_waiting_for_a_run(
    az: Az, runs: RunService, fake_time: FakeTime, kind: PipelineKind, raised: list[Any]
) -> None:
    runs.kind, runs.seconds = kind, {"": 100}
    chosen = ["-b", "myblob", *(["-a", "hello"] if kind is EXPORT else [])]
    result = az(*CREATE, "-t", kind.name, *chosen, "--timeout", "60")
    assert (result.exit_code, result.stdout, raised) == (1, "", [AzureResponseError])
    assert error_of(result) == [
        "ERROR: Stopped waiting after 60 seconds. The pipeline run 'myrun' is still in progress.",
        RESUME,
        f"az acr pipeline-run wait --created {AT_LONG} --name myrun",
    ]
    assert fake_time.now == pytest.approx(60)


def test_a_run_that_ends_in_time_is_no_timeout(az: Az, runs: RunService) -> None:
    runs.seconds = {"": 50}
    result = az(*CREATE, "-t", "import", "-b", "myblob", "--timeout", "60")
    assert (result.exit_code, result.json["name"], result.stderr) == (0, "myrun", AUTHENTICATION)


def test_a_timeout_names_the_runs_in_progress_and_those_not_created(
    az: Az, runs: RunService, fake_time: FakeTime, raised: list[Any]
) -> None:
    runs.kind, runs.seconds = IMPORT, {"": 100, "myrun001": 5, "myrun003": 5}
    runs.fails = {"myrun003"}
    result = az(*imports(7, "--max-concurrent-runs", "3", "--timeout", "60"))
    states = [outcome["response"]["status"] for outcome in result.json]
    ends = ["Succeeded", "Running", "Failed", "Running", "Running"]
    assert (result.exit_code, states, raised) == (1, ends, [AzureResponseError])
    assert error_of(result) == [
        "ERROR: 1 of 7 runs failed:",
        "myrun003: Out of order.",
        f"  Run: {RUNS}/myrun003",
        "2 of 7 runs weren't created: 'myrun006', 'myrun007'.",
        "Not imported completely:",
        "  blob03",
        "  blob06",
        "  blob07",
        f"Stopped waiting after 60 seconds. {STILL_IN_PROGRESS} 'myrun002', 'myrun004', "
        "'myrun005'.",
        UNKNOWN_FAILURE,
        TO_TRANSFER_THE_REST,
        f"az acr pipeline-run create {AT_LONG} --name myrunretry --pipeline mypipeline "
        "--pipeline-type import --storage-blob blob03 blob06 blob07",
        RESUME,
        *(
            f"az acr pipeline-run wait --created {AT_LONG} --name myrun00{number}"
            for number in (2, 4, 5)
        ),
    ]
    assert fake_time.now == pytest.approx(60)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the progress shows."""
    shown: list[str] = []
    monkeypatch.setattr(polling, "progress", lambda *_, **__: nullcontext(shown.append))
    return shown


def test_the_progress_counts_the_runs_that_are_not_created_yet(
    az: Az, runs: RunService, shown: list[str]
) -> None:
    runs.kind = IMPORT
    assert az(*imports(5, "--max-concurrent-runs", "2")).exit_code == 0
    submitted = [f"{number} of 5 runs submitted" for number in range(1, 6)]
    waited = [f"{done} of 5 runs done; Running, 20 %" for done in (0, 2, 4)]
    assert list(dict.fromkeys(shown)) == [
        *submitted[:2],
        waited[0],
        *submitted[2:4],
        waited[1],
        submitted[4],
        waited[2],
    ]


def test_the_progress_of_a_single_run_is_its_state(
    az: Az, runs: RunService, shown: list[str]
) -> None:
    runs.kind = IMPORT
    assert az(*imports(1)).exit_code == 0
    assert set(shown) == {"Running, 20 %"}


@pytest.mark.usefixtures("runs")
def test_ctrl_c_while_some_runs_are_not_created_names_them(
    az: Az,
    fake_time: FakeTime,
    raised: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake_time, "sleep", interrupt)
    result = az(*imports(3, "--max-concurrent-runs", "2"))
    assert (result.exit_code, len(result.json), raised) == (1, 2, [ManualInterrupt])
    assert error_of(result)[:4] == [
        "ERROR: 1 of 3 runs weren't created: 'myrun003'.",
        "Not imported completely:",
        "  blob03",
        f"Stopped waiting. {STILL_IN_PROGRESS} 'myrun001', 'myrun002'.",
    ]


def test_ctrl_c_without_waiting_names_what_runs(
    az: Az, runs: RunService, monkeypatch: pytest.MonkeyPatch, raised: list[Any]
) -> None:
    def interrupt(text: str) -> None:
        if text.startswith("2 "):
            raise KeyboardInterrupt

    monkeypatch.setattr(polling, "progress", lambda *_, **__: nullcontext(interrupt))
    runs.seconds = {"myrun001": 0}
    result = az(*imports(2, "--no-wait"))
    assert (result.exit_code, len(result.json), raised) == (1, 2, [ManualInterrupt])
    assert error_of(result)[0] == f"ERROR: Stopped waiting. {STILL_IN_PROGRESS} 'myrun002'."


def test_ctrl_c_without_waiting_keeps_the_reasons_of_failures(
    az: Az, runs: RunService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(text: str) -> None:
        if text.startswith("3 "):
            raise KeyboardInterrupt

    monkeypatch.setattr(polling, "progress", lambda *_, **__: nullcontext(interrupt))
    runs.seconds, runs.fails = {"": 0}, {"myrun001"}
    error = {"error": {"code": "Conflict", "message": "Not now."}}
    runs.mock.remove("PUT", re.compile(f"{ARM}{RUNS}/"))
    runs.mock.put(f"{ARM}{RUNS}/myrun002", json=error, status=409)
    runs.mock.add_callback("PUT", re.compile(f"{ARM}{RUNS}/"), runs._put)
    result = az(*imports(3, "--no-wait"))
    assert (result.exit_code, len(result.json)) == (1, 2)
    assert error_of(result)[:5] == [
        "ERROR: 2 of 3 runs failed:",
        "myrun001: Out of order.",
        f"  Run: {RUNS}/myrun001",
        "myrun002: (Conflict) Not now.",
        f"  Request: PUT {ARM}{RUNS}/myrun002",
    ]


def test_ctrl_c_after_the_last_run_that_was_created_is_an_interrupt(
    az: Az, runs: RunService, monkeypatch: pytest.MonkeyPatch, raised: list[Any]
) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(polling, "progress", lambda *_, **__: nullcontext(interrupt))
    runs.seconds = {"": 0}
    result = az(*imports(2, "--max-concurrent-runs", "1"))
    assert (result.exit_code, len(result.json), raised) == (1, 1, [ManualInterrupt])
    assert error_of(result)[:3] == [
        "ERROR: 1 of 2 runs weren't created: 'myrun002'.",
        "Not imported completely:",
        "  blob02",
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_a_timeout_does_not_wait_for_a_request_that_hangs(
    az: Az,
    mock: responses.RequestsMock,
    fake_time: FakeTime,
    over: threading.Event,
    raised: list[Any],
    count: int,
) -> None:
    def hang(request: Any) -> tuple[int, dict[str, str], str]:
        fake_time.now = 60
        over.wait(60)
        return 200, {}, json.dumps(run(IMPORT, _name(request)))

    mock.get(f"{ARM}{REGISTRY}/importPipelines/mypipeline", json=pipeline(IMPORT))
    mock.add_callback("PUT", re.compile(f"{ARM}{RUNS}/"), hang)
    result = az(*imports(count, "--max-concurrent-runs", "1", "--timeout", "60"))
    name = "myrun" if count == 1 else "myrun001"
    shows = f"az acr pipeline-run show {AT_LONG} --name {name}"
    reason = f"{name}: {INTERRUPTED}"
    lines = error_of(result)
    assert (result.exit_code, raised) == (1, [AzureResponseError])
    if count == 1:
        assert lines == [f"ERROR: {reason}", f"{WHETHER_CREATED}, run:", shows]
    else:
        assert lines[:3] == [
            "ERROR: 1 of 2 runs failed:",
            reason,
            "1 of 2 runs weren't created: 'myrun002'.",
        ]
        assert shows in lines


def test_a_timeout_does_not_wait_for_a_look_that_hangs(
    az: Az, runs: RunService, fake_time: FakeTime, over: threading.Event
) -> None:
    def hang(request: Any) -> tuple[int, dict[str, str], str]:
        fake_time.now = 60
        over.wait(60)
        return 200, {}, json.dumps(run(IMPORT, _name(request)))

    runs.mock.remove("GET", re.compile(f"{ARM}{RUNS}/"))
    runs.mock.add_callback("GET", re.compile(f"{ARM}{RUNS}/"), hang)
    result = az(*imports(1, "--timeout", "60"))
    assert (result.exit_code, error_of(result)[0]) == (
        1,
        "ERROR: Stopped waiting after 60 seconds. The pipeline run 'myrun' is still in progress.",
    )


def test_a_timeout_leaves_a_manifest_that_wait_completes(
    az: Az, runs: RunService, tmp_path: Path
) -> None:
    file = tmp_path / "manifest.json"
    registry = Registry(runs.mock)
    registry.accepts_login()
    registry.has_blobs()
    registry.holds_all()
    artifacts = [f"samples/hello:v{number}" for number in range(101)]
    runs.seconds = {"": 100}
    chosen = ["-t", "export", "-b", "myblob", "-a", *artifacts, "--manifest", str(file)]
    result = az(*CREATE, *chosen, "--max-concurrent-runs", "2", "--timeout", "60")
    assert (result.exit_code, len(result.json)) == (1, 2)
    lines = error_of(result)
    assert lines[0] == "ERROR: 1 of 3 runs weren't created: 'myrun003'."
    assert lines[-2:] == [RESUME, f"az acr pipeline-run wait --manifest {file}"]
    manifest = parse(file.read_bytes())
    reason = "Not requested: the command stopped before."
    size = 1_000_000 + 1_000 + 500
    assert manifest.runs[2] == ManifestRun(
        "myrun003", "myblob-003", error=reason, estimated_size=size
    )
    results = [entry.result for entry in manifest.entries]
    assert results == [Result.UNKNOWN] * 100 + [Result.FAILED]

    waited = az("acr", "pipeline-run", "wait", "--manifest", str(file))
    assert (waited.exit_code, waited.stdout) == (1, "")
    assert error_of(waited)[:3] == [
        f"ERROR: 1 of 101 {NOT_KNOWN_TO_BE_EXPORTED}",
        "Not exported:",
        "  samples/hello:v100",
    ]
    assert error_of(waited)[-1].endswith(f"--only-failed {file} --manifest {file}")
    assert {entry.result for entry in parse(file.read_bytes()).entries[:100]} == {Result.EXPORTED}
