"""docs/reference/commands/: a page for each command, with its help and its output as printed."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

import yaml
from knack.help_files import helps

from azext_acrtransfer.kinds import EXPORT, IMPORT, RUN
from azext_acrtransfer.service import concurrency
from tests.recorded.player import replay
from tests.support.az import run_az
from tests.support.cassette import FOLDER, Cassette, replaying_partly

FOLDER_OF_PAGES = "reference/commands"
GROUPS = [f"acr {kind.group}" for kind in (EXPORT, IMPORT, RUN)]
_MADE_BY = "<!-- made by scripts/docs from the help and the cassettes of tests/recorded -->"


@dataclass(frozen=True)
class Sample:
    """A recorded command whose output a page shows: a cassette and the command's number in it."""

    cassette: str
    number: int
    is_list: bool = False


#: Commands without a sample print nothing.
_SAMPLES = {
    "export-pipeline create": Sample("check/check_of_an_export_by_identity_reads_its_roles", 0),
    "export-pipeline update": Sample("pipelines/update_changes_what_is_given-export", 1),
    "export-pipeline check": Sample(
        "check/check_of_an_export_by_identity_reads_its_roles", 1, is_list=True
    ),
    "export-pipeline show": Sample("pipelines/a_pipeline_comes_and_goes-export", 5),
    "export-pipeline list": Sample("pipelines/a_pipeline_comes_and_goes-export", 6, is_list=True),
    "import-pipeline create": Sample("pipelines/create_with_every_option-import", 0),
    "import-pipeline update": Sample("pipelines/update_changes_what_is_given-import", 1),
    "import-pipeline check": Sample(
        "check/check_of_an_import_by_sas_reads_all_that_it_uses", 0, is_list=True
    ),
    "import-pipeline show": Sample("pipelines/a_pipeline_comes_and_goes-import", 5),
    "import-pipeline list": Sample("pipelines/a_pipeline_comes_and_goes-import", 6, is_list=True),
    "pipeline-run create": Sample("runs/export_by_bare_repository_tag_and_digest", 0),
    "pipeline-run show": Sample("runs/a_run_that_is_not_waited_for", 5),
    "pipeline-run list": Sample("runs/a_run_is_listed_until_it_is_deleted", 0, is_list=True),
    "pipeline-run clean": Sample("clean/clean_deletes_the_failed_runs", 2, is_list=True),
    "pipeline-run verify": Sample(
        "manifests/an_export_is_described_and_a_registry_compared_with_it", 1, is_list=True
    ),
}


def command_pages() -> dict[str, Callable[[], str]]:
    """Return what makes each page, by the page's path below docs/."""
    commands = [name for group in GROUPS for name in helps if name.startswith(f"{group} ")]
    return {
        f"{FOLDER_OF_PAGES}/README.md": partial(_index, commands),
        **{f"{FOLDER_OF_PAGES}/{_file_of(name)}": partial(_page, name) for name in commands},
    }


def _file_of(name: str) -> str:
    return name.removeprefix("acr ").replace(" ", "-") + ".md"


def _index(commands: list[str]) -> str:
    lines = ["# Commands", "", _MADE_BY, ""]
    for group in GROUPS:
        lines += [f"## az {group}", "", yaml.safe_load(helps[group])["short-summary"], ""]
        lines += ["| command | |", "|---|---|"]
        for name in commands:
            if name.startswith(f"{group} "):
                summary = yaml.safe_load(helps[name])["short-summary"]
                lines.append(f"| [az {name}]({_file_of(name)}) | {summary} |")
        lines.append("")
    lines += [
        "[Exit codes](../exit-codes.md) and [results](../results.md) have separate pages.",
        "",
    ]
    return "\n".join(lines)


def _page(name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        help_text = run_az(Path(folder), *name.split(), "--help").stdout
    lines = [f"# az {name}", "", _MADE_BY, "", *_block("text", help_text)]
    sample = _SAMPLES.get(name.removeprefix("acr "))
    if not sample:
        return "\n".join([*lines, "## Output", "", "None.", ""])
    shown, first = _output(sample, "json"), " (first element of the list)" * sample.is_list
    lines += ["## Output", "", f"As JSON{first}:", "", *_block("json", shown)]
    lines += ["As a table (`--output table`):", "", *_block("text", _output(sample, "table"))]
    return "\n".join(lines)


def _block(language: str, text: str) -> list[str]:
    printed = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return [f"```{language}", printed, "```", ""]


def _output(sample: Sample, form: str) -> str:
    """Replay the commands of a cassette up to the sample; return what the sample prints."""
    cassette = FOLDER / f"{sample.cassette}.yaml"
    *before, line = Cassette.read(cassette).commands[: sample.number + 1]
    words = shlex.split(line)
    for option in ("-o", "--query"):
        if option in words:
            index = words.index(option)
            del words[index : index + 2]
    if form == "json" and sample.is_list:
        words += ["--query", "[:1]"]
    with (
        tempfile.TemporaryDirectory() as folder,
        _working_in(folder),
        replaying_partly(cassette) as tape,
        patch.object(concurrency, "_start_worker", concurrency._do_jobs),
    ):
        for earlier in before:
            replay(tape, Path(folder), earlier)
        return replay(tape, Path(folder), shlex.join([*words, "-o", form])).stdout


@contextmanager
def _working_in(folder: str) -> Iterator[None]:
    """Run with this working directory, as contextlib.chdir does from Python 3.11 on."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
