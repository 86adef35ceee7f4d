"""The flow of `make test-live`, in the emulator as if it were Azure: it doesn't know better."""

from __future__ import annotations

import ast
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.emulator.replay import replay
from tests.emulator.running import Emulator
from tests.live.questions import QUESTIONS
from tests.live.report import UNANSWERED
from tests.support.az import Result
from tests.support.cloud import Cloud
from tests.support.terminal import ROOT, Terminal

FOLDER = ROOT / "tests/live"
PREFIX = "contosolive"


@dataclass(frozen=True)
class FinishedFlow:
    """A flow that has ended: its exit code, what it printed, and where its report is."""

    cloud: Cloud
    exit_code: int
    output: str
    folder: Path

    @property
    def report(self) -> str:
        """The report."""
        return (self.folder / "report.md").read_text(encoding="utf-8")

    @property
    def answers(self) -> dict[str, str]:
        """The answer of each question."""
        parts = re.split(r"^## (.+)\n", self.report, flags=re.MULTILINE)[1:]
        return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


def start(az: Terminal, folder: Path, **names: str) -> subprocess.Popen[str]:
    """Begin the flow with these variables."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.live", str(folder)],
        cwd=ROOT,
        env=az.environment | names,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_flow(az: Terminal, folder: Path, **names: str) -> Result:
    """Run the flow with these variables."""
    process = start(az, folder, **names)
    stdout, stderr = process.communicate(timeout=280)
    return Result(process.returncode, stdout, stderr)


@pytest.fixture(scope="module")
def live_az(
    extensions: Path, program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    """A cloud that the flow has to itself, whose trigger doesn't take a quarter of an hour."""
    with Cloud(tmp_path_factory.mktemp("live") / "state") as cloud:
        cloud.control("trigger", seconds=0.2)
        yield Terminal(cloud, extensions, program).log_in()


@pytest.fixture(scope="module")
def finished(live_az: Terminal, tmp_path_factory: pytest.TempPathFactory) -> FinishedFlow:
    """The flow, once."""
    folder = tmp_path_factory.mktemp("report")
    ended = run_flow(live_az, folder, RESOURCE_PREFIX=PREFIX, LOCATION="westus", YES="1")
    return FinishedFlow(live_az.cloud, ended.exit_code, ended.stdout + ended.stderr, folder)


def test_every_question_is_answered(finished: FinishedFlow) -> None:
    assert finished.exit_code == 0, finished.output
    assert list(finished.answers) == [*QUESTIONS.values(), "Not asked"]
    assert UNANSWERED not in finished.report


#: What the emulator is known to do, by its README.
EXPECTED = {
    "put": ["201 within 1 s, Creating/Running.", "azure-asyncoperation: https://"],
    "operation": ['200 {"status": "Succeeded"'],
    "succeeded": ["catalogDigest: sha256:<64 hexadecimal digits>."],
    "no-access": ["PUT: 201, Creating/Running.", "Failed/Failed.", "Status: 403"],
    "failed": ["Artifact 'samples/nowhere:1.0' was not found", '"code": "PipelineRunFailed"'],
    "repeated": ["200, Succeeded/Succeeded. It didn't run again."],
    "forced": ["201, Creating/Running."],
    "blob-exists": ["Failed/Failed.", "already exists"],
    "partial": ["Failed/Failed.", "The blob exists."],
    "too-many": ["Refused: 400 "],
    "layout": ["A tar archive with: `blobs/sha256/", "catalogDigest is the SHA-256 of the blob."],
    "imported": ["samples/one:1.0, samples/signed:1.0, samples/signed@sha256:"],
    "subjects": ["The signature arrived", "200 and lists it."],
    "tag-exists": ["Failed/Failed.", "The tag stayed."],
    "blob-missing": ["Failed/Failed.", "Status: 404"],
    "wrong-digest": ["Succeeded/Succeeded."],
    "sas": ["With: Succeeded/Succeeded.", "Without: Succeeded/Succeeded."],
    "trigger": ["Name: triggered_<hexadecimal digits>.", "createdByType: Application."],
    "trigger-again": ["It is imported again."],
    "order": ["the oldest first."],
    "run-missing": ["GET: 404 ResourceNotFound", "DELETE: 204"],
    "run-deleted": ["200; headers: "],
    "names": ["'ab': 400 ", "'with_underscore': 400 "],
    "case": ["200 zebra01."],
    "replaced": ["200, then 200: options that aren't sent again are gone.", "identity stays."],
    "pipeline-deleted": ["200; its runs stay."],
    "commands": ["`az acr pipeline-run verify`: exit code 0."],
}


def test_the_answers_are_what_the_emulator_does(finished: FinishedFlow) -> None:
    answers = {key: finished.answers[question] for key, question in QUESTIONS.items()}
    missing = {key: [text for text in EXPECTED[key] if text not in answers[key]] for key in answers}
    assert {key: (texts, answers[key]) for key, texts in missing.items() if texts} == {}


@pytest.mark.parametrize("name", ["failed-run", "pipelines"])
def test_the_recordings_can_be_replayed(finished: FinishedFlow, tmp_path: Path, name: str) -> None:
    recording = (finished.folder / f"recordings/{name}.json").read_text(encoding="utf-8")
    assert len(json.loads(recording)) == {"failed-run": 4, "pipelines": 6}[name]
    emulator = Emulator(tmp_path / "state")
    try:
        replay(emulator, recording)
    finally:
        emulator.stop()


def test_nothing_is_left_behind(finished: FinishedFlow) -> None:
    assert finished.cloud.arm("GET", "resourceGroups")["value"] == []


def test_the_report_names_nobody_and_no_secret(finished: FinishedFlow) -> None:
    environment = finished.cloud.environment
    hidden = [environment[name] for name in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID")]
    hidden += [environment["AZURE_SUBSCRIPTION_ID"], environment["AZURE_TENANT_ID"], PREFIX]
    for file in finished.folder.rglob("*.*"):
        text = file.read_text(encoding="utf-8")
        assert [word for word in hidden if word in text] == [], file
        assert not re.search(r"eyJ|sig=(?!REDACTED)|AccountKey", text), file


def test_a_flow_that_is_interrupted_deletes_what_it_created(
    live_az: Terminal, tmp_path: Path
) -> None:
    process = start(live_az, tmp_path, RESOURCE_PREFIX="interrupted", LOCATION="westus", YES="1")
    assert process.stdout
    lines = iter(process.stdout.readline, "")
    assert "push ...\n" in lines
    assert "run without access ...\n" in lines
    process.send_signal(signal.SIGTERM)
    output = process.communicate(timeout=120)[0]
    assert (process.returncode, "Ended early: KeyboardInterrupt" in output) == (1, True), output
    assert live_az.cloud.arm("GET", "resourceGroups")["value"] == []
    assert "Ended early: KeyboardInterrupt" in (tmp_path / "report.md").read_text()


def test_a_group_that_exists_is_not_touched(live_az: Terminal, tmp_path: Path) -> None:
    live_az.cloud.arm("PUT", "resourceGroups/inuse-live", {"location": "westus"})
    ended = run_flow(live_az, tmp_path, RESOURCE_PREFIX="inuse", LOCATION="westus", YES="1")
    assert (ended.exit_code, "'inuse-live' exists" in ended.stderr) == (2, True), ended.stderr
    live_az.cloud.arm("DELETE", "resourceGroups/inuse-live")


def test_without_a_confirmation_nothing_is_created(live_az: Terminal, tmp_path: Path) -> None:
    live_az.cloud.control("reset")
    ended = run_flow(live_az, tmp_path, RESOURCE_PREFIX="unconfirmed", LOCATION="westus")
    assert (ended.exit_code, ended.stderr) == (
        2,
        "Azure bills what is created. To confirm, set YES=1.\n",
    )
    assert "two Premium container registries, which are billed by the day" in ended.stdout
    assert {method for method, _ in live_az.cloud.requests()} <= {"GET"}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_the_flow_does_not_know_where_it_runs(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    known = {name for name in imported if name.startswith(("acr_emulator", "tests."))}
    others = {name for name in known if not re.match(r"tests\.live\b", name)}
    assert others <= {"tests.support.oci"}
    assert not re.search(r"emulator|_emulator|localhost|127\.0\.0\.1", text, re.IGNORECASE)
