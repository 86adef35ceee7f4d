"""Job files of CI systems, run step by step: what only a CI system has is a fake, by its name."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.az import Result
from tests.support.terminal import ROOT

JOBS = ROOT / "docs/how-to/ci"
_EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")
_LONGEST = 280
Step = Mapping[str, Any]


@dataclass
class Ci:
    """A CI system: where its jobs run, its artifacts, and what its expressions mean.

    ``run_id`` is that of the next job, and ``resume`` what the person who starts it types.
    """

    folder: Path
    environment: Mapping[str, str]
    run_id: int = 101
    resume: str = ""
    #: Called with the process of each script, which it can interrupt.
    watch: Callable[[subprocess.Popen[str]], None] = lambda _: None
    #: Artifacts by the ID of the job that kept them.
    artifacts: dict[str, Path] = field(default_factory=dict)
    masked: list[str] = field(default_factory=list)

    def run(self, name: str) -> list[str]:
        """Run the only job of a file, which must not fail; return what its scripts printed."""
        workflow, system = _read(name)
        [job] = system.jobs(workflow)
        variables = {**workflow.get("variables", {}), **job.get("env", {})}
        names = {key: self.expanded(str(value)) for key, value in variables.items()}
        names |= {"BUILD_BUILDID": str(self.run_id)}
        outputs: list[str] = []
        failure = ""
        for step in job["steps"]:
            condition = str(step.get("if", step.get("condition", "")))
            if not CONDITIONS[condition](self, bool(failure)):
                continue
            script = system.script_of(step)
            if script is None:
                system.fakes[system.name_of(step)](self, system.inputs_of(step))
            elif step.get("name") not in ONLY_IN_CI:
                result = self._type(script, names)
                outputs.append(result.stdout + result.stderr)
                failure = failure or (result.stderr if result.exit_code else "")
        assert not failure, failure
        return outputs

    def expanded(self, text: str) -> str:
        """A text with the values of its expressions."""
        return _EXPRESSION.sub(lambda match: EXPRESSIONS[match[1]](self), text)

    def _type(self, script: str, names: Mapping[str, str]) -> Result:
        process = subprocess.Popen(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, **names},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.watch(process)
        stdout, stderr = process.communicate(timeout=_LONGEST)
        self.masked += re.findall(r"^(?:::add-mask::|##vso\[task.setsecret\])(.+)$", stdout, re.M)
        return Result(process.returncode, stdout, stderr)

    def keep(self, name: str, path: str) -> None:
        """Keep a file or a folder as an artifact of the current job."""
        kept = self.folder.parent / f"artifacts-{self.run_id}" / name
        kept.mkdir(parents=True)
        source = self.folder / path
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, kept / source.name)
        self.artifacts[str(self.run_id)] = kept / source.name

    def fetch(self, run_id: str, path: str) -> None:
        """Download the artifact of another job."""
        shutil.copytree(self.artifacts[run_id], self.folder / path, dirs_exist_ok=True)


@dataclass(frozen=True)
class System:
    """How the jobs of a CI system are written, and what stands for its own actions or tasks."""

    uses: str
    inputs: str
    jobs: Callable[[Any], Iterable[Any]]
    fakes: Mapping[str, Callable[[Ci, Mapping[str, str]], None]]

    def name_of(self, step: Step) -> str:
        """The action or task, without its version."""
        return str(step.get(self.uses, "checkout")).partition("@")[0]

    def inputs_of(self, step: Step) -> Mapping[str, str]:
        """The inputs of an action or task."""
        inputs: Mapping[str, str] = step.get(self.inputs, {})
        return inputs

    def script_of(self, step: Step) -> str | None:
        """The script of a step, if it has one."""
        script = step.get("run") or self.inputs_of(step).get("inlineScript")
        return None if script is None else str(script)


def _read(name: str) -> tuple[Any, System]:
    workflow = yaml.safe_load((JOBS / name).read_text(encoding="utf-8"))
    return workflow, GITHUB if name.startswith("github") else AZURE_PIPELINES


def scripts(name: str) -> list[str]:
    """The scripts of a file."""
    workflow, system = _read(name)
    steps = [step for job in system.jobs(workflow) for step in job["steps"]]
    return [script for step in steps if (script := system.script_of(step))]


def _nothing(*_: object) -> None:
    """Stands for what the test has done already: the files exist, az is logged in."""


GITHUB = System(
    "uses",
    "with",
    lambda workflow: workflow["jobs"].values(),
    {
        "actions/checkout": _nothing,
        "azure/login": _nothing,
        "actions/upload-artifact": lambda ci, given: ci.keep(given["name"], given["path"]),
        "actions/download-artifact": lambda ci, given: ci.fetch(
            ci.expanded(given["run-id"]), given["path"]
        ),
    },
)
AZURE_PIPELINES = System(
    "task",
    "inputs",
    lambda workflow: workflow["jobs"],
    {
        "checkout": _nothing,
        "PublishPipelineArtifact": lambda ci, given: ci.keep(
            given["artifact"], given["targetPath"]
        ),
        "DownloadPipelineArtifact": lambda ci, given: ci.fetch(
            ci.expanded(given["runId"]), given["path"]
        ),
    },
)
EXPRESSIONS: Mapping[str, Callable[[Ci], str]] = {
    "inputs.resume": lambda ci: ci.resume,
    "parameters.resume": lambda ci: ci.resume,
    "inputs.resume || github.run_id": lambda ci: ci.resume or str(ci.run_id),
}
CONDITIONS: Mapping[str, Callable[[Ci, bool], bool]] = {
    "": lambda _, failed: not failed,
    "always()": lambda *_: True,
    "inputs.resume != ''": lambda ci, failed: bool(ci.resume) and not failed,
    "ne(variables['RESUME'], '')": lambda ci, failed: bool(ci.resume) and not failed,
}
#: Scripts that install what the test has already, by the names of their steps.
ONLY_IN_CI = {"Install the emulator"}


def interrupt(process: subprocess.Popen[str]) -> None:
    """Do what GitHub does to the processes of a step when a workflow run is canceled."""
    os.killpg(process.pid, signal.SIGINT)
