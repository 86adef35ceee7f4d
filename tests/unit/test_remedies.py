"""Every command that a message prints: built in one place, complete, and accepted by az."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
from azure.cli.core.commands import AzCliCommandInvoker
from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerregistry.models import ExportPipeline, ImportPipeline, PipelineRun

import azext_acrtransfer
from azext_acrtransfer.arguments import StorageAccessMode
from azext_acrtransfer.command_lines import Command
from azext_acrtransfer.diagnostics import diagnosis
from azext_acrtransfer.diagnostics.catalog import KNOWN_FAILURES, KnownFailure
from azext_acrtransfer.diagnostics.facts import Facts, required_access
from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN, PipelineKind
from azext_acrtransfer.preflight.rules import RULES
from azext_acrtransfer.service.polling import wait_command
from azext_acrtransfer.service.registries import Registry
from docs.generators.example_facts import EXAMPLES
from tests.support.python_source import strings
from tests.unit.conftest import Az, pipeline, run
from tests.unit.preflight_snapshots import snapshot

PACKAGE = Path(azext_acrtransfer.__file__).parent
#: Help texts are written as they are shown, and their examples have a separate test.
HELP = {"_help.py", "_params.py"}
MODELS = {EXPORT: ExportPipeline, IMPORT: ImportPipeline}
#: A word that the user has to replace, in a command.
OPEN = re.compile(r"(?<![A-Za-z])[A-Z][A-Z_]{2,}(?![A-Za-z])")
#: Nobody but the user knows what he meant by a name that doesn't exist.
OF_THE_USER = {"CONTAINER_URI", "SECRET_URI"}
#: Messages that the service answers a request with, not a run.
REFUSALS = {"registry-not-premium", "exports-disabled", "too-many-artifacts", "caller-not-allowed"}
LOUD = [row for row in KNOWN_FAILURES if row.says and row.code not in REFUSALS]

of_each_failed_run = pytest.mark.parametrize("row", LOUD, ids=lambda row: row.code)


@pytest.mark.parametrize(
    "module", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_module_writes_a_command_as_text(module: Path) -> None:
    texts = strings(module.read_text(encoding="utf-8"))
    written = [text for text in texts if re.search(r"(?<![\w-])az [a-z]", text)]
    assert module.name in HELP or written == []


def printed(lines: list[str]) -> list[str]:
    """The commands among the lines of a remedy, which have nothing left for a shell to trip on."""
    assert not [line for line in lines if re.search(r"[{}]|<\w", line)]
    return [line for line in lines if re.match(r"az |sas=", line)]


def open_words(lines: list[str]) -> set[str]:
    """What is left to the user in the commands of a remedy."""
    return set(OPEN.findall("\n".join(printed(lines)))) - OF_THE_USER


def failed(row: KnownFailure, kind: PipelineKind, mode: StorageAccessMode) -> PipelineRun:
    """A run that failed for the reason of a row."""
    body = run(kind)
    body["properties"]["response"]["pipelineRunErrorMessage"] = row.quote
    body["properties"]["response"][kind.side]["storageAccessMode"] = mode.value
    return PipelineRun(body)


def modes(row: KnownFailure) -> list[StorageAccessMode]:
    return [row.mode] if row.mode else list(StorageAccessMode)


@of_each_failed_run
def test_a_run_with_its_pipeline_leaves_nothing_open(row: KnownFailure, kind: PipelineKind) -> None:
    model = MODELS[kind](pipeline(kind, options=[row.option.value] if row.option else []))
    for mode in modes(row):
        assert open_words(diagnosis.advice(failed(row, kind, mode), model)) == set()


@of_each_failed_run
def test_a_run_alone_leaves_its_pipelines_identity_open(
    row: KnownFailure, kind: PipelineKind
) -> None:
    for mode in modes(row):
        assert open_words(diagnosis.advice(failed(row, kind, mode))) <= {"PRINCIPAL_ID"}


@pytest.mark.parametrize("code", sorted(REFUSALS))
@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r/pipelineRuns/x", ""),
        ("providers/Microsoft.ContainerRegistry/registries", "GROUP REGISTRY"),
    ],
    ids=["of a run", "of all registries"],
)
def test_a_refusal_leaves_open_what_the_request_does_not_name(
    code: str, path: str, left: str
) -> None:
    [row] = [row for row in KNOWN_FAILURES if row.code == code]
    request = Mock(url=f"https://management.azure.com/subscriptions/s/{path}?api-version=1")
    error = HttpResponseError(row.quote, response=Mock(request=request, reason="Bad"))
    assert open_words(diagnosis.advice_on(error)) <= {*left.split()}


@pytest.mark.parametrize("blob", ["myblob", None])
def test_a_check_leaves_open_a_blob_that_is_not_named(kind: PipelineKind, blob: str | None) -> None:
    # What every check knows, as `collector.gather` has it from the login and the options.
    known = {"you": "user@example.com"} | ({"blob": blob} if blob else {})
    facts = Facts(snapshot(kind).facts | known)
    left = {word for rule in RULES for word in open_words(rule.recommended_commands(facts))}
    assert left == (set() if blob else {"BLOB"})


INJECTION = "x.tar; touch INJECTED #"


def test_a_name_is_a_word_and_never_a_command(tmp_path: Path) -> None:
    [row] = [row for row in KNOWN_FAILURES if row.code == "trigger-metadata-lost"]
    names = {"account": "mystorage", "container": "$web", "blob": INJECTION}
    [line] = row.remedy.steps(Facts(names))
    script = f"az() {{ printf '%s\\n' \"$@\"; }}\n{line}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert done.stdout.splitlines() == [
        *("storage", "blob", "metadata", "update", "--account-name", "mystorage"),
        *("--container-name", "$web", "--name", INJECTION),
        *("--metadata", "category=acr-transfer-blob"),
    ]
    assert list(tmp_path.iterdir()) == []


def ours() -> Iterator[str]:
    """Every printed command of the extension, with example values."""
    commands: list[Command | str] = [command for rule in RULES for command in rule.recommendation]
    for row in KNOWN_FAILURES:
        commands += row.remedy.commands
        commands += row.remedy.alternative.commands if row.remedy.alternative else ()
    for kind in (EXPORT, IMPORT):
        lines = required_access(MODELS[kind](pipeline(kind)), kind).splitlines()
        commands += [line.strip() for line in lines if line.startswith("  az ")]
    for resource_kind in (EXPORT, IMPORT, RUN):
        resources = Mock(registry=Registry("mygroup", "myregistry"), kind=resource_kind)
        commands.append(wait_command(resources, "myresource"))
    for text in dict.fromkeys(map(EXAMPLES.fill, commands)):
        if re.match(r"az acr (export-pipeline|import-pipeline|pipeline-run) ", text):
            yield text


@pytest.mark.parametrize("line", list(ours()))
def test_az_accepts_every_command_of_the_extension(az: Az, line: str) -> None:
    with patch.object(AzCliCommandInvoker, "_run_jobs_serially", return_value=([{}], [])) as jobs:
        result = az(*shlex.split(line)[1:])
    assert (result.exit_code, jobs.call_count) == (0, 1), result.stderr
